"""What moves a clock (C.5 rules 7 to 11): counted again, kept in its history, and told with every test vector of C.5."""

from datetime import date, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shaodao.calendar_source import calendar_days
from shaodao.domain.calendar import SHANGHAI, Calendar, CalendarDay, WorkTime
from shaodao.domain.case_vocabulary import Office
from shaodao.domain.clock_changes import (
    CalendarChange,
    ClockChange,
    Decider,
    Extension,
    LimitChange,
    Move,
    Pause,
    Shortening,
    ToldClock,
    changes_of,
    entry_of,
    moves_of,
    recounted,
)
from shaodao.domain.deadlines import DeadlineUnit, Limit, continued, due, worked_between
from shaodao.domain.explanation import LineKind, explain, explanation_text
from shaodao.presets import load_rulebook

DAYS = DeadlineUnit.WORKING_DAY
CHIEF = Decider(Office.STREET_CHIEF, "孔示明")


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    # 1 January 2027 is a holiday by law, though the notice for 2027 is awaited.
    new_year = CalendarDay(date(2027, 1, 1), is_workday=False, name="元旦", source="test", provisional=True)
    known = {row.day: row for row in calendar_days(2025, 2026)}
    return Calendar({**known, new_year.day: new_year})


@pytest.fixture(scope="module")
def work_time() -> WorkTime:
    return load_rulebook("shimahe").work_time


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def told(clock: ToldClock, calendar: Calendar, work_time: WorkTime, **reader: bool) -> str:
    return explanation_text(explain(clock, calendar, work_time, **reader))


@pytest.mark.parametrize(
    ("start", "limit", "counted", "skipped", "ends", "provisional"),
    [
        ("2026-02-13 15:00", Limit(DAYS, 1), 1, 0, "2026年2月14日(周六)24时", ()),
        ("2026-02-14 09:00", Limit(DAYS, 5), 5, 9, "2026年2月28日(周六)24时", ()),
        ("2026-09-18 17:59", Limit(DAYS, 5), 5, 1, "2026年9月24日(周四)24时", ()),
        ("2026-09-30 10:00", Limit(DAYS, 5), 5, 8, "2026年10月13日(周二)24时", ()),
        ("2026-10-09 09:12", Limit(DAYS, 5), 5, 1, "2026年10月15日(周四)24时", ()),
        ("2026-11-21 08:00", Limit(DAYS, 1), 1, 1, "2026年11月23日(周一)24时", ()),
        ("2026-12-24 09:00", Limit(DAYS, 5), 5, 2, "2026年12月31日(周四)24时", ()),
        ("2026-12-18 09:00", Limit(DAYS, 10), 10, 7, "2027年1月4日(周一)24时", (2027,)),
        ("2026-09-29 22:00", Limit(DeadlineUnit.CLOCK_HOUR, 24), 0, 0, "2026年9月30日(周三)22:00", ()),
        ("2026-09-26 08:00", Limit(DeadlineUnit.NATURAL_DAY, 7), 0, 0, "2026年10月8日(周四)24时", ()),
        ("2026-11-16 09:00", Limit(DeadlineUnit.NATURAL_DAY, 60), 0, 0, "2027年1月15日(周五)24时", (2027,)),
    ],
)
def test_the_vectors_of_c5_are_told(
    start: str, limit: Limit, counted: int, skipped: int, ends: str, provisional: tuple[int, ...],
    calendar: Calendar, work_time: WorkTime,
) -> None:  # fmt: skip
    due_at = due(at(start), limit, calendar, work_time).at
    explanation = explain(ToldClock(at(start), limit, due_at), calendar, work_time)
    kinds = [line.kind for line in explanation.lines]
    assert (kinds.count(LineKind.COUNTED), kinds.count(LineKind.SKIPPED)) == (counted, skipped)
    assert f"{ends}前办理为按时" in explanation_text(explanation)
    assert explanation.provisional_years == provisional
    assert ("放假安排尚未公布" in explanation_text(explanation)) == bool(provisional)


def test_the_vector_of_a_pause_is_told_with_who_decided(calendar: Calendar, work_time: WorkTime) -> None:
    """10 wd from 2 November, paused on the 5th, resumed on the 25th: what remains are 7, until the end of 4 December."""
    start, limit = at("2026-11-02 09:00"), Limit(DAYS, 10)
    pause = Pause(
        at("2026-11-05 16:00"), at("2026-11-25 09:00"), at("2026-11-17 00:00"), "工程原因挂账", CHIEF, Decider(Office.SYSTEM)
    )  # fmt: skip
    counted = recounted(start, limit, [pause], calendar, work_time)
    assert counted.due.at == at("2026-12-05 00:00")
    clock = ToldClock(start, limit, counted.due.at, counted.moves)
    resident = told(clock, calendar, work_time)
    assert "2026年11月5日(周四)16:00起因工程原因挂账经街道主要领导批准暂停计时" in resident
    assert "2026年11月25日(周三)09:00系统恢复，续计剩余7个工作日" in resident
    assert "2026年12月4日(周五)为第7日" in resident
    assert "孔示明" not in resident
    assert "街道主要领导孔示明批准" in told(clock, calendar, work_time, names=True)


def test_every_kind_of_change_is_told(calendar: Calendar, work_time: WorkTime) -> None:
    start, limit = at("2026-11-13 22:10"), Limit(DAYS, 5)
    changes: tuple[ClockChange, ...] = (
        LimitChange(
            at("2026-11-14 10:00"), Limit(DeadlineUnit.CLOCK_HOUR, 24), Decider(Office.STREET_DISPATCHER, "吕示衡")
        ),
        CalendarChange(at("2026-11-16 08:00"), at("2026-11-20 00:00")),
        Extension(
            at("2026-11-17 09:00"), Limit(DAYS, 2), at("2026-11-21 00:00"), Decider(Office.STREET_DEPUTY, "张示远")
        ),
        Shortening(at("2026-11-18 09:00"), at("2026-11-24 00:00"), at("2026-11-25 00:00"), CHIEF),
    )
    text = told(ToldClock(start, limit, at("2026-11-24 00:00"), changes), calendar, work_time)
    assert "2026年11月14日(周六)10:00街道指挥中心将时限由24小时改为5个工作日" in text
    assert "2026年11月16日(周一)08:00放假安排调整，原2026年11月19日(周四)24时到期，重新计算" in text
    assert "2026年11月17日(周二)09:00街道分管领导准予延期2个工作日" in text
    assert "2026年11月18日(周三)09:00街道主要领导决定缩短至2026年11月23日(周一)24时" in text
    assert text.endswith("2026年11月23日(周一)24时前办理为按时。")


def test_hours_go_on_with_the_time_that_remained(calendar: Calendar, work_time: WorkTime) -> None:
    """A limit in hours is no limit in working days: what remained of it goes on by the clock, or by work time."""
    paused, resumed = at("2026-11-05 16:00"), at("2026-11-07 09:00")
    by_clock = continued(paused, at("2026-11-05 22:30"), resumed, DeadlineUnit.CLOCK_HOUR, calendar, work_time)
    assert by_clock.at == at("2026-11-07 15:30")
    by_work = continued(paused, at("2026-11-06 09:30"), resumed, DeadlineUnit.WORKING_HOUR, calendar, work_time)
    assert by_work.at == at("2026-11-09 11:00")  # a Monday: one and a half hours, and one
    assert worked_between(paused, paused, calendar, work_time).total_seconds() == 0
    pause = Pause(paused, resumed, at("2026-11-05 22:30"))
    clock = ToldClock(at("2026-11-04 22:30"), Limit(DeadlineUnit.CLOCK_HOUR, 24), by_clock.at, (pause,))
    assert "续计剩余6小时30分钟" in told(clock, calendar, work_time)


def test_a_clock_without_a_limit_goes_on_by_days_or_by_the_clock(calendar: Calendar, work_time: WorkTime) -> None:
    paused, resumed = at("2026-11-05 16:00"), at("2026-11-25 09:00")
    assert continued(paused, at("2026-11-17 00:00"), resumed, None, calendar, work_time).at == at("2026-12-05 00:00")
    assert continued(paused, at("2026-11-05 18:00"), resumed, None, calendar, work_time).at == at("2026-11-25 11:00")


def test_a_clock_that_was_due_stays_due(calendar: Calendar, work_time: WorkTime) -> None:
    was = at("2026-11-05 00:00")
    assert continued(at("2026-11-06 09:00"), was, at("2026-12-06 09:00"), DAYS, calendar, work_time).at == was


def test_an_order_to_be_earlier_stays_when_days_are_counted_again(calendar: Calendar, work_time: WorkTime) -> None:
    order = Shortening(at("2026-11-04 09:00"), at("2026-11-06 00:00"), at("2026-11-10 00:00"))
    assert recounted(at("2026-11-02 09:00"), Limit(DAYS, 5), [order], calendar, work_time).due.at == order.to


MOVES = (
    Extension(at("2026-11-17 09:00"), Limit(DAYS, 2), at("2026-11-21 00:00"), CHIEF),
    Shortening(at("2026-11-18 09:00"), at("2026-11-24 00:00"), at("2026-11-25 00:00")),
    Pause(at("2026-11-19 09:00"), at("2026-11-20 09:00"), at("2026-11-24 00:00"), "等待法定程序（检测）", CHIEF, CHIEF),
    Pause(at("2026-11-23 09:00"), None, at("2026-11-25 00:00"), "客观原因挂账"),
)


@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_read_as_it_was_kept(move: Move) -> None:
    [found] = changes_of([kept(move)], at("2026-11-23 09:00"))
    assert found == move


def test_only_the_pause_that_lasts_is_told_without_an_end() -> None:
    begun = kept(MOVES[3])
    assert changes_of([begun], None) == ()
    assert changes_of([begun, {"stage": "OVERDUE", "at": "2026-11-24T00:00:00+08:00", "late": 0}], None) == ()


def test_a_new_limit_forgets_the_moves_before_it() -> None:
    change = LimitChange(at("2026-11-20 09:00"), None)
    assert moves_of([*MOVES[:2], change, MOVES[2]]) == (MOVES[2],)


def kept(move: Move) -> dict[str, Any]:
    entry: dict[str, Any] = orjson.loads(orjson.dumps(entry_of(move)))
    return entry


@given(
    start=st.datetimes(datetime(2026, 1, 5), datetime(2026, 9, 1), timezones=st.just(SHANGHAI)),  # noqa: DTZ001  the zone is given beside
    unit=st.sampled_from(DeadlineUnit), amount=st.integers(1, 15), pause=st.integers(0, 3), length=st.integers(0, 20),
)  # fmt: skip
def test_a_pause_never_makes_a_clock_due_earlier(
    calendar: Calendar, work_time: WorkTime, start: datetime, unit: DeadlineUnit, amount: int, pause: int, length: int
) -> None:
    due_at = due(start, Limit(unit, amount), calendar, work_time).at
    paused = start + timedelta(days=pause)
    assert continued(paused, due_at, paused + timedelta(days=length), unit, calendar, work_time).at >= due_at
