"""The floors for registering a case: the same inserts by hand-written asyncpg behind a bare Starlette route.

Both check nothing, seal nothing and ask for no permission: they write the rows that ``registerCase`` writes for a case with
a reporter, case number included. ``/register`` does it as one would at first, an insert for each table in one transaction,
the number last, since the counter is what all wait for. ``/register-at-once`` knows what ``shaodao.commands.filing`` found
out: all of it is one statement. Run by ``uvicorn bench.bare_writes:app`` with BENCH_DSN set.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uuid_utils.compat import uuid7

from shaodao.domain.text import bigrams

CONNECTIONS = 10
COUNTY, STREET, COMMUNITY, GRID = 990101, "990101001000", "990101001001", "990101001001001"
ACTOR, ACTOR_ID = "bare", UUID(int=1)

_COUNTER = """
INSERT INTO case_counter (county_code, street_code, year, last) VALUES ($1, $2, $3, 0)
ON CONFLICT (county_code, street_code, year) DO NOTHING
"""
_OUTCOME = """
INSERT INTO command_outcome (county_code, actor, key, command, fingerprint, outcome, at)
VALUES ($1, $2, $3, 'registerCase', $4, $5::jsonb, $6)
"""
_CASE = """
INSERT INTO case_file (
    county_code, id, number, street_code, community_code, grid_code, kind, channel_group, channel, title, description,
    category_code, urgency, state, level, address, point, point_given, registered_at, due_at, search_bigrams,
    reporter_name_masked, reporter_name_sealed, reporter_phone_masked, reporter_phone_sealed, reporter_phone_hash,
    reporter_repeats, last_seq, created_at, updated_at, first_receiver_id, created_by
) VALUES (
    $1, $2, $2::uuid::text, $3, $4, $5, 'COMPLAINT', 'SELF_ORDER', 'HOTLINE', $6, $7, $8, 'GENERAL', 'REGISTERED', 'STREET', $9, $10,
    $11::jsonb, $12, $13, $14, $15, $16, $17, $18, $19, 0, 1, $12, $12,
    $20, $20
)
"""
_CLOCK = """
INSERT INTO deadline (
    county_code, id, case_id, kind, round, unit, amount, rule, started_at, due_at, provisional, state, history
) VALUES ($1, $2, $3, $4, 0, 'WORKING_DAY', 5, 'bench', $5, $6, false, 'RUNNING', '[]')
"""
_STAGE = """
INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, due_at) VALUES ($1, $2, 'OVERDUE', $3, $4)
"""
_EVENT = """
INSERT INTO case_event (
    county_code, case_id, seq, id, at, type, actor_name, actor_role, to_state, text, public, payload, street_code, grid_code, xid
) VALUES (
    $1, $2, 1, $3, $4, 'registerCase', 'bare', 'STREET_DISPATCHER', 'REGISTERED', $5, true, $6::jsonb, $7, $8, pg_current_xact_id()
)
"""
_MESSAGE = """
INSERT INTO message (county_code, id, case_id, kind, recipient_masked, recipient_sealed, text, state, next_at, created_at)
VALUES ($1, $2, $3, 'RECEIPT', $4, $5, $6, 'PENDING', $7, $7)
"""
_NUMBER = """
WITH counter AS (
    UPDATE case_counter SET last = last + 1 WHERE county_code = $1 AND street_code = $2 AND year = $3 RETURNING last
)
UPDATE case_file SET number = $5 || lpad(counter.last::text, greatest(4, length(counter.last::text)), '0'),
    search_bigrams = search_bigrams || ARRAY[left(lpad(counter.last::text, 4, '0'), 2), right(counter.last::text, 2)]
FROM counter
WHERE county_code = $1 AND id = $4 RETURNING number
"""
# The parameters of the statements above, one after the other.
_AT_ONCE = """
WITH counter AS (
    UPDATE case_counter SET last = last + 1 WHERE county_code = $1 AND street_code = $3 AND year = $19 RETURNING last
), filed AS (
    INSERT INTO case_file (
        county_code, id, number, street_code, community_code, grid_code, kind, channel_group, channel, title, description,
        category_code, urgency, state, level, address, point, point_given, registered_at, due_at, search_bigrams,
        reporter_name_masked, reporter_name_sealed, reporter_phone_masked, reporter_phone_sealed, reporter_phone_hash,
        reporter_repeats, last_seq, created_at, updated_at, first_receiver_id, created_by
    )
    SELECT $1, $2, $20 || lpad(last::text, greatest(4, length(last::text)), '0'), $3, $4, $5, 'COMPLAINT', 'SELF_ORDER',
        'HOTLINE', $6, $7, $8, 'GENERAL', 'REGISTERED', 'STREET', $9, $10, $11::jsonb, $12, $13,
        $14::text[] || ARRAY[left(lpad(last::text, 4, '0'), 2), right(last::text, 2)], $15, $16, $17, $16, $18, 0, 1, $12, $12,
        $21, $21
    FROM counter RETURNING number
), clock AS (
    INSERT INTO deadline (
        county_code, id, case_id, kind, round, unit, amount, rule, started_at, due_at, provisional, state, history
    )
    SELECT $1, clock.id, $2, clock.kind, 0, 'WORKING_DAY', 5, 'bench', $12, $13, false, 'RUNNING', '[]'
    FROM filed CROSS JOIN unnest($22::uuid[], ARRAY['HANDLING', 'CONTACT']) AS clock (id, kind)
), stage AS (
    INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, due_at)
    SELECT $1, clock_id, 'OVERDUE', $2, $13 FROM filed CROSS JOIN unnest($22::uuid[]) AS clock_id
), event AS (
    INSERT INTO case_event (
        county_code, case_id, seq, id, at, type, actor_id, actor_name, actor_role, to_state, text, public, payload, street_code,
        grid_code, xid
    )
    SELECT $1, $2, 1, $23, $12, 'registerCase', $21, 'bare', 'STREET_DISPATCHER', 'REGISTERED', $24 || number, true, $25::jsonb,
        $3, $5, pg_current_xact_id()
    FROM filed
), message AS (
    INSERT INTO message (
        county_code, id, case_id, kind, recipient_masked, recipient_sealed, text, state, next_at, created_at
    )
    SELECT $1, $26, $2, 'RECEIPT', $17, $16, $27 || number, 'PENDING', $12, $12 FROM filed
), outcome AS (
    INSERT INTO command_outcome (county_code, actor, key, command, fingerprint, outcome, at)
    SELECT $1, $28, $29, 'registerCase', $18, jsonb_build_object('case_id', $2::uuid, 'case_number', number), $12 FROM filed
)
SELECT number FROM filed
"""


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BENCH_DSN"], min_size=1, max_size=CONNECTIONS) as app.state.pool:
        await app.state.pool.execute(_COUNTER, COUNTY, STREET, datetime.now(UTC).year)
        yield


async def register(request: Request) -> Response:
    """Write a case as the JSON body tells it; answers its id and number."""
    given = orjson.loads(await request.body())
    case_id, now = uuid7(), datetime.now(UTC)
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await _write_case(connection, case_id, given, now)
        await _write_clocks(connection, case_id, now)
        await _write_words(connection, case_id, given, now)
        outcome = orjson.dumps({"case_id": str(case_id)}).decode()
        await connection.execute(_OUTCOME, COUNTY, ACTOR, given["idempotencyKey"], bytes(32), outcome, now)
        number = await connection.fetchval(_NUMBER, COUNTY, STREET, now.year, case_id, f"{STREET[:9]}-{now:%Y%m%d}-")
    return Response(orjson.dumps({"id": str(case_id), "number": number}), media_type="application/json")


async def register_at_once(request: Request) -> Response:
    """The same in one statement."""
    given = orjson.loads(await request.body())
    case_id, now = uuid7(), datetime.now(UTC)
    number = await request.app.state.pool.fetchval(_AT_ONCE, *_values(case_id, given, now))
    return Response(orjson.dumps({"id": str(case_id), "number": number}), media_type="application/json")


def _values(case_id: UUID, given: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    point, reporter, head = given["point"], given["reporter"], f"{STREET[:9]}-{now:%Y%m%d}-"
    pieces = bigrams("\n".join((given["title"], given["description"], given["address"], head)))
    payload = orjson.dumps({"channel": given["channel"]}).decode()
    return (
        COUNTY, case_id, STREET, COMMUNITY, GRID, given["title"], given["description"], given["categoryCode"],
        given["address"], (point["longitude"], point["latitude"]), orjson.dumps(point).decode(), now, now + timedelta(days=7),
        pieces, reporter["name"], bytes(40), reporter["phone"], bytes(32), now.year, head, ACTOR_ID, [uuid7(), uuid7()],
        uuid7(), "登记案件（便民热线）", payload, uuid7(), f"您反映的“{given['title']}”已登记，编号", ACTOR, given["idempotencyKey"],
    )  # fmt: skip


async def _write_case(connection: Any, case_id: UUID, given: dict[str, Any], now: datetime) -> None:
    point, reporter = given["point"], given["reporter"]
    pieces = bigrams("\n".join((given["title"], given["description"], given["address"], f"{STREET[:9]}-{now:%Y%m%d}-")))
    await connection.execute(
        _CASE, COUNTY, case_id, STREET, COMMUNITY, GRID, given["title"], given["description"], given["categoryCode"],
        given["address"], (point["longitude"], point["latitude"]), orjson.dumps(point).decode(), now, now + timedelta(days=7), pieces,
        reporter["name"], bytes(40), reporter["phone"], bytes(40), bytes(32), ACTOR_ID,
    )  # fmt: skip


async def _write_clocks(connection: Any, case_id: UUID, now: datetime) -> None:
    due, clocks = now + timedelta(days=7), [(kind, uuid7()) for kind in ("HANDLING", "CONTACT")]
    await connection.executemany(_CLOCK, [(COUNTY, clock, case_id, kind, now, due) for kind, clock in clocks])
    await connection.executemany(_STAGE, [(COUNTY, clock, case_id, due) for _, clock in clocks])


async def _write_words(connection: Any, case_id: UUID, given: dict[str, Any], now: datetime) -> None:
    payload = orjson.dumps({"channel": given["channel"]}).decode()
    await connection.execute(_EVENT, COUNTY, case_id, uuid7(), now, "登记案件（便民热线）", payload, STREET, GRID)
    text = f"您反映的“{given['title']}”已登记。"
    await connection.execute(_MESSAGE, COUNTY, uuid7(), case_id, given["reporter"]["phone"], bytes(40), text, now)


app = Starlette(
    routes=[
        Route("/register", register, methods=["POST"]),
        Route("/register-at-once", register_at_once, methods=["POST"]),
    ],
    lifespan=_lifespan,
)
