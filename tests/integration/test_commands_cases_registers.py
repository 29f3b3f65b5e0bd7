"""Grids, households, people and care tags: what is stored, who may, and what is refused (C.1.1, C.1.3, C.7)."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands.grids import GridInput, define_grid
from shaodao.commands.people import ID_NUMBER_CONTEXT, PHONE_CONTEXT, PersonInput
from shaodao.commands.places import PointInput
from shaodao.commands.registers import (
    CareTagInput,
    HouseholdInput,
    add_care_tag,
    register_household,
    register_person,
)
from shaodao.commands.registration import register
from shaodao.commands.transaction import Outcome
from shaodao.demo.identifiers import person_id
from shaodao.domain.coordinates import CoordinateSystem, Point, from_cgcs2000
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted
from shaodao.domain.vocabulary import AreaKind, CareKind, CaseVisibility, Gender, GridKind, ResidenceKind
from tests.integration.case_steps import case_input, only_row, paths, row_of
from tests.integration.conftest import Street

COUNTY, WORKER, DISPATCHER, CHIEF = "曹示度", "周示岚", "吕示衡", "尤示宁"
GRID, NEW_GRID = "990101001001001", "990101001001009"
WEST, EAST, SOUTH, NORTH = 122.894, 122.9, 28.212, 28.218


def square(west: float = WEST, south: float = SOUTH, side: float = 0.006) -> list[list[float]]:
    return [[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]


def grid_input(**changes: Any) -> GridInput:
    given: dict[str, Any] = {
        "code": NEW_GRID, "name": "听涛第九网格", "kind": GridKind.BASE, "area_kind": AreaKind.URBAN, "household_count": 400,
        "boundary": {"type": "Polygon", "coordinates": [square()]}, "crs": "CGCS2000",
    }  # fmt: skip
    return GridInput(**given | changes)


def person_input(**changes: Any) -> PersonInput:
    given: dict[str, Any] = {
        "name": "钱例安", "grid_code": GRID, "residence_kind": ResidenceKind.REGISTERED, "id_number": identity_number("19800229001"),
        "phone": "100 0001 9999", "address": "望海里9幢601室",
    }  # fmt: skip
    return PersonInput(**given | changes)


def identity_number(rest: str) -> str:
    """An identity number with the right check digit: eight digits of birth and three of order."""
    body = f"990101{rest}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


async def define(street: Street, given: GridInput, who: str = COUNTY) -> Any:
    outcome = await street.run(lambda tx: define_grid(tx, given), street.viewer(who))
    return await only_row(street, "SELECT * FROM grid WHERE code = $1", outcome.grid_code)


async def enrol(street: Street, given: PersonInput, who: str = WORKER) -> Any:
    outcome = await street.run(lambda tx: register_person(tx, given), street.viewer(who))
    return await only_row(street, "SELECT * FROM person WHERE id = $1", outcome.record_id)


async def test_a_defined_grid_takes_the_cases_in_its_polygon(street: Street) -> None:
    row = await define(street, grid_input())
    assert (row["street_code"], row["community_code"], row["size_warning"]) == ("990101001000", "990101001001", None)
    point = PointInput(longitude=122.897, latitude=28.215, crs="CGCS2000")
    outcome = await street.run(lambda tx: register(tx, case_input(point=point)), street.viewer(DISPATCHER))
    assert (await row_of(street, outcome))["grid_code"] == NEW_GRID


async def test_a_boundary_of_a_map_service_is_kept_in_cgcs2000(street: Street) -> None:
    ring = [from_cgcs2000(Point(x, y), CoordinateSystem.GCJ02) for x, y in square()]
    shifted = {"type": "Polygon", "coordinates": [[[point.longitude, point.latitude] for point in ring]]}
    row = await define(street, grid_input(boundary=shifted, crs="GCJ02"))
    assert row["boundary"].points[0][0] == pytest.approx(WEST, abs=1e-7)


async def test_two_parts_with_a_hole_are_looked_up_exactly(street: Street) -> None:
    hole = square(122.88, 28.202, 0.002)
    parts = {"type": "MultiPolygon", "coordinates": [[square()], [square(122.878, 28.2), hole]]}
    await define(street, grid_input(boundary=parts))
    places = {(122.897, 28.215): False, (122.879, 28.201): False, (122.881, 28.203): True, (122.888, 28.209): True}
    for (longitude, latitude), unknown in places.items():
        given = case_input(point=PointInput(longitude=longitude, latitude=latitude, crs="CGCS2000"))
        outcome = await street.run(partial(register, given=given), street.viewer(DISPATCHER))
        assert (await row_of(street, outcome))["grid_unknown"] is unknown


@pytest.mark.parametrize(("households", "warned"), [(299, True), (300, False), (500, False), (501, True)])
async def test_a_size_outside_the_rule_warns_and_is_kept(street: Street, households: int, warned: bool) -> None:
    row = await define(street, grid_input(household_count=households))
    assert (row["size_warning"] is not None) is warned


async def test_defining_again_replaces_the_grid(street: Street) -> None:
    await define(street, grid_input())
    row = await define(street, grid_input(name="听涛新网格", household_count=100))
    assert (row["name"], row["size_warning"]) == ("听涛新网格", "100户，不在300至500户之间")


async def test_a_grid_that_overlaps_another_is_refused_by_name(street: Street) -> None:
    await define(street, grid_input())
    with pytest.raises(InvalidInput) as error:
        await define(street, grid_input(code=f"{NEW_GRID[:12]}098"))
    assert paths(error) == {"boundary"}
    assert "听涛第九网格" in error.value.faults[0].message
    sea = {
        "kind": GridKind.SEA,
        "area_kind": AreaKind.SEA,
        "operation_mode": "张网",
        "sea_area": "丙区",
        "fleet_group": "一组",
    }
    await define(street, grid_input(code="990101001201009", **sea))  # land and sea are told apart


async def test_a_sea_grid_has_its_three_attributes(street: Street) -> None:
    code = "990101001201009"
    sea = {"code": code, "kind": GridKind.SEA, "area_kind": AreaKind.SEA, "household_count": 0}
    with pytest.raises(InvalidInput) as error:
        await define(street, grid_input(**sea, operation_mode=" "))
    assert paths(error) == {"operationMode", "seaArea", "fleetGroup"}
    row = await define(
        street, grid_input(**sea, operation_mode="张网", sea_area="丙区", fleet_group="张网一组", sea_arrive_minutes=90)
    )
    assert (row["fleet_group"], row["sea_arrive_minutes"], row["size_warning"]) == ("张网一组", 90, None)


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"code": "99010100100100"}, {"code"}),
        ({"code": "990102001001001"}, {"code"}),
        ({"code": "990101001099001"}, {"code"}),
        ({"code": "990101001000001"}, {"code"}),
        ({"name": " "}, {"name"}),
        ({"crs": None}, {"crs"}),
        ({"crs": "MARS"}, {"crs"}),
        ({"boundary": {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [0, 2], [2, 0], [0, 0]]]}}, {"boundary"}),
        ({"boundary": {"type": "Point", "coordinates": [0, 0]}}, {"boundary"}),
        (
            {"household_count": -1, "person_count": 2**40, "sea_arrive_minutes": 0},
            {"householdCount", "personCount", "seaArriveMinutes"},
        ),
    ],
)
async def test_a_faulty_grid_is_refused(street: Street, changes: dict[str, Any], faulty: set[str]) -> None:
    viewer = street.viewer(COUNTY)
    with pytest.raises(InvalidInput) as error:
        await street.run(lambda tx: define_grid(tx, grid_input(**changes)), _everywhere(viewer))
    assert paths(error) == faulty
    assert await street.pool.fetchval("SELECT count(*) FROM grid") == 12


def _everywhere(viewer: Any) -> Any:
    """The county's officer with the province's scope, so that codes of another county reach the check."""
    return replace(viewer, grants=tuple(replace(grant, scope="990000000000") for grant in viewer.grants))


async def test_only_the_county_grid_office_defines_grids(street: Street) -> None:
    for who in (DISPATCHER, CHIEF, "孔示明"):
        with pytest.raises(NotPermitted):
            await define(street, grid_input(), who)


async def test_a_persons_number_and_phone_are_sealed_masked_and_hashed(street: Street) -> None:
    row = await enrol(street, person_input())
    cipher, number = street.ground.cipher, identity_number("19800229001")
    assert cipher.open(row["id_number_sealed"], ID_NUMBER_CONTEXT + row["id"].bytes) == number
    assert cipher.open(row["phone_sealed"], PHONE_CONTEXT + row["id"].bytes) == "10000019999"
    assert (row["phone_masked"], row["phone_hash"]) == ("100****9999", cipher.lookup_hash("10000019999"))
    assert row["id_number_masked"].startswith("990101********001")
    assert (row["gender"], row["birth_date"], row["visibility"]) == ("MALE", date(1980, 2, 29), "NORMAL")
    stored = await street.pool.fetchval("SELECT row_to_json(p)::text FROM person p WHERE id = $1", row["id"])
    assert number not in stored
    assert "10000019999" not in stored


async def test_a_childs_record_is_restricted_from_the_first_day(street: Street) -> None:
    day_before = street.now.date() + timedelta(days=1)
    child = person_input(id_number=None, birth_date=date(day_before.year - 14, day_before.month, day_before.day))
    assert (await enrol(street, child))["visibility"] == CaseVisibility.RESTRICTED_MINOR
    today = street.now.date()
    grown = person_input(id_number=None, birth_date=date(today.year - 14, today.month, today.day))
    assert (await enrol(street, grown))["visibility"] == CaseVisibility.NORMAL


async def test_a_passport_is_not_checked_by_gb_11643(street: Street) -> None:
    row = await enrol(street, person_input(id_kind="PASSPORT", id_number="e1234567", gender=Gender.FEMALE))
    number = street.ground.cipher.open(row["id_number_sealed"], ID_NUMBER_CONTEXT + row["id"].bytes)
    assert (number, row["gender"]) == ("E1234567", "FEMALE")


async def test_the_same_number_is_registered_once_however_many_try(street: Street) -> None:
    tries = await asyncio.gather(*(enrol(street, person_input()) for _ in range(8)), return_exceptions=True)
    refusals = [error for error in tries if isinstance(error, InvalidInput)]
    assert len(refusals) == 7
    assert {fault.path for error in refusals for fault in error.faults} == {"idNumber"}
    known = street.data.person("P014").id_number.lower()
    with pytest.raises(InvalidInput) as error:
        await enrol(street, person_input(id_number=known))
    assert paths(error) == {"idNumber"}


@pytest.mark.parametrize(
    ("changes", "faulty"),
    [
        ({"id_number": "990101198002290010"}, {"idNumber"}),
        ({"id_number": "990101198002300019"}, {"idNumber"}),
        ({"id_number": "99010119800229"}, {"idNumber"}),
        ({"gender": Gender.FEMALE, "birth_date": date(1980, 1, 1)}, {"gender", "birthDate"}),
        ({"id_number": None, "birth_date": date(2999, 1, 1)}, {"birthDate"}),
        ({"name": "\0", "phone": "1", "address": "址" * 81}, {"name", "phone", "address"}),
        ({"grid_code": "990101001001999"}, {"gridCode"}),
        ({"household_id": UUID(int=7)}, {"householdId"}),
        ({"skills": ("电工", " ")}, {"skills.1"}),
    ],
)
async def test_a_faulty_person_is_refused(street: Street, changes: dict[str, Any], faulty: set[str]) -> None:
    before = await street.pool.fetchval("SELECT count(*) FROM person")
    with pytest.raises(InvalidInput) as error:
        await enrol(street, person_input(**changes))
    assert paths(error) == faulty
    assert await street.pool.fetchval("SELECT count(*) FROM person") == before


async def test_people_are_registered_in_the_own_scope_only(street: Street) -> None:
    for who in ("吴示禾", "许示和", "毛示访", "孔示明", COUNTY, "姜示序"):
        with pytest.raises(NotPermitted):
            await enrol(street, person_input(), who)
    for number, who in enumerate((WORKER, CHIEF, DISPATCHER), start=1):
        await enrol(street, person_input(id_number=identity_number(f"1980022900{number}")), who)


async def test_a_household_counts_its_members_and_knows_its_head(street: Street) -> None:
    given = HouseholdInput(number="H900", address="望海里9幢601室", grid_code=GRID)
    outcome = await street.run(lambda tx: register_household(tx, given), street.viewer(WORKER))
    head = await enrol(street, person_input(household_id=outcome.record_id, relation_to_head="本人"))
    await enrol(street, person_input(household_id=outcome.record_id, id_number=identity_number("19820101002")))
    row = await only_row(street, "SELECT * FROM household WHERE id = $1", outcome.record_id)
    assert (row["member_count"], row["head_person_id"]) == (2, head["id"])
    with pytest.raises(InvalidInput) as error:
        await street.run(lambda tx: register_household(tx, given), street.viewer(WORKER))
    assert paths(error) == {"number"}
    with pytest.raises(InvalidInput) as error:
        await enrol(street, person_input(household_id=outcome.record_id, grid_code="990101001001002"), DISPATCHER)
    assert paths(error) == {"householdId"}
    with pytest.raises(NotPermitted):
        await street.run(lambda tx: register_household(tx, given), street.viewer("吴示禾"))
    faulty = HouseholdInput(number=" ", address="", grid_code="x", sea_grid_code="y")
    with pytest.raises(InvalidInput) as error:
        await street.run(lambda tx: register_household(tx, faulty), street.viewer(WORKER))
    assert paths(error) == {"number", "address", "gridCode", "seaGridCode"}


async def tag(street: Street, given: CareTagInput, who: str) -> Outcome:
    return await street.run(lambda tx: add_care_tag(tx, given), street.viewer(who))


async def test_a_care_tag_follows_its_person(street: Street) -> None:
    given = CareTagInput(person_id=person_id("P001"), kind=CareKind.EMPTY_NEST, evidence="入户核实")
    outcome = await tag(street, given, "吴示禾")
    row = await only_row(street, "SELECT * FROM care_tag WHERE id = $1", outcome.record_id)
    assert (row["grid_code"], row["kind"], row["valid_from"]) == ("990101001001002", "EMPTY_NEST", street.now.date())
    with pytest.raises(NotFound):
        await tag(street, given, WORKER)
    with pytest.raises(NotFound):
        await tag(street, CareTagInput(person_id=UUID(int=7), kind=CareKind.EMPTY_NEST), DISPATCHER)
    with pytest.raises(InvalidInput) as error:
        await tag(
            street,
            CareTagInput(person_id=given.person_id, kind=CareKind.MATERNITY, valid_to=date(2020, 1, 1)),
            "吴示禾",
        )
    assert paths(error) == {"validTo"}


async def test_a_restricted_persons_tags_are_the_dispatchers_and_as_restricted(street: Street) -> None:
    given = CareTagInput(person_id=person_id("P007"), kind=CareKind.CHILD_IN_NEED)
    with pytest.raises(NotFound):
        await tag(street, given, "韩示屿")
    outcome = await tag(street, given, DISPATCHER)
    visibility = await street.pool.fetchval("SELECT visibility FROM care_tag WHERE id = $1", outcome.record_id)
    assert visibility == "RESTRICTED_MINOR"
