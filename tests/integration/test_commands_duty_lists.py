"""Duty lists and community admission at a dispatch, and editing the lists (L-25, L-26, L-29, C.9 point 8, 国办函〔2025〕66号)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shaodao.commands import admissions, cases, duty_lists
from shaodao.commands.admissions import AdmissionInput
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.duty_lists import DutyInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.rulebook import DutyListRules, OutsideDutyList
from shaodao.domain.vocabulary import AssignmentRole, DivisionLevel, DutyListKind
from tests.integration.case_steps import BASIS, CO, DISPATCHER, INFORM, LEAD, Step, accepted, do, last_event, paths
from tests.integration.conftest import Street

COUNTY, DEPUTY, CHIEF = "曹示度", "张示远", "孔示明"
TT, HY, YG = "990101001001", "990101001002", "990101001201"


def dispatching(case_id: UUID, *parties: tuple[str, AssignmentRole], catalogue: str | None = None) -> Step:
    async def step(tx: Transaction) -> Outcome:
        named = [PartyInput(code, role) for code, role in parties]
        return await cases.dispatch(tx, case_id, parties=named, duty_basis=BASIS, catalogue_code=catalogue)

    return step


async def refused_paths(street: Street, step: Step, who: str = DISPATCHER) -> set[str]:
    with pytest.raises(InvalidInput) as caught:
        await do(street, step, who)
    return paths(caught)


def duty(**changes: Any) -> DutyInput:
    given: dict[str, Any] = {
        "code": "D-TEST-1", "list_kind": DutyListKind.ASSIST, "holder_level": DivisionLevel.COMMUNITY, "name": "协助劝导占道停放",
        "legal_basis": "配合履职事项清单第90项", "category_code": "A13",
    }  # fmt: skip
    return DutyInput(**given | changes)


async def test_a_community_gets_what_its_list_holds_on_the_day(street: Street) -> None:
    case_id = await accepted(street)
    step = dispatching(case_id, ("CG", LEAD), ("TT", CO))
    assert await refused_paths(street, step) == {"parties.1.organizationCode"}
    await do(
        street,
        lambda tx: duty_lists.define_duty_item(tx, duty(valid_from=street.now.date() + timedelta(days=1))),
        COUNTY,
    )
    assert await refused_paths(street, step) == {"parties.1.organizationCode"}
    street.now += timedelta(days=1)
    await do(street, step)
    assert not await street.pool.fetchval(
        "SELECT bool_or(outside_duty_list) FROM assignment WHERE case_id = $1", case_id
    )


async def test_a_setting_flags_what_the_list_does_not_hold(street: Street) -> None:
    rulebook = msgspec.structs.replace(street.ground.rulebook, duty_lists=DutyListRules(OutsideDutyList.FLAG))
    street.ground = replace(street.ground, rulebook=rulebook)
    case_id = await accepted(street)
    await do(street, dispatching(case_id, ("CG", LEAD), ("TT", CO)))
    rows = await street.pool.fetch(
        "SELECT organization_code, outside_duty_list FROM assignment WHERE case_id = $1 ORDER BY 1", case_id
    )
    assert [tuple(row) for row in rows] == [("CG", False), ("TT", True)]
    assert "听涛社区（履职事项清单外）" in (await last_event(street, case_id))["text"]


async def test_what_superiors_took_back_goes_to_neither_street_nor_community(street: Street) -> None:
    """By the named rule's duty, by that of the rule that proposes, and by the category; whoever is only told gets no work."""
    road = await accepted(street, category_code="A10", title="路面塌陷", description="南槐路路面塌陷。")
    grassroots = (("ZJ", LEAD), ("JD", CO), ("TT", CO))
    expected = {"parties.1.organizationCode", "parties.2.organizationCode"}
    assert await refused_paths(street, dispatching(road, *grassroots)) == expected
    assert await refused_paths(street, dispatching(road, *grassroots, catalogue="C-1001")) == expected
    other = await accepted(street, category_code="A10", title="护栏松动", description="护栏松动。")
    assert await refused_paths(street, dispatching(other, *grassroots)) == expected
    await do(street, dispatching(road, ("ZJ", LEAD), ("JD", INFORM), ("TT", INFORM)))
    lift = await accepted(street, category_code="A11", title="电梯困人", description="电梯困人。")
    assert await refused_paths(street, dispatching(lift, ("SC", LEAD), ("JD", CO))) == {"parties.1.organizationCode"}
    corridor = await accepted(street, category_code="A11", title="消防通道被占", description="消防通道被占。")
    await do(street, dispatching(corridor, ("XF", LEAD), ("JD", CO)))


async def test_the_item_of_a_lower_level_is_found(street: Street) -> None:
    found: list[Any] = []

    async def look(tx: Transaction) -> Outcome:
        community, street_level = DivisionLevel.COMMUNITY, DivisionLevel.STREET
        for level, named in (
            (community, {"category_code": "A05"}), (community, {"category_code": "A0501"}), (community, {"category_code": "A13"}),
            (street_level, {"item_code": "D-A13-01"}), (community, {"item_code": "D-A13-01"}), (street_level, {"item_code": "D-A10-01"}),
        ):  # fmt: skip
            item = await duty_lists.duty_item_for(tx, level, **named)
            found.append(item and item.code)
        return Outcome(county_code=tx.county)

    await street.pool.execute(
        "INSERT INTO categories (code, name, parent_code, sort) VALUES ('A0501', '噪声邻里', 'A05', 501)"
    )
    await do(street, look)
    assert found == ["D-A05-01", "D-A05-01", None, "D-A13-01", None, None]


async def test_the_county_edits_the_duty_lists_with_a_legal_basis(street: Street) -> None:
    await do(street, lambda tx: duty_lists.define_duty_item(tx, duty()), COUNTY)
    row = await street.pool.fetchrow("SELECT * FROM duty_list_items WHERE code = 'D-TEST-1'")
    assert row is not None
    assert (row["valid_from"], row["defined_by"], row["defined_at"]) == (
        date(2026, 11, 20),
        street.viewer(COUNTY).account_id,
        street.now,
    )
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: duty_lists.define_duty_item(tx, duty(code="D-2")), DEPUTY)
    assert await refused_paths(street, lambda tx: duty_lists.define_duty_item(tx, duty()), COUNTY) == {"code"}
    bad = duty(
        code="D-3", legal_basis=" ", category_code="Z9", list_kind=DutyListKind.TAKEN_BACK, lead_organization_code="NO",
        assist_organization_codes=("CG", "NO"), valid_to=date(2020, 1, 1),
    )  # fmt: skip
    assert await refused_paths(street, lambda tx: duty_lists.define_duty_item(tx, bad), COUNTY) == {
        "legalBasis", "categoryCode", "holderLevel", "leadOrganizationCode", "assistOrganizationCodes.1", "validTo",
    }  # fmt: skip
    province = duty(code="D-4", holder_level=DivisionLevel.PROVINCE)
    assert await refused_paths(street, lambda tx: duty_lists.define_duty_item(tx, province), COUNTY) == {"holderLevel"}


async def test_a_duty_ends_with_a_day_and_a_reason(street: Street) -> None:
    end = duty_lists.end_duty_item
    yesterday = street.now.date() - timedelta(days=1)
    assert await refused_paths(street, lambda tx: end(tx, "D-A05-01", reason="修订", last_day=yesterday), COUNTY) == {
        "lastDay"
    }
    assert await refused_paths(street, lambda tx: end(tx, "D-A05-01", reason=" "), COUNTY) == {"reason"}
    await do(street, lambda tx: end(tx, "D-A05-01", reason="清单修订"), COUNTY)
    case_id = await accepted(street, category_code="A05")
    await do(street, dispatching(case_id, ("JD", LEAD), ("TT", CO)))
    street.now += timedelta(days=1)
    later = await accepted(street, category_code="A05")
    assert await refused_paths(street, dispatching(later, ("JD", LEAD), ("TT", CO))) == {"parties.1.organizationCode"}
    with pytest.raises(StateConflict):
        await do(street, lambda tx: end(tx, "D-A05-01", reason="再次"), COUNTY)
    with pytest.raises(NotFound):
        await do(street, lambda tx: end(tx, "D-NONE", reason="修订"), COUNTY)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: end(tx, "D-A14-01", reason="修订"), DEPUTY)


def admission(**changes: Any) -> AdmissionInput:
    given: dict[str, Any] = {
        "organization_code": "CG", "name": "占道停放劝导", "category_code": "A13", "content": "社区协助张贴告知书。",
        "legal_basis": "市容管理条例第8条", "community_codes": (TT, HY), "valid_to": date(2026, 11, 30),
    }  # fmt: skip
    return AdmissionInput(**given | changes)


async def requested(street: Street, **changes: Any) -> UUID:
    outcome = await street.run(
        lambda tx: admissions.request_admission(tx, admission(**changes)), street.department_viewer("CG")
    )
    assert outcome.record_id is not None
    return outcome.record_id


async def test_a_department_places_work_on_communities_only_where_the_street_admits_it(street: Street) -> None:
    """社区准入 (L-26): that organization's work, of that category, on those communities, while valid."""
    request = await requested(street)
    case_id = await accepted(street)
    step = dispatching(case_id, ("CG", LEAD), ("TT", CO))
    assert await refused_paths(street, step) == {"parties.1.organizationCode"}
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: admissions.decide_admission(tx, request, granted=True), DISPATCHER)
    assert await refused_paths(street, lambda tx: admissions.decide_admission(tx, request, granted=False), DEPUTY) == {
        "text"
    }
    await do(street, lambda tx: admissions.decide_admission(tx, request, granted=True), DEPUTY)
    with pytest.raises(StateConflict):
        await do(street, lambda tx: admissions.decide_admission(tx, request, granted=False, text="不"), CHIEF)
    for parties in ([("JJ", LEAD), ("TT", CO)], [("CG", LEAD), ("YG", CO)]):
        assert await refused_paths(street, dispatching(case_id, *parties)) == {"parties.1.organizationCode"}
    await do(street, step)
    street.now += timedelta(days=11)
    later = await accepted(street)
    assert await refused_paths(street, dispatching(later, ("CG", LEAD), ("TT", CO))) == {"parties.1.organizationCode"}


async def test_an_admission_is_asked_for_whole(street: Street) -> None:
    handler = street.department_viewer("CG")
    bad = admission(
        name="",
        content=" ",
        legal_basis=" ",
        category_code="Z9",
        community_codes=(TT, TT, "990101001000"),
        valid_to=date(2026, 11, 1),
    )
    with pytest.raises(InvalidInput) as caught:
        await street.run(lambda tx: admissions.request_admission(tx, bad), handler)
    assert paths(caught) == {
        "name", "content", "legalBasis", "categoryCode", "communityCodes.1", "communityCodes.2", "validTo",
    }  # fmt: skip
    with pytest.raises(InvalidInput):
        await street.run(lambda tx: admissions.request_admission(tx, admission(community_codes=())), handler)
    with pytest.raises(NotPermitted):
        await street.run(lambda tx: admissions.request_admission(tx, admission(organization_code="JJ")), handler)
    with pytest.raises(NotFound):
        await do(street, lambda tx: admissions.decide_admission(tx, UUID(int=7), granted=True), DEPUTY)
