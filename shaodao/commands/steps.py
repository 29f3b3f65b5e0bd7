"""What a step of a whistle or an assignment leaves behind: its entry in the history and the command's outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.facts import AssignmentFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentState, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_NAME_OF = "SELECT name FROM organizations WHERE code = $1"
_WHISTLE_STANDS = """
SELECT w.state AS whistle_state, c.id AS case_id, c.number AS case_number, c.state AS case_state
FROM whistle w JOIN case_file c ON c.county_code = $1 AND c.id = w.case_id WHERE w.county_code = $1 AND w.id = $2
"""
_ASSIGNMENT_STANDS = """
SELECT a.state AS assignment_state, a.whistle_id, c.id AS case_id, c.number AS case_number, c.state AS case_state,
    (SELECT w.state FROM whistle w WHERE w.county_code = $1 AND w.id = a.whistle_id) AS whistle_state
FROM assignment a JOIN case_file c ON c.county_code = $1 AND c.id = a.case_id WHERE a.county_code = $1 AND a.id = $2
"""


@dataclass(frozen=True)
class WhistleStep:
    """A step of a whistle for the history. ``target`` None: the state stays; ``detail`` as in ``history.Entry``."""

    action: str
    event: str
    text: str
    target: WhistleState | None = None
    public: bool = False
    hearers: Sequence[Hearer] = ()
    payload: dict[str, Any] = field(default_factory=dict)
    detail: str | None = None


@dataclass(frozen=True)
class AssignmentStep:
    """A step of an assignment for the history; ``hook``: what its own department hears of it, if anything."""

    action: str
    event: str
    text: str
    target: AssignmentState | None = None
    public: bool = False
    hook: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    detail: str | None = None


async def record_whistle(tx: Transaction, facts: WhistleFacts, step: WhistleStep) -> None:
    """Record a whistle's step; ``facts`` are those from before it."""
    entry = Entry(
        step.event, step.text, public=step.public, whistle_id=facts.id, from_state=str(facts.state),
        to_state=str(step.target or facts.state), payload=step.payload, hearers=step.hearers,
        detail=step.detail, role=WHISTLE_MACHINE.acting_role(step.action, facts, tx.actor),
    )  # fmt: skip
    await record(tx, facts.case.id, entry)


async def record_assignment(tx: Transaction, facts: AssignmentFacts, step: AssignmentStep) -> None:
    """Record an assignment's step; ``facts`` are those from before it."""
    hearers = () if step.hook is None else (Hearer(facts.id, facts.organization_code, step.hook),)
    entry = Entry(
        step.event, step.text, public=step.public, organization_code=facts.organization_code, whistle_id=facts.whistle_id,
        assignment_id=facts.id, from_state=str(facts.state), to_state=str(step.target or facts.state), payload=step.payload,
        hearers=hearers, detail=step.detail, role=ASSIGNMENT_MACHINE.acting_role(step.action, facts, tx.actor),
    )  # fmt: skip
    await record(tx, facts.case.id, entry)


async def whistle_outcome(tx: Transaction, whistle_id: UUID) -> Outcome:
    """Where a whistle and its case stand now."""
    row = await tx.connection.fetchrow(_WHISTLE_STANDS, tx.county, whistle_id)
    assert row is not None
    return Outcome(county_code=tx.county, whistle_id=whistle_id, **row)


async def assignment_outcome(tx: Transaction, assignment_id: UUID, record_id: UUID | None = None) -> Outcome:
    """Where an assignment, its whistle and its case stand now; ``record_id``: the report, question or file just made."""
    row = await tx.connection.fetchrow(_ASSIGNMENT_STANDS, tx.county, assignment_id)
    assert row is not None
    return Outcome(county_code=tx.county, assignment_id=assignment_id, record_id=record_id, **row)


async def organization_called(tx: Transaction, organization_code: str) -> str:
    """The name of an organization, for a sentence of the history."""
    return str(await tx.connection.fetchval(_NAME_OF, organization_code))
