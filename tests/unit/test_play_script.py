"""The script of the month: in order of time, and at the very minutes that the stored street names (D.6, D.7)."""

from collections.abc import Iterator
from datetime import datetime

from shaodao.demo.source import Street, load_street
from shaodao.play.script import load_script

MONTH = load_script("month.toml")


def test_the_month_is_told_in_order_of_time() -> None:
    moments = [at for at, _ in MONTH.steps]
    assert moments == sorted(moments)
    assert moments[-1] <= load_street().meta.as_of


def test_every_case_is_registered_at_its_stored_minute() -> None:
    registered = {step.case: at for at, step in MONTH.steps if step.do == "registerCase"}
    assert registered == {case.seq: case.registered_at for case in load_street().cases}


def test_whistles_are_played_at_the_stored_minutes() -> None:
    played = {(step.case, step.org, step.do, at) for at, step in MONTH.steps}
    assert list(_whistle_times(load_street())) == [time for time in _whistle_times(load_street()) if time in played]


def _whistle_times(street: Street) -> Iterator[tuple[int, str | None, str, datetime]]:
    for whistle in street.whistles:
        blow = "approveWhistle" if whistle.confirmed_at is None else "blowDraftedEmergency"
        yield whistle.case_seq, None, blow, whistle.blown_at
        for party in whistle.assignments:
            times = {
                "acknowledgeAssignment": party.acknowledged_at, "arriveAtScene": party.arrived_at,
                "reportResult": party.reported_at, "verifyReport": party.verified_at,
            }  # fmt: skip
            for do, at in times.items():
                if at is not None:
                    yield whistle.case_seq, party.dept, do, at


def test_departures_name_their_reason() -> None:
    assert all("(C." in departure.why for departure in MONTH.departures)
