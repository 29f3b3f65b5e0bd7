"""The mutation of attachments 附件 (reference C.1.4): a file that was uploaded, that comes along, or that lies elsewhere."""

from datetime import datetime
from uuid import UUID

import strawberry

from schema.mutations.base import Action, Given, Info, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import AttachmentPayload
from schema.mutations.shared_inputs import PointInput, point_of
from schema.mutations.uploads import UploadServices, target_of
from schema.problems import AnyProblem
from schema.uploaded import UploadedFile
from shaodao.commands.attaching import Target
from shaodao.commands.attachments import AttachmentInput, attach
from shaodao.commands.running import Command
from shaodao.domain.errors import InvalidInput
from shaodao.domain.files import FileRefused
from shaodao.domain.vocabulary import AttachmentKind


@strawberry.input(
    description="Input of addAttachment: to a case by the street, or to an assignment by its organization. The file is one of: "
    "an `uploadId`, a `file`, or `mediaType`, `size` and `sha256` of one that lies elsewhere."
)
class AddAttachmentInput(Action):
    case_id: strawberry.ID | None = strawberry.field(default=None, description="Global identifier of the case.")
    assignment_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the assignment; one of the two is given."
    )
    kind: AttachmentKind = strawberry.field(description="What it shows.")
    name: str = strawberry.field(description="File name, 1 to 100 characters.")
    upload_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of an upload of the viewer's own whose bytes have come (`requestUpload`)."
    )
    file: UploadedFile | None = strawberry.field(
        default=None, description="A small file in this very request, which is then `multipart/form-data`."
    )
    media_type: str | None = strawberry.field(
        default=None, description="Media type of a file that lies elsewhere, such as `image/jpeg`."
    )
    size: int | None = strawberry.field(default=None, description="Its bytes, above zero.")
    sha256: str | None = strawberry.field(
        default=None, description="SHA-256 of its content, 64 lower-case hexadecimal digits."
    )
    taken_at: datetime | None = strawberry.field(
        default=None, description="When it was taken 拍摄时间; not in the future."
    )
    point: PointInput | None = strawberry.field(default=None, description="Where it was taken.")

    def attachment(self) -> AttachmentInput:
        """The attachment for a command."""
        return AttachmentInput(
            self.kind, self.name, self.media_type or "", self.size or 0, self.sha256 or "", self.taken_at,
            point_of(self.point),
        )  # fmt: skip

    def check_source(self, identifiers: Identifiers) -> None:
        """Note a fault for a file that is not given in one of the three ways."""
        described = (self.media_type, self.size, self.sha256)
        ways = (self.upload_id is not None, self.file is not None, any(part is not None for part in described))
        if sum(ways) != 1:
            identifiers.fault(
                "uploadId", "须以上传、随附或描述三种方式之一给出文件",
                "give the file in one way: uploadId, file, or mediaType, size and sha256",
            )  # fmt: skip


@strawberry.type
class AttachmentMutations:
    """The actions on attachments."""

    @action(AttachmentPayload)
    async def add_attachment(self, info: Info, given: Given[AddAttachmentInput]) -> AttachmentPayload | AnyProblem:
        """Add a file to a case (by its reporter or the street) or to an assignment (by its organization).

        What was uploaded, or comes along, lies with the platform: its media type, size and hash are what was found. Of a file
        that lies elsewhere only what the input says is kept, and there is no link to it.
        """

        upload_ids: list[UUID | None] = []
        targets: list[Target] = []

        def prepare(identifiers: Identifiers) -> Command:
            targets.append(target_of(identifiers, given.case_id, given.assignment_id))
            upload_ids.append(identifiers.optional("uploadId", given.upload_id, "Upload"))
            given.check_source(identifiers)
            return lambda tx: attach(
                tx, targets[-1], given.attachment(), upload_id=upload_ids[-1], expected_version=given.expected_version
            )

        async def take_file(county: int) -> None:
            if given.file is not None:
                upload_ids.append(await _taken(info, county, targets[-1], given, given.file))

        return await perform(info, given, prepare, AttachmentPayload.of, before=take_file)


async def _taken(info: Info, county: int, target: Target, given: AddAttachmentInput, file: UploadedFile) -> UUID:
    """The upload of a file that came along, as if it had been sent to an address before."""
    services: UploadServices = info.context.services
    actor, key = info.context.viewer, given.idempotency_key
    try:
        return await services.intake.take(actor, county, target, given.name, file.content, key)
    except FileRefused as refused:
        raise InvalidInput.at("file", refused.message, refused.english) from None
