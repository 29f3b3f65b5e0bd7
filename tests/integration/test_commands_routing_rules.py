"""Routing rules as data: two people, versions, what is refused, and what follows from a ruling (L-25 to L-29; issue)."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases, objections, routing_rules, rulings
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.routing import RoutingQuestion, explain_routing, rules_in_force
from shaodao.commands.rule_checks import RuleContent, RuleInput
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.routing import RoutingRule
from shaodao.domain.vocabulary import AreaKind, ObjectionReason
from tests.integration.case_steps import BASIS, DISPATCHER, LEAD, accepted, case_row, do, only_row, paths
from tests.integration.conftest import Street

DEPUTY, CHIEF, COUNTY, WORKER = "张示远", "孔示明", "曹示度", "周示岚"
STREET, GRID = "990101001000", "990101001001004"


def rule_input(**changes: Any) -> RuleInput:
    given: dict[str, Any] = {
        "code": "R-1301", "name": "共享单车乱停", "category_code": "A13", "keywords": ("共享单车",),
        "lead_organization_code": "JJ", "co_organization_codes": ("CG",), "duty_item_code": "D-A13-01",
    }  # fmt: skip
    return RuleInput(**given | changes)


async def propose(street: Street, who: str = DISPATCHER, **changes: Any) -> UUID:
    street.now += timedelta(minutes=1)
    outcome = await do(
        street, lambda tx: routing_rules.propose_rule(tx, rule_input(**changes), reason="夜间乱停投诉多"), who
    )
    assert outcome.record_id is not None
    return outcome.record_id


async def decide(
    street: Street, rule: UUID, who: str = DEPUTY, *, granted: bool = True, text: str | None = None
) -> None:
    street.now += timedelta(minutes=1)
    await do(street, lambda tx: routing_rules.decide_rule(tx, rule, granted=granted, text=text), who)


async def row(street: Street, rule: UUID) -> Any:
    return await only_row(street, "SELECT * FROM routing_rule WHERE county_code = $1 AND id = $2", street.county, rule)


async def in_force(street: Street, at: datetime | None = None) -> dict[str, RoutingRule]:
    async with street.pool.acquire() as connection:
        found = await rules_in_force(connection_of(connection), street.county, at or street.now)
    return {rule.code: rule for rule in found}


async def chosen(street: Street, question: RoutingQuestion, at: datetime | None = None) -> tuple[str, int] | None:
    async with street.pool.acquire() as connection:
        verdicts = await explain_routing(connection_of(connection), street.county, question, at or street.now)
    return next(((verdict.rule.code, verdict.rule.version) for verdict in verdicts if verdict.chosen), None)


async def test_a_rule_is_proposed_by_one_and_decided_by_another(street: Street) -> None:
    rule = await propose(street)
    stored = await row(street, rule)
    assert (stored["version"], stored["state"], stored["area_code"]) == (1, "PROPOSED", STREET)
    assert "R-1301" not in await in_force(street)
    for who in (DISPATCHER, WORKER):
        with pytest.raises(NotPermitted):
            await decide(street, rule, who)
    await decide(street, rule)
    stored = await row(street, rule)
    assert (stored["state"], stored["in_force_from"]) == ("IN_FORCE", street.now)
    assert stored["decided_by"] == street.viewer(DEPUTY).account_id
    assert (await in_force(street))["R-1301"].lead_organization == "JJ"
    with pytest.raises(StateConflict):
        await decide(street, rule, CHIEF)


async def test_every_version_stays_and_explains_its_own_time(street: Street) -> None:
    first = await propose(street)
    await decide(street, first)
    question, between = RoutingQuestion("A13", GRID, "共享单车堆放"), street.now
    second = await propose(street, DEPUTY, lead_organization_code="CG", co_organization_codes=())
    with pytest.raises(StateConflict):
        await propose(street, CHIEF)
    await decide(street, second, CHIEF, text="同意")
    assert [((await row(street, each))["state"], (await row(street, each))["in_force_until"]) for each in (first, second)] == [
        ("SUPERSEDED", street.now), ("IN_FORCE", None),
    ]  # fmt: skip
    assert await chosen(street, question) == ("R-1301", 2)
    assert await chosen(street, question, between) == ("R-1301", 1)
    assert await chosen(street, question, between - timedelta(minutes=2)) is None
    assert await chosen(street, question, street.now - timedelta(days=10_000)) is None


async def test_a_rule_is_retired_by_two_people_and_may_come_back(street: Street) -> None:
    """Never switched off silently: the retirement is a version with who, when and why."""
    rule = await propose(street)
    await decide(street, rule)

    async def retire(who: str = DISPATCHER) -> UUID:
        outcome = await do(street, lambda tx: routing_rules.retire_rule(tx, rule, reason="已并入专项整治"), who)
        assert outcome.record_id is not None
        return outcome.record_id

    refused = await retire()
    with pytest.raises(InvalidInput) as caught:
        await decide(street, refused, granted=False)
    assert paths(caught) == {"text"}
    await decide(street, refused, granted=False, text="仍需要")
    assert "R-1301" in await in_force(street)
    ending = await retire(DEPUTY)
    with pytest.raises(NotPermitted):
        await decide(street, ending, DEPUTY)
    await decide(street, ending, CHIEF)
    assert "R-1301" not in await in_force(street)
    assert (await row(street, rule))["in_force_until"] == street.now
    assert [(await row(street, each))["state"] for each in (refused, ending)] == ["REJECTED", "RETIRED"]
    with pytest.raises(StateConflict):
        await retire()
    again = await propose(street)
    assert (await row(street, again))["version"] == 4


async def test_the_countys_rules_are_decided_by_the_county(street: Street) -> None:
    """The catalogue's first versions hold for the whole county: a street may propose a change, not make it."""
    version = await propose(street, code="C-1303", name="垃圾清运", keywords=("垃圾",), lead_organization_code="CG",
                            co_organization_codes=(), duty_item_code="D-A13-03")  # fmt: skip
    stored = await row(street, version)
    assert (stored["version"], stored["area_code"]) == (2, None)
    with pytest.raises(NotPermitted):
        await decide(street, version, CHIEF)
    await decide(street, version, COUNTY)
    assert (await in_force(street))["C-1303"].version == 2
    with pytest.raises(NotPermitted):
        await propose(street, WORKER)
    with pytest.raises(NotPermitted):
        await propose(street, area_code="990101002000")
    with pytest.raises(NotFound):
        await decide(street, UUID(int=7))


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"code": "规则", "name": " "}, {"code", "name"}),
        ({"category_code": "Z9"}, {"categoryCode"}),
        ({"component_code": "12345"}, {"componentCode"}),
        ({"area_code": "990101001999", }, {"areaCode"}),
        ({"area_kind": AreaKind.SEA, "area_code": "990101001001001"}, {"areaKind"}),
        ({"area_kind": AreaKind.SEA, "area_code": "990101001002"}, {"areaKind"}),
        ({"keywords": ("", "共享单车")}, {"keywords.0"}),
        ({"keywords": ("单车",) * 51}, {"keywords"}),
        ({"time_from": time(22), "time_to": time(22)}, {"timeTo"}),
        ({"time_from": time(22)}, {"timeTo"}),
        ({"limit_amount": 3}, {"limitUnit"}),
        ({"limit_amount": 0, "limit_unit": DeadlineUnit.WORKING_DAY}, {"limitAmount"}),
        ({"lead_organization_code": "NO", "co_organization_codes": ("CG", "CG")}, {"leadOrganizationCode", "coOrganizationCodes.1"}),
        ({"duty_item_code": "D-X"}, {"dutyItemCode"}),
        ({"duty_item_code": "D-A10-01", "co_organization_codes": ("JD", "TT")}, {"coOrganizationCodes.0", "coOrganizationCodes.1"}),
        ({"sort": -1}, {"sort"}),
    ],
)  # fmt: skip
async def test_a_rule_that_cannot_match_or_bind_is_refused(
    street: Street, changes: dict[str, Any], faulty: set[str]
) -> None:
    """Bad input (issue): a routing rule that cannot match; what superiors took back goes to no street (国办函〔2025〕66号)."""
    with pytest.raises(InvalidInput) as caught:
        await propose(street, **changes)
    assert paths(caught) == faulty
    assert await street.pool.fetchval("SELECT count(*) FROM routing_rule WHERE state = 'PROPOSED'") == 0


async def test_a_shadowed_rule_and_one_that_shadows_are_refused_with_the_others_code(street: Street) -> None:
    with pytest.raises(InvalidInput) as caught:
        await propose(street, keywords=("垃圾堆放",))
    assert paths(caught) == {"sort"}
    assert "C-1303" in caught.value.message
    with pytest.raises(InvalidInput) as caught:
        await propose(street, COUNTY, keywords=(), sort=0)
    assert {code for code in ("C-1301", "C-1302", "C-1303") if code in caught.value.message} == {
        "C-1301",
        "C-1302",
        "C-1303",
    }
    # What was free when it was proposed may be taken when it is decided.
    narrow, wide = await propose(street, sort=900), await propose(street, code="R-0", keywords=("单车",), sort=800)
    await decide(street, wide)
    with pytest.raises(StateConflict) as conflict:
        await decide(street, narrow)
    assert "R-0" in conflict.value.message


NOISE = {"category_code": "A02", "title": "商圈工地夜间施工噪声", "description": "23时后仍在打桩。"}


async def disputed(street: Street) -> tuple[UUID, UUID]:
    """A case that HB objected to and CG got, with the objection (demonstration case 13)."""
    case_id = await accepted(street, **NOISE)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("HB", LEAD)], duty_basis=BASIS))
    assignment: UUID = await street.pool.fetchval("SELECT id FROM assignment WHERE case_id = $1", case_id)
    raised = await street.run(
        lambda tx: objections.raise_objection(
            tx, assignment, reason_kind=ObjectionReason.NOT_OUR_DUTY, text="夜间施工噪声执法已划转综合执法。"
        ),
        street.department_viewer("HB"),
    )
    ruling = objections.Ruling(True, "职责不符，改派综合执法。", "CG", BASIS)
    await do(street, lambda tx: objections.decide_objection(tx, assignment, ruling), DISPATCHER)
    assert raised.record_id is not None
    return case_id, raised.record_id


def from_ruling(objection: UUID, **changes: Any) -> Callable[[Transaction], Any]:
    given: dict[str, Any] = {
        "code": "R-0299", "name": "夜间施工噪声", "category_code": "A02", "keywords": ("夜间施工",), "sort": 5,
        "duty_item_code": "D-A02-02",
    }  # fmt: skip
    content = RuleContent(**given | changes)

    async def step(tx: Transaction) -> Outcome:
        return await rulings.propose_from_ruling(tx, objection, content)

    return step


async def test_a_granted_objection_becomes_a_rule_that_no_rule_may_undo(street: Street) -> None:
    """The ruling is offered as a routing rule, and a rule that hands the matter back loops (issue, Objections, Bad input)."""
    _, objection = await disputed(street)
    with pytest.raises(InvalidInput) as caught:
        await do(street, from_ruling(objection, keywords=("油漆",), time_from=time(1), time_to=time(2)))
    assert paths(caught) == {"keywords", "timeFrom"}
    with pytest.raises(NotPermitted):
        await do(street, from_ruling(objection), WORKER)
    with pytest.raises(NotFound):
        await do(street, from_ruling(UUID(int=7)))
    outcome = await do(street, from_ruling(objection))
    assert outcome.record_id is not None
    stored = await row(street, outcome.record_id)
    assert (stored["lead_organization_code"], stored["reason"], stored["area_code"], stored["objection_id"]) == (
        "CG", "职责不符，改派综合执法。", STREET, objection,
    )  # fmt: skip
    assert (
        await street.pool.fetchval("SELECT rule_id FROM dispatch_objection WHERE id = $1", objection)
        == outcome.record_id
    )
    with pytest.raises(StateConflict):
        await do(street, from_ruling(objection, code="R-0298"))
    await decide(street, outcome.record_id)
    loops: dict[str, Any] = {
        "code": "R-0201",
        "category_code": "A02",
        "lead_organization_code": "HB",
        "co_organization_codes": (),
        "duty_item_code": None,
    }
    with pytest.raises(InvalidInput) as caught:
        await propose(street, keywords=("夜间施工噪声",), sort=1, **loops)
    assert paths(caught) == {"leadOrganizationCode"}
    await propose(street, keywords=("扬尘",), sort=1, **loops)


async def test_a_refused_objection_makes_no_rule(street: Street) -> None:
    case_id, objection = await disputed(street)
    await street.pool.execute("UPDATE dispatch_objection SET decision = 'REFUSED', reassigned_to = NULL")
    with pytest.raises(StateConflict):
        await do(street, from_ruling(objection))
    assert (await case_row(street, case_id))["state"] == "ASSIGNED"


async def test_a_dispatch_follows_the_version_in_force(street: Street) -> None:
    """C.5 rule 4: the rule's own limit overrides the class's."""
    street.now = datetime(2026, 11, 19, 9, 30, tzinfo=street.now.tzinfo)
    rule = await propose(street, limit_unit=DeadlineUnit.WORKING_DAY, limit_amount=2, evidence_required=True)
    case_id = await accepted(street, title="共享单车堆放")

    async def dispatch(tx: Transaction) -> Outcome:
        parties = [PartyInput("JJ", LEAD)]
        return await cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS, catalogue_code="R-1301")

    with pytest.raises(InvalidInput) as caught:
        await do(street, dispatch)
    assert paths(caught) == {"catalogueCode"}
    await decide(street, rule)
    await do(street, dispatch)
    event = await only_row(
        street, "SELECT payload::text FROM case_event WHERE case_id = $1 AND type = 'dispatchCase'", case_id
    )
    assert '"version": 1' in event["payload"]
    assert (await case_row(street, case_id))["due_at"].date().isoformat() == "2026-11-23"
    assert await street.pool.fetchval("SELECT evidence_required FROM assignment WHERE case_id = $1", case_id)
