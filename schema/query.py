"""The queries. Stored fields are compiled to one statement; the few resolvers read what is no stored row."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema import enumerations as enumerations
from schema.compiler.parameters import Binding
from schema.declarations import Fragment, Seen, Where
from schema.dictionary import DictionaryEntry, dictionary
from schema.double_assessment import EvaluationSummary, evaluation_summary
from schema.errors import invalid_input
from schema.ids import decode, invalid_id
from schema.mapping import argument, root_counts, root_expression, root_many, root_node, root_nodes, root_one, root_page
from schema.mutations.shared_inputs import PointInput
from schema.objections import ObjectionCount, objection_counts_of
from schema.relay import Connection, Node
from schema.routing import Info, RoutingExplanation, routing_of_case, routing_of_matter
from schema.routing_trials import RoutingTrial, TriedRuleInput, trial_of_proposal, trial_of_rule
from schema.similar import cases_like
from schema.types.accounts import Account
from schema.types.assignments import Assignment, AssignmentFilter, AssignmentOrder
from schema.types.calendar import CalendarDay
from schema.types.campaigns import Campaign, CampaignFilter, CampaignOrder
from schema.types.case_counts import CaseCount, CaseGroup
from schema.types.case_lists import CaseFilter, CaseOrder
from schema.types.cases import Case
from schema.types.deadlines import Deadline
from schema.types.divisions import Division
from schema.types.exports import ExportRequest
from schema.types.grids import Grid, GridFilter, GridOrder
from schema.types.lanes import DeliveryLane, DeliveryLaneFilter, DeliveryLaneOrder, DepartmentState
from schema.types.meetings import Meeting, MeetingFilter, MeetingOrder
from schema.types.organizations import Department, Organization
from schema.types.people import Household, Person, PersonFilter, PersonOrder, Vessel
from schema.types.places import NearInput, position, surroundings
from schema.types.promises import Promise, PromiseFilter, PromiseOrder
from schema.types.register_lists import (
    STAFF_ALONE,
    AccountFilter,
    AccountOrder,
    HouseholdFilter,
    HouseholdOrder,
    VesselFilter,
    VesselOrder,
)
from schema.types.routines import Routine, RoutineFilter, RoutineOrder
from schema.types.routing import Category, CommunityAdmission, DutyListItem, RoutingRule
from schema.types.routing_lists import VALID_DUTY, CommunityAdmissionFilter, RoutingRuleFilter
from schema.types.service_centres import ServiceCentre
from schema.types.similar_cases import SimilarCase
from schema.types.supervisions import Supervision, SupervisionFilter, SupervisionOrder
from schema.types.teams import Team
from schema.types.viewers import Viewer
from schema.types.whistle_list import FITTING, IN_FORCE, WhistleListItem
from schema.types.whistles import Whistle, WhistleFilter, WhistleOrder
from shaodao.commands.routing import RoutingQuestion
from shaodao.delivery.cursors import CURRENT
from shaodao.domain.vocabulary import DivisionLevel, DutyListKind, OrgKind, WhistleKind

_CURSOR = (
    "(SELECT coalesce(max(f.epoch), 1) FROM feed_epoch f)::text"
    f" || '.' || {CURRENT}::text || '.00000000-0000-0000-0000-000000000000'"
)
_NEAR = (
    "{t}.point <@ {value}::box"
    " AND power(({t}.point[0] - (center({value}::box))[0]) / (width({value}::box) / 2), 2)"
    " + power(({t}.point[1] - (center({value}::box))[1]) / (height({value}::box) / 2), 2) <= 1"
)
_CLOCK = (
    "{t}.id = {value}::uuid OR ({t}.case_id = {value}::uuid AND {t}.kind = 'HANDLING' AND {t}.started_at = ("
    "SELECT max(d.started_at) FROM deadline d WHERE d.county_code {county} AND d.county_code = {t}.county_code"
    " AND d.case_id = {t}.case_id AND d.kind = 'HANDLING'))"
)


def _case_or_deadline(text: str, _: Binding) -> str:
    """The key in the id of a case or a deadline. Raises ClientError INVALID_ID."""
    identifier = decode(text)
    if identifier.type not in ("Case", "Deadline"):
        raise invalid_id(text)
    return identifier.key


def _dictionary(
    names: Annotated[list[str] | None, strawberry.argument(description="Such as `CaseState`.")] = None,
) -> list[DictionaryEntry]:
    return dictionary(names)


async def _explain_routing(
    info: Info,
    case: Annotated[strawberry.ID | None, strawberry.argument(description="A case, as it stands.")] = None,
    category: Annotated[str | None, strawberry.argument(description="Code of the category.")] = None,
    grid: Annotated[str | None, strawberry.argument(description="Code of the grid.")] = None,
    text: Annotated[str | None, strawberry.argument(description="Title and description.")] = None,
    component: Annotated[
        str | None, strawberry.argument(description="Code of the city component 部件事件代码.")
    ] = None,
    at: Annotated[
        datetime | None, strawberry.argument(description="By the rules in force at this time; by default now.")
    ] = None,
) -> RoutingExplanation | None:
    if case is None:
        return await routing_of_matter(info, RoutingQuestion(category, grid, text or "", component), at)
    if category or grid or text or component:
        raise invalid_input("case", "不能与其他条件同时使用", "cannot be given together with a matter")
    return await routing_of_case(info, case, at)


async def _dry_run_routing_rule(
    info: Info,
    rule: Annotated[TriedRuleInput | None, strawberry.argument(description="A rule to be tried.")] = None,
    proposal: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="Instead: identifier of a version that waits for its decision."),
    ] = None,
) -> RoutingTrial | None:
    if rule is not None and proposal is None:
        return await trial_of_rule(info, rule)
    if proposal is None or rule is not None:
        raise invalid_input("rule", "请给出规则或待审批的版本之一", "give either a rule or a version that waits")
    return await trial_of_proposal(info, proposal)


@strawberry.type(description="Everything that can be asked. What a viewer may not see is absent, never an error.")
class Query:
    viewer: Viewer | None = root_one(arguments={}, description="Who asks, and what waits for them; null for nobody.")
    node: Node | None = root_node(description="The object with a global identifier, if the viewer sees it.")
    nodes: list[Node | None] = root_nodes(
        description="The objects with these identifiers (up to 100) in their order; null where the viewer sees none."
    )
    division: Division | None = root_one(
        arguments={"code": argument(str, Where("code"), "Twelve digits.")}, description="A division 行政区划."
    )
    divisions: list[Division] = root_many(
        order=[("code", "asc")],
        arguments={
            "parent": argument(str | None, Where("parent_code"), "Those directly below the division with this code."),
            "level": argument(DivisionLevel | None, Where("level"), "Those of this level."),
        },
        description="Divisions by code.",
    )
    grid: Grid | None = root_one(
        arguments={"code": argument(str, Where("code"), "Fifteen digits.")}, description="A grid 网格."
    )
    grid_at: Grid | None = root_one(
        arguments={
            "point": argument(
                PointInput,
                Fragment("{t}.boundary @> {value}::point AND {t}.valid_to IS NULL", position),
                "The point with its coordinate system.",
            )
        },
        description="The grid in which a point lies; null: in none.",
    )
    grids: Connection[Grid] = root_page(order=GridOrder, filter=GridFilter, description="Grids.")
    people: Connection[Person] = root_page(
        order=PersonOrder, filter=PersonFilter, description="People of the register, masked 人口."
    )
    households: Connection[Household] = root_page(
        order=HouseholdOrder, filter=HouseholdFilter, description="Households of the register 户."
    )
    vessels: Connection[Vessel] = root_page(order=VesselOrder, filter=VesselFilter, description="Fishing vessels 渔船.")
    accounts: Connection[Account] = root_page(
        order=AccountOrder, filter=AccountFilter, where=STAFF_ALONE, description="Members of staff 工作人员, for staff."
    )
    teams: Connection[Team] = root_page(order=[("code", "asc")], description="Service teams 服务团队.")
    case: Case | None = root_one(
        arguments={"number": argument(str, Where("number"), "Such as `990101001-20261009-0001`.")},
        description="A case by its number.",
    )
    cases: Connection[Case] = root_page(order=CaseOrder, filter=CaseFilter, description="Cases 事件/诉求.")
    case_counts: list[CaseCount] = root_counts(
        "Case",
        CaseGroup,
        filter=CaseFilter,
        description="How many of the cases that the viewer sees there are by group: at most 1,000 groups, the largest first.",
    )
    similar_cases: Connection[Case] = root_page(
        order=[("registered_at", "desc")],
        where="{t}.state NOT IN ('MERGED', 'CANCELLED')",
        arguments={
            "near": argument(NearInput, Fragment(_NEAR, surroundings), "The point and the radius."),
            "category": argument(str | None, Where("category_code"), "Code of the category."),
            "open": argument(
                bool | None, Fragment("({t}.closed_at IS NULL) = {value}::bool"), "Only open or closed ones."
            ),
        },
        description="Cases around a point, newest first: perhaps the same matter 相似诉求.",
    )
    whistle_list_items: list[WhistleListItem] = root_many(
        order=[("sort", "asc")],
        where=IN_FORCE,
        arguments={
            "case": argument(strawberry.ID | None, FITTING, "Those that fit the category of this case."),
            "kinds": argument(list[WhistleKind] | None, Where("kind", "in"), "Of these kinds of whistle."),
        },
        description="The list of admissible whistles 吹哨事项清单 in force today, for staff.",
    )
    whistles: Connection[Whistle] = root_page(order=WhistleOrder, filter=WhistleFilter, description="Whistles 哨.")
    assignments: Connection[Assignment] = root_page(
        order=AssignmentOrder,
        filter=AssignmentFilter,
        arguments={
            "organization": argument(str, Seen("own_field", Where("organization_code")), "Code of the organization.")
        },
        description="An organization's inbox 报到任务; a department has its own alone.",
    )
    meetings: Connection[Meeting] = root_page(
        order=MeetingOrder,
        filter=MeetingFilter,
        description="Meetings that take up cases 联席会议、民情研判; a department has those that it is called to.",
    )
    supervisions: Connection[Supervision] = root_page(
        order=SupervisionOrder,
        filter=SupervisionFilter,
        description="Stages that were taken when limits ran out 督办链: reminders, supervision 督办, the list 通报名单, investigations "
        "调查督办. Of the cases that the viewer sees; a department has those against itself.",
    )
    routines: Connection[Routine] = root_page(
        order=RoutineOrder,
        filter=RoutineFilter,
        description="Work that the calendar brings 例行工作, done and missed: night visits 驻夜走访, meetings, the monthly notice's "
        "window 公示, reviews of care records. Of the viewer's area, for staff of the street and the county.",
    )
    promises: Connection[Promise] = root_page(
        order=PromiseOrder,
        filter=PromiseFilter,
        description="Promises 一事一诺: those of the cases that the viewer sees, and every public one 公开承诺.",
    )
    campaigns: Connection[Campaign] = root_page(
        order=CampaignOrder, filter=CampaignFilter, description="Campaigns 专项整治, for staff."
    )
    exports: Connection[ExportRequest] = root_page(
        order=[("requested_at", "desc")],
        arguments={
            "decided": argument(
                bool | None,
                Fragment("({t}.decision IS NOT NULL) = {value}::bool"),
                "Only decided ones, or those that wait.",
            )
        },
        description="Requests to export lists 导出申请, newest first: one's own, and for a leader the street's.",
    )
    organizations: list[Organization] = root_many(
        order=[("code", "asc")],
        arguments={
            "codes": argument(list[str] | None, Where("code", "in"), "Those with these codes."),
            "kinds": argument(list[OrgKind] | None, Where("kind", "in"), "Those of these kinds."),
        },
        description="Organizations 单位 by code.",
    )
    service_centres: list[ServiceCentre] = root_many(
        order=[("division_code", "asc")],
        arguments={
            "level": argument(DivisionLevel | None, Where("level"), "Those of this level."),
            "division": argument(str | None, Where("division_code"), "That of the division with this code."),
        },
        description="The service centres 三级服务中心 of communities, streets and the county (S-17).",
    )
    departments: list[Department] = root_many(
        order=[("name", "asc")], description="The department plugins that are registered, for staff."
    )
    delivery_lanes: Connection[DeliveryLane] = root_page(
        order=DeliveryLaneOrder,
        filter=DeliveryLaneFilter,
        description="What departments are still owed, by the age of what is owed 投递通道: all of it for the county grid office, "
        "that of its cases for a street, its own for an organization.",
    )
    department_states: list[DepartmentState] = root_many(
        order=[("department", "asc")],
        arguments={"department": argument(str | None, Where("department"), "Name of the department plugin.")},
        description="How deliveries to each department stand: paused, left alone after failures, how much is owed.",
    )
    categories: list[Category] = root_many(order=[("sort", "asc")], description="Categories 诉求分类 in their order.")
    duty_list_items: list[DutyListItem] = root_many(
        order=[("code", "asc")],
        arguments={
            "kinds": argument(list[DutyListKind] | None, Where("list", "in"), "Of these lists."),
            "level": argument(DivisionLevel | None, Where("holder_level"), "Duties of this level."),
            "category": argument(str | None, Where("category_code"), "Code of the category."),
            "valid": argument(
                bool | None, Fragment(f"({VALID_DUTY}) = {{value}}::bool"), "Only those valid today, or not."
            ),
        },
        description="Duty lists 履职事项清单.",
    )
    routing_rules: Connection[RoutingRule] = root_page(
        order=[("sort", "asc"), ("code", "asc"), ("version", "desc")],
        filter=RoutingRuleFilter,
        description="Versions of routing rules 派单规则 in the order in which they are tried, for staff; those in force are the "
        "dispatch catalogue 派单目录.",
    )
    community_admissions: Connection[CommunityAdmission] = root_page(
        order=[("requested_at", "desc")],
        filter=CommunityAdmissionFilter,
        description="Requests to place work on communities 社区准入, newest first.",
    )
    calendar_days: list[CalendarDay] = root_many(
        order=[("day", "asc")],
        arguments={
            "year": argument(int, Fragment("extract(year FROM {t}.day) = {value}::int"), "The year."),
            "provisional": argument(bool | None, Where("provisional"), "Only those whose notice is awaited, or not."),
        },
        description="The calendar of a year 工作日历.",
    )
    explain_deadline: Deadline | None = root_one(
        arguments={
            "id": argument(
                strawberry.ID, Fragment(_CLOCK, _case_or_deadline), "Of a deadline, or of a case: its handling clock."
            )
        },
        description="A clock, whose `explanation` tells how it was counted.",
    )
    server_time: datetime = root_expression("{now}", description="The server's time.")
    feed_cursor: str = root_expression(
        _CURSOR,
        description="Where the feed stands for this answer: pass it to a subscription as `after`, and nothing is lost.",
    )

    dictionary: list[DictionaryEntry] = strawberry.field(
        resolver=_dictionary,
        description="Enumerations with the Chinese label and the order of each value; all without names 数据字典.",
    )
    evaluation_summary: EvaluationSummary | None = strawberry.field(
        resolver=evaluation_summary,
        description="双考核: how departments were rated and whistles judged, for a street leader or the county grid office.",
    )
    objection_counts: list[ObjectionCount] = strawberry.field(
        resolver=objection_counts_of,
        description="How often each organization objected to its assignments 派单异议 in a division, and what came of it; for "
        "the street's dispatcher and leader, and for the county grid office. Most first; nobody else has any.",
    )
    cases_like: list[SimilarCase] = strawberry.field(
        resolver=cases_like,
        description="Cases that are perhaps the same matter 相似诉求 as one that is being told, before it is registered, the "
        "likest first; for those who take cases in.",
    )
    explain_routing: RoutingExplanation | None = strawberry.field(
        resolver=_explain_routing,
        description="Whom the routing rules propose for a case, or for a matter told by category, grid and text, and why; by "
        "the versions in force now or at another time.",
    )
    dry_run_routing_rule: RoutingTrial | None = strawberry.field(
        resolver=_dry_run_routing_rule,
        description="Which cases of the last month a rule would have routed otherwise 试运行, among those that the viewer sees; "
        "nothing is written. For whoever may propose the rule; null for others.",
    )
