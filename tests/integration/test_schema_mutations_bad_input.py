"""Bad input to mutations: each kind gets a typed error that names the field or the allowed steps; nothing is half written."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from graphql import GraphQLError

from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from tests.integration.conftest import Street
from tests.integration.graphql_steps import (
    CAR,
    COUNTY,
    DISPATCHER,
    SCENE,
    WHISTLE,
    WORKER,
    accepted,
    blown,
    later,
    registered,
    report,
    staff,
)
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of, service

CROSSING = {
    "type": "Polygon",
    "coordinates": [[[122.8, 28.1], [122.81, 28.11], [122.81, 28.1], [122.8, 28.11], [122.8, 28.1]]],
}
GRID: Json = {"code": "990101001001098", "name": "新网格", "kind": "BASE", "areaKind": "URBAN", "crs": "CGCS2000"}
PERSON: Json = {"name": "钱例新", "gridCode": "990101001001001", "residenceKind": "FLOATING"}


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


def paths(answer: Json) -> list[str]:
    """The faulty fields of an InvalidInput."""
    assert answer["__typename"] == "InvalidInput", answer
    return sorted(fault["path"] for fault in answer["faults"])


async def errors_of(api: GraphQLStreet, mutation: str, **given: Any) -> list[GraphQLError]:
    """The errors of a mutation that is not even executed."""
    name = mutation[0].upper() + mutation[1:]
    document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
    given = {"idempotencyKey": "x", **given}
    outcome = await service().execute(document, api.context(staff(api, DISPATCHER)), {"input": given})
    assert outcome.data is None
    return list(outcome.errors)


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        "Case",
        "x:y:z",
        "Case:990101:not-a-uuid",
        "Whistle:990101:019a0000-0000-7000-8000-000000000001",
        "Case::019a0000-0000-7000-8000-000000000001",
    ],
)
async def test_a_malformed_id_is_named(api: GraphQLStreet, identifier: str) -> None:
    answer = await api.act(staff(api, DISPATCHER), "acceptCase", caseId=identifier)
    assert paths(answer) == ["caseId"]


async def test_every_malformed_id_is_named_at_once(api: GraphQLStreet) -> None:
    given = CAR | {"subjectPersonId": "?", "vesselId": "?", "reporter": {"personId": "?"}}
    assert paths(await api.act(staff(api, DISPATCHER), "registerCase", **given)) == [
        "reporter.personId", "subjectPersonId", "vesselId",
    ]  # fmt: skip


async def test_what_is_unknown_or_in_a_county_without_grant_is_not_found(api: GraphQLStreet) -> None:
    dispatcher = staff(api, DISPATCHER)
    for identifier in (f"Case:990101:{uuid4()}", f"Case:110101:{uuid4()}"):
        answer = await api.act(dispatcher, "acceptCase", caseId=identifier)
        assert (answer["__typename"], answer["what"]) == ("NotFound", "Case")
    answer = await api.act(dispatcher, "approveWhistle", whistleId=f"Whistle:990101:{uuid4()}")
    assert (answer["code"], answer["what"]) == ("NOT_FOUND", "Whistle")
    answer = await api.act(dispatcher, "confirmArrival", assignmentId=f"Assignment:990101:{uuid4()}")
    assert answer["what"] == "Assignment"


@pytest.mark.parametrize(("field", "value"), [("kind", "NONSENSE"), ("urgency", 3), ("point", SCENE | {"crs": "MARS"})])
async def test_a_wrong_enum_value_is_refused_by_the_schema(api: GraphQLStreet, field: str, value: Any) -> None:
    errors = await errors_of(api, "registerCase", **CAR | {field: value})
    assert field in errors[0].message


@pytest.mark.parametrize("key", ["", "   ", "x" * 201, "a\nb", "a\0b"])
async def test_an_idempotency_key_is_short_and_printable(api: GraphQLStreet, key: str) -> None:
    assert paths(await api.act(staff(api, DISPATCHER), "registerCase", **CAR, idempotencyKey=key)) == ["idempotencyKey"]


async def test_what_cannot_be_stored_is_named_wherever_it_stands(api: GraphQLStreet) -> None:
    given = CAR | {"title": "望\0海里", "gridCode": "99\0", "address": "\ud800", "reporter": {"name": "沈\0"}}
    answer = await api.act(staff(api, DISPATCHER), "registerCase", **given)
    assert paths(answer) == ["address", "gridCode", "reporter.name", "title"]
    _, assignments = await blown(api, await accepted(api))
    nested = {"a": [{"b\0": "c"}], "d": 2**70}
    answer = await api.act(
        staff(api, "CG"), "reportResult", assignmentId=assignments["CG"], fields=nested, **report(api)
    )  # fmt: skip
    assert paths(answer) == ["fields.a.0", "fields.d"]


async def test_texts_over_their_limit_and_blank_ones_are_named_at_once(api: GraphQLStreet) -> None:
    given = CAR | {"title": "长" * 101, "description": " ", "address": "址" * 81}
    answer = await api.act(staff(api, DISPATCHER), "registerCase", **given)
    assert paths(answer) == ["address", "description", "title"]


async def test_unknown_codes_are_named(api: GraphQLStreet) -> None:
    given = {key: value for key, value in CAR.items() if key != "point"}
    given |= {"categoryCode": "ZZ", "gridCode": "990101001001777", "divisionCode": "990101009000"}
    answer = await api.act(staff(api, DISPATCHER), "registerCase", **given)
    assert paths(answer) == ["categoryCode", "divisionCode", "gridCode"]


async def test_times_must_make_sense(api: GraphQLStreet) -> None:
    tomorrow = (api.street.now + timedelta(days=1)).isoformat()
    yesterday = (api.street.now - timedelta(days=1)).isoformat()
    answer = await api.act(staff(api, DISPATCHER), "registerCase", **CAR | {"occurredAt": tomorrow})
    assert paths(answer) == ["occurredAt"]
    case_id = await accepted(api)
    answer = await api.act(
        staff(api, DISPATCHER), "draftWhistle", caseId=case_id, **WHISTLE | {"assembleAt": yesterday}
    )
    assert paths(answer) == ["assembleAt"]
    zoneless = await api.act(staff(api, DISPATCHER), "registerCase", **CAR | {"occurredAt": "2026-11-19T10:00:00"})
    assert paths(zoneless) == ["occurredAt"]
    assert "occurredAt" in (await errors_of(api, "registerCase", **CAR | {"occurredAt": "gestern"}))[0].message


async def test_a_point_says_in_which_system_it_was_measured(api: GraphQLStreet) -> None:
    bare = {"longitude": 122.903, "latitude": 28.221}
    answer = await api.act(staff(api, DISPATCHER), "registerCase", **CAR | {"point": bare})
    assert paths(answer) == ["point.crs"]
    answer = await api.act(staff(api, DISPATCHER), "registerCase", **CAR | {"point": SCENE | {"latitude": 91}})
    assert paths(answer) == ["point.latitude"]


async def test_a_boundary_that_crosses_itself_or_is_none_is_named(api: GraphQLStreet) -> None:
    county = staff(api, COUNTY)
    assert paths(await api.act(county, "defineGrid", **GRID, boundary=CROSSING)) == ["boundary"]
    assert paths(await api.act(county, "defineGrid", **GRID, boundary=[1, 2], settingFactors={"a": 1})) == [
        "boundary", "settingFactors",
    ]  # fmt: skip
    without = {key: value for key, value in GRID.items() if key != "crs"}
    assert "crs" in paths(await api.act(county, "defineGrid", **without, boundary=CROSSING))


async def test_an_identity_number_is_checked(api: GraphQLStreet) -> None:
    answer = await api.act(staff(api, WORKER), "registerPerson", **PERSON, idNumber="990101199003070010", phone="123")
    assert paths(answer) == ["idNumber", "phone"]


async def test_an_organization_that_does_not_exist_is_named(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    parties = [{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "NONE", "role": "CO"}]
    answer = await api.act(staff(api, DISPATCHER), "dispatchCase", caseId=case_id, parties=parties, dutyBasis="条例")
    assert paths(answer) == ["parties.1.organizationCode"]


async def test_a_step_that_the_state_does_not_know_tells_what_it_knows(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    answer = await api.act(
        staff(api, DISPATCHER), "dispatchCase", caseId=case_id, dutyBasis="条例",
        parties=[{"organizationCode": "CG", "role": "LEAD"}],
    )  # fmt: skip
    assert (answer["__typename"], answer["state"]) == ("StateConflict", "REGISTERED")
    allowed = {each["name"] for each in answer["allowed"] if each["allowed"]}
    assert {"acceptCase", "refuseCase", "classifyCase"} <= allowed


async def test_the_same_action_twice_is_a_conflict(api: GraphQLStreet) -> None:
    case_id = await accepted(api)
    answer = await api.act(staff(api, DISPATCHER), "acceptCase", caseId=case_id)
    assert (answer["code"], answer["state"]) == ("STATE_CONFLICT", "ACCEPTED")


async def test_of_two_writers_at_once_one_is_told_that_the_other_was_faster(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    answers = await asyncio.gather(
        *(api.act(staff(api, DISPATCHER), "acceptCase", caseId=case_id, expectedVersion=1) for _ in range(2))
    )
    assert sorted(answer["__typename"] for answer in answers) == ["CasePayload", "StateConflict"]
    conflict = next(answer for answer in answers if answer["__typename"] == "StateConflict")
    assert conflict["version"] > 1


async def test_who_may_not_act_is_told_so(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    for who, problem in ((WORKER, "NotPermitted"), ("CG", "NotFound"), ("P014", "NotFound")):
        answer = await api.act(staff(api, who), "acceptCase", caseId=case_id)
        assert answer["__typename"] == problem, who
    nobody = Viewer("nobody", "无示")
    assert (await api.act(nobody, "registerCase", **CAR))["code"] == "NOT_PERMITTED"


async def test_a_viewer_of_another_county_finds_nothing(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    stranger = Viewer("stranger", "客示", (Grant(Role.STREET_DISPATCHER, "110101001000"),), account_id=uuid4())
    assert (await api.act(stranger, "acceptCase", caseId=case_id))["__typename"] == "NotFound"


async def test_a_reveal_names_the_person_and_is_limited(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    asked = {"caseId": case_id, "subject": "PERSON", "purpose": "ON_SITE"}
    assert paths(await api.act(staff(api, DISPATCHER), "revealPersonalData", **asked)) == ["personId"]
    uses = api.street.ground.rulebook.reveals.uses
    for _ in range(uses):
        await api.done(staff(api, DISPATCHER), "revealPersonalData", **asked | {"subject": "REPORTER"})
    limited = await api.act(staff(api, DISPATCHER), "revealPersonalData", **asked | {"subject": "REPORTER"})
    assert limited["__typename"] == "RateLimited"
    assert limited["retryAfter"] >= 1


async def test_an_attachment_belongs_to_one_thing(api: GraphQLStreet) -> None:
    case_id = await registered(api)
    file: Json = {"kind": "BEFORE", "name": "a.jpg", "mediaType": "image/jpeg", "size": 1, "sha256": "0" * 64}
    dispatcher = staff(api, DISPATCHER)
    assert paths(await api.act(dispatcher, "addAttachment", **file)) == ["caseId"]
    faulty = file | {"mediaType": "photo", "size": 0, "sha256": "xyz"}
    assert paths(await api.act(dispatcher, "addAttachment", caseId=case_id, **faulty)) == [
        "mediaType",
        "sha256",
        "size",
    ]
    added = await later(api, DISPATCHER, "addAttachment", "attachment { name }", caseId=case_id, **file)
    assert added["attachment"] == {"name": "a.jpg"}


async def test_report_fields_are_an_object(api: GraphQLStreet) -> None:
    _, assignments = await blown(api, await accepted(api))
    answer = await api.act(
        staff(api, "CG"), "reportResult", assignmentId=assignments["CG"], fields=[1], **report(api)
    )  # fmt: skip
    assert paths(answer) == ["fields"]


async def test_a_refusal_keeps_nothing_and_its_key_may_be_used_again(api: GraphQLStreet, street: Street) -> None:
    dispatcher = staff(api, DISPATCHER)
    await api.act(dispatcher, "registerCase", **CAR | {"title": ""}, idempotencyKey="again")
    for table in ("case_file", "case_event", "command_outcome", "message"):
        assert await street.pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert (await api.done(dispatcher, "registerCase", **CAR, idempotencyKey="again"))["outcome"][
        "caseState"
    ] == "REGISTERED"


async def test_messages_are_chinese_unless_english_is_asked_for(api: GraphQLStreet) -> None:
    document = """mutation { acceptCase(input: {idempotencyKey: "1", caseId: "?"}) { ... on InvalidInput { faults { message } } } }"""
    context = api.context(staff(api, DISPATCHER), english=False)
    outcome = await service().execute(document, context)
    assert outcome.data is not None
    assert "不是有效的" in outcome.data.decode()
