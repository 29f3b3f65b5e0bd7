"""A ruling on an objection 派单异议, offered as a routing rule 派单规则: the next such matter goes there at once (L-25 to L-29)."""

from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.routing import matter_of, question_of_case, rule_of
from shaodao.commands.routing_rules import Proposal, propose, read_rule
from shaodao.commands.rule_checks import RuleContent, RuleInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import Decision, RuleState
from shaodao.domain.errors import Faults, NotFound, NotPermitted, StateConflict
from shaodao.domain.routing import Condition, findings
from shaodao.domain.routing_permissions import may_propose_rule

_OBJECTION = """
SELECT o.case_id, o.decision, o.reassigned_to, coalesce(o.decision_text, o.text) AS reason, c.street_code,
    r.state AS rule_state, r.version AS rule_version
FROM dispatch_objection o
JOIN case_file c ON c.county_code = $1 AND c.county_code = o.county_code AND c.id = o.case_id
LEFT JOIN routing_rule r ON r.county_code = $1 AND r.county_code = o.county_code AND r.id = o.rule_id
WHERE o.county_code = $1 AND o.id = $2 FOR UPDATE OF o
"""
_NAME_RULE = "UPDATE dispatch_objection SET rule_id = $3 WHERE county_code = $1 AND id = $2"
_PATHS = {
    Condition.CATEGORY: "categoryCode",
    Condition.COMPONENT: "componentCode",
    Condition.AREA_KIND: "areaKind",
    Condition.AREA: "areaCode",
    Condition.TIME: "timeFrom",
    Condition.KEYWORDS: "keywords",
}


async def propose_from_ruling(tx: Transaction, objection_id: UUID, given: RuleContent) -> Outcome:
    """Propose the rule that follows from a granted objection; the outcome names it by ``record_id``, the objection names it too.

    Its LEAD is the organization that got the matter, its reason the ruling's text; the conditions are the proposer's and must
    hold for the ruling's own case, whose street is the area unless another is named. Raises NotFound, NotPermitted, InvalidInput
    as ``propose_rule``, and StateConflict for an objection that was not granted or whose rule waits or is in force.
    """
    objection = await _lock(tx, objection_id)
    area = given.area_code or objection["street_code"]
    content = msgspec.structs.asdict(given) | {"area_code": area}
    rule = RuleInput(**content, lead_organization_code=objection["reassigned_to"])
    outcome = await propose(tx, rule, Proposal(objection["reason"], objection_id))
    assert outcome.record_id is not None
    await _check_matches(tx, objection["case_id"], outcome.record_id)
    await tx.connection.execute(_NAME_RULE, tx.county, objection_id, outcome.record_id)
    outcome.case_id = objection["case_id"]
    return outcome


async def _lock(tx: Transaction, objection_id: UUID) -> asyncpg.Record:
    row = await tx.connection.fetchrow(_OBJECTION, tx.county, objection_id)
    if row is None:
        raise NotFound("DispatchObjection", str(objection_id))
    if not may_propose_rule(tx.actor, tx.county, row["street_code"]):
        raise NotPermitted(
            "须由本街道指挥中心、街道领导或县(区)网格办提出",
            "dispatcher or leader of the street, or the county grid office, propose a rule from its rulings",
        )
    if row["decision"] != Decision.GRANTED or row["reassigned_to"] is None:
        state = row["decision"] or "PENDING"
        raise StateConflict("异议未获同意，不能形成规则", "the objection was not granted", state=state, version=0)
    if row["rule_state"] in (RuleState.PROPOSED, RuleState.IN_FORCE):
        state, version = row["rule_state"], row["rule_version"]
        raise StateConflict("该裁定已形成规则", "a rule was made of the ruling already", state=state, version=version)
    return row


async def _check_matches(tx: Transaction, case_id: UUID, rule_id: UUID) -> None:
    """A rule that would not have decided the ruling's own case is no rule of it."""
    matter = await matter_of(tx.connection, tx.county, await question_of_case(tx.connection, tx.county, case_id))
    faults = Faults()
    for finding in findings(rule_of(await read_rule(tx, rule_id)), matter):
        if not finding.holds:
            message = f"与裁定的案件不符：{finding.message}"
            faults.add(_PATHS[finding.condition], message, f"the ruling's own case does not match: {finding.english}")
    faults.check()
