"""Promises and campaigns in the API: public promises are everybody's, their cases are not (Z-49, S-21, C.7)."""

from typing import Any

import pytest

from tests.integration.case_steps import DISPATCHER, RESIDENT, WORKER
from tests.integration.conftest import Street
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of
from tests.integration.test_demo_cases import load

FIELDS = """
id content state public overdue dueOn selfScore citizenScore promiserName settleText organization { code }
promiser { name } case { number }
"""
LIST = f"query ($filter: PromiseFilter) {{ promises(filter: $filter) {{ nodes {{ {FIELDS} }} }} }}"
CAMPAIGNS = """
{ campaigns { nodes {
  name state found cleared startsOn endsOn report gridCodes version sourceCase { number } cases { joinedAt case { number } }
} } }
"""
ELEVATOR, GARBAGE = "2026-11-25前完成电梯检验并公布维修方案", "东岙垃圾每日清运两次"


@pytest.fixture
async def api(street: Street) -> GraphQLStreet:
    """The street with its cases, behind the schema."""
    await load(street, street.now, keep_times=True)
    return graphql_of(street)


async def promises(api: GraphQLStreet, viewer: Any, **wanted: Any) -> list[Json]:
    nodes: list[Json] = (await api.query(viewer, LIST, filter=wanted or None))["promises"]["nodes"]
    return nodes


async def test_everybody_reads_public_promises_and_only_those_concerned_the_case(api: GraphQLStreet) -> None:
    street = api.street
    seen = await promises(api, street.resident("P001"))
    assert [node["content"] for node in seen] == [GARBAGE, ELEVATOR]
    assert seen[0] | {"id": None} == {
        "id": None, "content": GARBAGE, "state": "FULFILLED", "public": True, "overdue": False, "dueOn": "2026-11-12",
        "selfScore": 92, "citizenScore": 88, "organization": {"code": "CG"}, "promiserName": None, "settleText": None,
        "promiser": None, "case": None,
    }  # fmt: skip
    own = next(node for node in await promises(api, street.department_viewer("SC")) if node["content"] == ELEVATOR)
    assert (own["promiserName"], own["case"]) == ("水示称", {"number": "990101001-20261111-0018"})
    assert len(await promises(api, street.department_viewer("ZJ"))) == 2
    everything = await promises(api, street.viewer(DISPATCHER))
    assert [node["dueOn"] for node in everything] == ["2026-11-12", "2026-11-25", "2026-11-30"]
    assert [node["dueOn"] for node in await promises(api, street.viewer(DISPATCHER), states=["IN_PROGRESS"], public=False)] == [
        "2026-11-30"
    ]  # fmt: skip
    assert await promises(api, street.viewer(DISPATCHER), overdue=True) == []
    assert len(await promises(api, street.viewer(DISPATCHER), organization="CG", street="990101001000")) == 1


async def test_a_case_made_confidential_takes_its_public_promise_back(api: GraphQLStreet) -> None:
    await api.street.pool.execute("UPDATE case_file SET confidential = true WHERE number = '990101001-20261111-0018'")
    assert [node["content"] for node in await promises(api, api.street.resident("P001"))] == [GARBAGE]


async def test_a_promise_through_the_api(api: GraphQLStreet) -> None:
    street = api.street
    chief, handler = street.viewer(DISPATCHER), street.department_viewer("SC")
    found = await api.query(chief, '{ case(number: "990101001-20261111-0018") { id promises { content } } }')
    case = found["case"]["id"]
    assert [node["content"] for node in found["case"]["promises"]] == [ELEVATOR]
    made = await api.done(
        handler, "makePromise", f"promise {{ {FIELDS} }} case {{ version }}", caseId=case, content="每周通报进度",
        dueOn="2026-11-27",
    )  # fmt: skip
    promise = made["promise"]["id"]
    assert (made["promise"]["organization"], made["promise"]["public"]) == ({"code": "SC"}, False)
    published = await api.done(chief, "publishPromise", "promise { public publishedAt }", promiseId=promise)
    assert published["promise"]["public"] is True
    refused = await api.act(street.resident("P001"), "settlePromise", promiseId=promise, fulfilled=True, text="好")
    assert refused["__typename"] == "NotPermitted"
    refused = await api.act(handler, "makePromise", caseId=case, content="", dueOn="2026-11-19")
    assert {fault["path"] for fault in refused["faults"]} == {"content", "dueOn"}
    settled = await api.done(
        handler, "settlePromise", "promise { state settleText settledBy { name } } case { deadlines { kind state } }",
        promiseId=promise, fulfilled=False, text="待厂家确认",
    )  # fmt: skip
    assert settled["promise"] == {"state": "UNFULFILLED", "settleText": "待厂家确认", "settledBy": {"name": "水示称"}}
    states = [clock["state"] for clock in settled["case"]["deadlines"] if clock["kind"] == "PROMISE"]
    assert sorted(states) == ["RUNNING", "STOPPED"]
    scored = await api.done(
        street.resident("P020"), "scorePromise", "promise { citizenScore promiserName }", promiseId=promise, score=40,
        citizen=True,
    )  # fmt: skip
    assert scored["promise"] == {"citizenScore": 40, "promiserName": "水示称"}


async def test_campaigns_are_read_by_staff_and_link_back(api: GraphQLStreet) -> None:
    street = api.street
    [campaign] = (await api.query(street.viewer(DISPATCHER), CAMPAIGNS))["campaigns"]["nodes"]
    first = {"number": "990101001-20261009-0001"}
    assert (campaign["found"], campaign["cleared"], campaign["state"], campaign["sourceCase"]) == (
        28,
        26,
        "ENDED",
        first,
    )
    assert [taken["case"] for taken in campaign["cases"]] == [first]
    back = '{ case(number: "990101001-20261009-0001") { campaigns { campaign { name } } } }'
    answer = await api.query(street.viewer(DISPATCHER), back)
    assert answer["case"]["campaigns"] == [{"campaign": {"name": "占道僵尸车专项整治"}}]
    [other] = (await api.query(street.department_viewer("MZ"), CAMPAIGNS))["campaigns"]["nodes"]
    assert (other["name"], other["sourceCase"], other["cases"]) == (campaign["name"], None, [])
    assert (await api.query(street.resident(RESIDENT), CAMPAIGNS))["campaigns"]["nodes"] == []


async def test_a_campaign_through_the_api(api: GraphQLStreet) -> None:
    street, chief = api.street, api.street.viewer(DISPATCHER)
    numbers = ("990101001-20261111-0018", "990101001-20261119-0012")
    source, other = [
        (await api.query(chief, f'{{ case(number: "{number}") {{ id }} }}'))["case"]["id"] for number in numbers
    ]  # fmt: skip
    given = {"name": "老旧电梯排查", "scope": "全街道老旧电梯", "startsOn": "2026-11-23", "endsOn": "2026-12-31"}
    refused = await api.act(street.viewer(WORKER), "growCampaign", caseId=other, **given)
    assert refused["__typename"] == "NotPermitted"
    grown = await api.done(chief, "growCampaign", "campaign { id gridCodes } case { number }", caseId=source, **given)
    campaign = grown["campaign"]["id"]
    assert grown["campaign"]["gridCodes"] == []
    joined = await api.done(chief, "joinCampaign", "case { number }", caseId=other, campaignId=campaign)
    assert joined["case"]["number"] == numbers[1]
    counts = {"campaignId": campaign, "found": 5, "cleared": 6}
    refused = await api.act(chief, "recordCampaignCounts", **counts)
    assert [fault["path"] for fault in refused["faults"]] == ["cleared"]
    counted = await api.done(
        chief, "recordCampaignCounts", "campaign { found cleared version } case { number }", **counts | {"cleared": 2}
    )
    assert counted["campaign"] == {"found": 5, "cleared": 2, "version": 2}
    assert counted["case"]["number"] == numbers[0]
    ended = await api.done(
        chief, "endCampaign", "campaign { state report }", campaignId=campaign, report="已排查完毕。"
    )
    assert ended["campaign"] == {"state": "ENDED", "report": "已排查完毕。"}
    refused = await api.act(chief, "endCampaign", campaignId=campaign, report="再来")
    assert (refused["__typename"], refused["state"]) == ("StateConflict", "ENDED")
