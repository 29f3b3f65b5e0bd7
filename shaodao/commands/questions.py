"""Questions of an organization to the street 补充信息 and their answers (reference C.4 ask, answer)."""

from uuid import UUID

from shaodao.commands.assignments import finish
from shaodao.commands.checking import only_text
from shaodao.commands.facts import lock_assignment
from shaodao.commands.steps import AssignmentStep
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.errors import NotFound

_ASK = """
INSERT INTO question (county_code, id, case_id, assignment_id, organization_code, asked_by, asked_at, text)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_OLDEST_OPEN = """
SELECT id, text FROM question
WHERE county_code = $1 AND assignment_id = $2 AND answered_at IS NULL AND ($3::uuid IS NULL OR id = $3)
ORDER BY asked_at, id LIMIT 1
"""
_ANSWER = "UPDATE question SET answered_by = $3, answered_at = $4, answer = $5 WHERE county_code = $1 AND id = $2"


async def ask(tx: Transaction, assignment_id: UUID, text: str, *, expected_version: int | None = None) -> Outcome:
    """Ask the street for what is missing. No clock waits for the answer (C.5 rule 9).

    Raises InvalidInput at ``text``, NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("ask", facts, tx.actor)
    question = only_text("text", text, tx.ground.rulebook.texts.explanation)
    question_id = tx.new_id()
    await tx.connection.execute(
        _ASK, tx.county, question_id, facts.case.id, assignment_id, facts.organization_code, tx.actor.account_id, tx.now, question
    )  # fmt: skip
    what = f"{facts.called}请补充信息"
    step = AssignmentStep("ask", "askQuestion", what, payload={"question_id": str(question_id)}, detail=question)
    return await finish(tx, facts, step, record_id=question_id)


async def answer(
    tx: Transaction, assignment_id: UUID, question_id: UUID | None, text: str, *, expected_version: int | None = None
) -> Outcome:
    """Answer a question 答复; without its id the one that has waited longest. The asking department hears it.

    Raises NotFound for a question that is answered or another's, InvalidInput at ``text``, NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("answer", facts, tx.actor)
    said = only_text("text", text, tx.ground.rulebook.texts.explanation)
    row = await tx.connection.fetchrow(_OLDEST_OPEN, tx.county, assignment_id, question_id)
    if row is None:
        raise NotFound("Question", str(question_id))
    await tx.connection.execute(_ANSWER, tx.county, row["id"], tx.actor.account_id, tx.now, said)
    what = f"{tx.actor.name}答复{facts.called}"
    payload = {"question_id": str(row["id"]), "question": row["text"], "answer": said}
    step = AssignmentStep("answer", "answerQuestion", what, hook="on_answer", payload=payload, detail=said)
    return await finish(tx, facts, step, record_id=row["id"])
