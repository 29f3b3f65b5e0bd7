"""The dues of organizations follow the case's: by class, by catalogue, at sea; a photo where the catalogue demands one."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import assignments, attachments, cases, emergencies, reports
from shaodao.commands.attachments import AttachmentInput
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.errors import InvalidInput
from shaodao.domain.vocabulary import AttachmentKind, Urgency, WhistleKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    BASIS,
    CO,
    LEAD,
    accepted,
    assignment_of,
    blown,
    do,
    paths,
    report_input,
    row,
    running,
)

WITH_LIMIT, WITH_PHOTO = "C-0601", "C-1301"
"""Items of the dispatch catalogue: one with a limit of 15 working days and a photo, one with a photo alone."""


async def dispatched(street: Street, catalogue: str | None = None, **changes: Any) -> tuple[UUID, UUID]:
    """A case dispatched to CG and JJ, and CG's assignment."""
    case_id = await accepted(street, **changes)
    parties = [PartyInput("CG", LEAD), PartyInput("JJ", CO)]
    await do(
        street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS, catalogue_code=catalogue)
    )
    return case_id, await assignment_of(street, case_id, "CG")


async def dues(street: Street, case_id: UUID, assignment_id: UUID) -> tuple[datetime, datetime]:
    """When the case is due, and when the organization's result is; the clock tells the same, and will remind by it."""
    due = (await row(street, "assignment", assignment_id))["result_due_at"]
    clock = await street.pool.fetchrow(
        "SELECT d.started_at, d.due_at, s.stage, s.due_at AS stage_at FROM deadline d JOIN deadline_stage s ON s.deadline_id = d.id "
        "WHERE d.assignment_id = $1 AND d.kind = 'RESULT'", assignment_id,
    )  # fmt: skip
    assert clock is not None
    assert due == clock["due_at"]
    assert (clock["stage"], clock["stage_at"]) == ("REMIND", clock["started_at"] + (due - clock["started_at"]) / 2)
    return (await row(street, "case_file", case_id))["due_at"], due


async def test_a_limit_of_the_catalogue_is_the_organizations_too(street: Street) -> None:
    case_due, result_due = await dues(street, *await dispatched(street, WITH_LIMIT))
    assert case_due == result_due == datetime(2026, 12, 12, tzinfo=SHANGHAI)


async def test_a_case_classed_anew_takes_its_organizations_along(street: Street) -> None:
    case_id, lead = await dispatched(street, WITH_LIMIT)
    version = (await row(street, "assignment", lead))["version"]
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.URGENT, reason="墙体开裂"))
    case_due, result_due = await dues(street, case_id, lead)
    assert case_due == result_due == street.now + timedelta(hours=24)
    assert (await row(street, "assignment", lead))["version"] == version + 1
    street.now += timedelta(hours=3)
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX, reason="险情已控"))
    case_due, result_due = await dues(street, case_id, lead)
    assert case_due == result_due == datetime(2026, 12, 5, tzinfo=SHANGHAI)


async def test_a_whistles_own_limits_do_not_follow_the_case(street: Street) -> None:
    case_id, _ = await blown(street)
    lead = await assignment_of(street, case_id, "CG")
    before = (await row(street, "assignment", lead))["result_due_at"]
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.URGENT, reason="险情"))
    assert (await row(street, "assignment", lead))["result_due_at"] == before


async def test_the_catalogue_may_demand_a_photo_of_the_result(street: Street) -> None:
    case_id, lead = await dispatched(street, WITH_PHOTO)
    assert not (await row(street, "assignment", await assignment_of(street, case_id, "JJ")))["evidence_required"]
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")

    async def report() -> None:
        await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")

    async def attach(kind: AttachmentKind) -> None:
        photo = AttachmentInput(kind, "望海里.jpg", "image/jpeg", 1_000, "0" * 64)
        await do(street, lambda tx: attachments.add_attachment(tx, lead, photo), "CG")

    await attach(AttachmentKind.BEFORE)
    with pytest.raises(InvalidInput) as refused:
        await report()
    assert paths(refused.value) == ["attachments"]
    await attach(AttachmentKind.AFTER)
    await report()


async def test_without_the_catalogue_no_photo_is_demanded(street: Street) -> None:
    _, lead = await dispatched(street)
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    assert "RESULT" not in await running(street, await case_of(street, lead), lead)


async def test_at_sea_the_first_report_comes_after_the_arrival(street: Street) -> None:
    grid = await street.pool.fetchrow(
        "SELECT code, sea_arrive_minutes FROM grid WHERE kind = 'SEA' ORDER BY code LIMIT 1"
    )
    assert grid is not None
    case_id = await accepted(street, point=None, grid_code=grid["code"], category_code="A03")
    given = EmergencyInput("渔船主机故障，随风漂移", parties=[PartyInput("GA", LEAD)])
    await do(street, lambda tx: emergencies.blow_emergency(tx, case_id, None, given))
    lead = await row(street, "assignment", await assignment_of(street, case_id, "GA"))
    assert lead["arrive_due_at"] == street.now + timedelta(minutes=grid["sea_arrive_minutes"])
    assert lead["first_report_due_at"] == lead["arrive_due_at"] + timedelta(hours=2)


async def test_on_a_sunday_nobody_is_due_by_a_joint_enforcement_whistle(street: Street) -> None:
    street.now = datetime(2026, 11, 22, 10, tzinfo=SHANGHAI)
    case_id, _ = await blown(street, kind=WhistleKind.JOINT_ENFORCEMENT)
    lead = await row(street, "assignment", await assignment_of(street, case_id, "CG"))
    assert lead["acknowledge_due_at"] == datetime(2026, 11, 23, 9, tzinfo=SHANGHAI)
    assert lead["arrive_due_at"] == datetime(2026, 11, 23, 10, 30, tzinfo=SHANGHAI)


async def test_a_dispatch_is_signed_for_and_its_message_names_the_day_of_the_result(street: Street) -> None:
    case_id, lead = await dispatched(street)
    told = await street.pool.fetchval(
        "SELECT text FROM message WHERE case_id = $1 AND organization_code = 'CG'", case_id
    )
    assert "前签收" in told
    assert "请于11月27日前反馈办结" in told
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    sentence = await street.pool.fetchval("SELECT text FROM case_event WHERE type = 'acknowledgeAssignment'")
    assert sentence.endswith("签收")


async def case_of(street: Street, assignment_id: UUID) -> UUID:
    """The case that an assignment hangs on."""
    found: UUID = (await row(street, "assignment", assignment_id))["case_id"]
    return found
