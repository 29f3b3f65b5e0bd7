"""Subscriptions: events come once and in order, a cursor resumes, and what the viewer may not see is not sent."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from api.operations import operation_files
from shaodao.domain.permissions import Viewer
from tests.integration.conftest import Street
from tests.integration.graphql_steps import (
    CALLER,
    CAR,
    CHIEF,
    COUNTY,
    DISPATCHER,
    SCENE,
    WORKER,
    accepted,
    blown,
    later,
    pending,
    registered,
    report,
    reported,
    staff,
)
from tests.integration.graphql_street import GraphQLStreet, Json, live_graphql_of

CASE = """
subscription ($id: ID!, $after: String) {
  caseChanged(id: $id, after: $after) { cursor event { seq type text } case { state } }
}
"""
BOARD = """
subscription ($division: String!, $after: String) {
  caseBoard(division: $division, after: $after) { cursor change id event { type } case { state } }
}
"""
WHISTLES = """
subscription ($division: String!, $after: String) {
  whistleBoard(division: $division, after: $after) { change id event { type } whistle { state } }
}
"""
INBOX = """
subscription ($organization: String!, $after: String) {
  assignmentInbox(organization: $organization, after: $after) { change id event { type } assignment { state } }
}
"""
STREET, OTHER_COMMUNITY = "990101001000", "990101001002"


@pytest.fixture
async def api(street: Street) -> AsyncIterator[GraphQLStreet]:
    async with live_graphql_of(street) as live:
        yield live


async def take(events: AsyncIterator[Json], number: int) -> list[Json]:
    """The next events' only field; fails when they do not come."""
    async with asyncio.timeout(20):
        return [next(iter((await anext(events)).values())) for _ in range(number)]


async def refusal(api: GraphQLStreet, viewer: Viewer, document: str, **variables: object) -> str:
    """The code with which a subscription is refused."""
    async with api.subscribed(viewer, document, **variables) as events:
        async with asyncio.timeout(20):
            refused = await anext(events)
    return str(refused["errors"][0]["code"])


async def test_a_case_is_followed_in_order_and_resumed_without_loss_or_repetition(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    dispatcher = staff(api, DISPATCHER)
    before = (await api.query(dispatcher, "{ feedCursor }"))["feedCursor"]
    await later(api, DISPATCHER, "acceptCase", caseId=case_id)
    async with api.subscribed(dispatcher, CASE, id=case_id, after=before) as events:
        await later(api, DISPATCHER, "classifyCase", caseId=case_id, urgency="URGENT")
        first = await take(events, 2)
    assert [each["event"]["type"] for each in first] == ["acceptCase", "classifyCase"]
    await blown(api, case_id)
    async with api.subscribed(dispatcher, CASE, id=case_id, after=first[0]["cursor"]) as events:
        rest = await take(events, 4)
    assert [each["event"]["seq"] for each in rest] == [3, 4, 5, 6]
    assert rest[-1]["case"] == {"state": "ASSIGNED"}


async def test_without_a_cursor_it_starts_when_it_is_asked_for(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    async with api.subscribed(staff(api, DISPATCHER), CASE, id=case_id) as events:
        waiting = asyncio.create_task(take(events, 1))
        while not api.services.feed._subscribers:
            await asyncio.sleep(0.01)
        await later(api, DISPATCHER, "acceptCase", caseId=case_id)
        [change] = await waiting
    assert change["event"]["type"] == "acceptCase"


async def test_a_resident_hears_the_public_steps_of_the_own_case_alone(api: GraphQLStreet) -> None:
    mine = {key: value for key, value in CAR.items() if key != "reporter"} | {"channel": "WECHAT"}
    answer = await later(api, "P014", "registerCase", "case { id }", **mine)
    case_id = answer["case"]["id"]
    async with api.subscribed(staff(api, "P014"), CASE, id=case_id, after=answer["cursor"]) as events:
        await later(api, DISPATCHER, "acceptCase", caseId=case_id)
        await blown(api, case_id)
        steps = [change["event"]["type"] for change in await take(events, 2)]
    assert steps == ["acceptCase", "approveWhistle"]
    assert await refusal(api, staff(api, "P013"), CASE, id=case_id) == "NOT_FOUND"


async def test_a_board_sends_what_enters_changes_and_leaves(api: GraphQLStreet) -> None:
    dispatcher = staff(api, DISPATCHER)
    cursor = (await api.query(dispatcher, "{ feedCursor }"))["feedCursor"]
    async with api.subscribed(dispatcher, BOARD, division=STREET, after=cursor) as events:
        case_id = await accepted(api)
        seen = await take(events, 2)
        await later(api, DISPATCHER, "settleCaseAtOnce", caseId=case_id, resultText="已清走", closeKind="SOLVED")
        seen += await take(events, 1)
        await later(api, CALLER, "recordFollowUp", caseId=case_id, channel="电话", contacted=True, solved="SOLVED")
        other = await registered(api)
        seen += await take(events, 1)
    assert [(each["change"], each["id"]) for each in seen] == [
        ("ENTERED", case_id), ("CHANGED", case_id), ("LEFT", case_id), ("ENTERED", other),
    ]  # fmt: skip
    assert seen[2]["case"] == {"state": "CLOSED"}


async def test_the_live_feed_of_the_explorer_runs(api: GraphQLStreet) -> None:
    [live_feed] = [one for one in operation_files() if one.name == "live-feed"]
    given = {**live_feed.variables, "after": await _cursor(api)}
    async with api.subscribed(staff(api, DISPATCHER), live_feed.document, **given) as events:
        case_id = await registered(api)
        [entered] = await take(events, 1)
    assert (entered["change"], entered["id"]) == ("ENTERED", case_id)
    assert entered["case"]["waitingOn"]["organization"]["name"] == "望潮街道网格指挥中心"


async def test_a_board_of_a_community_or_grid_has_its_cases_alone(api: GraphQLStreet) -> None:
    chief = staff(api, DISPATCHER)
    async with (
        api.subscribed(chief, BOARD, division=OTHER_COMMUNITY, after=(await _cursor(api))) as others,
        api.subscribed(staff(api, WORKER), BOARD, division="990101001001001", after=(await _cursor(api))) as own,
    ):
        here = await registered(api)
        there = await registered(api, point=None, divisionCode=OTHER_COMMUNITY)
        assert [each["id"] for each in await take(others, 1)] == [there]
        assert [each["id"] for each in await take(own, 1)] == [here]


async def test_what_a_viewer_may_not_see_is_not_sent(api: GraphQLStreet) -> None:
    async with api.subscribed(
        staff(api, WORKER), BOARD, division="990101001001001", after=(await _cursor(api))
    ) as events:
        await registered(api, visibility="RESTRICTED_MINOR")
        open_case = await registered(api)
        assert [each["id"] for each in await take(events, 1)] == [open_case]


async def test_the_county_hears_of_a_case_when_it_is_informed(api: GraphQLStreet) -> None:
    async with api.subscribed(staff(api, COUNTY), BOARD, division="990101000000", after=(await _cursor(api))) as events:
        case_id = await accepted(api)
        await blown(api, case_id)
        [first] = await take(events, 1)
    assert first["id"] == case_id


async def test_whistles_enter_change_and_leave_their_board(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    async with api.subscribed(staff(api, CHIEF), WHISTLES, division=STREET, after=await _cursor(api)) as events:
        whistle_id = await pending(api, case_id)
        seen = await take(events, 2)
        await later(api, CHIEF, "rejectWhistle", whistleId=whistle_id, text="街道可自行处置")
        seen += await take(events, 1)
    assert [each["change"] for each in seen] == ["ENTERED", "CHANGED", "LEFT"]
    assert {each["id"] for each in seen} == {whistle_id}
    assert seen[-1]["whistle"] == {"state": "REJECTED"}


async def test_an_emergency_enters_the_board_of_whistles(api: GraphQLStreet) -> None:
    async with api.subscribed(staff(api, CHIEF), WHISTLES, division=STREET, after=await _cursor(api)) as events:
        await later(api, DISPATCHER, "blowEmergencyWhistle", newCase=CAR | {"title": "起火"}, reason="居民楼起火冒烟")
        [first] = await take(events, 1)
    assert (first["change"], first["event"]["type"]) == ("ENTERED", "blowEmergencyWhistle")


async def test_an_inbox_holds_the_open_assignments_of_its_organization(api: GraphQLStreet) -> None:
    case_id, before = await accepted(api), await _cursor(api)
    _, assignments = await blown(api, case_id)
    mine = {"assignmentId": assignments["CG"]}
    async with api.subscribed(staff(api, "CG"), INBOX, organization="CG", after=before) as events:
        seen = await take(events, 1)
        await reported(api, "JJ", assignments["JJ"])
        await later(api, "CG", "acknowledgeAssignment", **mine, persons=["姜示序"])
        seen += await take(events, 1)
        await later(api, "CG", "arriveAtScene", **mine, point=SCENE)
        await later(api, "CG", "reportResult", **mine, **report(api))
        await later(api, DISPATCHER, "verifyReport", **mine, method="PHOTO", text="属实")
        seen += await take(events, 1)
    assert {each["id"] for each in seen} == {assignments["CG"]}
    assert [each["change"] for each in seen] == ["ENTERED", "CHANGED", "LEFT"]
    assert seen[0]["event"]["type"] == "approveWhistle"
    assert seen[2]["assignment"] == {"state": "VERIFIED"}


async def test_what_is_taken_from_an_organization_leaves_its_inbox(api: GraphQLStreet) -> None:
    """C.4: reassigned, or withdrawn with its case, an assignment is out of the inbox; what comes later is not told."""
    case_id = await accepted(api)
    _, assignments = await blown(api, case_id)
    objecting = staff(api, "CG")
    async with api.subscribed(objecting, INBOX, organization="CG", after=await _cursor(api)) as events:
        await later(
            api,
            "CG",
            "raiseObjection",
            assignmentId=assignments["CG"],
            reasonKind="NOT_OUR_DUTY",
            text="不属本单位职责",
        )
        seen = await take(events, 1)
        await later(
            api, DISPATCHER, "decideObjection", assignmentId=assignments["CG"], granted=True, text="成立", reassignTo="HB",
            dutyBasis="环境保护",
        )  # fmt: skip
        await later(api, DISPATCHER, "recordCommunication", caseId=case_id, kind="CONTACT", text="已联系。")
        other = await accepted(api)
        await later(
            api,
            DISPATCHER,
            "dispatchCase",
            caseId=other,
            parties=[{"organizationCode": "CG", "role": "LEAD"}],
            dutyBasis="市容",
        )
        seen += await take(events, 2)
        await later(
            api, DISPATCHER, "transferToLegalWay", caseId=other, body="区人民法院", number="1", explanation="属民事纠纷"
        )
        seen += await take(events, 1)
    assert [each["change"] for each in seen] == ["CHANGED", "LEFT", "ENTERED", "LEFT"]
    assert [each["assignment"]["state"] for each in (seen[1], seen[3])] == ["REASSIGNED", "WITHDRAWN"]


async def test_what_lies_outside_the_grants_is_refused(api: GraphQLStreet) -> None:
    assert await refusal(api, staff(api, WORKER), BOARD, division=STREET) == "NOT_PERMITTED"
    assert await refusal(api, staff(api, DISPATCHER), WHISTLES, division="990102001000") == "NOT_PERMITTED"
    assert await refusal(api, staff(api, DISPATCHER), BOARD, division="99") == "INVALID_INPUT"
    assert await refusal(api, staff(api, "CG"), INBOX, organization="JJ") == "NOT_PERMITTED"
    assert await refusal(api, staff(api, DISPATCHER), INBOX, organization="CG") == "NOT_PERMITTED"
    assert await refusal(api, Viewer("nobody", "无示"), BOARD, division=STREET) == "NOT_PERMITTED"


async def test_bad_ids_and_cursors_are_refused(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    dispatcher = staff(api, DISPATCHER)
    assert await refusal(api, dispatcher, CASE, id="?") == "INVALID_ID"
    assert await refusal(api, dispatcher, CASE, id=f"Case:990101:{uuid4()}") == "NOT_FOUND"
    assert await refusal(api, dispatcher, CASE, id=f"Case:110101:{uuid4()}") == "NOT_FOUND"
    assert await refusal(api, dispatcher, CASE, id=case_id, after="garbage") == "INVALID_CURSOR"
    assert await refusal(api, dispatcher, CASE, id=case_id, after=f"9.1.{uuid4()}") == "CURSOR_EXPIRED"


async def test_a_subscriber_that_is_too_slow_is_cut_off_with_a_code(street: Street) -> None:
    async with live_graphql_of(street, queue=1) as api:
        case_id = await registered(api)
        async with api.subscribed(staff(api, DISPATCHER), CASE, id=case_id) as events:
            waiting = asyncio.create_task(take(events, 1))
            while not api.services.feed._subscribers:
                await asyncio.sleep(0.01)
            await later(api, DISPATCHER, "acceptCase", caseId=case_id)
            await waiting
            await blown(api, case_id)
            while not next(iter(api.services.feed._subscribers))._cut:
                await asyncio.sleep(0.01)
            async with asyncio.timeout(20):
                told = [event async for event in events]
        assert told[-1] == {"errors": [{"code": "SUBSCRIBER_TOO_SLOW"}]}


async def _cursor(api: GraphQLStreet) -> str:
    return str((await api.query(staff(api, DISPATCHER), "{ feedCursor }"))["feedCursor"])
