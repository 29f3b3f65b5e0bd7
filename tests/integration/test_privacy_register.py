"""What a resident of the register may rely on: nobody puts their masked number together, and no case is a way to their record."""

from typing import Any
from uuid import UUID

import pytest

from shaodao.commands.people import PersonInput
from shaodao.commands.registers import register_person
from shaodao.commands.registration import register
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.reveals import RevealInput, SubjectKind, reveal_personal_data
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.demo.identifiers import person_id
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import CaseVisibility, Channel, ResidenceKind, RevealPurpose, Role
from tests.integration.asking import Desk, desk_of
from tests.integration.case_steps import IN_TINGTAO, accepted, case_input, only_row, paths, row_of
from tests.integration.conftest import Street

PEOPLE = "{ people(first: 100) { nodes { name birthDate idNumber age archiveColor archiveReason careTags { kind } } } }"
BY_PHONE = "query ($phone: String!) { people(filter: { phone: $phone }) { totalCount } }"
BY_REPORTER = "query ($phone: String!) { cases(filter: { reporterPhone: $phone }) { totalCount } }"
COLOURED = "{ people(filter: { archiveColors: [ORANGE, YELLOW, RED] }) { totalCount } }"
OTHER_STREET = "990101002000"
MOVED_AWAY = """
WITH elsewhere AS (
    INSERT INTO grid (county_code, code, name, kind, area_kind, street_code, community_code)
    VALUES (990101, '990101002001001', '外', 'BASE', 'URBAN', '990101002000', '990101002001') RETURNING county_code
)
UPDATE person SET grid_code = '990101002001001', street_code = '990101002000' FROM elsewhere WHERE reference = 'P014'
"""


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


async def people(desk: Desk, viewer: Viewer) -> dict[str, Any]:
    return {row["name"]: row for row in (await desk.ask(PEOPLE, viewer))["people"]["nodes"]}


async def test_no_member_of_staff_reads_a_birth_date_beside_the_masked_number(desk: Desk) -> None:
    for who in ("grid worker", "grid chief", "dispatcher", "chief leader"):
        seen = await people(desk, desk.people[who])
        assert seen, who
        assert {row["birthDate"] for row in seen.values()} == {None}, who
        assert seen["沈例宽"]["age"] == 58
        assert "********" in seen["沈例宽"]["idNumber"]


async def test_a_resident_reads_the_own_birth_date(desk: Desk) -> None:
    assert (await people(desk, desk.people["resident"]))["沈例宽"]["birthDate"] == "1968-04-25"


async def test_no_cursor_tells_a_birth_date(desk: Desk) -> None:
    by_age = "{ people(orderBy: AGE) { pageInfo { endCursor } } }"
    assert (await desk.outcome(by_age)).errors


async def test_grants_in_two_roles_show_no_more_than_each_of_them(desk: Desk) -> None:
    mixed = Viewer(
        "mixed", "混示", (*desk.people["resident"].grants, Grant(Role.DEPT_HANDLER, "990101000000", "CG")),
        person_id=desk.people["resident"].person_id,
    )  # fmt: skip
    await desk.street.pool.execute(
        "UPDATE person SET archive_color = 'RED', archive_reason = '走访' WHERE reference = 'P014'"
    )
    own = (await people(desk, mixed))["沈例宽"]
    assert (own["archiveColor"], own["archiveReason"]) == (None, None)


async def test_a_phone_is_found_by_the_dispatcher_alone(desk: Desk) -> None:
    for query in (BY_PHONE, BY_REPORTER):
        found = {who: next(iter((await desk.ask(query, viewer, phone="100-0001-0014")).values()))["totalCount"]
                 for who, viewer in desk.people.items()}  # fmt: skip
        assert {who for who, count in found.items() if count} == {"dispatcher"}


async def test_a_request_looks_one_phone_up_however_often_it_names_it(desk: Desk) -> None:
    twice = """query ($a: String!, $b: String!) {
        people(filter: { phone: $a }) { totalCount } cases(filter: { reporterPhone: $b }) { totalCount } }"""
    same = await desk.ask(twice, a="10000010014", b="100 0001 0014")
    assert same == {"people": {"totalCount": 1}, "cases": {"totalCount": 1}}
    assert await desk.refusal(twice, a="10000010014", b="10000010018") == (
        "INVALID_INPUT", "phone: a request looks one phone up",
    )  # fmt: skip


async def test_phones_are_not_found_by_trying(desk: Desk) -> None:
    uses = desk.street.ground.rulebook.phone_lookups.uses
    for number in range(uses):
        await desk.ask(BY_PHONE, phone=f"100{number:08d}")
    assert (await desk.refusal(BY_PHONE, phone="10000010014"))[0] == "RATE_LIMITED"
    [error] = (await desk.outcome(BY_REPORTER, phone="10000010014")).errors
    assert (error.extensions or {})["retryAfter"] == 600
    assert (await desk.ask(BY_PHONE, desk.people["grid worker"], phone="10000010014"))["people"]["totalCount"] == 0


async def test_the_own_colour_is_not_found_by_asking_for_each(desk: Desk) -> None:
    await desk.street.pool.execute("UPDATE person SET archive_color = 'RED' WHERE reference = 'P014'")
    assert (await desk.ask(COLOURED, desk.people["resident"]))["people"]["totalCount"] == 0
    assert (await desk.ask(COLOURED))["people"]["totalCount"] > 1


async def test_of_a_child_the_street_sees_that_it_lives_there_and_nothing_kept_of_it(desk: Desk) -> None:
    await desk.street.pool.execute("UPDATE person SET archive_reason = '走访' WHERE reference IN ('P007', 'P008')")
    for who in ("dispatcher", "chief leader"):
        seen = await people(desk, desk.people[who])
        assert (seen["王例小"]["archiveReason"], seen["王例小"]["careTags"]) == (None, [])
        assert seen["王例福"]["archiveReason"] == "走访"


@pytest.mark.parametrize("who", ["吴示禾", "韩示屿"])
async def test_a_case_is_no_way_to_the_record_of_somebody_out_of_sight(street: Street, who: str) -> None:
    hidden = {"吴示禾": "P014", "韩示屿": "P007"}[who]  # of another grid; a child of the own grid
    for field, changes in (
        ("reporter.personId", {"reporter": ReporterInput(person_id=person_id(hidden))}),
        ("subjectPersonId", {"subject_person_id": person_id(hidden)}),
    ):
        with pytest.raises(InvalidInput) as error:
            await street.run(lambda tx, c=changes: register(tx, case_input(**c)), street.viewer(who))  # type: ignore[misc]
        assert paths(error) == {field}
        assert error.value.faults[0].message == "没有此人员"


async def test_a_resident_or_a_department_names_nobody_but_themselves(street: Street) -> None:
    resident, handler = street.resident("P014"), street.department_viewer("CG")
    for viewer, field, changes in (
        (resident, "reporter.personId", {"reporter": ReporterInput(person_id=person_id("P018"))}),
        (resident, "subjectPersonId", {"subject_person_id": person_id("P018"), "reporter": None}),
        (handler, "reporter.personId", {"reporter": ReporterInput(person_id=person_id("P014"))}),
        (handler, "subjectPersonId", {"subject_person_id": person_id("P014")}),
    ):
        given = case_input(**{"channel": Channel.WECHAT, **changes})
        with pytest.raises(InvalidInput) as error:
            await street.run(lambda tx, g=given: register(tx, g), viewer)  # type: ignore[misc]
        assert paths(error) == {field}
    own = case_input(reporter=ReporterInput(person_id=person_id("P014")), channel=Channel.WECHAT)
    await street.run(lambda tx: register(tx, own), resident)


async def test_a_child_makes_the_case_restricted(street: Street) -> None:
    given = case_input(
        subject_person_id=person_id("P007"), reporter=ReporterInput(phone="10000019999", confidential=True)
    )
    row = await row_of(street, await street.run(lambda tx: register(tx, given), street.viewer("吕示衡")))
    assert row["visibility"] == CaseVisibility.RESTRICTED_MINOR
    assert row["confidential"] is True
    given = case_input(reporter=ReporterInput(person_id=person_id("P007")))
    row = await row_of(street, await street.run(lambda tx: register(tx, given), street.viewer("吕示衡")))
    assert row["visibility"] == CaseVisibility.RESTRICTED_MINOR


async def test_residents_decide_neither_who_sees_a_case_nor_how_it_came(street: Street) -> None:
    given = case_input(
        reporter=None, visibility=CaseVisibility.RESTRICTED_SPECIAL, public=True, channel=Channel.SUPERIOR
    )
    with pytest.raises(InvalidInput) as error:
        await street.run(lambda tx: register(tx, given), street.resident("P014"))
    assert paths(error) == {"visibility", "public", "channel"}


async def reveal(street: Street, viewer: Viewer, given: RevealInput) -> None:
    async def command(tx: Transaction) -> Outcome:
        return (await reveal_personal_data(tx, given)).outcome

    await street.run(command, viewer)


def of_person(case_id: UUID, reference: str) -> RevealInput:
    return RevealInput(SubjectKind.PERSON, RevealPurpose.ON_SITE, case_id, person_id(reference))


async def test_a_record_is_revealed_for_a_case_that_concerns_the_person(street: Street) -> None:
    dispatcher = street.viewer("吕示衡")
    case_id = await accepted(street, reporter=ReporterInput(person_id=person_id("P008")))
    await reveal(street, dispatcher, of_person(case_id, "P008"))
    await reveal(street, dispatcher, of_person(case_id, "P007"))  # of the same household
    with pytest.raises(NotPermitted):
        await reveal(street, dispatcher, of_person(case_id, "P014"))


async def test_the_access_log_names_the_person_who_reported(street: Street) -> None:
    case_id = await accepted(street, reporter=ReporterInput(person_id=person_id("P014")))
    await reveal(
        street, street.viewer("吕示衡"), RevealInput(SubjectKind.REPORTER, RevealPurpose.CONTACT_REPORTER, case_id)
    )
    row = await only_row(street, "SELECT * FROM personal_data_access")
    assert (row["subject_kind"], row["subject_id"], row["case_id"]) == ("REPORTER", person_id("P014"), case_id)


async def test_a_reporter_from_elsewhere_is_revealed_only_when_they_reported_themselves(street: Street) -> None:
    contact = RevealPurpose.CONTACT_REPORTER
    by_staff = await accepted(street, reporter=ReporterInput(person_id=person_id("P014")))
    by_themselves = await accepted(street, "P014", reporter=None)
    await street.pool.execute(MOVED_AWAY)
    dispatcher = street.viewer("吕示衡")
    with pytest.raises(NotPermitted):
        await reveal(street, dispatcher, RevealInput(SubjectKind.REPORTER, contact, by_staff))
    await reveal(street, dispatcher, RevealInput(SubjectKind.REPORTER, contact, by_themselves))


async def test_whether_a_number_is_registered_is_told_to_who_sees_the_person(street: Street) -> None:
    def twin(grid: str) -> PersonInput:
        number = street.data.person("P014").id_number
        return PersonInput(name="沈例二", grid_code=grid, residence_kind=ResidenceKind.REGISTERED, id_number=number)

    said = {}
    for who, grid in (("周示岚", "990101001001001"), ("吴示禾", "990101001001002")):
        with pytest.raises(InvalidInput) as error:
            await street.run(lambda tx, g=grid: register_person(tx, twin(g)), street.viewer(who))  # type: ignore[misc]
        said[who] = error.value.faults[0].message
    assert "已登记" in said["周示岚"]
    assert "登记，请联系" in said["吴示禾"]
    assert "已登记" not in said["吴示禾"]


async def test_a_dispatcher_of_a_street_that_is_not_there_is_asked_where(street: Street) -> None:
    stranger = Viewer("other", "别示处", (Grant(Role.STREET_DISPATCHER, OTHER_STREET),))
    with pytest.raises(InvalidInput) as error:
        await street.run(lambda tx: register(tx, case_input(point=None)), stranger)
    assert paths(error) == {"divisionCode"}
    case_id = await accepted(street, point=IN_TINGTAO)
    with pytest.raises(NotFound):
        await reveal(street, stranger, RevealInput(SubjectKind.REPORTER, RevealPurpose.CONTACT_REPORTER, case_id))
