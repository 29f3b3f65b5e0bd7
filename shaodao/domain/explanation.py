"""Why a deadline falls where it falls: the counting of C.5 told line by line in Chinese (explainDeadline)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

from shaodao.domain.calendar import SHANGHAI, Calendar, WorkTime, days_between
from shaodao.domain.deadlines import DeadlineUnit, Due, Limit, due, extended, last_day, remaining_working_days, resume

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
    CHANGED = "CHANGED"
    EXTENDED = "EXTENDED"
    PAUSED = "PAUSED"
    FIXED = "FIXED"


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


@dataclass(frozen=True, slots=True)
class LimitChange:
    """The clock got another limit 时限变更 (C.5 rule 8); ``before``: None where it had been counted by none."""

    at: datetime
    before: Limit | None


@dataclass(frozen=True, slots=True)
class Extension:
    """The clock was extended 延期 by a limit (C.5 rule 7); ``due_before``: when it was due until then."""

    at: datetime
    by: Limit
    due_before: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock was paused 挂账 (C.5 rule 9) when it was due at ``due_before``; ``resumed_at``: None while it is."""

    at: datetime
    resumed_at: datetime | None
    due_before: datetime


ClockChange = LimitChange | Extension | Pause


@dataclass(frozen=True, slots=True)
class ToldClock:
    """A clock as it stands: its present start, limit and due, and what was done to it, oldest first."""

    started_at: datetime
    limit: Limit
    due_at: datetime
    changes: tuple[ClockChange, ...] = ()


def explain(clock: ToldClock, calendar: Calendar, work_time: WorkTime) -> Explanation:
    """Tell how the clock came to its due, which is always the last line but for the provisional years.

    Where today's calendar and work time would count to another due than the clock has, the due that was fixed then holds,
    and the days are not told.
    """
    counting = _Counting(calendar, work_time)
    local = clock.started_at.astimezone(SHANGHAI)
    moves = _moves(clock.changes)
    targets = [*(move.due_before for move in moves), clock.due_at]
    lines = [
        *_change_lines(clock),
        ExplanationLine(LineKind.START, f"自{_moment(local)}起算", local.date()),
        ExplanationLine(LineKind.RULE, _rule(clock.limit)),
        *counting.told(local, clock.limit, due(local, clock.limit, calendar, work_time), targets[0]),
    ]
    for move, target in zip(moves, targets[1:], strict=True):
        lines += counting.moved(move, target)
    lines.append(ExplanationLine(LineKind.DUE, _due_text(clock.due_at, moves), last_day(clock.due_at)))
    years = tuple(sorted(counting.years))
    return Explanation(local, clock.limit, clock.due_at, (*lines, *_provisional_lines(years)), years)


@dataclass
class _Counting:
    """Counts the parts of a clock's way to its due, and gathers the provisional years that took part."""

    calendar: Calendar
    work_time: WorkTime
    years: set[int] = field(default_factory=set)

    def told(self, start: datetime, limit: Limit, reckoned: Due, target: datetime) -> Iterator[ExplanationLine]:
        """The days that were counted, if they lead to ``target``."""
        if reckoned.at != target:
            yield ExplanationLine(LineKind.FIXED, f"{due_moment(target)}到期系当时确定,不再逐日计算", last_day(target))
            return
        if reckoned.provisional:
            self.years.update(_provisional_years(start, reckoned, self.calendar))
        yield from _day_lines(start, limit, reckoned, self.calendar)

    def moved(self, move: Extension | Pause, target: datetime) -> Iterator[ExplanationLine]:
        """What moved the due to ``target``."""
        match move:
            case Extension():
                text = f"原{due_moment(move.due_before)}到期,{_moment(_shanghai(move.at))}准予延期{limit_text(move.by)}"
                yield ExplanationLine(LineKind.EXTENDED, text, _shanghai(move.at).date())
                reckoned = extended(move.due_before, move.by, self.calendar, self.work_time)
                yield from self.told(_counted_from(move), move.by, reckoned, target)
            case Pause():
                yield from self.paused(move, target)
            case _:
                assert_never(move)

    def paused(self, pause: Pause, target: datetime) -> Iterator[ExplanationLine]:
        """A pause, and what remained when it ended."""
        begun = _moment(_shanghai(pause.at))
        if pause.resumed_at is None or pause.at >= pause.due_before:
            yield ExplanationLine(LineKind.PAUSED, f"{begun}起暂停计时,恢复后续计", _shanghai(pause.at).date())
            return
        left = remaining_working_days(pause.at, pause.due_before, self.calendar)
        text = f"{begun}起暂停计时,{_moment(_shanghai(pause.resumed_at))}恢复,续计剩余{left}个工作日"
        yield ExplanationLine(LineKind.PAUSED, text, _shanghai(pause.at).date())
        if left:
            resumed = resume(pause.at, pause.due_before, pause.resumed_at, self.calendar)
            limit = Limit(DeadlineUnit.WORKING_DAY, left)
            yield from self.told(_shanghai(pause.resumed_at), limit, resumed, target)


def _moves(changes: Sequence[ClockChange]) -> list[Extension | Pause]:
    """What moved the due since the limit was changed last: a new limit is counted as if there had been no move."""
    moves: list[Extension | Pause] = []
    for change in changes:
        if isinstance(change, LimitChange):
            moves.clear()
        else:
            moves.append(change)
    return moves


def _change_lines(clock: ToldClock) -> Iterator[ExplanationLine]:
    changes = [change for change in clock.changes if isinstance(change, LimitChange)]
    limits = [*(change.before for change in changes), clock.limit]
    for change, (before, after) in zip(changes, pairwise(limits), strict=True):
        was = f"由{limit_text(before)}" if before else ""
        text = f"{_moment(_shanghai(change.at))}时限{was}改为{limit_text(after) if after else '另行确定'}"
        yield ExplanationLine(LineKind.CHANGED, text, _shanghai(change.at).date())


def _counted_from(extension: Extension) -> datetime:
    """Day units go on from the old last day, the others from the old due."""
    local = _shanghai(extension.due_before)
    whole_days = extension.by.unit in (DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY)
    return local - timedelta(microseconds=1) if whole_days else local


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
            return _walked_lines(start.date(), limit.unit, due, calendar)
        case _:
            assert_never(limit.unit)


def _walked_lines(start: date, unit: DeadlineUnit, due: Due, calendar: Calendar) -> tuple[ExplanationLine, ...]:
    ordinals = {day: ordinal for ordinal, day in enumerate(due.counted, start=1)}
    # Work time may be counted on the start day itself, which day units leave out.
    days = (*((start,) if start in ordinals else ()), *days_between(start, last_day(due.at)))
    return tuple(_walked_line(day, ordinals.get(day), unit, calendar) for day in days)


def _walked_line(day: date, ordinal: int | None, unit: DeadlineUnit, calendar: Calendar) -> ExplanationLine:
    if ordinal is None:
        reason = calendar.name_of(day) or "休息日"
        return ExplanationLine(LineKind.SKIPPED, f"{_day(day)}{reason},不计", day)
    counted = f"为第{ordinal}日" if unit is DeadlineUnit.WORKING_DAY else "计入工作时间"
    return ExplanationLine(LineKind.COUNTED, f"{_day(day)}{calendar.name_of(day)}{counted}", day)


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


def _provisional_lines(years: Sequence[int]) -> tuple[ExplanationLine, ...]:
    return tuple(ExplanationLine(LineKind.PROVISIONAL, f"{year}年放假安排尚未公布,日期为暂定") for year in years)


def _due_text(due_at: datetime, moves: Sequence[Extension | Pause]) -> str:
    if any(isinstance(move, Pause) and move.resumed_at is None for move in moves):
        return f"暂停前{due_moment(due_at)}到期"
    return f"{due_moment(due_at)}前办理为按时"


def due_moment(due_at: datetime) -> str:
    """When something is due, in Chinese: the end of its last day 24时, or the minute."""
    local = _shanghai(due_at)
    if local.hour or local.minute or local.second or local.microsecond:
        return _moment(local)
    return f"{_day(last_day(due_at))}24时"


def _shanghai(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI)


def _moment(local: datetime) -> str:
    return f"{_day(local.date())}{local:%H:%M}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日(周{_WEEKDAYS[day.weekday()]})"
