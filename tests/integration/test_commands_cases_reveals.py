"""Showing personal data in clear: who may, what is logged, how often (C.7 guardrails 2 and 5)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.reveals import Revealed, RevealInput, SubjectKind, reveal_personal_data
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.demo.identifiers import person_id
from shaodao.domain.errors import NotFound, NotPermitted, RateLimited
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, Channel, RevealPurpose
from tests.integration.case_steps import BASIS, accepted, closed, dispatched, do, only_row
from tests.integration.conftest import Street

CONTACT, ON_SITE, FOLLOW_UP = RevealPurpose.CONTACT_REPORTER, RevealPurpose.ON_SITE, RevealPurpose.FOLLOW_UP


async def reveal(street: Street, viewer: Viewer, given: RevealInput) -> Revealed:
    shown: list[Revealed] = []

    async def command(tx: Transaction) -> Outcome:
        shown.append(await reveal_personal_data(tx, given))
        return shown[0].outcome

    await street.run(command, viewer)
    return shown[0]


async def reporter(street: Street, viewer: Viewer, case_id: UUID, purpose: RevealPurpose = CONTACT) -> Revealed:
    return await reveal(street, viewer, RevealInput(SubjectKind.REPORTER, purpose, case_id))


async def person(street: Street, viewer: Viewer, case_id: UUID, reference: str) -> Revealed:
    return await reveal(street, viewer, RevealInput(SubjectKind.PERSON, ON_SITE, case_id, person_id(reference)))


async def uses(street: Street) -> int:
    return int(await street.pool.fetchval("SELECT count(*) FROM personal_data_access"))


async def test_every_use_is_logged_and_stands_in_the_history_without_the_data(street: Street) -> None:
    case_id, dispatcher = await accepted(street), street.viewer("吕示衡")
    shown = await reporter(street, dispatcher, case_id)
    assert (shown.name, shown.phone, shown.id_number) == ("沈例宽", "10000010014", None)
    row = await only_row(street, "SELECT * FROM personal_data_access")
    assert (row["login"], row["role"], row["purpose"], row["fields"]) == (
        dispatcher.login, "STREET_DISPATCHER", "CONTACT_REPORTER", ["name", "phone"],
    )  # fmt: skip
    assert (row["case_id"], row["subject_id"], row["at"]) == (case_id, case_id, street.now)  # no person of the register
    event = await only_row(street, "SELECT * FROM case_event WHERE type = 'revealPersonalData'")
    assert event["public"] is False
    assert event["actor_role"] == "STREET_DISPATCHER"
    kept = await street.pool.fetchval("SELECT string_agg(row_to_json(e)::text, '') FROM case_event e")
    assert "10000010014" not in kept
    assert "沈例宽" not in kept


async def test_a_case_without_a_phone_shows_nothing_and_is_logged_all_the_same(street: Street) -> None:
    case_id = await accepted(street, reporter=ReporterInput(anonymous=True))
    shown = await reporter(street, street.viewer("吕示衡"), case_id)
    assert (shown.name, shown.phone) == (None, None)
    assert await uses(street) == 1


async def test_the_caller_sees_contacts_of_closed_cases_for_calling(street: Street) -> None:
    caller = street.viewer("毛示访")
    open_case = await accepted(street)
    with pytest.raises(NotFound):
        await reporter(street, caller, open_case, FOLLOW_UP)
    case_id = await closed(street)
    assert (await reporter(street, caller, case_id, FOLLOW_UP)).phone == "10000010014"
    with pytest.raises(NotPermitted):
        await reporter(street, caller, case_id, CONTACT)


async def test_the_leads_handler_sees_the_reporter_unless_confidential(street: Street) -> None:
    lead, other = street.department_viewer("CG"), street.department_viewer("JJ")
    case_id = await dispatched(street)
    assert (await reporter(street, lead, case_id, ON_SITE)).phone == "10000010014"
    for viewer, purpose in ((other, ON_SITE), (lead, FOLLOW_UP)):
        with pytest.raises(NotPermitted):
            await reporter(street, viewer, case_id, purpose)
    with pytest.raises(NotFound):
        await reporter(street, street.department_viewer("MZ"), case_id, ON_SITE)
    hidden = await dispatched(street, reporter=ReporterInput(phone="10000010014", confidential=True))
    with pytest.raises(NotPermitted):
        await reporter(street, lead, hidden, ON_SITE)
    assert (await reporter(street, street.viewer("吕示衡"), hidden)).phone == "10000010014"
    assert await uses(street) == 2


async def test_a_withdrawn_lead_sees_no_more(street: Street) -> None:
    case_id = await accepted(street, "P014", reporter=None, channel=Channel.WECHAT)
    await do(
        street,
        lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", AssignmentRole.LEAD)], duty_basis=BASIS),
    )
    await do(street, lambda tx: cases.withdraw(tx, case_id, reason="已解决"), "P014")
    with pytest.raises(NotFound):
        await reporter(street, street.department_viewer("CG"), case_id, ON_SITE)


async def test_the_worker_sees_people_of_the_own_grid(street: Street) -> None:
    case_id, worker = await accepted(street, subject_person_id=person_id("P014")), street.viewer("周示岚")
    shown = await person(street, worker, case_id, "P014")
    assert (shown.name, shown.phone, shown.id_number) == ("沈例宽", "10000010014", "990101196804251015")
    assert shown.fields == ["name", "phone", "idNumber", "birthDate"]
    for viewer, error in (
        (street.viewer("尤示宁"), NotPermitted),
        (street.viewer("孔示明"), NotPermitted),
        (street.viewer("吴示禾"), NotFound),
        (street.department_viewer("CG"), NotFound),
        (street.resident("P014"), NotFound),
    ):
        with pytest.raises(error):
            await person(street, viewer, case_id, "P014")
    with pytest.raises(NotFound):
        await person(street, worker, case_id, "P001")
    with pytest.raises(NotPermitted):
        await reporter(street, worker, case_id)
    assert await uses(street) == 1


async def test_a_minor_is_shown_to_the_dispatcher_only(street: Street) -> None:
    concerned: dict[str, Any] = {
        "point": None,
        "grid_code": "990101001201002",
        "subject_person_id": person_id("P007"),
    }
    case_id = await accepted(street, **concerned)
    with pytest.raises(NotFound):
        await person(street, street.viewer("韩示屿"), case_id, "P007")
    assert (await person(street, street.viewer("吕示衡"), case_id, "P007")).name is not None


async def test_what_does_not_exist_is_not_found(street: Street) -> None:
    case_id, dispatcher = await accepted(street), street.viewer("吕示衡")
    with pytest.raises(NotFound):
        await reporter(street, dispatcher, UUID(int=7))
    for missing in (None, UUID(int=7)):
        with pytest.raises(NotFound):
            await reveal(street, dispatcher, RevealInput(SubjectKind.PERSON, ON_SITE, case_id, missing))


async def test_the_thirty_first_use_within_ten_minutes_is_refused(street: Street) -> None:
    case_id, dispatcher = await accepted(street), street.viewer("吕示衡")
    results = await asyncio.gather(*(reporter(street, dispatcher, case_id) for _ in range(32)), return_exceptions=True)
    assert sum(isinstance(result, Revealed) for result in results) == 30
    limited = [result for result in results if isinstance(result, RateLimited)]
    assert [error.retry_after for error in limited] == [600, 600]
    assert await uses(street) == 30
    street.now += timedelta(minutes=10)
    await reporter(street, dispatcher, case_id)
