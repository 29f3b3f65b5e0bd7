"""Promises 一事一诺 (Z-49, B-10): made, published, tracked by the clock, settled, scored by both sides."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import promises
from shaodao.commands.cases import withdraw
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome
from shaodao.delivery.clock import Clock
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import CaseVisibility
from tests.integration.case_steps import (
    CALLER,
    DISPATCHER,
    RESIDENT,
    WORKER,
    accepted,
    closed,
    dispatched,
    last_event,
    paths,
)
from tests.integration.conftest import Street
from tests.integration.whistle_steps import Step, viewer_of

CONTENT = "每日清运两次"
TODAY = date(2026, 11, 20)
TOMORROW = TODAY + timedelta(days=1)


async def do(street: Street, step: Step, who: str = DISPATCHER) -> Outcome:
    """Run a step as a member of staff, a resident, or an organization's handler."""
    return await street.run(step, viewer_of(street, who))


async def promised(street: Street, case_id: UUID, who: str = DISPATCHER, **given: Any) -> UUID:
    wanted: dict[str, Any] = {"content": CONTENT, "due_on": TOMORROW} | given
    outcome = await do(street, lambda tx: promises.make(tx, case_id, **wanted), who)
    assert outcome.record_id is not None
    return outcome.record_id


async def row_of(street: Street, promise_id: UUID) -> Any:
    return await street.pool.fetchrow("SELECT * FROM promise WHERE id = $1", promise_id)


async def clocks_of(street: Street, case_id: UUID) -> dict[UUID, str]:
    rows = await street.pool.fetch(
        "SELECT promise_id, state FROM deadline WHERE case_id = $1 AND kind = 'PROMISE'", case_id
    )
    return {row["promise_id"]: row["state"] for row in rows}


async def settled(street: Street, promise_id: UUID, who: str = DISPATCHER, *, fulfilled: bool = True) -> Outcome:
    return await do(street, lambda tx: promises.settle(tx, promise_id, fulfilled=fulfilled, text="已落实"), who)


async def scored(street: Street, promise_id: UUID, who: str, score: int, *, citizen: bool) -> Outcome:
    return await do(street, lambda tx: promises.score(tx, promise_id, score=score, citizen=citizen), who)


async def test_a_promise_is_made_published_kept_and_scored_by_both_sides(street: Street) -> None:
    """Z-49, B-10: 公开承诺, 实时跟踪, 双向打分, by a department's handler for their organization."""
    case_id = await dispatched(street, reporter=ReporterInput(person_id=street.resident(RESIDENT).person_id))
    promise_id = await promised(street, case_id, "CG")
    made = await row_of(street, promise_id)
    handler = street.department_viewer("CG")
    assert (made["organization_code"], made["promiser_id"], made["promiser_name"]) == (
        "CG",
        handler.account_id,
        handler.name,
    )
    assert (made["state"], made["public"], made["due_on"]) == ("IN_PROGRESS", False, TOMORROW)
    event = await last_event(street, case_id)
    assert (event["type"], event["public"], event["detail"]) == ("makePromise", True, CONTENT)
    assert event["text"] == f"{handler.name}作出承诺，11月21日前兑现"
    assert CONTENT not in event["text"]

    await do(street, lambda tx: promises.publish(tx, promise_id))
    published = await row_of(street, promise_id)
    assert (published["public"], published["published_at"]) == (True, street.now)

    await settled(street, promise_id, "CG")
    kept = await row_of(street, promise_id)
    assert (kept["state"], kept["settled_at"], kept["settle_text"]) == ("FULFILLED", street.now, "已落实")
    assert await clocks_of(street, case_id) == {promise_id: "STOPPED"}

    await scored(street, promise_id, "CG", 92, citizen=False)
    await scored(street, promise_id, RESIDENT, 88, citizen=True)
    both = await row_of(street, promise_id)
    assert (both["self_score"], both["citizen_score"]) == (92, 88)
    event = await last_event(street, case_id)
    assert (event["actor_role"], event["text"], event["detail"]) == (
        "RESIDENT", f"诉求人评价{handler.name}的承诺", "88分",
    )  # fmt: skip
    with pytest.raises(StateConflict, match="scored"):
        await scored(street, promise_id, RESIDENT, 10, citizen=True)


async def test_bad_promises_are_refused_with_every_fault(street: Street) -> None:
    case_id = await accepted(street)
    bad: list[tuple[dict[str, Any], str, set[str]]] = [
        ({"content": " ", "due_on": TODAY - timedelta(days=1)}, DISPATCHER, {"content", "dueOn"}),
        ({"due_on": date(9999, 12, 31)}, DISPATCHER, {"dueOn"}),
        ({"content": "请拨打10000010014", "public": True}, DISPATCHER, {"content"}),
        ({"promiser_name": "水例物业"}, WORKER, {"promiserName"}),
    ]
    for given, who, where in bad:
        with pytest.raises(InvalidInput) as caught:
            await promised(street, case_id, who, **given)
        assert paths(caught) == where
    with pytest.raises(NotPermitted):
        await promised(street, case_id, WORKER, public=True)
    with pytest.raises(NotFound):
        await promised(street, case_id, "CG")
    assert await street.pool.fetchval("SELECT count(*) FROM promise") == 0
    assert await clocks_of(street, case_id) == {}


async def test_a_promise_for_today_is_on_time_until_midnight(street: Street) -> None:
    """The due instant is exclusive and is the end of the day in Shanghai (C.5)."""
    case_id = await accepted(street)
    await promised(street, case_id, due_on=TODAY)
    due_at = await street.pool.fetchval("SELECT due_at FROM deadline WHERE kind = 'PROMISE'")
    assert due_at == promises.due_instant(TODAY)
    assert due_at.isoformat() == "2026-11-20T16:00:00+00:00"


async def test_what_is_confidential_is_never_published(street: Street) -> None:
    """C.7: neither a confidential reporter's case nor a restricted one; nor a text with a number in it."""
    secret = await accepted(street, reporter=ReporterInput(name="沈例宽", phone="100-0001-0014", confidential=True))
    minor = await accepted(street, visibility=CaseVisibility.RESTRICTED_MINOR)
    for case_id in (secret, minor):
        promise_id = await promised(street, case_id)
        with pytest.raises(StateConflict, match="confidential or restricted"):
            await do(street, lambda tx, promise_id=promise_id: promises.publish(tx, promise_id))  # type: ignore[misc]
        with pytest.raises(StateConflict, match="confidential or restricted"):
            await promised(street, case_id, public=True)
    open_case = await accepted(street)
    with_number = await promised(street, open_case, content="联系人10000010014")
    with pytest.raises(StateConflict, match="phone number"):
        await do(street, lambda tx: promises.publish(tx, with_number))
    public = await promised(street, open_case, public=True)
    with pytest.raises(StateConflict, match="is public"):
        await do(street, lambda tx: promises.publish(tx, public))
    assert (await row_of(street, public))["published_at"] == street.now


async def test_only_the_promising_side_settles_and_scores_itself(street: Street) -> None:
    case_id = await dispatched(street)
    promise_id = await promised(street, case_id, "CG")
    with pytest.raises(StateConflict, match="not settled"):
        await scored(street, promise_id, "CG", 90, citizen=False)
    with pytest.raises(NotPermitted):
        await settled(street, promise_id, WORKER)
    with pytest.raises(NotFound):
        await settled(street, promise_id, "JJ")
    await settled(street, promise_id, fulfilled=False)
    assert (await row_of(street, promise_id))["state"] == "UNFULFILLED"
    with pytest.raises(StateConflict):
        await settled(street, promise_id)
    for who, citizen in ((DISPATCHER, False), ("CG", True), (WORKER, True)):
        with pytest.raises(NotPermitted):
            await scored(street, promise_id, who, 90, citizen=citizen)
    with pytest.raises(InvalidInput):
        await scored(street, promise_id, "CG", 101, citizen=False)


async def test_the_reporters_score_is_taken_down_but_not_by_the_promiser(street: Street) -> None:
    """B-10: a phone caller has no account; the dispatcher or the follow-up caller records the word."""
    case_id = await closed(street)
    own, others = await promised(street, case_id), await promised(street, case_id, promiser_name="水例物业")
    for promise_id in (own, others):
        await settled(street, promise_id)
    with pytest.raises(NotPermitted):
        await scored(street, own, DISPATCHER, 100, citizen=True)
    await scored(street, own, CALLER, 80, citizen=True)
    await scored(street, others, DISPATCHER, 70, citizen=True)
    await scored(street, others, DISPATCHER, 75, citizen=False)
    row = await row_of(street, others)
    assert (row["promiser_id"], row["promiser_name"], row["self_score"], row["citizen_score"]) == (
        None,
        "水例物业",
        75,
        70,
    )
    event = await last_event(street, case_id)
    assert event["text"] == f"{DISPATCHER}自评水例物业的承诺"


async def test_a_public_promise_tells_strangers_nothing_of_its_case(street: Street) -> None:
    case_id = await accepted(street)
    hidden, public = await promised(street, case_id), await promised(street, case_id, public=True)
    with pytest.raises(NotFound):
        await settled(street, hidden, "P015")
    with pytest.raises(NotPermitted):
        await settled(street, public, "P015")
    with pytest.raises(NotPermitted):
        await do(
            street, lambda tx: promises.settle(tx, public, fulfilled=True, text="好", expected_version=1), "P015"
        )  # fmt: skip
    with pytest.raises(StateConflict, match="now version"):
        await do(street, lambda tx: promises.publish(tx, hidden, expected_version=1))


async def test_the_clock_marks_an_overdue_promise_once(street: Street) -> None:
    """Z-49 实时跟踪: each of several promises has a clock of its own; one that was kept stays silent."""
    case_id = await accepted(street)
    late, kept, later = [
        await promised(street, case_id, due_on=day) for day in (TODAY, TODAY, TODAY + timedelta(days=9))
    ]  # fmt: skip
    await settled(street, kept)
    assert await clocks_of(street, case_id) == {late: "RUNNING", kept: "STOPPED", later: "RUNNING"}
    street.now += timedelta(days=1)
    clock = Clock(street.pool, street.runner, SYSTEM, lambda: street.now)
    for _ in range(3):
        await clock.one_pass()
    events = await street.pool.fetch("SELECT text, payload FROM case_event WHERE type = 'promiseOverdue'")
    assert [event["text"] for event in events] == [f"{DISPATCHER}的承诺到期未兑现（承诺11月20日前兑现）"]
    assert str(late) in events[0]["payload"]
    marked = [(await row_of(street, promise_id))["overdue_at"] for promise_id in (late, kept, later)]
    assert marked == [promises.due_instant(TODAY), None, None]
    await settled(street, late)
    assert (await row_of(street, late))["state"] == "FULFILLED"


async def test_a_withdrawn_case_ends_the_tracking(street: Street) -> None:
    case_id = await accepted(street, RESIDENT)
    promise_id = await promised(street, case_id)
    await do(street, lambda tx: withdraw(tx, case_id, reason="已自行解决"), RESIDENT)
    assert await clocks_of(street, case_id) == {promise_id: "STOPPED"}
    with pytest.raises(StateConflict):
        await settled(street, promise_id)


async def test_who_takes_the_reporters_score_down_sees_the_case_and_not_its_promise_alone(street: Street) -> None:
    case_id = await accepted(street)
    promise_id = await promised(street, case_id, public=True)
    await settled(street, promise_id)
    with pytest.raises(NotPermitted):  # the caller sees a case from its end on
        await scored(street, promise_id, CALLER, 80, citizen=True)
    assert (await row_of(street, promise_id))["citizen_score"] is None
