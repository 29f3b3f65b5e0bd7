"""What waits for whom: every step that somebody owes is a task of those who may take it, until it is taken."""

from uuid import UUID

import pytest

from shaodao.commands import assignments, emergencies, evaluations, promises, whistle_closing, whistles
from shaodao.commands.evaluations import Scores
from shaodao.domain.vocabulary import CloseKind, WhistleKind
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    COUNTY,
    DEPUTY,
    DISPATCHER,
    WORKER,
    accepted,
    all_verified,
    assignment_of,
    blown,
    do,
    drafted,
)

TASKS = (
    "{ viewer { tasks(first: 100) { nodes { action since whistle { id } assignment { organization { code } } } } } }"
)


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


async def waiting(desk: Desk, who: str, whistle_id: UUID) -> list[str]:
    """What the whistle wants of a member of staff."""
    nodes = (await desk.ask(TASKS, desk.street.viewer(who)))["viewer"]["tasks"]["nodes"]
    own = f"Whistle:{desk.street.county}:{whistle_id}"
    return sorted(node["action"] for node in nodes if node["whistle"] and node["whistle"]["id"] == own)


async def test_an_emergency_that_was_drafted_waits_to_be_blown(desk: Desk) -> None:
    street = desk.street
    whistle_id = await drafted(street, await accepted(street), who=WORKER, kind=WhistleKind.EMERGENCY, self_effort=None)
    assert await waiting(desk, DISPATCHER, whistle_id) == ["BLOW"]
    assert await waiting(desk, WORKER, whistle_id) == []
    await do(street, lambda tx: emergencies.blow_drafted_emergency(tx, whistle_id))
    assert "BLOW" not in await waiting(desk, DISPATCHER, whistle_id)


async def test_a_draft_waits_for_its_drafter_also_when_it_was_sent_back(desk: Desk) -> None:
    street = desk.street
    whistle_id = await drafted(street, await accepted(street), who=WORKER)
    assert await waiting(desk, WORKER, whistle_id) == ["REVISE"]
    assert await waiting(desk, DISPATCHER, whistle_id) == []
    await do(street, lambda tx: whistles.submit(tx, whistle_id), WORKER)
    assert await waiting(desk, WORKER, whistle_id) == []
    assert await waiting(desk, CHIEF, whistle_id) == ["APPROVE"]
    await do(street, lambda tx: whistles.send_back(tx, whistle_id, "请写明位置"), CHIEF)
    assert await waiting(desk, WORKER, whistle_id) == ["REVISE"]


async def test_a_declared_arrival_waits_to_be_confirmed(desk: Desk) -> None:
    street = desk.street
    case_id, whistle_id = await blown(street)
    assignment_id = await assignment_of(street, case_id, "CG")
    await do(street, lambda tx: assignments.acknowledge(tx, assignment_id, ["姜示序"]), "CG")
    await do(street, lambda tx: assignments.arrive(tx, assignment_id), "CG")
    assert await waiting(desk, DISPATCHER, whistle_id) == ["CONFIRM_ARRIVAL"]
    await do(street, lambda tx: assignments.confirm_arrival(tx, assignment_id))
    assert await waiting(desk, DISPATCHER, whistle_id) == []


async def test_a_closed_whistle_waits_for_the_ratings_of_street_and_county(desk: Desk) -> None:
    street = desk.street
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id)
    await do(street, lambda tx: whistle_closing.close(tx, whistle_id, "已清移。", CloseKind.SOLVED))
    assert await waiting(desk, DEPUTY, whistle_id) == ["RATE"]
    assert await waiting(desk, COUNTY, whistle_id) == ["JUDGE"]
    await do(street, lambda tx: evaluations.judge(tx, whistle_id, True), COUNTY)
    assert await waiting(desk, COUNTY, whistle_id) == []
    await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "CG", Scores(90, 90, 90)), DEPUTY)
    assert await waiting(desk, DEPUTY, whistle_id) == ["RATE"]
    await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "JJ", Scores(90, 90, 90)), DEPUTY)
    assert await waiting(desk, DEPUTY, whistle_id) == []


async def test_a_promise_waits_for_whoever_made_it_and_late_for_the_dispatcher(desk: Desk) -> None:
    """Z-49: a promise that no department made is its maker's own to keep."""
    street = desk.street
    case_id = await accepted(street)
    promised = await do(
        street, lambda tx: promises.make(tx, case_id, content="周五前清扫", due_on=street.now.date()), WORKER
    )
    assert await actions(desk, WORKER) == ["PROMISE"]
    assert "PROMISE" not in await actions(desk, DISPATCHER)
    await street.pool.execute("UPDATE promise SET overdue_at = now() WHERE id = $1", promised.record_id)
    assert "PROMISE" in await actions(desk, DISPATCHER)


async def actions(desk: Desk, who: str) -> list[str]:
    """What waits for a member of staff, whatever it is about."""
    nodes = (await desk.ask(TASKS, desk.street.viewer(who)))["viewer"]["tasks"]["nodes"]
    return sorted(node["action"] for node in nodes)
