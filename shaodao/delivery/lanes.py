"""The lanes of the outbox: SQL and the short functions that run it (design: delivery).

One lane for each organization and case that is owed something; ``due_at`` is run-at, backoff and lease in one column. A
token, drawn anew at each claim, fences what a worker says of a lane that another has taken over meanwhile. It is drawn,
not counted: a lane is dropped when nothing is owed and made again for the next event, and a count would begin again.
Every function takes a connection in a transaction, and locks the lane before it looks at the deliveries: in one
statement the look would use a snapshot from before the lock.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from uuid_utils.compat import uuid7

from shaodao.commands.transaction import Connection
from shaodao.domain.delivery import shown_error


class AttemptOutcome(StrEnum):
    """How one attempt of a delivery ended, as ``delivery_log`` keeps it.

    LATER: the department asked for another time. REFUSED: it declined the event. LOST: its worker died or lost the
    lease. FENCED: it ended after another worker, or an operator, had taken the lane over. SKIPPED: an operator gave it up
    (``shaodao.commands.lanes``).
    """

    DONE = "DONE"
    LATER = "LATER"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    PARKED = "PARKED"
    LOST = "LOST"
    FENCED = "FENCED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True)
class LaneKey:
    """Names a lane: an organization and a case of one county."""

    county: int
    organization_code: str
    case_id: UUID


@dataclass(frozen=True)
class Work:
    """Where there is something to deliver, and when the earliest of it is due.

    ``suspect``: work whose worker died of it, or of what ran beside it. It runs alone.
    """

    county: int
    department: str
    due_at: datetime
    suspect: bool = False


@dataclass(frozen=True)
class Delivery:
    """The head of a lane that this worker holds: what to call, the lane's token, and which attempt it is (from 1)."""

    lane: LaneKey
    department: str
    token: int
    seq: int
    assignment_id: UUID
    hook: str
    attempt: int


@dataclass(frozen=True)
class Lease:
    """Who claims and until when; ``in_flight`` are the lanes it is still at work on, which it must not take from itself."""

    worker: str
    now: datetime
    until: datetime
    in_flight: Sequence[LaneKey] = ()


@dataclass(frozen=True)
class LaneRules:
    """How many of a department's lanes run at once in a county, and when a delivery or a department is left alone."""

    in_flight_limit: int = 8
    attempt_limit: int = 8
    breaker_failures: int = 5
    breaker_pause: timedelta = timedelta(seconds=30)


_WORK = """
SELECT l.county_code, l.department, greatest(min(l.due_at), s.open_until) AS due_at, l.losses > 0 AS suspect
FROM lane l LEFT JOIN lane_state s ON s.county_code = l.county_code AND s.department = l.department
WHERE NOT l.parked AND l.department = ANY($1::text[]) AND s.paused IS NOT true
GROUP BY l.county_code, l.department, s.open_until, l.losses > 0 ORDER BY due_at
"""
_MAKE_STATE = """
INSERT INTO lane_state (county_code, department) VALUES ($1, $2)
ON CONFLICT (county_code, department) DO NOTHING
"""
# The lock makes the limit hold for the whole fleet: one claim at a time of a department in a county.
_LOCK_STATE = """
SELECT in_flight_limit, open_until, paused FROM lane_state WHERE county_code = $1 AND department = $2 FOR UPDATE
"""
_RUNNING = """
SELECT count(*) FROM lane
WHERE county_code = $1 AND department = $2 AND NOT parked AND holder IS NOT NULL AND due_at > $3
"""
_TAKE = """
WITH due AS (
    SELECT organization_code, case_id, holder FROM lane
    WHERE county_code = $1 AND department = $2 AND NOT parked AND due_at <= $3 AND (losses > 0) = $9
        AND NOT EXISTS (
            SELECT FROM unnest($4::text[], $5::uuid[]) AS own (organization_code, case_id)
            WHERE own.organization_code = lane.organization_code AND own.case_id = lane.case_id
        )
    ORDER BY due_at LIMIT $6 FOR UPDATE SKIP LOCKED
)
UPDATE lane SET holder = $7, token = $10, due_at = $8, head_failed = head_failed OR due.holder IS NOT NULL
FROM due
WHERE lane.county_code = $1 AND lane.organization_code = due.organization_code AND lane.case_id = due.case_id
RETURNING lane.organization_code, lane.case_id, lane.token, due.holder AS lost_by
"""
_COUNT_ATTEMPTS = """
UPDATE delivery SET attempts = delivery.attempts + 1
FROM unnest($2::text[], $3::uuid[]) AS own (organization_code, case_id)
WHERE delivery.county_code = $1 AND delivery.organization_code = own.organization_code AND delivery.case_id = own.case_id
    AND delivery.seq = (
        SELECT min(head.seq) FROM delivery head
        WHERE head.county_code = $1 AND head.organization_code = own.organization_code AND head.case_id = own.case_id
    )
RETURNING delivery.organization_code, delivery.case_id, delivery.seq, delivery.assignment_id, delivery.hook,
    delivery.attempts
"""
_HELD = """
SELECT 1 FROM lane
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND token = $4 AND holder IS NOT NULL
"""
_LOCK = f"{_HELD} FOR UPDATE"
_DELIVERED = "DELETE FROM delivery WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND seq = $4"
_GO_ON = """
UPDATE lane SET holder = NULL, due_at = $4, since = head.created_at, head_failed = false, losses = 0
FROM (
    SELECT created_at FROM delivery WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
    ORDER BY seq LIMIT 1
) head
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
"""
_DROP = "DELETE FROM lane WHERE county_code = $1 AND organization_code = $2 AND case_id = $3"
_POSTPONE = """
UPDATE lane SET holder = NULL, due_at = $4, losses = 0 WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
"""
_RETRY = """
UPDATE lane SET holder = NULL, due_at = $4, parked = $5, head_failed = true, losses = 0
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3
"""
_NOTE = """
UPDATE delivery SET attempts = attempts - $5, last_error = coalesce($6, last_error)
WHERE county_code = $1 AND organization_code = $2 AND case_id = $3 AND seq = $4
"""
_LOG = """
INSERT INTO delivery_log (
    county_code, at, id, department, organization_code, case_id, seq, assignment_id, hook, attempt, outcome, error,
    milliseconds
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_RENEW = """
UPDATE lane SET due_at = $5 FROM unnest($2::text[], $3::uuid[], $4::bigint[]) AS own (organization_code, case_id, token)
WHERE lane.county_code = $1 AND lane.organization_code = own.organization_code AND lane.case_id = own.case_id
    AND lane.token = own.token AND lane.holder IS NOT NULL
"""
_SUCCEEDED = """
UPDATE lane_state SET failures = 0, open_until = NULL
WHERE county_code = $1 AND department = $2 AND (failures > 0 OR open_until IS NOT NULL)
"""
_FAILED = """
UPDATE lane_state SET failures = failures + 1 WHERE county_code = $1 AND department = $2 RETURNING failures
"""
_OPEN_BREAKER = "UPDATE lane_state SET open_until = $3 WHERE county_code = $1 AND department = $2"
_FAILS_ELSEWHERE = """
SELECT EXISTS (
    SELECT FROM lane WHERE county_code = $1 AND department = $2 AND NOT parked AND head_failed
        AND (organization_code, case_id) <> ($3, $4)
)
"""
_COUNTIES = "SELECT DISTINCT county_code FROM delivery"
_SWEEP = """
INSERT INTO lane (county_code, organization_code, case_id, department, due_at, since, street_code)
SELECT DISTINCT ON (d.organization_code, d.case_id)
    $1::int, d.organization_code, d.case_id, d.department, $2::timestamptz, d.created_at, c.street_code
FROM delivery d JOIN case_file c ON c.county_code = $1 AND c.id = d.case_id
WHERE d.county_code = $1 AND NOT EXISTS (
    SELECT FROM lane l WHERE l.county_code = $1 AND l.organization_code = d.organization_code AND l.case_id = d.case_id
)
ORDER BY d.organization_code, d.case_id, d.seq
ON CONFLICT (county_code, organization_code, case_id) DO UPDATE SET department = excluded.department
"""


async def waiting_work(connection: Connection, departments: Sequence[str]) -> list[Work]:
    """The counties and departments that are owed something, soonest first: the first step of claiming."""
    rows = await connection.fetch(_WORK, departments)
    return [Work(row["county_code"], row["department"], row["due_at"], row["suspect"]) for row in rows]


async def claim(connection: Connection, work: Work, lease: Lease, room: int, rules: LaneRules) -> list[Delivery]:
    """Take due lanes of a department in one county, at most ``room`` and within its limit; answers their heads.

    The attempt is counted here, so that a delivery which kills its workers ends parked too.
    """
    free = await _free_places(connection, work, lease.now, rules)
    if min(room, free) <= 0:
        return []
    taken = await connection.fetch(
        _TAKE, work.county, work.department, lease.now, [lane.organization_code for lane in lease.in_flight],
        [lane.case_id for lane in lease.in_flight], min(room, free), lease.worker, lease.until,
        work.suspect, secrets.randbits(63),
    )  # fmt: skip
    heads = await _heads(connection, work, {(row["organization_code"], row["case_id"]): row["token"] for row in taken})
    lost = {LaneKey(work.county, row["organization_code"], row["case_id"]) for row in taken if row["lost_by"]}
    return [head for head in heads if not await _given_up(connection, head, head.lane in lost, lease.now, rules)]


async def acknowledge(
    connection: Connection, delivery: Delivery, now: datetime, *, milliseconds: int | None = None,
    refusal: str | None = None,
) -> bool:  # fmt: skip
    """The head was handled (or refused): go on with the lane's next delivery, or drop the lane.

    False when another worker has taken the lane over: then nothing is changed but the log.
    """
    outcome = AttemptOutcome.DONE if refusal is None else AttemptOutcome.REFUSED
    if not await _holds(connection, delivery):
        await log_attempt(connection, delivery, now, AttemptOutcome.FENCED, refusal, milliseconds)
        return False
    key = _key(delivery)
    await connection.execute(_DELIVERED, *key, delivery.seq)
    if await connection.execute(_GO_ON, *key, now) == "UPDATE 0":
        await connection.execute(_DROP, *key)
    await connection.execute(_SUCCEEDED, delivery.lane.county, delivery.department)
    await log_attempt(connection, delivery, now, outcome, refusal, milliseconds)
    return True


async def postpone(connection: Connection, delivery: Delivery, until: datetime, now: datetime, reason: str) -> bool:
    """The same delivery again at a time, without using up an attempt. False: taken over by another worker."""
    if not await _holds(connection, delivery):
        await log_attempt(connection, delivery, now, AttemptOutcome.FENCED, reason, None)
        return False
    await connection.execute(_POSTPONE, *_key(delivery), until)
    await connection.execute(_NOTE, *_key(delivery), delivery.seq, 1, None)
    await log_attempt(connection, delivery, now, AttemptOutcome.LATER, reason, None)
    return True


async def fail(
    connection: Connection, delivery: Delivery, retry_at: datetime, now: datetime, error: str,
    milliseconds: int | None, rules: LaneRules,
) -> AttemptOutcome:  # fmt: skip
    """The attempt failed: back off, or park the lane at the limit of attempts.

    Failures in a row of at least two lanes are the department's: its breaker opens and they use up no attempts. One lane
    that fails alone is that delivery's fault, and ends parked.
    """
    error = shown_error(error)
    if not await _holds(connection, delivery):
        await log_attempt(connection, delivery, now, AttemptOutcome.FENCED, error, milliseconds)
        return AttemptOutcome.FENCED
    await connection.execute(_NOTE, *_key(delivery), delivery.seq, 0, error)
    broken = await _breaks(connection, delivery, now, rules)
    parked = not broken and delivery.attempt >= rules.attempt_limit
    outcome = AttemptOutcome.PARKED if parked else AttemptOutcome.FAILED
    await connection.execute(_RETRY, *_key(delivery), retry_at, parked)
    if broken:
        await connection.execute(_NOTE, *_key(delivery), delivery.seq, 1, None)
    await log_attempt(connection, delivery, now, outcome, error, milliseconds)
    return outcome


async def is_held(connection: Connection, delivery: Delivery) -> bool:
    """Whether the worker that claimed the delivery holds its lane still. Nothing is locked: another may claim it right after."""
    return await connection.fetchval(_HELD, *_key(delivery), delivery.token) is not None


async def renew(connection: Connection, county: int, deliveries: Sequence[Delivery], until: datetime) -> None:
    """Lengthen the leases of one county that this worker still holds."""
    await connection.execute(
        _RENEW, county, [each.lane.organization_code for each in deliveries], [each.lane.case_id for each in deliveries],
        [each.token for each in deliveries], until,
    )  # fmt: skip


async def sweep(connection: Connection, now: datetime) -> None:
    """Give every delivery that has no lane one. There should be none; a lost whistle is worse than a needless look."""
    for row in await connection.fetch(_COUNTIES):
        await connection.execute(_SWEEP, row["county_code"], now)


async def log_attempt(
    connection: Connection, delivery: Delivery, now: datetime, outcome: AttemptOutcome,
    error: str | None = None, milliseconds: int | None = None,
) -> None:  # fmt: skip
    """Keep how an attempt ended, as evidence."""
    await connection.execute(
        _LOG, delivery.lane.county, now, uuid7(), delivery.department, delivery.lane.organization_code,
        delivery.lane.case_id, delivery.seq, delivery.assignment_id, delivery.hook, delivery.attempt, str(outcome), error,
        milliseconds,
    )  # fmt: skip


async def _free_places(connection: Connection, work: Work, now: datetime, rules: LaneRules) -> int:
    """How many more lanes of the department may run in the county; one only while its breaker tries it again."""
    state = await connection.fetchrow(_LOCK_STATE, work.county, work.department)
    if state is None:
        await connection.execute(_MAKE_STATE, work.county, work.department)
        state = await connection.fetchrow(_LOCK_STATE, work.county, work.department)
        assert state is not None, "the row was just made"
    if state["paused"] or (state["open_until"] is not None and state["open_until"] > now):
        return 0
    limit: int = 1 if state["open_until"] is not None else state["in_flight_limit"] or rules.in_flight_limit
    running: int = await connection.fetchval(_RUNNING, work.county, work.department, now)
    return limit - running


async def _heads(connection: Connection, work: Work, tokens: dict[tuple[str, UUID], int]) -> list[Delivery]:
    """The first delivery of each lane taken; a lane that has none is dropped."""
    rows = await connection.fetch(_COUNT_ATTEMPTS, work.county, [c for c, _ in tokens], [c for _, c in tokens])
    heads = [
        Delivery(
            LaneKey(work.county, row["organization_code"], row["case_id"]), work.department,
            tokens.pop((row["organization_code"], row["case_id"])), row["seq"], row["assignment_id"], row["hook"],
            row["attempts"],
        )
        for row in rows
    ]  # fmt: skip
    for organization_code, case_id in tokens:
        await connection.execute(_DROP, work.county, organization_code, case_id)
    return heads


async def _given_up(connection: Connection, head: Delivery, lost: bool, now: datetime, rules: LaneRules) -> bool:
    """Log the attempt whose worker died; park the lane when its attempts are used up that way."""
    if not lost:
        return False
    error = "the worker ended, or lost its lease, before the hook did"
    earlier = Delivery(
        head.lane, head.department, head.token, head.seq, head.assignment_id, head.hook, head.attempt - 1
    )
    used_up = head.attempt > rules.attempt_limit
    outcome = AttemptOutcome.PARKED if used_up else AttemptOutcome.LOST
    await connection.execute(_NOTE, *_key(head), head.seq, int(used_up), error)
    await log_attempt(connection, earlier, now, outcome, error, None)
    if used_up:
        await connection.execute(_RETRY, *_key(head), now, True)
    return used_up


async def _breaks(connection: Connection, delivery: Delivery, now: datetime, rules: LaneRules) -> bool:
    county, department = delivery.lane.county, delivery.department
    failures: int = await connection.fetchval(_FAILED, county, department) or 0
    elsewhere = (county, department, delivery.lane.organization_code, delivery.lane.case_id)
    if failures < rules.breaker_failures or not await connection.fetchval(_FAILS_ELSEWHERE, *elsewhere):
        return False
    await connection.execute(_OPEN_BREAKER, county, department, now + rules.breaker_pause)
    return True


async def _holds(connection: Connection, delivery: Delivery) -> bool:
    """Lock the lane, unless another worker has taken it over."""
    return await connection.fetchval(_LOCK, *_key(delivery), delivery.token) is not None


def _key(delivery: Delivery) -> tuple[int, str, UUID]:
    return delivery.lane.county, delivery.lane.organization_code, delivery.lane.case_id
