"""What operators see of deliveries and do about them, through the schema, on real lanes (reference C.1.5, C.7)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shaodao.commands.running import connection_of
from shaodao.delivery import lanes
from shaodao.delivery.lanes import LaneRules, Lease
from shaodao.delivery.noting import Noter
from shaodao.host import register_departments
from shaodao.plugin import Desk, Event
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Deliveries, Recorder, emergency, forward, serve, work_off
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of

COUNTY, WORKER = "曹示度", "周示岚"
LANES = """
query ($filter: DeliveryLaneFilter) { deliveryLanes(filter: $filter) { nodes {
  caseNumber state seq since hook eventType owed attempts lastError nextAttemptAt
  department { name } organization { code } case { number }
} } }
"""
STATES = """
{ departmentStates {
  paused pausedAt pausedReason pausedBy { name } breakerOpenUntil failuresInARow inFlightLimit waiting retrying running parked oldestSince
} }
"""
DELIVERY = """
query ($number: String!) { case(number: $number) { assignments {
  organization { code } acknowledgedAt delivery { deliveredAt attempts handledAt owed lastError state }
} } }
"""


async def fail(event: Event, desk: Desk) -> None:
    raise RuntimeError("对方系统拒绝 10000010014")


@pytest.fixture
async def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def seen(api: GraphQLStreet, viewer: Any, **wanted: Any) -> list[Json]:
    nodes: list[Json] = (await api.query(viewer, LANES, filter=wanted or None))["deliveryLanes"]["nodes"]
    return nodes


async def parked(street: Street, recorder: Recorder) -> tuple[Deliveries, str]:
    """A street with one lane that is parked, after two failures; answers the case's number."""
    deliveries = serve(street, recorder)
    async with street.pool.acquire() as lent:
        await register_departments(connection_of(lent), deliveries.departments, street.now)
    outcome = await emergency(street, "CG")
    courier = deliveries.courier(attempt_limit=2)
    for _ in range(3):
        await work_off(courier)
        await forward(street, minutes=20)
    return deliveries, str(outcome.case_number)


async def history(street: Street, number: str) -> list[tuple[str, str | None]]:
    rows = await street.pool.fetch(
        "SELECT e.type, e.detail FROM case_event e JOIN case_file c ON c.id = e.case_id WHERE c.number = $1"
        " AND e.type IN ('deliveryRedelivered', 'deliverySkipped', 'departmentPaused', 'departmentResumed') ORDER BY e.seq",
        number,
    )
    return [(row["type"], row["detail"]) for row in rows]


async def test_a_parked_lane_is_seen_by_those_who_answer_for_it(street: Street, api: GraphQLStreet) -> None:
    owed_at = street.now
    _, number = await parked(street, Recorder("city", ("CG",), fail))

    (lane,) = await seen(api, street.viewer(COUNTY), state="PARKED")
    assert (lane["caseNumber"], lane["state"], lane["attempts"], lane["owed"]) == (number, "PARKED", 2, 1)
    assert (lane["hook"], lane["organization"], lane["nextAttemptAt"]) == ("on_whistle", {"code": "CG"}, None)
    assert "对方系统拒绝 100****0014" in lane["lastError"]
    assert lane["since"].startswith(f"{owed_at.astimezone().isoformat()[:10]}")
    assert len(await seen(api, street.viewer(DISPATCHER))) == 1
    assert len(await seen(api, street.department_viewer("CG"))) == 1
    for stranger in (street.department_viewer("JJ"), street.viewer(WORKER), street.resident("P001")):
        assert await seen(api, stranger) == []
    assert await seen(api, street.viewer(COUNTY), state="WAITING") == []
    assert await seen(api, street.viewer(COUNTY), owedBefore=owed_at.isoformat()) == []
    assert await seen(api, street.viewer(COUNTY), department="other") == []


async def test_the_case_shows_how_each_department_was_told(street: Street, api: GraphQLStreet) -> None:
    recorder = Recorder("city", ("CG",), fail)
    deliveries = serve(street, recorder)
    outcome = await emergency(street, "CG", "SC")
    number = str(outcome.case_number)

    async def told() -> dict[str, Json]:
        case = (await api.query(street.viewer(DISPATCHER), DELIVERY, number=number))["case"]
        return {each["organization"]["code"]: each for each in case["assignments"]}

    before = (await told())["CG"]["delivery"]
    assert before | {"state": None} == {
        "deliveredAt": None, "attempts": 0, "handledAt": None, "owed": 1, "lastError": None, "state": None,
    }  # fmt: skip
    assert before["state"] == "WAITING"
    courier = deliveries.courier()
    await work_off(courier)
    failed = (await told())["CG"]["delivery"]
    assert (failed["attempts"], failed["owed"], failed["state"]) == (1, 1, "RETRYING")
    assert "100****0014" in failed["lastError"]
    recorder.do = lambda event, desk: desk.acknowledge(["甲示一"])
    await forward(street, minutes=4)
    await work_off(courier)

    after = await told()
    handled = after["CG"]["delivery"]
    assert (handled["attempts"], handled["owed"], handled["state"]) == (2, 0, None)
    assert handled["deliveredAt"] < handled["handledAt"]
    assert after["CG"]["acknowledgedAt"] is not None
    assert after["SC"]["delivery"] is None
    own = (await api.query(street.department_viewer("SC"), DELIVERY, number=number))["case"]["assignments"]
    assert [each["delivery"] for each in own] == [None, None]


async def test_redelivered_a_parked_lane_goes_on_at_once(street: Street, api: GraphQLStreet) -> None:
    recorder = Recorder("city", ("CG",), fail)
    deliveries, number = await parked(street, recorder)
    recorder.do = lambda event, desk: desk.acknowledge(["甲示一"])
    await street.pool.execute("DELETE FROM deadline_stage")  # or it would hear, too, that it is late by then

    await api.done(street.viewer(COUNTY), "redeliverDelivery", caseNumber=number, organization="CG")
    await work_off(deliveries.courier())

    assert await deliveries.owed() == 0
    assert await deliveries.outcomes() == ["FAILED", "PARKED", "DONE"]
    assert await history(street, number) == [("deliveryRedelivered", None)]


async def test_redelivering_to_a_held_department_tells_until_when_it_waits(street: Street, api: GraphQLStreet) -> None:
    deliveries, number = await parked(street, Recorder("city", ("CG",), fail))
    selection = "hold { cause until pausedReason }"

    async def hold(**key: str) -> Json | None:
        lane = {"caseNumber": number, "organization": "CG"} | key
        answer = await api.done(street.viewer(COUNTY), "redeliverDelivery", selection, **lane)
        found: Json | None = answer["hold"]
        return found

    assert await hold() is None
    open_until = street.now + timedelta(minutes=5)
    await street.pool.execute("UPDATE lane_state SET open_until = $1", open_until)
    assert await hold() == {"cause": "BREAKER", "until": open_until.isoformat(), "pausedReason": None}
    await forward(street, minutes=5)
    assert await hold() is None, "its breaker lets one through to try"
    await api.done(street.viewer(COUNTY), "pauseDepartment", department="city", reason="系统升级")
    paused = {"cause": "PAUSED", "until": None, "pausedReason": "系统升级"}
    assert [await hold(idempotencyKey="again") for _ in range(2)] == [paused, paused]
    assert await deliveries.owed() == 1


async def test_what_is_skipped_is_never_told_and_the_lane_goes_on(street: Street, api: GraphQLStreet) -> None:
    recorder = Recorder("city", ("CG",), fail)
    deliveries, number = await parked(street, recorder)
    (lane,) = await seen(api, street.viewer(COUNTY))
    given = {"caseNumber": number, "organization": "CG", "reason": "已电话告知"}
    refused = await api.act(street.viewer(COUNTY), "skipDelivery", seq=lane["seq"] + 1, **given)
    assert refused["code"] == "STATE_CONFLICT"
    blank = await api.act(street.viewer(COUNTY), "skipDelivery", seq=lane["seq"], **given | {"reason": " "})
    assert [fault["path"] for fault in blank["faults"]] == ["reason"]

    await api.done(street.viewer(DISPATCHER), "skipDelivery", seq=lane["seq"], **given)
    heard = len(recorder.heard)
    await forward(street, hours=1)
    await work_off(deliveries.courier())

    assert (await deliveries.owed(), await deliveries.lanes(), len(recorder.heard)) == (0, 0, heard)
    assert (await deliveries.outcomes())[-1] == "SKIPPED"
    assert await history(street, number) == [("deliverySkipped", "已电话告知")]


async def test_a_worker_at_a_redelivered_lane_no_longer_settles_it(street: Street, api: GraphQLStreet) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    outcome = await emergency(street, "CG")
    async with street.pool.acquire() as lent, lent.transaction():
        (work,) = await lanes.waiting_work(lent, ["city"])  # type: ignore[arg-type]
        lease = Lease("worker", street.now, street.now + timedelta(seconds=30))
        (held,) = await lanes.claim(lent, work, lease, 1, LaneRules())  # type: ignore[arg-type]
    await api.done(street.viewer(COUNTY), "redeliverDelivery", caseNumber=outcome.case_number, organization="CG")

    async with street.pool.acquire() as lent, lent.transaction():
        assert not await lanes.acknowledge(lent, held, street.now)  # type: ignore[arg-type]

    assert await deliveries.outcomes() == ["FENCED"]
    assert await deliveries.owed() == 1


async def test_a_paused_department_hears_nothing_until_it_is_resumed(street: Street, api: GraphQLStreet) -> None:
    recorder = Recorder("city", ("CG",), fail)
    owed_at = street.now
    deliveries, number = await parked(street, recorder)
    given = {"department": "city"}
    assert (await api.act(street.viewer(DISPATCHER), "pauseDepartment", reason="维护", **given))[
        "code"
    ] == "NOT_PERMITTED"
    assert (await api.act(street.viewer(COUNTY), "resumeDepartment", **given))["code"] == "STATE_CONFLICT"
    await api.done(street.viewer(COUNTY), "pauseDepartment", "department { name }", reason="系统升级", **given)

    heard = len(recorder.heard)
    await emergency(street, "CG")
    await work_off(deliveries.courier())
    assert len(recorder.heard) == heard
    (state,) = (await api.query(street.viewer(COUNTY), STATES))["departmentStates"]
    assert (state["paused"], state["pausedReason"], state["pausedBy"]) == (True, "系统升级", {"name": COUNTY})
    assert (state["waiting"], state["running"], state["parked"]) == (1, 0, 1)
    assert datetime.fromisoformat(state["oldestSince"]) == owed_at, "of the parked one"

    recorder.do = lambda event, desk: desk.acknowledge(["甲示一"])
    await api.done(street.viewer(COUNTY), "resumeDepartment", **given)
    await work_off(deliveries.courier())
    assert await deliveries.owed() == 1, "the parked one is left"
    await Noter(street.pool, street.runner, lambda: street.now).one_pass()
    assert await history(street, number) == [("departmentPaused", "系统升级"), ("departmentResumed", None)]
    pauses = await street.pool.fetch("SELECT reason, resumed_at IS NOT NULL AS over FROM department_pause")
    assert [(row["reason"], row["over"]) for row in pauses] == [("系统升级", True)]


async def test_what_failed_and_is_tried_again_is_counted_apart_from_what_waits(
    street: Street, api: GraphQLStreet
) -> None:
    recorder = Recorder("city", ("CG",), fail)
    deliveries, number = await parked(street, recorder)
    await emergency(street, "CG")
    await work_off(deliveries.courier())
    await emergency(street, "CG")

    async def counted() -> tuple[int, ...]:
        (state,) = (await api.query(street.viewer(COUNTY), STATES))["departmentStates"]
        return tuple(state[name] for name in ("parked", "retrying", "waiting", "running"))

    assert await counted() == (1, 1, 1, 0)
    for state in ("PARKED", "RETRYING", "WAITING"):
        assert [lane["state"] for lane in await seen(api, street.viewer(COUNTY), state=state)] == [state]
    (lane,) = await seen(api, street.viewer(COUNTY), state="RETRYING")
    given = {"caseNumber": lane["caseNumber"], "organization": "CG", "seq": lane["seq"], "reason": "已电话告知"}
    await api.done(street.viewer(COUNTY), "skipDelivery", **given)
    await api.done(street.viewer(COUNTY), "redeliverDelivery", caseNumber=number, organization="CG")
    assert await counted() == (0, 1, 1, 0), "what was redelivered has failed before"

    recorder.do = lambda event, desk: desk.acknowledge(["甲示一"])
    await work_off(deliveries.courier())
    assert await counted() == (0, 0, 0, 0)


@pytest.mark.parametrize("mutation", ["redeliverDelivery", "skipDelivery"])
async def test_nobody_else_steers_a_lane(street: Street, api: GraphQLStreet, mutation: str) -> None:
    _, number = await parked(street, Recorder("city", ("CG",), fail))
    more: Json = {"seq": 1, "reason": "重复"} if mutation == "skipDelivery" else {}
    for stranger in (street.department_viewer("CG"), street.viewer(WORKER), street.resident("P001")):
        refused = await api.act(stranger, mutation, caseNumber=number, organization="CG", **more)
        assert refused["code"] == "NOT_FOUND"
    missing = await api.act(street.viewer(COUNTY), mutation, caseNumber=number, organization="JJ", **more)
    assert missing["code"] == "NOT_FOUND"


async def test_no_more_of_a_department_runs_at_once_than_the_county_says(street: Street, api: GraphQLStreet) -> None:
    await parked(street, Recorder("city", ("CG",), fail))
    await street.pool.execute("UPDATE lane_state SET failures = 0, open_until = NULL")
    for _ in range(3):
        await emergency(street, "CG")
    office, given = street.viewer(COUNTY), {"department": "city"}

    async def taken() -> int:
        lease = Lease("test", street.now, street.now + timedelta(seconds=30))
        async with street.pool.acquire() as lent:
            connection = connection_of(lent)
            (work,) = await lanes.waiting_work(connection, ["city"])
            transaction = lent.transaction()
            await transaction.start()
            found = await lanes.claim(connection, work, lease, 10, LaneRules(in_flight_limit=8))
            await transaction.rollback()
        return len(found)

    assert await taken() == 3
    await api.done(office, "limitDepartment", inFlight=2, **given)
    assert await taken() == 2
    states = "{ departmentStates { inFlightLimit limitedAt limitedBy { name } } }"
    (state,) = (await api.query(office, states))["departmentStates"]
    assert (state["inFlightLimit"], state["limitedBy"]["name"]) == (2, COUNTY)
    assert datetime.fromisoformat(state["limitedAt"]) == street.now
    await api.done(office, "limitDepartment", **given)
    assert await taken() == 3
    refused = {
        "INVALID_INPUT": await api.act(office, "limitDepartment", inFlight=0, **given),
        "NOT_FOUND": await api.act(office, "limitDepartment", department="other"),
        "NOT_PERMITTED": await api.act(street.viewer(DISPATCHER), "limitDepartment", inFlight=2, **given),
    }
    assert {code: problem["code"] for code, problem in refused.items()} == {code: code for code in refused}
