"""The two-sided evaluation of a whistle 双评价 (reference C.4 evaluate): street on departments, county on the whistle."""

from dataclasses import dataclass
from uuid import UUID

from shaodao.commands.checking import optional_text
from shaodao.commands.facts import lock_whistle, read_whistle
from shaodao.commands.steps import WhistleStep, organization_called, record_whistle, whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, InvalidInput, NotPermitted
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
    county_code, id, case_id, whistle_id, evaluator_kind, evaluator_id, proper, completeness_score, timeliness_score, comment,
    evaluated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
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

    def check(self, faults: Faults) -> None:
        """Note a fault below ``scores`` for each that lies outside."""
        _check_score(faults, "scores.reportIn", self.report_in)
        _check_score(faults, "scores.handling", self.handling)
        _check_score(faults, "scores.result", self.result)


@dataclass(frozen=True)
class Judgement:
    """How the county finds a whistle (C.8 双考核): whether it was proper, and from 0 to 100, or not scored, the street's part.

    ``completeness``: 要素完整, whether what the departments needed was in it; ``timeliness``: 核查及时, how soon it verified.
    """

    proper: bool
    completeness: int | None = None
    timeliness: int | None = None

    def check(self, faults: Faults, below: str = "") -> None:
        """Note a fault for each score that lies outside; ``below``: what stands before its path."""
        _check_score(faults, f"{below}completeness", self.completeness)
        _check_score(faults, f"{below}timeliness", self.timeliness)

    @property
    def text(self) -> str:
        """The finding for a sentence of the history."""
        return "得当" if self.proper else "不当"


async def rate_department(
    tx: Transaction, whistle_id: UUID, organization_code: str, scores: Scores, comment: str | None = None, *,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """The street rates a department 街道评部门, each that owed a report once.

    Raises InvalidInput at ``organizationCode``, ``scores.reportIn``, ``scores.handling``, ``scores.result``, ``comment``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("rateDepartment", facts, tx.actor)
    if organization_code in tx.actor.organizations:
        raise NotPermitted("不能评价本单位", "nobody rates the organization that they act for")
    rated = _rated(facts, organization_code)
    faults = Faults()
    scores.check(faults)
    said = _comment(tx, faults, comment)
    await tx.connection.execute(
        _RATE, tx.county, tx.new_id(), facts.case.id, whistle_id, rated.id, organization_code, str(EvaluatorKind.STREET),
        tx.actor.account_id, scores.report_in, scores.handling, scores.result, scores.mean, said, tx.now,
    )  # fmt: skip
    text = f"{tx.actor.name}评价{await organization_called(tx, organization_code)}：{scores.mean}分"
    return await _finish(
        tx, facts, WhistleStep("rateDepartment", "rateDepartment", text, payload={"score": scores.mean})
    )


async def judge(
    tx: Transaction, whistle_id: UUID, proper: bool, comment: str | None = None, *, completeness: int | None = None,
    timeliness: int | None = None, expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """The county grid office judges whether the whistle was proper, complete and verified in time 区网格办评哨.

    Raises InvalidInput at ``completeness``, ``timeliness`` and ``comment``.
    """
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("judge", facts, tx.actor)
    judgement, faults = Judgement(proper, completeness, timeliness), Faults()
    judgement.check(faults)
    said = _comment(tx, faults, comment)
    await tx.connection.execute(
        _JUDGE, tx.county, tx.new_id(), facts.case.id, whistle_id, str(EvaluatorKind.COUNTY_GRID_OFFICE),
        tx.actor.account_id, proper, completeness, timeliness, said, tx.now,
    )  # fmt: skip
    text = f"{tx.actor.name}评哨 {facts.number}：{judgement.text}"
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


def _check_score(faults: Faults, path: str, score: int | None) -> None:
    if score is not None and not 0 <= score <= _BEST:
        faults.add(path, f"分数须在0到{_BEST}之间", f"a score lies between 0 and {_BEST}")


def _comment(tx: Transaction, faults: Faults, comment: str | None) -> str | None:
    """The cleaned comment. Raises InvalidInput with the faults noted so far."""
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
