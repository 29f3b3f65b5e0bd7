"""Merging, similar cases and follow-ups over the API (C.3, C.7 guardrails 1 and 5, C.8, B.2)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schema.ids import GlobalId
from shaodao.commands import cases, follow_ups, merging
from shaodao.commands.follow_ups import FollowUpInput
from shaodao.commands.places import PointInput
from shaodao.commands.reporters import ReporterInput
from shaodao.domain.vocabulary import CloseKind, Satisfaction, SolvedLevel
from tests.integration.case_steps import CALLER, DISPATCHER, accepted, closed, dispatched, do, registered, verifying
from tests.integration.conftest import Street
from tests.integration.graphql_street import GraphQLStreet, graphql_of

LEADER, WORKER = "张示远", "周示岚"
SIMILAR = "similarCases { number score explanation ended state caseId }"
SMELL: dict[str, Any] = {
    "title": "A区17号油烟扰民", "description": "餐饮油烟直排，夜里也熏人。", "category_code": "A02",
}  # fmt: skip
FAR = PointInput(longitude=122.99, latitude=28.29, crs="CGCS2000")


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


def gid(street: Street, case_id: UUID) -> str:
    return str(GlobalId("Case", street.county, str(case_id)))


async def node(api: GraphQLStreet, who: str, case_id: UUID, selection: str) -> Any:
    street = api.street
    viewer = (
        street.resident(who) if who.startswith("P0")
        else street.department_viewer(who) if who.isascii() else street.viewer(who)
    )  # fmt: skip
    document = f"query ($id: ID!) {{ node(id: $id) {{ ... on Case {{ {selection} }} }} }}"
    return (await api.query(viewer, document, id=gid(street, case_id)))["node"]


async def test_a_board_shows_what_is_perhaps_the_same_matter(api: GraphQLStreet, street: Street) -> None:
    """C.3 register: similar cases are shown, with the reasons, and only to those who take cases in."""
    first = await accepted(street, **SMELL)
    await registered(street, category_code="A13", title="占道堆放", description="路边杂物。", point=FAR, reporter=None)
    street.now += timedelta(days=2)
    again = await registered(street, **SMELL | {"title": "油烟扰民(重复来电)"})
    [found] = (await node(api, DISPATCHER, again, SIMILAR))["similarCases"]
    assert (found["caseId"], found["ended"]) == (gid(street, first), False)
    assert found["explanation"] == "同一网格、相距约10米、同一分类、2天内、同一诉求人、内容相近"
    [for_worker] = (await node(api, WORKER, again, SIMILAR))["similarCases"]  # a phone is not for them to look up
    assert "同一诉求人" not in for_worker["explanation"]
    assert await node(api, "P014", again, SIMILAR) is None  # staff told it in a resident's name: the phone is no person
    await do(street, lambda tx: merging.merge(tx, again, main_case_id=first, reason="同一处"))
    assert (await node(api, DISPATCHER, first, SIMILAR))["similarCases"] == []


async def test_a_department_learns_nothing_of_other_cases_of_the_reporter(api: GraphQLStreet, street: Street) -> None:
    """C.7 guardrail 5: neither similar cases nor the reporter's other cases are a department's concern."""
    case_id, other = await dispatched(street), await accepted(street)
    selection = f"{SIMILAR} repeatCount reporterRepeats reporterOtherCases {{ totalCount nodes {{ samePhone case {{ number }} }} }}"
    seen = await node(api, "CG", case_id, selection)
    assert (seen["similarCases"], seen["reporterOtherCases"], seen["reporterRepeats"]) == (None, None, None)
    seen = await node(api, DISPATCHER, other, selection)
    assert (seen["reporterOtherCases"]["totalCount"], seen["reporterRepeats"], seen["repeatCount"]) == (1, 1, 0)
    assert seen["reporterOtherCases"]["nodes"][0]["samePhone"] is True
    assert (await node(api, WORKER, other, selection))["reporterOtherCases"] is None


async def test_the_form_is_offered_similar_cases_before_registering(api: GraphQLStreet, street: Street) -> None:
    case_id = await accepted(street, **SMELL)
    document = "query ($matter: MatterInput!, $first: Int!) { casesLike(matter: $matter, first: $first) { caseId explanation } }"
    point = {"longitude": 122.903, "latitude": 28.221, "crs": "CGCS2000"}
    matter = {"title": "油烟", "point": point, "categoryCode": "A02", "reporterPhone": "100 0001 0014"}
    [found] = (await api.query(street.viewer(DISPATCHER), document, matter=matter, first=5))["casesLike"]
    assert found["caseId"] == gid(street, case_id)
    assert "同一诉求人" in found["explanation"]
    [found] = (await api.query(street.viewer(WORKER), document, matter=matter, first=5))["casesLike"]
    assert "同一诉求人" not in found["explanation"]
    for nobody in (street.resident("P014"), street.department_viewer("CG")):
        assert (await api.query(nobody, document, matter=matter, first=5))["casesLike"] == []
    assert (await api.query(street.viewer(DISPATCHER), document, matter={"title": "噪声"}, first=5))["casesLike"] == []
    for faulty, first in (({"gridCode": "1"}, 5), ({"title": "a\u0000"}, 5), ({"title": "油烟"}, 21)):
        with pytest.raises(AssertionError, match=r"INVALID|must be|not a text|no such"):
            await api.query(street.viewer(DISPATCHER), document, matter=faulty, first=first)


async def test_a_registration_answers_with_the_similar_cases(api: GraphQLStreet, street: Street) -> None:
    first = await accepted(street, **SMELL)
    given = {
        "kind": "COMPLAINT", "channel": "HOTLINE", "title": "油烟扰民", "description": "还是那家店。", "categoryCode": "A02",
        "point": {"longitude": 122.903, "latitude": 28.221, "crs": "CGCS2000"},
    }  # fmt: skip
    answer = await api.done(street.viewer(DISPATCHER), "registerCase", f"case {{ id {SIMILAR} }}", **given)
    assert [each["caseId"] for each in answer["case"]["similarCases"]] == [gid(street, first)]
    merged = await api.done(
        street.viewer(DISPATCHER), "mergeCase", "case { state mergedInto { number mergedCases { id } repeatCount } merges { reason } }",
        caseId=answer["case"]["id"], mainCaseId=gid(street, first), reason="同一家店",
    )  # fmt: skip
    case = merged["case"]
    assert (case["state"], case["mergedInto"]["repeatCount"], case["merges"]) == ("MERGED", 1, [{"reason": "同一家店"}])
    assert case["mergedInto"]["mergedCases"] == [{"id": answer["case"]["id"]}]
    itself = await api.act(
        street.viewer(DISPATCHER), "mergeCase", caseId=gid(street, first), mainCaseId=gid(street, first), reason="同一"
    )
    assert itself["faults"] == [{"path": "mainCaseId", "message": "a case is not merged into itself"}]
    undone = await api.done(street.viewer(DISPATCHER), "unmergeCase", caseId=answer["case"]["id"], reason="另一家店")
    assert undone["outcome"]["caseState"] == "REGISTERED"


async def test_closed_but_not_told_knows_the_merged_reporters_and_the_round(api: GraphQLStreet, street: Street) -> None:
    """Z-36: the listed fault holds for every reporter, until the message of this round was sent."""
    main, child = await verifying(street), await accepted(street, reporter=ReporterInput(phone="10000020015"))
    await do(street, lambda tx: merging.merge(tx, child, main_case_id=main, reason="同一处"))
    await do(street, lambda tx: cases.close(tx, main, close_kind=CloseKind.SOLVED, result_text="已清移。"))

    async def faults() -> set[str]:
        found = await api.query(
            street.viewer(DISPATCHER), "{ cases(filter: {closedButNotTold: true}) { nodes { id } } }"
        )
        return {each["id"] for each in found["cases"]["nodes"]}

    assert await faults() == {gid(street, main), gid(street, child)}
    await street.pool.execute("UPDATE message SET state = 'SENT' WHERE case_id = $1", main)
    assert await faults() == {gid(street, child)}
    await street.pool.execute("UPDATE message SET state = 'SENT' WHERE case_id = $1", child)
    assert await faults() == set()
    counted = await api.query(street.viewer(DISPATCHER), "{ cases(filter: {effective: true}) { nodes { id } } }")
    assert [each["id"] for each in counted["cases"]["nodes"]] == [gid(street, main)]  # counted once (C.8)


async def test_a_round_and_a_review_are_read_by_those_whom_they_concern(api: GraphQLStreet, street: Street) -> None:
    """S-20: the first outcome stands; why a call was reviewed or left out is the staff's to read."""
    case_id = await closed(street, who="P014", reporter=None)
    call = FollowUpInput("PHONE", True, True, SolvedLevel.PARTIAL, Satisfaction.DISSATISFIED)
    await do(street, lambda tx: follow_ups.record_follow_up(tx, case_id, call), CALLER)
    due = "{ cases(filter: {reviewDue: true}) { nodes { id } } }"
    assert (await api.query(street.viewer(LEADER), due))["cases"]["nodes"] == [{"id": gid(street, case_id)}]
    answer = await api.done(
        street.viewer(LEADER), "reviewFollowUp", "case { rounds { round closeKind resultText reopenReason } reopenedAt }",
        caseId=gid(street, case_id), decision="REOPEN", reason="夜间反弹",
    )  # fmt: skip
    [kept] = answer["case"]["rounds"]
    assert kept == {"round": 0, "closeKind": "SOLVED", "resultText": "已清移。", "reopenReason": "夜间反弹"}
    assert (await api.query(street.viewer(LEADER), due))["cases"]["nodes"] == []
    selection = "rounds { resultText reopenReason } followUps { valid reviewReason } messages { kind }"
    seen = await node(api, "P014", case_id, selection)
    assert seen["rounds"] == [{"resultText": "已清移。", "reopenReason": None}]
    assert seen["followUps"] == [{"valid": True, "reviewReason": None}]
    assert seen["messages"][-1] == {"kind": "REOPENED"}
    seen = await node(api, LEADER, case_id, "followUps { reviewReason reviewDecision reviewedBy { name } }")
    assert seen["followUps"] == [
        {"reviewReason": "夜间反弹", "reviewDecision": "REOPEN", "reviewedBy": {"name": LEADER}}
    ]


async def test_the_mutations_after_a_follow_up(api: GraphQLStreet, street: Street) -> None:
    case_id = await closed(street)
    call = FollowUpInput("PHONE", True, True, SolvedLevel.UNSOLVED, Satisfaction.DISSATISFIED)
    await do(street, lambda tx: follow_ups.record_follow_up(tx, case_id, call), CALLER)
    key = {"caseId": gid(street, case_id)}
    await api.done(
        street.viewer(CALLER), "proposeExclusion", kind="MALICIOUS_REPEAT", reason="同一事项第9次", evidence="通话记录", **key
    )  # fmt: skip
    answer = await api.done(
        street.viewer(LEADER), "decideExclusion", "case { followUps { excluded valid exclusionKind } }", granted=True,
        text="属实", **key,
    )  # fmt: skip
    assert answer["case"]["followUps"] == [{"excluded": True, "valid": False, "exclusionKind": "MALICIOUS_REPEAT"}]
    answer = await api.done(street.viewer(DISPATCHER), "archiveCase", "case { archivedAt }", **key)
    assert answer["case"]["archivedAt"] is not None
    refused = await api.act(street.viewer(DISPATCHER), "reopenCase", reason="反弹", **key)
    assert (refused["code"], refused["state"]) == ("STATE_CONFLICT", "ARCHIVED")
