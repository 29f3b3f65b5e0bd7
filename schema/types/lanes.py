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
    " AND l.department = {t}.department AND {state})"
)


def _head(name: str) -> str:
    return _HEAD.replace("{column}", name)


def _lanes(state: str, what: str = "count(*)") -> str:
    return _LANES.replace("{state}", state).replace("{what}", what)


@table("delivery_lane", rule="delivery_lane", key=("organization_code", "case_id"), view=True)
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
    seq: int = strawberry.field(description="Step of the case's history that is at the head.")
    since: datetime = strawberry.field(description="Since when that is owed; the lane's age counts from it.")
    hook: str = expression(_head("hook"), description="The hook that it is delivered by, such as `on_whistle`.")
    event_type: str = expression(
        "(SELECT e.type FROM case_event e WHERE e.county_code {county} AND e.county_code = {t}.county_code"
        " AND e.case_id = {t}.case_id AND e.seq = {t}.seq)",
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


def _state_itself(value: str) -> str:
    return str(value)


@strawberry.input(description="What lanes must meet.")
class DeliveryLaneFilter:
    department: str | None = filtered(Where("department"), description="Name of the department plugin.")
    organization: str | None = filtered(Where("organization_code"), description="Code of the organization.")
    state: LaneState | None = filtered(
        # Parked ones have an index, which PostgreSQL finds by the column alone.
        ByKind(
            _state_itself,
            {
                str(state): Fragment(
                    f"{'{t}.parked AND ' if state is LaneState.PARKED else ''}{{t}}.state = {{value}}::text"
                )
                for state in LaneState
            },
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
    waiting: int = expression(
        _lanes("NOT l.parked AND l.holder IS NULL"),
        description="Lanes that wait, for the first time or to be tried again.",
    )
    running: int = expression(_lanes("NOT l.parked AND l.holder IS NOT NULL"), description="Lanes that run.")
    parked: int = expression(_lanes("l.parked"), description="Lanes that are parked.")
    oldest_since: datetime | None = expression(
        # The parked ones and the others have an index each; all of them have none by department.
        f"least({_lanes('NOT l.parked', 'min(l.since)')}, {_lanes('l.parked', 'min(l.since)')})",
        description="Since when its oldest lane waits.",
    )
