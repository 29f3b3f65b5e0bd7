"""Lanes of deliveries to departments, and how a department's deliveries stand in a county (reference C.1.5 PluginDelivery)."""

from datetime import datetime

import strawberry

from schema.declarations import ByKind, Fragment, Where
from schema.mapping import column, expression, filtered, one, orderings, table
from schema.types.accounts import Account
from schema.types.cases import Case
from schema.types.organizations import Department, Organization
from shaodao.domain.case_vocabulary import LaneState

_HEAD = (
    "(SELECT d.{column} FROM delivery d WHERE d.county_code {county} AND d.county_code = {t}.county_code"
    " AND d.organization_code = {t}.organization_code AND d.case_id = {t}.case_id ORDER BY d.seq LIMIT 1)"
)
_LANES = (
    "(SELECT {what} FROM lane l WHERE l.county_code {county} AND l.county_code = {t}.county_code"
    " AND l.department = {t}.department{state})"
)


def _head(name: str) -> str:
    return _HEAD.replace("{column}", name)


def _lanes(what: str, state: str = "") -> str:
    return _LANES.replace("{what}", what).replace("{state}", state)


def _in_state(state: LaneState) -> str:
    return _lanes("count(*)", f" AND l.state = '{state}'")


@table(
    "lane", rule="delivery_lane", key=("organization_code", "case_id"), cut_first=True,
    scope={"GRID": "street_code", "COMMUNITY": "street_code"},
)  # fmt: skip
@strawberry.type(
    description="What an organization's department is still owed in a case, in the case's order 投递通道. It goes when nothing is owed."
)
class DeliveryLane:
    department: Department | None = one(on={"name": "department"}, description="The department plugin.")
    organization: Organization | None = one(on={"code": "organization_code"}, description="The organization.")
    case_number: str = expression(
        "(SELECT c.number FROM case_file c WHERE c.county_code {county} AND c.county_code = {t}.county_code"
        " AND c.id = {t}.case_id)",
        description="Number of the case, also for an operator who does not see the case.",
    )
    case: Case | None = one(on={"id": "case_id"}, description="The case, if the viewer sees it.")
    state: LaneState = strawberry.field(description="How the delivery at its head stands.")
    seq: int = expression(_head("seq"), description="Step of the case's history that is at the head.")
    since: datetime = strawberry.field(description="Since when that is owed; the lane's age counts from it.")
    hook: str = expression(_head("hook"), description="The hook that it is delivered by, such as `on_whistle`.")
    event_type: str = expression(
        "(SELECT e.type FROM case_event e WHERE e.county_code {county} AND e.county_code = {t}.county_code"
        f" AND e.case_id = {{t}}.case_id AND e.seq = {_head('seq')})",
        description="Type of that step.",
    )
    owed: int = expression(
        "(SELECT count(*) FROM delivery d WHERE d.county_code {county} AND d.county_code = {t}.county_code"
        " AND d.organization_code = {t}.organization_code AND d.case_id = {t}.case_id)",
        description="How many deliveries wait in the lane, the head among them.",
    )
    attempts: int = expression(
        _head("attempts"), description="Attempts that the head has used up; redelivering counts anew."
    )
    last_error: str | None = expression(
        _head("last_error"),
        description="Why its last attempt failed: at most 500 characters, phones and identity numbers masked.",
    )
    next_attempt_at: datetime | None = expression(
        "CASE WHEN {t}.state IN ('WAITING', 'RETRYING') THEN {t}.due_at END",
        description="When it is tried next, at the earliest; null while it runs or is parked.",
    )


DeliveryLaneOrder = orderings(
    "DeliveryLaneOrder",
    "Ordering of lanes.",
    OLDEST=[("since", "asc")],
    NEWEST=[("since", "desc")],
)


@strawberry.input(description="What lanes must meet.")
class DeliveryLaneFilter:
    department: str | None = filtered(Where("department"), description="Name of the department plugin.")
    organization: str | None = filtered(Where("organization_code"), description="Code of the organization.")
    state: LaneState | None = filtered(
        # Each has a plan of its own, for some of them are rare and others are nearly all.
        ByKind(
            str,
            {str(state): Fragment(f"{{t}}.state = '{state}' AND {{t}}.state = {{value}}::text") for state in LaneState},
        ),
        description="In this state.",
    )
    owed_before: datetime | None = filtered(
        Where("since", "lt"), description="Whose head has been owed since before this time."
    )


@table("lane_state", rule="department_state", key=("department",))
@strawberry.type(
    description="How deliveries to a department stand in a county, once it was owed any. For the county grid office, dispatchers and leaders."
)
class DepartmentState:
    department: Department | None = one(on={"name": "department"}, description="The department plugin.")
    paused: bool = strawberry.field(description="Whether an operator paused it.")
    paused_at: datetime | None = strawberry.field(description="When.")
    paused_by: Account | None = one(on={"id": "paused_by"}, description="By whom.")
    paused_reason: str | None = strawberry.field(description="Why.")
    breaker_open_until: datetime | None = column(
        "open_until", description="Until when it is left alone, because it failed in several cases in a row."
    )
    failures_in_a_row: int = column("failures", description="Failures in a row since its last success.")
    limited_at: datetime | None = strawberry.field(description="When `inFlightLimit` was last set or cleared.")
    limited_by: Account | None = one(on={"id": "limited_by"}, description="By whom.")
    in_flight_limit: int | None = strawberry.field(
        description="How many of its lanes run at once in the county; null: as many as the worker's settings say."
    )
    waiting: int = expression(_in_state(LaneState.WAITING), description="Lanes that wait and have not failed.")
    retrying: int = expression(
        _in_state(LaneState.RETRYING), description="Lanes that have failed and wait to be tried again."
    )
    running: int = expression(_in_state(LaneState.RUNNING), description="Lanes that run.")
    parked: int = expression(_in_state(LaneState.PARKED), description="Lanes that are parked.")
    oldest_since: datetime | None = expression(_lanes("min(l.since)"), description="Since when its oldest lane waits.")
