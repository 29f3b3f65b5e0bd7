"""What a whistle says, checked before it is written: texts, times, parties, and the rules of its kind (reference C.4, C.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from shaodao.commands import cross_area, whistle_list
from shaodao.commands.checking import check_future, checked_text, optional_text
from shaodao.commands.dispatching import PartyInput, check_parties
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import AssignmentRole, OrgKind, WhistleKind, WhistleReason

_KINDS = "SELECT code, kind FROM organizations WHERE code = ANY($1::text[])"
_OF_THE_STREET = frozenset({OrgKind.STREET_OFFICE, OrgKind.COMMUNITY})
_STREET_CANNOT_ALONE = frozenset({WhistleKind.ROUTINE, WhistleKind.JOINT_ENFORCEMENT})
_ONE_DEPARTMENT_SUFFICES = frozenset({WhistleReason.NO_POWER, WhistleReason.LONG_UNSOLVED})
_PLANNED = frozenset({WhistleKind.CAMPAIGN, WhistleKind.CROSS_AREA})


@dataclass(frozen=True)
class WhistleInput:
    """A whistle as it is drafted. ``self_effort`` 街道已做工作 and ``duty_basis`` may miss in an EMERGENCY only.

    ``assemble_at`` 集结时间 is to come, and demanded where the kind has no other time to arrive (CAMPAIGN, CROSS_AREA);
    ``plan_until``: by when the plan of such a whistle expects the result, without it the case's own due; ``remote_allowed``:
    handling from afar counts as arriving; ``complex``: the longer limit of the result applies (C.5 rule 5).
    ``list_item_code`` names an item of the list of admissible whistles 吹哨事项清单, from which ``reason_kind``, ``reason``,
    ``parties`` and ``duty_basis`` come where they are absent. ``partner_street_code``: the street of another county that a
    CROSS_AREA whistle invites.
    """

    kind: WhistleKind
    reason_kind: WhistleReason | None
    reason: str | None
    parties: Sequence[PartyInput]
    self_effort: str | None = None
    duty_basis: str | None = None
    place: str | None = None
    assemble_at: datetime | None = None
    remote_allowed: bool = False
    complex: bool = False
    list_item_code: str | None = None
    plan_until: datetime | None = None
    partner_street_code: str | None = None


@dataclass(frozen=True)
class WhistleContent:
    """A whistle's content as it is written. ``list_item_code`` None: its matter is not on the list of admissible ones."""

    kind: WhistleKind
    reason_kind: WhistleReason
    reason: str
    parties: tuple[PartyInput, ...]
    self_effort: str | None = None
    duty_basis: str | None = None
    place: str | None = None
    assemble_at: datetime | None = None
    remote_allowed: bool = False
    complex: bool = False
    list_item_code: str | None = None
    plan_until: datetime | None = None
    partner_street_code: str | None = None

    @property
    def off_list(self) -> bool:
        """Whether the approver is to be shown that the list does not hold it; an emergency is never measured by it."""
        return self.list_item_code is None and self.kind is not WhistleKind.EMERGENCY


async def checked_content(
    tx: Transaction, case: CaseFacts, given: WhistleInput, drafted_for: str | None
) -> WhistleContent:
    """The content as it may be written. ``drafted_for``: the organization whose whistle 部门哨 it is.

    Raises InvalidInput with every fault of its fields, or those of its parties.
    """
    faults = Faults()
    item = await whistle_list.item_named(tx, faults, case, given)
    given = given if item is None else whistle_list.filled_in(given, item)
    content = _fields(tx, faults, given)
    _check_times(tx, faults, given)
    partner = await cross_area.checked_partner(tx, faults, case, given.kind, given.partner_street_code)
    faults.check()
    department = given.kind is WhistleKind.DEPARTMENT
    emergency = given.kind is WhistleKind.EMERGENCY
    await check_parties(tx, case, content.parties, lead_named=not department, emergency=emergency)
    if drafted_for is not None:
        _check_not_itself(content, drafted_for)
    await _check_several(tx, case, content)
    code = item.code if item is not None else await whistle_list.code_holding(tx, case, content)
    whistle_list.check_admissible(tx, content.kind, code)
    return replace(content, list_item_code=code, partner_street_code=partner)


def _fields(tx: Transaction, faults: Faults, given: WhistleInput) -> WhistleContent:
    texts = tx.ground.rulebook.texts
    demanded: _Check = optional_text if given.kind is WhistleKind.EMERGENCY else _demanded_text
    if given.reason_kind is None:
        faults.add("reasonKind", "须说明吹哨情形", "tell why the street cannot solve it alone")
    if given.plan_until is not None and given.kind not in _PLANNED:
        faults.add("planUntil", "仅重点工作哨、跨区联合哨按方案定时限", "only CAMPAIGN and CROSS_AREA follow a plan")
    return WhistleContent(
        kind=given.kind,
        reason_kind=given.reason_kind or WhistleReason.NO_POWER,
        reason=checked_text(faults, "reason", given.reason or "", texts.reason),
        parties=tuple(given.parties),
        self_effort=demanded(faults, "selfEffort", given.self_effort, texts.explanation),
        duty_basis=demanded(faults, "dutyBasis", given.duty_basis, texts.reason),
        place=optional_text(faults, "place", given.place, texts.address),
        assemble_at=given.assemble_at,
        remote_allowed=given.remote_allowed,
        complex=given.complex,
        plan_until=given.plan_until,
    )


class _Check(Protocol):
    """Cleans a text, noting its fault."""

    def __call__(self, faults: Faults, path: str, text: str | None, limit: int) -> str | None: ...


def _demanded_text(faults: Faults, path: str, text: str | None, limit: int) -> str | None:
    return checked_text(faults, path, text or "", limit)


def _check_times(tx: Transaction, faults: Faults, given: WhistleInput) -> None:
    """ "At meeting time" needs a meeting time (C.5 rule 5), and a plan ends after it begins."""
    limits = tx.ground.rulebook.whistles.of(given.kind)
    if given.assemble_at is None and limits.arrive is None and limits.arrive_at_assembly:
        faults.add("assembleAt", f"{given.kind.label}须定集结时间", "this kind of whistle needs a time to gather")
    check_future(faults, "assembleAt", given.assemble_at, tx.now)
    check_future(faults, "planUntil", given.plan_until, tx.now)


def _check_not_itself(content: WhistleContent, drafted_for: str) -> None:
    for index, party in enumerate(content.parties):
        if party.organization_code == drafted_for:
            raise InvalidInput.at(
                f"parties.{index}.organizationCode", "部门哨不能吹给本单位", "a department does not call itself"
            )


async def _check_several(tx: Transaction, case: CaseFacts, content: WhistleContent) -> None:
    """A matter of one department is transferred or dispatched 移送、派单, no whistle is blown for it (C.9 point 2).

    Those count that are at work in the case already. What the street has no power for, or tried long, may be one's alone.
    """
    if content.kind not in _STREET_CANNOT_ALONE or content.reason_kind in _ONE_DEPARTMENT_SUFFICES:
        return
    named = {party.organization_code for party in content.parties if party.role is not AssignmentRole.INFORM}
    at_work = {a.organization_code for a in case.active if a.role is not AssignmentRole.INFORM}
    rows = await tx.connection.fetch(_KINDS, sorted(named | at_work))
    if sum(OrgKind[row["kind"]] not in _OF_THE_STREET for row in rows) < 2:
        raise InvalidInput.at(
            "parties",
            "单一部门事项应移送或派单，不吹哨",
            "a matter of a single department is dispatched, not whistled for",
        )
