"""PUT /uploads/{token}: the bytes of one announced file, sent to the address that ``requestUpload`` gave."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from api.masking import RequestFacts
from api.refusals import UNSHARED, failed, refused, said
from api.requests import LENGTH_DIGITS
from schema.mutations.uploads import UPLOADS
from shaodao.domain.errors import NotFound
from shaodao.domain.files import FileFault, FileRefused, StoredFile, too_large
from shaodao.intake import Intake
from shaodao.links import LinkExpired, LinkInvalid, Links, Purpose

UPLOADS_PATH = UPLOADS + "{token}"

_STATUSES: Mapping[FileFault, int] = {
    FileFault.TOO_LARGE: 413,
    FileFault.NOT_ALLOWED: 415,
    FileFault.MISMATCH: 422,
    FileFault.CONFLICT: 409,
}


@dataclass(frozen=True)
class UploadEndpoint:
    """Takes bytes in. Who has the address may send them: no token is asked for."""

    intake: Intake
    links: Links

    async def answer(self, request: Request) -> Response:
        """200 with what was stored, for the same bytes again too; else why nothing was stored."""
        facts = RequestFacts(request.headers.get("accept-language", ""))
        try:
            return _stored(await self._received(request))
        except FileRefused as error:
            return refused(_STATUSES[error.fault], error.code, said(error, facts), facts)
        except LinkInvalid:
            return refused(403, "LINK_INVALID", "This address was not given out here.", facts)
        except LinkExpired:
            return refused(
                410, "LINK_EXPIRED", "This address has ended: ask for a new one with the same idempotency key.", facts
            )
        except NotFound as error:
            return refused(404, error.code, said(error, facts), facts)
        except ClientDisconnect:
            return refused(400, "BAD_REQUEST", "The client went away.", facts)
        except Exception as error:
            return failed(error, facts)

    async def _received(self, request: Request) -> StoredFile:
        permission = self.links.read(Purpose.UPLOAD, request.path_params["token"])
        _check_length(request.headers.get("content-length"), self.intake.longest)
        return await self.intake.receive(permission.county, permission.id, _chunks(request))


def _check_length(length: str | None, longest: int) -> None:
    """Raise FileRefused before any byte is read of a body that says itself that it is too long."""
    if length is not None and length.isdigit() and (len(length) > LENGTH_DIGITS or int(length) > longest):
        raise too_large(longest)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        if chunk:
            yield chunk


def _stored(file: StoredFile) -> Response:
    return JSONResponse({"mediaType": file.media_type, "size": file.size, "sha256": file.sha256}, 200, UNSHARED)
