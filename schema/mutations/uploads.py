"""The mutations of the bytes of attachments 附件: an address to send them to, and links to read them by (reference C.1.4, L-39)."""

from datetime import datetime, timedelta
from typing import Any, Protocol, Self, cast
from uuid import UUID

import strawberry

from schema.declarations import StoredRef
from schema.ids import GlobalId
from schema.mapping import stored
from schema.mutations.base import Action, Given, Info, KeyedInput, WritingServices, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import Committed, CommittedOutcome, Payload
from schema.problems import AnyProblem
from schema.services import Services
from schema.sight import Sight
from schema.types.attachments import Attachment
from shaodao.commands.attaching import Target
from shaodao.commands.downloads import log_downloads
from shaodao.commands.running import Command
from shaodao.commands.uploads import UploadInput, request_upload
from shaodao.connections import FILES_BELOW
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted
from shaodao.intake import Intake
from shaodao.links import Link, Links, Purpose

_FILES = "query Files($ids: [ID!]!) { nodes(ids: $ids) { ... on Attachment { stored } } }"
UPLOADS = FILES_BELOW
DOWNLOADS = "/files/"
"""Paths below which the HTTP layer takes and serves files."""


class UploadServices(WritingServices, Services, Protocol):
    """What the mutations of files need of ``Context.services``."""

    @property
    def intake(self) -> Intake:
        """Takes the bytes of uploads in."""
        ...

    @property
    def links(self) -> Links:
        """Makes addresses."""
        ...


@strawberry.input(description="Input of requestUpload: what the file is for, and what is known of it.")
class RequestUploadInput(Action):
    case_id: strawberry.ID | None = strawberry.field(default=None, description="Global identifier of the case.")
    assignment_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the assignment; one of the two is given."
    )
    name: str = strawberry.field(description="File name, 1 to 100 characters.")
    size: int = strawberry.field(description="Bytes; as many must come.")
    media_type: str | None = strawberry.field(
        default=None, description="Media type; where it is given, the content must be of this type."
    )
    sha256: str | None = strawberry.field(
        default=None,
        description="SHA-256, 64 lower-case hexadecimal digits; where it is given, the content must have it.",
    )


@strawberry.input(description="Input of requestDownloads.")
class RequestDownloadsInput(KeyedInput):
    attachment_ids: list[strawberry.ID] = strawberry.field(
        description="Global identifiers of attachments of one county, 1 to 50."
    )


@strawberry.type(description="A header to send.")
class HttpHeader:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.type(
    description="Where the bytes of an announced file go. The address is the permission: it needs no token."
)
class UploadPayload(Payload):
    upload_id: strawberry.ID = strawberry.field(description="What `addAttachment` takes once the bytes are there.")
    method: str = strawberry.field(description="The HTTP method: `PUT`.")
    url: str = strawberry.field(description="Path on this server; the body is the bytes of the file and nothing else.")
    headers: list[HttpHeader] = strawberry.field(description="Headers to send with it.")
    expires_at: datetime = strawberry.field(
        description="When the address ends. The same mutation with the same idempotency key gives a new one for the same upload."
    )

    @classmethod
    def of(cls, committed: Committed, link: Link, media_type: str) -> Self:
        """The payload of an upload."""
        outcome = committed.outcome
        identifier = str(GlobalId("Upload", outcome.county_code, str(outcome.record_id)))
        return cls(
            outcome=CommittedOutcome.of(outcome), cursor=committed.cursor, upload_id=strawberry.ID(identifier), method="PUT",
            url=UPLOADS + link.token, headers=[HttpHeader(name="Content-Type", value=media_type)],
            expires_at=link.expires_at,
        )  # fmt: skip


@strawberry.type(description="A link to a file: whoever has it reads the file until it ends, an `<img>` too.")
class Download:
    attachment: Attachment | None = stored(description="The attachment.")
    url: str = strawberry.field(description="Path on this server, for GET and HEAD; ranges are served.")
    expires_at: datetime = strawberry.field(description="When the link ends.")

    @classmethod
    def of(cls, county: int, attachment_id: UUID, link: Link) -> Self:
        """The link to an attachment."""
        attachment: Any = StoredRef("Attachment", county, str(attachment_id))
        return cls(attachment=attachment, url=DOWNLOADS + link.token, expires_at=link.expires_at)


@strawberry.type(description="Links to files, in the order in which they were asked for.")
class DownloadsPayload(Payload):
    downloads: list[Download] = strawberry.field(description="The links.")


@strawberry.type
class UploadMutations:
    """The actions on the bytes of attachments."""

    @action(UploadPayload)
    async def request_upload(self, info: Info, given: Given[RequestUploadInput]) -> UploadPayload | AnyProblem:
        """Ask for an address to send a file to 申请上传, by whoever may attach it; then `addAttachment` attaches it.

        What was never attached is thrown away after the rulebook's hours.
        """
        services: UploadServices = info.context.services

        def prepare(identifiers: Identifiers) -> Command:
            target = target_of(identifiers, given.case_id, given.assignment_id)
            announced = UploadInput(given.name, given.size, given.media_type, given.sha256)
            longest, version = services.intake.longest, given.expected_version
            return lambda tx: request_upload(tx, target, announced, longest=longest, expected_version=version)

        def show(committed: Committed) -> UploadPayload:
            outcome, minutes = committed.outcome, services.ground().rulebook.files.upload_minutes
            link = _link(info, Purpose.UPLOAD, outcome.county_code, cast(UUID, outcome.record_id), minutes)
            return UploadPayload.of(committed, link, given.media_type or "application/octet-stream")

        return await perform(info, given, prepare, show)

    @action(DownloadsPayload)
    async def request_downloads(self, info: Info, given: Given[RequestDownloadsInput]) -> DownloadsPayload | AnyProblem:
        """Ask for links to files 查看附件, for whoever sees them; each link is a row of the access log.

        A link is good for minutes. Nothing is kept to be given again: a repeated call gives new links.
        """
        services: UploadServices = info.context.services
        keys: list[UUID] = []

        def prepare(identifiers: Identifiers) -> Command:
            most = services.ground().rulebook.files.links
            if not 1 <= len(given.attachment_ids) <= most:
                raise InvalidInput.at("attachmentIds", f"须为 1 至 {most} 个", f"must be 1 to {most} of them")
            keys.extend(
                identifiers.key(f"attachmentIds.{index}", text, "Attachment")
                for index, text in enumerate(given.attachment_ids)
            )
            return lambda tx: log_downloads(tx, keys)

        def show(committed: Committed) -> DownloadsPayload:
            county, minutes = committed.outcome.county_code, services.ground().rulebook.files.link_minutes
            downloads = [Download.of(county, key, _link(info, Purpose.DOWNLOAD, county, key, minutes)) for key in keys]
            outcome = CommittedOutcome.of(committed.outcome)
            return DownloadsPayload(outcome=outcome, cursor=committed.cursor, downloads=downloads)

        async def check(county: int) -> None:
            await _check_seen(info, county, keys)

        return await perform(info, given, prepare, show, repeatable=False, before=check)


def target_of(identifiers: Identifiers, case_id: str | None, assignment_id: str | None) -> Target:
    """What a file is for, by the ids of an input."""
    return Target(
        identifiers.optional("caseId", case_id, "Case"),
        identifiers.optional("assignmentId", assignment_id, "Assignment"),
    )


async def _check_seen(info: Info, county: int, keys: list[UUID]) -> None:
    """Raise NotFound and NotPermitted for what the viewer does not see, asked as every read is."""
    ids = [GlobalId("Attachment", county, str(key)) for key in keys]
    for index, (identifier, seen) in enumerate(zip(ids, await Sight(info).nodes(_FILES, ids), strict=True)):
        if seen is None:
            raise NotFound("Attachment", str(identifier))
        if seen["stored"] is None:
            raise NotPermitted("您不能查看该附件的内容", "what is in this file is not shown to you")
        if not seen["stored"]:
            raise InvalidInput.at(
                f"attachmentIds.{index}", "该附件的文件不在本平台", "the platform holds no file of it"
            )


def _link(info: Info, purpose: Purpose, county: int, key: UUID, minutes: int) -> Link:
    services: UploadServices = info.context.services
    return services.links.issue(purpose, county, key, info.context.viewer.login, timedelta(minutes=minutes))
