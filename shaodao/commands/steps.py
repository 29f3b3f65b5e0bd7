"""What a step of a whistle or an assignment leaves behind: its entry in the history and the command's outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shaodao.commands.facts import read_assignment, read_whistle
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.facts import AssignmentFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentState, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_NAME_OF = "SELECT name FROM organizations WHERE code = $1"
_NAME_OF_AGENT = "SELECT name FROM accounts WHERE id = $1"


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
    facts = await read_whistle(tx, whistle_id)
    return Outcome(
        county_code=tx.county, case_id=facts.case.id, case_number=facts.case.number, case_state=str(facts.case.state),
        whistle_id=facts.id, whistle_state=str(facts.state),
    )  # fmt: skip


async def assignment_outcome(tx: Transaction, assignment_id: UUID, record_id: UUID | None = None) -> Outcome:
    """Where an assignment, its whistle and its case stand now; ``record_id``: the report, question or file just made."""
    facts = await read_assignment(tx, assignment_id)
    return Outcome(
        county_code=tx.county, case_id=facts.case.id, case_number=facts.case.number, case_state=str(facts.case.state),
        whistle_id=facts.whistle_id, whistle_state=facts.whistle_state and str(facts.whistle_state),
        assignment_id=facts.id, assignment_state=str(facts.state), record_id=record_id,
    )  # fmt: skip


async def organization_name(tx: Transaction, facts: AssignmentFacts) -> str:
    """The name of the assignment's organization, or of its agent 代办人, for a sentence of the history."""
    if facts.agent_id is not None:
        return f"代办人{await tx.connection.fetchval(_NAME_OF_AGENT, facts.agent_id)}"
    return await organization_called(tx, facts.organization_code)


async def organization_called(tx: Transaction, organization_code: str) -> str:
    """The name of an organization, for a sentence of the history."""
    return str(await tx.connection.fetchval(_NAME_OF, organization_code))
