"""The told counting of a deadline (explainDeadline, C.5)."""

from datetime import date, datetime

import pytest

from shaodao.calendar_source import calendar_days
from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.clock_changes import (
    ClockChange,
    Continuation,
    Extension,
    Handover,
    LimitChange,
    Pause,
    ToldClock,
    changes_of,
)
from shaodao.domain.deadlines import DeadlineUnit, Limit, due
from shaodao.domain.explanation import Explanation, LineKind, explain, explanation_text
from shaodao.domain.limit_words import limit_text, rule_text
from shaodao.presets import load_rulebook


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar.of(calendar_days(2026, 2026))


def explained(start: str, limit: Limit, calendar: Calendar) -> Explanation:
    moment = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    work_time = load_rulebook("shimahe").work_time
    return explain(ToldClock(moment, limit, due(moment, limit, calendar, work_time).at), calendar, work_time)


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def told_with(calendar: Calendar, due_at: str, *changes: ClockChange) -> Explanation:
    """A clock of five working days from Friday, 6 November, that would be due after the 13th."""
    clock = ToldClock(
        moment_of("2026-11-06 10:00"), Limit(DeadlineUnit.WORKING_DAY, 5), moment_of(due_at), changes
    )  # fmt: skip
    return explain(clock, calendar, load_rulebook("shimahe").work_time)


def days_of(explanation: Explanation, kind: LineKind) -> list[date | None]:
    return [line.day for line in explanation.lines if line.kind is kind]


def test_working_days_are_told_one_by_one_with_the_days_left_out(calendar: Calendar) -> None:
    told = explained("2026-02-13 15:00", Limit(DeadlineUnit.WORKING_DAY, 2), calendar)
    assert days_of(told, LineKind.COUNTED) == [date(2026, 2, 14), date(2026, 2, 24)]
    assert days_of(told, LineKind.SKIPPED) == [date(2026, 2, day) for day in range(15, 24)]
    assert told.provisional_years == ()
    text = explanation_text(told)
    assert text.startswith("自2026年2月13日(周五)15:00起算；时限2个工作日，当日不计，只计工作日；")
    assert "2026年2月14日(周六)调休工作日为第1日" in text
    assert "2026年2月17日(周二)春节，不计" in text
    assert text.endswith("2026年2月24日(周二)24时前办理为按时。")


def test_a_moved_end_of_natural_days_is_told(calendar: Calendar) -> None:
    told = explained("2026-09-26 08:00", Limit(DeadlineUnit.NATURAL_DAY, 7), calendar)
    assert days_of(told, LineKind.MOVED) == [date(2026, 10, 3)]
    assert "末日2026年10月3日(周六)为国庆节，顺延至2026年10月8日(周四)" in explanation_text(told)


def test_natural_days_that_end_on_a_working_day_are_not_moved(calendar: Calendar) -> None:
    told = explained("2026-11-16 08:00", Limit(DeadlineUnit.NATURAL_DAY, 1), calendar)
    assert days_of(told, LineKind.MOVED) == []


def test_hours_are_told_with_their_minute(calendar: Calendar) -> None:
    told = explained("2026-09-29 22:00", Limit(DeadlineUnit.CLOCK_HOUR, 24), calendar)
    assert [line.kind for line in told.lines] == [LineKind.START, LineKind.RULE, LineKind.DUE]
    assert told.lines[-1].text == "2026年9月30日(周三)22:00前办理为按时"


def test_work_time_counts_the_start_day_itself(calendar: Calendar) -> None:
    told = explained("2026-11-20 17:00", Limit(DeadlineUnit.WORKING_HOUR, 2), calendar)
    assert days_of(told, LineKind.COUNTED) == [date(2026, 11, 20), date(2026, 11, 23)]
    assert days_of(told, LineKind.SKIPPED) == [date(2026, 11, 21), date(2026, 11, 22)]
    assert "2026年11月20日(周五)计入工作时间" in explanation_text(told)
    assert "为第1日" not in explanation_text(told)


def test_a_year_whose_notice_is_awaited_is_named(calendar: Calendar) -> None:
    told = explained("2026-12-18 09:00", Limit(DeadlineUnit.WORKING_DAY, 10), calendar)
    assert told.provisional_years == (2027,)
    assert "2027年放假安排尚未公布，日期为暂定" in explanation_text(told)


@pytest.mark.parametrize("unit", DeadlineUnit)
def test_every_unit_has_a_chinese_name(unit: DeadlineUnit) -> None:
    assert limit_text(Limit(unit, 3)).startswith("3")
    assert limit_text(Limit(unit, 3)) != f"3{unit}"


def test_an_extension_is_told_and_counted_to_the_due(calendar: Calendar) -> None:
    extension = Extension(
        moment_of("2026-11-12 09:00"), Limit(DeadlineUnit.WORKING_DAY, 5), moment_of("2026-11-14 00:00")
    )
    told = told_with(calendar, "2026-11-21 00:00", extension)
    text = explanation_text(told)
    assert "原2026年11月13日(周五)24时到期，2026年11月12日(周四)09:00准予延期5个工作日" in text
    assert text.endswith("2026年11月20日(周五)24时前办理为按时。")
    assert len(days_of(told, LineKind.COUNTED)) == 10


def test_a_pause_that_is_over_is_told_with_what_remained(calendar: Calendar) -> None:
    pause = Pause(moment_of("2026-11-11 10:00"), moment_of("2026-11-23 10:00"), moment_of("2026-11-14 00:00"))
    text = explanation_text(told_with(calendar, "2026-11-26 00:00", pause))
    assert "2026年11月11日(周三)10:00起暂停计时，2026年11月23日(周一)10:00恢复，续计剩余2个工作日" in text
    assert text.endswith("2026年11月25日(周三)24时前办理为按时。")


def test_a_pause_that_lasts_promises_no_due(calendar: Calendar) -> None:
    pause = Pause(moment_of("2026-11-11 10:00"), None, moment_of("2026-11-14 00:00"))
    text = explanation_text(told_with(calendar, "2026-11-14 00:00", pause))
    assert text.endswith("2026年11月11日(周三)10:00起暂停计时，恢复后续计；暂停前2026年11月13日(周五)24时到期。")


def test_a_changed_limit_is_told_and_forgets_the_moves_before(calendar: Calendar) -> None:
    extension = Extension(
        moment_of("2026-11-05 09:00"), Limit(DeadlineUnit.WORKING_DAY, 1), moment_of("2026-11-07 00:00")
    )
    change = LimitChange(moment_of("2026-11-06 10:00"), Limit(DeadlineUnit.CLOCK_HOUR, 24))
    told = told_with(calendar, "2026-11-14 00:00", extension, change)
    assert told.lines[0].text == "2026年11月6日(周五)10:00时限由24小时改为5个工作日，此前准予的延期不再计入"
    assert days_of(told, LineKind.EXTENDED) == []
    assert told.lines[-1].day == date(2026, 11, 13)


def test_a_due_that_counting_does_not_reach_is_not_contradicted(calendar: Calendar) -> None:
    told = told_with(calendar, "2026-12-01 00:00")
    assert days_of(told, LineKind.COUNTED) == []
    assert days_of(told, LineKind.FIXED) == [date(2026, 11, 30)]
    assert explanation_text(told).endswith("2026年11月30日(周一)24时前办理为按时。")


def test_rework_and_redispatch_are_told_and_do_not_reset_the_clock(calendar: Calendar) -> None:
    history = [
        {"continued_at": "2026-11-09T09:00:00+08:00", "after": "REASSIGNED"},
        {"continued_at": "2026-11-12T15:30:00+08:00", "after": "RETURNED"},
    ]
    told = told_with(calendar, "2026-11-14 00:00", *changes_of(history, None))
    assert days_of(told, LineKind.CONTINUED) == [date(2026, 11, 9), date(2026, 11, 12)]
    assert explanation_text(told).endswith(
        "2026年11月9日(周一)09:00改派其他单位办理，时限接续计算，不重新起算；"
        "2026年11月12日(周四)15:30办理结果被退回重办，时限接续计算，不重新起算；"
        "2026年11月13日(周五)24时前办理为按时。"
    )
    assert days_of(told, LineKind.COUNTED) == [date(2026, 11, day) for day in (9, 10, 11, 12, 13)]


def test_rework_forgets_no_extension(calendar: Calendar) -> None:
    extension = Extension(
        moment_of("2026-11-12 09:00"), Limit(DeadlineUnit.WORKING_DAY, 5), moment_of("2026-11-14 00:00")
    )
    rework = Continuation(moment_of("2026-11-18 09:00"), Handover.RETURNED)
    told = told_with(calendar, "2026-11-21 00:00", extension, rework)
    assert days_of(told, LineKind.EXTENDED) == [date(2026, 11, 12)]
    assert [line.kind for line in told.lines[-2:]] == [LineKind.CONTINUED, LineKind.DUE]


def test_rework_before_the_clock_was_started_anew_is_not_told(calendar: Calendar) -> None:
    earlier = Continuation(moment_of("2026-11-05 09:00"), Handover.RETURNED)
    assert days_of(told_with(calendar, "2026-11-14 00:00", earlier), LineKind.CONTINUED) == []


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("case_limits.GENERAL", "按“一般”类的"), ("contact_limits.URGENT", "按“急办”类的"),
        ("whistles.EMERGENCY.arrive", "按应急哨的"), ("catalogue.C-0201", "按派单规则的"), ("dispatch.result", "按派单的"),
        ("verification", ""), ("case_limits.OTHER", ""),
    ],
)  # fmt: skip
def test_a_limit_is_told_with_where_it_comes_from(rule: str, source: str) -> None:
    told = rule_text(Limit(DeadlineUnit.WORKING_DAY, 5), rule)
    assert told == f"{source}时限5个工作日，当日不计，只计工作日"


def test_a_clock_without_a_limit_says_by_what_it_is_due(calendar: Calendar) -> None:
    start, due_at = moment_of("2026-11-06 10:00"), moment_of("2026-11-14 00:00")
    pause = Pause(moment_of("2026-11-11 10:00"), moment_of("2026-11-23 10:00"), due_at)
    clock = ToldClock(start, None, moment_of("2026-11-26 00:00"), (pause,), "dispatch.result")
    text = explanation_text(explain(clock, calendar, load_rulebook("shimahe").work_time))
    assert text.startswith("自2026年11月6日(周五)10:00起算；不单独计算时限，按案件办理时限或方案确定的时间到期；")
    assert "续计剩余2个工作日；2026年11月24日(周二)为第1日；2026年11月25日(周三)为第2日；" in text
    assert {rule: rule_text(None, rule) for rule in ("whistles.JOINT_ENFORCEMENT.arrive", "promise", "other")} == {
        "whistles.JOINT_ENFORCEMENT.arrive": "以集结时间为准", "promise": "以承诺的日期为准", "other": "以指定的时间为准",
    }  # fmt: skip


def test_the_same_limit_from_another_start_is_told_as_that(calendar: Calendar) -> None:
    history = [{
        "changed_at": "2026-11-06T10:00:00+08:00", "due_at": "2026-11-12T00:00:00+08:00",
        "started_at": "2026-11-04T10:00:00+08:00", "unit": "WORKING_DAY", "amount": 5, "rule": "whistles.ROUTINE.arrive",
    }]  # fmt: skip
    told = told_with(calendar, "2026-11-14 00:00", *changes_of(history, None))
    assert told.lines[0].text == (
        "2026年11月6日(周五)10:00改自2026年11月6日(周五)10:00起算，原2026年11月11日(周三)24时到期"
    )
