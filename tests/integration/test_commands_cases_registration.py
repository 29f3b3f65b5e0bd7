"""Registering a case: place, reporter, clocks, receipt, number; refused input; retries and writers at once (C.3, C.1.4)."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shaodao.commands import places
from shaodao.commands.places import PointInput
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.reporters import NAME_CONTEXT, PHONE_CONTEXT, ReporterInput
from shaodao.commands.running import Repetition
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.demo.identifiers import person_id, vessel_id
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.coordinates import CoordinateSystem, Point, from_cgcs2000
from shaodao.domain.errors import IdempotencyConflict, InvalidInput, NotPermitted
from shaodao.domain.vocabulary import CaseVisibility, Channel, Urgency
from tests.integration.case_steps import TINGTAO, case_input, only_row, paths, row_of
from tests.integration.conftest import Street

OPEN_SEA = PointInput(longitude=123.9, latitude=28.9, crs="CGCS2000")
MANY_GRIDS = """
INSERT INTO grid (county_code, code, name, kind, area_kind, street_code, community_code, boundary)
SELECT 990101, '990101009' || lpad(n::text, 6, '0'), 'n', 'BASE', 'URBAN', '990101009000', '990101009001',
    polygon(box(point(100 + n % 100 * 0.01, 30 + n / 100 * 0.01), point(100.01 + n % 100 * 0.01, 30.01 + n / 100 * 0.01)))
FROM generate_series(1, 3000) AS n
"""


async def run_register(street: Street, given: CaseInput, name: str = "吕示衡") -> Outcome:
    return await street.run(lambda tx: register(tx, given), street.viewer(name))


async def counts(street: Street) -> tuple[int, ...]:
    tables = (
        "case_file",
        "case_event",
        "message",
        "deadline",
        "deadline_stage",
        "case_counter",
        "delivery",
        "command_outcome",
    )
    return tuple([await street.pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables])


async def test_a_registered_case_stands_in_its_grid_with_its_first_receiver(street: Street) -> None:
    outcome = await run_register(street, case_input())
    row = await row_of(street, outcome)
    assert outcome.case_state == row["state"] == "REGISTERED"
    assert (row["grid_code"], row["community_code"], row["street_code"]) == (TINGTAO, "990101001001", "990101001000")
    assert row["grid_unknown"] is False
    assert row["first_receiver_id"] == street.viewer("吕示衡").account_id
    assert (row["channel_group"], row["level"]) == ("SELF_ORDER", "STREET")
    assert row["registered_at"] == street.now
    assert {"僵尸", "望海", "长期"} <= set(row["search_bigrams"])


async def test_the_number_is_the_streets_day_and_running_number(street: Street) -> None:
    street.now = datetime(2026, 10, 9, 9, 12, tzinfo=SHANGHAI)
    first, second = await run_register(street, case_input()), await run_register(street, case_input())
    assert (first.case_number, second.case_number) == ("990101001-20261009-0001", "990101001-20261009-0002")
    row = await row_of(street, second)
    assert row["number"] == second.case_number
    assert {"99", "02", "09"} <= set(row["search_bigrams"])
    texts = await street.pool.fetch(
        "SELECT text FROM case_event WHERE case_id = $1 UNION ALL SELECT text FROM message WHERE case_id = $1",
        second.case_id,
    )
    assert all(second.case_number in text["text"] and str(second.case_id) not in text["text"] for text in texts)


async def test_a_year_begins_its_own_series_in_shanghai_time(street: Street) -> None:
    street.now = datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI)
    await run_register(street, case_input())
    street.now = datetime(2027, 1, 1, 0, 1, tzinfo=SHANGHAI)
    assert (await run_register(street, case_input())).case_number == "990101001-20270101-0001"


async def test_the_clock_starts_at_registration_and_the_receipt_tells_the_due_day(street: Street) -> None:
    street.now = datetime(2026, 10, 9, 9, 12, tzinfo=SHANGHAI)
    outcome = await run_register(street, case_input())
    row = await row_of(street, outcome)
    assert row["due_at"] == datetime(2026, 10, 16, tzinfo=SHANGHAI)
    clocks = await street.pool.fetch("SELECT * FROM deadline WHERE case_id = $1 ORDER BY kind", outcome.case_id)
    assert [(clock["kind"], clock["state"]) for clock in clocks] == [("CONTACT", "RUNNING"), ("HANDLING", "RUNNING")]
    assert clocks[1]["started_at"] == street.now
    assert clocks[1]["due_at"] == row["due_at"]
    message = await only_row(street, "SELECT * FROM message WHERE case_id = $1", outcome.case_id)
    assert message["kind"] == "RECEIPT"
    assert "990101001-20261009-0001" in message["text"]
    assert "10月15日前" in message["text"]
    assert message["recipient_masked"] == "100****0014"


async def test_an_urgent_case_is_due_to_the_minute(street: Street) -> None:
    street.now = datetime(2026, 9, 29, 22, 0, tzinfo=SHANGHAI)
    row = await row_of(street, await run_register(street, case_input(urgency=Urgency.URGENT)))
    assert row["due_at"] == datetime(2026, 9, 30, 22, 0, tzinfo=SHANGHAI)


async def test_the_reporter_is_sealed_masked_and_hashed(street: Street) -> None:
    row = await row_of(street, await run_register(street, case_input()))
    cipher = street.ground.cipher
    assert row["reporter_name_masked"] == "沈**"
    assert row["reporter_phone_masked"] == "100****0014"
    assert cipher.open(row["reporter_phone_sealed"], PHONE_CONTEXT + row["id"].bytes) == "10000010014"
    assert cipher.open(row["reporter_name_sealed"], NAME_CONTEXT + row["id"].bytes) == "沈例宽"
    assert row["reporter_phone_hash"] == cipher.lookup_hash("10000010014")
    stored = await street.pool.fetchval("SELECT row_to_json(c)::text FROM case_file c WHERE id = $1", row["id"])
    assert "10000010014" not in stored
    assert "沈例宽" not in stored


async def test_a_resident_reports_as_their_own_person_and_has_no_first_receiver_yet(street: Street) -> None:
    outcome = await street.run(
        lambda tx: register(tx, case_input(reporter=None, channel=Channel.WECHAT)), street.resident("P014")
    )
    row = await row_of(street, outcome)
    assert row["reporter_person_id"] == person_id("P014")
    assert row["reporter_phone_masked"] == "100****0014"
    assert row["first_receiver_id"] is None
    event = await only_row(street, "SELECT * FROM case_event WHERE case_id = $1", outcome.case_id)
    assert (event["type"], event["actor_role"], event["public"]) == ("registerCase", "RESIDENT", True)


async def test_a_residents_name_stands_in_no_history(street: Street) -> None:
    await street.run(
        lambda tx: register(tx, case_input(reporter=None, channel=Channel.WECHAT)), street.resident("P014")
    )
    event = await only_row(street, "SELECT text, actor_name FROM case_event")
    assert event["actor_name"] == "诉求人"
    assert event["text"].startswith("诉求人登记案件9901")


async def test_a_person_of_the_register_is_called_back_on_the_registers_phone(street: Street) -> None:
    given = case_input(reporter=ReporterInput(person_id=person_id("P018"), confidential=True))
    row = await row_of(street, await run_register(street, given))
    assert row["reporter_phone_hash"] is not None
    assert row["confidential"] is True
    assert row["visibility"] == CaseVisibility.CONFIDENTIAL_REPORTER


async def test_an_anonymous_case_has_no_contact_clock_and_no_receipt(street: Street) -> None:
    outcome = await run_register(street, case_input(reporter=ReporterInput(anonymous=True)))
    assert (await row_of(street, outcome))["reporter_anonymous"] is True
    kinds = await street.pool.fetch("SELECT kind FROM deadline WHERE case_id = $1", outcome.case_id)
    assert [row["kind"] for row in kinds] == ["HANDLING"]
    assert await street.pool.fetchval("SELECT count(*) FROM message") == 0


@pytest.mark.parametrize("crs", list(CoordinateSystem))
async def test_a_point_of_any_system_finds_its_grid_and_is_kept_as_given(street: Street, crs: CoordinateSystem) -> None:
    given = from_cgcs2000(Point(122.903, 28.221), crs)
    point = PointInput(longitude=given.longitude, latitude=given.latitude, crs=crs.value)
    row = await row_of(street, await run_register(street, case_input(point=point)))
    assert row["grid_code"] == TINGTAO
    assert row["point"].x == pytest.approx(122.903, abs=1e-7)
    assert crs.value in row["point_given"]
    assert repr(given.longitude) in row["point_given"]


async def test_on_a_shared_edge_the_lowest_code_wins(street: Street) -> None:
    corner = PointInput(longitude=122.906, latitude=28.218, crs="EPSG:4490")
    row = await row_of(street, await run_register(street, case_input(point=corner)))
    assert row["grid_code"] == TINGTAO


@pytest.mark.parametrize(
    ("statement", "values"),
    [(places.NEAR, (990101, 122.9, 28.2, date(2026, 1, 1))), (places._NEAREST_STREET, (990101, 122.9, 28.2))],
)
async def test_a_grid_is_found_by_the_index(street: Street, statement: str, values: tuple[Any, ...]) -> None:
    async with street.pool.acquire() as connection, connection.transaction():
        await connection.execute(MANY_GRIDS)
        await connection.execute("ANALYZE grid")
        plan = "\n".join(line[0] for line in await connection.fetch(f"EXPLAIN {statement}", *values))
    assert "grid_boundary_index" in plan


async def test_the_point_goes_before_the_grid_code_and_the_code_before_nothing(street: Street) -> None:
    both = case_input(grid_code="990101001002001")
    assert (await row_of(street, await run_register(street, both)))["grid_code"] == TINGTAO
    by_code = case_input(grid_code="990101001002001", point=OPEN_SEA)
    assert (await row_of(street, await run_register(street, by_code)))["grid_code"] == "990101001002001"
    at_sea = case_input(point=None, vessel_id=vessel_id("临澜渔示0001"))
    assert (await row_of(street, await run_register(street, at_sea)))["grid_code"] == "990101001201003"


@pytest.mark.parametrize(
    ("changes", "community"),
    [
        ({"point": OPEN_SEA}, None),
        ({"point": None}, None),
        ({"point": OPEN_SEA, "division_code": "990101001002"}, "990101001002"),
    ],
)
async def test_a_place_in_no_grid_is_flagged_and_never_lost(
    street: Street, changes: dict[str, Any], community: str | None
) -> None:
    row = await row_of(street, await run_register(street, case_input(**changes)))
    assert (row["grid_unknown"], row["grid_code"], row["community_code"]) == (True, None, community)
    assert row["street_code"] == "990101001000"


async def test_the_county_wide_actor_gets_the_street_nearest_to_the_point(street: Street) -> None:
    outcome = await street.run(lambda tx: register(tx, case_input(point=OPEN_SEA)), street.department_viewer("HS"))
    row = await row_of(street, outcome)
    assert (row["street_code"], row["grid_unknown"]) == ("990101001000", True)
    with pytest.raises(InvalidInput) as error:
        await street.run(lambda tx: register(tx, case_input(point=None)), street.department_viewer("HS"))
    assert paths(error) == {"divisionCode"}


async def test_every_faulty_field_is_named_at_once_and_nothing_is_written(street: Street) -> None:
    before = await counts(street)
    given = case_input(
        title="标" * 101, description="\0", category_code="A99", address="址" * 81, grid_code="990101001001999",
        division_code="990102001001", point=PointInput(longitude=122.9, latitude=95.0, crs="WGS84"),
        occurred_at=street.now + timedelta(hours=1), subject_person_id=uuid4(), vessel_id=uuid4(),
        reporter=ReporterInput(name=" ", phone="12a", person_id=uuid4()), source_reference="\ud800",
    )  # fmt: skip
    with pytest.raises(InvalidInput) as error:
        await run_register(street, given)
    assert paths(error) == {
        "title", "description", "categoryCode", "address", "gridCode", "divisionCode", "point.latitude", "occurredAt",
        "subjectPersonId", "vesselId", "reporter.name", "reporter.phone", "reporter.personId", "sourceReference",
    }  # fmt: skip
    assert await counts(street) == before


@pytest.mark.parametrize(
    ("point", "path"),
    [
        (PointInput(longitude=122.9, latitude=28.2, crs=""), "point.crs"),
        (PointInput(longitude=122.9, latitude=28.2, crs="MARS"), "point.crs"),
        (PointInput(longitude=181.0, latitude=28.2, crs="WGS84"), "point.longitude"),
        (PointInput(longitude=float("nan"), latitude=28.2, crs="WGS84"), "point"),
    ],
)
async def test_a_malformed_point_is_refused(street: Street, point: PointInput, path: str) -> None:
    with pytest.raises(InvalidInput) as error:
        await run_register(street, case_input(point=point))
    assert paths(error) == {path}


async def test_anonymous_and_a_name_contradict_each_other(street: Street) -> None:
    with pytest.raises(InvalidInput) as error:
        await run_register(street, case_input(reporter=ReporterInput(name="沈例宽", anonymous=True)))
    assert paths(error) == {"reporter.anonymous"}


async def test_a_dispatcher_registers_in_the_own_street_only(street: Street) -> None:
    viewer = street.viewer("吕示衡")
    elsewhere = replace(viewer, grants=(replace(viewer.grants[0], scope="990101002000"),))
    with pytest.raises(NotPermitted):
        await street.run(lambda tx: register(tx, case_input()), elsewhere)
    with pytest.raises(NotPermitted):
        await street.run(lambda tx: register(tx, case_input()), replace(viewer, grants=()))


async def test_repeats_of_the_same_reporter_and_category_are_counted(street: Street) -> None:
    first = await run_register(street, case_input())
    street.now += timedelta(days=2)
    other = await run_register(street, case_input(category_code="A10"))
    again = await run_register(street, case_input(reporter=ReporterInput(phone="+86 10000010014")))
    street.now += timedelta(days=31)
    late = await run_register(street, case_input())
    repeats = [(await row_of(street, outcome))["reporter_repeats"] for outcome in (first, other, again, late)]
    assert repeats == [0, 0, 1, 0]


async def test_sixteen_writers_at_once_get_gapless_numbers(street: Street) -> None:
    outcomes = await asyncio.gather(*(run_register(street, case_input()) for _ in range(16)))
    serials = sorted(int((outcome.case_number or "")[-4:]) for outcome in outcomes)
    assert serials == list(range(1, 17))


async def test_a_refused_registration_takes_no_number(street: Street) -> None:
    async def fails_late(tx: Transaction) -> Outcome:
        await register(tx, case_input())
        raise InvalidInput.at("title", "测试", "test")

    with pytest.raises(InvalidInput):
        await street.run(fails_late, street.viewer("吕示衡"))
    assert ((await run_register(street, case_input())).case_number or "").endswith("-0001")


async def test_the_same_command_sixteen_times_at_once_makes_one_case(street: Street) -> None:
    viewer = street.viewer("吕示衡")
    runs = (street.run(lambda tx: register(tx, case_input()), viewer, key="k-1") for _ in range(16))
    outcomes = await asyncio.gather(*runs)
    assert len({outcome.case_id for outcome in outcomes}) == 1
    assert {outcome.case_number for outcome in outcomes} == {outcomes[0].case_number}
    assert outcomes[0].case_number is not None
    assert sum(not outcome.repeated for outcome in outcomes) == 1
    assert await street.pool.fetchval("SELECT count(*) FROM case_file") == 1


async def test_the_same_key_with_other_arguments_is_refused(street: Street) -> None:
    viewer, given = street.viewer("吕示衡"), case_input()

    async def send(argument: str) -> Outcome:
        repetition = Repetition("k-1", "registerCase", argument)
        return await street.runner.run(
            lambda tx: register(tx, given), actor=viewer, county=street.county, now=street.now, repetition=repetition
        )

    await send("a")
    assert (await send("a")).repeated
    with pytest.raises(IdempotencyConflict):
        await send("b")
    assert await street.pool.fetchval("SELECT count(*) FROM case_file") == 1
