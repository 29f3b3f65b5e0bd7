"""What an operator does about deliveries: redeliver, skip with a reason, pause and resume a department (design: delivery).

The case is locked first, then its lane, as every command and the courier do. Each act raises the lane's token: a worker that
is at the delivery meanwhile can no longer settle it.
"""

from dataclasses import dataclass
from uuid import UUID

from shaodao.commands import pause_notes
from shaodao.commands.checking import only_text
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import DeliveryHold, Outcome, Transaction
from shaodao.domain.case_vocabulary import HoldCause, LaneState
from shaodao.domain.delivery import HOOK_LABELS, may_steer_department, may_steer_lane
from shaodao.domain.errors import NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import Role

_LOCK_CASE = """
SELECT id, number, state, street_code FROM case_file WHERE county_code = $1 AND number = $2 FOR UPDATE
"""
_LOCK_LANE = """
SELECT department, state FROM lane
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 FOR UPDATE
"""
_HEAD = """
SELECT d.seq, d.assignment_id, d.hook, d.attempts, d.last_error, d.created_at,
    (SELECT o.name FROM organizations o WHERE o.code = d.organization_code) AS organization
FROM delivery d WHERE d.county_code = $1 AND d.organization_code = $2 AND d.case_id = $3 ORDER BY d.seq LIMIT 1
"""
_ANEW = (
    "UPDATE delivery SET attempts = 0 WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND seq = $4"
)
_SKIP = "DELETE FROM delivery WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND seq = $4"
_RELEASE = """
UPDATE lane SET holder = NULL, parked = false, losses = 0, due_at = $4, since = $5, head_failed = $6
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
"""
_DROP = "DELETE FROM lane WHERE county_code = $1 AND organization_code = $2 AND case_id = $3"
_LOG = """
INSERT INTO delivery_log (
    county_code, at, id, department, organization_code, case_id, seq, assignment_id, hook, attempt, outcome, error
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'SKIPPED', $11)
"""
_KNOWN = "SELECT 1 FROM departments WHERE name = $1"
_MAKE_STATE = """
INSERT INTO lane_state (county_code, department) VALUES ($1, $2) ON CONFLICT (county_code, department) DO NOTHING
"""
_LOCK_STATE = "SELECT paused FROM lane_state WHERE county_code = $1 AND department = $2 FOR UPDATE"
_HOLD = "SELECT paused, paused_reason, open_until FROM lane_state WHERE county_code = $1 AND department = $2"
_PAUSE = """
UPDATE lane_state SET paused = true, paused_at = $3, paused_by = $4, paused_reason = $5
WHERE county_code = $1 AND department = $2
"""
_NOTE_PAUSE = """
INSERT INTO department_pause (county_code, id, department, paused_by, paused_at, reason) VALUES ($1, $2, $3, $4, $5, $6)
"""
# Whoever resumes a department says that it is well again: what its breaker counted is forgotten.
_RESUME = """
UPDATE lane_state SET paused = false, paused_at = NULL, paused_by = NULL, paused_reason = NULL, failures = 0,
    open_until = NULL
WHERE county_code = $1 AND department = $2
"""
_NOTE_RESUMING = """
UPDATE department_pause SET resumed_by = $3, resumed_at = $4
WHERE county_code = $1 AND department = $2 AND resumed_at IS NULL RETURNING id
"""


@dataclass(frozen=True)
class LaneName:
    """A lane as people name it: the case's number and the organization's code."""

    case_number: str
    organization_code: str


@dataclass(frozen=True)
class _Head:
    """The locked lane and the delivery at its head."""

    case_id: UUID
    case_number: str
    case_state: str
    organization_code: str
    organization: str
    department: str
    role: Role
    state: LaneState
    seq: int
    assignment_id: UUID
    hook: str
    attempts: int


async def redeliver(tx: Transaction, lane: LaneName) -> Outcome:
    """Deliver the head of a lane anew, at once and with all its attempts; a parked lane goes on 重新投递.

    A worker that is at it meanwhile no longer settles it; what its hook did stands once. The outcome tells a pause or breaker of
    the department, which it still waits for. Raises NotFound, NotPermitted.
    """
    head = await _lock_head(tx, lane)
    key = (tx.county, head.organization_code, head.case_id)
    await tx.connection.execute(_ANEW, *key, head.seq)
    await _go_on(tx, head)
    await _record(
        tx,
        head,
        "deliveryRedelivered",
        f"{tx.actor.name}将“{HOOK_LABELS[head.hook]}”重新投递给{head.organization}",
        None,
    )
    outcome = _outcome(tx, head)
    outcome.hold = await _hold(tx, head.department)
    return outcome


async def skip(tx: Transaction, lane: LaneName, *, seq: int, reason: str) -> Outcome:
    """Give up the delivery at the head of a lane: its department never hears of that event, and the lane goes on 跳过投递.

    ``seq`` is the head as the actor saw it. Raises NotFound, NotPermitted, InvalidInput at ``reason``, StateConflict when
    another delivery is at the head by now.
    """
    head = await _lock_head(tx, lane)
    said = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    if seq != head.seq:
        raise StateConflict(
            f"当前待投递的已是第{head.seq}步", f"step {head.seq} is at the head by now", state=str(head.state), version=head.seq
        )  # fmt: skip
    await tx.connection.execute(_SKIP, tx.county, head.organization_code, head.case_id, head.seq)
    await tx.connection.execute(
        _LOG, tx.county, tx.now, tx.new_id(), head.department, head.organization_code, head.case_id, head.seq,
        head.assignment_id, head.hook, head.attempts, said,
    )  # fmt: skip
    await _go_on(tx, head)
    await _record(
        tx, head, "deliverySkipped", f"{tx.actor.name}跳过对{head.organization}的“{HOOK_LABELS[head.hook]}”投递", said
    )
    return _outcome(tx, head)


async def pause(tx: Transaction, department: str, *, reason: str) -> Outcome:
    """Deliver nothing more to a department in the county until it is resumed 暂停投递; hooks at work end as they would.

    Every case in which it is owed something tells it soon after (``shaodao.commands.pause_notes``). Raises NotFound,
    NotPermitted, InvalidInput at ``reason``, StateConflict when it is paused already.
    """
    await _lock_state(tx, department, paused=False)
    said = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    await tx.connection.execute(_PAUSE, tx.county, department, tx.now, tx.actor.account_id, said)
    pause_id = tx.new_id()
    await tx.connection.execute(
        _NOTE_PAUSE, tx.county, pause_id, department, tx.actor.account_id, tx.now, said
    )  # fmt: skip
    await pause_notes.write(tx, pause_id, department, resumed=False)
    return Outcome(county_code=tx.county, record_code=department)


async def resume(tx: Transaction, department: str) -> Outcome:
    """Deliver to a paused department again 恢复投递, also while its breaker holds.

    Every case in which it is owed something by then tells it. Raises NotFound, NotPermitted, StateConflict.
    """
    await _lock_state(tx, department, paused=True)
    await tx.connection.execute(_RESUME, tx.county, department)
    pause_id = await tx.connection.fetchval(_NOTE_RESUMING, tx.county, department, tx.actor.account_id, tx.now)
    if pause_id is not None:
        await pause_notes.write(tx, pause_id, department, resumed=True)
    return Outcome(county_code=tx.county, record_code=department)


async def _lock_head(tx: Transaction, lane: LaneName) -> _Head:
    """Lock the case, then its lane. Whoever may not steer it is told NotFound where nothing is owed, too."""
    missing = NotFound("DeliveryLane", f"{lane.case_number} {lane.organization_code}")
    case = await tx.connection.fetchrow(_LOCK_CASE, tx.county, lane.case_number)
    role = None if case is None else may_steer_lane(tx.actor, case["street_code"])
    if case is None or role is None:
        raise missing
    key = (tx.county, lane.organization_code, case["id"])
    held = await tx.connection.fetchrow(_LOCK_LANE, *key)
    head = await tx.connection.fetchrow(_HEAD, *key)
    if held is None or head is None:
        raise missing
    return _Head(
        case["id"], case["number"], case["state"], lane.organization_code, head["organization"], held["department"], role,
        LaneState[held["state"]], head["seq"], head["assignment_id"], head["hook"],
        head["attempts"],
    )  # fmt: skip


async def _go_on(tx: Transaction, head: _Head) -> None:
    """Make the lane due for whatever is at its head now, or drop it."""
    key = (tx.county, head.organization_code, head.case_id)
    following = await tx.connection.fetchrow(_HEAD, *key)
    if following is None:
        await tx.connection.execute(_DROP, *key)
        return
    failed = following["last_error"] is not None
    await tx.connection.execute(_RELEASE, *key, tx.now, following["created_at"], failed)
    tx.owed.add(head.department)


async def _hold(tx: Transaction, department: str) -> DeliveryHold | None:
    """What keeps the department from hearing of anything now. One whose breaker tries it again is not kept from it."""
    state = await tx.connection.fetchrow(_HOLD, tx.county, department)
    if state is None:
        return None
    if state["paused"]:
        return DeliveryHold(HoldCause.PAUSED, said=state["paused_reason"])
    if state["open_until"] is not None and state["open_until"] > tx.now:
        return DeliveryHold(HoldCause.BREAKER, until=state["open_until"])
    return None


async def _record(tx: Transaction, head: _Head, event: str, text: str, reason: str | None) -> None:
    payload = {"seq": head.seq, "hook": head.hook, "attempts": head.attempts, "state": str(head.state)}
    entry = Entry(
        event, text, detail=reason, organization_code=head.organization_code, assignment_id=head.assignment_id,
        from_state=head.case_state, to_state=head.case_state, payload=payload, role=head.role,
    )  # fmt: skip
    await record(tx, head.case_id, entry)


def _outcome(tx: Transaction, head: _Head) -> Outcome:
    return Outcome(
        county_code=tx.county, case_id=head.case_id, case_number=head.case_number, case_state=head.case_state,
        assignment_id=head.assignment_id,
    )  # fmt: skip


async def _lock_state(tx: Transaction, department: str, *, paused: bool) -> None:
    """Lock the department's state in the county, found ``paused`` or not, for an actor who may steer it."""
    if may_steer_department(tx.actor, tx.county) is None:
        raise NotPermitted(
            "只有县（区）网格办可以暂停或恢复投递", "only the county grid office pauses and resumes departments"
        )
    if await tx.connection.fetchval(_KNOWN, department) is None:
        raise NotFound("Department", department)
    await tx.connection.execute(_MAKE_STATE, tx.county, department)
    if await tx.connection.fetchval(_LOCK_STATE, tx.county, department) != paused:
        now = "已暂停" if not paused else "未暂停"
        english = "is paused already" if not paused else "is not paused"
        raise StateConflict(f"该部门{now}", f"the department {english}", state=now, version=0)
