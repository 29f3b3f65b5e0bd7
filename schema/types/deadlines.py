"""Deadlines 时限 (reference C.5): a due instant is exclusive, and late is never a state but a flag."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

import msgspec
import strawberry

from schema.compiler.parameters import Binding
from schema.mapping import derived, expression, one, table
from schema.relay import Node
from schema.types.organizations import Organization
from shaodao.domain.deadlines import DeadlineUnit, Light, Limit
from shaodao.domain.explanation import (
    ClockChange,
    Extension,
    LimitChange,
    LineKind,
    Pause,
    ToldClock,
    explain,
    explanation_text,
)
from shaodao.domain.vocabulary import ClockKind, ClockState

LAST_DAY = "(({due} - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai')::date"
"""The last day on which something due at ``{due}`` (exclusive) is on time."""

_AT = "coalesce({t}.stopped_at, {t}.paused_at, {now})"
_URGENCY = (
    "(SELECT c.urgency FROM case_file c WHERE c.county_code {county} AND c.county_code = {t}.county_code"
    " AND c.id = {t}.case_id)"
)


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


def explanation_of(facts: Any, binding: Binding, _: Mapping[str, Any]) -> dict[str, Any] | None:
    """The counting of a clock from the facts of its row; None for one that is not counted by a limit."""
    if facts["unit"] is None or facts["amount"] is None:
        return None
    ground = binding.services.ground()
    clock = ToldClock(
        _moment(facts["started_at"]), _limit(facts), _moment(facts["due_at"]), tuple(_changes_of(facts))
    )  # fmt: skip
    told = explain(clock, ground.calendar, ground.rulebook.work_time)
    return {
        "text": explanation_text(told),
        "lines": [{"kind": line.kind, "text": line.text, "day": line.day} for line in told.lines],
        "provisionalYears": list(told.provisional_years),
    }


def _changes_of(facts: Mapping[str, Any]) -> Iterator[ClockChange]:
    """What was done to a clock, by its history; a pause that lasts stands in the row itself.

    The history keeps what the clock was before: ``changed_at`` with the limit that was given up or, where the clock was
    extended, ``extended_by``; ``paused_at`` and ``resumed_at`` of a pause that is over. Stages that fired are no changes.
    """
    for entry in facts["history"]:
        if entry.get("resumed_at"):
            yield Pause(_moment(entry["paused_at"]), _moment(entry["resumed_at"]), _moment(entry["due_at"]))
        elif entry.get("extended_by"):
            yield Extension(_moment(entry["changed_at"]), _limit(entry["extended_by"]), _moment(entry["due_at"]))
        elif entry.get("changed_at"):
            yield LimitChange(_moment(entry["changed_at"]), _limit(entry) if entry["unit"] else None)
    if facts["paused_at"]:
        yield Pause(_moment(facts["paused_at"]), None, _moment(facts["due_at"]))


def _limit(facts: Mapping[str, Any]) -> Limit:
    return Limit(DeadlineUnit(facts["unit"]), facts["amount"])


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
            " 'amount', {t}.amount, 'history', {t}.history,"
            " 'paused_at', CASE WHEN {t}.state = 'PAUSED' THEN {t}.paused_at END)"
        ),
        compute=explanation_of,
        description="How it was counted; null where it was not counted by a limit, such as an assembly time.",
    )
