"""Taking a stage of the ladder 督办 (reference C.6, C.1.4 Supervision): the entry in the history, the record, and who is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands import messages
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.ladder import recipients
from shaodao.domain.vocabulary import ClockKind, EscalationStage, MessageKind, Recipient, Role, WhistleKind

_ORGANIZATION = "SELECT code, name, duty_phone, is_vertical FROM organizations WHERE code = $1"
_DESK = """
SELECT o.code, o.name, o.duty_phone
FROM case_file c JOIN dispatch_desk d ON d.street_code = c.street_code JOIN organizations o ON o.code = d.organization_code
WHERE c.county_code = $1 AND c.id = $2
"""
_NUMBER = "SELECT number FROM case_file WHERE county_code = $1 AND id = $2"
_INFORM_COUNTY = """
UPDATE case_file SET county_informed_at = coalesce(county_informed_at, $3) WHERE county_code = $1 AND id = $2
"""
_TAKE = """
INSERT INTO supervision (
    county_code, id, case_id, deadline_id, assignment_id, whistle_id, organization_code, street_code, community_code, grid_code,
    stage, clock, reason, recipients, due_at, issued_at, late_seconds
)
SELECT $1, $2, $3, $4, $5, $6, $7, street_code, community_code, grid_code, $8, $9, $10, $11, $12, $13, $14
FROM case_file WHERE county_code = $1 AND id = $3
"""
_INVESTIGATED = """
SELECT EXISTS (
    SELECT FROM supervision
    WHERE county_code = $1 AND case_id = $2 AND assignment_id = $3 AND stage = 'DISTRICT_INVESTIGATION' AND ended_at IS NULL
)
"""

EVENTS = {
    EscalationStage.REMIND: "remind", EscalationStage.URGE: "urge", EscalationStage.OVERDUE: "deadlinePassed",
    EscalationStage.WARN_COUNTY: "warnCounty", EscalationStage.SUPERVISE: "supervise", EscalationStage.CIRCULAR: "circulate",
    EscalationStage.DISTRICT_INVESTIGATION: "investigate", EscalationStage.NO_SHOW: "noShow",
}  # fmt: skip
"""What each stage of the ladder is called in the history."""

_TO_COUNTY = {Recipient.COUNTY_GRID_OFFICE, Recipient.DISTRICT_GOVERNMENT}
# It hears of these by its own hooks; a warning of the county is none of its business.
_HOOKS = {
    EscalationStage.REMIND: "on_urge", EscalationStage.URGE: "on_urge", EscalationStage.OVERDUE: "on_overdue",
    EscalationStage.SUPERVISE: "on_urge", EscalationStage.CIRCULAR: "on_urge",
    EscalationStage.DISTRICT_INVESTIGATION: "on_urge", EscalationStage.NO_SHOW: "on_overdue",
}  # fmt: skip


@dataclass(frozen=True)
class Against:
    """The assignment that a stage is taken against; ``agent``: it is an agent's 代办人."""

    assignment_id: UUID
    organization_code: str
    whistle_id: UUID | None = None
    whistle_kind: WhistleKind | None = None
    agent: bool = False


@dataclass(frozen=True)
class Measure:
    """A stage that is taken, why, and by which clock; None: by none, such as for a second return.

    ``hearers``: whose departments hear of a stage that is taken against nobody.
    """

    stage: EscalationStage
    reason: str
    clock: ClockKind | None = None
    deadline_id: UUID | None = None
    due_at: datetime | None = None
    late_seconds: int = 0
    payload: Mapping[str, Any] = field(default_factory=dict)
    hearers: Sequence[Hearer] = ()


async def take(tx: Transaction, case_id: UUID, measure: Measure, against: Against | None) -> None:
    """Take a stage: a line of the history, the record of who hears of it, and calls to the phones of those who have one.

    The county sees the case from the first stage on that it hears of (C.7).
    """
    told = await _recipients(tx, measure, against)
    if _TO_COUNTY & set(told):
        await tx.connection.execute(_INFORM_COUNTY, tx.county, case_id, tx.now)
    await tx.connection.execute(
        _TAKE, tx.county, tx.new_id(), case_id, measure.deadline_id, against and against.assignment_id,
        against and against.whistle_id, against and against.organization_code, str(measure.stage),
        measure.clock and str(measure.clock), measure.reason, [str(one) for one in told], measure.due_at, tx.now,
        measure.late_seconds,
    )  # fmt: skip
    await record(tx, case_id, _entry(measure, against))
    await _call(tx, case_id, measure, against, told)


async def investigate(tx: Transaction, case_id: UUID, against: Against, measure: Measure) -> None:
    """Ask the district to investigate 调查督办, once while the matter stands (C.6): for not coming, or a second return."""
    if not await tx.connection.fetchval(_INVESTIGATED, tx.county, case_id, against.assignment_id):
        await take(tx, case_id, measure, against)


async def _recipients(tx: Transaction, measure: Measure, against: Against | None) -> Sequence[Recipient]:
    if against is None:
        return recipients(measure.stage, called=bool(measure.hearers))
    organization = await tx.connection.fetchrow(_ORGANIZATION, against.organization_code)
    assert organization is not None, "an assignment is an organization's"
    return recipients(
        measure.stage, called=True, by_whistle=against.whistle_id is not None, agent=against.agent,
        vertical=organization["is_vertical"],
    )  # fmt: skip


def _entry(measure: Measure, against: Against | None) -> Entry:
    hook = _HOOKS.get(measure.stage)
    payload = {"stage": measure.stage, **measure.payload} | ({"text": measure.reason} if hook == "on_urge" else {})
    if against is None:
        return Entry(
            EVENTS[measure.stage], measure.reason, role=Role.SYSTEM, payload=payload, hearers=measure.hearers
        )  # fmt: skip
    hearers = () if hook is None else (Hearer(against.assignment_id, against.organization_code, hook),)
    return Entry(
        EVENTS[measure.stage], measure.reason, role=Role.SYSTEM, payload=payload, hearers=hearers,
        organization_code=against.organization_code, assignment_id=against.assignment_id, whistle_id=against.whistle_id,
    )  # fmt: skip


async def _call(
    tx: Transaction, case_id: UUID, measure: Measure, against: Against | None, told: Sequence[Recipient]
) -> None:
    """Write to the duty phones: the organization's for its head, in an emergency the dispatch desk's too."""
    emergency = against is not None and against.whistle_kind is WhistleKind.EMERGENCY
    calls: list[DutyCall] = []
    if against is not None and _reaches_head(measure.stage, told):
        row = await tx.connection.fetchrow(_ORGANIZATION, against.organization_code)
        assert row is not None
        calls.append(DutyCall(row["code"], row["name"], row["duty_phone"]))
    if emergency and Recipient.STREET_DISPATCHER in told:
        row = await tx.connection.fetchrow(_DESK, tx.county, case_id)
        calls += [] if row is None else [DutyCall(row["code"], row["name"], row["duty_phone"])]
    if calls:
        kind = MessageKind.ALARM if emergency else MessageKind.SUPERVISION
        number = await tx.connection.fetchval(_NUMBER, tx.county, case_id)
        text = f"【{measure.stage.label}】案件{number}：{measure.reason}。"[: tx.ground.rulebook.texts.message]
        whistle_id = None if against is None else against.whistle_id
        await messages.call_duty_phones(tx, case_id, whistle_id, [(call, text) for call in calls], kind)


def _reaches_head(stage: EscalationStage, told: Sequence[Recipient]) -> bool:
    """Its head is written to, also of what the county or the district does about the organization."""
    return Recipient.DEPARTMENT_HEAD in told or stage in (
        EscalationStage.CIRCULAR, EscalationStage.DISTRICT_INVESTIGATION, EscalationStage.NO_SHOW,
    )  # fmt: skip
