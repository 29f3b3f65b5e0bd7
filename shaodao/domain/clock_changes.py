"""What was done to a clock after it started (C.5 rules 7 to 11): as its history keeps it, and counted anew.

An entry of the history holds what the clock was before, and who decided. The entries that later count again under another
limit or another calendar are repeated behind it, marked ``again``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

import msgspec

from shaodao.domain.calendar import Calendar, WorkTime
from shaodao.domain.case_vocabulary import Office
from shaodao.domain.deadlines import DeadlineUnit, Due, Limit, continued, due, extended


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided a change: the office, and the person, whom not every reader is told."""

    office: Office
    name: str | None = None


@dataclass(frozen=True, slots=True)
class LimitChange:
    """The clock got another limit 时限变更 (C.5 rule 8); ``before``: None where it had been counted by none.

    ``due_before`` and ``started_before``: when it was due until then, and from when it had been counted.
    """

    at: datetime
    before: Limit | None
    by: Decider | None = None
    due_before: datetime | None = None
    started_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """The calendar of working days changed 放假安排调整 (C.5 rule 11), and with it the due, ``due_before`` until then."""

    at: datetime
    due_before: datetime


@dataclass(frozen=True, slots=True)
class Extension:
    """The clock was extended 延期 by a limit (C.5 rule 7); ``due_before``: when it was due until then."""

    at: datetime
    by: Limit
    due_before: datetime
    decider: Decider | None = None


@dataclass(frozen=True, slots=True)
class Shortening:
    """A leader ordered the clock to be due ``to`` an earlier instant 缩短 (C.5 rule 10)."""

    at: datetime
    to: datetime
    due_before: datetime
    decider: Decider | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock was paused 挂账、暂停 (C.5 rule 9) when it was due at ``due_before``; ``resumed_at``: None while it is.

    ``why``: the kind of suspension or of pause, in Chinese.
    """

    at: datetime
    resumed_at: datetime | None
    due_before: datetime
    why: str | None = None
    decider: Decider | None = None
    resumer: Decider | None = None


class Handover(StrEnum):
    """Why the work began anew, or went over to others, while the clock went on.

    REASSIGNED: by a granted objection. LEAD_CHANGED: another has the lead 主办 now. DISPATCHED_AGAIN: whoever had the case left
    it. REINSTATED: an objection to a refusal 不予受理. UNMERGED: the case stands by itself again.
    """

    RETURNED = "RETURNED"
    REASSIGNED = "REASSIGNED"
    LEAD_CHANGED = "LEAD_CHANGED"
    DISPATCHED_AGAIN = "DISPATCHED_AGAIN"
    REINSTATED = "REINSTATED"
    UNMERGED = "UNMERGED"


@dataclass(frozen=True, slots=True)
class Continuation:
    """The clock went on as it was: rework 退回重办 and re-dispatch 改派 do not reset it (C.9 point 6)."""

    at: datetime
    after: Handover


Move = Extension | Shortening | Pause
"""What moves a due; a new limit or a new calendar makes the clock be counted from its start again."""

ClockChange = LimitChange | CalendarChange | Continuation | Move


@dataclass(frozen=True, slots=True)
class ToldClock:
    """A clock as it stands: its present start, limit and due, and what was done to it, oldest first.

    ``limit``: None for one that is due by what was set, not counted; ``rule`` names what that is.
    """

    started_at: datetime
    limit: Limit | None
    due_at: datetime
    changes: tuple[ClockChange, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Recount:
    """A clock counted from its start: its due, and its moves, each with the due that it then moved."""

    due: Due
    moves: tuple[Move, ...]


def moves_of(changes: Iterable[ClockChange]) -> tuple[Move, ...]:
    """What moved the due since it was counted from the start last: what still counts stands again behind that."""
    moves: list[Move] = []
    for change in changes:
        if isinstance(change, LimitChange | CalendarChange):
            moves.clear()
        elif not isinstance(change, Continuation):
            moves.append(change)
    return tuple(moves)


def recounted(
    started_at: datetime, limit: Limit, moves: Sequence[Move], calendar: Calendar, work_time: WorkTime
) -> Recount:
    """Count a clock from its start, and all that moved it, by this calendar (C.5 rules 8 and 11).

    What was ordered by its day stays: a shortened clock is due at the instant of the order, if that still is the earlier.
    """
    reckoned = due(started_at, limit, calendar, work_time)
    provisional, told = reckoned.provisional, []
    for move in moves:
        told.append(replace(move, due_before=reckoned.at))
        reckoned = moved(move, reckoned.at, limit.unit, calendar, work_time)
        provisional = provisional or reckoned.provisional
    return Recount(Due(reckoned.at, provisional, reckoned.counted), tuple(told))


def moved(
    move: Move, due_at: datetime, unit: DeadlineUnit | None, calendar: Calendar, work_time: WorkTime
) -> Due:  # fmt: skip
    """Where a move takes a clock that is due at ``due_at``."""
    match move:
        case Extension():
            return extended(due_at, move.by, calendar, work_time)
        case Shortening():
            return Due(min(due_at, move.to), provisional=False, counted=())
        case Pause():
            if move.resumed_at is None:
                return Due(due_at, provisional=False, counted=())
            return continued(move.at, due_at, move.resumed_at, unit, calendar, work_time)
        case _:
            assert_never(move)


def entry_of(move: Move) -> dict[str, Any]:
    """A move as the history keeps it; times are left for the encoder."""
    match move:
        case Extension():
            by = {"unit": str(move.by.unit), "amount": move.by.amount}
            return {"changed_at": move.at, "due_at": move.due_before, "extended_by": by, **decided_by(move.decider)}
        case Shortening():
            return {
                "changed_at": move.at, "due_at": move.due_before, "shortened_to": move.to, **decided_by(move.decider)
            }  # fmt: skip
        case Pause():
            told = {"paused_at": move.at, "due_at": move.due_before, "why": move.why, **decided_by(move.decider)}
            if move.resumed_at is None:
                return told
            return told | {"resumed_at": move.resumed_at, **decided_by(move.resumer, "resumed_")}
        case _:
            assert_never(move)


def decided_by(decider: Decider | None, prefix: str = "") -> dict[str, str | None]:
    """Who decided, for an entry of the history."""
    if decider is None:
        return {}
    return {f"{prefix}office": str(decider.office), f"{prefix}decided_by": decider.name}


def changes_of(history: Sequence[Mapping[str, Any]], paused_at: datetime | None) -> tuple[ClockChange, ...]:
    """The changes that a clock's history tells, oldest first; ``paused_at``: since when it pauses now, if it does.

    Stages that fired are no changes. An entry of a pause that began tells nothing before the pause is over, unless it is
    the one that lasts.
    """
    return tuple(change for entry in history for change in _change_of(entry, paused_at))


def fired_of(history: Sequence[Mapping[str, Any]]) -> dict[str, datetime]:
    """The stages that a clock's history tells to have fired, each when it did last."""
    return {entry["stage"]: _instant(entry["at"]) for entry in history if "stage" in entry}


def _change_of(entry: Mapping[str, Any], paused_at: datetime | None) -> Iterator[ClockChange]:
    if entry.get("paused_at"):
        pause = _pause(entry)
        if pause.resumed_at is not None or pause.at == paused_at:
            yield pause
        return
    if entry.get("continued_at"):
        yield Continuation(_instant(entry["continued_at"]), Handover(entry["after"]))
    if not entry.get("changed_at"):
        return
    at, before, decider = _instant(entry["changed_at"]), _instant(entry["due_at"]), _decider(entry)
    if entry.get("extended_by"):
        yield Extension(at, _limit(entry["extended_by"]), before, decider)
    elif entry.get("shortened_to"):
        yield Shortening(at, _instant(entry["shortened_to"]), before, decider)
    elif entry.get("calendar"):
        yield CalendarChange(at, before)
    else:
        limit = _limit(entry) if entry["unit"] else None
        yield LimitChange(at, limit, decider, before, _instant(entry["started_at"]))


def _pause(entry: Mapping[str, Any]) -> Pause:
    over = entry.get("resumed_at")
    return Pause(
        _instant(entry["paused_at"]), _instant(over) if over else None, _instant(entry["due_at"]), entry.get("why"),
        _decider(entry), _decider(entry, "resumed_"),
    )  # fmt: skip


def _decider(entry: Mapping[str, Any], prefix: str = "") -> Decider | None:
    office = entry.get(f"{prefix}office")
    return None if office is None else Decider(Office[office], entry.get(f"{prefix}decided_by"))


def _limit(entry: Mapping[str, Any]) -> Limit:
    return Limit(DeadlineUnit(entry["unit"]), entry["amount"])


def _instant(text: str) -> datetime:
    return msgspec.convert(text, datetime)
