"""explainDeadline in words that a resident can read: each way in which a due changed, or did not although the work did (C.5)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schema.ids import GlobalId
from shaodao.commands import agents, cases, extensions, merging, whistle_closing, whistle_parties
from shaodao.commands.dispatching import PartyInput
from shaodao.demo.identifiers import account_id
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.vocabulary import NotAcceptedReason, Urgency, WhistleKind
from tests.integration.case_steps import accepted, registered
from tests.integration.conftest import Street
from tests.integration.graphql_street import GraphQLStreet, graphql_of
from tests.integration.test_calendar_changes import change, recount
from tests.integration.test_commands_agents import AGENT
from tests.integration.whistle_steps import (
    BASIS,
    CHIEF,
    DEPUTY,
    DISPATCHER,
    LEAD,
    blown_on,
    do,
    viewer_of,
)

RESIDENT = "P014"
ONE_DAY = timedelta(days=1)
EXPLAINED = "query ($id: ID!) { explainDeadline(id: $id) { explanation { text } } }"
RESULT_OF = """query ($id: ID!) { node(id: $id) { ... on Case { deadlines {
  kind organization { code } unit explanation { text lines { kind } }
} } } }"""
CONTINUES = "，时限接续计算，不重新起算"


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def told(api: GraphQLStreet, case_id: UUID, who: str = RESIDENT) -> str:
    """The explanation of the case's handling clock."""
    clock = await api.query(viewer_of(api.street, who), EXPLAINED, id=id_of(api.street, case_id))
    text: str = clock["explainDeadline"]["explanation"]["text"]
    return text


async def told_of_result(api: GraphQLStreet, case_id: UUID, code: str, who: str = DISPATCHER) -> Mapping[str, Any]:
    """An organization's result clock."""
    found = await api.query(viewer_of(api.street, who), RESULT_OF, id=id_of(api.street, case_id))
    [clock] = [
        each for each in found["node"]["deadlines"] if each["kind"] == "RESULT" and each["organization"]["code"] == code
    ]
    assert isinstance(clock, dict)
    return clock


def id_of(street: Street, case_id: UUID) -> str:
    return str(GlobalId("Case", street.county, str(case_id)))


async def dispatch(street: Street, case_id: UUID, code: str = "CG") -> None:
    parties = [PartyInput(code, LEAD)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))


async def classed(street: Street, case_id: UUID, urgency: Urgency) -> None:
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=urgency, reason="情况有变"))


async def test_another_lead_of_a_whistle_is_told_and_resets_no_clock(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    whistle_id = await blown_on(street, case_id)
    before = await told(api, case_id)
    assert CONTINUES not in before, "the first to be called take nothing over"
    changing = whistle_parties.change_lead
    await do(street, lambda tx: changing(tx, whistle_id, "JJ", "主要涉及车辆"), CHIEF, after=ONE_DAY)
    line = "2026年11月21日(周六)10:00变更主办单位" + CONTINUES
    assert await told(api, case_id) == before.replace(
        "；2026年11月27日(周五)24时前", f"；{line}；2026年11月27日(周五)24时前"
    )
    for code in ("CG", "JJ"):
        assert line in (await told_of_result(api, case_id, code))["explanation"]["text"]
    await do(street, lambda tx: changing(tx, whistle_id, "HB", "涉及废油"), CHIEF, after=ONE_DAY)
    assert "2026年11月22日(周日)10:00变更主办单位" + CONTINUES in await told(api, case_id)
    assert CONTINUES not in (await told_of_result(api, case_id, "HB"))["explanation"]["text"], "its own limit begins"


async def test_a_whistle_on_what_was_dispatched_to_another_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    await dispatch(street, case_id, "HB")
    assert CONTINUES not in await told(api, case_id)
    whistle_id = await blown_on(street, case_id)
    assert "2026年11月20日(周五)10:00变更主办单位" + CONTINUES in await told(api, case_id)

    await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, reason="由环保单独办理"), after=ONE_DAY)
    again = "2026年11月21日(周六)10:00变更主办单位" + CONTINUES
    assert again in await told(api, case_id)
    assert again in (await told_of_result(api, case_id, "HB"))["explanation"]["text"]


async def test_a_whistle_that_the_present_lead_leads_changes_no_lead(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    await dispatch(street, case_id)
    await blown_on(street, case_id)
    assert CONTINUES not in await told(api, case_id)


async def test_a_dispatch_after_a_withdrawn_whistle_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    whistle_id = await blown_on(street, case_id)
    await do(street, lambda tx: whistle_closing.withdraw(tx, whistle_id, reason="改由部门单独办理"))
    await dispatch(street, case_id)
    assert "2026年11月20日(周五)10:00重新派交办理" + CONTINUES in await told(api, case_id)


async def test_an_agent_who_takes_over_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    await dispatch(street, case_id)
    await do(street, lambda tx: agents.appoint_agent(tx, case_id, account_id=account_id(AGENT)))
    assert "变更主办单位" + CONTINUES in await told(api, case_id)


async def test_a_refusal_that_was_objected_to_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await registered(street, who=RESIDENT)
    reason = NotAcceptedReason.OUT_OF_SCOPE
    await do(street, lambda tx: cases.refuse(tx, case_id, reason=reason, explanation="不属受理范围"))
    await do(street, lambda tx: cases.object_to_refusal(tx, case_id, text="属街道职责"), RESIDENT, after=ONE_DAY)
    assert "2026年11月21日(周六)10:00经对不予受理提出异议恢复办理" + CONTINUES in await told(api, case_id)


async def test_a_case_that_stands_by_itself_again_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id, main_id = await accepted(street, who=RESIDENT), await accepted(street)
    await do(street, lambda tx: merging.merge(tx, case_id, main_case_id=main_id, reason="同一处油烟"))
    await do(street, lambda tx: merging.unmerge(tx, case_id, reason="不是同一家"), after=ONE_DAY)
    assert "2026年11月21日(周六)10:00恢复单独办理" + CONTINUES in await told(api, case_id)


async def test_another_class_is_told_with_what_it_takes_away(api: GraphQLStreet) -> None:
    """An extension was granted to the old limit; a resident who was promised that day is told why it holds no more."""
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    await dispatch(street, case_id)
    unit = DeadlineUnit.WORKING_DAY
    await do(street, lambda tx: extensions.request(tx, case_id, unit=unit, amount=2, reason="待料"), "CG")
    await do(street, lambda tx: extensions.decide(tx, case_id, granted=True, text="同意"), DEPUTY)
    assert "准予延期2个工作日" in await told(api, case_id)
    await classed(street, case_id, Urgency.COMPLEX)

    line = (
        "2026年11月20日(周五)10:00街道指挥中心{}将时限由5个工作日改为10个工作日，"
        "原2026年12月1日(周二)24时到期，此前准予的延期不再计入；"
    )
    assert (await told(api, case_id)).startswith(line.format(""))
    assert (await told(api, case_id, DISPATCHER)).startswith(line.format(DISPATCHER))
    own = (await told_of_result(api, case_id, "CG"))["explanation"]["text"]
    assert f"街道指挥中心{DISPATCHER}将时限由" in own


async def test_an_emergency_made_safe_is_told_with_its_new_start(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    await classed(street, case_id, Urgency.URGENT)
    await dispatch(street, case_id)
    street.now += timedelta(hours=3)
    await classed(street, case_id, Urgency.GENERAL)
    text = await told(api, case_id)
    changed = (
        "街道指挥中心将时限由24小时改为5个工作日，改自2026年11月20日(周五)13:00起算，原2026年11月21日(周六)10:00到期；"
    )
    assert changed in text
    assert "；自2026年11月20日(周五)13:00起算；按“一般”类的时限5个工作日，当日不计，只计工作日；" in text


async def test_another_calendar_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    change(street, ("2026-11-23", False))
    await recount(street)
    text = await told(api, case_id)
    assert text.startswith("2026年11月20日(周五)10:00放假安排调整，原2026年11月27日(周五)24时到期，重新计算；")
    assert "2026年11月23日(周一)临时调休，不计" in text
    assert text.endswith("2026年11月30日(周一)24时前办理为按时。")


async def test_a_result_that_is_due_with_the_case_is_told(api: GraphQLStreet) -> None:
    """It has no limit of its own: its day is the case's, and so is what moves it."""
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    street.now += timedelta(days=3)
    await dispatch(street, case_id)
    clock = await told_of_result(api, case_id, "CG")
    assert clock["unit"] is None
    assert clock["explanation"]["text"] == (
        "自2026年11月23日(周一)10:00起算；不单独计算时限，按案件办理时限或方案确定的时间到期；2026年11月27日(周五)24时前办理为按时。"
    )


async def test_an_assembly_time_is_told(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await accepted(street, who=RESIDENT)
    assembling = street.now + timedelta(hours=4)
    await blown_on(street, case_id, kind=WhistleKind.JOINT_ENFORCEMENT, assemble_at=assembling)
    found = await api.query(viewer_of(street, DISPATCHER), RESULT_OF, id=id_of(street, case_id))
    arriving = [each for each in found["node"]["deadlines"] if each["kind"] == "ARRIVE"]
    assert {each["explanation"]["text"] for each in arriving} == {
        "自2026年11月20日(周五)10:00起算；以集结时间为准；2026年11月20日(周五)14:00前办理为按时。"
    }
