"""The two-sided evaluation of a whistle 双评价 (reference C.4 evaluate): street on departments, county on the whistle."""

from dataclasses import dataclass
from uuid import UUID

from shaodao.commands.checking import optional_text
from shaodao.commands.facts import lock_whistle, read_whistle
from shaodao.commands.steps import WhistleStep, organization_called, record_whistle, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import AssignmentBrief, WhistleFacts
from shaodao.domain.vocabulary import EvaluatorKind, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE, is_evaluated

_RATE = """
INSERT INTO evaluation (
    county_code, id, case_id, whistle_id, assignment_id, organization_code, evaluator_kind, evaluator_id, report_in_score,
    handling_score, result_score, score, comment, evaluated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
_JUDGE = """
INSERT INTO evaluation (
    county_code, id, case_id, whistle_id, evaluator_kind, evaluator_id, proper, comment, evaluated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_EVALUATED = """
UPDATE whistle SET state = 'EVALUATED', version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2
"""
_BEST = 100


@dataclass(frozen=True)
class Scores:
    """How a department did, each from 0 to 100: 报到效率, 办理情况, 结果满意度."""

    report_in: int
    handling: int
    result: int

    @property
    def mean(self) -> int:
        """The rounded mean of the three; a half counts up."""
        return (2 * (self.report_in + self.handling + self.result) + 3) // 6


async def rate_department(
    tx: Transaction, whistle_id: UUID, organization_code: str, scores: Scores, comment: str | None = None, *,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """The street rates a department 街道评部门, each that owed a report once.

    Raises InvalidInput at ``organizationCode``, ``scores.reportIn``, ``scores.handling``, ``scores.result``, ``comment``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("rateDepartment", facts, tx.actor)
    rated = _rated(facts, organization_code)
    said = _checked(tx, comment, scores)
    await tx.connection.execute(
        _RATE, tx.county, tx.new_id(), facts.case.id, whistle_id, rated.id, organization_code, str(EvaluatorKind.STREET),
        tx.actor.account_id, scores.report_in, scores.handling, scores.result, scores.mean, said, tx.now,
    )  # fmt: skip
    text = f"{tx.actor.name}评价{await organization_called(tx, organization_code)}：{scores.mean}分"
    return await _finish(
        tx, facts, WhistleStep("rateDepartment", "rateDepartment", text, payload={"score": scores.mean})
    )


async def judge(
    tx: Transaction, whistle_id: UUID, proper: bool, comment: str | None = None, *, expected_version: int | None = None
) -> Outcome:
    """The county grid office judges whether the whistle was proper 区网格办评哨. Raises InvalidInput at ``comment``."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("judge", facts, tx.actor)
    said = _checked(tx, comment)
    await tx.connection.execute(
        _JUDGE, tx.county, tx.new_id(), facts.case.id, whistle_id, str(EvaluatorKind.COUNTY_GRID_OFFICE),
        tx.actor.account_id, proper, said, tx.now,
    )  # fmt: skip
    text = f"{tx.actor.name}评哨 {facts.number}：{'得当' if proper else '不当'}"
    return await _finish(tx, facts, WhistleStep("judge", "judgeWhistle", text, payload={"proper": proper}))


def _rated(facts: WhistleFacts, organization_code: str) -> AssignmentBrief:
    if organization_code in facts.rated_organizations:
        raise InvalidInput.at("organizationCode", "该单位已评价", "the organization was rated already")
    for assignment in facts.owing:
        if assignment.organization_code == organization_code:
            return assignment
    raise InvalidInput.at(
        "organizationCode", "该单位在本哨中无须反馈", "the organization owed no report in this whistle"
    )


def _checked(tx: Transaction, comment: str | None, scores: Scores | None = None) -> str | None:
    faults = Faults()
    given = (
        {} if scores is None else {"reportIn": scores.report_in, "handling": scores.handling, "result": scores.result}
    )
    for name, score in given.items():
        if not 0 <= score <= _BEST:
            faults.add(f"scores.{name}", f"分数须在0到{_BEST}之间", f"a score lies between 0 and {_BEST}")
    said = optional_text(faults, "comment", comment, tx.ground.rulebook.texts.reason)
    faults.check()
    return said


async def _finish(tx: Transaction, facts: WhistleFacts, step: WhistleStep) -> Outcome:
    """Record the evaluation; the whistle is EVALUATED 已评价 once both sides are complete."""
    done = facts.state is WhistleState.CLOSED and is_evaluated(await read_whistle(tx, facts.id))
    if done:
        await tx.connection.execute(_EVALUATED, tx.county, facts.id, tx.now)
    target = WhistleState.EVALUATED if done else facts.state
    await record_whistle(tx, facts, WhistleStep(step.action, step.event, step.text, target, payload=step.payload))
    return await whistle_outcome(tx, facts.id)
