"""Objections, meetings and escalation through the schema: who does them, and who reads what of them (C.4, C.7)."""

from datetime import timedelta

import pytest

from tests.integration.conftest import Street
from tests.integration.graphql_steps import CHIEF, COUNTY, DISPATCHER, accepted, blown, later, staff
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of

OBJECTION = """
    objection { id round reasonKind text arbiter decision decisionText decisionDueAt overdue reassignedTo { code } ruleProposed
        organization { code } assignment { state directed } }
    assignment { state objections { text } }
"""
CASE = "query ($id: ID!) { node(id: $id) { ... on Case { state dispatchObjections { organization { code } text } } } }"
COUNTS = """
query ($division: String!, $firstDay: Date!, $lastDay: Date!) {
  objectionCounts(division: $division, firstDay: $firstDay, lastDay: $lastDay) {
    organization { code } raised granted refused waiting decidedLate
  }
}
"""
MEETINGS = """
query ($filter: MeetingFilter) {
  meetings(filter: $filter) {
    edges { node { kind topic missed decision participants { organization { code } } case { number } lead { code } } }
  }
}
"""
YEAR = {"firstDay": "2026-01-01", "lastDay": "2026-12-31"}


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def read_meetings(api: GraphQLStreet, who: str, **given: object) -> list[Json]:
    answer = await api.query(staff(api, who), MEETINGS, filter=given)
    return [edge["node"] for edge in answer["meetings"]["edges"]]


async def test_an_objection_is_raised_decided_read_and_counted(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    _, assignments = await blown(api, case_id)
    raised = await later(
        api, "JJ", "raiseObjection", OBJECTION, assignmentId=assignments["JJ"], reasonKind="NOT_OUR_DUTY",
        text="非机动车不属交警", evidence="三定方案第3条",
    )  # fmt: skip
    assert raised["outcome"]["assignmentState"] == "OBJECTED"
    assert raised["objection"]["arbiter"] == "STREET"
    for who, seen in ((DISPATCHER, 1), (COUNTY, 1), ("JJ", 1), ("CG", 0)):
        node = (await api.query(staff(api, who), CASE, id=case_id))["node"]
        assert len(node["dispatchObjections"]) == seen, who
    decided = await later(
        api, CHIEF, "decideObjection", OBJECTION, assignmentId=assignments["JJ"], granted=True, text="情况属实",
        reassignTo="GA", dutyBasis="治安管理处罚法",
    )  # fmt: skip
    assert decided["objection"]["reassignedTo"] == {"code": "GA"}
    assert (
        decided["objection"] | {"decision": "GRANTED", "ruleProposed": False, "overdue": False} == decided["objection"]
    )
    expected = [
        {"organization": {"code": "JJ"}, "raised": 1, "granted": 1, "refused": 0, "waiting": 0, "decidedLate": 0}
    ]
    for who in (DISPATCHER, CHIEF, COUNTY):
        counted = await api.query(staff(api, who), COUNTS, division="990101001000", **YEAR)
        assert counted["objectionCounts"] == expected
    assert (await api.query(staff(api, "JJ"), COUNTS, division="990101001000", **YEAR))["objectionCounts"] == []


async def test_what_is_refused_says_why(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    _, assignments = await blown(api, case_id)
    given = {"assignmentId": assignments["CG"], "reasonKind": "WRONG_AREA", "text": "非辖区"}
    other = await api.act(staff(api, DISPATCHER), "raiseObjection", **given)
    assert other["__typename"] == "NotPermitted"
    api.street.now += timedelta(days=10)
    late = await api.act(staff(api, "CG"), "raiseObjection", **given)
    assert late["__typename"] == "StateConflict"
    assert "window" in late["message"]
    nothing = await api.act(
        staff(api, CHIEF), "decideObjection", assignmentId=assignments["CG"], granted=False, text="否"
    )
    assert nothing["__typename"] == "StateConflict"
    assert "excuseAssignment" in {action["name"] for action in nothing["allowed"]}


async def test_a_meeting_is_called_held_and_listed(api: GraphQLStreet) -> None:
    """J-15: meetings whose time has passed without a decision stand in the list of missed ones."""
    case_id = await accepted(api)
    whistle_id, _ = await blown(api, case_id)
    given: Json = {
        "topic": "由谁主办", "meetsAt": (api.street.now + timedelta(days=1)).isoformat(), "place": "街道会议室",
        "participants": ["JJ", "SC"],
    }  # fmt: skip
    called = await later(
        api, CHIEF, "callJointMeeting", "meeting { id kind } case { state }", whistleId=whistle_id, **given
    )
    assert called["meeting"]["kind"] == "JOINT"
    await later(api, DISPATCHER, "putOnAgenda", "meeting { kind }", caseId=case_id, **given | {"participants": []})
    api.street.now += timedelta(days=2)
    assert len(await read_meetings(api, DISPATCHER, missed=True, street="990101001000")) == 2
    [seen] = await read_meetings(api, "SC")
    assert seen["case"] is None
    assert [each["organization"]["code"] for each in seen["participants"]] == ["JJ", "SC"]
    assert await read_meetings(api, "CG") == []
    await later(
        api, DISPATCHER, "recordMeetingDecision", "meeting { decision }", meetingId=called["meeting"]["id"],
        decision="由交警主办", leadOrganizationCode="JJ", coOrganizationCodes=["SC"],
    )  # fmt: skip
    [held] = await read_meetings(api, COUNTY, decided=True, kinds=["JOINT"])
    assert (held["decision"], held["lead"], held["missed"]) == ("由交警主办", {"code": "JJ"}, False)
    faulty = await api.act(staff(api, CHIEF), "callJointMeeting", whistleId=whistle_id, **given | {"participants": []})
    assert [fault["path"] for fault in faulty["faults"]] == ["meetsAt", "participants"]


async def test_escalating_opens_the_whistle_to_the_county(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    whistle_id, _ = await blown(api, case_id)
    raised = await later(
        api, DISPATCHER, "escalateWhistle", "whistle { level escalateReason } case { level }", whistleId=whistle_id,
        reason="两次协调未果",
    )  # fmt: skip
    assert (raised["whistle"], raised["case"]) == (
        {"level": "COUNTY", "escalateReason": "两次协调未果"},
        {"level": "COUNTY"},
    )
    actions = "query ($id: ID!) { node(id: $id) { ... on Whistle { availableActions { name allowed } } } }"
    node = (await api.query(staff(api, COUNTY), actions, id=whistle_id))["node"]
    assert {"name": "changeLead", "allowed": True} in node["availableActions"]
