"""The demonstration street's campaigns 专项整治: what grew out of a case, as steps of that case and as rows (S-21)."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from shaodao.demo.cast import by_staff, dispatcher
from shaodao.demo.copying import Row
from shaodao.demo.identifiers import account_id, campaign_id, case_id
from shaodao.demo.parts import Scene
from shaodao.demo.source import Campaign, Case
from shaodao.demo.story import Step
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import CampaignState
from shaodao.domain.permissions import county_of

_MORNING, _AFTERNOON = time(9), time(15)
_TO_END = timedelta(hours=1)
_SCOPE = "对照本案问题，在全街道范围内排查整治同类问题。"


def campaigns_of(scene: Scene, case: Case) -> tuple[Campaign, ...]:
    """The campaigns that grew from the case."""
    return tuple(campaign for campaign in scene.street.campaigns if campaign.from_case == case.seq)


def campaign_steps(scene: Scene, case: Case) -> list[Step]:
    """The steps of the case's campaigns: grown on the first day, counted and ended on the last."""
    return [step for campaign in campaigns_of(scene, case) for step in _steps(scene, campaign)]


def campaign_rows(scene: Scene, case: Case) -> list[Row]:
    """Rows of ``campaign``."""
    chief = account_id(dispatcher(scene))
    return [
        {
            "county_code": county_of(case.grid), "id": campaign_id(campaign.id), "name": campaign.name, "scope": _SCOPE,
            "street_code": scene.street.code, "source_case_id": case_id(case.seq), "starts_on": campaign.start,
            "ends_on": campaign.end, "found": campaign.found, "cleared": campaign.cleared, "report": _report(campaign),
            "state": CampaignState.ENDED, "started_by": chief, "started_at": _grown_at(campaign), "ended_by": chief,
            "ended_at": _counted_at(campaign) + _TO_END, "version": 3,
        }
        for campaign in campaigns_of(scene, case)
    ]  # fmt: skip


def campaign_case_rows(scene: Scene, case: Case) -> list[Row]:
    """Rows of ``campaign_case``: the source case itself."""
    return [
        {
            "county_code": county_of(case.grid), "campaign_id": campaign_id(campaign.id), "case_id": case_id(case.seq),
            "joined_at": _grown_at(campaign),
        }
        for campaign in campaigns_of(scene, case)
    ]  # fmt: skip


def _steps(scene: Scene, campaign: Campaign) -> Iterator[Step]:
    chief, named = dispatcher(scene), f"专项整治“{campaign.name}”"
    counts = f"发现{campaign.found}，清理{campaign.cleared}"
    counted = _counted_at(campaign)
    told = [
        (_grown_at(campaign), "growCampaign", f"{chief}由本案发起{named}", _SCOPE),
        (counted, "recordCampaignCounts", f"{chief}登记{named}：{counts}", None),
        (counted + _TO_END, "endCampaign", f"{chief}结束{named}：{counts}", _report(campaign)),
    ]
    payload = {"campaign_id": str(campaign_id(campaign.id))}
    for at, type_, text, detail in told:
        yield by_staff(scene, chief, Step(at, type_, text, detail, public=True, payload=payload))


def _grown_at(campaign: Campaign) -> datetime:
    return _at(campaign.start, _MORNING)


def _counted_at(campaign: Campaign) -> datetime:
    return _at(campaign.end, _AFTERNOON)


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, SHANGHAI)


def _report(campaign: Campaign) -> str:
    left = campaign.found - campaign.cleared
    return f"共发现{campaign.found}处，清理{campaign.cleared}处，其余{left}处转入日常管理。"
