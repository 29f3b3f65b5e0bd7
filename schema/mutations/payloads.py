"""What mutations answer with when they succeed: the committed outcome, the feed's cursor, and what was touched.

A stored object is read after commit as the viewer sees it, so each is nullable: it may have left the actor's sight.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import strawberry

from schema.declarations import StoredRef
from schema.mapping import stored
from schema.types.assignments import Assignment
from schema.types.attachments import Attachment
from schema.types.campaigns import Campaign
from schema.types.cases import Case
from schema.types.grids import Grid
from schema.types.meetings import Meeting
from schema.types.objections import DispatchObjection
from schema.types.organizations import Department, Organization
from schema.types.people import CareTag, Household, Person
from schema.types.promises import Promise
from schema.types.routines import Routine
from schema.types.routing import CommunityAdmission, DutyListItem, RoutingRule
from schema.types.whistles import Whistle
from shaodao.commands.transaction import DeliveryHold as Hold
from shaodao.commands.transaction import DutyCall, Outcome
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import HoldCause
from shaodao.domain.vocabulary import AssignmentState, CaseState, WhistleState


@dataclass(frozen=True)
class Committed:
    """A command's outcome and the cursor after which the feed goes on."""

    outcome: Outcome
    cursor: str

    def reference(self, name: str, key: Any) -> Any:
        """The stored object of the named type with this key; None when the outcome has no such key."""
        return None if key is None else StoredRef(name, self.outcome.county_code, str(key))


@strawberry.type(description="What was committed, whether or not the viewer may still see it.")
class CommittedOutcome:
    case_number: str | None = strawberry.field(description="Number of the case, once it has one.")
    case_state: CaseState | None = strawberry.field(description="State of the case after the action.")
    whistle_state: WhistleState | None = strawberry.field(description="State of the whistle after the action.")
    assignment_state: AssignmentState | None = strawberry.field(description="State of the assignment after the action.")
    repeated: bool = strawberry.field(
        description="Whether this idempotency key came before: nothing was done anew, and this is the first outcome."
    )

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """What clients see of a command's outcome."""
        return cls(
            case_number=outcome.case_number,
            case_state=None if outcome.case_state is None else CaseState[outcome.case_state],
            whistle_state=None if outcome.whistle_state is None else WhistleState[outcome.whistle_state],
            assignment_state=None if outcome.assignment_state is None else AssignmentState[outcome.assignment_state],
            repeated=outcome.repeated,
        )


@strawberry.interface(description="What every success carries.")
class Payload:
    outcome: CommittedOutcome = strawberry.field(description="What was committed.")
    cursor: str = strawberry.field(
        description="Cursor of the live feed: a subscription after it sees what comes later."
    )


@strawberry.type(description="A case after an action.")
class CasePayload(Payload):
    case: Case | None = stored(description="The case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), case=_case(committed))


@strawberry.type(description="What keeps a department from hearing of anything for now 暂缓投递.")
class DeliveryHold:
    cause: HoldCause = strawberry.field(description="Why.")
    until: datetime | None = strawberry.field(
        description="When the department is tried again, at the earliest; null while it is paused: `resumeDepartment` ends that."
    )
    paused_reason: str | None = strawberry.field(description="What the operator who paused it gave as the reason.")

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """What clients see of it."""
        until = None if hold.until is None else hold.until.astimezone(SHANGHAI)
        return cls(cause=hold.cause, until=until, paused_reason=hold.said)


@strawberry.type(description="A case after a delivery in it was put at the head of its lane again.")
class RedeliveryPayload(Payload):
    case: Case | None = stored(description="The case, if the viewer still sees it.")
    hold: DeliveryHold | None = strawberry.field(
        description="What the delivery still waits for; null: it goes as soon as a worker is free."
    )

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        hold = committed.outcome.hold
        return cls(**_common(committed), case=_case(committed), hold=None if hold is None else DeliveryHold.of(hold))


@strawberry.type(description="A whistle after an action, with its case.")
class WhistlePayload(Payload):
    whistle: Whistle | None = stored(description="The whistle, if the viewer still sees it.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), whistle=_whistle(committed), case=_case(committed))


@strawberry.type(description="An organization to phone now; the platform does not replace the call.")
class EmergencyCall:
    organization: Organization | None = stored(description="The organization.")
    duty_phone: str | None = strawberry.field(description="Phone of its officer on duty 值班电话.")

    @classmethod
    def of(cls, call: DutyCall) -> Self:
        """What a command's outcome says of a call."""
        organization: Any = StoredRef("Organization", None, call.organization_code)
        return cls(organization=organization, duty_phone=call.duty_phone)


@strawberry.type(description="An emergency whistle after blowing, and whom to phone.")
class EmergencyPayload(Payload):
    whistle: Whistle | None = stored(description="The whistle, if the viewer still sees it.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")
    calls: list[EmergencyCall] = strawberry.field(
        description="The organizations that were called, each with its duty phone."
    )
    emergency_line: str | None = strawberry.field(
        description="The public emergency number 紧急专线 to dial besides: 110, 119 or 12395."
    )

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(
            **_common(committed), whistle=_whistle(committed), case=_case(committed),
            calls=[EmergencyCall.of(call) for call in committed.outcome.calls],
            emergency_line=committed.outcome.emergency_line,
        )  # fmt: skip


@strawberry.type(description="An assignment after an action, with its whistle and its case.")
class AssignmentPayload(Payload):
    assignment: Assignment | None = stored(description="The assignment, if the viewer still sees it.")
    whistle: Whistle | None = stored(description="Its whistle, if it came by one and the viewer still sees it.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        assignment = committed.reference("Assignment", committed.outcome.assignment_id)
        return cls(
            **_common(committed), assignment=assignment, whistle=_whistle(committed), case=_case(committed)
        )  # fmt: skip


@strawberry.type(description="A promise after an action, with its case.")
class PromisePayload(Payload):
    promise: Promise | None = stored(description="The promise, if the viewer still sees it.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        promise = committed.reference("Promise", committed.outcome.record_id)
        return cls(**_common(committed), promise=promise, case=_case(committed))


@strawberry.type(description="What the calendar brought, after it was recorded.")
class RoutinePayload(Payload):
    routine: Routine | None = stored(description="The routine, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), routine=committed.reference("Routine", committed.outcome.record_id))


@strawberry.type(description="A campaign after an action, with the case that the action was done on.")
class CampaignPayload(Payload):
    campaign: Campaign | None = stored(description="The campaign.")
    case: Case | None = stored(description="The case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        campaign = committed.reference("Campaign", committed.outcome.record_id)
        return cls(**_common(committed), campaign=campaign, case=_case(committed))


@strawberry.type(description="An objection after it was raised or decided, with its assignment and its case.")
class ObjectionPayload(Payload):
    objection: DispatchObjection | None = stored(description="The objection, if the viewer still sees it.")
    assignment: Assignment | None = stored(description="Its assignment, if the viewer still sees it.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(
            **_common(committed), case=_case(committed),
            objection=committed.reference("DispatchObjection", committed.outcome.record_id),
            assignment=committed.reference("Assignment", committed.outcome.assignment_id),
        )  # fmt: skip


@strawberry.type(description="A meeting after an action, with its case.")
class MeetingPayload(Payload):
    meeting: Meeting | None = stored(description="The meeting, if the viewer still sees it.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        meeting = committed.reference("Meeting", committed.outcome.record_id)
        return cls(**_common(committed), meeting=meeting, case=_case(committed))


@strawberry.type(description="A version of a routing rule after an action.")
class RoutingRulePayload(Payload):
    routing_rule: RoutingRule | None = stored(description="The version.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), routing_rule=committed.reference("RoutingRule", committed.outcome.record_id))


@strawberry.type(description="A duty after it was put on a list, or ended.")
class DutyListItemPayload(Payload):
    duty_list_item: DutyListItem | None = stored(description="The duty.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        item: Any = StoredRef("DutyListItem", None, str(committed.outcome.record_code))
        return cls(**_common(committed), duty_list_item=item)


@strawberry.type(description="A request for community admission after an action.")
class CommunityAdmissionPayload(Payload):
    community_admission: CommunityAdmission | None = stored(description="The request, if the viewer sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        admission = committed.reference("CommunityAdmission", committed.outcome.record_id)
        return cls(**_common(committed), community_admission=admission)


@strawberry.type(description="A department after it was paused or resumed.")
class DepartmentPayload(Payload):
    department: Department | None = stored(description="The department plugin.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        department: Any = StoredRef("Department", None, str(committed.outcome.record_code))
        return cls(**_common(committed), department=department)


@strawberry.type(description="A grid after it was defined.")
class GridPayload(Payload):
    grid: Grid | None = stored(description="The grid.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), grid=committed.reference("Grid", committed.outcome.grid_code))


@strawberry.type(description="A household after it was registered.")
class HouseholdPayload(Payload):
    household: Household | None = stored(description="The household, if the viewer sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), household=committed.reference("Household", committed.outcome.record_id))


@strawberry.type(description="A person after registration.")
class PersonPayload(Payload):
    person: Person | None = stored(description="The person, masked, if the viewer sees them.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), person=committed.reference("Person", committed.outcome.record_id))


@strawberry.type(description="A care tag after it was added.")
class CareTagPayload(Payload):
    care_tag: CareTag | None = stored(description="The care tag 关爱标签, if the viewer sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(**_common(committed), care_tag=committed.reference("CareTag", committed.outcome.record_id))


@strawberry.type(description="An attachment after it was added, with what it was added to.")
class AttachmentPayload(Payload):
    attachment: Attachment | None = stored(description="The attachment, if the viewer sees it.")
    assignment: Assignment | None = stored(description="Its assignment, if it was added to one.")
    case: Case | None = stored(description="Its case, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        return cls(
            **_common(committed), case=_case(committed),
            attachment=committed.reference("Attachment", committed.outcome.record_id),
            assignment=committed.reference("Assignment", committed.outcome.assignment_id),
        )  # fmt: skip


def _common(committed: Committed) -> dict[str, Any]:
    return {"outcome": CommittedOutcome.of(committed.outcome), "cursor": committed.cursor}


def _case(committed: Committed) -> Any:
    return committed.reference("Case", committed.outcome.case_id)


def _whistle(committed: Committed) -> Any:
    return committed.reference("Whistle", committed.outcome.whistle_id)
