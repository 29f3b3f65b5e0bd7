"""The ladders that a clock climbs when its time runs out (reference C.6): which stages, when, and who hears of them.

Pure. A stage's instant follows from the clock's due, never from a timer, so that it survives any outage; a moved due moves
what is still to come.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shaodao.domain.calendar import Calendar
from shaodao.domain.deadlines import Limit, due, extended
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Recipient, Urgency, WhistleKind

CALLED = (ClockKind.ACKNOWLEDGE, ClockKind.ARRIVE, ClockKind.FIRST_REPORT, ClockKind.PROGRESS_REPORT, ClockKind.RESULT)
"""The clocks of an organization that was called; by a whistle, they climb faster than the case's."""

LADDERED = (ClockKind.HANDLING, *CALLED)
"""The clocks that climb beyond OVERDUE, or are told before it: the street's own limits are only marked late."""

_WITH_SHARES = (ClockKind.HANDLING, ClockKind.RESULT)


AGAINST_EACH = (EscalationStage.SUPERVISE, EscalationStage.CIRCULAR, EscalationStage.DISTRICT_INVESTIGATION)
"""Stages of the case's own limit that are taken against each organization that still owes its result."""

_RECIPIENTS: Mapping[EscalationStage, Sequence[Recipient]] = {
    EscalationStage.REMIND: (Recipient.HANDLER,),
    EscalationStage.URGE: (Recipient.HANDLER, Recipient.DEPARTMENT_HEAD, Recipient.AGENT),
    EscalationStage.OVERDUE: (Recipient.HANDLER, Recipient.STREET_DISPATCHER),
    EscalationStage.WARN_COUNTY: (Recipient.COUNTY_GRID_OFFICE,),
    EscalationStage.SUPERVISE: (Recipient.DEPARTMENT_HEAD, Recipient.STREET_LEADER),
    EscalationStage.CIRCULAR: (Recipient.COUNTY_GRID_OFFICE,),
    EscalationStage.NO_SHOW: (Recipient.COUNTY_GRID_OFFICE,),
    EscalationStage.DISTRICT_INVESTIGATION: (Recipient.DISTRICT_GOVERNMENT,),
}


@dataclass(frozen=True, slots=True)
class Ascent:
    """A running clock, as its ladder knows it.

    ``since``: from when it runs without a break, after a pause or rework (None: from its start); ``used``: the share of the
    limit, 0 to 1, that was used by then. Rework begins the ladder anew with what remains: nothing counts as used.
    ``appointed``: it is due at an hour that was named, an assembly time 集结时间, and not by a limit.
    """

    kind: ClockKind
    started_at: datetime
    due_at: datetime
    urgency: Urgency
    whistle_kind: WhistleKind | None = None
    since: datetime | None = None
    used: float = 0.0
    appointed: bool = False

    @property
    def base(self) -> datetime:
        """From when what remains is counted."""
        return self.since or self.started_at

    @property
    def length(self) -> timedelta:
        """The whole limit by the clock on the wall, without what was paused; at most what lies between start and due.

        What remains may be a long part of the wall and a short one of the limit: its last minute, on the eve of a holiday.
        """
        remaining, longest = self.due_at - self.base, self.due_at - self.started_at
        if timedelta(0) < remaining < longest * (1 - self.used) and self.used > 0:
            return remaining / (1 - self.used)
        return longest

    def at_share(self, share: float) -> datetime:
        """When ``share`` of the limit is used, for a share that is not used yet."""
        return self.base + (self.due_at - self.base) * ((share - self.used) / (1 - self.used))

    def used_at(self, moment: datetime) -> float:
        """The share of the limit that is used at a moment, at most the whole."""
        if moment >= self.due_at:
            return 1.0
        return self.used + (1 - self.used) * ((moment - self.base) / (self.due_at - self.base))


@dataclass(frozen=True, slots=True)
class Rung:
    """A stage of a ladder, and when it is reached."""

    stage: EscalationStage
    at: datetime


def rungs(ascent: Ascent, rulebook: Rulebook, calendar: Calendar) -> tuple[Rung, ...]:
    """The stages of a clock in the order in which they are reached; what a pause left behind is not among them."""
    stages = [*_before_due(ascent, rulebook), Rung(EscalationStage.OVERDUE, ascent.due_at)]
    if ascent.kind is ClockKind.HANDLING:
        stages += _time_ladder(ascent, rulebook, calendar)
    elif ascent.kind in CALLED and ascent.whistle_kind is not None:
        stages += _whistle_ladder(ascent, ascent.whistle_kind, rulebook, calendar)
    return tuple(sorted(stages, key=lambda rung: rung.at))


def next_rung(
    reached: tuple[Rung, ...], fired: Mapping[str, datetime], due_at: datetime, changed_at: datetime | None
) -> Rung | None:
    """The stage that is fired next: the first that was not, or not since the clock was given a due that lay ahead.

    ``fired``: when each stage fired last. ``changed_at``: when the clock was changed or went on last; None: it ran all along.
    So each stage fires once for each due, however late it fires; of a due that had passed by the change none fires again.
    """
    return next((rung for rung in reached if not _has_fired(rung, fired, due_at, changed_at)), None)


def no_show_at(ascent: Ascent, rulebook: Rulebook, calendar: Calendar) -> datetime | None:
    """When an organization that has not come counts as 未报到; None: by this clock it never does."""
    reached = rungs(ascent, rulebook, calendar)
    return next((rung.at for rung in reached if rung.stage is EscalationStage.NO_SHOW), None)


def first_rung(kind: ClockKind, started_at: datetime, due_at: datetime, rulebook: Rulebook) -> Rung:
    """The first stage of a clock that starts: it depends on nothing but its kind and its dues."""
    if kind in _WITH_SHARES:
        return Rung(EscalationStage.REMIND, started_at + (due_at - started_at) * rulebook.ladder.remind_share)
    return Rung(EscalationStage.OVERDUE, due_at)


def recipients(
    stage: EscalationStage, *, called: bool, by_whistle: bool = False, agent: bool = False, vertical: bool = False
) -> tuple[Recipient, ...]:
    """Who hears of a stage of the ladder (C.6); nobody of what is no stage of it.

    ``called``: whether it is about an organization that was called, ``agent``: about an agent's part 代办, ``vertical``: about
    a vertical unit 垂管, whose investigation concerns the city too. What nobody was called for is the street's own to begin.
    """
    absent = set() if agent else {Recipient.AGENT}
    told = list(_RECIPIENTS.get(stage, ()))
    if stage is EscalationStage.OVERDUE and by_whistle:
        told = [Recipient.STREET_DISPATCHER, Recipient.DEPARTMENT_HEAD]
    if stage is EscalationStage.DISTRICT_INVESTIGATION and vertical:
        told.append(Recipient.CITY)
    if not called:
        told = [Recipient.STREET_DISPATCHER if one is Recipient.HANDLER else one for one in told]
        absent = {Recipient.AGENT, Recipient.DEPARTMENT_HEAD}
    return tuple(dict.fromkeys(one for one in told if one not in absent))


def _has_fired(rung: Rung, fired: Mapping[str, datetime], due_at: datetime, changed_at: datetime | None) -> bool:
    fired_at = fired.get(rung.stage)
    if fired_at is None or changed_at is None:
        return fired_at is not None
    return not fired_at <= changed_at < min(due_at, rung.at)


def _before_due(ascent: Ascent, rulebook: Rulebook) -> Iterator[Rung]:
    """Reminding and urging; only long limits are worth it, and only while any of the limit is left."""
    if ascent.kind not in _WITH_SHARES or ascent.base >= ascent.due_at:
        return
    ladder = rulebook.ladder
    urge = ladder.urge_share_urgent if ascent.urgency is Urgency.URGENT else ladder.urge_share
    for stage, share in ((EscalationStage.REMIND, ladder.remind_share), (EscalationStage.URGE, urge)):
        if share > ascent.used:
            yield Rung(stage, ascent.at_share(share))


def _time_ladder(ascent: Ascent, rulebook: Rulebook, calendar: Calendar) -> Iterator[Rung]:
    yield Rung(EscalationStage.WARN_COUNTY, ascent.due_at)
    ladder = rulebook.ladder
    for stage, limit in (
        (EscalationStage.SUPERVISE, ladder.supervise_after),
        (EscalationStage.CIRCULAR, ladder.circular_after),
        (EscalationStage.DISTRICT_INVESTIGATION, ladder.investigate_after),
    ):
        yield Rung(stage, _after_due(ascent, limit, rulebook, calendar))


def _whistle_ladder(ascent: Ascent, kind: WhistleKind, rulebook: Rulebook, calendar: Calendar) -> Iterator[Rung]:
    """An emergency's signing for and coming climb by minutes, all else by multiples of the limit that passed."""
    ladder, emergency = rulebook.whistle_ladder, kind is WhistleKind.EMERGENCY
    whole = _whole(ascent, rulebook, calendar)
    if emergency and ascent.kind is ClockKind.ACKNOWLEDGE:
        yield Rung(EscalationStage.SUPERVISE, _after_due(ascent, ladder.emergency_head_after, rulebook, calendar))
    elif emergency and ascent.kind is ClockKind.ARRIVE:
        yield Rung(EscalationStage.WARN_COUNTY, ascent.due_at)
    else:
        yield Rung(EscalationStage.SUPERVISE, _by_factor(ascent, whole, ladder.leader_factor))
        yield Rung(EscalationStage.WARN_COUNTY, _by_factor(ascent, whole, ladder.county_factor))
    if ascent.kind is ClockKind.ARRIVE:
        yield Rung(EscalationStage.NO_SHOW, _by_factor(ascent, whole, ladder.no_show_factor))


def _after_due(ascent: Ascent, limit: Limit, rulebook: Rulebook, calendar: Calendar) -> datetime:
    """A limit after the due, or after the clock went on if the due had passed by then."""
    if ascent.base > ascent.due_at:
        return due(ascent.base, limit, calendar, rulebook.work_time).at
    return extended(ascent.due_at, limit, calendar, rulebook.work_time).at


def _whole(ascent: Ascent, rulebook: Rulebook, calendar: Calendar) -> timedelta:
    """What the factors multiply: the limit that passed. The days from the call to an assembly time are none of it."""
    if not ascent.appointed:
        return ascent.length
    limit = rulebook.whistle_ladder.assembly_limit
    return due(ascent.due_at, limit, calendar, rulebook.work_time).at - ascent.due_at


def _by_factor(ascent: Ascent, whole: timedelta, factor: float) -> datetime:
    return max(ascent.base, ascent.due_at) + whole * (factor - 1)
