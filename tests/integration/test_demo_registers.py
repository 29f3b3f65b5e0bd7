"""The registers of the demonstration street as loaded."""

from shaodao.demo.identifiers import account_id, household_id, person_id
from tests.integration.conftest import Street

COUNTS = {
    "divisions": 6, "organizations": 27, "accounts": 53, "account_roles": 47, "grid": 12, "team": 16, "person": 24,
    "household": 17, "vessel": 3, "categories": 14, "case_file": 0,
}  # fmt: skip


async def test_every_register_is_loaded(street: Street) -> None:
    for table, count in COUNTS.items():
        assert await street.pool.fetchval(f"SELECT count(*) FROM {table}") == count, table


async def test_organizations_stand_in_their_divisions(street: Street) -> None:
    rows = await street.pool.fetch(
        "SELECT code, division_code FROM organizations WHERE code = ANY($1)", ["JD", "GA", "TT"]
    )
    assert {row["code"]: row["division_code"] for row in rows} == {
        "JD": "990101001000",
        "GA": "990101000000",
        "TT": "990101001001",
    }


async def test_only_roles_of_the_platform_are_granted(street: Street) -> None:
    assert (
        await street.pool.fetchval("SELECT count(*) FROM account_roles WHERE account_id = $1", account_id("郎示律"))
        == 0
    )
    row = await street.pool.fetchrow("SELECT * FROM account_roles WHERE account_id = $1", account_id("姜示序"))
    assert row is not None
    assert (row["role"], row["organization_code"], row["rank"]) == ("DEPT_HANDLER", "CG", None)
    rank = await street.pool.fetchval("SELECT rank FROM account_roles WHERE account_id = $1", account_id("孔示明"))
    assert rank == "CHIEF"


async def test_personal_data_is_sealed_masked_and_found_by_hash(street: Street) -> None:
    row = await street.pool.fetchrow("SELECT * FROM person WHERE reference = 'P014'")
    assert row is not None
    cipher = street.ground.cipher
    assert row["id"] == person_id("P014")
    assert (row["id_number_masked"], row["phone_masked"]) == ("990101********1015", "100****0014")
    assert cipher.open(row["phone_sealed"], b"person.phone:" + row["id"].bytes) == "10000010014"
    assert cipher.open(row["id_number_sealed"], b"person.id_number:" + row["id"].bytes) == "990101196804251015"
    assert row["phone_hash"] == cipher.lookup_hash("10000010014")


async def test_a_minor_is_restricted_and_the_restricted_register_absent(street: Street) -> None:
    rows = await street.pool.fetch("SELECT reference FROM person WHERE visibility = 'RESTRICTED_MINOR'")
    assert [row["reference"] for row in rows] == ["P007"]
    tags = await street.pool.fetch("SELECT visibility FROM care_tag WHERE person_id = $1", person_id("P007"))
    assert {row["visibility"] for row in tags} == {"RESTRICTED_MINOR"}
    person = await street.pool.fetchrow("SELECT * FROM person WHERE reference = 'P021'")
    assert person is not None
    assert person["visibility"] == "NORMAL"
    assert not any("SP-001" in str(value) for value in person.values())


async def test_a_guardian_heads_the_household(street: Street) -> None:
    row = await street.pool.fetchrow("SELECT * FROM household WHERE id = $1", household_id("H006"))
    assert row is not None
    assert (row["head_person_id"], row["member_count"]) == (person_id("P008"), 2)


async def test_grids_are_found_by_point_and_have_their_people(street: Street) -> None:
    row = await street.pool.fetchrow(
        "SELECT * FROM grid WHERE county_code = 990101 AND boundary @> point '(122.903,28.221)'"
    )
    assert row is not None
    assert (row["code"], row["size_warning"]) == ("990101001001001", None)
    assert (row["worker_id"], row["chief_id"]) == (account_id("周示岚"), account_id("尤示宁"))


async def test_sea_grids_have_their_own_arrival_limit(street: Street) -> None:
    rows = await street.pool.fetch("SELECT kind, sea_arrive_minutes FROM grid")
    assert all((row["kind"] == "SEA") == (row["sea_arrive_minutes"] is not None) for row in rows)


async def test_the_calendar_covers_the_stories(street: Street) -> None:
    first, last = await street.pool.fetchrow("SELECT min(day)::text, max(day)::text FROM calendar_days") or ("", "")
    assert (first, last) == ("2025-01-01", "2028-12-31")
