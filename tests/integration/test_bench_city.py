"""The benchmark's city: a small one loads, keeps every constraint and index, and answers as any other database."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson

from bench.city import PRESETS, Preset, cast_of, landmarks_of, load_city
from schema.execution import Context, ReadService
from schema.schema import build_schema
from shaodao.commands.running import connection_of
from shaodao.domain.identity import check_identity_number
from shaodao.domain.permissions import Viewer
from shaodao.personal_data import KEY_BYTES, PersonalDataCipher
from shaodao.postgres import lint
from shaodao.postgres.migrations import migrations_folder

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
TINY = PRESETS["tiny"]
CIPHER = PersonalDataCipher(b"\x99" * KEY_BYTES)

SHAPE = """
SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) || ' ' || convalidated FROM pg_constraint
ORDER BY 1
"""
COUNTS = """
SELECT (SELECT count(*) FROM case_file), (SELECT count(*) FROM person), (SELECT count(*) FROM household),
    (SELECT count(*) FROM grid), (SELECT count(*) FROM divisions WHERE level = 'STREET')
"""
BROKEN_HISTORIES = """
SELECT c.number FROM case_file c
WHERE c.last_seq <> (SELECT count(*) FROM case_event e WHERE e.county_code = c.county_code AND e.case_id = c.id)
    OR c.last_seq <> (SELECT max(e.seq) FROM case_event e WHERE e.county_code = c.county_code AND e.case_id = c.id)
    OR c.updated_at > $1
"""
BOARD = """
query ($number: String!) {
  cases(first: 20, filter: {open: true}) { nodes { number grid { code } assignments { organization { name } state } } }
  found: cases(filter: {text: "积水"}) { totalCount nodes { title } }
  untold: cases(filter: {closedButNotTold: true}) { totalCount }
  case(number: $number) { history(first: 50) { nodes { seq text } } whistles { number } assignments { reports { result } } }
  people(first: 50) { nodes { name idNumber household { members { name } } careTags { kind } } }
}
"""
INBOX = """
query ($organization: String!) {
  assignments(organization: $organization, first: 20) { totalCount nodes { role case { number } deadlines { kind } } }
}
"""


class Silent:
    """Nobody waits for a small city."""

    def begin(self, stage: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """Nothing."""


async def load(database: str, preset: Preset = TINY) -> None:
    await load_city(database, preset, Silent(), cipher=CIPHER, now=NOW)


async def test_a_city_keeps_every_index_and_constraint_and_the_rules_of_growth(
    database: str, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    before = await pool.fetch(SHAPE)
    await load(database)
    assert await pool.fetch(SHAPE) == before
    assert await lint.violations(database, (migrations_folder() / "lint.sql").read_text(encoding="utf-8")) == []
    assert tuple(await pool.fetchrow(COUNTS) or ()) == (TINY.cases, TINY.people, TINY.households, TINY.grids, 3)
    assert await pool.fetch(BROKEN_HISTORIES, NOW) == []


async def test_what_is_sealed_opens_and_is_masked_and_found_as_the_platform_has_it(
    database: str, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await load(database)
    for row in await pool.fetch("SELECT * FROM person"):
        number = CIPHER.open(row["id_number_sealed"], b"person.id_number:" + row["id"].bytes)
        assert check_identity_number(number, NOW.date()) == number
        assert number.startswith(str(row["county_code"]))
        assert f"{row['birth_date']:%Y%m%d}" == number[6:14]
        assert row["id_number_hash"] == CIPHER.lookup_hash(number)
        assert row["id_number_masked"] == f"{number[:6]}********{number[-4:]}"
        assert "例" in row["name"]
    reporter = await pool.fetchrow("SELECT * FROM case_file WHERE reporter_phone_sealed IS NOT NULL LIMIT 1")
    assert reporter is not None
    phone = CIPHER.open(reporter["reporter_phone_sealed"], b"case_file.reporter_phone:" + reporter["id"].bytes)
    assert reporter["reporter_phone_hash"] == CIPHER.lookup_hash(phone)
    known = await pool.fetchrow("SELECT phone_hash FROM person WHERE id = $1", reporter["reporter_person_id"])
    assert known is not None
    assert known["phone_hash"] == reporter["reporter_phone_hash"]


async def test_the_viewers_of_the_benchmark_are_answered(database: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await load(database, TINY.with_sizes(cases=600))
    cast = cast_of(TINY)
    async with pool.acquire() as lent:
        landmarks = await landmarks_of(connection_of(lent), cast)
    board = await answer(pool, cast.dispatcher.viewer, BOARD, number=landmarks.case_numbers[0])
    assert board["cases"]["nodes"]
    assert all("积水" in case["title"] for case in board["found"]["nodes"])
    assert 0 < board["found"]["totalCount"] < 30
    assert board["untold"]["totalCount"] == 0
    assert len(board["case"]["history"]["nodes"]) == 50
    assert board["case"]["whistles"]
    assert all("********" in person["idNumber"] for person in board["people"]["nodes"])
    inbox = (await answer(pool, cast.handler.viewer, INBOX, organization=cast.organization))["assignments"]
    assert inbox["totalCount"] > 20
    assert all(one["case"] for one in inbox["nodes"])
    assert all(one["deadlines"] for one in inbox["nodes"] if one["role"] != "INFORM")
    counted = await answer(pool, cast.officer.viewer, "{ caseCounts(groupBy: [STATE, STREET]) { count state } }")
    assert sum(group["count"] for group in counted["caseCounts"]) > 0


async def test_the_same_seed_and_moment_make_the_same_city(database: str, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    texts = "SELECT md5(string_agg(id::text || text, '' ORDER BY id)) FROM case_event"
    await load(database)
    first = await pool.fetchval(texts)
    await pool.execute("TRUNCATE divisions, accounts, categories, grid, case_counter, deadline_stage CASCADE")
    await load(database)
    assert await pool.fetchval(texts) == first


async def answer(pool: "asyncpg.Pool[asyncpg.Record]", viewer: Viewer, document: str, **variables: str) -> Any:
    outcome = await ReadService(build_schema()).execute(document, Context(viewer, NOW, pool), variables)
    assert outcome.errors == (), outcome.errors
    return orjson.loads(outcome.body())["data"]
