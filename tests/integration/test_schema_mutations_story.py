"""The car story by mutations: every state is reached, each step by the person who may do it."""

import asyncio

import pytest

from tests.integration.conftest import Street
from tests.integration.graphql_steps import (
    CALLER,
    CAR,
    CHIEF,
    COUNTY,
    DISPATCHER,
    SCENE,
    WHISTLE,
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
from tests.integration.graphql_street import GraphQLStreet, graphql_of


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def test_the_car_story_reaches_every_state(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    whistle_id, assignments = await blown(api, case_id)
    for organization, assignment_id in assignments.items():
        await reported(api, organization, assignment_id)
    returned = await later(
        api, DISPATCHER, "returnReport", assignmentId=assignments["CG"], method="PHOTO", text="还有一辆摩托车"
    )
    assert returned["outcome"]["assignmentState"] == "RETURNED"
    await later(api, "CG", "reportResult", assignmentId=assignments["CG"], **report(api))
    for assignment_id in assignments.values():
        verified = await later(
            api, DISPATCHER, "verifyReport", "whistle { state } case { state }", assignmentId=assignment_id, method="ON_SITE",
            text="已清走",
        )  # fmt: skip
    assert verified["whistle"] == {"state": "VERIFIED"}
    closed = await later(
        api, DISPATCHER, "closeWhistle", "case { state resultText }", whistleId=whistle_id, closeKind="SOLVED",
        resultText="僵尸车已全部清走",
    )  # fmt: skip
    assert closed["case"] == {"state": "CLOSED", "resultText": "僵尸车已全部清走"}
    called = await later(
        api, CALLER, "recordFollowUp", caseId=case_id, channel="电话", contacted=True, solved="SOLVED",
        satisfaction="SATISFIED",
    )  # fmt: skip
    assert called["outcome"]["caseState"] == "FOLLOWED_UP"
    for organization in assignments:
        await later(
            api, CHIEF, "rateDepartment", whistleId=whistle_id, organizationCode=organization,
            scores={"reportIn": 90, "handling": 80, "result": 100},
        )  # fmt: skip
    judged = await later(api, COUNTY, "judgeWhistle", whistleId=whistle_id, proper=True)
    assert judged["outcome"]["whistleState"] == "EVALUATED"


async def test_registering_answers_with_number_state_and_cursor(api: GraphQLStreet) -> None:
    answer = await api.done(
        staff(api, DISPATCHER), "registerCase", "case { number state grid { code } reporter { phone } }", **CAR
    )
    assert answer["outcome"]["caseNumber"] == answer["case"]["number"] == "990101001-20261120-0001"
    assert answer["outcome"]["caseState"] == answer["case"]["state"] == "REGISTERED"
    assert answer["case"]["grid"] == {"code": "990101001001001"}
    assert "*" in answer["case"]["reporter"]["phone"]
    assert answer["cursor"].count(".") == 2
    assert answer["outcome"]["repeated"] is False


async def test_an_emergency_is_blown_with_a_new_case_and_tells_whom_to_phone(api: GraphQLStreet) -> None:
    case = CAR | {"title": "碧波园3幢起火", "description": "3幢2单元冒浓烟", "urgency": "URGENT"}
    selection = """
        calls { organization { code name } dutyPhone } emergencyLine
        whistle { state kind } case { number state urgency }
    """
    answer = await api.done(
        staff(api, DISPATCHER), "blowEmergencyWhistle", selection, newCase=case, reason="居民楼起火冒烟"
    )
    assert answer["whistle"] == {"state": "BLOWN", "kind": "EMERGENCY"}
    assert answer["case"]["number"] == answer["outcome"]["caseNumber"]
    assert answer["emergencyLine"] in ("110", "119", "12395")
    assert all(call["organization"]["name"] and call["dutyPhone"] for call in answer["calls"])


async def test_an_emergency_names_the_faults_of_its_new_case_where_they_stand(api: GraphQLStreet) -> None:
    answer = await api.act(
        staff(api, DISPATCHER), "blowEmergencyWhistle", newCase=CAR | {"title": " "}, reason="居民楼起火冒烟"
    )
    assert [fault["path"] for fault in answer["faults"]] == ["newCase.title"]
    neither = await api.act(staff(api, DISPATCHER), "blowEmergencyWhistle", reason="居民楼起火冒烟")
    assert [fault["path"] for fault in neither["faults"]] == ["caseId"]


async def test_an_emergency_on_a_drafted_whistle_is_blown_and_confirmed(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    drafted = await later(
        api, DISPATCHER, "draftWhistle", "whistle { id }", caseId=case_id, **WHISTLE | {"kind": "EMERGENCY"}
    )
    whistle_id = drafted["whistle"]["id"]
    answer = await later(api, DISPATCHER, "blowDraftedEmergency", "calls { dutyPhone }", whistleId=whistle_id)
    assert len(answer["calls"]) == 2
    confirmed = await later(api, CHIEF, "confirmWhistle", "whistle { confirmedAt }", whistleId=whistle_id)
    assert confirmed["whistle"]["confirmedAt"] is not None


async def test_a_whistle_is_sent_back_revised_rejected_or_withdrawn(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    whistle_id = await pending(api, case_id)
    sent = await later(api, CHIEF, "sendWhistleBack", whistleId=whistle_id, text="请补充依据")
    assert sent["outcome"]["whistleState"] == "DRAFTED"
    revised = await later(
        api, DISPATCHER, "reviseWhistle", "whistle { reason }", whistleId=whistle_id, **WHISTLE | {"reason": "改写"}
    )
    assert revised["whistle"] == {"reason": "改写"}
    await later(api, DISPATCHER, "submitWhistle", whistleId=whistle_id)
    rejected = await later(api, CHIEF, "rejectWhistle", whistleId=whistle_id, text="街道可自行处置")
    assert rejected["outcome"]["whistleState"] == "REJECTED"
    other = await pending(api, case_id)
    withdrawn = await later(api, DISPATCHER, "withdrawWhistle", whistleId=other, reason="已解决")
    assert withdrawn["outcome"]["whistleState"] == "WITHDRAWN"


async def test_the_departments_of_a_whistle_change(api: GraphQLStreet) -> None:
    whistle_id, assignments = await blown(api, await accepted(api))
    selection = "whistle { assignments { role state organization { code } } }"
    added = await later(
        api, CHIEF, "addDepartment", selection, whistleId=whistle_id, reason="涉及油污",
        party={"organizationCode": "HB", "role": "CO"},
    )  # fmt: skip
    assert {each["organization"]["code"] for each in added["whistle"]["assignments"]} == {"CG", "JJ", "HB"}
    changed = await later(
        api, CHIEF, "changeLead", selection, whistleId=whistle_id, organizationCode="JJ", reason="车辆无牌"
    )
    roles = {each["organization"]["code"]: each["role"] for each in changed["whistle"]["assignments"]}
    assert roles["JJ"] == "LEAD"
    assert roles["CG"] == "CO"
    excused = await later(api, CHIEF, "excuseAssignment", assignmentId=assignments["CG"], reason="已由交警办理")
    assert excused["outcome"]["assignmentState"] == "EXCUSED"


async def test_a_department_asks_progresses_and_attaches(api: GraphQLStreet) -> None:
    _, assignments = await blown(api, await accepted(api))
    mine = {"assignmentId": assignments["CG"]}
    asked = await later(api, "CG", "askQuestion", "assignment { questions { id text } }", **mine, text="有无车牌号？")
    question = asked["assignment"]["questions"][0]
    answered = await later(
        api,
        DISPATCHER,
        "answerQuestion",
        "assignment { questions { answer } }",
        **mine,
        questionId=question["id"],
        text="无牌",
    )
    assert answered["assignment"]["questions"] == [{"answer": "无牌"}]
    await later(api, DISPATCHER, "acknowledgeAssignment", **mine, forPerson="姜示序")
    await later(api, DISPATCHER, "arriveAtScene", **mine, forPerson="姜示序")
    await later(api, "CG", "startHandling", **mine)
    progress = await later(
        api, "CG", "reportProgress", "assignment { reports { kind } }", **mine, measures="已贴告知书"
    )
    assert progress["assignment"]["reports"] == [{"kind": "PROGRESS"}]
    attached = await later(
        api, "CG", "addAttachment", "attachment { name kind } assignment { id }", **mine, kind="DURING", name="现场.jpg",
        mediaType="image/jpeg", size=1000, sha256="0" * 64,
    )  # fmt: skip
    assert attached["attachment"] == {"name": "现场.jpg", "kind": "DURING"}
    assert attached["assignment"] == {"id": assignments["CG"]}


async def test_arrival_by_word_is_confirmed_and_reports_are_checked_on_the_spot(api: GraphQLStreet) -> None:
    _, assignments = await blown(api, await accepted(api))
    mine = {"assignmentId": assignments["JJ"]}
    await later(api, "JJ", "arriveAtScene", **mine)
    confirmed = await later(api, DISPATCHER, "confirmArrival", "assignment { arrivalProof }", **mine)
    assert confirmed["assignment"] == {"arrivalProof": "STREET"}
    await later(api, "JJ", "reportResult", **mine, **report(api))
    checked = await later(api, WORKER, "fileFieldCheck", **mine, method="ON_SITE", passed=True, text="已驶离")
    assert checked["outcome"]["assignmentState"] == "REPORTED"


async def test_a_case_is_dispatched_without_a_whistle_and_closed(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    dispatched = await later(
        api, DISPATCHER, "dispatchCase", "case { assignments { id organization { code } } }", caseId=case_id,
        parties=[{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "HB", "role": "INFORM"}],
        dutyBasis="城市市容和环境卫生管理条例",
    )  # fmt: skip
    by_code = {each["organization"]["code"]: each["id"] for each in dispatched["case"]["assignments"]}
    read = await later(api, "HB", "readAssignment", assignmentId=by_code["HB"])
    assert read["outcome"]["assignmentState"] == "READ"
    await reported(api, "CG", by_code["CG"])
    await later(api, DISPATCHER, "verifyReport", assignmentId=by_code["CG"], method="PHOTO", text="属实")
    await later(api, DISPATCHER, "releaseAssignment", assignmentId=by_code["CG"])
    closed = await later(api, DISPATCHER, "closeCase", caseId=case_id, closeKind="SOLVED", resultText="已清走")
    assert closed["outcome"]["caseState"] == "CLOSED"


async def test_a_resident_registers_objects_withdraws_and_rates(api: GraphQLStreet) -> None:
    mine = {key: value for key, value in CAR.items() if key != "reporter"} | {"channel": "WECHAT"}
    own = (await later(api, "P014", "registerCase", "case { id }", **mine))["case"]["id"]
    refused = await later(
        api, DISPATCHER, "refuseCase", caseId=own, reason="EMERGENCY_LINE", emergencyLine="122", explanation="请拨打122"
    )
    assert refused["outcome"]["caseState"] == "NOT_ACCEPTED"
    objected = await later(api, "P014", "objectToRefusal", caseId=own, text="不是事故")
    assert objected["outcome"]["caseState"] == "REGISTERED"
    withdrawn = await later(api, "P014", "withdrawCase", caseId=own, reason="已自行解决")
    assert withdrawn["outcome"]["caseState"] == "CANCELLED"
    other = (await later(api, "P014", "registerCase", "case { id }", **mine))["case"]["id"]
    await later(api, DISPATCHER, "acceptCase", caseId=other)
    await later(api, DISPATCHER, "settleCaseAtOnce", caseId=other, resultText="已答复", closeKind="ANSWERED")
    rated = await later(api, "P014", "rateResult", "case { state }", caseId=other, satisfaction="SATISFIED")
    assert rated["case"] == {"state": "CLOSED"}


async def test_a_grid_worker_reports_up_and_the_dispatcher_classifies(api: GraphQLStreet) -> None:
    case = await later(api, WORKER, "registerCase", "case { id level }", **CAR | {"channel": "GRID_PATROL"})
    case_id = case["case"]["id"]
    up = await later(api, WORKER, "reportCaseUp", "case { level }", caseId=case_id, initialOpinion="需街道协调")
    assert up["case"] == {"level": "STREET"}
    classified = await later(api, DISPATCHER, "classifyCase", "case { urgency }", caseId=case_id, urgency="URGENT")
    assert classified["case"] == {"urgency": "URGENT"}


async def test_registers_are_filled(api: GraphQLStreet) -> None:
    grid = "990101001001001"
    household = await later(
        api,
        WORKER,
        "registerHousehold",
        "household { id number }",
        number="HX-900",
        address="望海里99号",
        gridCode=grid,
    )
    person = await later(
        api, WORKER, "registerPerson", "person { id name gender phone }", name="钱例新", gridCode=grid,
        residenceKind="FLOATING", householdId=household["household"]["id"], phone="10000099999", relationToHead="本人",
    )  # fmt: skip
    assert "*" in person["person"]["phone"]
    tag = await later(
        api, WORKER, "addCareTag", "careTag { kind evidence }", personId=person["person"]["id"], kind="LIVING_ALONE",
        evidence="入户走访",
    )  # fmt: skip
    assert tag["careTag"] == {"kind": "LIVING_ALONE", "evidence": "入户走访"}
    assert tag["cursor"].count(".") == 2
    defined = await later(
        api, COUNTY, "defineGrid", "grid { code name boundary sizeWarning }", code="990101001001099", name="新网格", kind="BASE",
        areaKind="URBAN", householdCount=20, crs="CGCS2000",
        boundary={"type": "Polygon", "coordinates": [[[122.8, 28.1], [122.81, 28.1], [122.81, 28.11], [122.8, 28.1]]]},
    )  # fmt: skip
    assert defined["grid"]["code"] == "990101001001099"
    assert defined["grid"]["sizeWarning"]


async def test_personal_data_is_shown_anew_by_each_call_and_kept_nowhere(api: GraphQLStreet, street: Street) -> None:
    case_id = await registered(api)
    asked = {"caseId": case_id, "subject": "REPORTER", "purpose": "CONTACT_REPORTER", "idempotencyKey": "same"}
    for _ in range(2):
        shown = await later(api, DISPATCHER, "revealPersonalData", "name phone idNumber", **asked)
        assert (shown["name"], shown["phone"], shown["idNumber"]) == ("沈例宽", "10000010014", None)
    assert await street.pool.fetchval("SELECT count(*) FROM personal_data_access") == 2
    kept = await street.pool.fetchval("SELECT count(*) FROM command_outcome WHERE command = 'revealPersonalData'")
    assert kept == 0


async def test_the_same_key_gives_the_first_outcome_and_with_another_input_is_refused(api: GraphQLStreet) -> None:
    dispatcher = staff(api, DISPATCHER)
    first = await api.done(dispatcher, "registerCase", "case { id }", **CAR, idempotencyKey="登记-1")
    again = await api.done(dispatcher, "registerCase", "case { id }", **CAR, idempotencyKey="登记-1")
    assert again["case"] == first["case"]
    assert again["cursor"] == first["cursor"]
    assert again["outcome"] == first["outcome"] | {"repeated": True}
    other = await api.act(dispatcher, "registerCase", **CAR | {"title": "另一件"}, idempotencyKey="登记-1")
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_the_same_key_at_the_same_time_runs_once(api: GraphQLStreet, street: Street) -> None:
    dispatcher = staff(api, DISPATCHER)
    answers = await asyncio.gather(
        *(api.done(dispatcher, "registerCase", "case { id }", **CAR, idempotencyKey="一起") for _ in range(4))
    )
    assert len({answer["case"]["id"] for answer in answers}) == 1
    assert sorted(answer["outcome"]["repeated"] for answer in answers) == [False, True, True, True]
    assert await street.pool.fetchval("SELECT count(*) FROM case_file") == 1


async def test_several_root_fields_are_transactions_of_their_own(api: GraphQLStreet, street: Street) -> None:
    case_id = await registered(api)
    document = """
        mutation ($case: ID!) {
          accept: acceptCase(input: {idempotencyKey: "1", caseId: $case}) { __typename }
          again: acceptCase(input: {idempotencyKey: "2", caseId: $case}) { __typename ... on Problem { code } }
          opinion: reportCaseUp(input: {idempotencyKey: "3", caseId: $case, initialOpinion: "无"}) { __typename }
        }
    """
    data = await api.query(staff(api, DISPATCHER), document, case=case_id)
    assert data["accept"] == {"__typename": "CasePayload"}
    assert data["again"] == {"__typename": "StateConflict", "code": "STATE_CONFLICT"}
    assert await street.pool.fetchval("SELECT state FROM case_file") == "ACCEPTED"


async def test_the_object_is_null_when_the_actor_no_longer_sees_it(api: GraphQLStreet) -> None:
    case = await api.done(
        staff(api, "CG"),
        "registerCase",
        "case { id }",
        **CAR | {"channel": "DEPARTMENT", "divisionCode": "990101001000"},
    )
    assert case["case"] is None
    assert case["outcome"]["caseNumber"]


async def test_a_point_in_no_grid_still_registers(api: GraphQLStreet) -> None:
    far = CAR | {"point": SCENE | {"longitude": 121.0}}
    answer = await api.done(staff(api, DISPATCHER), "registerCase", "case { gridUnknown grid { code } }", **far)
    assert answer["case"] == {"gridUnknown": True, "grid": None}
