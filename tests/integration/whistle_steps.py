"""Steps that the tests of whistles and assignments share: a case, a whistle on it, and its organizations at work."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shaodao.commands import assignments, cases, reports, verifications, whistles
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.places import PointInput
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.reports import ReportInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.commands.whistle_content import WhistleInput
from shaodao.domain.errors import InvalidInput
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import (
    AssignmentRole,
    CaseKind,
    Channel,
    ReportResult,
    VerificationMethod,
    WhistleKind,
    WhistleReason,
)
from tests.integration.conftest import Street

LEAD, CO, INFORM = AssignmentRole.LEAD, AssignmentRole.CO, AssignmentRole.INFORM
DISPATCHER, DEPUTY, CHIEF, COUNTY, WORKER = "吕示衡", "张示远", "孔示明", "曹示度", "周示岚"
SCENE = PointInput(longitude=122.903, latitude=28.221, crs="CGCS2000")
"""The case's place, in the grid of the worker."""
BASIS = "城市市容和环境卫生管理条例"
PARTIES = (PartyInput("CG", LEAD), PartyInput("JJ", CO))
Step = Callable[[Transaction], Awaitable[Outcome]]


def viewer_of(street: Street, who: str) -> Viewer:
    """A member of staff by name, a resident by number, an organization's handler by its code."""
    if who.startswith("P0"):
        return street.resident(who)
    return street.department_viewer(who) if who.isascii() else street.viewer(who)


async def do(street: Street, step: Step, who: str = DISPATCHER, after: timedelta = timedelta(0)) -> Outcome:
    """Run a step, ``after`` a while has passed."""
    street.now += after
    return await street.run(step, viewer_of(street, who))


async def registered(street: Street, who: str = DISPATCHER, **changes: Any) -> UUID:
    """A case at the scene, with a reporter."""
    given: dict[str, Any] = {
        "kind": CaseKind.COMPLAINT,
        "channel": Channel.HOTLINE,
        "title": "望海里周边5辆僵尸车长期占道",
        "description": "2辆小轿车、3辆摩托车长期停放在望海里9幢外人行道。",
        "category_code": "A13",
        "point": SCENE,
        "address": "望海里9幢外",
        "reporter": ReporterInput(name="沈例宽", phone="100-0001-0014"),
    }
    outcome = await do(street, lambda tx: register(tx, CaseInput(**given | changes)), who)
    assert outcome.case_id is not None
    return outcome.case_id


async def accepted(street: Street, **changes: Any) -> UUID:
    """A case that may be whistled for."""
    case_id = await registered(street, **changes)
    await do(street, lambda tx: cases.accept(tx, case_id))
    return case_id


def whistle_input(kind: WhistleKind = WhistleKind.JOINT_ENFORCEMENT, **changes: Any) -> WhistleInput:
    """A whistle as a dispatcher drafts it."""
    given: dict[str, Any] = {
        "kind": kind,
        "reason_kind": WhistleReason.NO_POWER,
        "reason": "街道无拖移执法权",
        "parties": PARTIES,
        "self_effort": "社区三次上门劝导，贴告知书。",
        "duty_basis": BASIS,
        "place": "望海里9幢外",
    }
    return WhistleInput(**given | changes)


async def drafted(street: Street, case_id: UUID, who: str = DISPATCHER, **changes: Any) -> UUID:
    """A draft on the case."""
    outcome = await do(street, lambda tx: whistles.draft(tx, case_id, whistle_input(**changes)), who)
    assert outcome.whistle_id is not None
    return outcome.whistle_id


async def blown_on(street: Street, case_id: UUID, **changes: Any) -> UUID:
    """A whistle drafted, submitted, and approved by the chief."""
    whistle_id = await drafted(street, case_id, **changes)
    await do(street, lambda tx: whistles.submit(tx, whistle_id))
    await do(street, lambda tx: whistles.approve(tx, whistle_id), CHIEF)
    return whistle_id


async def blown(street: Street, **changes: Any) -> tuple[UUID, UUID]:
    """A case and a whistle blown for it."""
    case_id = await accepted(street)
    return case_id, await blown_on(street, case_id, **changes)


async def assignment_of(street: Street, case_id: UUID, organization_code: str) -> UUID:
    """The organization's newest assignment in the case."""
    statement = """
        SELECT id FROM assignment WHERE county_code = $1 AND case_id = $2 AND organization_code = $3 ORDER BY notified_at DESC, id DESC
    """
    found: UUID = await street.pool.fetchval(statement, street.county, case_id, organization_code)
    return found


async def row(street: Street, table: str, identifier: UUID) -> Any:
    """A row as it stands."""
    return await street.pool.fetchrow(
        f"SELECT * FROM {table} WHERE county_code = $1 AND id = $2", street.county, identifier
    )


async def arrived(street: Street, assignment_id: UUID, code: str) -> None:
    """The organization signs for the assignment and comes."""
    await do(street, lambda tx: assignments.acknowledge(tx, assignment_id, ["姜示序"]), code)
    await do(street, lambda tx: assignments.arrive(tx, assignment_id, SCENE), code)


def report_input(now: datetime, **changes: Any) -> ReportInput:
    """A result with its four elements."""
    given: dict[str, Any] = {
        "accepted_at": now,
        "talked_with": "车主、望海里物业",
        "measures": "核查车主信息后通知自行清移2辆，其余3辆依法拖移。",
        "solve_by": now + timedelta(days=1),
        "result": ReportResult.SOLVED,
    }
    return ReportInput(**given | changes)


async def reported(street: Street, assignment_id: UUID, code: str) -> None:
    """The organization comes and reports the result."""
    await arrived(street, assignment_id, code)
    await do(street, lambda tx: reports.report_result(tx, assignment_id, report_input(tx.now)), code)


async def verified(street: Street, assignment_id: UUID, code: str) -> None:
    """The organization's report is in and found right."""
    await reported(street, assignment_id, code)
    await do(street, lambda tx: verifications.verify(tx, assignment_id, VerificationMethod.ON_SITE, "现场已清理。"))


async def all_verified(street: Street, case_id: UUID, codes: Sequence[str] = ("CG", "JJ")) -> None:
    """Every organization's report is found right."""
    for code in codes:
        await verified(street, await assignment_of(street, case_id, code), code)


async def events(street: Street, case_id: UUID) -> list[str]:
    """The types of the case's events in order."""
    rows = await street.pool.fetch("SELECT type FROM case_event WHERE case_id = $1 ORDER BY seq", case_id)
    return [event["type"] for event in rows]


async def hearings(street: Street, case_id: UUID) -> list[tuple[str, str]]:
    """What departments are owed: organization and hook, in the order of the history."""
    rows = await street.pool.fetch(
        "SELECT organization_code, hook FROM delivery WHERE case_id = $1 ORDER BY seq, organization_code", case_id
    )
    return [(owed["organization_code"], owed["hook"]) for owed in rows]


async def running(street: Street, case_id: UUID, assignment_id: UUID | None = None) -> set[str]:
    """The kinds of the clocks that run, of the case or of one assignment."""
    rows = await street.pool.fetch(
        "SELECT kind FROM deadline WHERE case_id = $1 AND state = 'RUNNING' AND assignment_id IS NOT DISTINCT FROM $2",
        case_id, assignment_id,
    )  # fmt: skip
    return {clock["kind"] for clock in rows}


def paths(error: InvalidInput) -> list[str]:
    """The paths of the faulty fields."""
    return [fault.path for fault in error.faults]
