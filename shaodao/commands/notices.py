"""The notice 通知 to an organization: which clocks start with it (reference C.5 rule 5) and the message to its duty phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands import clocks, messages, stored_clocks, wording
from shaodao.commands.stored_clocks import Moved, StoredClock
from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.case_guards import owing
from shaodao.domain.clock_changes import Decider
from shaodao.domain.deadlines import DeadlineUnit, Due, Limit, due
from shaodao.domain.facts import AssignmentFacts, CaseFacts, WhistleFacts
from shaodao.domain.rulebook import WhistleLimits
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, MessageKind, Urgency, WhistleKind

REPORTING = (ClockKind.FIRST_REPORT, ClockKind.PROGRESS_REPORT)
"""By when an organization says how it goes: first, and then again and again."""

CLOCKS = (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, *REPORTING, ClockKind.RESULT, ClockKind.OBJECTION)
"""The clocks of an assignment."""

CATALOGUE = "catalogue."
"""What the rule of a case's handling clock begins with when its limit is that of an item of the dispatch catalogue."""

_WHISTLE_KIND = "SELECT kind FROM whistle WHERE county_code = $1 AND id = $2"
_CASE_SIDE = """
SELECT c.title, c.address, c.due_at, c.due_provisional, coalesce(g.kind = 'SEA', false) AS at_sea, g.sea_arrive_minutes, (
    SELECT d.rule FROM deadline d
    WHERE d.county_code = c.county_code AND d.case_id = c.id AND d.kind = 'HANDLING' AND d.round = c.round
    ORDER BY d.started_at DESC, d.id DESC LIMIT 1
) AS rule
FROM case_file c LEFT JOIN grid g ON g.county_code = c.county_code AND g.code = c.grid_code
WHERE c.county_code = $1 AND c.id = $2
"""
_WHISTLE_SIDE = "SELECT place, assemble_at, complex, plan_until FROM whistle WHERE county_code = $1 AND id = $2"
_KEEP_DUES = """
UPDATE assignment SET acknowledge_due_at = $3, arrive_due_at = $4, first_report_due_at = $5, result_due_at = $6
WHERE county_code = $1 AND id = $2
"""
_KEEP_ARRIVE_DUE = "UPDATE assignment SET arrive_due_at = $3 WHERE county_code = $1 AND id = $2"


@dataclass(frozen=True)
class CaseDue:
    """By when the case itself is due, and whether that is a limit of the dispatch catalogue's, which overrides others."""

    due: Due
    by_catalogue: bool


@dataclass(frozen=True)
class Notice:
    """What a dispatch or a whistle demands of the organizations that it names."""

    case: CaseFacts
    whistle: WhistleFacts | None
    limits: WhistleLimits
    title: str
    place: str | None
    arrive: Due | None
    arrive_limit: Limit | None
    result: Limit | None
    case_due: CaseDue | None
    at_sea: bool = False

    @property
    def whistle_id(self) -> UUID | None:
        """The whistle by which the notice comes; None for a dispatch."""
        return None if self.whistle is None else self.whistle.id

    @property
    def hook(self) -> str:
        """The hook that the departments hear."""
        return "on_dispatch" if self.whistle is None else "on_whistle"

    @property
    def rule(self) -> str:
        """Where the clocks' limits come from."""
        return "dispatch" if self.whistle is None else f"whistles.{self.whistle.kind}"

    def demands_arrival(self, role: AssignmentRole) -> bool:
        """Whether an organization in this role has to come 到场."""
        return self.whistle is not None and role is not AssignmentRole.INFORM


_NO_DUES: tuple[datetime | None, ...] = (None, None, None, None)


@dataclass(frozen=True)
class Call:
    """What an assignment begins with: its clocks and their dues (to sign for it, to arrive, the first report, the result),
    and the message to the duty phone.
    """

    assignment_id: UUID
    clocks: Sequence[Mapping[str, Any]]
    dues: tuple[datetime | None, ...]
    duty: DutyCall
    text: str


async def notice_of(tx: Transaction, case: CaseFacts, whistle: WhistleFacts | None) -> Notice:
    """What the whistle demands; without one, what an ordinary dispatch demands (the ROUTINE limits, and no arrival)."""
    side = await tx.connection.fetchrow(_CASE_SIDE, tx.county, case.id)
    assert side is not None
    if whistle is None:
        limits = tx.ground.rulebook.whistles.of(WhistleKind.ROUTINE)
        result = limits.result_for(case.urgency)
        case_due = _case_due(side)
        return Notice(case, None, limits, side["title"], side["address"], None, None, result, case_due)
    own = await tx.connection.fetchrow(_WHISTLE_SIDE, tx.county, whistle.id)
    assert own is not None
    limits = tx.ground.rulebook.whistles.of(whistle.kind)
    arrive, arrive_limit = _arriving(tx, limits, own["assemble_at"], side)
    result = limits.result_for(Urgency.COMPLEX if own["complex"] else case.urgency)
    place = own["place"] or side["address"]
    planned = _planned(own["plan_until"], side) if result is None else None
    return Notice(case, whistle, limits, side["title"], place, arrive, arrive_limit, result, planned, side["at_sea"])


def _planned(plan_until: datetime | None, side: Any) -> CaseDue | None:
    """The result "by plan" (C.5 rule 5): when the plan says, else with the case, unless its clock is paused."""
    if plan_until is not None:
        return CaseDue(Due(plan_until, provisional=False, counted=()), by_catalogue=False)
    if side["due_at"] is None:
        return None
    return CaseDue(Due(side["due_at"], side["due_provisional"], ()), by_catalogue=False)


def _case_due(side: Any) -> CaseDue | None:
    """The case's own due; None while its clock is paused and promises none."""
    if side["due_at"] is None:
        return None
    return CaseDue(Due(side["due_at"], side["due_provisional"], ()), (side["rule"] or "").startswith(CATALOGUE))


def call_for(tx: Transaction, notice: Notice, assignment_id: UUID, role: AssignmentRole, duty: DutyCall) -> Call:
    """The call by which an organization hears of its assignment. INFORM has no clocks: it is only read."""
    started: Sequence[Mapping[str, Any]] = ()
    dues = _NO_DUES
    if role is not AssignmentRole.INFORM:
        started, dues = _clocks(tx, notice, assignment_id, duty.organization_code)
    return Call(assignment_id, started, dues, duty, _text(notice, role, dues)[: tx.ground.rulebook.texts.message])


async def give(tx: Transaction, notice: Notice, calls: Sequence[Call]) -> None:
    """Start the clocks of all that are called, keep their dues, and send the messages to the duty phones."""
    await clocks.start_rows(tx, [clock for call in calls for clock in call.clocks])
    dues = [(tx.county, call.assignment_id, *call.dues) for call in calls if call.clocks]
    if dues:
        await tx.connection.executemany(_KEEP_DUES, dues)
    told = [(call.duty, call.text) for call in calls]
    await messages.call_duty_phones(tx, notice.case.id, notice.whistle_id, told, MessageKind.WHISTLE)


async def await_arrival_anew(
    tx: Transaction, case: CaseFacts, whistle: WhistleFacts | None, assignment_id: UUID
) -> None:
    """Let an arrival clock that was held go on with its whole limit, as the notice demanded it, from now."""
    notice = await notice_of(tx, case, whistle)
    if notice.arrive is None:
        return
    to = clocks.Reckoning(tx.now, notice.arrive, notice.arrive_limit, f"{notice.rule}.arrive")
    await clocks.change_assignment(tx, ClockKind.ARRIVE, case.id, assignment_id, case.round, to)
    await clocks.go_on(tx, case.id, ClockKind.ARRIVE, assignment_id)
    await tx.connection.execute(_KEEP_ARRIVE_DUE, tx.county, assignment_id, notice.arrive.at)


async def give_agent(tx: Transaction, notice: Notice, assignment_id: UUID, organization_code: str) -> datetime | None:
    """Start the one clock of an agent's assignment 全程代办, the result's as of a dispatch; answers its due instant.

    There is nothing to sign for, and nobody is demanded at the scene.
    """
    reckoned, limit = _result(tx, notice)
    if reckoned is None:
        return None
    await clocks.start_at(
        tx, ClockKind.RESULT, notice.case.id, reckoned, f"{notice.rule}.result", limit=limit, assignment_id=assignment_id,
        organization_code=organization_code, case_round=notice.case.round,
    )  # fmt: skip
    await tx.connection.execute(_KEEP_DUES, tx.county, assignment_id, None, None, None, reckoned.at)
    return reckoned.at


async def await_next_report(tx: Transaction, facts: AssignmentFacts) -> None:
    """Start the clock of the next report of a whistle that wants them at a cycle (C.5 rule 5), from now: from the report just
    made, or from the return of the result, for while that was looked at none was owed.
    """
    kind = facts.whistle_kind
    cycle = None if kind is None else tx.ground.rulebook.whistles.of(kind).report_cycle
    if cycle is None:
        return
    await clocks.start(
        tx, ClockKind.PROGRESS_REPORT, facts.case.id, cycle, f"whistles.{kind}.report_cycle", whistle_id=facts.whistle_id,
        assignment_id=facts.id, organization_code=facts.organization_code, case_round=facts.round,
    )  # fmt: skip


async def end(tx: Transaction, case_id: UUID, assignment_id: UUID) -> None:
    """Stop every clock of an assignment: it ended, or is called anew."""
    await clocks.stop(tx, case_id, *CLOCKS, assignment_id=assignment_id)


async def follow_case(
    tx: Transaction, case: CaseFacts, urgency: Urgency, handling: StoredClock, decider: Decider, *, made_safe: bool
) -> list[Moved]:
    """Reckon the result clocks of the dispatched organizations anew when the case was classed anew: theirs follow it.

    ``handling``: the case's clock by its new class. The clocks of a whistle are its own and stay, but for those of an
    emergency that was ``made_safe``: what is left is the permanent repair, in the case's new time (C.5 rule 8). As for the
    case no due is set in the past, and what is overdue stays so.
    """
    limit = tx.ground.rulebook.whistles.of(WhistleKind.ROUTINE).result_for(urgency)
    case_due = CaseDue(Due(handling.due_at, handling.provisional, ()), by_catalogue=False)
    moved = []
    for assignment in owing(case.active):
        clock = await stored_clocks.newest(tx, ClockKind.RESULT, case.id, case.round, assignment.id)
        own_clocks = assignment.whistle_id is not None and not (
            made_safe and await _is_emergency(tx, assignment.whistle_id)
        )
        if own_clocks or clock is None:
            continue
        # Where the case counts from now, so do they.
        to = _followed(tx, clock, max(clock.started_at, handling.started_at), limit, case_due)
        if to is not None:
            moved.append(await clocks.change_to(tx, clock, to, decider=decider))
    return moved


def _followed(
    tx: Transaction, clock: StoredClock, begun: datetime, limit: Limit | None, case_due: CaseDue
) -> clocks.Reckoning | None:
    """How a result clock is reckoned anew; None: it stays."""
    reckoned, by = _result_due(tx, begun, limit, case_due)
    if reckoned is not None and clock.lies_behind(reckoned.at, tx.now):
        if clock.lies_behind(clock.due_at, tx.now):
            return None
        begun = tx.now
        reckoned, by = _result_due(tx, begun, limit, case_due)
    return None if reckoned is None else clocks.Reckoning(begun, reckoned, by, "dispatch.result")


async def _is_emergency(tx: Transaction, whistle_id: UUID) -> bool:
    kind: str = await tx.connection.fetchval(_WHISTLE_KIND, tx.county, whistle_id)
    return kind == WhistleKind.EMERGENCY


def _arriving(
    tx: Transaction, limits: WhistleLimits, assemble_at: datetime | None, side: Any
) -> tuple[Due | None, Limit | None]:
    """When to arrive: at the assembly time while it is to come, else by the kind's limit, at sea by the sea grid's own."""
    if limits.arrive_at_assembly and assemble_at is not None and assemble_at > tx.now:
        return Due(assemble_at, provisional=False, counted=()), None
    minutes = side["sea_arrive_minutes"]
    sea_limit = Limit(DeadlineUnit.MINUTE, minutes) if minutes else None
    limit = limits.arrive_for(at_sea=bool(side["at_sea"]), sea_grid_limit=sea_limit)
    return (None, None) if limit is None else (_due(tx, limit), limit)


def _clocks(
    tx: Transaction, notice: Notice, assignment_id: UUID, organization_code: str
) -> tuple[Sequence[Mapping[str, Any]], tuple[datetime | None, ...]]:
    """The clocks with their dues. They start now, which for those named when a whistle is blown is ``blown_at`` (C.5 rule 1)."""
    limits = notice.limits
    planned: list[tuple[ClockKind, datetime, Due | None, Limit | None]] = [
        (ClockKind.ACKNOWLEDGE, tx.now, _due(tx, limits.acknowledge), limits.acknowledge),
        (ClockKind.ARRIVE, tx.now, notice.arrive, notice.arrive_limit),
        (ClockKind.FIRST_REPORT, *_first_report(tx, notice)),
        (ClockKind.RESULT, tx.now, *_result(tx, notice)),
    ]
    reckonings = {
        kind: clocks.Reckoning(begun, reckoned, limit, f"{notice.rule}.{kind.value.lower()}")
        for kind, begun, reckoned, limit in planned
        if reckoned is not None
    }
    own = clocks.Owner(notice.case.id, notice.case.round, notice.whistle_id, assignment_id, organization_code)
    dues = tuple(None if reckoned is None else reckoned.at for _, _, reckoned, _ in planned)
    return clocks.rows(tx, own, reckonings), dues


def _first_report(tx: Transaction, notice: Notice) -> tuple[datetime, Due | None, Limit | None]:
    """A dispatch without a whistle demands no report before the result.

    At sea the limit runs from when they must have arrived: nobody reports from a scene that is hours away.
    """
    limit = notice.limits.first_report
    if notice.whistle is None or limit is None:
        return tx.now, None, None
    begun = max(tx.now, notice.arrive.at) if notice.at_sea and notice.arrive is not None else tx.now
    return begun, _due(tx, limit, begun), limit


def _result(tx: Transaction, notice: Notice) -> tuple[Due | None, Limit | None]:
    return _result_due(tx, tx.now, notice.result, notice.case_due)


def _result_due(
    tx: Transaction, begun: datetime, limit: Limit | None, case_due: CaseDue | None
) -> tuple[Due | None, Limit | None]:
    """The earlier of the limit's end and the case's own due, unless that had passed when the organization was called.

    A limit of the dispatch catalogue overrides the others (C.5 rule 4): then the result is due with the case.
    """
    reckoned = None if limit is None else _due(tx, limit, begun)
    if case_due is None or case_due.due.at <= begun:
        return reckoned, limit
    if case_due.by_catalogue or reckoned is None or case_due.due.at < reckoned.at:
        return case_due.due, None
    return reckoned, limit


def _due(tx: Transaction, limit: Limit, begun: datetime | None = None) -> Due:
    return due(begun or tx.now, limit, tx.ground.calendar, tx.ground.rulebook.work_time)


def _text(notice: Notice, role: AssignmentRole, dues: tuple[datetime | None, ...]) -> str:
    head = f"【{notice.whistle.kind.label}】" if notice.whistle else "【派单】"
    parts = [f"{head}案件{notice.case.number}：{notice.title}", f"贵单位为{role.label}单位"]
    if notice.place and notice.whistle:
        parts.append(f"地点：{notice.place}")
    parts += [
        f"请于{wording.until(at)}{what}"
        for at, what in zip(dues, _asked_for(notice), strict=True)
        if at is not None and what
    ]
    if notice.whistle is None and dues[-1] is not None:
        parts.append(f"请于{wording.until(dues[-1])}反馈办结")
    return "；".join(parts) + "。"


def _asked_for(notice: Notice) -> tuple[str | None, ...]:
    """What the message asks to be done by each of the dues: a dispatch is signed for 签收, a whistle answered 应哨."""
    return ("签收" if notice.whistle is None else "应哨", "到场", None, None)
