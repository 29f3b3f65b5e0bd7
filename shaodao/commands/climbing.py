"""What each stage of a ladder does (reference C.6): whom it is taken against, whether it is needed, and its flags."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shaodao.commands import supervising
from shaodao.commands.due_stages import DueStage
from shaodao.commands.history import Hearer
from shaodao.commands.supervising import Against, Measure
from shaodao.commands.transaction import Transaction
from shaodao.commands.wording import stage_sentence
from shaodao.domain.ladder import AGAINST_EACH
from shaodao.domain.vocabulary import CaseState, ClockKind, EscalationStage, WhistleKind

# What still owes its result; of them the LEAD first.
_OWING = """
SELECT a.id, a.organization_code, coalesce('代办人' || p.name, o.name) AS name, a.whistle_id, w.kind AS whistle_kind, a.role,
    a.agent_id IS NOT NULL AS agent, a.state <> 'OBJECTED' AND a.started_at IS NULL AND a.arrived_at IS NULL AS idle,
    EXISTS (
        SELECT FROM report r WHERE r.county_code = $1 AND r.assignment_id = a.id AND r.reported_at >= $4
    ) AS replied
FROM assignment a
JOIN organizations o ON o.code = a.organization_code
JOIN case_file c ON c.county_code = $1 AND c.id = a.case_id AND c.round = a.round
LEFT JOIN whistle w ON w.county_code = $1 AND w.id = a.whistle_id
LEFT JOIN accounts p ON p.id = a.agent_id
WHERE a.county_code = $1 AND a.case_id = $2 AND a.id = coalesce($3, a.id) AND a.role <> 'INFORM'
    AND a.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'OBJECTED', 'ARRIVED', 'HANDLING', 'RETURNED')
ORDER BY a.role = 'LEAD' DESC, a.notified_at, a.id
"""
_CASE_STATE = "SELECT state FROM case_file WHERE county_code = $1 AND id = $2"
_LATE = """
UPDATE assignment SET late_acknowledge = late_acknowledge OR $3, late_arrive = late_arrive OR $4,
    late_report = late_report OR $5, updated_at = $6
WHERE county_code = $1 AND id = $2
"""
_NO_SHOW = "UPDATE assignment SET no_show = true, updated_at = $3 WHERE county_code = $1 AND id = $2"
_NOT_STARTED = (CaseState.REGISTERED, CaseState.ACCEPTED, CaseState.ASSIGNED, CaseState.REOPENED)


@dataclass(frozen=True)
class _Owing:
    """An assignment that owes its result. ``idle``: nobody has begun; ``replied``: it reported since the clock was due."""

    id: UUID
    organization_code: str
    name: str
    whistle_id: UUID | None
    whistle_kind: str | None
    role: str
    agent: bool
    idle: bool
    replied: bool

    @property
    def against(self) -> Against:
        """The assignment as a stage is taken against it."""
        kind = None if self.whistle_kind is None else WhistleKind[self.whistle_kind]
        return Against(self.id, self.organization_code, self.whistle_id, kind, self.agent)


async def climb(tx: Transaction, due: DueStage) -> bool:
    """Take a stage; whether it was needed. Reminded is who has not begun, supervised who has not answered."""
    rows = await tx.connection.fetch(_OWING, tx.county, due.case_id, due.assignment_id, due.clock_due_at)
    owing = [_Owing(**dict(row)) for row in rows]
    if due.clock is ClockKind.HANDLING:
        return await _of_case(tx, due, owing)
    if not owing:
        return False
    [owner] = owing
    if due.stage is EscalationStage.REMIND and not owner.idle:
        return False
    await _flag(tx, due, owner)
    await supervising.take(tx, due.case_id, _measure(tx, due, owner.name), owner.against)
    if due.stage is EscalationStage.NO_SHOW:
        await _investigate_no_show(tx, due, owner)
    return True


async def _of_case(tx: Transaction, due: DueStage, owing: Sequence[_Owing]) -> bool:
    """A stage of the case's own limit. Who is called hears reminders by the clock of its result, not twice."""
    if due.stage is EscalationStage.REMIND and await _has_begun(tx, due.case_id):
        return False
    if due.stage not in AGAINST_EACH or not owing:
        await supervising.take(tx, due.case_id, _measure(tx, due, "案件", _lead_hears(due, owing)), None)
        return True
    silent = [one for one in owing if due.stage is not EscalationStage.SUPERVISE or not one.replied]
    for one in silent:
        measure = _measure(tx, due, one.name)
        if due.stage is EscalationStage.DISTRICT_INVESTIGATION:
            await supervising.investigate(tx, due.case_id, one.against, measure)
        else:
            await supervising.take(tx, due.case_id, measure, one.against)
    return bool(silent)


def _measure(tx: Transaction, due: DueStage, whose: str, hearers: Sequence[Hearer] = ()) -> Measure:
    text = stage_sentence(due.stage, whose, due.clock, due.clock_due_at)
    return Measure(
        due.stage, text, due.clock, due.deadline_id, due.clock_due_at, due.late_seconds(tx.now), due.payload(tx.now), hearers
    )  # fmt: skip


def _lead_hears(due: DueStage, owing: Sequence[_Owing]) -> Sequence[Hearer]:
    """The LEAD's department hears that the case itself is overdue."""
    if due.stage is not EscalationStage.OVERDUE:
        return ()
    return [Hearer(one.id, one.organization_code, "on_overdue") for one in owing if one.role == "LEAD"]


async def _investigate_no_show(tx: Transaction, due: DueStage, owner: _Owing) -> None:
    """未报到 is investigated at once (C.6; 街道办事处条例 44)."""
    text = f"{owner.name}未报到，提请区政府调查督办"
    measure = Measure(
        EscalationStage.DISTRICT_INVESTIGATION, text, due.clock, due.deadline_id, due.clock_due_at,
        due.late_seconds(tx.now), {**due.payload(tx.now), "stage": EscalationStage.DISTRICT_INVESTIGATION},
    )  # fmt: skip
    await supervising.investigate(tx, due.case_id, owner.against, measure)


async def _has_begun(tx: Transaction, case_id: UUID) -> bool:
    state: str = await tx.connection.fetchval(_CASE_STATE, tx.county, case_id)
    return CaseState[state] not in _NOT_STARTED


async def _flag(tx: Transaction, due: DueStage, owner: _Owing) -> None:
    """The flags 迟应、迟到、迟报、未报到; computed marks, so the assignment's version stays."""
    if due.stage is EscalationStage.NO_SHOW:
        await tx.connection.execute(_NO_SHOW, tx.county, owner.id, tx.now)
    late = [due.clock is kind for kind in (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, ClockKind.RESULT)]
    if due.stage is EscalationStage.OVERDUE and any(late):
        await tx.connection.execute(_LATE, tx.county, owner.id, *late, tx.now)
