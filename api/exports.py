"""GET /exports/{id}.csv and .xlsx: a granted export 导出, fetched by its requester, watermarked and counted (C.7 guardrail 3)."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.authentication import Authenticator, Unauthenticated
from api.export_files import FileFacts, csv_file, xlsx_file
from api.masking import RequestFacts
from api.refusals import UNSHARED, failed, refused, said
from schema.errors import ClientError
from schema.execution import Context, ReadService
from schema.exports import ExportedList
from schema.ids import GlobalId, decode_as
from shaodao.commands.exports import GrantedExport, count_download, exporting_viewer, granted_export
from shaodao.commands.running import Command
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import ExportFormat
from shaodao.domain.errors import DomainError, InvalidInput, NotFound
from shaodao.domain.permissions import Viewer
from shaodao.host import Platform

EXPORTS_PATH = "/exports/{name}"

_MEDIA_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_STATUSES: Mapping[str, int] = {"NOT_FOUND": 404, "NOT_PERMITTED": 403, "INVALID_INPUT": 422}

Found = TypeVar("Found")


@dataclass(frozen=True)
class ExportDownloads:
    """Answers with the file of an export: its rows are what the requester sees at this moment."""

    platform: Platform
    reader: ReadService
    authenticator: Authenticator

    async def answer(self, request: Request) -> Response:
        """The file; else 401, 404 for what the viewer has no part in, 403 for what may not be fetched, 422 for too long a list."""
        facts = RequestFacts(request.headers.get("accept-language", ""))
        try:
            session = await self.authenticator.authenticate(request.headers.get("authorization"))
            return await self._file(session.viewer, request.path_params["name"], facts)
        except Unauthenticated as error:
            return refused(401, "UNAUTHENTICATED", f"Unauthenticated: {error}.", facts, {"www-authenticate": "Bearer"})
        except DomainError as error:
            return refused(_STATUSES.get(error.code, 403), error.code, said(error, facts), facts)
        except Exception as error:
            return failed(error, facts)

    async def _file(self, viewer: Viewer, name: str, facts: RequestFacts) -> Response:
        identifier, extension = _named(name, viewer)
        now, county = self.platform.now(), identifier.county
        assert county is not None  # a growing table's id has one
        key = UUID(identifier.key)
        export = await self._granted(viewer, county, key, now)
        if extension != export.format.lower():
            raise NotFound("ExportRequest", name)
        reading = exporting_viewer(viewer, export.street_code)
        context = Context(reading, now, self.platform.pool, (county,), facts, self.platform)
        exported = ExportedList(self.reader, context, export.what, export.filter)
        await self._check_length(exported)
        await self._run(viewer, county, now, lambda tx: count_download(tx, key))
        return _response(export, await _content(export, exported, _facts(viewer, export, now)), now)

    async def _granted(self, viewer: Viewer, county: int, key: UUID, now: datetime) -> GrantedExport:
        found: list[GrantedExport] = []

        async def command(tx: Transaction) -> Outcome:
            found.append(await granted_export(tx, key))
            return Outcome(county_code=tx.county)

        await self._run(viewer, county, now, command)
        return found[-1]

    async def _run(self, viewer: Viewer, county: int, now: datetime, command: Command) -> None:
        await self.platform.runner.run(command, actor=viewer, county=county, now=now)

    async def _check_length(self, exported: ExportedList) -> None:
        rows, most = await exported.count(), self.platform.ground().rulebook.bulk.exported_rows
        if rows > most:
            raise InvalidInput.at("filter", f"共{rows}行，一次最多导出{most}行", f"{rows} rows; at most {most} at once")


def _named(name: str, viewer: Viewer) -> tuple[GlobalId, str]:
    """The request that a file's name means, and the extension. Raises NotFound for every other name."""
    text, _, extension = name.rpartition(".")
    try:
        identifier = decode_as(text, "ExportRequest", shared=False)
        UUID(identifier.key)
    except (ClientError, ValueError):
        raise NotFound("ExportRequest", name[:80]) from None
    if identifier.county not in viewer.counties:
        raise NotFound("ExportRequest", name)
    return identifier, extension


def _facts(viewer: Viewer, export: GrantedExport, now: datetime) -> FileFacts:
    watermark = (
        f"导出人：{viewer.name}（{viewer.login}）；审批人：{export.decider}；时间：{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}；"
        f"用途：{' '.join(export.reason.split())}；编号：{export.id}。内部资料，不得外传。"
    )
    return FileFacts(f"{export.what.label}导出", viewer.name, watermark)


async def _content(export: GrantedExport, exported: ExportedList, facts: FileFacts) -> AsyncIterator[bytes]:
    if export.format is ExportFormat.CSV:
        return csv_file(exported.headings, exported.pages(), facts)
    return await xlsx_file(exported.headings, exported.pages(), facts)


def _response(export: GrantedExport, content: AsyncIterator[bytes], now: datetime) -> Response:
    name = f"{export.what.label}-{now.astimezone(SHANGHAI):%Y%m%d-%H%M}.{export.format.lower()}"
    headers = {**UNSHARED, "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return StreamingResponse(content, headers=headers, media_type=_MEDIA_TYPES[export.format])
