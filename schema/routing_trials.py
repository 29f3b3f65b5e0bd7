"""dryRunRoutingRule 试运行: which cases of the last month a proposed rule would have routed otherwise. Nothing is written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import strawberry

from schema.database import borrowed
from schema.errors import invalid_input
from schema.mutations.checking import check_input
from schema.mutations.identifiers import Identifiers
from schema.mutations.routing_inputs import RoutingRuleFields
from schema.problems import FieldFault
from schema.routing import Info, question_of_seen
from schema.services import Services
from schema.sight import Sight
from shaodao.commands.routing import category_ancestry, rule_of, rules_in_force, told_matter
from shaodao.commands.routing_rules import checked_proposal, read_rule
from shaodao.commands.transaction import Transaction
from shaodao.domain.case_vocabulary import RuleState
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.errors import DomainError, InvalidInput
from shaodao.domain.routing import Matter, RoutingRule, explain, proposed
from shaodao.domain.routing_order import Ancestry
from shaodao.domain.routing_permissions import may_propose_rule
from shaodao.domain.vocabulary import AreaKind

_CASES = """
query ($since: DateTime!, $after: String) {
  cases(first: 100, after: $after, filter: { openedFrom: $since }) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id number title description category { code } grid { code areaKind } community { code } street { code }
      componentCode occurredAt registeredAt
    }
  }
}
"""


@strawberry.input(description="A rule to be tried; it need not have been proposed.")
class TriedRuleInput(RoutingRuleFields):
    lead_organization_code: str = strawberry.field(
        description="Code of the organization that it proposes to lead 主办."
    )


@strawberry.type(description="Whom a rule proposes, and by when.")
class RoutingTarget:
    rule_code: str = strawberry.field(description="Code of the rule.")
    rule_version: int | None = strawberry.field(description="Its version; null for the tried one.")
    lead_organization_code: str = strawberry.field(description="Code of who leads 主办.")
    co_organization_codes: list[str] = strawberry.field(description="Codes of who helps 协办.")
    limit_unit: DeadlineUnit | None = strawberry.field(description="Unit of the rule's own limit.")
    limit_amount: int | None = strawberry.field(description="Amount of the rule's own limit.")


@strawberry.type(description="A case that the tried rule would have routed otherwise.")
class RoutingChange:
    number: str = strawberry.field(description="Number of the case.")
    title: str = strawberry.field(description="Its title.")
    case_id: strawberry.ID = strawberry.field(description="Global identifier of the case.")
    before: RoutingTarget | None = strawberry.field(description="By the rules in force now; null: no rule applies.")
    after: RoutingTarget | None = strawberry.field(description="With the tried rule; null: no rule would apply.")


@strawberry.type(description="What a rule would have changed for the cases of the last month. Nothing was written.")
class RoutingTrial:
    since: datetime = strawberry.field(description="Cases registered from this time on were looked at.")
    examined: int = strawberry.field(description="How many cases were looked at, newest first; those the viewer sees.")
    cut: bool = strawberry.field(description="Whether there were more cases than are looked at.")
    leads: int = strawberry.field(description="For how many another organization would lead, or none.")
    co_organizations: int = strawberry.field(description="For how many others would help.")
    limits: int = strawberry.field(description="For how many another limit of a rule's own would hold.")
    changes: list[RoutingChange] = strawberry.field(description="The cases with any of these changes.")
    faults: list[FieldFault] = strawberry.field(
        description="Why the rule would be refused as it is; then nothing was looked at."
    )


@dataclass(frozen=True)
class _Rules:
    """What is compared: the rules in force, and those with the tried one."""

    before: tuple[RoutingRule, ...]
    after: tuple[RoutingRule, ...]
    tried: RoutingRule | None

    @classmethod
    def of(cls, before: tuple[RoutingRule, ...], tried: RoutingRule, *, retires: bool) -> Self:
        others = tuple(rule for rule in before if rule.code != tried.code)
        return cls(before, others, None) if retires else cls(before, (*others, tried), tried)


async def trial_of_rule(info: Info, given: TriedRuleInput) -> RoutingTrial | None:
    """The trial of a rule that is told; None for whoever may not propose it."""
    identifiers = Identifiers(info.context.viewer)
    identifiers.place(given.area_code)
    async with _asking(info, identifiers) as tx:
        if tx is None or not may_propose_rule(tx.actor, tx.county, given.area_code):
            return None
        try:
            check_input(given, "rule")
            tried = await checked_proposal(tx, given.rule(given.lead_organization_code))
        except InvalidInput as error:
            return _refused(info, error)
        return await _trial(info, _Rules.of(await _in_force(tx), tried, retires=False), tx)


async def trial_of_proposal(info: Info, proposal: str) -> RoutingTrial | None:
    """The trial of a version that waits for its decision, a retirement too; None for whoever may not propose it.

    Raises ClientError for an identifier of nothing, or of a version that is decided.
    """
    identifiers = Identifiers(info.context.viewer)
    try:
        key = identifiers.key("proposal", proposal, "RoutingRule")
        async with _asking(info, identifiers) as tx:
            if tx is None:
                return None
            row = await read_rule(tx, key)
            if not may_propose_rule(tx.actor, tx.county, row["area_code"]):
                return None
            if row["state"] != RuleState.PROPOSED:
                raise invalid_input("proposal", "该版本已有决定", "the version is decided already")
            return await _trial(info, _Rules.of(await _in_force(tx), rule_of(row), retires=row["retires"]), tx)
    except DomainError as error:
        raise invalid_input("proposal", error.message, error.english) from error


@asynccontextmanager
async def _asking(info: Info, identifiers: Identifiers) -> AsyncIterator[Transaction | None]:
    """What the commands' checks are asked in, in the county that the identifiers tell; it only reads. None for nobody."""
    context = info.context
    if not context.viewer.counties:
        yield None
        return
    services: Services = context.services
    async with borrowed(context.database) as connection:
        yield Transaction(connection, context.viewer, context.now, identifiers.county(), services.ground())


async def _in_force(tx: Transaction) -> tuple[RoutingRule, ...]:
    return await rules_in_force(tx.connection, tx.county, tx.now)


async def _trial(info: Info, rules: _Rules, tx: Transaction) -> RoutingTrial:
    limits, ancestry = tx.ground.rulebook.routing, await category_ancestry(tx.connection)
    since = tx.now - timedelta(days=limits.dry_run_days)
    seen, cut = await _seen_cases(Sight(info), since, limits.dry_run_cases)
    trial = _empty(since, len(seen), cut)
    for row in seen:
        _compare(trial, rules, row, _matter(row, ancestry))
    return trial


def _refused(info: Info, error: InvalidInput) -> RoutingTrial:
    english = bool(info.context.request and info.context.request.english)
    trial = _empty(info.context.now, 0, False)
    trial.faults = [FieldFault(path=f.path, message=f.english if english else f.message) for f in error.faults]
    return trial


def _empty(since: datetime, examined: int, cut: bool) -> RoutingTrial:
    return RoutingTrial(
        since=since, examined=examined, cut=cut, leads=0, co_organizations=0, limits=0, changes=[], faults=[]
    )  # fmt: skip


async def _seen_cases(sight: Sight, since: datetime, most: int) -> tuple[list[dict[str, Any]], bool]:
    """The cases that the viewer sees, newest first, and whether there are more."""
    seen: list[dict[str, Any]] = []
    after: str | None = None
    while len(seen) <= most:
        page = (await sight.read(_CASES, since=since.isoformat(), after=after))["cases"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    return seen[:most], len(seen) > most


def _matter(row: dict[str, Any], ancestry: Ancestry) -> Matter:
    question, grid = question_of_seen(row), row["grid"]
    return told_matter(question, ancestry.get(question.category_code or "", ()), grid and AreaKind[grid["areaKind"]])


def _compare(trial: RoutingTrial, rules: _Rules, row: dict[str, Any], matter: Matter) -> None:
    before, after = (proposed(explain(each, matter)) for each in (rules.before, rules.after))
    lead = _lead(before) != _lead(after)
    co = _co(before) != _co(after)
    limit = _limit(before) != _limit(after)
    trial.leads += lead
    trial.co_organizations += co
    trial.limits += limit
    if lead or co or limit:
        change = RoutingChange(
            number=row["number"], title=row["title"], case_id=strawberry.ID(row["id"]), before=_target(before, rules),
            after=_target(after, rules),
        )  # fmt: skip
        trial.changes.append(change)


def _lead(rule: RoutingRule | None) -> str | None:
    return rule.lead_organization if rule else None


def _co(rule: RoutingRule | None) -> frozenset[str]:
    return frozenset(rule.co_organizations) if rule else frozenset()


def _limit(rule: RoutingRule | None) -> Limit | None:
    return rule.limit if rule else None


def _target(rule: RoutingRule | None, rules: _Rules) -> RoutingTarget | None:
    if rule is None:
        return None
    limit = rule.limit
    return RoutingTarget(
        rule_code=rule.code, rule_version=None if rule is rules.tried else rule.version,
        lead_organization_code=rule.lead_organization, co_organization_codes=list(rule.co_organizations),
        limit_unit=limit.unit if limit else None, limit_amount=limit.amount if limit else None,
    )  # fmt: skip
