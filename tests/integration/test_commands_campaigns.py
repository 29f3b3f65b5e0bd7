"""Campaigns 专项整治 (S-21, J-20): grown from a case, counted, ended; the source case's history links back."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from shaodao.commands import campaigns
from shaodao.commands.transaction import Outcome
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from tests.integration.case_steps import DISPATCHER, TINGTAO, WORKER, accepted, closed, do, paths
from tests.integration.conftest import Street

LEADER = "张示远"
GIVEN: dict[str, Any] = {
    "name": "占道僵尸车专项整治", "scope": "排查全街道人行道、公共停车位上的僵尸车", "grid_codes": [TINGTAO],
    "starts_on": date(2026, 11, 23), "ends_on": date(2026, 12, 18),
}  # fmt: skip


async def grown(street: Street, case_id: UUID, who: str = DISPATCHER, **changes: Any) -> UUID:
    given = GIVEN | changes
    outcome = await do(street, lambda tx: campaigns.grow(tx, case_id, **given), who)
    assert outcome.record_id is not None
    return outcome.record_id


async def counted(street: Street, campaign_id: UUID, found: int, cleared: int, **more: Any) -> Outcome:
    return await do(street, lambda tx: campaigns.record_counts(tx, campaign_id, found=found, cleared=cleared, **more))


async def row_of(street: Street, campaign_id: UUID) -> Any:
    return await street.pool.fetchrow("SELECT * FROM campaign WHERE id = $1", campaign_id)


async def told(street: Street, case_id: UUID) -> Sequence[tuple[str, str]]:
    rows = await street.pool.fetch(
        "SELECT type, text FROM case_event WHERE case_id = $1 AND type LIKE '%Campaign%' ORDER BY seq", case_id
    )
    return [(row["type"], row["text"]) for row in rows]


async def test_a_campaign_grows_from_a_case_and_links_back(street: Street) -> None:
    """S-21: 5 abandoned vehicles reported, 28 found, 26 cleared."""
    source, other = await closed(street), await accepted(street, title="锦绣里僵尸车")
    campaign_id = await grown(street, source)
    await do(street, lambda tx: campaigns.join(tx, other, campaign_id=campaign_id), LEADER)
    await counted(street, campaign_id, 12, 3)
    outcome = await counted(street, campaign_id, 28, 26, text="其余2辆车主已承诺自行清移")
    assert (outcome.case_id, outcome.record_id) == (source, campaign_id)
    await do(street, lambda tx: campaigns.end(tx, campaign_id, report="余2辆转入日常管理。"), LEADER)

    row = await row_of(street, campaign_id)
    assert (row["found"], row["cleared"], row["state"], row["report"]) == (28, 26, "ENDED", "余2辆转入日常管理。")
    assert (row["source_case_id"], row["grid_codes"], row["street_code"]) == (source, [TINGTAO], street.data.code)
    cases = await street.pool.fetch("SELECT case_id FROM campaign_case WHERE campaign_id = $1", campaign_id)
    assert {found["case_id"] for found in cases} == {source, other}
    number = await street.pool.fetchval("SELECT number FROM case_file WHERE id = $1", other)
    assert await told(street, source) == [
        ("growCampaign", f"{DISPATCHER}由本案发起专项整治“占道僵尸车专项整治”"),
        ("joinCampaign", f"{LEADER}将案件{number}纳入专项整治“占道僵尸车专项整治”"),
        ("recordCampaignCounts", f"{DISPATCHER}登记专项整治“占道僵尸车专项整治”：发现12，清理3"),
        ("recordCampaignCounts", f"{DISPATCHER}登记专项整治“占道僵尸车专项整治”：发现28，清理26"),
        ("endCampaign", f"{LEADER}结束专项整治“占道僵尸车专项整治”：发现28，清理26"),
    ]
    assert await told(street, other) == [("joinCampaign", f"{LEADER}将案件纳入专项整治“占道僵尸车专项整治”")]


async def test_bad_campaigns_are_refused_with_every_fault(street: Street) -> None:
    case_id = await accepted(street)
    bad: list[tuple[dict[str, Any], set[str]]] = [
        ({"name": " ", "scope": "", "ends_on": date(2026, 11, 22)}, {"name", "scope", "endsOn"}),
        ({"starts_on": date(2026, 1, 1), "ends_on": date(9999, 12, 31)}, {"endsOn"}),
        ({"grid_codes": ["990101002001001", "x"]}, {"gridCodes"}),
        ({"grid_codes": [str(number) for number in range(101)]}, {"gridCodes"}),
    ]
    for changes, where in bad:
        with pytest.raises(InvalidInput) as caught:
            await grown(street, case_id, **changes)
        assert paths(caught) == where
    with pytest.raises(NotPermitted):
        await grown(street, case_id, WORKER)
    assert await street.pool.fetchval("SELECT count(*) FROM campaign") == 0
    assert (await row_of(street, await grown(street, case_id, grid_codes=[])))["grid_codes"] == []


async def test_bad_counts_are_refused_and_nothing_is_counted_after_the_end(street: Street) -> None:
    campaign_id = await grown(street, await accepted(street))
    for found, cleared, where in ((2, 3, {"cleared"}), (-1, 0, {"found", "cleared"}), (2**31, 0, {"found"})):
        with pytest.raises(InvalidInput) as caught:
            await counted(street, campaign_id, found, cleared)
        assert paths(caught) == where
    await counted(street, campaign_id, 2, 1, expected_version=1)
    with pytest.raises(StateConflict, match="now 2"):
        await counted(street, campaign_id, 3, 1, expected_version=1)
    with pytest.raises(NotFound):
        await counted(street, uuid4(), 1, 1)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: campaigns.record_counts(tx, campaign_id, found=9, cleared=9), WORKER)
    await do(street, lambda tx: campaigns.end(tx, campaign_id, report="完成"))
    with pytest.raises(StateConflict, match="ended"):
        await counted(street, campaign_id, 3, 2)
    with pytest.raises(StateConflict, match="ended"):
        await do(street, lambda tx: campaigns.end(tx, campaign_id, report="再次完成"))
    row = await row_of(street, campaign_id)
    assert (row["found"], row["cleared"], row["version"]) == (2, 1, 3)


async def test_a_case_joins_a_running_campaign_of_its_street_once(street: Street) -> None:
    source, other, late = [await accepted(street) for _ in range(3)]
    campaign_id = await grown(street, source)
    joining = [do(street, lambda tx: campaigns.join(tx, other, campaign_id=campaign_id)) for _ in range(3)]
    outcomes = await asyncio.gather(*joining, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Outcome", "StateConflict", "StateConflict"]
    with pytest.raises(StateConflict, match="has the case already"):
        await do(street, lambda tx: campaigns.join(tx, source, campaign_id=campaign_id))
    with pytest.raises(NotFound, match="Campaign"):
        await do(street, lambda tx: campaigns.join(tx, late, campaign_id=uuid4()))
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: campaigns.join(tx, late, campaign_id=campaign_id), WORKER)
    await do(street, lambda tx: campaigns.end(tx, campaign_id, report="完成"))
    with pytest.raises(StateConflict, match="ended"):
        await do(street, lambda tx: campaigns.join(tx, late, campaign_id=campaign_id))
    assert len(await told(street, source)) == 3
