"""Mutations of meetings 联席会议、民情研判, and of escalation 提级 (reference C.4, C.6; J-15 to J-17)."""

from datetime import datetime

import strawberry

from schema.mutations.base import Action, CaseAction, Given, Info, WhistleAction, action, on_whistle, perform, prepared
from schema.mutations.payloads import MeetingPayload, WhistlePayload
from schema.problems import AnyProblem
from shaodao.commands import escalations, meetings


@strawberry.input(description="A meeting to be called.")
class MeetingContent:
    topic: str = strawberry.field(description="What it is about 议题, 1 to 100 characters.")
    meets_at: datetime = strawberry.field(description="When it meets; in the future.")
    place: str | None = strawberry.field(default=None, description="Where, at most 80 characters.")
    participants: list[str] = strawberry.field(
        default_factory=list,
        description="Codes of the organizations called to it 参会单位, at most 50; a joint meeting needs one.",
    )

    def meeting(self) -> meetings.MeetingInput:
        """The meeting for a command."""
        return meetings.MeetingInput(self.topic, self.meets_at, self.place, tuple(self.participants))


@strawberry.input(description="Input of callJointMeeting.")
class CallJointMeetingInput(MeetingContent, WhistleAction):
    pass


@strawberry.input(description="Input of putOnAgenda.")
class PutOnAgendaInput(MeetingContent, CaseAction):
    pass


@strawberry.input(description="Input of recordMeetingDecision; the expected version is the case's.")
class RecordMeetingDecisionInput(Action):
    meeting_id: strawberry.ID = strawberry.field(description="Global identifier of the meeting.")
    decision: str = strawberry.field(description="What was decided, 1 to 2,000 characters.")
    lead_organization_code: str | None = strawberry.field(
        default=None, description="Code of who leads from now on 主办, if the meeting settled that."
    )
    co_organization_codes: list[str] = strawberry.field(
        default_factory=list, description="Codes of who helps from now on 协办; those at work already stay."
    )

    def decided(self) -> meetings.MeetingDecision:
        """The decision for a command."""
        return meetings.MeetingDecision(self.decision, self.lead_organization_code, tuple(self.co_organization_codes))


@strawberry.input(description="Input of escalateWhistle.")
class EscalateWhistleInput(WhistleAction):
    reason: str = strawberry.field(description="What was tried, and why it cannot be solved here, 1 to 500 characters.")


@strawberry.type
class MeetingMutations:
    """The actions on meetings, and the escalation of a whistle."""

    @action(MeetingPayload)
    async def call_joint_meeting(self, info: Info, given: Given[CallJointMeetingInput]) -> MeetingPayload | AnyProblem:
        """Call a whistle's departments together 联席会议, as when they dispute who leads (C.4). By dispatcher or street leader.

        Each organization gets a message on its duty phone.
        """
        prepare = prepared(
            ("whistleId", given.whistle_id, "Whistle"), meetings.call_joint_meeting, given.meeting(),
            expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, MeetingPayload.of)

    @action(MeetingPayload)
    async def put_on_agenda(self, info: Info, given: Given[PutOnAgendaInput]) -> MeetingPayload | AnyProblem:
        """Put a case on the agenda of a study meeting 民情研判 (J-16). By dispatcher, grid chief or street leader."""
        prepare = prepared(
            ("caseId", given.case_id, "Case"), meetings.put_on_agenda, given.meeting(), expected_version=given.expected_version
        )  # fmt: skip
        return await perform(info, given, prepare, MeetingPayload.of)

    @action(MeetingPayload)
    async def record_meeting_decision(
        self, info: Info, given: Given[RecordMeetingDecisionInput]
    ) -> MeetingPayload | AnyProblem:
        """Record what a meeting decided, once: it returns to the case, and who was called to it is told (J-16).

        Whom it names takes part in its whistle at once, while that is in the field: the LEAD as by changeLead, each further CO
        as by addDepartment. By dispatcher or street leader; a grid chief records decisions that name nobody.
        """
        prepare = prepared(
            ("meetingId", given.meeting_id, "Meeting"), meetings.record_meeting_decision, given.decided(),
            expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, MeetingPayload.of)

    @action(WhistlePayload)
    async def escalate_whistle(self, info: Info, given: Given[EscalateWhistleInput]) -> WhistlePayload | AnyProblem:
        """Raise a whistle in the field by one level 提级, and its case with it (C.4, C.6); the county is informed.

        From then on the county grid office may change the LEAD and add departments. To the county by dispatcher, street
        leader or county grid office; to the city by the county grid office alone.
        """
        return await on_whistle(
            info, given, escalations.escalate, given.reason, expected_version=given.expected_version
        )
