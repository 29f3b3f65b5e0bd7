"""Deadlines 时限 (reference C.5): a due instant is exclusive, and late is never a state but a flag."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import strawberry

from schema.compiler.parameters import Binding
from schema.mapping import column, derived, expression, one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.organizations import Organization
from shaodao.domain.case_vocabulary import Approver, Decision, PauseReason, StatutoryProcedure, SuspensionKind
from shaodao.domain.clock_changes import ToldClock, changes_of
from shaodao.domain.deadlines import DeadlineUnit, Light, Limit
from shaodao.domain.explanation import LineKind, explain, explanation_text
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import ClockKind, ClockState, Role

LAST_DAY = "(({due} - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai')::date"
"""The last day on which something due at ``{due}`` (exclusive) is on time."""

_AT = "coalesce({t}.stopped_at, {t}.paused_at, {now})"
_OF_CASE = (
    "(SELECT {column} FROM case_file c WHERE c.county_code {county} AND c.county_code = {t}.county_code"
    " AND c.id = {t}.case_id)"
)
_URGENCY = _OF_CASE.replace("{column}", "c.urgency")
_PLACE = _OF_CASE.replace("{column}", "coalesce(c.grid_code, c.community_code, c.street_code)")
_TOLD_NAMES = (
    Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER, Role.STREET_LEADER, Role.FOLLOW_UP, Role.COUNTY_GRID_OFFICE,
)  # fmt: skip
"""Who is told the person that decided about a deadline; everybody else is told the office."""


def light_sql(running: str, start: str, due: str, urgency: str) -> str:
    """The traffic light of a clock as SQL, as ``shaodao.domain.deadlines.light`` has it: null unless it runs."""
    share = f"(CASE WHEN {urgency} = 'URGENT' THEN {{yellow_urgent}} ELSE {{yellow}} END)"
    return (
        f"CASE WHEN {due} IS NULL OR NOT ({running}) THEN NULL WHEN {{now}} >= {due} THEN 'RED'"
        f" WHEN {{now}} >= {start} + ({due} - {start}) * {share} THEN 'YELLOW' ELSE 'GREEN' END"
    )


@strawberry.type(description="A line of an explanation.")
class ExplanationLine:
    kind: LineKind = strawberry.field(description="What it tells.")
    text: str = strawberry.field(description="The line, in Chinese.")
    day: date | None = strawberry.field(description="The day that it is about.")


@strawberry.type(description="Why a deadline falls where it falls: the counting of days, told line by line.")
class DeadlineExplanation:
    text: str = strawberry.field(description="The whole counting as one Chinese paragraph.")
    lines: list[ExplanationLine] = strawberry.field(description="Its lines.")
    provisional_years: list[int] = strawberry.field(description="Years whose holiday notice is still awaited 暂定年份.")


def explanation_of(facts: Any, binding: Binding, _: Mapping[str, Any]) -> dict[str, Any]:
    """How a clock came to its due, from the facts of its row."""
    ground = binding.services.ground()
    changes = changes_of(facts["history"], _moment(facts["paused_at"]) if facts["paused_at"] else None)
    clock = ToldClock(_moment(facts["started_at"]), _limit(facts), _moment(facts["due_at"]), changes, facts["rule"])
    names = _reads_names(binding.viewer, facts["place"])
    told = explain(clock, ground.calendar, ground.rulebook.work_time, names=names)
    return {
        "text": explanation_text(told),
        "lines": [{"kind": line.kind, "text": line.text, "day": line.day} for line in told.lines],
        "provisionalYears": list(told.provisional_years),
    }


def _reads_names(viewer: Viewer, place: str | None) -> bool:
    return place is not None and any(grant.covers(place) for grant in viewer.grants_of(*_TOLD_NAMES))


def _limit(facts: Mapping[str, Any]) -> Limit | None:
    return None if facts["unit"] is None else Limit(DeadlineUnit(facts["unit"]), facts["amount"])


def _moment(text: str) -> datetime:
    return msgspec.convert(text, datetime)


@table("deadline", rule="deadline", node=True)
@strawberry.type(description="A clock with its limit 时限.")
class Deadline(Node):
    kind: ClockKind = strawberry.field(description="What it limits.")
    organization: Organization | None = one(
        on={"code": "organization_code"}, description="Whose limit it is, if one's."
    )
    started_at: datetime = strawberry.field(description="From when it is counted.")
    due_at: datetime = strawberry.field(description="When it is due, exclusive: on time is before this instant.")
    last_day: date = expression(LAST_DAY.replace("{due}", "{t}.due_at"), description="The last day that is on time.")
    light: Light | None = expression(
        light_sql("{t}.state = 'RUNNING'", "{t}.started_at", "{t}.due_at", _URGENCY),
        description="Traffic light 红黄绿灯 while it runs; null when it is paused or has stopped.",
    )
    overdue: bool = expression(f"{_AT} >= {{t}}.due_at", description="Whether it is late, or was when it stopped 超期.")
    provisional: bool = strawberry.field(description="Whether a year without holiday notice took part 暂定.")
    state: ClockState = strawberry.field(description="State of the clock.")
    stopped_at: datetime | None = strawberry.field(description="When it stopped.")
    rule: str = strawberry.field(description="Where the limit comes from.")
    unit: DeadlineUnit | None = strawberry.field(description="Unit of the limit.")
    amount: int | None = strawberry.field(description="Amount of the limit.")
    explanation: DeadlineExplanation | None = derived(
        facts=(
            "json_build_object('started_at', {t}.started_at, 'due_at', {t}.due_at, 'unit', {t}.unit,"
            " 'amount', {t}.amount, 'rule', {t}.rule, 'history', {t}.history,"
            " 'paused_at', CASE WHEN {t}.state = 'PAUSED' THEN {t}.paused_at END, 'place', " + _PLACE + ")"
        ),
        compute=explanation_of,
        description="How it was counted, or by what it was set, such as an assembly time 集结时间.",
    )


@table("extension_request", rule="extension", node=True)
@strawberry.type(description="A request for extension 延期 of a case's handling clock (C.5 rule 7).")
class ExtensionRequest(Node):
    unit: DeadlineUnit = strawberry.field(description="Unit of what was asked for.")
    amount: int = strawberry.field(description="Amount of what was asked for.")
    reason: str = strawberry.field(description="Why.")
    evidence: str | None = column("evidence", visible="deadline_change_staff", description="What proves it.")
    organization: Organization | None = one(on={"code": "organization_code"}, description="For whom it was asked.")
    requested_by: Account | None = one(
        on={"id": "requested_by"},
        visible="deadline_change_staff",
        description="Who asked; null for a department's system.",
    )
    requested_at: datetime = strawberry.field(description="When.")
    approver: Approver = strawberry.field(description="Which office decides it, by level.")
    decision: Decision | None = strawberry.field(description="What was decided; null while it waits.")
    decision_text: str | None = strawberry.field(description="What was said to it.")
    decided_by: Account | None = one(
        on={"id": "decided_by"}, visible="deadline_change_staff", description="Who decided."
    )
    decided_at: datetime | None = strawberry.field(description="When.")
    due_before: datetime | None = strawberry.field(description="When the case was due, exclusive, as it was asked.")
    due_after: datetime | None = strawberry.field(description="When it is due by what was granted, exclusive.")
    told_reporter_at: datetime | None = strawberry.field(
        description="When the reporter was written to; null when refused, or when there is nobody to tell 匿名."
    )


@table("suspension", rule="deadline_change", node=True)
@strawberry.type(description="A suspension 挂账 of a case that cannot be solved for now (C.5 rule 9, J-21).")
class Suspension(Node):
    kind: SuspensionKind = strawberry.field(description="Kind of reason.")
    reason: str = strawberry.field(description="Why it cannot be solved for now.")
    interim_measure: str = strawberry.field(description="What is done meanwhile 临时措施.")
    approved_by: Account | None = one(
        on={"id": "approved_by"}, visible="deadline_change_staff", description="Who approved it."
    )
    suspended_at: datetime = strawberry.field(description="From when.")
    review_cycle_days: int = strawberry.field(description="Days after which it is reviewed again.")
    review_due_at: datetime | None = strawberry.field(description="When the next review is called for.")
    reviewed_at: datetime | None = strawberry.field(description="When it was reviewed last.")
    reviewed_by: Account | None = one(
        on={"id": "reviewed_by"}, visible="deadline_change_staff", description="Who reviewed it last."
    )
    review_text: str | None = strawberry.field(description="What the last review found.")
    planned_resume: date | None = strawberry.field(description="The day on which it is resumed by itself.")
    told_reporter_at: datetime | None = strawberry.field(
        description="When the reporter was written to; null when there is nobody to tell 匿名."
    )
    resumed_at: datetime | None = strawberry.field(description="When it was resumed.")
    resumed_by: Account | None = one(
        on={"id": "resumed_by"}, visible="deadline_change_staff", description="Who resumed it; null for the system."
    )
    resume_reason: str | None = strawberry.field(description="Why it was resumed.")


@table("deadline_pause", rule="deadline_change", node=True)
@strawberry.type(description="A pause 暂停计时 of the handling clock while the work goes on (C.5 rule 9).")
class DeadlinePause(Node):
    reason_kind: PauseReason = strawberry.field(description="Kind of reason.")
    procedure: StatutoryProcedure | None = strawberry.field(
        description="The statutory procedure 法定程序, if it is one."
    )
    reason: str = strawberry.field(description="Why.")
    paused_by: Account | None = one(
        on={"id": "paused_by"}, visible="deadline_change_staff", description="Who paused it."
    )
    paused_at: datetime = strawberry.field(description="From when.")
    expected_until: date | None = strawberry.field(description="Until when it is expected to last.")
    resumed_at: datetime | None = strawberry.field(description="When it was over.")
    resumed_by: Account | None = one(
        on={"id": "resumed_by"}, visible="deadline_change_staff", description="Who ended it."
    )
