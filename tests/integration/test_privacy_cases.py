"""What whoever reports a case may rely on: who learns that they did, that the case is there, and what becomes of it."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.execution import Context, ReadService
from schema.schema import build_schema
from shaodao.commands import assignments, attachments, cases, whistles
from shaodao.commands.attachments import AttachmentInput
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.registration import register
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.running import Repetition, connection_of
from shaodao.delivery.views import read_view
from shaodao.demo.clock import DemoClock
from shaodao.demo.identifiers import person_id
from shaodao.domain.errors import DomainError, IdempotencyConflict, InvalidInput, NotFound
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import AttachmentKind, Channel, Role
from tests.integration.asking import Desk, desk_of
from tests.integration.case_steps import case_input
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CO,
    INFORM,
    LEAD,
    SCENE,
    accepted,
    assignment_of,
    blown,
    do,
    registered,
    reported,
    viewer_of,
    whistle_input,
)

HISTORY = (
    "query ($id: ID!) { node(id: $id) { ... on Case { history(first: 50) { nodes { type organization { code } } } } } }"
)
FILES = "query ($id: ID!) { node(id: $id) { ... on Case { attachments { name kind } } } }"
WHISTLE = "query ($id: ID!) { node(id: $id) { ... on Case { whistles { reason place selfEffort decisionText } } } }"
REPORTER = "query ($id: ID!) { node(id: $id) { ... on Case { initialOpinion reporter { phone } } } }"
INBOX = "query ($of: String!) { assignments(organization: $of, filter: { overdue: false }) { totalCount } }"
MESSAGES = "query ($id: ID!) { node(id: $id) { ... on Case { messages { kind } } } }"
MOVE = "mutation ($to: DateTime!) { moveDemoClock(input: { to: $to }) { __typename } }"
PHOTO = AttachmentInput(AttachmentKind.BEFORE, "沈例宽拍摄.jpg", "image/jpeg", 10, "a" * 64)
CONFIDENTIAL = ReporterInput(name="沈例宽", phone="10000010014", confidential=True)


@pytest.fixture(scope="module")
def service() -> ReadService:
    return ReadService(build_schema())


async def node(street: Street, service: ReadService, query: str, case_id: UUID, who: str | Viewer) -> Any:
    desk = Desk(street, service, None)  # type: ignore[arg-type]
    viewer = who if isinstance(who, Viewer) else viewer_of(street, who)
    return (await desk.ask(query, viewer, id=f"Case:{street.county}:{case_id}"))["node"]


async def test_neither_a_version_nor_a_refusal_tells_that_a_hidden_case_is_there(street: Street) -> None:
    case_id = await registered(street)
    outsiders = ("吴示禾", "MZ", "P018", Viewer("far", "远示", (Grant(Role.STREET_DISPATCHER, "990101002000"),)))
    for who in outsiders:
        viewer = who if isinstance(who, Viewer) else viewer_of(street, who)
        said = set()
        for identifier, version in ((case_id, None), (case_id, 99), (case_id, 1), (UUID(int=7), None)):
            with pytest.raises(DomainError) as error:
                await street.run(
                    lambda tx, i=identifier, v=version: cases.withdraw(tx, i, reason="无", expected_version=v),  # type: ignore[misc]
                    viewer,
                )
            said.add((type(error.value), error.value.english.replace(str(identifier), "")))
        assert said == {(NotFound, "not found: Case ")}


async def test_a_resident_learns_nothing_of_the_whistle_on_the_own_case(street: Street) -> None:
    given = case_input(reporter=None, channel=Channel.WECHAT, point=SCENE)
    case_id = (await street.run(lambda tx: register(tx, given), street.resident("P014"))).case_id
    assert case_id is not None
    await do(street, lambda tx: cases.accept(tx, case_id))
    whistle_id = (await do(street, lambda tx: whistles.draft(tx, case_id, whistle_input()))).whistle_id
    assert whistle_id is not None
    with pytest.raises(NotFound):
        await do(street, lambda tx: whistles.submit(tx, whistle_id, expected_version=99), "P014")


async def test_a_department_reads_what_is_public_and_about_no_other_department(
    street: Street, service: ReadService
) -> None:
    case_id, _ = await blown(street)
    for code in ("CG", "JJ"):
        await reported(street, await assignment_of(street, case_id, code), code)
    seen = (await node(street, service, HISTORY, case_id, "CG"))["history"]["nodes"]
    assert {row["organization"] and row["organization"]["code"] for row in seen} == {None, "CG"}
    by_staff = (await node(street, service, HISTORY, case_id, "吕示衡"))["history"]["nodes"]
    assert "JJ" in {row["organization"]["code"] for row in by_staff if row["organization"]}


async def test_what_the_street_argued_for_a_whistle_stays_with_the_street(street: Street, service: ReadService) -> None:
    case_id, _ = await blown(street)
    [seen] = (await node(street, service, WHISTLE, case_id, "CG"))["whistles"]
    assert (seen["selfEffort"], seen["decisionText"]) == (None, None)
    assert seen["reason"]
    assert seen["place"]
    [full] = (await node(street, service, WHISTLE, case_id, "吕示衡"))["whistles"]
    assert full["selfEffort"]


async def test_a_department_sees_no_other_departments_files(street: Street, service: ReadService) -> None:
    case_id, _ = await blown(street)
    await do(street, lambda tx: attachments.add_case_attachment(tx, case_id, PHOTO))
    for code in ("CG", "JJ"):
        identifier = await assignment_of(street, case_id, code)
        given = AttachmentInput(AttachmentKind.BEFORE, f"{code}.jpg", "image/jpeg", 10, "b" * 64)
        await do(street, lambda tx, i=identifier, g=given: attachments.add_attachment(tx, i, g), code)  # type: ignore[misc]
    seen = {row["name"] for row in (await node(street, service, FILES, case_id, "CG"))["attachments"]}
    assert seen == {PHOTO.name, "CG.jpg"}
    async with street.pool.acquire() as lent:
        view = await read_view(connection_of(lent), street.county, await assignment_of(street, case_id, "CG"))
    assert {file.name for file in view.case.attachments} == seen


async def test_a_file_name_does_not_tell_who_reported_in_confidence(street: Street, service: ReadService) -> None:
    case_id = await accepted(street, reporter=CONFIDENTIAL)
    await _dispatch(street, case_id)
    await do(street, lambda tx: attachments.add_case_attachment(tx, case_id, PHOTO))
    assert (await node(street, service, FILES, case_id, "CG"))["attachments"] == [{"name": None, "kind": "BEFORE"}]
    assert (await node(street, service, FILES, case_id, "吕示衡"))["attachments"][0]["name"] == PHOTO.name
    async with street.pool.acquire() as lent:
        view = await read_view(connection_of(lent), street.county, await assignment_of(street, case_id, "CG"))
    assert [file.name for file in view.case.attachments] == ["附件"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", "沈例宽反映占道"),
        ("description", "请回电 100-0001-0014"),
        ("address", "望海里9幢，990101196804251015"),
    ],
)
async def test_the_words_of_a_confidential_case_do_not_name_the_reporter(street: Street, field: str, text: str) -> None:
    for reporter in (CONFIDENTIAL, ReporterInput(person_id=person_id("P014"), confidential=True)):
        given = case_input(**{"reporter": reporter, field: text})
        with pytest.raises(InvalidInput) as error:
            await do(street, lambda tx, g=given: register(tx, g))  # type: ignore[misc]
        assert [fault.path for fault in error.value.faults] == [field]
        assert text not in error.value.message
    await do(street, lambda tx: register(tx, case_input(**{field: text})))


async def test_no_phone_stands_in_what_is_public(street: Street) -> None:
    case_id = await registered(street)
    await do(street, lambda tx: cases.accept(tx, case_id))
    await _dispatch(street, case_id)
    identifier = await assignment_of(street, case_id, "CG")
    with pytest.raises(InvalidInput) as error:
        await do(street, lambda tx: assignments.acknowledge(tx, identifier, for_person="姜示序 10000000028"))
    assert [fault.path for fault in error.value.faults] == ["forPerson"]
    await do(street, lambda tx: assignments.acknowledge(tx, identifier, ["姜示序10000000028"]), "CG")
    told = await street.pool.fetchval("SELECT string_agg(text, '') FROM case_event WHERE public")
    assert "10000000028" not in told


async def test_grants_in_two_roles_do_not_open_the_reporter(street: Street, service: ReadService) -> None:
    case_id = await accepted(street, reporter=CONFIDENTIAL)
    await _dispatch(street, case_id)
    await street.pool.execute("UPDATE case_file SET initial_opinion = '须街道协调'")
    both = Viewer(
        "both", "兼示", (Grant(Role.DEPT_HANDLER, "990101000000", "CG"), Grant(Role.GRID_WORKER, "990101001002001")),
        account_id=uuid4(),
    )  # fmt: skip
    seen = await node(street, service, REPORTER, case_id, both)
    assert seen == {"initialOpinion": None, "reporter": None}
    own_grid = Viewer("w", "网示", (both.grants[0], Grant(Role.GRID_WORKER, "990101001001001")), account_id=uuid4())
    assert (await node(street, service, REPORTER, case_id, own_grid))["reporter"] == {"phone": "100****0014"}
    assert (await node(street, service, REPORTER, case_id, own_grid))["initialOpinion"] == "须街道协调"


async def test_who_is_only_informed_or_no_longer_called_does_not_see_the_reporter(
    street: Street, service: ReadService
) -> None:
    case_id = await accepted(street)
    await _dispatch(street, case_id, PartyInput("CG", LEAD), PartyInput("SF", INFORM), PartyInput("JJ", CO))
    assert (await node(street, service, REPORTER, case_id, "CG"))["reporter"] is not None
    assert (await node(street, service, REPORTER, case_id, "SF"))["reporter"] is None
    for state in ("WITHDRAWN", "REASSIGNED"):
        await street.pool.execute("UPDATE assignment SET state = $1 WHERE organization_code = 'JJ'", state)
        assert await node(street, service, REPORTER, case_id, "JJ") is None
    async with street.pool.acquire() as lent:
        for code in ("SF", "JJ"):
            view = await read_view(connection_of(lent), street.county, await assignment_of(street, case_id, code))
            assert view.case.reporter is None


async def test_the_county_office_does_not_see_who_reported(street: Street, service: ReadService) -> None:
    case_id = await accepted(street)
    await street.pool.execute("UPDATE case_file SET county_informed_at = registered_at")
    assert (await node(street, service, REPORTER, case_id, "曹示度"))["reporter"] is None


async def test_the_inbox_of_another_department_tells_nothing(street: Street, service: ReadService) -> None:
    await blown(street)
    desk = Desk(street, service, None)  # type: ignore[arg-type]
    for who, of, count in (("CG", "CG", 1), ("CG", "JJ", 0), ("吕示衡", "JJ", 1)):
        found = await desk.ask(INBOX, viewer_of(street, who), of=of)
        assert found["assignments"]["totalCount"] == count, (who, of)


async def test_a_resident_reads_the_own_messages_and_not_the_departments(street: Street) -> None:
    desk = await desk_of(street)
    case = desk.case(1)
    staff = {row["kind"] for row in (await desk.ask(MESSAGES, id=case))["node"]["messages"]}
    own = {row["kind"] for row in (await desk.ask(MESSAGES, desk.people["resident"], id=case))["node"]["messages"]}
    assert "WHISTLE" in staff
    assert own == staff - {"WHISTLE", "ALARM"}
    assert own


async def test_an_outcome_is_not_given_again_to_other_grants(street: Street) -> None:
    given = case_input()
    worker = street.viewer("周示岚")
    repetition = Repetition("same-key", "registerCase", given)

    async def run(viewer: Viewer) -> Any:
        return await street.runner.run(
            lambda tx: register(tx, given), actor=viewer, county=street.county, now=street.now, repetition=repetition
        )

    first = await run(worker)
    assert (await run(worker)).case_id == first.case_id
    moved = Viewer(worker.login, worker.name, (Grant(Role.GRID_WORKER, "990101001001002"),), worker.account_id)
    with pytest.raises(IdempotencyConflict):
        await run(moved)


@pytest.mark.parametrize(("who", "moved"), [("P014", False), ("周示岚", False), ("CG", False), ("吕示衡", True)])
async def test_limits_are_let_pass_by_the_street_alone(
    street: Street, service: ReadService, who: str, moved: bool
) -> None:
    clock = DemoClock()
    services = SimpleNamespace(now=clock, pool=street.pool, announcer=street.announcer)
    request = SimpleNamespace(english=True, request_id="test")
    context = Context(viewer_of(street, who), street.now, street.pool, request=request, services=services)
    later = (clock() + timedelta(hours=1)).isoformat()
    outcome = await service.execute(MOVE, context, {"to": later})
    assert ("DemoClockPayload" in outcome.body().decode()) is moved
    assert (clock.offset > timedelta(minutes=30)) is moved


async def _dispatch(street: Street, case_id: UUID, *parties: PartyInput) -> None:
    called = parties or (PartyInput("CG", LEAD), PartyInput("JJ", CO))
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=called, duty_basis="职责清单第1项"))
