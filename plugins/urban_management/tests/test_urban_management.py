"""城管 on a street in memory: whom it sends, what it asks, what its simulated squad does."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from plugins import urban_management
from shaodao.plugin import AssignmentRole, AssignmentState, AttachmentKind, DepartmentSettings, Urgency, WhistleKind
from shaodao.testing import CaseSample, Declined, Street

SECONDS = timedelta(seconds=5)
NIGHT = datetime(2026, 11, 9, 22, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
LOST = CaseSample(address=None, point=None)


@pytest.fixture
def street() -> Iterator[Street]:
    with Street(urban_management) as street:
        yield street


@pytest.fixture
def crewed() -> Iterator[Street]:
    with Street(urban_management, settings=DepartmentSettings(field_crew=True)) as street:
        yield street


def test_acknowledges_at_once_with_names_and_leaves_the_rest_to_the_handler(street: Street) -> None:
    assignment = street.blow("CG", WhistleKind.JOINT_ENFORCEMENT)
    street.pass_time(timedelta(hours=1))
    assert assignment.state is AssignmentState.ACKNOWLEDGED
    assert assignment.view.persons == ("万示序", "支示街")
    assert assignment.view.acknowledged_at == assignment.view.notified_at
    assert assignment.names_of_actions == ("acknowledge",)


@pytest.mark.parametrize(
    ("case", "kind", "first"),
    [
        (CaseSample(category_code="A06"), WhistleKind.ROUTINE, "田示规"),
        (CaseSample(category_code="A02"), WhistleKind.ROUTINE, "凌示清"),
        (CaseSample(urgency=Urgency.URGENT), WhistleKind.ROUTINE, "姜示序"),
        (CaseSample(category_code="A06"), WhistleKind.EMERGENCY, "姜示序"),
        (CaseSample(category_code=None), WhistleKind.CAMPAIGN, "万示序"),
    ],
)
def test_sends_the_squad_of_its_rules(street: Street, case: CaseSample, kind: WhistleKind, first: str) -> None:
    assert street.blow("CG", kind, case=case).view.persons[0] == first


def test_sends_the_night_squad_at_night() -> None:
    with Street(urban_management, now=NIGHT) as street:
        assert street.blow("CG").view.persons == ("夏示夜", "蔡示巡")
        street.pass_time(timedelta(hours=9))
        assert street.blow("CG").view.persons == ("夏示夜", "蔡示巡")
        street.pass_time(timedelta(hours=1))
        assert street.blow("CG").view.persons == ("万示序", "支示街")


def test_follows_the_rules_file_of_the_host(tmp_path: Path) -> None:
    shipped = Path(urban_management.__file__).with_name("rules.toml").read_text("utf-8")
    (tmp_path / "urban_management.toml").write_text(shipped.replace("万示序", "石示新"), "utf-8")
    with Street(urban_management, settings=DepartmentSettings(rules_dir=tmp_path)) as street:
        assert street.blow("CG").view.persons[0] == "石示新"


def test_the_crew_arrives_and_reports_within_seconds(crewed: Street) -> None:
    assignment = crewed.blow("CG", WhistleKind.JOINT_ENFORCEMENT)
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.REPORTED
    assert assignment.names_of_actions == ("acknowledge", "arrive", "start", "attach", "attach", "report_result")
    assert assignment.arrival_proof == "POINT"
    fields = assignment.report_fields[0]
    assert fields["filing_number"] == assignment.memory["filing_number"] == "望城管立字〔2026〕11090001号"
    assert (fields["cause"], fields["rectify_by"]) == ("9901010502", "2026-11-12")
    assert [photo.kind for photo in assignment.attachments] == [AttachmentKind.BEFORE, AttachmentKind.AFTER]
    assert fields["after_photos"] == [str(assignment.attachments[1].id)]


def test_the_crew_reports_again_after_a_return(crewed: Street) -> None:
    assignment = crewed.blow("CG")
    crewed.pass_time(SECONDS)
    assignment.return_report("夜间仍有占道")
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.REPORTED
    assert "夜间仍有占道" in assignment.reports[1].measures
    assert assignment.report_fields[0]["after_photos"] != assignment.report_fields[1]["after_photos"]


def test_asks_for_the_place_and_goes_when_it_is_told(crewed: Street) -> None:
    assignment = crewed.blow("CG", case=LOST)
    crewed.pass_time(SECONDS)
    assert (assignment.state, assignment.questions[0].text[:7]) == (AssignmentState.ACKNOWLEDGED, "请补充事发地点")
    assignment.answer("望海里9幢东侧人行道")
    crewed.pass_time(SECONDS)
    assert (assignment.state, assignment.arrival_proof) == (AssignmentState.REPORTED, "DECLARED")


def test_goes_to_an_emergency_without_a_place(crewed: Street) -> None:
    assignment = crewed.blow("CG", WhistleKind.EMERGENCY, case=LOST)
    crewed.pass_time(SECONDS)
    assert (assignment.state, assignment.questions) == (AssignmentState.REPORTED, [])


def test_a_dispatch_needs_no_arrival(crewed: Street) -> None:
    assignment = crewed.dispatch("CG")
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.REPORTED
    assert "arrive" not in assignment.names_of_actions


def test_only_reads_what_it_is_informed_of(crewed: Street) -> None:
    assignment = crewed.blow("CG", role=AssignmentRole.INFORM)
    crewed.pass_time(SECONDS)
    assert (assignment.state, assignment.names_of_actions) == (AssignmentState.READ, ("read",))


def test_stops_when_the_whistle_is_withdrawn(crewed: Street) -> None:
    assignment = crewed.blow("CG")
    assignment.withdraw("已自行清移")
    crewed.pass_time(SECONDS)
    assert assignment.state is AssignmentState.WITHDRAWN
    assert assignment.names_of_actions == ("acknowledge",)
    assert assignment.memory["ended"] == "已自行清移"


def test_a_delivery_that_comes_twice_has_its_effect_once(crewed: Street) -> None:
    assignment = crewed.blow("CG", case=LOST)
    assignment.redeliver()
    assignment.answer("望海里9幢")
    assignment.redeliver()
    crewed.pass_time(SECONDS)
    assignment.redeliver()
    assert len(assignment.questions) == len(assignment.reports) == 1
    assert assignment.names_of_actions.count("acknowledge") == 1


def test_is_released_when_its_report_is_verified(crewed: Street) -> None:
    assignment = crewed.blow("CG")
    crewed.pass_time(SECONDS)
    assignment.verify()
    assert not isinstance(assignment.release(), Declined)
    assert assignment.state is AssignmentState.RELEASED
