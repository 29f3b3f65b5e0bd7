"""What a case's own step begins with and leaves behind: the decision by its machine, the history entry, the outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shaodao.commands.facts import lock_case
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import CaseState

_STANDS = "SELECT number AS case_number, state AS case_state FROM case_file WHERE county_code = $1 AND id = $2"


@dataclass(frozen=True)
class CaseStep:
    """A step of a case for the history. ``target`` None: the state stays; ``detail`` as in ``history.Entry``."""

    action: str
    event: str
    text: str
    target: CaseState | None = None
    public: bool = True
    hearers: Sequence[Hearer] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
    detail: str | None = None


async def decide_case(tx: Transaction, action: str, case_id: UUID, expected_version: int | None) -> CaseFacts:
    """Lock the case and ask its machine. Raises NotFound, NotPermitted, StateConflict."""
    facts = await lock_case(tx, case_id, expected_version)
    CASE_MACHINE.decide(action, facts, tx.actor)
    return facts


async def record_case(tx: Transaction, facts: CaseFacts, step: CaseStep) -> None:
    """Record a case's step; ``facts`` are those from before it."""
    entry = Entry(
        step.event, step.text, public=step.public, from_state=str(facts.state), to_state=str(step.target or facts.state),
        payload=dict(step.payload), hearers=step.hearers, detail=step.detail, role=CASE_MACHINE.acting_role(step.action, facts, tx.actor),
    )  # fmt: skip
    await record(tx, facts.id, entry)


async def case_outcome(tx: Transaction, case_id: UUID, record_id: UUID | None = None) -> Outcome:
    """Where the case stands now; ``record_id``: the follow-up or rating just made."""
    row = await tx.connection.fetchrow(_STANDS, tx.county, case_id)
    assert row is not None
    return Outcome(county_code=tx.county, case_id=case_id, record_id=record_id, **row)
