"""Campaigns 专项整治 (reference S-21, J-20): grown from one case over an area, counted, and linked back to their cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NoReturn
from uuid import UUID

from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, only_text, optional_text
from shaodao.commands.facts import lock_case
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import CampaignState
from shaodao.domain.errors import Faults, InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.facts import CaseFacts

_GROW = """
INSERT INTO campaign (
    county_code, id, name, scope, street_code, grid_codes, source_case_id, starts_on, ends_on, state, started_by, started_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'RUNNING', $10, $11)
"""
_TAKE_UP = """
INSERT INTO campaign_case (county_code, campaign_id, case_id, joined_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (county_code, campaign_id, case_id) DO NOTHING RETURNING case_id
"""
_SOURCE_OF = "SELECT source_case_id FROM campaign WHERE county_code = $1 AND id = $2"
_READ = "SELECT id, name, street_code, state, version FROM campaign WHERE county_code = $1 AND id = $2"
_COUNT = """
UPDATE campaign SET found = $3, cleared = $4, version = version + 1 WHERE county_code = $1 AND id = $2
"""
_END = """
UPDATE campaign SET state = 'ENDED', report = $3, ended_by = $4, ended_at = $5, version = version + 1
WHERE county_code = $1 AND id = $2 RETURNING found, cleared
"""
_KNOWN_GRIDS = """
SELECT code FROM grid WHERE county_code = $1 AND code = ANY($2::text[]) AND street_code = $3 AND valid_to IS NULL
"""
_TOUCH = "UPDATE case_file SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"

_LONGEST = timedelta(days=3660)
"""A longer campaign is a slip of the pen."""
_MOST_GRIDS = 100
_MOST = 2**31 - 1
"""The greatest count that the table holds."""


@dataclass(frozen=True)
class _Campaign:
    """A campaign under the lock of its source case, and that case."""

    source: CaseFacts
    id: UUID
    name: str
    street_code: str
    state: CampaignState
    version: int


async def grow(
    tx: Transaction, case_id: UUID, *, name: str, scope: str, grid_codes: Sequence[str] = (), starts_on: date, ends_on: date,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Grow a campaign 专项整治 from a case: what was found at one place is looked for in an area (S-21).

    ``scope`` tells in words what is looked for and where; ``grid_codes`` lie in the case's street, none of them means the
    whole of it. Raises InvalidInput at ``name``, ``scope``, ``gridCodes`` and ``endsOn``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "growCampaign", case_id, expected_version)
    limits, faults = tx.ground.rulebook.texts, Faults()
    called = checked_text(faults, "name", name, limits.title)
    reach = checked_text(faults, "scope", scope, limits.reason)
    grids = await _checked_grids(tx, faults, facts, grid_codes)
    if not timedelta() <= ends_on - starts_on <= _LONGEST:
        faults.add(
            "endsOn", "结束日期须不早于开始日期，且不得过远", "the end lies not before the start, nor too far after it"
        )
    faults.check()
    campaign_id = tx.new_id()
    await tx.connection.execute(
        _GROW, tx.county, campaign_id, called, reach, facts.street_code, grids, case_id, starts_on, ends_on,
        tx.actor.account_id, tx.now,
    )  # fmt: skip
    await tx.connection.execute(_TAKE_UP, tx.county, campaign_id, case_id, tx.now)
    text = f"{tx.actor.name}由本案发起专项整治“{called}”"
    step = CaseStep("growCampaign", "growCampaign", text, detail=reach, payload={"campaign_id": str(campaign_id)})
    return await _finish(tx, facts, step, campaign_id)


async def join(tx: Transaction, case_id: UUID, *, campaign_id: UUID, expected_version: int | None = None) -> Outcome:
    """Take another case of the street up in a running campaign 纳入专项整治; its source case's history tells of it too.

    Raises NotFound, NotPermitted, StateConflict for a campaign that has ended or has the case already.
    """
    source_id = await _source_of(tx, campaign_id)
    # Two cases are locked in the order of their ids, so that no two commands wait crosswise.
    for either in sorted({case_id, source_id}):
        await _lock(tx, either, case_id, campaign_id)
    facts = await decide_case(tx, "joinCampaign", case_id, expected_version)
    campaign = await _campaign(tx, campaign_id, source_id)
    if facts.street_code != campaign.street_code:
        raise NotFound("Campaign", str(campaign_id))
    _check_running(campaign)
    if await tx.connection.fetchval(_TAKE_UP, tx.county, campaign_id, case_id, tx.now) is None:
        CASE_MACHINE.conflict("案件已纳入该专项整治", "the campaign has the case already", facts, tx.actor)
    payload = {"campaign_id": str(campaign_id), "case_id": str(case_id)}
    other = CaseStep(
        "joinCampaign", "joinCampaign", f"{tx.actor.name}将案件{facts.number}纳入专项整治“{campaign.name}”", public=False,
        payload=payload,
    )  # fmt: skip
    await record_case(tx, campaign.source, other)
    text = f"{tx.actor.name}将案件纳入专项整治“{campaign.name}”"
    return await _finish(tx, facts, CaseStep("joinCampaign", "joinCampaign", text, payload=payload), campaign_id)


async def record_counts(
    tx: Transaction, campaign_id: UUID, *, found: int, cleared: int, text: str | None = None, expected_version: int | None = None
) -> Outcome:  # fmt: skip
    """Record how many were found and how many of them cleared 发现、清理 by now; the counts replace those before.

    ``expected_version``: the campaign's. Raises NotFound, InvalidInput at ``found``, ``cleared`` and ``text``,
    NotPermitted, StateConflict for one that has ended.
    """
    campaign = await _locked(tx, campaign_id, expected_version)
    faults = Faults()
    if not 0 <= found <= _MOST:
        faults.add("found", "数量超出范围", "the count is out of range")
    if not 0 <= cleared <= found:
        faults.add("cleared", "清理数须在0与发现数之间", "cleared lies between 0 and found")
    said = optional_text(faults, "text", text, tx.ground.rulebook.texts.explanation)
    faults.check()
    await tx.connection.execute(_COUNT, tx.county, campaign_id, found, cleared)
    sentence = f"{tx.actor.name}登记专项整治“{campaign.name}”：发现{found}，清理{cleared}"
    payload = {"campaign_id": str(campaign_id), "found": found, "cleared": cleared}
    step = CaseStep("growCampaign", "recordCampaignCounts", sentence, detail=said, payload=payload)
    return await _finish(tx, campaign.source, step, campaign_id)


async def end(tx: Transaction, campaign_id: UUID, *, report: str, expected_version: int | None = None) -> Outcome:
    """End a campaign with a report 总结; its counts stand from then on.

    ``expected_version``: the campaign's. Raises NotFound, InvalidInput at ``report``, NotPermitted, StateConflict for one
    that has ended.
    """
    campaign = await _locked(tx, campaign_id, expected_version)
    told = only_text("report", report, tx.ground.rulebook.texts.result)
    row = await tx.connection.fetchrow(_END, tx.county, campaign_id, told, tx.actor.account_id, tx.now)
    assert row is not None
    sentence = f"{tx.actor.name}结束专项整治“{campaign.name}”：发现{row['found']}，清理{row['cleared']}"
    payload = {"campaign_id": str(campaign_id), "found": row["found"], "cleared": row["cleared"]}
    step = CaseStep("growCampaign", "endCampaign", sentence, detail=told, payload=payload)
    return await _finish(tx, campaign.source, step, campaign_id)


async def _source_of(tx: Transaction, campaign_id: UUID) -> UUID:
    source: UUID | None = await tx.connection.fetchval(_SOURCE_OF, tx.county, campaign_id)
    if source is None:
        raise NotFound("Campaign", str(campaign_id))
    return source


async def _lock(tx: Transaction, either: UUID, case_id: UUID, campaign_id: UUID) -> None:
    """Lock one of two cases; a source that the actor does not see hides the campaign, not the case."""
    try:
        await lock_case(tx, either)
    except NotFound:
        if either == case_id:
            raise
        raise NotFound("Campaign", str(campaign_id)) from None


async def _locked(tx: Transaction, campaign_id: UUID, expected_version: int | None) -> _Campaign:
    """The running campaign under its source case's lock, for somebody who may grow one there, whatever became of the case."""
    source_id = await _source_of(tx, campaign_id)
    await _lock(tx, source_id, campaign_id, campaign_id)
    campaign = await _campaign(tx, campaign_id, source_id)
    if not CASE_MACHINE.permits(CASE_MACHINE.step("growCampaign"), campaign.source, tx.actor):
        raise NotPermitted("专项整治由街道指挥中心或街道领导办理", "the street's dispatcher or a leader runs campaigns")
    if expected_version is not None and expected_version != campaign.version:
        _conflict(
            campaign, f"内容已被他人更新（现为第 {campaign.version} 版）", f"changed by someone else (now {campaign.version})"
        )  # fmt: skip
    _check_running(campaign)
    return campaign


async def _campaign(tx: Transaction, campaign_id: UUID, source_id: UUID) -> _Campaign:
    row = await tx.connection.fetchrow(_READ, tx.county, campaign_id)
    assert row is not None
    columns: dict[str, Any] = {**row, "state": CampaignState[row["state"]]}
    return _Campaign(await lock_case(tx, source_id), **columns)


def _check_running(campaign: _Campaign) -> None:
    if campaign.state is not CampaignState.RUNNING:
        _conflict(campaign, "专项整治已结束", "the campaign has ended")


def _conflict(campaign: _Campaign, message: str, english: str) -> NoReturn:
    raise StateConflict(message, english, state=str(campaign.state), version=campaign.version)


async def _checked_grids(tx: Transaction, faults: Faults, facts: CaseFacts, codes: Sequence[str]) -> list[str]:
    wanted = sorted(set(codes))
    if len(wanted) > _MOST_GRIDS:
        raise InvalidInput.at("gridCodes", f"不能超过{_MOST_GRIDS}个网格", f"at most {_MOST_GRIDS} grids")
    rows = await tx.connection.fetch(_KNOWN_GRIDS, tx.county, wanted, facts.street_code)
    if len(rows) < len(wanted):
        faults.add("gridCodes", "含有不属于本街道的网格", "not every grid is one of the street's")
    return wanted


async def _finish(tx: Transaction, facts: CaseFacts, step: CaseStep, campaign_id: UUID) -> Outcome:
    await tx.connection.execute(_TOUCH, tx.county, facts.id, tx.now)
    await record_case(tx, facts, step)
    return await case_outcome(tx, facts.id, campaign_id)
