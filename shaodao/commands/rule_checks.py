"""Checking what somebody proposes as a routing rule 派单规则: one that can match, binds somebody, and goes against no ruling."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import time

import asyncpg
import msgspec

from shaodao.commands.checking import checked_text
from shaodao.commands.registration import check_category
from shaodao.commands.routing import category_ancestry, question_of, rules_in_force, told_matter
from shaodao.commands.transaction import Transaction
from shaodao.domain.deadlines import LONGEST_AMOUNT, DeadlineUnit, Limit
from shaodao.domain.errors import Faults
from shaodao.domain.permissions import county_of, level_of, prefix_of
from shaodao.domain.routing import Hours, RoutingRule
from shaodao.domain.routing_order import Ancestry, Ruling, handed_back, shadowing, switched_off
from shaodao.domain.vocabulary import AreaKind, DutyListKind, OrgKind

_LAST = "SELECT coalesce(max(sort), 0) FROM routing_rule WHERE county_code = $1 AND state IN ('IN_FORCE', 'PROPOSED')"
_FORMER_SORT = """
SELECT sort FROM routing_rule WHERE county_code = $1 AND code = $2 AND state <> 'REJECTED' ORDER BY version DESC LIMIT 1
"""
_ORGANIZATIONS = "SELECT code, kind FROM organizations WHERE code = ANY($1::text[])"
_DUTY_ITEM = (
    "SELECT list FROM duty_list_items WHERE code = $1 AND valid_from <= $2 AND (valid_to IS NULL OR valid_to >= $2)"
)
_DIVISION = "SELECT EXISTS (SELECT 1 FROM divisions WHERE code = $1)"
_AREA_KINDS = """
SELECT DISTINCT area_kind FROM grid WHERE county_code = $1 AND starts_with(code, $2) AND valid_to IS NULL
"""
_RULINGS = """
SELECT o.organization_code AS removed, o.reassigned_to, o.decided_at, r.code AS rule_code, g.area_kind,
    c.category_code, c.component_code, c.grid_code, coalesce(c.community_code, c.street_code) AS division_code,
    c.title || chr(10) || c.description AS text, coalesce(c.occurred_at, c.registered_at) AS happened_at
FROM dispatch_objection o
JOIN case_file c ON c.county_code = $1 AND c.county_code = o.county_code AND c.id = o.case_id
LEFT JOIN grid g ON g.county_code = $1 AND g.county_code = c.county_code AND g.code = c.grid_code
LEFT JOIN routing_rule r ON r.county_code = $1 AND r.county_code = o.county_code AND r.id = o.rule_id
WHERE o.county_code = $1 AND o.decision = 'GRANTED' AND o.reassigned_to IS NOT NULL
    AND o.reason_kind IN ('NOT_OUR_DUTY', 'WRONG_AREA') AND $2 IN (o.organization_code, o.reassigned_to)
ORDER BY o.decided_at DESC LIMIT $3
"""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
_COMPONENT = re.compile(r"[0-9]{10}")
_GRASSROOTS = (OrgKind.STREET_OFFICE, OrgKind.COMMUNITY)
_STEP = 10
"""Left between two rules of the order, so that others fit between them."""


class RuleContent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody proposes beside the LEAD; a condition that is left out holds for every matter.

    ``component_code``: ten digits; ``area_code``: of a division or a grid; ``time_from`` and ``time_to``: both or none, past
    midnight where the second is the earlier. ``sort``: its place in the order, by default the former version's, else the last.
    """

    code: str
    name: str
    category_code: str | None = None
    component_code: str | None = None
    area_kind: AreaKind | None = None
    area_code: str | None = None
    keywords: Sequence[str] = ()
    time_from: time | None = None
    time_to: time | None = None
    co_organization_codes: Sequence[str] = ()
    duty_item_code: str | None = None
    limit_unit: DeadlineUnit | None = None
    limit_amount: int | None = None
    evidence_required: bool = False
    sort: int | None = None


class RuleInput(RuleContent, frozen=True, kw_only=True):
    """A whole rule, with whom it proposes to lead 主办."""

    lead_organization_code: str


async def check_rule(tx: Transaction, given: RuleInput) -> RoutingRule:
    """The rule that the input makes. Raises InvalidInput with every faulty field.

    Refused at ``code``, ``name``, ``sort``, ``categoryCode``, ``componentCode``, ``areaCode``, ``areaKind``, ``keywords.<index>``,
    ``timeFrom``, ``timeTo``, ``limitUnit``, ``limitAmount``, ``dutyItemCode``, ``leadOrganizationCode`` and
    ``coOrganizationCodes.<index>``; and as ``check_order`` does.
    """
    faults, limit = Faults(), tx.ground.rulebook.texts.name
    name = checked_text(faults, "name", given.name, limit)
    _check_codes(faults, given)
    await check_category(tx, faults, given.category_code)
    await _check_area(tx, faults, given)
    keywords = _keywords(tx, faults, given.keywords)
    hours, own_limit = _hours(faults, given), _limit(faults, given)
    await _check_bound(tx, faults, given)
    sort = await _sort(tx, faults, given)
    faults.check()
    rule = RoutingRule(
        given.code, sort, name, given.lead_organization_code, tuple(given.co_organization_codes), given.category_code,
        given.area_kind, keywords, given.duty_item_code, own_limit, given.evidence_required, given.component_code,
        given.area_code, hours,
    )  # fmt: skip
    await check_order(tx, faults, rule)
    faults.check()
    return rule


async def check_order(tx: Transaction, faults: Faults, rule: RoutingRule) -> None:
    """Note a fault for a rule that cannot stand among those in force now.

    At ``sort``: one of which an earlier rule takes every matter 被遮蔽, and one that takes every matter of a later rule, which
    would be switched off without anybody having decided that. At ``leadOrganizationCode``: one that hands a matter back to the
    organization from which a granted objection took it (see ``routing_order.handed_back``).
    """
    in_force = await rules_in_force(tx.connection, tx.county, tx.now)
    others = [other for other in in_force if other.code != rule.code]
    ancestry, narrowed = await category_ancestry(tx.connection), await _narrowed(tx, rule)
    shadow = shadowing(others, narrowed, ancestry)
    if shadow is not None:
        faults.add(
            "sort",
            f"不会被用到：规则 {shadow.code} 在前且已涵盖",
            f"rule {shadow.code} stands before it and takes every matter of it",
        )
    for off in switched_off(others, rule, ancestry):
        faults.add(
            "sort", f"规则 {off.code} 将不再被用到，须先停用", f"rule {off.code} would be switched off; retire it first"
        )
    ruling = handed_back(others, rule, await _rulings(tx, rule.lead_organization, ancestry), ancestry)
    if ruling is not None:
        told = f"异议裁定已将此类事项由 {ruling.removed} 改派 {ruling.given_to}，不得再派回"
        english = f"a ruling took such a matter from {ruling.removed} and gave it to {ruling.given_to}: it would go to and fro"
        faults.add("leadOrganizationCode", told, english)


def _check_codes(faults: Faults, given: RuleContent) -> None:
    if not _CODE.fullmatch(given.code):
        faults.add("code", "应为1至20个字母、数字或连字符", "must be 1 to 20 letters, digits or hyphens")
    if given.component_code is not None and not _COMPONENT.fullmatch(given.component_code):
        faults.add("componentCode", "部件事件代码应为10位数字", "a component's code has 10 digits")
    if given.sort is not None and not 0 <= given.sort < 2**31:
        faults.add("sort", "顺序无效", "not a possible place in the order")


async def _check_area(tx: Transaction, faults: Faults, given: RuleContent) -> None:
    """Somewhere in the county there must be ground of that kind in that area; a sea or a street without one matches nothing."""
    code = given.area_code
    if code is not None and not await _exists(tx, code):
        faults.add("areaCode", "本县(区)没有此区划或网格", "there is no such division or grid in the county")
        return
    if given.area_kind is None:
        return
    prefix = prefix_of(code) if code is not None else f"{tx.county:06d}"
    kinds = [row["area_kind"] for row in await tx.connection.fetch(_AREA_KINDS, tx.county, prefix)]
    if given.area_kind not in kinds:
        message = f"所指区域没有{given.area_kind.label}类网格，规则不会匹配"
        faults.add("areaKind", message, f"no grid of the area is {given.area_kind}, so the rule can never match")


async def _exists(tx: Transaction, code: str) -> bool:
    if not (code.isascii() and code.isdigit() and len(code) in (12, 15) and county_of(code) == tx.county):
        return False
    if level_of(code) == "GRID":
        return bool(await tx.connection.fetchval(_AREA_KINDS, tx.county, code))
    return bool(await tx.connection.fetchval(_DIVISION, code))


def _keywords(tx: Transaction, faults: Faults, given: Sequence[str]) -> tuple[str, ...]:
    limit, most = tx.ground.rulebook.texts.name, tx.ground.rulebook.routing.keywords
    if len(given) > most:
        faults.add("keywords", f"最多{most}个关键词", f"at most {most} keywords")
        return ()
    return tuple(checked_text(faults, f"keywords.{index}", word, limit) for index, word in enumerate(given))


def _hours(faults: Faults, given: RuleContent) -> Hours | None:
    begins, ends = given.time_from, given.time_to
    if begins is None and ends is None:
        return None
    if begins is None or ends is None:
        path = "timeFrom" if begins is None else "timeTo"
        faults.add(path, "起止时间须同时给出", "the two times go together")
        return None
    if begins.tzinfo is not None or ends.tzinfo is not None:
        faults.add("timeFrom", "时间按北京时间，不带时区", "times are Shanghai's and carry no zone")
        return None
    if begins == ends:
        faults.add("timeTo", "起止时间相同，规则不会匹配", "the two times are the same, so the rule can never match")
    return Hours(begins, ends)


def _limit(faults: Faults, given: RuleContent) -> Limit | None:
    if given.limit_unit is None and given.limit_amount is None:
        return None
    if given.limit_unit is None:
        faults.add("limitUnit", "时限须有单位", "a limit has a unit")
    elif given.limit_amount is None or not 1 <= given.limit_amount <= LONGEST_AMOUNT:
        faults.add("limitAmount", f"时限须为1至{LONGEST_AMOUNT}", f"a limit must lie between 1 and {LONGEST_AMOUNT}")
    else:
        return Limit(given.limit_unit, given.limit_amount)
    return None


async def _check_bound(tx: Transaction, faults: Faults, given: RuleInput) -> None:
    """The organizations exist, each is named once, and none of the grassroots gets what superiors took back (国办函〔2025〕66号)."""
    named = {"leadOrganizationCode": given.lead_organization_code}
    named |= {f"coOrganizationCodes.{index}": code for index, code in enumerate(given.co_organization_codes)}
    rows = await tx.connection.fetch(_ORGANIZATIONS, list(named.values()))
    kinds = {row["code"]: row["kind"] for row in rows}
    taken_back = await _is_taken_back(tx, faults, given.duty_item_code)
    seen = set[str]()
    for path, code in named.items():
        if code not in kinds:
            faults.add(path, f"没有代码为 {code} 的单位", f"there is no organization {code}")
        elif code in seen:
            faults.add(path, "同一单位只能列一次", "an organization is named once")
        elif taken_back and kinds[code] in _GRASSROOTS:
            faults.add(
                path,
                "该事项已由上级部门收回，不得派给街道或社区",
                "superiors took the matter back: not for street or community",
            )
        seen.add(code)


async def _is_taken_back(tx: Transaction, faults: Faults, code: str | None) -> bool:
    if code is None:
        return False
    kind = await tx.connection.fetchval(_DUTY_ITEM, code, tx.today)
    if kind is None:
        faults.add("dutyItemCode", "没有此履职事项或已失效", "there is no such duty item that is valid today")
    return bool(kind == DutyListKind.TAKEN_BACK)


async def _sort(tx: Transaction, faults: Faults, given: RuleContent) -> int:
    if given.sort is not None:
        return given.sort
    former = await tx.connection.fetchval(_FORMER_SORT, tx.county, given.code)
    if former is not None:
        return int(former)
    return int(await tx.connection.fetchval(_LAST, tx.county)) + _STEP


async def _narrowed(tx: Transaction, rule: RoutingRule) -> RoutingRule:
    """The rule with the kind of area that its area has throughout, which another rule may ask for."""
    if rule.area is None or rule.area_kind is not None:
        return rule
    rows = await tx.connection.fetch(_AREA_KINDS, tx.county, prefix_of(rule.area))
    if level_of(rule.area) != "GRID" or len(rows) != 1:
        return rule
    return replace(rule, area_kind=AreaKind[rows[0]["area_kind"]])


async def _rulings(tx: Transaction, organization_code: str, ancestry: Ancestry) -> list[Ruling]:
    """The granted objections that took a matter from the organization or gave it one, newest first, with their matters."""
    most = tx.ground.rulebook.routing.dry_run_cases
    return [_ruling(row, ancestry) for row in await tx.connection.fetch(_RULINGS, tx.county, organization_code, most)]


def _ruling(row: asyncpg.Record, ancestry: Ancestry) -> Ruling:
    categories = ancestry.get(row["category_code"], ())
    matter = told_matter(question_of(row), categories, row["area_kind"] and AreaKind[row["area_kind"]])
    return Ruling(row["removed"], row["reassigned_to"], matter, row["decided_at"], row["rule_code"])
