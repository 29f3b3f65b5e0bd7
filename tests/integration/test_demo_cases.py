"""The cases of the demonstration street as loaded: stored states, derived histories, dues by the rules, nothing in clear."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest

from shaodao.commands import cases
from shaodao.commands.facts import read_assignment, read_case, read_whistle
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Transaction
from shaodao.commands.verifications import verify
from shaodao.demo.cases import load_cases
from shaodao.demo.identifiers import assignment_id, case_id, person_id, promise_id
from shaodao.demo.source import Case
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.deadlines import due
from shaodao.domain.identity import contains_personal_pattern
from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import (
    AssignmentState,
    CaseKind,
    CaseState,
    Channel,
    CloseKind,
    Role,
    VerificationMethod,
)
from shaodao.domain.whistle_machine import WHISTLE_MACHINE
from tests.integration.conftest import Street
from tests.integration.test_delivery_clock import clock_of, run_out

_WITHOUT_ACTION = {AssignmentState.REASSIGNED}
WEEKS_LATER = timedelta(weeks=15, days=3)
TEXT_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'ARRAY') AND table_name NOT LIKE '%migration%'
"""


async def load(street: Street, now: datetime, *, keep_times: bool) -> None:
    """Load the cases as the demonstration does."""
    async with street.pool.acquire() as connection, connection.transaction():
        await load_cases(connection_of(connection), street.ground, now, keep_times=keep_times)


@pytest.fixture
async def kept(street: Street) -> Street:
    """The street with its cases, at the stored times."""
    await load(street, street.now, keep_times=True)
    return street


@pytest.fixture
async def moved(street: Street) -> Street:
    """The street with its cases, told on a Monday fifteen weeks later: over the spring festival."""
    street.now = street.now + WEEKS_LATER
    await load(street, street.now, keep_times=False)
    return street


@pytest.fixture(params=["kept", "moved"])
def loaded(request: pytest.FixtureRequest) -> Street:
    """Either of the two."""
    street = request.getfixturevalue(str(request.param))
    assert isinstance(street, Street)
    return street


async def case_row(street: Street, number_in_file: int) -> Any:
    """A case's row, by its number in the data file."""
    return await street.pool.fetchrow("SELECT * FROM case_file WHERE id = $1", case_id(number_in_file))


def due_in_file(case: Case) -> datetime | None:
    """The due that the file names: of the present round; none while the clock is paused."""
    return None if case.state is CaseState.SUSPENDED else case.reopen_due or case.due_at


async def test_every_case_stands_in_its_stored_state(kept: Street) -> None:
    states = {row["id"]: row["state"] for row in await kept.pool.fetch("SELECT id, state FROM case_file")}
    assert states == {case_id(case.seq): str(case.state) for case in kept.data.cases}


async def test_moved_cases_stand_in_their_stored_state_too(moved: Street) -> None:
    states = {row["id"]: row["state"] for row in await moved.pool.fetch("SELECT id, state FROM case_file")}
    assert states == {case_id(case.seq): str(case.state) for case in moved.data.cases}


async def test_whistles_and_assignments_stand_in_their_stored_states(kept: Street) -> None:
    whistles = {row["state"] for row in await kept.pool.fetch("SELECT state FROM whistle")}
    assert whistles == {"EVALUATED", "HANDLING"}
    for case in kept.data.cases:
        for party in case.assignments:
            row = await kept.pool.fetchrow(
                "SELECT role, state FROM assignment WHERE id = $1", assignment_id(case.seq, party.dept)
            )
            assert row is not None
            assert tuple(row) == (party.role, party.state)


async def test_kept_times_give_the_stored_dues(kept: Street) -> None:
    for case in kept.data.cases:
        row = await case_row(kept, case.seq)
        assert (case.seq, row["due_at"]) == (case.seq, due_in_file(case))
        assert row["due_provisional"] == (case.due_at.year > 2027)


async def test_kept_times_give_the_stored_numbers(kept: Street) -> None:
    numbers = [row["number"] for row in await kept.pool.fetch("SELECT number FROM case_file ORDER BY right(number, 4)")]
    assert numbers[0] == "990101001-20261009-0001"
    assert numbers[26] == "990101001-20261117-0027"
    assert await kept.pool.fetchval("SELECT last FROM case_counter WHERE year = 2026") == 27


async def test_lateness_is_as_stored(kept: Street) -> None:
    rows = await kept.pool.fetch("SELECT id FROM assignment WHERE late_arrive")
    late = {
        assignment_id(whistle.case_seq, party.dept)
        for whistle in kept.data.whistles
        for party in whistle.assignments
        if party.late_arrival
    }
    assert {row["id"] for row in rows} == late


async def test_moved_times_keep_the_weekday_and_follow_the_rules(moved: Street) -> None:
    moved_by = WEEKS_LATER - timedelta(days=3)
    for case in moved.data.cases:
        row = await case_row(moved, case.seq)
        assert row["registered_at"] == case.registered_at + moved_by
        local = row["registered_at"].astimezone(SHANGHAI)
        assert local.weekday() == case.registered_at.weekday()
        assert row["number"] == f"990101001-{local:%Y%m%d}-{case.seq:04}"
    plain = await case_row(moved, 11)
    rulebook = moved.ground.rulebook
    reckoned = due(
        plain["registered_at"], rulebook.case_limits.COMPLEX, moved.ground.calendar, rulebook.work_time
    )  # fmt: skip
    assert plain["due_at"] == reckoned.at


async def test_nothing_lies_in_the_future(loaded: Street) -> None:
    newest = await loaded.pool.fetchval("SELECT max(at) FROM case_event")
    assert newest <= loaded.now
    assert (
        await loaded.pool.fetchval("SELECT count(*) FROM message WHERE sent_at > $1 OR state <> 'SENT'", loaded.now)
        == 0
    )


async def test_histories_are_gapless_and_in_order(loaded: Street) -> None:
    cases = await loaded.pool.fetch("SELECT id, last_seq, state FROM case_file")
    for case in cases:
        events = await loaded.pool.fetch("SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq", case["id"])
        assert [event["seq"] for event in events] == list(range(1, case["last_seq"] + 1))
        assert all(earlier["at"] <= later["at"] for earlier, later in pairwise(events))
        assert all(earlier["id"] < later["id"] for earlier, later in pairwise(events))
        assert events[0]["type"] == "registerCase"
        assert all(event["text"] for event in events)


async def test_events_of_cases_chain_to_the_state(loaded: Street) -> None:
    """Where a step of the case alone names both states, it starts from where the one before ended."""
    last = {row["case_id"]: row["to_state"] for row in await loaded.pool.fetch(
        """
        SELECT DISTINCT ON (case_id) case_id, to_state FROM case_event
        WHERE to_state IS NOT NULL AND whistle_id IS NULL AND assignment_id IS NULL ORDER BY case_id, seq DESC
        """
    )}  # fmt: skip
    states = {row["id"]: row["state"] for row in await loaded.pool.fetch("SELECT id, state FROM case_file")}
    assert last == states


async def test_assignment_times_are_monotone(loaded: Street) -> None:
    assert await loaded.pool.fetchval(
        """
        SELECT count(*) FROM assignment WHERE NOT (
            notified_at <= coalesce(acknowledged_at, notified_at)
            AND coalesce(acknowledged_at, notified_at) <= coalesce(arrived_at, started_at, 'infinity')
            AND coalesce(arrived_at, started_at, notified_at) <= coalesce(reported_at, 'infinity')
            AND coalesce(reported_at, notified_at) <= coalesce(verified_at, 'infinity')
        )
        """
    ) == 0  # fmt: skip


async def test_every_dispatched_case_has_one_active_lead(loaded: Street) -> None:
    rows = await loaded.pool.fetch(
        """
        SELECT case_id, count(*) FILTER (WHERE role = 'LEAD' AND state <> 'REASSIGNED') AS leads
        FROM assignment GROUP BY case_id
        """
    )
    assert {row["leads"] for row in rows} == {1}


async def test_the_state_machines_read_every_loaded_row(loaded: Street) -> None:
    everything = tuple(Grant(role, loaded.data.code) for role in Role)
    viewer = replace(loaded.viewer("吕示衡"), grants=everything)
    async with loaded.pool.acquire() as pooled, pooled.transaction():
        connection = connection_of(pooled)
        tx = Transaction(connection, viewer, loaded.now, loaded.county, loaded.ground)
        for row in await connection.fetch("SELECT id FROM case_file"):
            facts = await read_case(tx, row["id"])
            assert CASE_MACHINE.available(facts, viewer)
        for row in await connection.fetch("SELECT id FROM whistle"):
            assert WHISTLE_MACHINE.available(await read_whistle(tx, row["id"]), viewer)
        for row in await connection.fetch("SELECT id FROM assignment"):
            assignment = await read_assignment(tx, row["id"])
            assert bool(ASSIGNMENT_MACHINE.available(assignment, viewer)) == (assignment.state not in _WITHOUT_ACTION)


async def test_no_department_is_owed_anything(loaded: Street) -> None:
    assert await loaded.pool.fetchval("SELECT count(*) FROM delivery") == 0
    assert await loaded.pool.fetchval("SELECT count(*) FROM lane") == 0


async def test_only_stages_to_come_are_left(loaded: Street) -> None:
    stages = await loaded.pool.fetch(
        "SELECT s.due_at, s.stage, d.state FROM deadline_stage s LEFT JOIN deadline d ON d.id = s.deadline_id"
    )
    of_suspension = {"REVIEW", "RESUME"}
    assert of_suspension <= {stage["stage"] for stage in stages}
    assert all(stage["due_at"] > loaded.now for stage in stages)
    assert {stage["state"] for stage in stages if stage["stage"] not in of_suspension} == {"RUNNING"}


async def test_the_clock_begins_in_silence_and_what_passed_stands_on_record(kept: Street) -> None:
    """Nothing that is past fires when the street begins; the ladder that was climbed is told like any other."""
    before = await kept.pool.fetchval("SELECT count(*) FROM case_event")
    await run_out(clock_of(kept))
    assert await kept.pool.fetchval("SELECT count(*) FROM case_event") == before
    taken = await kept.pool.fetch(
        "SELECT stage, organization_code, ended_at FROM supervision WHERE case_id = $1", case_id(15)
    )
    assert {"OVERDUE", "WARN_COUNTY"} <= {row["stage"] for row in taken}
    told = await kept.pool.fetchval(
        "SELECT count(*) FROM supervision s WHERE NOT EXISTS (SELECT FROM case_event e WHERE e.case_id = s.case_id"
        " AND e.at = s.issued_at AND e.text = s.reason)"
    )
    assert told == 0


async def test_a_suspended_case_has_a_paused_clock(kept: Street) -> None:
    [clock] = await kept.pool.fetch("SELECT * FROM deadline WHERE case_id = $1 AND kind = 'HANDLING'", case_id(19))
    stored = next(case for case in kept.data.cases if case.seq == 19)
    assert (clock["state"], clock["due_at"]) == ("PAUSED", stored.due_at)
    assert await kept.pool.fetchval("SELECT result_due_at FROM assignment WHERE case_id = $1", case_id(19)) is None


async def test_what_later_issues_complete_is_there(kept: Street) -> None:
    extension = await kept.pool.fetchrow("SELECT * FROM extension_request WHERE case_id = $1", case_id(6))
    assert extension is not None
    assert (extension["decision"], extension["amount"]) == ("GRANTED", 5)
    objection = await kept.pool.fetchrow("SELECT * FROM dispatch_objection")
    assert objection is not None
    assert (objection["organization_code"], objection["reassigned_to"], objection["decision"]) == (
        "HB",
        "CG",
        "GRANTED",
    )
    assert (await case_row(kept, 24))["merged_into"] == case_id(23)
    assert (await case_row(kept, 3))["round"] == 1
    suspension = await kept.pool.fetchrow("SELECT * FROM suspension")
    assert suspension is not None
    assert suspension["review_due_at"].astimezone(SHANGHAI).isoformat() == "2026-11-20T08:30:00+08:00"
    first_round = await kept.pool.fetchrow("SELECT * FROM case_round")
    assert first_round is not None
    assert (first_round["case_id"], first_round["round"], first_round["close_kind"]) == (case_id(3), 0, "SOLVED")
    merged = await kept.pool.fetch("SELECT case_id, main_case_id FROM merge_link ORDER BY merged_at")
    assert {tuple(row) for row in merged} == {(case_id(24), case_id(23)), (case_id(25), case_id(23))}
    review = await kept.pool.fetchrow("SELECT * FROM follow_up WHERE review_decision IS NOT NULL")
    assert review is not None
    assert (review["case_id"], review["review_decision"]) == (case_id(20), "NO_REOPEN")


async def test_promises_stand_in_their_stored_states(kept: Street) -> None:
    """Z-49, D.8: two are tracked by a clock of their own, one was kept and scored by both sides."""
    rows = await kept.pool.fetch("SELECT * FROM promise ORDER BY due_on DESC")
    assert [(row["state"], row["public"], str(row["due_on"]), row["self_score"], row["citizen_score"]) for row in rows] == [
        ("IN_PROGRESS", False, "2026-11-30", None, None),
        ("IN_PROGRESS", True, "2026-11-25", None, None),
        ("FULFILLED", True, "2026-11-12", 92, 88),
    ]  # fmt: skip
    assert [row["organization_code"] for row in rows] == [None, "SC", "CG"]
    clocks = await kept.pool.fetch("SELECT promise_id, state, due_at FROM deadline WHERE kind = 'PROMISE'")
    assert {row["promise_id"]: row["state"] for row in clocks} == {
        promise_id("PM1"): "RUNNING", promise_id("PM2"): "RUNNING", promise_id("PM3"): "STOPPED",
    }  # fmt: skip
    told = await kept.pool.fetch(
        "SELECT type, actor_name FROM case_event WHERE case_id = $1 AND type LIKE '%Promise' ORDER BY seq", case_id(7)
    )
    assert [tuple(row) for row in told] == [
        ("makePromise", "姜示序"), ("publishPromise", "吕示衡"), ("settlePromise", "姜示序"), ("scorePromise", "姜示序"),
        ("scorePromise", "毛示访"),
    ]  # fmt: skip


async def test_moved_promises_name_moved_days_and_may_be_overdue(moved: Street) -> None:
    content = await moved.pool.fetchval("SELECT content FROM promise WHERE id = $1", promise_id("PM2"))
    due_on = await moved.pool.fetchval("SELECT due_on FROM promise WHERE id = $1", promise_id("PM2"))
    assert content == f"{due_on}前完成电梯检验并公布维修方案"
    assert due_on > moved.now.date()


async def test_a_promise_that_passed_when_the_street_is_told_late_is_overdue(street: Street) -> None:
    """The stories are told up to a week before now: a day may have passed since."""
    street.now += timedelta(days=6)
    await load(street, street.now, keep_times=False)
    passed = await street.pool.fetch("SELECT id, overdue_at FROM promise WHERE overdue_at IS NOT NULL")
    assert [row["id"] for row in passed] == [promise_id("PM2")]
    events = await street.pool.fetch("SELECT at, text FROM case_event WHERE type = 'promiseOverdue'")
    assert [tuple(row) for row in events] == [(passed[0]["overdue_at"], "水示称的承诺到期未兑现（承诺11月25日前兑现）")]
    stages = await street.pool.fetchval(
        "SELECT count(*) FROM deadline_stage s JOIN deadline d ON d.id = s.deadline_id WHERE d.kind = 'PROMISE'"
    )
    assert stages == 1


async def test_the_campaign_links_back_to_its_case(kept: Street) -> None:
    """S-21, D.8: 28 found and 26 cleared, grown from case 1."""
    row = await kept.pool.fetchrow("SELECT * FROM campaign")
    assert row is not None
    assert (row["source_case_id"], row["found"], row["cleared"], row["state"]) == (case_id(1), 28, 26, "ENDED")
    assert (str(row["starts_on"]), str(row["ends_on"])) == ("2026-10-16", "2026-11-13")
    assert await kept.pool.fetchval("SELECT campaign_id FROM campaign_case WHERE case_id = $1", case_id(1)) == row["id"]
    told = await kept.pool.fetch(
        "SELECT type FROM case_event WHERE case_id = $1 AND type LIKE '%Campaign%' ORDER BY seq", case_id(1)
    )
    assert [event["type"] for event in told] == ["growCampaign", "recordCampaignCounts", "endCampaign"]


async def test_meetings_that_took_up_a_case_are_decided(kept: Street) -> None:
    """J-16: the decision returned to the case; the meeting on no case is not loaded."""
    rows = await kept.pool.fetch("SELECT case_id, topic, decision FROM meeting ORDER BY meets_at")
    assert [row["case_id"] for row in rows] == [case_id(19), case_id(22)]
    assert all(row["decision"] for row in rows)
    called = await kept.pool.fetch("SELECT organization_code FROM meeting_participant ORDER BY 1")
    assert [row["organization_code"] for row in called] == ["FG", "TT", "ZJ"]


async def test_an_extension_moves_the_result_clock_of_whoever_asked_for_it(kept: Street) -> None:
    """ZJ was granted five working days in case 6 and is not late by the limit that held before."""
    row = await kept.pool.fetchrow(
        "SELECT due_at, history FROM deadline WHERE assignment_id = $1 AND kind = 'RESULT'", assignment_id(6, "ZJ")
    )
    assert row is not None
    [entry] = [entry for entry in orjson.loads(row["history"]) if "extended_by" in entry]
    assert entry["extended_by"] == {"unit": "WORKING_DAY", "amount": 5}
    assert datetime.fromisoformat(entry["due_at"]) < kept.now < row["due_at"]
    late = await kept.pool.fetchval("SELECT late_report FROM assignment WHERE id = $1", assignment_id(6, "ZJ"))
    assert late is False


async def test_an_overdue_case_is_known_to_the_county(kept: Street) -> None:
    row = await case_row(kept, 15)
    assert row["county_informed_at"] == row["due_at"]
    passed = await kept.pool.fetchval(
        "SELECT at FROM case_event WHERE case_id = $1 AND type = 'deadlinePassed' AND assignment_id IS NULL",
        case_id(15),
    )
    assert passed == row["due_at"]


async def test_the_reporter_can_be_called_back(kept: Street) -> None:
    row = await case_row(kept, 1)
    assert row["reporter_person_id"] == person_id("P014")
    assert (row["reporter_name_masked"], row["reporter_phone_masked"]) == ("沈**", "100****0014")
    context = b"case_file.reporter_phone:" + row["id"].bytes
    assert kept.ground.cipher.open(row["reporter_phone_sealed"], context) == "10000010014"


async def test_no_personal_number_stands_in_clear(kept: Street) -> None:
    numbers = [number for person in kept.data.people for number in (person.id_number, person.phone) if number]
    for table, column in await kept.pool.fetch(TEXT_COLUMNS):
        rows = await kept.pool.fetch(
            f'SELECT DISTINCT "{column}"::text AS text FROM "{table}" WHERE "{column}" IS NOT NULL'
        )
        texts = "\n".join(row["text"] for row in rows)
        assert not any(number in texts for number in numbers), (table, column)


async def test_what_everybody_reads_tells_no_reasons_and_no_measures(kept: Street) -> None:
    """They stand in the detail, as commands write it."""
    rows = await kept.pool.fetch("SELECT type, text, detail FROM case_event WHERE public")
    stored = {case.result for case in kept.data.cases if case.result}
    told = {row["type"]: row["detail"] for row in rows if row["detail"]}
    assert told.keys() >= {
        "dispatchCase",
        "classifyCase",
        "decideExtension",
        "suspendCase",
        "closeCase",
        "recordFollowUp",
    }
    assert told["dispatchCase"].startswith("依据：")
    assert not any(result in row["text"] for row in rows for result in stored)


async def test_no_history_or_message_holds_a_number(kept: Street) -> None:
    rows = await kept.pool.fetch("SELECT text FROM case_event UNION ALL SELECT text FROM message")
    assert not any(contains_personal_pattern(row["text"]) for row in rows)


async def test_a_loaded_case_goes_on_by_commands(kept: Street) -> None:
    """Case 23 waits for verification: the duty chief verifies both reports and closes it, and the number series goes on."""
    chief = kept.viewer("吕示衡")
    for organization in ("CG", "HB"):
        own = assignment_id(23, organization)
        await kept.run(lambda tx, own=own: verify(tx, own, VerificationMethod.ON_SITE, "现场无油烟"), chief)  # type: ignore[misc]
    closed = await kept.run(
        lambda tx: cases.close(tx, case_id(23), close_kind=CloseKind.SOLVED, result_text="已加装净化设施。"), chief
    )  # fmt: skip
    assert closed.case_state == "CLOSED"
    given = CaseInput(
        kind=CaseKind.COMPLAINT,
        channel=Channel.HOTLINE,
        title="新的诉求",
        description="路灯不亮。",
        grid_code="990101001001001",
    )
    registered = await kept.run(lambda tx: register(tx, given), chief)
    assert registered.case_number == "990101001-20261120-0028"
