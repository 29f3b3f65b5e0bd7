"""The notice 通知 to an organization: which clocks start with it (reference C.5 rule 5) and the message to its duty phone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands import clocks, messages
from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import DeadlineUnit, Due, Limit, due
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.rulebook import WhistleLimits
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, Urgency, WhistleKind

CLOCKS = (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, ClockKind.FIRST_REPORT, ClockKind.RESULT)
"""The clocks of an assignment."""

_CASE_SIDE = """
SELECT c.title, c.address, c.due_at, g.kind = 'SEA' AS at_sea, g.sea_arrive_minutes
FROM case_file c LEFT JOIN grid g ON g.county_code = c.county_code AND g.code = c.grid_code
WHERE c.county_code = $1 AND c.id = $2
"""
_WHISTLE_SIDE = "SELECT place, assemble_at, complex FROM whistle WHERE county_code = $1 AND id = $2"
_KEEP_DUES = """
UPDATE assignment SET acknowledge_due_at = $3, arrive_due_at = $4, first_report_due_at = $5, result_due_at = $6
WHERE county_code = $1 AND id = $2
"""


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
    case_due_at: datetime | None

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


async def notice_of(tx: Transaction, case: CaseFacts, whistle: WhistleFacts | None) -> Notice:
    """What the whistle demands; without one, what an ordinary dispatch demands (the ROUTINE limits, and no arrival)."""
    side = await tx.connection.fetchrow(_CASE_SIDE, tx.county, case.id)
    assert side is not None
    if whistle is None:
        limits = tx.ground.rulebook.whistles.of(WhistleKind.ROUTINE)
        result = limits.result_for(case.urgency)
        return Notice(case, None, limits, side["title"], side["address"], None, None, result, side["due_at"])
    own = await tx.connection.fetchrow(_WHISTLE_SIDE, tx.county, whistle.id)
    assert own is not None
    limits = tx.ground.rulebook.whistles.of(whistle.kind)
    arrive, arrive_limit = _arriving(tx, limits, own["assemble_at"], side)
    result = limits.result_for(Urgency.COMPLEX if own["complex"] else case.urgency)
    place = own["place"] or side["address"]
    return Notice(case, whistle, limits, side["title"], place, arrive, arrive_limit, result, None)


async def give(tx: Transaction, notice: Notice, assignment_id: UUID, role: AssignmentRole, duty: DutyCall) -> None:
    """Start an assignment's clocks and send the message to the duty phone. INFORM has no clocks: it is only read."""
    dues: tuple[datetime | None, ...] = (None, None, None, None)
    if role is not AssignmentRole.INFORM:
        dues = await _start_clocks(tx, notice, assignment_id, duty.organization_code)
        await tx.connection.execute(_KEEP_DUES, tx.county, assignment_id, *dues)
    text = _text(notice, role, dues)[: tx.ground.rulebook.texts.message]
    await messages.call_duty_phone(tx, notice.case.id, notice.whistle_id, duty, text)


async def end(tx: Transaction, case_id: UUID, assignment_id: UUID) -> None:
    """Stop every clock of an assignment: it ended, or is called anew."""
    await clocks.stop(tx, case_id, *CLOCKS, assignment_id=assignment_id)


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


async def _start_clocks(
    tx: Transaction, notice: Notice, assignment_id: UUID, organization_code: str
) -> tuple[datetime | None, ...]:
    """Start the clocks from now, which for those named when a whistle is blown is ``blown_at`` (C.5 rule 1)."""
    limits = notice.limits
    planned: list[tuple[ClockKind, Due | None, Limit | None]] = [
        (ClockKind.ACKNOWLEDGE, _due(tx, limits.acknowledge), limits.acknowledge),
        (ClockKind.ARRIVE, notice.arrive, notice.arrive_limit),
        (ClockKind.FIRST_REPORT, *_first_report(tx, notice)),
        (ClockKind.RESULT, *_result(tx, notice)),
    ]
    for kind, reckoned, limit in planned:
        if reckoned is not None:
            await clocks.start_at(
                tx, kind, notice.case.id, reckoned, f"{notice.rule}.{kind.value.lower()}", limit=limit, whistle_id=notice.whistle_id,
                assignment_id=assignment_id, organization_code=organization_code, case_round=notice.case.round,
            )  # fmt: skip
    return tuple(None if reckoned is None else reckoned.at for _, reckoned, _ in planned)


def _first_report(tx: Transaction, notice: Notice) -> tuple[Due | None, Limit | None]:
    """A dispatch without a whistle demands no report before the result."""
    limit = notice.limits.first_report
    return (None, None) if notice.whistle is None or limit is None else (_due(tx, limit), limit)


def _result(tx: Transaction, notice: Notice) -> tuple[Due | None, Limit | None]:
    if notice.result is None:
        return None, None
    reckoned = _due(tx, notice.result)
    if notice.case_due_at is not None and tx.now < notice.case_due_at < reckoned.at:
        return Due(notice.case_due_at, reckoned.provisional, ()), None
    return reckoned, notice.result


def _due(tx: Transaction, limit: Limit) -> Due:
    return due(tx.now, limit, tx.ground.calendar, tx.ground.rulebook.work_time)


def _text(notice: Notice, role: AssignmentRole, dues: tuple[datetime | None, ...]) -> str:
    head = f"【{notice.whistle.kind.label}】" if notice.whistle else "【派单】"
    parts = [f"{head}案件{notice.case.number}：{notice.title}", f"贵单位为{role.label}单位"]
    if notice.place and notice.whistle:
        parts.append(f"地点：{notice.place}")
    parts += [
        f"请于{_shown(at)}前{what}" for at, what in zip(dues, ("应哨", "到场", None, None), strict=True) if at and what
    ]
    return "；".join(parts) + "。"


def _shown(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日{local:%H:%M}"
