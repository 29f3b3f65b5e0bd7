"""An assignment's own steps 报到 (reference C.4): from signing for it to leaving; reports have modules of their own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shaodao.commands import clocks, notices
from shaodao.commands.blowing import settle
from shaodao.commands.checking import checked_text, only_text, optional_text
from shaodao.commands.facts import lock_assignment
from shaodao.commands.places import PointInput, canonical_point
from shaodao.commands.progress import advance
from shaodao.commands.steps import AssignmentStep, assignment_outcome, record_assignment
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.coordinates import Point
from shaodao.domain.deadlines import overdue
from shaodao.domain.errors import Faults
from shaodao.domain.facts import AssignmentFacts
from shaodao.domain.geometry import distance_metres
from shaodao.domain.identity import contains_personal_pattern
from shaodao.domain.vocabulary import AssignmentState, ClockKind, Role

_ACKNOWLEDGE = """
UPDATE assignment SET state = 'ACKNOWLEDGED', acknowledged_at = $3, acknowledged_by = $4, acknowledged_for = $5, persons = $6,
    late_acknowledge = $7, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
# An arrival implies signing for it. What the dispatcher wrote down has no arrived_by: she is no handler.
_ARRIVE = """
UPDATE assignment SET state = 'ARRIVED', arrived_at = $3, arrived_by = CASE WHEN $5::text IS NULL THEN $4::uuid END,
    arrival_point = $6, arrival_proof = $7, late_arrive = $8, late_acknowledge = late_acknowledge OR $9,
    acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN $4::uuid ELSE acknowledged_by END,
    acknowledged_for = CASE WHEN acknowledged_at IS NULL THEN $5::text ELSE acknowledged_for END,
    acknowledged_at = coalesce(acknowledged_at, $3), version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_CONFIRM_ARRIVAL = """
UPDATE assignment SET arrival_proof = 'STREET', version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2
"""
_MOVE = """
UPDATE assignment SET state = $3,
    started_at = CASE WHEN $3 = 'HANDLING' THEN coalesce(started_at, $4) ELSE started_at END,
    released_at = CASE WHEN $3 = 'RELEASED' THEN $4 ELSE released_at END,
    excuse_reason = coalesce($5, excuse_reason), version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""
_POINT_OF_CASE = "SELECT point FROM case_file WHERE county_code = $1 AND id = $2 AND point IS NOT NULL"
MOST_PERSONS = 50
"""Keeps a list of names within a row; no department sends more people than that by one assignment."""


async def acknowledge(
    tx: Transaction, assignment_id: UUID, persons: Sequence[str] = (), *, for_person: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Sign for the assignment 应哨, naming who comes; late once the acknowledging clock is due.

    The dispatcher may sign for the organization 代签 and names whom she phoned, ``for_person``. Raises InvalidInput at
    ``persons`` and ``forPerson``, NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("acknowledge", facts, tx.actor)
    faults = Faults()
    phoned = _phoned(tx, faults, facts, "acknowledge", for_person)
    names = _persons(tx, faults, persons, demanded=phoned is None)
    faults.check()
    late = is_late(tx, facts.acknowledge_due_at)
    await tx.connection.execute(
        _ACKNOWLEDGE, tx.county, assignment_id, tx.now, tx.actor.account_id, phoned, names, late
    )  # fmt: skip
    await clocks.stop(tx, facts.case.id, ClockKind.ACKNOWLEDGE, assignment_id=assignment_id)
    text = f"{_who(tx, facts, phoned)}{'签收' if facts.whistle_id is None else '应哨'}{_late(late)}"
    step = AssignmentStep(
        "acknowledge", "acknowledgeAssignment", text, AssignmentState.ACKNOWLEDGED, public=True,
        detail=_remarks(_by_phone(phoned), f"到场人员：{'、'.join(names)}" if names else None),
    )  # fmt: skip
    return await finish(tx, facts, step)


async def read(tx: Transaction, assignment_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Note an INFORM assignment 阅知. Raises NotPermitted, StateConflict."""
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("read", facts, tx.actor)
    await _move(tx, facts, AssignmentState.READ)
    text = f"{facts.called}阅知"
    return await finish(tx, facts, AssignmentStep("read", "readAssignment", text, AssignmentState.READ))


async def arrive(
    tx: Transaction, assignment_id: UUID, point: PointInput | None = None, *, for_person: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Report in on the scene 到场报到, which implies signing for the assignment; late once the arriving clock is due.

    Proof: POINT for a position within the rulebook's ``arrival_radius_metres`` of the case's point; STREET when the
    dispatcher writes down the arrival of ``for_person``; else DECLARED, which the street confirms: nobody who has come is
    sent away, the history says how far off the position was. Raises InvalidInput at ``point`` for a malformed one and at
    ``forPerson``; NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("arrive", facts, tx.actor)
    faults = Faults()
    phoned = _phoned(tx, faults, facts, "arrive", for_person)
    place = canonical_point(faults, "point", point)
    faults.check()
    proof, remark = ("STREET", None) if phoned is not None else await _proof(tx, facts, place)
    late = is_late(tx, facts.arrive_due_at)
    late_acknowledge = facts.acknowledged_at is None and is_late(tx, facts.acknowledge_due_at)
    await tx.connection.execute(
        _ARRIVE, tx.county, assignment_id, tx.now, tx.actor.account_id, phoned,
        None if place is None else (place.longitude, place.latitude), proof, late, late_acknowledge,
    )  # fmt: skip
    await clocks.stop(tx, facts.case.id, ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, assignment_id=assignment_id)
    text = f"{_who(tx, facts, phoned)}到场报到{_late(late)}"
    step = AssignmentStep(
        "arrive", "arriveAtScene", text, AssignmentState.ARRIVED, public=True, payload={"proof": proof},
        detail=_remarks(_by_phone(phoned), remark),
    )  # fmt: skip
    return await finish(tx, facts, step)


async def confirm_arrival(tx: Transaction, assignment_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """The street confirms a declared arrival 确认到场. Raises NotPermitted, StateConflict."""
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("confirmArrival", facts, tx.actor)
    await tx.connection.execute(_CONFIRM_ARRIVAL, tx.county, assignment_id, tx.now)
    text = f"{tx.actor.name}确认{facts.called}已到场"
    return await finish(tx, facts, AssignmentStep("confirmArrival", "confirmArrival", text))


async def start(tx: Transaction, assignment_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Start handling 开始处置; from afar, where that is allowed, it counts as arriving (C.4).

    Raises NotPermitted, StateConflict (also before a demanded arrival).
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("start", facts, tx.actor)
    await _move(tx, facts, AssignmentState.HANDLING)
    await clocks.stop(tx, facts.case.id, ClockKind.ARRIVE, assignment_id=assignment_id)
    text = f"{facts.called}开始处置"
    return await finish(
        tx, facts, AssignmentStep("start", "startHandling", text, AssignmentState.HANDLING, public=True)
    )


async def excuse(tx: Transaction, assignment_id: UUID, reason: str, *, expected_version: int | None = None) -> Outcome:
    """Excuse an organization that is not the LEAD from reporting 免予反馈.

    Raises InvalidInput at ``reason``, NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("excuse", facts, tx.actor)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    await _move(tx, facts, AssignmentState.EXCUSED, why)
    await notices.end(tx, facts.case.id, assignment_id)
    text = f"{tx.actor.name}准许{facts.called}免予反馈"
    step = AssignmentStep(
        "excuse", "excuseAssignment", text, AssignmentState.EXCUSED, hook="on_withdrawn", payload={"reason": why},
        detail=f"原因：{why}",
    )  # fmt: skip
    await record_assignment(tx, facts, step)
    await settle(tx, facts.case.id)
    await advance(tx, facts.case.id, None)
    return await assignment_outcome(tx, assignment_id)


async def release(tx: Transaction, assignment_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Release an organization 离场, not before the whole whistle is VERIFIED: 事不完、人不撤.

    Raises NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("release", facts, tx.actor)
    await _move(tx, facts, AssignmentState.RELEASED)
    text = f"{tx.actor.name}同意{facts.called}离场"
    step = AssignmentStep(
        "release", "releaseAssignment", text, AssignmentState.RELEASED, public=True, hook="on_released"
    )
    return await finish(tx, facts, step)


async def finish(
    tx: Transaction,
    facts: AssignmentFacts,
    step: AssignmentStep,
    *,
    rework: bool = False,
    record_id: UUID | None = None,
) -> Outcome:
    """Record an assignment's step, move its whistle and its case on, and tell where they stand."""
    await record_assignment(tx, facts, step)
    now = await advance(tx, facts.case.id, facts.whistle_id, rework=rework)
    return Outcome(
        county_code=tx.county, case_id=facts.case.id, case_number=facts.case.number, case_state=str(now.case),
        whistle_id=facts.whistle_id, whistle_state=now.whistle and str(now.whistle), assignment_id=facts.id,
        assignment_state=str(step.target or facts.state), record_id=record_id,
    )  # fmt: skip


def is_late(tx: Transaction, due_at: datetime | None) -> bool:
    """Whether what happens now comes after its due instant."""
    return due_at is not None and overdue(tx.now, due_at)


async def _move(
    tx: Transaction, facts: AssignmentFacts, state: AssignmentState, excuse_reason: str | None = None
) -> None:
    await tx.connection.execute(_MOVE, tx.county, facts.id, str(state), tx.now, excuse_reason)


def _phoned(tx: Transaction, faults: Faults, facts: AssignmentFacts, action: str, for_person: str | None) -> str | None:
    """Whom the dispatcher phoned when she does the step for the organization; None when its own handler does it."""
    if ASSIGNMENT_MACHINE.acting_role(action, facts, tx.actor) is Role.STREET_DISPATCHER:
        # The sentence is public: a name will do, a phone is nobody's business.
        if contains_personal_pattern(for_person or ""):
            faults.add("forPerson", "只写姓名，不写电话或证件号码", "a name only, no phone or identity number")
        return checked_text(faults, "forPerson", for_person or "", tx.ground.rulebook.texts.name)
    if optional_text(faults, "forPerson", for_person, tx.ground.rulebook.texts.name) is not None:
        faults.add("forPerson", "仅指挥中心代签时填写", "only the dispatcher acts for somebody")
    return None


def _persons(tx: Transaction, faults: Faults, persons: Sequence[str], *, demanded: bool) -> list[str]:
    if demanded and not persons:
        faults.add("persons", "须写明到场人员", "at least one person must be named")
    if len(persons) > MOST_PERSONS:
        faults.add("persons", f"最多{MOST_PERSONS}人", f"at most {MOST_PERSONS} persons")
    limit = tx.ground.rulebook.texts.name
    return [checked_text(faults, f"persons.{index}", name, limit) for index, name in enumerate(persons[:MOST_PERSONS])]


async def _proof(tx: Transaction, facts: AssignmentFacts, place: Point | None) -> tuple[str, str | None]:
    """How the arrival is proven, and what to say of a position that is too far away."""
    scene = await tx.connection.fetchval(_POINT_OF_CASE, tx.county, facts.case.id)
    if place is None or scene is None:
        return "DECLARED", None
    away = distance_metres(place, Point(scene.x, scene.y))
    if away > tx.ground.rulebook.arrival_radius_metres:
        return "DECLARED", f"定位距案件地点{away:.0f}米，待街道确认"
    return "POINT", None


def _who(tx: Transaction, facts: AssignmentFacts, phoned: str | None) -> str:
    return f"{facts.called}" if phoned is None else f"{tx.actor.name}代{facts.called}"


def _by_phone(phoned: str | None) -> str | None:
    return None if phoned is None else f"电话联系{phoned}"


def _remarks(*remarks: str | None) -> str | None:
    return "，".join(remark for remark in remarks if remark) or None


def _late(late: bool) -> str:
    return "（超时）" if late else ""
