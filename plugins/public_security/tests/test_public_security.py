"""公安 on a street in memory: shifts and strength of two organizations, questions, the simulated crew."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugins import public_security
from shaodao.plugin import AssignmentRole, AssignmentState, DepartmentSettings, Urgency, WhistleKind
from shaodao.testing import CaseSample, Street

SECONDS = timedelta(seconds=5)
NIGHT = datetime(2026, 11, 13, 3, 25, tzinfo=ZoneInfo("Asia/Shanghai"))
COLLAPSE = CaseSample(
    title="南槐路路面塌陷", description="机动车道塌陷约3平方米。", category_code="A10", urgency=Urgency.URGENT
)
DOG = CaseSample(title="不牵绳犬只扑人", description="傍晚在小广场。", category_code="A11")


@pytest.fixture
def street() -> Iterator[Street]:
    with Street(public_security) as street:
        yield street


@pytest.fixture
def crewed() -> Iterator[Street]:
    with Street(public_security, settings=DepartmentSettings(field_crew=True)) as street:
        yield street


@pytest.mark.parametrize(
    ("organization", "kind", "case", "officers"),
    [
        ("GA", WhistleKind.ROUTINE, DOG, ("魏示锋", "范示安")),
        ("GA", WhistleKind.ROUTINE, COLLAPSE, ("魏示锋", "范示安", "路示平")),
        ("JJ", WhistleKind.EMERGENCY, COLLAPSE, ("陶示途", "车示畅", "引示通", "鲍示行")),
    ],
)
def test_sends_as_many_as_it_presses(
    street: Street, organization: str, kind: WhistleKind, case: CaseSample, officers: tuple[str, ...]
) -> None:
    assignment = street.blow(organization, kind, case=case)
    assert assignment.state is AssignmentState.ACKNOWLEDGED
    assert assignment.view.persons == officers


def test_sends_the_night_shift_before_dawn() -> None:
    with Street(public_security, now=NIGHT) as street:
        assert street.blow("JJ", WhistleKind.EMERGENCY, case=COLLAPSE).view.persons[0] == "引示通"
        assert street.blow("GA", case=DOG).view.persons[0] == "路示平"


def test_the_traffic_police_ask_for_plates_only_where_vehicles_have_none(street: Street) -> None:
    without = street.blow("JJ")
    told = street.blow("JJ", case=CaseSample(description="小轿车 示A·12345 长期停放。"))
    collapse = street.blow("JJ", case=COLLAPSE)
    assert [question.text for question in without.questions] == ["请补充涉事车辆的车牌号，以便查找车主。"]
    assert told.questions == collapse.questions == []


def test_the_station_asks_for_the_place(street: Street) -> None:
    assignment = street.blow("GA", case=CaseSample(address=None, point=None))
    assert "详细地址" in assignment.questions[0].text


def test_the_crew_reports_with_what_it_was_told(crewed: Street) -> None:
    assignment = crewed.blow("JJ", WhistleKind.JOINT_ENFORCEMENT, role=AssignmentRole.CO)
    assignment.answer("示A·12345")
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.REPORTED
    assert "示A·12345" in assignment.reports[0].measures
    assert assignment.report_fields == [
        {"incident_number": "临交警202611090001", "disposal": "TRAFFIC", "officers": 2, "filed": False}
    ]


def test_the_crew_reports_again_after_a_return(crewed: Street) -> None:
    assignment = crewed.blow("GA", case=DOG)
    crewed.pass_time(SECONDS)
    assignment.return_report("未见犬证")
    crewed.pass_time(SECONDS)
    assert [report.measures.startswith("针对退回意见“未见犬证”") for report in assignment.reports] == [False, True]


def test_only_reads_what_it_is_informed_of(crewed: Street) -> None:
    assignment = crewed.dispatch("GA", role=AssignmentRole.INFORM)
    assert (assignment.state, assignment.names_of_actions) == (AssignmentState.READ, ("read",))


def test_stops_when_the_whistle_is_withdrawn(crewed: Street) -> None:
    assignment = crewed.blow("GA", case=DOG)
    assignment.withdraw("误报")
    crewed.pass_time(SECONDS)
    assert (assignment.state, assignment.names_of_actions) == (AssignmentState.WITHDRAWN, ("acknowledge",))


def test_a_dispatch_needs_no_arrival(crewed: Street) -> None:
    assignment = crewed.dispatch("GA", case=DOG)
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.REPORTED
    assert "arrive" not in assignment.names_of_actions


def test_a_delivery_that_comes_twice_has_its_effect_once(crewed: Street) -> None:
    assignment = crewed.blow("JJ")
    assignment.redeliver()
    crewed.pass_time(SECONDS)
    assignment.redeliver()
    assert len(assignment.questions) == len(assignment.reports) == 1
