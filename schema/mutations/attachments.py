"""The mutation of attachments 附件 (reference C.1.4): what is known of a file; its bytes are stored elsewhere."""

from datetime import datetime

import strawberry

from schema.mutations.base import Action, Given, Info, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import AttachmentPayload
from schema.mutations.shared_inputs import PointInput, point_of
from schema.problems import AnyProblem
from shaodao.commands.attachments import AttachmentInput, add_attachment, add_case_attachment
from shaodao.commands.running import Command
from shaodao.domain.errors import InvalidInput
from shaodao.domain.vocabulary import AttachmentKind


@strawberry.input(
    description="Input of addAttachment: to a case by the street, or to an assignment by its organization."
)
class AddAttachmentInput(Action):
    case_id: strawberry.ID | None = strawberry.field(default=None, description="Global identifier of the case.")
    assignment_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the assignment; one of the two is given."
    )
    kind: AttachmentKind = strawberry.field(description="What it shows.")
    name: str = strawberry.field(description="File name, 1 to 100 characters.")
    media_type: str = strawberry.field(description="Media type, such as `image/jpeg`.")
    size: int = strawberry.field(description="Bytes, above zero.")
    sha256: str = strawberry.field(description="SHA-256 of its content, 64 lower-case hexadecimal digits.")
    taken_at: datetime | None = strawberry.field(
        default=None, description="When it was taken 拍摄时间; not in the future."
    )
    point: PointInput | None = strawberry.field(default=None, description="Where it was taken.")

    def attachment(self) -> AttachmentInput:
        """The attachment for a command."""
        return AttachmentInput(
            self.kind, self.name, self.media_type, self.size, self.sha256, self.taken_at, point_of(self.point)
        )


@strawberry.type
class AttachmentMutations:
    """The actions on attachments."""

    @action(AttachmentPayload)
    async def add_attachment(self, info: Info, given: Given[AddAttachmentInput]) -> AttachmentPayload | AnyProblem:
        """Add a file's description to a case (by its reporter or the street) or to an assignment (by its organization)."""

        def prepare(identifiers: Identifiers) -> Command:
            case_id = identifiers.optional("caseId", given.case_id, "Case")
            assignment_id = identifiers.optional("assignmentId", given.assignment_id, "Assignment")
            attachment, version = given.attachment(), given.expected_version
            if assignment_id is not None and case_id is None:
                return lambda tx: add_attachment(tx, assignment_id, attachment, expected_version=version)
            if case_id is not None and assignment_id is None:
                return lambda tx: add_case_attachment(tx, case_id, attachment, expected_version=version)
            raise InvalidInput.at("caseId", "须给出案件或任务之一", "give either a case or an assignment")

        return await perform(info, given, prepare, AttachmentPayload.of)
