"""The ladders of C.6: which stage is taken when, against whom, who hears of it, and what stops it."""

from datetime import datetime, timedelta
from uuid import UUID

from shaodao.commands import assignments, cases, reports, suspensions, verifications
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput, blow_emergency
from shaodao.commands.reports import ProgressInput
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import SuspensionKind
from shaodao.domain.vocabulary import NotAcceptedReason, Urgency, VerificationMethod, WhistleKind
from tests.integration import whistle_steps
from tests.integration.asking import desk_of
from tests.integration.case_steps import dispatched, registered
from tests.integration.conftest import Street
from tests.integration.delivering import emergency
from tests.integration.test_delivery_clock import clock_of, run_out
from tests.integration.whistle_steps import (
    CHIEF,
    COUNTY,
    DISPATCHER,
    LEAD,
    accepted,
    assignment_of,
    blown,
    do,
    report_input,
)

ON_SITE = VerificationMethod.ON_SITE


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def taken(street: Street, case_id: UUID, *clocks: str) -> list[str]:
    """The stages taken in the case, in their order: stage, clock, and against whom."""
    rows = await street.pool.fetch(
        "SELECT stage, clock, organization_code FROM supervision WHERE case_id = $1 ORDER BY id", case_id
    )
    return [
        " ".join(filter(None, (row["stage"], row["clock"], row["organization_code"])))
        for row in rows if not clocks or row["clock"] in clocks
    ]  # fmt: skip


async def come_to(street: Street, moment: datetime) -> None:
    """The clock's work at a time."""
    street.now = moment
    await run_out(clock_of(street))


async def sign_for(street: Street, case_id: UUID, code: str) -> None:
    one = await assignment_of(street, case_id, code)
    await do(street, lambda tx: assignments.acknowledge(tx, one, ["姜示序"]), code)


async def report(street: Street, case_id: UUID, code: str) -> None:
    one = await assignment_of(street, case_id, code)
    await do(street, lambda tx: reports.report_result(tx, one, report_input(tx.now)), code)


async def heard_by(street: Street, case_id: UUID, stage: str) -> list[str]:
    found: list[str] = await street.pool.fetchval(
        "SELECT recipients FROM supervision WHERE case_id = $1 AND stage = $2 LIMIT 1", case_id, stage
    )
    return found


async def test_the_case_climbs_the_time_ladder_to_its_end(street: Street) -> None:
    """Five working days from Friday, 20 November, 10:00, with two organizations that do nothing."""
    case_id = await dispatched(street)
    half = street.now + (at("2026-11-28 00:00") - street.now) / 2
    for moment, expected in (
        (half - timedelta(seconds=1), []),
        (half, ["REMIND HANDLING"]),
        (at("2026-11-27 12:00"), ["REMIND HANDLING", "URGE HANDLING"]),
        (at("2026-11-28 00:00"), ["REMIND HANDLING", "URGE HANDLING", "OVERDUE HANDLING", "WARN_COUNTY HANDLING"]),
    ):
        await come_to(street, moment)
        assert await taken(street, case_id, "HANDLING") == expected
    assert (await whistle_steps.row(street, "case_file", case_id))["county_informed_at"] == street.now
    await come_to(street, at("2026-11-30 23:59"))  # a Monday: the working day after the due is not over
    assert "SUPERVISE HANDLING CG" not in await taken(street, case_id)
    await come_to(street, at("2026-12-01 00:00"))
    assert (await taken(street, case_id, "HANDLING"))[4:] == ["SUPERVISE HANDLING CG", "SUPERVISE HANDLING JJ"]
    await come_to(street, at("2026-12-03 00:00"))
    assert (await taken(street, case_id, "HANDLING"))[6:] == ["CIRCULAR HANDLING CG", "CIRCULAR HANDLING JJ"]
    await come_to(street, at("2026-12-05 00:00"))
    end = ["DISTRICT_INVESTIGATION HANDLING CG", "DISTRICT_INVESTIGATION HANDLING JJ"]
    assert (await taken(street, case_id, "HANDLING"))[8:] == end
    await come_to(street, at("2027-02-01 00:00"))
    assert (await taken(street, case_id, "HANDLING"))[8:] == end
    assert await heard_by(street, case_id, "SUPERVISE") == ["DEPARTMENT_HEAD", "STREET_LEADER"]
    assert await heard_by(street, case_id, "CIRCULAR") == ["COUNTY_GRID_OFFICE"]
    assert await heard_by(street, case_id, "DISTRICT_INVESTIGATION") == ["DISTRICT_GOVERNMENT"]


async def test_an_undispatched_case_climbs_without_a_department(street: Street) -> None:
    case_id = await registered(street)
    await come_to(street, at("2026-12-20 00:00"))
    assert await taken(street, case_id) == [
        "REMIND HANDLING", "URGE HANDLING", "OVERDUE HANDLING", "WARN_COUNTY HANDLING", "SUPERVISE HANDLING",
        "CIRCULAR HANDLING", "DISTRICT_INVESTIGATION HANDLING",
    ]  # fmt: skip
    assert await heard_by(street, case_id, "REMIND") == ["STREET_DISPATCHER"]
    assert await heard_by(street, case_id, "SUPERVISE") == ["STREET_LEADER"]


async def test_each_organization_is_reminded_and_urged_by_its_own_clock(street: Street) -> None:
    """Who has begun is not reminded, but urged; each is called by its hook, and on its duty phone when urged."""
    case_id = await dispatched(street)
    lead = await assignment_of(street, case_id, "CG")
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    await do(street, lambda tx: assignments.start(tx, lead), "CG")
    await come_to(street, at("2026-11-27 12:00"))
    assert await taken(street, case_id, "RESULT") == ["REMIND RESULT JJ", "URGE RESULT CG", "URGE RESULT JJ"]
    hooks = await street.pool.fetch(
        "SELECT organization_code, hook FROM delivery WHERE case_id = $1 AND hook = 'on_urge' ORDER BY seq", case_id
    )
    assert [row["organization_code"] for row in hooks] == ["JJ", "CG", "JJ"]
    sent = await street.pool.fetch(
        "SELECT organization_code, text FROM message WHERE case_id = $1 AND kind = 'SUPERVISION' ORDER BY id", case_id
    )
    assert [row["organization_code"] for row in sent] == ["CG", "JJ"]
    assert "催办" in sent[0]["text"]
    fired = await street.pool.fetchval(
        "SELECT history FROM deadline WHERE assignment_id = $1 AND kind = 'RESULT'", lead
    )
    assert '"needless": true' in fired


async def test_who_replies_after_the_due_is_not_supervised(street: Street) -> None:
    case_id = await dispatched(street)
    await come_to(street, at("2026-11-28 09:00"))
    lead = await assignment_of(street, case_id, "CG")
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    await do(street, lambda tx: reports.report_progress(tx, lead, ProgressInput("设备待件，周三完成")), "CG")
    await come_to(street, at("2026-12-03 00:00"))
    stages = (await taken(street, case_id, "HANDLING"))[4:]
    assert stages == ["SUPERVISE HANDLING JJ", "CIRCULAR HANDLING CG", "CIRCULAR HANDLING JJ"]


async def test_an_emergency_climbs_by_minutes(street: Street) -> None:
    """C.6: unsigned after 5 minutes the alarm, 5 later head and leader; unarrived after 30 the county, after 60 NO_SHOW."""
    case_id = (await emergency(street, "CG")).case_id
    assert case_id is not None
    blown_at = street.now
    expected: list[str] = []
    for minutes, stages in (
        (5, ["OVERDUE ACKNOWLEDGE CG"]), (10, ["SUPERVISE ACKNOWLEDGE CG"]),
        (30, ["OVERDUE ARRIVE CG", "WARN_COUNTY ARRIVE CG"]), (60, ["NO_SHOW ARRIVE CG", "DISTRICT_INVESTIGATION ARRIVE CG"]),
    ):  # fmt: skip
        await come_to(street, blown_at + timedelta(minutes=minutes, seconds=-1))
        assert await taken(street, case_id) == expected
        await come_to(street, blown_at + timedelta(minutes=minutes))
        expected += stages
        assert await taken(street, case_id) == expected
    alarms = await street.pool.fetch(
        "SELECT organization_code, text FROM message WHERE case_id = $1 AND kind = 'ALARM' ORDER BY id", case_id
    )
    assert [row["organization_code"] for row in alarms[:3]] == ["CG", "JD", "CG"]
    assert "应哨时限已过" in alarms[0]["text"]
    assert await street.pool.fetchval("SELECT no_show FROM assignment WHERE case_id = $1", case_id) is True


async def test_at_sea_the_way_counts(street: Street) -> None:
    grid = await street.pool.fetchrow(
        "SELECT code, sea_arrive_minutes AS way FROM grid WHERE kind = 'SEA' ORDER BY code LIMIT 1"
    )
    assert grid is not None
    case_id = await accepted(street, point=None, grid_code=grid["code"], category_code="A03")
    given = EmergencyInput("渔船主机故障，随风漂移", parties=[PartyInput("GA", LEAD)])
    await do(street, lambda tx: blow_emergency(tx, case_id, None, given))
    blown_at = street.now
    await come_to(street, blown_at + timedelta(minutes=2 * grid["way"], seconds=-1))
    assert (await taken(street, case_id, "ARRIVE")) == ["OVERDUE ARRIVE GA", "WARN_COUNTY ARRIVE GA"]
    await come_to(street, blown_at + timedelta(minutes=2 * grid["way"]))
    assert "NO_SHOW ARRIVE GA" in await taken(street, case_id)


async def test_other_whistles_climb_by_multiples_of_the_limit(street: Street) -> None:
    """JOINT_ENFORCEMENT is signed for within 30 minutes: after 45 the street leader, after 60 the county."""
    case_id, _ = await blown(street)
    begun = street.now
    for minutes, stages in (
        (30, ["OVERDUE"]),
        (45, ["OVERDUE", "SUPERVISE"]),
        (60, ["OVERDUE", "SUPERVISE", "WARN_COUNTY"]),
    ):
        await come_to(street, begun + timedelta(minutes=minutes))
        assert await taken(street, case_id, "ACKNOWLEDGE") == [
            f"{stage} ACKNOWLEDGE {code}" for stage in stages for code in ("CG", "JJ")
        ]
    assert await heard_by(street, case_id, "OVERDUE") == ["STREET_DISPATCHER", "DEPARTMENT_HEAD"]


async def test_who_does_not_come_to_an_assembly_is_told_of_the_same_morning(street: Street) -> None:
    """A campaign called on 20 November for 4 December, 9:00: 未报到 by 11:00, not two weeks later."""
    meeting = at("2026-12-04 09:00")
    case_id, _ = await blown(street, kind=WhistleKind.CAMPAIGN, assemble_at=meeting, plan_until=at("2027-01-15 00:00"))
    await come_to(street, at("2026-12-04 10:59"))
    assert await taken(street, case_id, "ARRIVE") == [
        f"{stage} ARRIVE {code}" for stage in ("OVERDUE", "SUPERVISE") for code in ("CG", "JJ")
    ]
    await come_to(street, at("2026-12-04 11:00"))
    assert {"NO_SHOW ARRIVE CG", "NO_SHOW ARRIVE JJ"} <= {*await taken(street, case_id, "ARRIVE")}


async def test_whoever_stands_higher_has_it_as_a_task_until_the_report_is_in(street: Street) -> None:
    desk = await desk_of(street)
    document = "{ viewer { tasks(first: 100, filter: {actions: [URGE]}) { nodes { case { id } organization { code } overdue } } } }"

    async def waits(who: str) -> list[str | None]:
        nodes = (await desk.ask(document, street.viewer(who)))["viewer"]["tasks"]["nodes"]
        own = [node["organization"] for node in nodes if node["case"]["id"] == f"Case:{street.county}:{case_id}"]
        return sorted(organization["code"] if organization else "" for organization in own)

    case_id = await dispatched(street)
    for code in ("CG", "JJ"):
        await sign_for(street, case_id, code)
    await come_to(street, at("2026-12-05 00:00"))
    assert await waits(DISPATCHER) == ["", "CG", "JJ"]  # the case, and each result
    assert await waits(CHIEF) == ["CG", "JJ"]
    assert await waits(COUNTY) == ["", "CG", "JJ"]  # of all that was taken against one the highest
    await report(street, case_id, "CG")
    assert [await waits(who) for who in (CHIEF, COUNTY)] == [["JJ"], ["", "JJ"]]
    await report(street, case_id, "JJ")
    assert [await waits(who) for who in (DISPATCHER, CHIEF, COUNTY)] == [[], [], []]


async def test_what_was_taken_is_read_and_filtered(street: Street) -> None:
    """The county's list 通报名单, the flags of case and assignment; a department reads what concerns itself."""
    desk = await desk_of(street)
    case_id = await dispatched(street)
    await come_to(street, at("2026-12-03 00:00"))
    listed = "{ supervisions(first: 50, filter: {stages: [CIRCULAR], open: true}) { nodes { stage organization { code } case { id } } } }"
    county = (await desk.ask(listed, street.viewer(COUNTY)))["supervisions"]["nodes"]
    case = f"Case:{street.county}:{case_id}"
    assert sorted(node["organization"]["code"] for node in county if node["case"]["id"] == case) == ["CG", "JJ"]
    own = (await desk.ask(listed, street.department_viewer("JJ")))["supervisions"]["nodes"]
    assert {node["organization"]["code"] for node in own} == {"JJ"}
    flagged = """{
        cases(first: 50, filter: {escalated: [SUPERVISE], organization: "CG"}) { nodes { id supervisions { stage lateSeconds recipients } } }
    }"""
    found = {node["id"]: node for node in (await desk.ask(flagged, street.viewer(DISPATCHER)))["cases"]["nodes"]}
    assert [one["stage"] for one in found[case]["supervisions"] if one["recipients"] == ["COUNTY_GRID_OFFICE"]]
    assert all("SUPERVISE" in {one["stage"] for one in node["supervisions"]} for node in found.values())
    inbox = '{ assignments(organization: "CG", first: 9, filter: {escalated: [CIRCULAR]}) { nodes { case { id } supervisions { stage } } } }'
    nodes = (await desk.ask(inbox, street.department_viewer("CG")))["assignments"]["nodes"]
    [assignment] = [node for node in nodes if node["case"]["id"] == case]
    assert {"SUPERVISE", "CIRCULAR"} <= {one["stage"] for one in assignment["supervisions"]}


async def test_rework_begins_anew_with_what_remains_and_brings_no_avalanche(street: Street) -> None:
    """Reported in time, returned two weeks after the due: overdue at once, supervision only when a working day has passed."""
    case_id = await dispatched(street)
    for code in ("CG", "JJ"):
        await sign_for(street, case_id, code)
        await report(street, case_id, code)
    lead = await assignment_of(street, case_id, "CG")
    await come_to(street, at("2026-12-11 15:00"))
    assert await taken(street, case_id, "HANDLING", "RESULT") == []
    await do(street, lambda tx: verifications.return_report(tx, lead, ON_SITE, "仍有1辆"))
    await come_to(street, street.now)
    assert await taken(street, case_id, "HANDLING") == ["OVERDUE HANDLING", "WARN_COUNTY HANDLING"]
    await come_to(street, at("2026-12-14 23:59"))
    assert await taken(street, case_id, "HANDLING") == ["OVERDUE HANDLING", "WARN_COUNTY HANDLING"]
    await come_to(street, at("2026-12-15 00:00"))
    assert (await taken(street, case_id, "HANDLING"))[2:] == ["SUPERVISE HANDLING CG"]


async def test_a_due_that_lies_ahead_anew_and_passes_is_climbed_anew(street: Street) -> None:
    """GENERAL and supervised, then COMPLEX with five days to come: what was taken is over, and is taken again."""
    case_id = await dispatched(street)
    await come_to(street, at("2026-12-01 10:00"))
    first = await taken(street, case_id, "HANDLING")
    assert first[-1] == "SUPERVISE HANDLING JJ"
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX, reason="需施工"))
    open_ones = "SELECT count(*) FROM supervision WHERE case_id = $1 AND clock = 'HANDLING' AND ended_at IS NULL"
    assert await street.pool.fetchval(open_ones, case_id) == 0
    await come_to(street, at("2026-12-08 00:00"))
    assert (await taken(street, case_id, "HANDLING"))[len(first) :] == [
        "URGE HANDLING", "OVERDUE HANDLING", "WARN_COUNTY HANDLING", "SUPERVISE HANDLING CG", "SUPERVISE HANDLING JJ",
    ]  # fmt: skip


async def test_after_a_suspension_the_share_that_was_left_counts(street: Street) -> None:
    """Paused with a day used of five, resumed weeks later: neither reminded nor urged before its time."""
    case_id = await dispatched(street)
    lead = await assignment_of(street, case_id, "CG")
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    await do(street, lambda tx: assignments.start(tx, lead), "CG")
    street.now += timedelta(days=3)
    given = suspensions.SuspensionInput(SuspensionKind.SEASON, "雨季后施工", "设围挡", review_cycle_days=80)
    await do(street, lambda tx: suspensions.suspend(tx, case_id, given), CHIEF)
    street.now = at("2027-01-11 09:00")
    await do(street, lambda tx: suspensions.resume(tx, case_id, reason="雨停"))
    await come_to(street, street.now)
    assert await taken(street, case_id, "HANDLING") == []
    clock = await street.pool.fetchrow("SELECT * FROM deadline WHERE case_id = $1 AND kind = 'HANDLING'", case_id)
    assert clock is not None
    remaining = (0.8 - clock["ladder_used"]) / (1 - clock["ladder_used"])
    urged_at = street.now + (clock["due_at"] - street.now) * remaining
    await come_to(street, urged_at - timedelta(seconds=1))
    assert "URGE HANDLING" not in await taken(street, case_id)
    await come_to(street, urged_at + timedelta(seconds=1))
    assert "URGE HANDLING" in await taken(street, case_id)


async def test_after_a_week_without_a_clock_every_stage_fires_once_in_order_and_marked_late(street: Street) -> None:
    """Thirty cases of all sorts, three clocks that race when they come back: as if one had run all the time."""
    made = [await dispatched(street, title=f"案件{number}") for number in range(10)]
    made += [await registered(street, title=f"来电{number}") for number in range(10)]
    made += [outcome.case_id for outcome in [await emergency(street, "CG") for _ in range(10)] if outcome.case_id]
    street.now += timedelta(days=8)
    await run_out(clock_of(street), clock_of(street), clock_of(street))
    for case_id in made:
        rows = await street.pool.fetch(
            "SELECT id, payload ->> 'stage' AS stage, payload ->> 'clock' AS clock, payload ->> 'deadline_id' AS deadline,"
            " organization_code, (payload ->> 'stage_due_at')::timestamptz AS due_at, (payload ->> 'late_seconds')::int AS late"
            " FROM case_event WHERE case_id = $1 AND payload ? 'stage_due_at' ORDER BY seq", case_id,
        )  # fmt: skip
        assert rows
        keys = [(row["deadline"], row["stage"], row["organization_code"]) for row in rows]
        assert len(set(keys)) == len(keys)
        assert [row["due_at"] for row in rows] == sorted(row["due_at"] for row in rows)
        assert all(row["late"] == round((street.now - row["due_at"]).total_seconds()) for row in rows)
    assert await street.pool.fetchval("SELECT count(*) FROM deadline_stage WHERE due_at <= $1", street.now) == 0
    again = await street.pool.fetchval("SELECT count(*) FROM supervision")
    await run_out(clock_of(street))
    assert await street.pool.fetchval("SELECT count(*) FROM supervision") == again


async def test_a_refused_case_climbs_no_further(street: Street) -> None:
    case_id = await registered(street)
    await come_to(street, at("2026-11-25 00:00"))
    await do(street, lambda tx: cases.refuse(tx, case_id, reason=NotAcceptedReason.OUT_OF_SCOPE, explanation="属另案"))
    await come_to(street, at("2027-01-28 00:00"))
    assert await taken(street, case_id) == ["REMIND HANDLING"]
