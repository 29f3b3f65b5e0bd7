"""The desk: what a department sees of its assignment, and what it may do there."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from shaodao.commands.attachments import AttachmentInput, add_attachment
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput, blow_emergency
from shaodao.commands.places import PointInput
from shaodao.commands.registration import CaseInput
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.desks import Desks
from shaodao.domain.vocabulary import AssignmentRole, AttachmentKind, CaseKind, Channel
from shaodao.plugin import (
    AssignmentView,
    AttachmentMetadata,
    CoordinateSystem,
    DeadlineUnit,
    Desk,
    DeskError,
    Event,
    InvalidInput,
    NotFound,
    ObjectionReason,
    Point,
    Report,
    ReportResult,
)
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Deliveries, Form, Hook, Recorder, emergency, serve, work_off
from tests.integration.file_steps import LONGEST, intake_of, png

HERE = Point(122.903, 28.221)


def case_input(*, confidential: bool = False) -> CaseInput:
    return CaseInput(
        kind=CaseKind.REPORT, channel=Channel.HOTLINE, title="雨水管爆裂", description="路面塌陷",
        point=PointInput(longitude=HERE.longitude, latitude=HERE.latitude, crs="CGCS2000"),
        reporter=ReporterInput(name="陈例一", phone="10000009001", confidential=confidential),
    )  # fmt: skip


async def blown(street: Street, given: CaseInput) -> UUID:
    """The case of a whistle blown for CG (LEAD) and GA (CO)."""
    parties = [PartyInput("CG", AssignmentRole.LEAD), PartyInput("GA", AssignmentRole.CO)]

    async def command(tx: Transaction) -> Outcome:
        return await blow_emergency(tx, None, given, EmergencyInput(reason="人员受困", parties=parties))

    outcome = await street.run(command, street.viewer(DISPATCHER))
    assert outcome.case_id is not None
    return outcome.case_id


async def assignment_of(street: Street, case_id: UUID | None, organization: str) -> UUID:
    query = "SELECT id FROM assignment WHERE case_id = $1 AND organization_code = $2"
    return UUID(str(await street.pool.fetchval(query, case_id, organization)))


def looking(seen: list[AssignmentView]) -> Hook:
    async def look(event: Event, desk: Desk) -> None:
        seen.append(desk.view)

    return look


async def test_the_view_holds_what_the_assignment_needs(street: Street) -> None:
    seen: list[AssignmentView] = []
    deliveries = serve(street, Recorder("city", ("CG",), looking(seen)))
    await blown(street, case_input())
    await work_off(deliveries.courier())

    view = seen[0]
    assert view.organization_name == "临澜区综合行政执法局(城管)望潮中队"
    assert view.case.number.startswith("990101001-20261120-")
    assert view.case.grid_code is not None
    assert view.case.reporter is not None
    assert (view.case.reporter.name, view.case.reporter.phone) == ("陈**", "100****9001")
    assert view.case.on_site_contact is not None
    assert view.case.on_site_contact.name == "周示岚"
    assert view.case.point == HERE
    assert view.duty_chief_phone == "10000020019"
    assert view.whistle is not None
    assert view.whistle.reason == "人员受困"
    assert view.deadlines.acknowledge == street.now + timedelta(minutes=5)
    assert [(other.code, other.role, other.state) for other in view.others] == [("GA", "CO", "NOTIFIED")]


async def test_the_reporter_of_a_confidential_case_is_not_seen(street: Street) -> None:
    seen: list[AssignmentView] = []
    deliveries = serve(street, Recorder("city", ("CG",), looking(seen)))
    await blown(street, case_input(confidential=True))
    await work_off(deliveries.courier())

    assert seen[0].case.reporter is None


async def test_another_organizations_attachments_are_not_seen(street: Street) -> None:
    seen: list[AssignmentView] = []
    deliveries = serve(street, Recorder("city", ("CG",), looking(seen)))
    case_id = await blown(street, case_input())
    for code in ("GA", "CG"):
        given = AttachmentInput(AttachmentKind.DURING, f"{code}.jpg", "image/jpeg", 9, "0" * 64)
        assignment_id = await assignment_of(street, case_id, code)
        await street.run(
            partial(add_attachment, assignment_id=assignment_id, given=given), street.department_viewer(code)
        )
    await work_off(deliveries.courier())

    assert [file.name for file in seen[0].case.attachments] == ["CG.jpg"]


async def test_a_department_goes_all_the_way_to_its_report(street: Street) -> None:
    states: list[str] = []

    async def work(event: Event, desk: Desk) -> None:
        await desk.acknowledge(["甲示一", "乙示二"])
        states.append(desk.view.state)
        await desk.remember("案号", {"number": "示〔2026〕1号"})
        assert await desk.recall("案号") == {"number": "示〔2026〕1号"}
        assert await desk.recall("无") is None
        await desk.arrive(HERE, CoordinateSystem.WGS84)
        states.append(desk.view.state)
        await desk.start()
        await desk.report_progress("已围蔽", talked_with="社区")
        await desk.attach(AttachmentMetadata(
            kind=AttachmentKind.AFTER, name="完工.jpg", media_type="image/jpeg", size=9, sha256="0" * 64, point=HERE,
        ))  # fmt: skip
        await desk.wake_after(timedelta(hours=1), "回访现场")
        await desk.report_result(report(desk))
        states.append(desk.view.state)

    deliveries = serve(street, Recorder("city", ("CG",), work))
    case_id = await blown(street, case_input())
    await work_off(deliveries.courier())

    assert states == ["ACKNOWLEDGED", "ARRIVED", "REPORTED"]
    assert await deliveries.outcomes() == ["DONE"]
    row = await street.pool.fetchrow(
        "SELECT arrival_proof, persons FROM assignment WHERE id = $1", await assignment_of(street, case_id, "CG")
    )
    assert row is not None
    assert (row["arrival_proof"], row["persons"]) == ("POINT", ["甲示一", "乙示二"])


async def test_refusals_come_as_the_errors_of_the_plugin_module(street: Street) -> None:
    refused: list[str] = []

    async def attempt(event: Event, desk: Desk) -> None:
        actions: list[Callable[[], Awaitable[None]]] = [
            desk.read,
            lambda: desk.report_result(report(desk)),
            lambda: desk.acknowledge([]),
            lambda: desk.object(ObjectionReason.NOT_OUR_DUTY, "不属职责"),
            lambda: desk.request_extension(DeadlineUnit.WORKING_DAY, 1, "待料"),
        ]
        for action in actions:
            try:
                await action()
            except DeskError as error:
                refused.append(type(error).__name__)

    deliveries = serve(street, Recorder("city", ("CG",), attempt))
    await blown(street, case_input())
    await work_off(deliveries.courier())

    # An URGENT case is neither argued about before arrival nor extended.
    assert refused == ["StateConflict", "StateConflict", "InvalidInput", "StateConflict", "StateConflict"]


async def test_a_callback_opens_the_desk_of_its_own_assignments_only(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    case_id = (await emergency(street, "CG", "GA")).case_id
    host = desks_of(deliveries).host_of(deliveries.departments.declarations[0])
    own = await assignment_of(street, case_id, "CG")

    for _ in range(2):
        await (await host.desk(own, "回调-1")).ask("几人受困")
    await (await host.desk(own)).ask("是否断电")

    assert await street.pool.fetchval("SELECT count(*) FROM question") == 2
    with pytest.raises(NotFound):
        await host.desk(await assignment_of(street, case_id, "GA"))


async def test_a_department_attaches_a_photo_with_its_bytes_once(street: Street) -> None:
    attached: list[UUID] = []
    deliveries = serve(street, Recorder("city", ("CG",)))
    case_id = await blown(street, case_input())
    desks = desks_of(deliveries)
    [department] = deliveries.departments.declarations
    own = await assignment_of(street, case_id, "CG")
    for text in ("完工", "完工", "另一张"):  # a repeated callback brings what it likes: the first time stands
        desk = await desks.host_of(department).desk(own, "回调-1")
        attached.append(await desk.attach_file(AttachmentKind.AFTER, "完工.jpg", png(text), point=HERE))

    assert len(set(attached)) == 1
    await street.pool.execute(
        "DELETE FROM upload"
    )  # as the sweeper does, long before the platform forgets the callback
    desk = await desks.host_of(department).desk(own, "回调-1")
    assert await desk.attach_file(AttachmentKind.AFTER, "完工.jpg", png("完工"), point=HERE) == attached[0]
    row = await street.pool.fetchrow("SELECT id, media_type, size, stored, organization_code FROM attachment")
    assert row is not None
    assert tuple(row) == (attached[0], "image/png", len(png("完工")), True, "CG")


async def test_a_department_is_told_what_is_wrong_with_a_file(street: Street) -> None:
    deliveries = serve(street, Recorder("city", ("CG",)))
    case_id = await blown(street, case_input())
    [department] = deliveries.departments.declarations
    desk = await desks_of(deliveries).host_of(department).desk(await assignment_of(street, case_id, "CG"))
    for content, path in ((b"text", "content"), (b"", "size"), (png("", LONGEST), "size")):
        with pytest.raises(InvalidInput) as refused:
            await desk.attach_file(AttachmentKind.AFTER, "完工.jpg", content)
        assert [fault.path for fault in refused.value.faults] == [path]
    assert await street.pool.fetchval("SELECT count(*) FROM attachment") == 0


def desks_of(deliveries: Deliveries) -> Desks:
    street = deliveries.street
    return Desks(street.pool, street.runner, deliveries.departments, lambda: street.now, intake_of(street))


def report(desk: Desk) -> Report:
    return Report(
        accepted_at=desk.now, talked_with="社区", measures="已抢修", solve_by=desk.now, result=ReportResult.SOLVED,
        fields=Form(),
    )  # fmt: skip
