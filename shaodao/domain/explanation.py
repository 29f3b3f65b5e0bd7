"""Why a deadline falls where it falls: the counting of C.5 told line by line in Chinese (explainDeadline)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import assert_never

from shaodao.domain.calendar import SHANGHAI, Calendar, days_between
from shaodao.domain.deadlines import DeadlineUnit, Due, Limit, last_day

_WEEKDAYS = "一二三四五六日"


class LineKind(StrEnum):
    """What a line of an explanation tells."""

    START = "START"
    RULE = "RULE"
    COUNTED = "COUNTED"
    SKIPPED = "SKIPPED"
    MOVED = "MOVED"
    DUE = "DUE"
    PROVISIONAL = "PROVISIONAL"


@dataclass(frozen=True, slots=True)
class ExplanationLine:
    """One line: ``day`` is set for lines about a day, ``text`` is a Chinese clause without a full stop."""

    kind: LineKind
    text: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole counting, with the years whose holiday notice is still awaited 暂定年份."""

    started_at: datetime
    limit: Limit
    due_at: datetime
    lines: tuple[ExplanationLine, ...]
    provisional_years: tuple[int, ...]


def explain(start: datetime, limit: Limit, due: Due, calendar: Calendar) -> Explanation:
    """Tell how ``due`` was counted from ``start``: start, rule, every day that mattered, the end, provisional years.

    Natural days are summed up in the rule's line; only those at which the end was moved are told one by one.
    """
    local = start.astimezone(SHANGHAI)
    years = _provisional_years(local, due, calendar) if due.provisional else ()
    lines = (
        ExplanationLine(LineKind.START, f"自{_moment(local)}起算", local.date()),
        ExplanationLine(LineKind.RULE, _rule(limit)),
        *_day_lines(local, limit, due, calendar),
        ExplanationLine(LineKind.DUE, _due_text(due.at), last_day(due.at)),
        *(ExplanationLine(LineKind.PROVISIONAL, f"{year}年放假安排尚未公布,日期为暂定") for year in years),
    )
    return Explanation(local, limit, due.at, lines, years)


def explanation_text(explanation: Explanation) -> str:
    """The explanation as one Chinese paragraph."""
    return ";".join(line.text for line in explanation.lines) + "。"


def limit_text(limit: Limit) -> str:
    """A limit in Chinese, such as 5个工作日."""
    return f"{limit.amount}{_unit_text(limit.unit)}"


def _unit_text(unit: DeadlineUnit) -> str:
    return {
        DeadlineUnit.MINUTE: "分钟",
        DeadlineUnit.CLOCK_HOUR: "小时",
        DeadlineUnit.EMERGENCY_HOUR: "个紧急工作时",
        DeadlineUnit.WORKING_MINUTE: "分钟(工作时间)",
        DeadlineUnit.WORKING_HOUR: "个工作时",
        DeadlineUnit.NATURAL_DAY: "个自然日",
        DeadlineUnit.WORKING_DAY: "个工作日",
    }[unit]


def _rule(limit: Limit) -> str:
    match limit.unit:
        case DeadlineUnit.MINUTE | DeadlineUnit.CLOCK_HOUR | DeadlineUnit.EMERGENCY_HOUR:
            manner = "自当时连续计算,遇节假日不顺延"
        case DeadlineUnit.WORKING_MINUTE | DeadlineUnit.WORKING_HOUR:
            manner = "自当时起只计工作时间"
        case DeadlineUnit.NATURAL_DAY:
            manner = "当日不计,末日遇非工作日顺延"
        case DeadlineUnit.WORKING_DAY:
            manner = "当日不计,只计工作日"
        case _:
            assert_never(limit.unit)
    return f"时限{limit_text(limit)},{manner}"


def _day_lines(start: datetime, limit: Limit, due: Due, calendar: Calendar) -> tuple[ExplanationLine, ...]:
    match limit.unit:
        case DeadlineUnit.MINUTE | DeadlineUnit.CLOCK_HOUR | DeadlineUnit.EMERGENCY_HOUR:
            return ()
        case DeadlineUnit.NATURAL_DAY:
            return _moved_lines(due, calendar)
        case DeadlineUnit.WORKING_MINUTE | DeadlineUnit.WORKING_HOUR | DeadlineUnit.WORKING_DAY:
            return _walked_lines(start.date(), due, calendar)
        case _:
            assert_never(limit.unit)


def _walked_lines(start: date, due: Due, calendar: Calendar) -> tuple[ExplanationLine, ...]:
    ordinals = {day: ordinal for ordinal, day in enumerate(due.counted, start=1)}
    # Work time may be counted on the start day itself, which day units leave out.
    days = (*((start,) if start in ordinals else ()), *days_between(start, last_day(due.at)))
    return tuple(_walked_line(day, ordinals.get(day), calendar) for day in days)


def _walked_line(day: date, ordinal: int | None, calendar: Calendar) -> ExplanationLine:
    if ordinal is None:
        reason = calendar.name_of(day) or "休息日"
        return ExplanationLine(LineKind.SKIPPED, f"{_day(day)}{reason},不计", day)
    name = calendar.name_of(day)
    return ExplanationLine(LineKind.COUNTED, f"{_day(day)}{name}为第{ordinal}日", day)


def _moved_lines(due: Due, calendar: Calendar) -> tuple[ExplanationLine, ...]:
    nominal = due.counted[-1]
    last = last_day(due.at)
    if nominal == last:
        return ()
    reason = calendar.name_of(nominal) or "休息日"
    return (ExplanationLine(LineKind.MOVED, f"末日{_day(nominal)}为{reason},顺延至{_day(last)}", nominal),)


def _provisional_years(start: datetime, due: Due, calendar: Calendar) -> tuple[int, ...]:
    days = (start.date(), *days_between(start.date(), last_day(due.at)))
    return tuple(sorted({day.year for day in days if calendar.is_provisional(day)}))


def _due_text(due_at: datetime) -> str:
    local = due_at.astimezone(SHANGHAI)
    if local.hour or local.minute or local.second or local.microsecond:
        return f"{_moment(local)}前办理为按时"
    return f"{_day(last_day(due_at))}24时前办理为按时"


def _moment(local: datetime) -> str:
    return f"{_day(local.date())}{local:%H:%M}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日(周{_WEEKDAYS[day.weekday()]})"
