"""A joint whistle of two counties 跨区联合哨: one whistle in either, linked, each told how the other stands (B.1, C.2.3; scale.md 12)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases, whistle_closing, whistles
from shaodao.commands.cross_area import hear, to_tell
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.running import Command, connection_of
from shaodao.commands.transaction import Outcome
from shaodao.delivery.linking import Linker
from shaodao.domain.errors import InvalidInput
from shaodao.domain.permissions import SYSTEM, Grant, Viewer
from shaodao.domain.vocabulary import LeaderRank, Role, WhistleKind
from tests.integration.conftest import Street
from tests.integration.test_commands_whistles_kinds import other_street
from tests.integration.whistle_steps import CHIEF, LEAD, accepted, blown_on, do, whistle_input

NEAR, FAR = 990101, 990102


@dataclass(frozen=True)
class Neighbour:
    """The street of the other county, with a dispatcher and a chief of its own."""

    street: Street
    code: str

    def viewer(self, role: Role, rank: LeaderRank | None = None) -> Viewer:
        name = "钱示邻" if role is Role.STREET_DISPATCHER else "冯示邻"
        return Viewer(f"far.{role}", name, (Grant(role, self.code, rank=rank),), self.accounts[role])

    @property
    def accounts(self) -> dict[Role, UUID]:
        return {Role.STREET_DISPATCHER: UUID(int=1), Role.STREET_LEADER: UUID(int=2)}

    async def run(self, command: Command, role: Role = Role.STREET_DISPATCHER) -> Outcome:
        rank = LeaderRank.CHIEF if role is Role.STREET_LEADER else None
        return await self.street.runner.run(
            command, actor=self.viewer(role, rank), county=FAR, now=self.street.now
        )  # fmt: skip


async def neighbour(street: Street) -> Neighbour:
    return Neighbour(street, await other_street(street))


async def told(street: Street) -> None:
    """Let the linker tell until nothing is untold."""
    linker = Linker(street.pool, street.runner, SYSTEM, lambda: street.now)
    for _ in range(3):
        await linker.one_pass()


async def link(street: Street, county: int) -> Any:
    [found] = await street.pool.fetch("SELECT * FROM cross_area_link WHERE county_code = $1", county)
    return found


async def invited(street: Street, code: str) -> tuple[UUID, UUID]:
    """A CROSS_AREA whistle blown here; the case of it, and of the invitation there."""
    case_id = await accepted(street)
    await blown_on(
        street,
        case_id,
        kind=WhistleKind.CROSS_AREA,
        partner_street_code=code,
        assemble_at=street.now + timedelta(days=2),
    )
    await told(street)
    return case_id, (await link(street, FAR))["case_id"]


async def test_two_counties_blow_one_whistle_each(street: Street) -> None:
    far = await neighbour(street)
    case_id, there = await invited(street, far.code)
    case = await street.pool.fetchrow("SELECT * FROM case_file WHERE county_code = $1 AND id = $2", FAR, there)
    own = await street.pool.fetchrow("SELECT * FROM case_file WHERE id = $1", case_id)
    assert case is not None
    assert own is not None
    assert (case["street_code"], case["channel"], case["source_reference"]) == (far.code, "DEPARTMENT", own["number"])
    assert case["number"].startswith("990102001-")
    assert "邀请联合处置" in case["description"]
    assert (case["reporter_name_masked"], case["reporter_phone_masked"]) == (None, None)
    near = await link(street, NEAR)
    assert (near["partner_case_number"], near["partner_case_state"], near["partner_number"]) == (
        case["number"],
        "REGISTERED",
        None,
    )

    await far.run(lambda tx: cases.accept(tx, there))
    content = whistle_input(
        WhistleKind.CROSS_AREA, parties=[PartyInput("HB", LEAD)], assemble_at=street.now + timedelta(days=2)
    )
    drafted = await far.run(lambda tx: whistles.draft(tx, there, content))
    assert drafted.whistle_id is not None
    answer = drafted.whistle_id
    with pytest.raises(InvalidInput) as caught:
        await far.run(lambda tx: whistles.draft(tx, there, content))
    assert caught.value.faults[0].path == "kind"
    with pytest.raises(InvalidInput) as caught:
        await far.run(lambda tx: whistles.draft(tx, there, replace(content, partner_street_code="990101002000")))
    assert caught.value.faults[0].path == "partnerStreetCode"
    await far.run(lambda tx: whistles.submit(tx, answer))
    await far.run(lambda tx: whistles.approve(tx, answer), Role.STREET_LEADER)
    await told(street)
    near, theirs = await link(street, NEAR), await link(street, FAR)
    assert (near["direction"], near["partner_state"]) == ("INVITING", "BLOWN")
    assert near["partner_number"] == f"{case['number']}-W1"
    assert (theirs["direction"], theirs["partner_state"], theirs["whistle_id"]) == ("INVITED", "BLOWN", answer)
    first = await street.pool.fetchrow("SELECT * FROM whistle WHERE county_code = $1", NEAR)
    assert first is not None
    assert (first["partner_county_code"], first["partner_whistle_id"]) == (FAR, answer)
    last = await street.pool.fetchval(
        "SELECT text FROM case_event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", case_id
    )
    assert last == f"邻示街道联合哨 {case['number']}-W1：已吹哨"


async def test_what_becomes_of_one_side_the_other_hears_once(street: Street) -> None:
    far = await neighbour(street)
    _, there = await invited(street, far.code)
    before = await street.pool.fetchval("SELECT count(*) FROM case_event WHERE case_id = $1", there)
    await told(street)
    assert await street.pool.fetchval("SELECT count(*) FROM case_event WHERE case_id = $1", there) == before
    near = await link(street, NEAR)
    await do(street, lambda tx: whistle_closing.withdraw(tx, near["whistle_id"], "水域已清理"), CHIEF)
    async with street.pool.acquire() as lent, lent.transaction():
        telling = await to_tell(connection_of(lent), NEAR, near["id"])
    assert telling is not None
    system = replace(SYSTEM, grants=(Grant(Role.SYSTEM, far.code),))
    for _ in range(2):  # told, and told again after a crash before it was marked
        await street.runner.run(lambda tx: hear(tx, telling), actor=system, county=FAR, now=street.now)
    await told(street)
    assert (await link(street, FAR))["partner_state"] == "WITHDRAWN"
    heard = await street.pool.fetch("SELECT text FROM case_event WHERE case_id = $1 AND type = 'crossAreaHeard'", there)
    assert [event["text"][-3:] for event in heard] == ["已撤哨"]


async def test_a_link_that_cannot_be_told_keeps_no_other_waiting(street: Street) -> None:
    far = await neighbour(street)
    case_id = await accepted(street)
    broken = await blown_on(
        street,
        case_id,
        kind=WhistleKind.CROSS_AREA,
        partner_street_code=far.code,
        assemble_at=street.now + timedelta(days=2),
    )
    await street.pool.execute(
        "UPDATE cross_area_link SET id = $2, partner_street_code = '990102999000' WHERE id = $1", broken, UUID(int=7)
    )
    await blown_on(
        street, await accepted(street), kind=WhistleKind.CROSS_AREA, partner_street_code=far.code,
        assemble_at=street.now + timedelta(days=2),
    )  # fmt: skip
    await told(street)
    assert (await link(street, FAR))["partner_state"] == "BLOWN"
