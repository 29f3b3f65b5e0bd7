"""The ladders of C.6 as pure computation: their instants, what a pause leaves, who hears, and that all of it is data."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shaodao.calendar_source import calendar_days
from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.ladder import LADDERED, Ascent, first_rung, next_rung, no_show_at, recipients, rungs
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Recipient, Urgency, WhistleKind
from shaodao.presets import load_rulebook

RULEBOOK = load_rulebook("shimahe")
CALENDAR = Calendar.of(calendar_days(2025, 2028))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def ascent(kind: ClockKind = ClockKind.HANDLING, **changes: object) -> Ascent:
    given: dict[str, object] = {
        "started_at": at("2026-11-20 10:00"), "due_at": at("2026-11-28 00:00"), "urgency": Urgency.GENERAL
    }  # fmt: skip
    return Ascent(kind, **given | changes)  # type: ignore[arg-type]  # the test names its fields


def told(one: Ascent, rulebook: object = RULEBOOK) -> list[tuple[str, datetime]]:
    return [(str(rung.stage), rung.at) for rung in rungs(one, rulebook, CALENDAR)]  # type: ignore[arg-type]


def test_an_urgent_case_is_urged_earlier() -> None:
    for urgency, urged_at in ((Urgency.URGENT, "2026-11-21 04:00"), (Urgency.GENERAL, "2026-11-21 05:12")):
        day = ascent(started_at=at("2026-11-20 10:00"), due_at=at("2026-11-21 10:00"), urgency=urgency)
        assert dict(told(day))["URGE"] == at(urged_at)


def test_days_and_shares_are_data() -> None:
    other = msgspec.structs.replace(
        RULEBOOK.ladder, remind_share=0.25, supervise_after=Limit(DeadlineUnit.WORKING_DAY, 2)
    )
    stages = dict(told(ascent(), msgspec.structs.replace(RULEBOOK, ladder=other)))
    assert stages["REMIND"] == at("2026-11-20 10:00") + (at("2026-11-28 00:00") - at("2026-11-20 10:00")) / 4
    assert stages["SUPERVISE"] == at("2026-12-02 00:00")


@pytest.mark.parametrize(
    ("kind", "whistle", "stages"),
    [
        (ClockKind.ACKNOWLEDGE, None, ["OVERDUE"]),
        (ClockKind.ACKNOWLEDGE, WhistleKind.EMERGENCY, ["OVERDUE", "SUPERVISE"]),
        (ClockKind.ARRIVE, WhistleKind.EMERGENCY, ["OVERDUE", "WARN_COUNTY", "NO_SHOW"]),
        (ClockKind.ARRIVE, WhistleKind.ROUTINE, ["OVERDUE", "SUPERVISE", "WARN_COUNTY", "NO_SHOW"]),
        (ClockKind.FIRST_REPORT, WhistleKind.EMERGENCY, ["OVERDUE", "SUPERVISE", "WARN_COUNTY"]),
        (ClockKind.RESULT, WhistleKind.JOINT_ENFORCEMENT, ["REMIND", "URGE", "OVERDUE", "SUPERVISE", "WARN_COUNTY"]),
        (ClockKind.RESULT, None, ["REMIND", "URGE", "OVERDUE"]),
        (ClockKind.VERIFICATION, None, ["OVERDUE"]),
        (ClockKind.CONFIRMATION, WhistleKind.EMERGENCY, ["OVERDUE"]),
    ],
)
def test_each_clock_has_its_ladder(kind: ClockKind, whistle: WhistleKind | None, stages: list[str]) -> None:
    assert [stage for stage, _ in told(ascent(kind, whistle_kind=whistle))] == stages


@pytest.mark.parametrize("kind", [WhistleKind.CAMPAIGN, WhistleKind.CROSS_AREA, WhistleKind.JOINT_ENFORCEMENT])
def test_who_misses_an_assembly_time_counts_by_the_hour_however_long_ago_the_call_was(kind: WhistleKind) -> None:
    called = ascent(ClockKind.ARRIVE, due_at=at("2026-12-04 09:00"), whistle_kind=kind, appointed=True)
    assert told(called) == [
        ("OVERDUE", at("2026-12-04 09:00")), ("SUPERVISE", at("2026-12-04 10:00")),
        ("WARN_COUNTY", at("2026-12-04 11:00")), ("NO_SHOW", at("2026-12-04 11:00")),
    ]  # fmt: skip
    whistle = msgspec.structs.replace(RULEBOOK.whistle_ladder, assembly_limit=Limit(DeadlineUnit.MINUTE, 30))
    assert no_show_at(called, msgspec.structs.replace(RULEBOOK, whistle_ladder=whistle), CALENDAR) == at(
        "2026-12-04 09:30"
    )
    assert no_show_at(ascent(whistle_kind=kind), RULEBOOK, CALENDAR) is None


def test_what_a_pause_left_behind_is_not_climbed_again() -> None:
    paused = ascent(since=at("2027-01-11 09:00"), due_at=at("2027-01-16 00:00"), used=0.6)
    assert told(paused)[0][0] == "URGE"
    assert dict(told(paused))["URGE"] == paused.base + (paused.due_at - paused.base) / 2


def test_what_paused_on_the_eve_of_a_holiday_climbs_by_no_more_than_the_whole_limit() -> None:
    """A minute of the limit remained, and it lies behind eight days of the wall: those are no share of it."""
    paused = ascent(
        ClockKind.RESULT, started_at=at("2026-09-30 09:00"), since=at("2026-09-30 17:30"), due_at=at("2026-10-08 09:01"),
        used=0.9997, whistle_kind=WhistleKind.ROUTINE,
    )  # fmt: skip
    assert paused.length == at("2026-10-08 09:01") - at("2026-09-30 09:00")
    nearly_all = ascent(
        ClockKind.RESULT, since=at("2026-11-27 23:00"), used=1 - 2**-53, whistle_kind=WhistleKind.ROUTINE
    )
    assert dict(told(nearly_all))["OVERDUE"] == nearly_all.due_at


@example(
    kind=ClockKind.ACKNOWLEDGE, whistle=WhistleKind.ROUTINE, urgency=Urgency.URGENT, hours=1, used=1 - 2**-53, gap=-2000,
    now=0, fired=0,
)  # fmt: skip
@given(
    kind=st.sampled_from([*ClockKind]), whistle=st.sampled_from([None, *WhistleKind]), urgency=st.sampled_from([*Urgency]),
    hours=st.integers(1, 24 * 90), used=st.floats(0, 1), gap=st.integers(-2000, 2000), now=st.integers(-100, 4000),
    fired=st.integers(0, 7),
)  # fmt: skip
def test_every_ladder_goes_upward_and_is_climbed_once(
    kind: ClockKind,
    whistle: WhistleKind | None,
    urgency: Urgency,
    hours: int,
    used: float,
    gap: int,
    now: int,
    fired: int,
) -> None:
    begun = at("2026-06-01 09:30")
    due_at = begun + timedelta(hours=hours)
    one = Ascent(kind, begun, due_at, urgency, whistle, due_at + timedelta(hours=gap) if gap else None, used)
    reached = rungs(one, RULEBOOK, CALENDAR)
    assert [rung.at for rung in reached] == sorted(rung.at for rung in reached)
    assert len({rung.stage for rung in reached}) == len(reached)
    assert all(rung.at > one.base for rung in reached if rung.stage in (EscalationStage.REMIND, EscalationStage.URGE))
    changed_at = begun + timedelta(hours=now)
    before = {str(rung.stage): changed_at for rung in reached[:fired]}
    again = {
        rung.stage for rung in reached if min(due_at, rung.at) > changed_at
    }  # for a due that had passed nothing fires twice
    awaited = [rung for rung in reached if rung.stage in again or rung.stage not in before]
    for moment in (changed_at + timedelta(seconds=1), changed_at + timedelta(days=4000)):  # in time, or after an outage
        done, climbed = dict(before), []
        while (following := next_rung(reached, done, due_at, changed_at)) is not None:
            climbed.append(following)
            done[following.stage] = max(moment, following.at)
        assert climbed == awaited
    unchanged = [rung for rung in reached if rung.stage not in before]
    assert next_rung(reached, before, due_at, None) == (unchanged[0] if unchanged else None)
    fresh = Ascent(kind, begun, due_at, urgency, whistle)
    assert rungs(fresh, RULEBOOK, CALENDAR)[0] == first_rung(kind, begun, due_at, RULEBOOK)


def test_who_hears_of_each_stage() -> None:
    assert LADDERED[0] is ClockKind.HANDLING
    urge = recipients(EscalationStage.URGE, called=True, agent=True)
    assert urge == (Recipient.HANDLER, Recipient.DEPARTMENT_HEAD, Recipient.AGENT)
    assert recipients(EscalationStage.REMIND, called=False) == (Recipient.STREET_DISPATCHER,)
    assert recipients(EscalationStage.DISTRICT_INVESTIGATION, called=True, vertical=True) == (
        Recipient.DISTRICT_GOVERNMENT, Recipient.CITY,
    )  # fmt: skip
    assert recipients(EscalationStage.WAKE, called=True) == ()
