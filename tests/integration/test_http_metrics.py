"""/metrics: requests, the caches of the read compiler and the pool, as numbers alone."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from api.clock_numbers import ClockNumbers
from api.lane_numbers import LaneNumbers
from shaodao.plugin import Desk, Event
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Api, copied, opened, settings_of
from tests.integration.conftest import Street
from tests.integration.delivering import Recorder, emergency, forward, listen_only, serve, work_off


async def numbers(api: Api) -> dict[str, float]:
    """Every sample by its name and status."""
    text = (await api.client.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name + sample.labels.get("status", ""): sample.value for sample in samples}


async def test_requests_and_plans_are_counted(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, tmp_path)) as api:
        for _ in range(3):
            await api.ask("{ categories { code } }")
        await api.ask("{ nothing }")
        found = await numbers(api)
    assert (found["shaodao_requests_total200"], found["shaodao_requests_total422"]) == (3, 1)
    assert found["shaodao_request_seconds_count"] == 4
    assert (found["shaodao_plan_cache_hits_total"], found["shaodao_plan_cache_misses_total"]) == (1, 2)
    assert found["shaodao_plan_cache_size"] == 1
    assert found["shaodao_document_cache_size"] == 1
    assert 1 <= found["shaodao_pool_connections"] <= found["shaodao_pool_connections_limit"]


async def test_lanes_are_counted_by_department_and_state(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    await emergency(street, "CG")
    await work_off(deliveries.courier())
    await emergency(street, "CG")
    await forward(street, seconds=90)
    numbers = LaneNumbers(street.pool, lambda: street.now)
    await numbers.one_pass()
    samples = {
        (each.name, *each.labels.values()): each.value for family in numbers.families() for each in family.samples
    }
    assert samples == {
        ("shaodao_lanes", "city", "WAITING"): 1, ("shaodao_lane_oldest_seconds", "city", "WAITING"): 90,
        ("shaodao_delivery_attempts_recent", "city", "DONE"): 1,
        ("shaodao_department_held", "city", "paused"): 0, ("shaodao_department_held", "city", "breaker"): 0,
    }  # fmt: skip


async def test_a_lane_that_failed_is_counted_apart(street: Street) -> None:
    async def fail(event: Event, desk: Desk) -> None:
        raise RuntimeError

    recorder = Recorder("city", ("CG",), fail)
    deliveries = serve(street, recorder)
    await emergency(street, "CG")
    await work_off(deliveries.courier())
    recorder.do = listen_only
    for _ in range(2):
        await emergency(street, "CG")
    numbers = LaneNumbers(street.pool, lambda: street.now)
    await numbers.one_pass()
    assert numbers.lanes == {("city", "RETRYING"): 1, ("city", "WAITING"): 2}


async def test_it_tells_how_late_the_clock_is_and_what_could_not_be_fired(street: Street) -> None:
    await emergency(street, "CG")
    numbers = ClockNumbers(street.pool, lambda: street.now)
    assert list(numbers.families()) == []
    for minutes, failures, expected in ((5, 0, [0, 0]), (2, 1, [120, 1])):
        await forward(street, minutes=minutes)
        await street.pool.execute("UPDATE deadline_stage SET failures = $1 WHERE due_at <= $2", failures, street.now)
        await numbers.one_pass()
        samples = {each.name: each.value for family in numbers.families() for each in family.samples}
        assert samples == dict(
            zip(("shaodao_clock_late_seconds", "shaodao_clock_failed_stages"), expected, strict=True)
        )
