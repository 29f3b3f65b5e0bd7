"""What a dead worker held comes again, alone, and ends parked when it kills one worker after the other."""

import asyncio
from datetime import timedelta

from shaodao.commands.running import connection_of
from shaodao.delivery.losses import Death, give_back
from shaodao.plugin import Desk, Event
from tests.integration.conftest import Street
from tests.integration.delivering import Recorder, emergency, forward, serve, work_off


async def test_after_a_death_each_runs_alone_until_it_has_ended_well(street: Street) -> None:
    city = Recorder("city", ("CG",))
    at_once: list[int] = []

    async def measure(event: Event, desk: Desk) -> None:
        at_once.append(courier.in_flight)
        await asyncio.sleep(0)

    deliveries = serve(street, city)
    for _ in range(3):
        await emergency(street, "CG")
    await street.pool.execute(
        "UPDATE lane SET holder = 'dead', token = 1, due_at = $1", street.now + timedelta(hours=1)
    )
    await street.pool.execute("UPDATE delivery SET attempts = 1")
    async with street.pool.acquire() as lent, lent.transaction():
        death = Death("dead", street.now, "it ended", 8, lambda losses: timedelta(hours=losses))
        assert await give_back(connection_of(lent), death) == 3

    city.do = measure
    courier = deliveries.courier()
    await emergency(street, "CG")
    await work_off(courier)
    assert at_once == [1, 1, 1, 1]
    assert sorted(await deliveries.outcomes()) == ["DONE"] * 4 + ["LOST"] * 3
    assert await deliveries.owed() == 0


async def test_a_delivery_that_is_lost_again_waits_and_ends_parked_while_others_go_on(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    await emergency(street, "CG")
    lost = "UPDATE lane SET holder = 'dead', token = 1, due_at = $1 WHERE NOT parked"
    for attempt, wait in ((1, 0), (2, 10), (3, 20)):
        await street.pool.execute(lost, street.now + timedelta(hours=1))
        await street.pool.execute("UPDATE delivery SET attempts = attempts + 1")
        async with street.pool.acquire() as lent, lent.transaction():
            death = Death("dead", street.now, "it ended", 3, lambda losses: timedelta(seconds=10 * losses))
            await give_back(connection_of(lent), death)
        row = await street.pool.fetchrow("SELECT due_at, parked, holder FROM lane")
        assert row is not None
        assert (row["due_at"] - street.now, row["parked"]) == (timedelta(seconds=wait), attempt == 3)
        assert row["holder"] is None
    await emergency(street, "CG")
    await forward(street, minutes=1)
    await work_off(deliveries.courier())
    assert sorted(await deliveries.outcomes()) == ["DONE", "LOST", "LOST", "PARKED"]
    assert await street.pool.fetchval("SELECT last_error FROM delivery") == "it ended"


async def test_a_dead_worker_s_lane_without_a_delivery_is_free_again(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    await emergency(street, "CG")
    await street.pool.execute("DELETE FROM delivery")
    await street.pool.execute("UPDATE lane SET holder = 'dead', due_at = $1", street.now + timedelta(hours=1))
    async with street.pool.acquire() as lent, lent.transaction():
        death = Death("dead", street.now, "it ended", 1, lambda losses: timedelta(hours=losses))
        assert await give_back(connection_of(lent), death) == 1
    await work_off(deliveries.courier())
    assert (await deliveries.lanes(), await deliveries.outcomes()) == (0, [])


async def test_what_others_hold_is_not_given_back_with_it(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)), Recorder("police", ("JJ",)))
    await emergency(street, "CG", "JJ")
    held = "UPDATE lane SET holder = $1, due_at = $2 WHERE organization_code = $3"
    until = street.now + timedelta(hours=1)
    await street.pool.execute(held, "dead", until, "CG")
    await street.pool.execute(held, "alive", until, "JJ")
    async with street.pool.acquire() as lent, lent.transaction():
        death = Death("dead", street.now, "it ended", 8, lambda losses: timedelta(hours=losses))
        assert await give_back(connection_of(lent), death) == 1
    rows = await street.pool.fetch(
        "SELECT organization_code, holder, due_at > $1 AS held FROM lane ORDER BY 1", street.now
    )
    assert [tuple(row) for row in rows] == [("CG", None, False), ("JJ", "alive", True)]
    assert await deliveries.outcomes() == ["LOST"]
