"""Duty lists 履职事项清单 (L-25, L-29, 国办函〔2025〕66号): what a level holds, what superiors took back, and editing the lists.

A community gets only what its list holds, or what the street admitted 社区准入; what superiors took back 上级部门收回 goes to
neither street nor community.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import assert_never

import asyncpg
import msgspec

from shaodao.commands.checking import checked_text, only_text
from shaodao.commands.registration import check_category
from shaodao.commands.routing import category_ancestry, propose, question_of_case
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.facts import CaseFacts
from shaodao.domain.routing_permissions import may_edit_duty_list
from shaodao.domain.rulebook import OutsideDutyList
from shaodao.domain.vocabulary import AssignmentRole, DivisionLevel, DutyListKind, OrgKind

_VALID = "valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1)"
_COLUMNS = "code, list, holder_level, name, category_code, legal_basis"
_BY_CODE = f"SELECT {_COLUMNS} FROM duty_list_items WHERE code = $2 AND {_VALID}"
_BY_CATEGORY = f"""
SELECT {_COLUMNS} FROM duty_list_items
WHERE (category_code IS NULL OR category_code = ANY($2::text[])) AND {_VALID} ORDER BY category_code NULLS LAST, code
"""
_ADMITTED = """
SELECT EXISTS (
    SELECT 1 FROM community_admission
    WHERE county_code = $1 AND street_code = $2 AND state = 'GRANTED' AND category_code = ANY($3::text[])
        AND $4 = ANY(community_codes) AND organization_code = ANY($5::text[]) AND $6 BETWEEN valid_from AND valid_to
)
"""
_DEFINE = """
INSERT INTO duty_list_items (
    code, list, holder_level, name, category_code, lead_organization_code, assist_organization_codes, legal_basis,
    valid_from, valid_to, defined_by, defined_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (code) DO NOTHING RETURNING code
"""
_END = "UPDATE duty_list_items SET valid_to = $2, ended_by = $3, ended_at = $4, end_reason = $5 WHERE code = $1"
_LOCK = "SELECT valid_from, valid_to FROM duty_list_items WHERE code = $1 FOR UPDATE"
_KNOWN = "SELECT code FROM organizations WHERE code = ANY($1::text[])"
_HOLDERS = (DivisionLevel.COUNTY, DivisionLevel.STREET, DivisionLevel.COMMUNITY)
_GRASSROOTS = (DivisionLevel.STREET, DivisionLevel.COMMUNITY)


@dataclass(frozen=True)
class DutyItem:
    """An item of a duty list that is valid on the day: the level that holds it, and its legal basis 法律依据."""

    code: str
    list_kind: DutyListKind
    holder_level: DivisionLevel
    name: str
    category_code: str | None
    legal_basis: str


@dataclass(frozen=True)
class Grassroots:
    """A street office or a community among the parties: where in the input, and the division that it belongs to."""

    path: str
    organization_code: str
    kind: OrgKind
    division_code: str | None


class DutyInput(msgspec.Struct, frozen=True, kw_only=True):
    """A duty as it is put on a list; the days are included, and without a last one it holds until it is ended."""

    code: str
    list_kind: DutyListKind
    holder_level: DivisionLevel
    name: str
    legal_basis: str
    category_code: str | None = None
    lead_organization_code: str | None = None
    assist_organization_codes: Sequence[str] = ()
    valid_from: date | None = None
    valid_to: date | None = None


async def duty_item_for(
    tx: Transaction, level: DivisionLevel, *, category_code: str | None = None, item_code: str | None = None
) -> DutyItem | None:
    """The duty by which a level may be given a matter today: on its own list, basic or assisting, never taken back.

    By the item's code, or the narrowest item of the category and those above it; None when the level holds no such duty.
    """
    if item_code is not None:
        items = await _by_code(tx, item_code)
    else:
        items = await _of_category(tx, category_code)
    return next((item for item in items if item.holder_level is level and _may_be_given(item)), None)


async def taken_back(tx: Transaction, case: CaseFacts, duty_item_code: str | None) -> DutyItem | None:
    """The item by which superiors took the case's matter back 上级部门收回, if they did.

    That of the duty that the dispatch rests on; else of the rule that proposes for the case; where no rule does, the
    category's, unless street or community hold a duty of the category as well.
    """
    if duty_item_code is None:
        question = await question_of_case(tx.connection, tx.county, case.id)
        rule = await propose(tx.connection, tx.county, question, tx.now)
        duty_item_code = rule.duty_item if rule is not None else None
    if duty_item_code is not None:
        items = await _by_code(tx, duty_item_code)
        return next((item for item in items if item.list_kind is DutyListKind.TAKEN_BACK), None)
    items = await _of_category(tx, case.category_code)
    if any(item.holder_level in _GRASSROOTS and _may_be_given(item) for item in items):
        return None
    return next((item for item in items if item.list_kind is DutyListKind.TAKEN_BACK), None)


async def check_grassroots(
    tx: Transaction, faults: Faults, case: CaseFacts, parties: Sequence[Grassroots], movers: Iterable[str], *,
    duty_item_code: str | None = None, emergency: bool = False,
) -> frozenset[str]:  # fmt: skip
    """Note a fault for a street office or a community that may not get the matter; answers whom the setting lets pass, flagged.

    ``movers``: the organizations at work in the case, whose work may be admitted to communities. In an emergency a street
    office is called first and the duties are argued later (C.9 point 7).
    """
    flagged: set[str] = set()
    item = await taken_back(tx, case, duty_item_code) if parties else None
    organizations = sorted(movers)
    for party in parties:
        if item is not None and not (emergency and party.kind is OrgKind.STREET_OFFICE):
            message = f"该事项已由上级部门收回（{item.code} {item.name}），不得派给街道或社区"
            faults.add(
                party.path, message, f"superiors took the matter back ({item.code}): not for street or community"
            )
        elif party.kind is OrgKind.COMMUNITY and not await _holds(tx, case, party, organizations):
            match tx.ground.rulebook.duty_lists.community:
                case OutsideDutyList.REFUSE:
                    faults.add(
                        party.path,
                        "社区履职事项清单不含此类事项",
                        "the community's duty list does not hold this category",
                    )
                case OutsideDutyList.FLAG:
                    flagged.add(party.organization_code)
                case other:
                    assert_never(other)
    return frozenset(flagged)


def concerns(kind: str, role: AssignmentRole) -> bool:
    """Whether the duty lists say anything to an organization of that kind in that role; whom is only told gets no work."""
    return kind in (OrgKind.COMMUNITY, OrgKind.STREET_OFFICE) and role is not AssignmentRole.INFORM


async def define_duty_item(tx: Transaction, given: DutyInput) -> Outcome:
    """Put a duty on a list, with its legal basis; by the county grid office. A code is defined once: what changes gets a new one.

    Raises NotPermitted, InvalidInput at ``code`` (taken), ``name``, ``legalBasis``, ``holderLevel``, ``categoryCode``,
    ``leadOrganizationCode``, ``assistOrganizationCodes`` and ``validTo``.
    """
    _check_editor(tx)
    faults, texts = Faults(), tx.ground.rulebook.texts
    code = checked_text(faults, "code", given.code, texts.name)
    name = checked_text(faults, "name", given.name, texts.name)
    basis = checked_text(faults, "legalBasis", given.legal_basis, texts.reason)
    await check_category(tx, faults, given.category_code)
    await _check_holder(tx, faults, given)
    since = given.valid_from or tx.today
    if given.valid_to is not None and given.valid_to < since:
        faults.add("validTo", "截止日期不能早于起始日期", "it must not end before it begins")
    faults.check()
    defined = await tx.connection.fetchval(
        _DEFINE, code, str(given.list_kind), str(given.holder_level), name, given.category_code, given.lead_organization_code,
        list(given.assist_organization_codes), basis, since, given.valid_to, tx.actor.account_id, tx.now,
    )  # fmt: skip
    if defined is None:
        raise InvalidInput.at(
            "code", "编码已使用；请结束原事项，另立新编码", "the code is taken: end that item and use a new one"
        )
    return Outcome(county_code=tx.county, record_code=code)


async def end_duty_item(tx: Transaction, code: str, *, reason: str, last_day: date | None = None) -> Outcome:
    """End a duty with a last day, today by default; by the county grid office. What was done by it stays right.

    Raises NotPermitted, NotFound, InvalidInput at ``reason`` and ``lastDay`` (in the past, or before its first), StateConflict
    for one that has ended.
    """
    _check_editor(tx)
    row = await tx.connection.fetchrow(_LOCK, code)
    if row is None:
        raise NotFound("DutyListItem", code)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    day = last_day or max(tx.today, row["valid_from"])
    if row["valid_to"] is not None and row["valid_to"] < tx.today:
        raise StateConflict("该事项已结束", "the duty has ended already", state="ENDED", version=0)
    if day < max(tx.today, row["valid_from"]):
        raise InvalidInput.at(
            "lastDay", "结束日期不能早于今天或起始日期", "the last day must not lie in the past or before its first"
        )
    await tx.connection.execute(_END, code, day, tx.actor.account_id, tx.now, why)
    return Outcome(county_code=tx.county, record_code=code)


async def _holds(tx: Transaction, case: CaseFacts, party: Grassroots, organizations: list[str]) -> bool:
    if await duty_item_for(tx, DivisionLevel.COMMUNITY, category_code=case.category_code) is not None:
        return True
    categories = await _line_of(tx, case.category_code)
    return bool(
        await tx.connection.fetchval(
            _ADMITTED, tx.county, case.street_code, categories, party.division_code, organizations, tx.today
        )
    )


async def _by_code(tx: Transaction, code: str) -> list[DutyItem]:
    return [_item(row) for row in await tx.connection.fetch(_BY_CODE, tx.today, code)]


async def _of_category(tx: Transaction, category_code: str | None) -> list[DutyItem]:
    """The items of the category and those above it, the narrowest category first; those without a category hold for all."""
    line = await _line_of(tx, category_code)
    items = [_item(row) for row in await tx.connection.fetch(_BY_CATEGORY, tx.today, line)]
    return sorted(items, key=lambda item: line.index(item.category_code) if item.category_code else len(line))


async def _line_of(tx: Transaction, category_code: str | None) -> list[str]:
    return list((await category_ancestry(tx.connection)).get(category_code or "", ()))


def _item(row: asyncpg.Record) -> DutyItem:
    return DutyItem(
        row["code"], DutyListKind[row["list"]], DivisionLevel[row["holder_level"]], row["name"], row["category_code"],
        row["legal_basis"],
    )  # fmt: skip


def _may_be_given(item: DutyItem) -> bool:
    return item.list_kind is not DutyListKind.TAKEN_BACK


def _check_editor(tx: Transaction) -> None:
    if not may_edit_duty_list(tx.actor, tx.county):
        raise NotPermitted("仅县(区)网格办可以编辑履职事项清单", "only the county grid office edits the duty lists")


async def _check_holder(tx: Transaction, faults: Faults, given: DutyInput) -> None:
    if given.holder_level not in _HOLDERS:
        faults.add("holderLevel", "须为县(区)、街道或社区", "must be COUNTY, STREET or COMMUNITY")
    elif given.list_kind is DutyListKind.TAKEN_BACK and given.holder_level is not DivisionLevel.COUNTY:
        faults.add("holderLevel", "上级部门收回的事项由县(区)承担", "what superiors took back is held by the county")
    lead, assisting = given.lead_organization_code, list(given.assist_organization_codes)
    known = {row["code"] for row in await tx.connection.fetch(_KNOWN, [*assisting, *filter(None, [lead])])}
    if lead is not None and lead not in known:
        faults.add("leadOrganizationCode", f"没有代码为 {lead} 的单位", f"there is no organization {lead}")
    for index, code in enumerate(assisting):
        if code not in known:
            path = f"assistOrganizationCodes.{index}"
            faults.add(path, f"没有代码为 {code} 的单位", f"there is no organization {code}")
