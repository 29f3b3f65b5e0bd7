"""Deadlines as they are read: the explanation leads to the due, and only a running clock has a light."""

from typing import Any

import pytest

from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street

EXPLAINED = """query ($id: ID!) { explainDeadline(id: $id) {
  state light lastDay explanation { text lines { kind text day } }
} }"""
CASE = """query ($id: ID!) { node(id: $id) { ... on Case {
  state dueAt light overdue waitingOn { organization { code } }
  deadlines { kind state light dueAt unit explanation { lines { kind day } } }
} } }"""


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


async def explained(desk: Desk, number_in_file: int) -> Any:
    """The case's handling clock, explained."""
    return (await desk.ask(EXPLAINED, id=desk.case(number_in_file)))["explainDeadline"]


@pytest.mark.parametrize(("number_in_file", "days"), [(6, 5), (12, 15)])
async def test_an_extension_is_explained(desk: Desk, number_in_file: int, days: int) -> None:
    clock = await explained(desk, number_in_file)
    lines = clock["explanation"]["lines"]
    [extension] = [line for line in lines if line["kind"] == "EXTENDED"]
    assert f"准予延期{days}个工作日" in extension["text"]
    assert not [line for line in lines if line["kind"] == "FIXED"]
    assert [line["day"] for line in lines if line["kind"] == "DUE"] == [clock["lastDay"]]


async def test_a_new_class_is_explained(desk: Desk) -> None:
    lines = (await explained(desk, 9))["explanation"]["lines"]
    assert lines[0]["kind"] == "CHANGED"
    assert lines[0]["text"].startswith("2026年11月14日(周六)10:00街道指挥中心吕示衡将时限由")


async def test_a_suspended_case_has_no_light_and_waits_for_the_street(desk: Desk) -> None:
    clock = await explained(desk, 19)
    assert (clock["state"], clock["light"]) == ("PAUSED", None)
    told = "起因工程原因挂账经县(区)网格办曹示度批准暂停计时，恢复后续计；暂停前"
    assert told in clock["explanation"]["text"]
    case = (await desk.ask(CASE, id=desk.case(19)))["node"]
    assert (case["state"], case["dueAt"], case["light"], case["overdue"]) == ("SUSPENDED", None, None, False)
    assert case["waitingOn"]["organization"]["code"] == "JD"


async def test_only_a_running_clock_has_a_light(desk: Desk) -> None:
    for number_in_file in range(1, 28):
        case = (await desk.ask(CASE, id=desk.case(number_in_file)))["node"]
        for clock in case["deadlines"]:
            assert (clock["light"] is not None) == (clock["state"] == "RUNNING")


async def test_every_explanation_ends_with_its_due(desk: Desk) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on Case { deadlines { lastDay explanation { lines { kind day } } } } } }"
    told = 0
    for number_in_file in range(1, 28):
        for clock in (await desk.ask(query, id=desk.case(number_in_file)))["node"]["deadlines"]:
            if clock["explanation"] is not None:
                told += 1
                ends = [line["day"] for line in clock["explanation"]["lines"] if line["kind"] == "DUE"]
                assert ends == [clock["lastDay"]]
                assert "FIXED" not in [line["kind"] for line in clock["explanation"]["lines"]]
    assert told > 100
