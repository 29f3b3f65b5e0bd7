"""What a department keeps with an assignment for itself: small facts, and when to be woken. No part of the history."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from shaodao.commands import clocks
from shaodao.commands.checking import checked_json, checked_text, only_text
from shaodao.commands.facts import lock_assignment
from shaodao.commands.steps import assignment_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, InvalidInput, NotPermitted, StateConflict
from shaodao.domain.facts import INACTIVE, AssignmentFacts

LARGEST_FACT = 4_096
"""Most bytes of one remembered value, as JSON."""

LONGEST_WAIT = timedelta(days=366)
"""Farthest ahead that a department may ask to be woken."""

_REMEMBER = """
INSERT INTO desk_memory (county_code, assignment_id, name, organization_code, value) VALUES ($1, $2, $3, $4, $5::jsonb)
ON CONFLICT (county_code, assignment_id, name) DO UPDATE SET value = excluded.value
"""
_RECALL = """
SELECT value FROM desk_memory
WHERE county_code = $1 AND assignment_id = $2 AND name = $3 AND organization_code = ANY($4::text[])
"""


async def remember(tx: Transaction, assignment_id: UUID, name: str, value: Any) -> Outcome:
    """Keep a small fact, such as the department's own case number; a second value replaces the first.

    ``value`` is what JSON can hold. Raises InvalidInput at ``name`` and ``value``, NotPermitted, NotFound.
    """
    facts = await lock_assignment(tx, assignment_id)
    _check_own(tx, facts)
    faults = Faults()
    key = checked_text(faults, "name", name, tx.ground.rulebook.texts.name)
    encoded = checked_json(faults, "value", value, LARGEST_FACT)
    faults.check()
    await tx.connection.execute(_REMEMBER, tx.county, assignment_id, key, facts.organization_code, encoded)
    return await assignment_outcome(tx, assignment_id)


async def recall(tx: Transaction, assignment_id: UUID, name: str) -> Any:
    """A fact that the actor's organization kept by ``remember``, or None."""
    stored = await tx.connection.fetchval(_RECALL, tx.county, assignment_id, name.strip(), tx.actor.organizations)
    return None if stored is None else orjson.loads(stored)


async def wake_after(tx: Transaction, assignment_id: UUID, delay: timedelta, note: str) -> Outcome:
    """Have ``on_wake`` delivered after a delay. Raises InvalidInput at ``delay`` and ``note``, NotPermitted, StateConflict."""
    facts = await lock_assignment(tx, assignment_id)
    _check_own(tx, facts)
    if facts.state in INACTIVE:
        raise StateConflict("任务已结束", "the assignment is over", state=str(facts.state), version=facts.version)
    if not timedelta() < delay <= LONGEST_WAIT:
        raise InvalidInput.at(
            "delay", f"须大于零且不超过{LONGEST_WAIT.days}天", f"must be above zero, at most {LONGEST_WAIT.days} days"
        )
    said = only_text("note", note, tx.ground.rulebook.texts.reason)
    await clocks.wake_at(tx, facts.case.id, assignment_id, tx.now + delay, said)
    return await assignment_outcome(tx, assignment_id)


def _check_own(tx: Transaction, facts: AssignmentFacts) -> None:
    if facts.agent_id is not None or facts.organization_code not in tx.actor.organizations:
        raise NotPermitted("只能使用本单位的任务", "the assignment is another organization's")
