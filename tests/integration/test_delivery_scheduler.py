"""What the calendar brings: opened once whatever races, late after an outage, a task until it is recorded or missed."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands.routines import record_routine
from shaodao.delivery.scheduler import Scheduler
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from tests.integration.conftest import Street
from tests.integration.graphql_street import GraphQLStreet, graphql_of
from tests.integration.whistle_steps import CHIEF, COUNTY, DISPATCHER, WORKER, do

TASKS = "{ viewer { tasks(first: 100, filter: {actions: [ROUTINE]}) { nodes { dueAt routine { id name title grid { code } } } } } }"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def scheduler_of(street: Street) -> Scheduler:
    return Scheduler(street.pool, lambda: street.ground, lambda: street.now)


async def opened(street: Street, name: str) -> list[Any]:
    return await street.pool.fetch("SELECT * FROM routine WHERE name = $1 ORDER BY begins_at, area_code", name)


async def test_on_a_night_visit_day_every_grid_has_its_visit(street: Street) -> None:
    """The street's reference time is the 20th: a platform that is new opens what is not over, once."""
    await asyncio.gather(*(scheduler_of(street).one_pass() for _ in range(3)))
    nights = await opened(street, "night_visit")
    assert len(nights) == await street.pool.fetchval("SELECT count(*) FROM grid") == 12
    assert {(night["begins_at"], night["due_at"]) for night in nights} == {
        (at("2026-11-20 00:00"), at("2026-11-21 00:00"))
    }
    assert await opened(street, "monthly_notice") == []
    await scheduler_of(street).one_pass()
    assert len(await opened(street, "night_visit")) == 12


async def test_an_outage_makes_up_for_each_day_once_and_late(street: Street) -> None:
    await scheduler_of(street).one_pass()
    street.now = at("2026-12-12 09:00")
    await asyncio.gather(*(scheduler_of(street).one_pass() for _ in range(3)))
    nights = await opened(street, "night_visit")
    days = {night["begins_at"].astimezone(SHANGHAI).date(): night["late_seconds"] for night in nights}
    assert list(days) == [date(2026, 11, 20), date(2026, 11, 30), date(2026, 12, 10)]
    assert len(nights) == 36
    assert days[date(2026, 11, 30)] == round((street.now - at("2026-11-30 00:00")).total_seconds())
    notice = await opened(street, "monthly_notice")
    assert [(row["begins_at"], row["due_at"]) for row in notice] == [(at("2026-12-01 00:00"), at("2026-12-08 00:00"))]
    planned = await street.pool.fetchval("SELECT next_at FROM schedule WHERE name = 'routine.night_visit'")
    assert planned == at("2026-12-20 00:00")


async def test_a_visit_is_the_grid_workers_task_until_it_is_recorded(street: Street) -> None:
    graph = graphql_of(street)
    await scheduler_of(street).one_pass()
    [night] = [task for task in await tasks(graph, WORKER) if task["routine"]["name"] == "night_visit"]
    assert night["dueAt"] == "2026-11-21T00:00:00+08:00"
    record = """mutation Record($input: RecordRoutineInput!) { recordRoutine(input: $input) {
        ... on RoutinePayload { routine { doneAt doneText doneBy { name } missed } } ... on Problem { code } } }"""
    given = {"idempotencyKey": "night-1", "routineId": night["routine"]["id"], "text": "走访8户，2户反映楼道灯不亮"}
    done = (await graph.query(street.viewer(WORKER), record, input=given))["recordRoutine"]["routine"]
    assert (done["doneBy"]["name"], done["missed"]) == (WORKER, False)
    assert [task for task in await tasks(graph, WORKER) if task["routine"]["name"] == "night_visit"] == []
    document = '{ routines(first: 50, filter: {names: ["night_visit"], done: true}) { totalCount } }'
    assert (await graph.query(street.viewer(COUNTY), document))["routines"]["totalCount"] == 1


async def test_each_role_has_what_is_its_own(street: Street) -> None:
    graph = graphql_of(street)
    street.now = at("2026-12-01 09:00")
    await scheduler_of(street).one_pass()
    assert {task["routine"]["name"] for task in await tasks(graph, DISPATCHER)} == {"monthly_notice"}
    assert {task["routine"]["name"] for task in await tasks(graph, CHIEF)} == {"street_study_meeting"}


async def tasks(graph: GraphQLStreet, who: str) -> list[Any]:
    found: list[Any] = (await graph.query(graph.street.viewer(who), TASKS))["viewer"]["tasks"]["nodes"]
    return found


async def test_what_was_missed_is_no_task_any_more_but_stands_as_missed(street: Street) -> None:
    graph = graphql_of(street)
    await scheduler_of(street).one_pass()
    street.now = at("2026-11-30 08:00")
    await scheduler_of(street).one_pass()
    nights = [task for task in await tasks(graph, WORKER) if task["routine"]["name"] == "night_visit"]
    assert [task["dueAt"] for task in nights] == ["2026-12-01T00:00:00+08:00"]
    document = '{ routines(first: 50, filter: {names: ["night_visit"], missed: true}) { nodes { missed } totalCount } }'
    assert (await graph.query(street.viewer(DISPATCHER), document))["routines"]["totalCount"] == 12


async def test_who_records_what(street: Street) -> None:
    await scheduler_of(street).one_pass()
    own: UUID = await street.pool.fetchval(
        "SELECT id FROM routine WHERE name = 'night_visit' AND grid_code = '990101001001001'"
    )
    far: UUID = await street.pool.fetchval(
        "SELECT id FROM routine WHERE name = 'night_visit' AND grid_code = '990101001201001'"
    )
    with pytest.raises(NotFound):
        await do(street, lambda tx: record_routine(tx, far, "走访"), WORKER)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: record_routine(tx, own, "走访"), COUNTY)
    with pytest.raises(InvalidInput):
        await do(street, lambda tx: record_routine(tx, own, " "), WORKER)
    await do(street, lambda tx: record_routine(tx, own, "走访"), DISPATCHER)
    with pytest.raises(StateConflict):
        await do(street, lambda tx: record_routine(tx, own, "走访"), WORKER)


async def test_care_records_are_looked_at_again_each_quarter_and_before_they_end(street: Street) -> None:
    await street.pool.execute("DELETE FROM care_tag WHERE id NOT IN (SELECT id FROM care_tag ORDER BY id LIMIT 2)")
    first, second = [row["id"] for row in await street.pool.fetch("SELECT id FROM care_tag ORDER BY id")]
    await street.pool.execute("UPDATE care_tag SET visibility = 'NORMAL', valid_to = NULL")
    await street.pool.execute(
        "UPDATE care_tag SET valid_from = '2026-08-15' WHERE id = $1", first
    )  # 90 days: 13 November
    await street.pool.execute(
        "UPDATE care_tag SET valid_from = '2026-11-25', valid_to = '2026-12-09' WHERE id = $1", second
    )
    await scheduler_of(street).one_pass()
    street.now = at("2026-12-01 00:00")
    await scheduler_of(street).one_pass()
    reviews = await opened(street, "care_review")
    assert sum(row["records"] for row in reviews) == 2
    street.now = at("2027-01-01 00:00")
    await scheduler_of(street).one_pass()
    assert len(await opened(street, "care_review")) == len(reviews)


async def test_a_day_that_the_rulebook_names_no_more_is_planned_anew(street: Street) -> None:
    await scheduler_of(street).one_pass()
    await street.pool.execute(
        "UPDATE schedule SET next_at = $1 WHERE name = 'routine.night_visit'", at("2026-11-25 00:00")
    )
    street.now += timedelta(days=1)
    await scheduler_of(street).one_pass()
    planned = await street.pool.fetchval("SELECT next_at FROM schedule WHERE name = 'routine.night_visit'")
    assert planned == at("2026-11-30 00:00")
