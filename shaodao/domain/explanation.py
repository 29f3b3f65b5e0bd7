"""Why a deadline falls where it falls: the counting of C.5 told line by line in Chinese (explainDeadline)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from shaodao.domain.calendar import SHANGHAI, Calendar, WorkTime, days_between
from shaodao.domain.clock_changes import (
    CalendarChange,
    Continuation,
    Decider,
    Extension,
    Handover,
    LimitChange,
    Move,
    Pause,
    Shortening,
    ToldClock,
    moves_of,
)
from shaodao.domain.deadlines import (
    DeadlineUnit,
    Due,
    Limit,
    continued,
    due,
    extended,
    implied_unit,
    last_day,
    remaining_working_days,
    worked_between,
)
from shaodao.domain.limit_words import limit_text, rule_text

_WEEKDAYS = "一二三四五六日"
_DAYS = (DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY)


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
    SHORTENED = "SHORTENED"
    RECOUNTED = "RECOUNTED"
    CONTINUED = "CONTINUED"


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
    due_at: datetime
    lines: tuple[ExplanationLine, ...]
    provisional_years: tuple[int, ...]


def explain(
    clock: ToldClock, calendar: Calendar, work_time: WorkTime, *, names: bool = False
) -> Explanation:  # fmt: skip
    """Tell how the clock came to its due, which is always the last line but for the provisional years.

    Who decided a change is told by the office; with ``names``, for the staff, by the person too. Where today's calendar and
    work time would count to another due than the clock has, the due that was fixed then holds, and the days are not told.
    """
    counting = _Counting(calendar, work_time, names, clock.limit.unit if clock.limit else None)
    local = clock.started_at.astimezone(SHANGHAI)
    moves = moves_of(clock.changes)
    targets = [*(move.due_before for move in moves), clock.due_at]
    lines = [
        *_change_lines(clock, names),
        ExplanationLine(LineKind.START, f"自{_moment(local)}起算", local.date()),
        ExplanationLine(LineKind.RULE, rule_text(clock.limit, clock.rule)),
    ]
    if clock.limit is not None:
        lines += counting.told(local, clock.limit, due(local, clock.limit, calendar, work_time), targets[0])
    for move, target in zip(moves, targets[1:], strict=True):
        lines += counting.moved(move, target)
    lines += _continued_lines(clock)
    lines.append(ExplanationLine(LineKind.DUE, _due_text(clock.due_at, moves), last_day(clock.due_at)))
    years = tuple(sorted(counting.years))
    return Explanation(local, clock.due_at, (*lines, *_provisional_lines(years)), years)


@dataclass
class _Counting:
    """Counts the parts of a clock's way to its due, and gathers the provisional years that took part."""

    calendar: Calendar
    work_time: WorkTime
    names: bool
    unit: DeadlineUnit | None
    years: set[int] = field(default_factory=set)

    def told(self, start: datetime, limit: Limit, reckoned: Due, target: datetime) -> Iterator[ExplanationLine]:
        """The days that were counted, if they lead to ``target``."""
        if reckoned.at != target:
            yield ExplanationLine(LineKind.FIXED, f"{due_moment(target)}到期系当时确定，不再逐日计算", last_day(target))
            return
        if reckoned.provisional:
            self.years.update(_provisional_years(start, reckoned, self.calendar))
        yield from _day_lines(start, limit, reckoned, self.calendar)

    def moved(self, move: Move, target: datetime) -> Iterator[ExplanationLine]:
        """What moved the due to ``target``."""
        match move:
            case Extension():
                yield from self.extended(move, target)
            case Shortening():
                who = _who(move.decider, self.names)
                text = f"原{due_moment(move.due_before)}到期，{_moment(_shanghai(move.at))}{who}决定缩短至{due_moment(target)}"
                yield ExplanationLine(LineKind.SHORTENED, text, _shanghai(move.at).date())
            case Pause():
                yield from self.paused(move, target)
            case _:
                assert_never(move)

    def extended(self, move: Extension, target: datetime) -> Iterator[ExplanationLine]:
        """An extension, and the days that it gave."""
        who = _who(move.decider, self.names)
        text = f"原{due_moment(move.due_before)}到期，{_moment(_shanghai(move.at))}{who}准予延期{limit_text(move.by)}"
        yield ExplanationLine(LineKind.EXTENDED, text, _shanghai(move.at).date())
        reckoned = extended(move.due_before, move.by, self.calendar, self.work_time)
        yield from self.told(_counted_from(move), move.by, reckoned, target)

    def paused(self, pause: Pause, target: datetime) -> Iterator[ExplanationLine]:
        """A pause, and what remained when it ended."""
        begun = f"{_moment(_shanghai(pause.at))}起{_cause(pause, self.names)}暂停计时"
        if pause.resumed_at is None or pause.at >= pause.due_before:
            yield ExplanationLine(LineKind.PAUSED, f"{begun}，恢复后续计", _shanghai(pause.at).date())
            return
        ended = f"{_moment(_shanghai(pause.resumed_at))}{_who(pause.resumer, self.names)}恢复"
        text = f"{begun}，{ended}，续计剩余{self.left(pause)}"
        yield ExplanationLine(LineKind.PAUSED, text, _shanghai(pause.at).date())
        resumed = continued(
            pause.at, pause.due_before, pause.resumed_at, self.unit, self.calendar, self.work_time
        )  # fmt: skip
        if resumed.counted:
            unit = self.unit_of(pause)
            limit = Limit(DeadlineUnit.WORKING_DAY if unit in _DAYS else unit, len(resumed.counted))
            yield from self.told(_shanghai(pause.resumed_at), limit, resumed, target)

    def unit_of(self, pause: Pause) -> DeadlineUnit:
        """In what the rest is counted that a pause left over."""
        return self.unit or implied_unit(pause.due_before)

    def left(self, pause: Pause) -> str:
        """What remained of the clock when it was paused: working days (C.5 rule 9), or hours and minutes."""
        unit = self.unit_of(pause)
        if unit in _DAYS:
            return f"{remaining_working_days(pause.at, pause.due_before, self.calendar)}个工作日"
        if unit in (DeadlineUnit.WORKING_MINUTE, DeadlineUnit.WORKING_HOUR):
            return f"{_length(worked_between(pause.at, pause.due_before, self.calendar, self.work_time))}工作时间"
        return _length(pause.due_before - pause.at)


def _change_lines(clock: ToldClock, names: bool) -> Iterator[ExplanationLine]:
    """What was changed before the counting that is told: other limits, other calendars."""
    later = [change for change in clock.changes if isinstance(change, LimitChange)][1:]
    afterwards = iter([*((change.before, change.started_before) for change in later), (clock.limit, clock.started_at)])
    extended = False
    for change in clock.changes:
        day = _shanghai(change.at).date()
        if isinstance(change, Extension):
            extended = True
        elif isinstance(change, LimitChange):
            text = _changed(change, *next(afterwards), names)
            yield ExplanationLine(LineKind.CHANGED, text + ("，此前准予的延期不再计入" if extended else ""), day)
            extended = False
        elif isinstance(change, CalendarChange):
            extended = False  # What is still counted stands again behind it.
            text = f"{_moment(_shanghai(change.at))}放假安排调整，原{due_moment(change.due_before)}到期，重新计算"
            yield ExplanationLine(LineKind.RECOUNTED, text, day)


def _changed(change: LimitChange, limit: Limit | None, started_at: datetime | None, names: bool) -> str:
    """Another limit, or the same from another start; what the clock had been due by until then."""
    who = f"{_who(change.by, names)}将" if change.by else ""
    what = f"{who}时限{f'由{limit_text(change.before)}' if change.before else ''}改为{limit_text(limit) if limit else '另行确定'}"
    restarted = started_at is not None and change.started_before not in (None, started_at)
    parts = [
        what if limit != change.before else "",
        f"改自{_moment(_shanghai(started_at))}起算" if started_at is not None and restarted else "",
        f"原{due_moment(change.due_before)}到期" if change.due_before else "",
    ]
    return f"{_moment(_shanghai(change.at))}{'，'.join(filter(None, parts))}"


def _continued_lines(clock: ToldClock) -> Iterator[ExplanationLine]:
    """What began anew without the clock, since it was started last."""
    for change in clock.changes:
        if isinstance(change, Continuation) and change.at >= clock.started_at:
            local = _shanghai(change.at)
            text = f"{_moment(local)}{_handover(change.after)}，时限接续计算，不重新起算"
            yield ExplanationLine(LineKind.CONTINUED, text, local.date())


def _handover(after: Handover) -> str:
    match after:
        case Handover.RETURNED:
            return "办理结果被退回重办"
        case Handover.REASSIGNED:
            return "改派其他单位办理"
        case Handover.LEAD_CHANGED:
            return "变更主办单位"
        case Handover.DISPATCHED_AGAIN:
            return "重新派交办理"
        case Handover.REINSTATED:
            return "经对不予受理提出异议恢复办理"
        case Handover.UNMERGED:
            return "恢复单独办理"
        case _:
            assert_never(after)


def _who(decider: Decider | None, names: bool) -> str:
    """Who decided, between a time and what was decided; nothing where that is not known."""
    if decider is None:
        return ""
    return f"{decider.office.label}{decider.name if names and decider.name else ''}"


def _cause(pause: Pause, names: bool) -> str:
    """Why a clock was paused, and by whom."""
    if pause.why is None:
        return ""
    return f"因{pause.why}" + (f"经{_who(pause.decider, names)}批准" if pause.decider else "")


def _length(left: timedelta) -> str:
    """A length of time in hours and minutes; what is left of a minute is told as one."""
    minutes = -(-left // timedelta(minutes=1))
    hours, rest = divmod(minutes, 60)
    return f"{hours}小时{rest}分钟" if hours and rest else f"{hours}小时" if hours else f"{rest}分钟"


def _counted_from(extension: Extension) -> datetime:
    """Day units go on from the old last day, the others from the old due."""
    local = _shanghai(extension.due_before)
    return local - timedelta(microseconds=1) if extension.by.unit in _DAYS else local


def explanation_text(explanation: Explanation) -> str:
    """The explanation as one Chinese paragraph."""
    return "；".join(line.text for line in explanation.lines) + "。"


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
        return ExplanationLine(LineKind.SKIPPED, f"{_day(day)}{reason}，不计", day)
    counted = f"为第{ordinal}日" if unit is DeadlineUnit.WORKING_DAY else "计入工作时间"
    return ExplanationLine(LineKind.COUNTED, f"{_day(day)}{calendar.name_of(day)}{counted}", day)


def _moved_lines(due: Due, calendar: Calendar) -> tuple[ExplanationLine, ...]:
    nominal = due.counted[-1]
    last = last_day(due.at)
    if nominal == last:
        return ()
    reason = calendar.name_of(nominal) or "休息日"
    return (ExplanationLine(LineKind.MOVED, f"末日{_day(nominal)}为{reason}，顺延至{_day(last)}", nominal),)


def _provisional_years(start: datetime, due: Due, calendar: Calendar) -> tuple[int, ...]:
    days = (start.date(), *days_between(start.date(), last_day(due.at)))
    return tuple(sorted({day.year for day in days if calendar.is_provisional(day)}))


def _provisional_lines(years: Sequence[int]) -> tuple[ExplanationLine, ...]:
    return tuple(ExplanationLine(LineKind.PROVISIONAL, f"{year}年放假安排尚未公布，日期为暂定") for year in years)


def _due_text(due_at: datetime, moves: Sequence[Move]) -> str:
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
