"""Agent, level, communication, disclosure, ways out and service centres through the schema, as their people meet them."""

import pytest

from schema.ids import GlobalId
from shaodao.demo.identifiers import account_id
from tests.integration.conftest import Street
from tests.integration.graphql_steps import CAR, DISPATCHER, WORKER, accepted, later, registered, report, staff
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of

CHIEF, DEPUTY = "孔示明", "张示远"
LOG = "communications { kind text channel at organization { code } by { name } }"


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def read(api: GraphQLStreet, who: str, case_id: str, selection: str) -> Json:
    answer = await api.query(
        staff(api, who), f"query ($id: ID!) {{ node(id: $id) {{ ... on Case {{ {selection} }} }} }}", id=case_id
    )
    found: Json = answer["node"]
    return found


async def test_an_agent_works_and_the_rest_of_the_street_sees_it(api: GraphQLStreet) -> None:
    """Z-32."""
    case_id = await accepted(api)
    agent = str(GlobalId("Account", None, str(account_id(WORKER))))
    answer = await later(api, DISPATCHER, "appointAgent", "case { agent { name } }", caseId=case_id, accountId=agent)
    assert (answer["outcome"]["caseState"], answer["outcome"]["assignmentState"]) == ("HANDLING", "HANDLING")
    assert answer["case"]["agent"]["name"] == WORKER
    shown = await read(api, WORKER, case_id, "assignments { id agent { name } availableActions { name allowed } }")
    [assignment] = shown["assignments"]
    allowed = {action["name"] for action in assignment["availableActions"] if action["allowed"]}
    assert {"reportProgress", "reportResult", "askQuestion"} <= allowed
    assert "raiseObjection" not in allowed
    await later(api, WORKER, "reportResult", assignmentId=assignment["id"], **report(api))
    inbox = await api.query(staff(api, "JD"), '{ assignments(organization: "JD") { nodes { id } } }')
    assert inbox["assignments"]["nodes"] == []
    assert await read(api, "JD", case_id, "number") is None
    wrong = await api.act(staff(api, DISPATCHER), "appointAgent", caseId=case_id, accountId=case_id)
    assert [fault["path"] for fault in wrong["faults"]] == ["accountId"]


async def test_settling_on_the_spot(api: GraphQLStreet) -> None:
    """S-06."""
    given = CAR | {"channel": "COURTYARD", "resultText": "当场答复。", "closeKind": "ANSWERED"}
    selection = "case { number state settledOnTheSpot firstReceiver { name } closeKind }"
    answer = await later(api, WORKER, "settleOnTheSpot", selection, **given)
    assert answer["case"] == {
        "number": answer["outcome"]["caseNumber"], "state": "CLOSED", "settledOnTheSpot": True,
        "firstReceiver": {"name": WORKER}, "closeKind": "ANSWERED",
    }  # fmt: skip
    counted = "{ cases(filter: {settledOnTheSpot: true, channelGroups: [CADRE_ORDER]}) { nodes { number } } }"
    assert len((await api.query(staff(api, DISPATCHER), counted))["cases"]["nodes"]) == 1
    faulty = await api.act(staff(api, WORKER), "settleOnTheSpot", **(given | {"channel": "HOTLINE"}))
    assert [fault["path"] for fault in faulty["faults"]] == ["channel"]


async def test_who_reads_what_was_said_to_the_reporter(api: GraphQLStreet) -> None:
    """J-21, C.7: the reporter reads the log of the own case, a department its own entries."""
    case_id = str(
        (await later(api, "P014", "registerCase", "case { id }", **(CAR | {"channel": "WECHAT", "reporter": None})))[
            "case"
        ]["id"]
    )
    await later(api, DISPATCHER, "acceptCase", caseId=case_id)
    await later(
        api,
        DISPATCHER,
        "dispatchCase",
        caseId=case_id,
        dutyBasis="目录",
        parties=[{"organizationCode": "CG", "role": "LEAD"}],
    )
    for who, kind in ((DISPATCHER, "TIME_TOLD"), ("CG", "CONTACT")):
        await later(api, who, "recordCommunication", caseId=case_id, kind=kind, text="已联系。", channel="电话")
    kinds = {
        who: [said["kind"] for said in (await read(api, who, case_id, LOG))["communications"]]
        for who in (DISPATCHER, "P014", "CG")
    }
    assert kinds == {DISPATCHER: ["TIME_TOLD", "CONTACT"], "P014": ["TIME_TOLD", "CONTACT"], "CG": ["CONTACT"]}
    assert (await read(api, "P014", case_id, "firstContactAt"))["firstContactAt"] is not None
    early = await api.act(staff(api, DISPATCHER), "recordCommunication", caseId=case_id, kind="CONTACT", text=" ")
    assert [fault["path"] for fault in early["faults"]] == ["text"]


async def test_street_staff_alone_read_whom_it_complains_about(api: GraphQLStreet) -> None:
    """C.7 guardrail 5."""
    accused = {"name": "甲示一", "organizationCode": "JJ"}
    case_id = await accepted(api, accusedParty=accused, reporter=None)
    basis = {"caseId": case_id, "dutyBasis": "目录"}
    refused = await api.act(
        staff(api, DISPATCHER), "dispatchCase", **basis, parties=[{"organizationCode": "JJ", "role": "LEAD"}]
    )
    assert [fault["path"] for fault in refused["faults"]] == ["parties.0.organizationCode"]
    await later(api, DISPATCHER, "dispatchCase", **basis, parties=[{"organizationCode": "CG", "role": "LEAD"}])
    shown = "accused { name organization { code } }"
    assert (await read(api, WORKER, case_id, shown))["accused"] == {"name": "甲示一", "organization": {"code": "JJ"}}
    assert (await read(api, "CG", case_id, shown))["accused"] is None
    assert await read(api, "JJ", case_id, "number") is None
    # A chief who handles for the community that is complained about sees nothing of it, whatever the scope.
    about_community = await registered(api, accusedParty={"organizationCode": "TT"})
    assert await read(api, "尤示宁", about_community, "number") is None
    assert await read(api, "尤示宁", case_id, "number") is not None


async def test_whom_a_case_complains_about_may_turn_out_later(api: GraphQLStreet) -> None:
    """C.7 guardrail 5: from then on 回避; who is at work on it is replaced first."""
    case_id = await accepted(api)
    named = {"caseId": case_id, "reason": "走访得知"}
    for party, path in (
        ({"organizationCode": "NONE"}, "accusedParty.organizationCode"),
        ({"name": " "}, "accusedParty"),
    ):
        refused = await api.act(staff(api, DISPATCHER), "nameAccusedParty", **named, accusedParty=party)
        assert [fault["path"] for fault in refused["faults"]] == [path]
    assert (await api.act(staff(api, WORKER), "nameAccusedParty", **named))["__typename"] == "NotPermitted"
    await later(api, DISPATCHER, "nameAccusedParty", **named, accusedParty={"organizationCode": "TT"})
    assert await read(api, "尤示宁", case_id, "number") is None
    await later(api, DISPATCHER, "nameAccusedParty", **named)
    assert await read(api, "尤示宁", case_id, "accused { name }") == {"accused": None}
    await later(
        api,
        DISPATCHER,
        "dispatchCase",
        caseId=case_id,
        dutyBasis="目录",
        parties=[{"organizationCode": "CG", "role": "LEAD"}],
    )
    busy = await api.act(staff(api, DISPATCHER), "nameAccusedParty", **named, accusedParty={"organizationCode": "CG"})
    assert "replace it first" in busy["faults"][0]["message"]


async def test_a_case_made_confidential_hides_its_reporter_from_then_on(api: GraphQLStreet) -> None:
    """C.7 guardrail 5."""
    case_id = await accepted(api)
    await later(
        api,
        DISPATCHER,
        "dispatchCase",
        caseId=case_id,
        dutyBasis="目录",
        parties=[{"organizationCode": "CG", "role": "LEAD"}],
    )
    assert (await read(api, "CG", case_id, "reporter { name }"))["reporter"] == {"name": "沈**"}
    await later(api, DISPATCHER, "setDisclosure", caseId=case_id, confidential=True, reason="诉求人要求")
    assert (await read(api, "CG", case_id, "reporter { name }"))["reporter"] is None
    assert (await read(api, DISPATCHER, case_id, "confidential public reporter { name }")) == {
        "confidential": True, "public": False, "reporter": {"name": "沈**"},
    }  # fmt: skip
    refused = await api.act(staff(api, DISPATCHER), "setDisclosure", caseId=case_id, public=True, reason="公示")
    assert [fault["path"] for fault in refused["faults"]] == ["public"]


async def test_the_service_centre_follows_the_level(api: GraphQLStreet) -> None:
    """S-17, C.6: community, street and county handle level by level."""
    case_id = await registered(api, categoryCode="A05")
    centre = "level serviceCentre { code level division { name } windows }"
    asked = {"tried": "劝导三次", "whyNotHere": "无权", "helpWanted": "请县里会商"}
    street = await read(api, DISPATCHER, case_id, centre)
    assert (street["level"], street["serviceCentre"]["code"], street["serviceCentre"]["level"]) == (
        "STREET",
        "FW-JD",
        "STREET",
    )
    raised = await later(api, DISPATCHER, "raiseLevel", f"case {{ {centre} }}", caseId=case_id, **asked)
    assert raised["case"]["serviceCentre"]["code"] == "FW-QU"
    lower = await api.act(
        staff(api, "曹示度"), "sendDown", caseId=case_id, dutyItemCode="D-A13-01", reason="属街道职责"
    )
    assert [fault["path"] for fault in lower["faults"]] == ["dutyItemCode"]
    other = await registered(api, categoryCode="A05")
    sent = await later(
        api, DISPATCHER, "sendDown", f"case {{ {centre} }}", caseId=other, dutyItemCode="D-A05-01", reason="属社区职责"
    )
    assert (sent["case"]["level"], sent["case"]["serviceCentre"]["code"]) == ("COMMUNITY", "FW-TT")
    listed = "{ all: serviceCentres { code } communities: serviceCentres(level: COMMUNITY) { code } }"
    centres = await api.query(staff(api, "P014"), listed)
    assert {each["code"] for each in centres["all"]} == {"FW-QU", "FW-JD", "FW-TT", "FW-HY", "FW-YG"}
    assert [each["code"] for each in centres["communities"]] == ["FW-TT", "FW-HY", "FW-YG"]


async def test_transfer_and_void_through_the_schema(api: GraphQLStreet) -> None:
    """C.3 transferLegal, void."""
    moved = await accepted(api)
    answer = await later(
        api, DISPATCHER, "transferToLegalWay", "case { closeKind legalBody legalNumber }", caseId=moved,
        body="临澜区人民法院", number="示民初1号", explanation="已起诉",
    )  # fmt: skip
    assert answer["case"] == {"closeKind": "TRANSFERRED", "legalBody": "临澜区人民法院", "legalNumber": "示民初1号"}
    wrong = await registered(api)
    asked = await later(
        api, DISPATCHER, "requestVoid", "case { voidReason voidRequestedBy { name } }", caseId=wrong, reason="误登"
    )
    assert asked["case"] == {"voidReason": "误登", "voidRequestedBy": {"name": DISPATCHER}}
    available = await read(api, DEPUTY, wrong, "availableActions { name allowed }")
    assert {"name": "decideVoid", "allowed": True} in available["availableActions"]
    voided = await later(api, DEPUTY, "decideVoid", "case { state }", caseId=wrong, granted=True, text="同意")
    assert voided["case"]["state"] == "CANCELLED"
    again = await api.act(staff(api, CHIEF), "decideVoid", caseId=wrong, granted=True, text="同意")
    assert again["__typename"] == "StateConflict"
