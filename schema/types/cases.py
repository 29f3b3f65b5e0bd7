"""Cases 事件/诉求 (reference C.1.4, C.3)."""

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from schema.actions import case_actions
from schema.mapping import column, derived, embedded, expression, many, one, page, table
from schema.problems import ActionAvailability
from schema.relay import Connection, Node
from schema.types.accounts import Account
from schema.types.assignments import Assignment
from schema.types.attachments import Attachment
from schema.types.campaigns import CampaignCase
from schema.types.communications import Communication
from schema.types.cross_area import CrossAreaLink
from schema.types.deadlines import LAST_DAY, Deadline, DeadlinePause, ExtensionRequest, Suspension, light_sql
from schema.types.divisions import Division
from schema.types.follow_ups import Evaluation, FollowUp
from schema.types.grids import Grid
from schema.types.history import CaseEvent
from schema.types.meetings import Meeting
from schema.types.merges import CaseRound, MergeLink, ReporterCase
from schema.types.messages import Message
from schema.types.objections import DispatchObjection
from schema.types.organizations import Organization
from schema.types.people import Person, Vessel
from schema.types.places import GeoPoint
from schema.types.promises import Promise
from schema.types.questions import Question
from schema.types.reports import Verification
from schema.types.routing import Category
from schema.types.service_centres import ServiceCentre
from schema.types.similar_cases import SimilarCase, similar_field
from schema.types.supervisions import Supervision
from schema.types.waiting import WaitingOn
from schema.types.whistles import Whistle
from shaodao.commands.facts import CASE_FACTS
from shaodao.domain.deadlines import Light
from shaodao.domain.vocabulary import (
    CaseKind,
    CaseState,
    CaseVisibility,
    Channel,
    ChannelGroup,
    CloseKind,
    EventScale,
    NotAcceptedReason,
    Severity,
    SolvingLevel,
    Urgency,
)

OVERDUE = (
    "{t}.state NOT IN ('NOT_ACCEPTED', 'MERGED', 'CANCELLED', 'SUSPENDED')"
    " AND coalesce({t}.handled_at, {t}.closed_at, {now}) >= {t}.due_at"
)
"""Late by the handling clock: now, or when the last report came in (C.3, two clocks)."""

CLOCK_RUNS = (
    "{t}.state NOT IN ('NOT_ACCEPTED', 'MERGED', 'CANCELLED', 'SUSPENDED')"
    " AND {t}.handled_at IS NULL AND {t}.closed_at IS NULL"
)
"""Whether the handling clock runs."""


@strawberry.type(description="Who reported a case 诉求人, masked; `revealPersonalData` shows the phone in clear.")
class Reporter:
    anonymous: bool = column("reporter_anonymous", description="Whether they gave no name 匿名.")
    name: str | None = column("reporter_name_masked", description="Name, masked.")
    phone: str | None = column("reporter_phone_masked", description="Phone, masked.")
    person: Person | None = one(on={"id": "reporter_person_id"}, description="Their record in the register, if known.")
    account: Account | None = one(on={"id": "reporter_account_id"}, description="Their account, if staff reported it.")


@strawberry.type(description="The party complained about 被反映方, which never hears of the case by the platform.")
class AccusedParty:
    name: str | None = column("accused_name", description="Name.")
    organization: Organization | None = one(on={"code": "accused_organization_code"}, description="The organization.")


@table("case_file", rule="case", node=True)
@strawberry.type(description="A case 事件/诉求: one matter, one number, one active LEAD.")
class Case(Node):
    number: str = strawberry.field(description="Number 编号, such as `990101001-20261009-0001`.")
    kind: CaseKind = strawberry.field(description="Kind.")
    channel_group: ChannelGroup = strawberry.field(description="Group of channels.")
    channel: Channel = strawberry.field(description="Channel it came through.")
    title: str = strawberry.field(description="Title, up to 100 characters.")
    description: str = strawberry.field(description="Description, up to 2,000 characters.")
    category: Category | None = one(on={"code": "category_code"}, description="Category 诉求分类.")
    component_code: str | None = strawberry.field(description="Code of the city component 部件事件代码.")
    urgency: Urgency = strawberry.field(description="Class by urgency and difficulty.")
    severity: Severity | None = strawberry.field(description="Severity.")
    scale: EventScale | None = strawberry.field(description="Scale.")
    state: CaseState = strawberry.field(description="State.")
    level: SolvingLevel = strawberry.field(description="Level on which it is being solved 解决层级.")
    visibility: CaseVisibility = strawberry.field(description="Visibility class.")
    confidential: bool = strawberry.field(description="Whether the reporter is kept from the departments 保密.")
    public: bool = strawberry.field(description="Whether its result may be published 公开.")
    version: int = strawberry.field(description="Version, for `expectedVersion`.")
    # Where.
    street: Division | None = one(on={"code": "street_code"}, description="The street.")
    community: Division | None = one(on={"code": "community_code"}, description="The community, if known.")
    grid: Grid | None = one(on={"code": "grid_code"}, description="The grid, if known.")
    grid_unknown: bool = strawberry.field(description="Whether it lies in no known grid 网格不明.")
    address: str | None = strawberry.field(description="Address.")
    point: GeoPoint | None = embedded(when="{t}.point IS NOT NULL", description="Where it is.")
    point_given: JSON | None = column("point_given", visible="staff_field", description="The point as it was given.")
    # Who.
    reporter: Reporter | None = embedded(
        visible="reporter", description="Who reported it; a department never sees the reporter of a confidential case."
    )
    subject: Person | None = one(on={"id": "subject_person_id"}, description="The person whom it is about.")
    vessel: Vessel | None = one(on={"id": "vessel_id"}, description="The vessel that it is about.")
    first_receiver: Account | None = one(
        on={"id": "first_receiver_id"}, visible="staff_field", description="Who received it first 首接人."
    )
    agent: Account | None = one(on={"id": "agent_id"}, description="The agent 代办人.")
    accused: AccusedParty | None = embedded(
        when="({t}.accused_name IS NOT NULL OR {t}.accused_organization_code IS NOT NULL)",
        visible="staff_field",
        description="Whom it complains about; street staff alone read it.",
    )
    service_centre: ServiceCentre | None = one(
        on={"division_code": "centre_division_code"},
        description="The service centre 服务中心 of the level on which it stands (S-17).",
    )
    # When.
    occurred_at: datetime | None = strawberry.field(description="When it happened.")
    registered_at: datetime = strawberry.field(description="When it was registered; the clock starts here.")
    accepted_at: datetime | None = strawberry.field(description="When it was accepted 受理.")
    first_contact_at: datetime | None = strawberry.field(description="When the reporter was first contacted.")
    due_at: datetime | None = strawberry.field(description="When it is due, exclusive.")
    due_provisional: bool = strawberry.field(description="Whether the due time is provisional 暂定.")
    last_day: date | None = expression(
        LAST_DAY.replace("{due}", "{t}.due_at"), description="The last day that is on time."
    )
    light: Light | None = expression(
        light_sql(CLOCK_RUNS, "{t}.registered_at", "{t}.due_at", "{t}.urgency"),
        description="Traffic light 红黄绿灯 of the handling clock while it runs; null when it is paused or has stopped.",
    )
    overdue: bool = expression(
        f"coalesce({OVERDUE}, false)", description="Whether it is late, or was when it had been handled 超期."
    )
    handled_at: datetime | None = strawberry.field(description="When the last report came in 办结时间.")
    closed_at: datetime | None = strawberry.field(description="When it was closed.")
    updated_at: datetime = strawberry.field(description="When anything of it changed last.")
    # What came of it.
    initial_opinion: str | None = column(
        "initial_opinion", visible="staff_field", description="Initial opinion 初步受理意见."
    )
    not_accepted_reason: NotAcceptedReason | None = strawberry.field(description="Why it was not accepted.")
    emergency_line: str | None = strawberry.field(description="The emergency number that it was passed to.")
    refusal_objected: bool = strawberry.field(description="Whether the reporter has objected to a refusal.")
    close_kind: CloseKind | None = strawberry.field(description="How it was closed.")
    closed_by: Account | None = one(on={"id": "closed_by"}, visible="staff_field", description="Who closed it.")
    settled_by_first_receiver: bool = strawberry.field(description="Whether it was settled at once 即接即办.")
    settled_on_the_spot: bool = strawberry.field(description="Whether it was settled in a visit or session 当场办结.")
    legal_body: str | None = strawberry.field(description="The body that it was transferred to 移送机关.")
    legal_number: str | None = strawberry.field(description="The number that it has there.")
    void_requested_at: datetime | None = column(
        "void_requested_at", visible="staff_field", description="When somebody asked that it be voided 申请作废."
    )
    void_requested_by: Account | None = one(
        on={"id": "void_requested_by"}, visible="staff_field", description="Who asked that."
    )
    void_reason: str | None = column("void_reason", visible="staff_field", description="Why.")
    result_text: str | None = strawberry.field(description="The result 办理结果.")
    explanation: str | None = strawberry.field(description="Why it could not be solved or was not accepted 情况说明.")
    county_informed_at: datetime | None = column(
        "county_informed_at", visible="staff_field", description="When the county grid office was informed."
    )
    source_reference: str | None = column(
        "source_reference", visible="staff_field", description="Number in the system it came from, such as 12345."
    )
    merged_into: Annotated["Case", strawberry.lazy("schema.types.cases")] | None = one(
        on={"id": "merged_into"}, description="The case that it was merged into 并单."
    )
    merged_cases: list[Annotated["Case", strawberry.lazy("schema.types.cases")]] = many(
        on={"merged_into": "id"}, order=[("registered_at", "asc")], description="The cases that are merged into it."
    )
    merges: list[MergeLink] = many(
        on={"case_id": "id"}, order=[("merged_at", "asc")], description="Its mergers into other cases, undone ones too."
    )
    absorptions: list[MergeLink] = many(
        on={"main_case_id": "id"},
        order=[("merged_at", "asc")],
        description="The mergers of other cases into it, undone ones too.",
    )
    repeat_count: int = strawberry.field(description="How many cases are merged into it 重复次数.")
    reporter_repeats: int | None = column(
        "reporter_repeats",
        visible="staff_field",
        description="How many cases of its category the reporter had told in the days before it was registered 重复诉求.",
    )
    reporter_other_cases: Connection[ReporterCase] | None = page(
        on={"case_id": "id"},
        order=[("registered_at", "desc")],
        visible="case_by_phone",
        description="Other cases of the same reporter, by person or phone, newest first; for the dispatcher.",
    )
    similar_cases: list[SimilarCase] | None = similar_field()
    rounds: list[CaseRound] = many(
        on={"case_id": "id"},
        order=[("round", "asc")],
        description="What its earlier rounds found, before it was reopened.",
    )
    reopened_at: datetime | None = strawberry.field(description="When it was reopened last 重办.")
    archived_at: datetime | None = strawberry.field(description="When it was archived 归档.")
    rework_count: int = strawberry.field(description="How often it was done again 返工次数.")
    round: int = strawberry.field(description="Round, from 0; reopening begins a new one 重办.")
    # What hangs on it.
    history: Connection[CaseEvent] = page(
        on={"case_id": "id"}, order=[("seq", "desc")], description="Its history 流转记录, newest first."
    )
    whistles: list[Whistle] = many(on={"case_id": "id"}, order=[("drafted_at", "asc")], description="Its whistles.")
    assignments: list[Assignment] = many(
        on={"case_id": "id"}, order=[("notified_at", "asc")], description="Its assignments, all rounds."
    )
    deadlines: list[Deadline] = many(
        on={"case_id": "id"}, order=[("started_at", "asc")], description="Its clocks that the viewer may see."
    )
    extensions: list[ExtensionRequest] = many(
        on={"case_id": "id"}, order=[("requested_at", "asc")], description="Its requests for extension 延期."
    )
    suspensions: list[Suspension] = many(
        on={"case_id": "id"}, order=[("suspended_at", "asc")], description="Its suspensions 挂账."
    )
    pauses: list[DeadlinePause] = many(
        on={"case_id": "id"}, order=[("paused_at", "asc")], description="Its pauses of the clock 暂停计时."
    )
    supervisions: list[Supervision] = many(
        on={"case_id": "id"},
        order=[("issued_at", "asc")],
        description="The stages that were taken when limits ran out 督办链.",
    )
    communications: list[Communication] = many(
        on={"case_id": "id"}, order=[("at", "asc")], description="What was said to the reporter 沟通记录."
    )
    messages: list[Message] = many(on={"case_id": "id"}, order=[("created_at", "asc")], description="Its messages.")
    attachments: list[Attachment] = many(on={"case_id": "id"}, order=[("created_at", "asc")], description="Its files.")
    questions: list[Question] = many(on={"case_id": "id"}, order=[("asked_at", "asc")], description="Its questions.")
    verifications: list[Verification] = many(
        on={"case_id": "id"}, order=[("verified_at", "asc")], description="Its verifications."
    )
    follow_ups: list[FollowUp] = many(
        on={"case_id": "id"}, order=[("called_at", "asc")], description="Its follow-up calls."
    )
    promises: list[Promise] = many(
        on={"case_id": "id"}, order=[("made_at", "asc")], description="What was promised for it 一事一诺."
    )
    campaigns: list[CampaignCase] = many(
        on={"case_id": "id"}, order=[("joined_at", "asc")], description="The campaigns that took it up 专项整治."
    )
    dispatch_objections: list[DispatchObjection] = many(
        on={"case_id": "id"}, order=[("raised_at", "asc")], description="The objections to its assignments 派单异议."
    )
    meetings: list[Meeting] = many(
        on={"case_id": "id"},
        order=[("called_at", "asc")],
        description="The meetings that took it up 联席会议、民情研判.",
    )
    evaluations: list[Evaluation] = many(
        on={"case_id": "id"}, order=[("evaluated_at", "asc")], description="Its evaluations."
    )
    cross_area_links: list[CrossAreaLink] = many(
        on={"case_id": "id"},
        order=[("linked_at", "asc")],
        description="Streets of other counties 跨区联合 at the same matter.",
    )
    available_actions: list[ActionAvailability] = derived(
        facts=CASE_FACTS, compute=case_actions, description="What its state knows, and what of it you may do."
    )
    waiting_on: WaitingOn | None = one(
        on={"subject_id": "id", "case_id": "id"}, description="For whom it waits; null when nothing is to be done."
    )
