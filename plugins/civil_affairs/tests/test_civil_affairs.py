"""民政 on a street in memory: whom it sends for which need, whom it asks about, the simulated visit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugins import civil_affairs
from shaodao.plugin import AssignmentRole, AssignmentState, DepartmentSettings, Urgency, WhistleKind
from shaodao.testing import CaseSample, Street

SECONDS = timedelta(seconds=5)
SUNDAY = datetime(2026, 11, 8, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
ELDER = CaseSample(title="独居老人居家设备无活动告警", description="敲门无人应答。", category_code="A03")
CHILD = CaseSample(title="事实无人抚养儿童生活保障与就学", description="监护人住院。", category_code="A03")
SOMEBODY = CaseSample(title="有人需要帮助", description="来电未说明。", address=None, reporter=None)


@pytest.fixture
def street() -> Iterator[Street]:
    with Street(civil_affairs) as street:
        yield street


@pytest.fixture
def crewed() -> Iterator[Street]:
    with Street(civil_affairs, settings=DepartmentSettings(field_crew=True)) as street:
        yield street


@pytest.mark.parametrize(
    ("case", "officers", "number"),
    [
        (ELDER, ("贺示寿", "金示慈"), "老-20261109-0001"),
        (CHILD, ("白示童", "金示慈"), "儿-20261109-0001"),
        (CaseSample(), ("金示慈",), "其-20261109-0001"),
    ],
)
def test_sends_who_sees_to_the_need(street: Street, case: CaseSample, officers: tuple[str, ...], number: str) -> None:
    assignment = street.blow("MZ", case=case)
    assert (assignment.state, assignment.view.persons) == (AssignmentState.ACKNOWLEDGED, officers)
    assert assignment.memory["subject_number"] == number


def test_on_sunday_the_officer_on_call_comes_and_brings_along_who_is_needed_when_it_presses() -> None:
    with Street(civil_affairs, now=SUNDAY) as street:
        assert street.blow("MZ", case=CHILD).view.persons == ("金示慈",)
        assert street.blow("MZ", WhistleKind.EMERGENCY, case=ELDER).view.persons == ("金示慈", "贺示寿")


def test_the_visit_ends_in_a_report(crewed: Street) -> None:
    assignment = crewed.blow("MZ", WhistleKind.EMERGENCY, case=ELDER, role=AssignmentRole.CO)
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.REPORTED
    assert assignment.reports[0].talked_with == "孙**"
    assert assignment.report_fields[0]["assistance"] == "ELDERLY"


def test_a_confidential_reporter_stays_unknown(crewed: Street) -> None:
    case = CaseSample(title="低保户生活困难", confidential=True, urgency=Urgency.URGENT)
    assignment = crewed.blow("MZ", case=case)
    crewed.pass_time(SECONDS)
    assert assignment.view.case.reporter is None
    assert assignment.reports[0].talked_with == "周示岚"


def test_asks_who_needs_help_and_goes_when_it_is_told(crewed: Street) -> None:
    assignment = crewed.blow("MZ", case=SOMEBODY)
    crewed.pass_time(SECONDS)
    assert assignment.reports == []
    assignment.answer("孙例兰，临风苑3幢201室")
    crewed.pass_time(SECONDS)
    assert assignment.names_of_actions == ("acknowledge", "ask", "arrive", "start", "report_result")
    assert assignment.reports[0].talked_with == "孙例兰，临风苑3幢201室"


def test_the_visit_is_made_again_after_a_return(crewed: Street) -> None:
    assignment = crewed.dispatch("MZ", case=ELDER)
    crewed.pass_time(SECONDS)
    assignment.return_report("未联系家属")
    crewed.pass_time(SECONDS)
    assert "未联系家属" in assignment.reports[1].measures


def test_only_reads_what_it_is_informed_of(crewed: Street) -> None:
    assignment = crewed.blow("MZ", role=AssignmentRole.INFORM)
    assert (assignment.state, assignment.names_of_actions) == (AssignmentState.READ, ("read",))


def test_stops_when_the_whistle_is_withdrawn(crewed: Street) -> None:
    assignment = crewed.blow("MZ", case=ELDER)
    assignment.withdraw("误报")
    crewed.pass_time(SECONDS)
    assert (assignment.state, assignment.names_of_actions) == (AssignmentState.WITHDRAWN, ("acknowledge",))


def test_a_delivery_that_comes_twice_has_its_effect_once(crewed: Street) -> None:
    assignment = crewed.blow("MZ", case=SOMEBODY)
    assignment.redeliver()
    assert len(assignment.questions) == 1
