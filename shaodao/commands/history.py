"""The case's history: every step appends one event, and with it, in the same transaction, what departments must hear."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from shaodao.commands.transaction import Matter, Transaction
from shaodao.domain.identity import redact
from shaodao.domain.vocabulary import AssignmentRole, Role, WhistleKind

# The feed is read in the order of xid and id. A transaction that began to write first may have waited for the case: its step then
# takes the xid of the step before, so that a case's steps stand in the feed as they stand in its history. Its own id may have been
# made before that of the other, or by a machine whose clock lags: then it takes the id that follows the other's.
_APPEND = """
WITH step AS (
    UPDATE case_file SET last_seq = last_seq + 1, updated_at = $3
    WHERE county_code = $1 AND id = $2 RETURNING last_seq, street_code, grid_code
), before AS (
    SELECT e.xid, (left(e.id::text, 24) || lpad(to_hex(('x' || right(e.id::text, 12))::bit(48)::bigint + 1), 12, '0'))::uuid AS next_id
    FROM step JOIN case_event e ON e.county_code = $1 AND e.case_id = $2 AND e.seq = step.last_seq - 1
    WHERE e.xid >= pg_current_xact_id()
)
INSERT INTO case_event (
    county_code, case_id, seq, id, at, type, actor_id, actor_name, actor_role, organization_code, whistle_id, assignment_id,
    from_state, to_state, text, detail, public, payload, street_code, grid_code, xid
)
SELECT $1, $2, step.last_seq, greatest($4::uuid, before.next_id), $3, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
    $17::jsonb, step.street_code, step.grid_code, coalesce(before.xid, pg_current_xact_id())
FROM step LEFT JOIN before ON true RETURNING seq, xid, id, street_code
"""
_OWE = """
INSERT INTO delivery (county_code, organization_code, case_id, seq, department, assignment_id, hook, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
# DO UPDATE, never DO NOTHING: it waits for a courier that is dropping the lane, so no delivery is orphaned.
_OPEN_LANE = """
INSERT INTO lane (county_code, organization_code, case_id, department, due_at, since, street_code)
VALUES ($1, $2, $3, $4, $5, $5, $6)
ON CONFLICT (county_code, organization_code, case_id) DO UPDATE SET department = excluded.department
"""


# An agent's assignment 全程代办 is answered by the agent: no department hears of it.
_MATTER = """
SELECT a.role, coalesce(c.grid_code, c.community_code, c.street_code) AS division_code, c.category_code,
    w.kind AS whistle_kind
FROM assignment a
JOIN case_file c ON c.county_code = $1 AND c.county_code = a.county_code AND c.id = a.case_id
LEFT JOIN whistle w ON w.county_code = $1 AND w.county_code = a.county_code AND w.id = a.whistle_id
WHERE a.county_code = $1 AND a.id = $2 AND a.agent_id IS NULL
"""


@dataclass(frozen=True)
class Hearer:
    """An assignment whose organization must hear an event, by the hook that its department is called with."""

    assignment_id: UUID
    organization_code: str
    hook: str


@dataclass(frozen=True)
class Entry:
    """One step for the history. ``text`` is one Chinese sentence that says who did what; ``public``: the reporter may read it.

    ``detail`` is why and how: reasons, measures, names, the duty's basis. Only street staff and the organization that the
    event is about read it (C.7).
    """

    type: str
    text: str
    detail: str | None = None
    public: bool = False
    organization_code: str | None = None
    whistle_id: UUID | None = None
    assignment_id: UUID | None = None
    from_state: str | None = None
    to_state: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    role: Role | None = None
    hearers: Sequence[Hearer] = ()


async def record(tx: Transaction, case_id: UUID, entry: Entry) -> int:
    """Append the entry to the case's history and put its deliveries into the outbox; answers the event's ``seq``.

    What is public is read by the reporter and the departments: phones and identity numbers in it are masked.
    """
    event_id, role = tx.new_id(), entry.role or _role_of(tx)
    row = await tx.connection.fetchrow(
        _APPEND, tx.county, case_id, tx.now, event_id, entry.type, tx.actor.account_id, actor_name(tx, role), str(role),
        entry.organization_code, entry.whistle_id, entry.assignment_id, entry.from_state, entry.to_state,
        redact(entry.text) if entry.public else entry.text, entry.detail, entry.public,
        orjson.dumps(entry.payload).decode(),
    )  # fmt: skip
    assert row is not None
    tx.last_event = (int(row["xid"]), row["id"])
    for hearer in entry.hearers:
        await _owe(tx, case_id, row["seq"], row["street_code"], hearer)
    return int(row["seq"])


def actor_name(tx: Transaction, role: Role) -> str:
    """Who acted, as the history says it. A resident is never named: departments read it too (C.7 guardrail 5)."""
    return "诉求人" if role is Role.RESIDENT else tx.actor.name


async def _owe(tx: Transaction, case_id: UUID, seq: int, street_code: str, hearer: Hearer) -> None:
    department = await _answering(tx, hearer)
    if department is None:
        return
    key = (tx.county, hearer.organization_code, case_id)
    await tx.connection.execute(_OWE, *key, seq, department, hearer.assignment_id, hearer.hook, tx.now)
    await tx.connection.execute(_OPEN_LANE, *key, department, tx.now, street_code)
    tx.owed.add(department)


def _role_of(tx: Transaction) -> Role:
    return tx.actor.grants[0].role if tx.actor.grants else Role.SYSTEM


async def _answering(tx: Transaction, hearer: Hearer) -> str | None:
    """The department that answers the assignment by its declaration; what it does not answer goes by hand."""
    if tx.ground.forms.department_of(hearer.organization_code) is None:
        return None
    row = await tx.connection.fetchrow(_MATTER, tx.county, hearer.assignment_id)
    if row is None:
        return None
    kind = row["whistle_kind"]
    matter = Matter(
        AssignmentRole[row["role"]],
        row["division_code"],
        row["category_code"],
        None if kind is None else WhistleKind[kind],
    )
    return tx.ground.forms.answering(hearer.organization_code, matter)
