"""Routing rules 派单规则 as data (L-25 to L-29): proposed by one person, decided by another, every version kept.

A rule is a code with versions. Granting a version puts it in force from then on and supersedes the former one. A rule is
retired 停用 in the same way, by a version that ends it; so nothing is switched off without two people and a reason.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.checking import checked_text, only_text, optional_text
from shaodao.commands.routing import RULE_COLUMNS, rule_of
from shaodao.commands.rule_checks import RuleInput, check_order, check_rule
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import RuleState
from shaodao.domain.errors import Faults, InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.routing import RoutingRule
from shaodao.domain.routing_permissions import area_of_proposal, may_decide_rule, may_propose_rule

# The versions of a code, and at a decision everything that may be in force, are locked in one order.
_VERSIONS = """
SELECT id, version, state FROM routing_rule WHERE county_code = $1 AND code = $2 ORDER BY id FOR UPDATE
"""
_COUNTY_WIDE = """
SELECT EXISTS (
    SELECT 1 FROM routing_rule WHERE county_code = $1 AND code = $2 AND state = 'IN_FORCE' AND area_code IS NULL
)
"""
_LOCK_ALIVE = """
SELECT id FROM routing_rule WHERE county_code = $1 AND state IN ('PROPOSED', 'IN_FORCE') ORDER BY id FOR UPDATE
"""
_READ = f"SELECT {RULE_COLUMNS}, state, retires, proposed_by FROM routing_rule WHERE county_code = $1 AND id = $2"
_PROPOSE = """
INSERT INTO routing_rule (
    county_code, id, code, version, sort, name, category_code, component_code, area_kind, area_code, keywords, time_from,
    time_to, lead_organization_code, co_organization_codes, duty_item_code, limit_unit, limit_amount, evidence_required,
    state, retires, reason, objection_id, proposed_by, proposed_at
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 'PROPOSED', $20, $21, $22, $23, $24
) ON CONFLICT (county_code, code, version) DO NOTHING RETURNING id
"""
_DECIDE = """
UPDATE routing_rule SET state = $3::text, decided_by = $4, decided_at = $5::timestamptz, decision_text = $6,
    in_force_from = CASE WHEN $3::text = 'IN_FORCE' THEN $5::timestamptz END
WHERE county_code = $1 AND id = $2
"""
_SUPERSEDE = """
UPDATE routing_rule SET state = 'SUPERSEDED', in_force_until = $3 WHERE county_code = $1 AND code = $2 AND state = 'IN_FORCE'
"""


@dataclass(frozen=True)
class Proposal:
    """What is proposed beside the rule itself: why, of which ruling it was made, and whether it ends the rule."""

    reason: str
    objection_id: UUID | None = None
    retires: bool = False


async def propose_rule(tx: Transaction, given: RuleInput, *, reason: str) -> Outcome:
    """Propose a rule, or the next version of one; the outcome names it by ``record_id``.

    A new rule that a street proposes without an area holds for that street. Raises NotPermitted, InvalidInput as
    ``check_rule`` and at ``reason``, StateConflict while another version of the code waits for its decision.
    """
    faults = Faults()
    why = checked_text(faults, "reason", reason, tx.ground.rulebook.texts.reason)
    faults.check()
    return await propose(tx, given, Proposal(why))


async def propose(tx: Transaction, given: RuleInput, proposal: Proposal) -> Outcome:
    """As ``propose_rule``, for a proposal whose reason is checked."""
    return await _write(tx, await checked_proposal(tx, given), proposal)


async def checked_proposal(tx: Transaction, given: RuleInput) -> RoutingRule:
    """The rule that would be proposed. Raises as ``propose_rule``."""
    given = await _placed(tx, given)
    _check_proposer(tx, given.area_code)
    return await check_rule(tx, given)


async def retire_rule(tx: Transaction, rule_id: UUID, *, reason: str) -> Outcome:
    """Propose that a rule is retired 停用; the outcome names the version that ends it once another person grants it.

    Raises NotFound, NotPermitted, InvalidInput at ``reason``, StateConflict unless the version is in force and none waits.
    """
    row = await read_rule(tx, rule_id)
    _check_proposer(tx, row["area_code"])
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    if row["state"] != RuleState.IN_FORCE:
        raise _conflict(row, "只有生效中的规则可以停用", "only a rule in force can be retired")
    return await _write(tx, rule_of(row), Proposal(why, retires=True))


async def decide_rule(tx: Transaction, rule_id: UUID, *, granted: bool, text: str | None = None) -> Outcome:
    """Decide a proposed version 审批: granted it is in force from now, and the former version is superseded.

    By the leader of the street in which its area lies, or the county grid office; never by who proposed it. A refusal says
    why. Raises NotFound, NotPermitted, InvalidInput at ``text``, and StateConflict when it is decided already or no longer
    fits among the rules in force.
    """
    await tx.connection.fetch(_LOCK_ALIVE, tx.county)
    row = await read_rule(tx, rule_id)
    if not may_decide_rule(tx.actor, tx.county, row["area_code"], row["proposed_by"]):
        raise NotPermitted(
            "须由本街道领导或县(区)网格办审批，且不得为提出人",
            "a leader of the street or the county grid office decides, and never who proposed it",
        )
    limit, faults = tx.ground.rulebook.texts.reason, Faults()
    opinion = optional_text(faults, "text", text, limit) if granted else checked_text(faults, "text", text or "", limit)
    faults.check()
    if row["state"] != RuleState.PROPOSED:
        raise _conflict(row, "该版本已有决定", "the version is decided already")
    if granted:
        await _make_way(tx, row)
    state = (RuleState.RETIRED if row["retires"] else RuleState.IN_FORCE) if granted else RuleState.REJECTED
    await tx.connection.execute(_DECIDE, tx.county, rule_id, str(state), tx.actor.account_id, tx.now, opinion)
    return Outcome(county_code=tx.county, record_id=rule_id)


async def read_rule(tx: Transaction, rule_id: UUID) -> asyncpg.Record:
    """A version's row: the rule's columns with ``state``, ``retires`` and ``proposed_by``. Raises NotFound."""
    row = await tx.connection.fetchrow(_READ, tx.county, rule_id)
    if row is None or not tx.actor.grants:
        raise NotFound("RoutingRule", str(rule_id))
    return row


async def _make_way(tx: Transaction, row: asyncpg.Record) -> None:
    """The rules in force may have changed since the proposal, so it is held against them again."""
    if not row["retires"]:
        faults = Faults()
        await check_order(tx, faults, rule_of(row))
        if faults.faults:
            refused = InvalidInput(*faults.faults)
            raise _conflict(row, refused.message, refused.english)
    await tx.connection.execute(_SUPERSEDE, tx.county, row["code"], tx.now)


async def _placed(tx: Transaction, given: RuleInput) -> RuleInput:
    """The input with the area that it does not name: that of the proposer, unless the rule holds for the whole county."""
    if given.area_code is not None:
        return given
    if await tx.connection.fetchval(_COUNTY_WIDE, tx.county, given.code):
        return given
    return msgspec.structs.replace(given, area_code=area_of_proposal(tx.actor, tx.county))


def _check_proposer(tx: Transaction, area: str | None) -> None:
    if not may_propose_rule(tx.actor, tx.county, area):
        raise NotPermitted(
            "须由本区域的街道指挥中心、街道领导或县(区)网格办提出",
            "dispatcher or leader of the street, or the county grid office, propose rules for their area",
        )


async def _write(tx: Transaction, rule: RoutingRule, proposal: Proposal) -> Outcome:
    versions = await tx.connection.fetch(_VERSIONS, tx.county, rule.code)
    waiting = next((row for row in versions if row["state"] == RuleState.PROPOSED), None)
    if waiting is not None:
        raise _conflict(waiting, "该规则另有待审批的版本", "another version of the rule waits for its decision")
    version, rule_id = max((row["version"] for row in versions), default=0) + 1, tx.new_id()
    hours, limit = rule.hours, rule.limit
    written = await tx.connection.fetchval(
        _PROPOSE, tx.county, rule_id, rule.code, version, rule.sort, rule.name, rule.category, rule.component,
        rule.area_kind and str(rule.area_kind), rule.area, list(rule.keywords), hours and hours.begins, hours and hours.ends,
        rule.lead_organization, list(rule.co_organizations), rule.duty_item, limit and str(limit.unit), limit and limit.amount,
        rule.evidence_required, proposal.retires, proposal.reason, proposal.objection_id, tx.actor.account_id, tx.now,
    )  # fmt: skip
    if written is None:
        raise InvalidInput.at("code", "另一人刚提出了此规则的版本", "somebody else has just proposed a version of it")
    return Outcome(county_code=tx.county, record_id=rule_id)


def _conflict(row: asyncpg.Record, message: str, english: str) -> StateConflict:
    return StateConflict(message, english, state=row["state"], version=row["version"])
