"""Cases brought to a step by the real commands, and what stands about them: for the tests of the case side."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.places import PointInput
from shaodao.commands.progress import advance
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import DomainError, InvalidInput
from shaodao.domain.vocabulary import (
    AssignmentRole,
    CaseKind,
    Channel,
    CloseKind,
)
from tests.integration.conftest import Street

LEAD, CO, INFORM = AssignmentRole.LEAD, AssignmentRole.CO, AssignmentRole.INFORM
DISPATCHER, WORKER, CALLER, RESIDENT = "吕示衡", "周示岚", "毛示访", "P014"
Step = Callable[[Transaction], Awaitable[Outcome]]
BASIS = "综合行政执法事项目录第12项"
TINGTAO = "990101001001001"
IN_TINGTAO = PointInput(longitude=122.903, latitude=28.221, crs="CGCS2000")


def case_input(**changes: Any) -> CaseInput:
    given: dict[str, Any] = {
        "kind": CaseKind.COMPLAINT,
        "channel": Channel.HOTLINE,
        "title": "望海里周边5辆僵尸车长期占道",
        "description": "2辆小轿车、3辆摩托车长期停放在望海里9幢外人行道。",
        "category_code": "A13",
        "point": IN_TINGTAO,
        "address": "望海里9幢外",
        "reporter": ReporterInput(name="沈例宽", phone="100-0001-0014"),
    }
    return CaseInput(**given | changes)


async def only_row(street: Street, statement: str, *values: object) -> Any:
    """The one row that a statement answers."""
    found = await street.pool.fetchrow(statement, *values)
    assert found is not None
    return found


async def row_of(street: Street, outcome: Outcome) -> Any:
    return await only_row(
        street, "SELECT * FROM case_file WHERE county_code = $1 AND id = $2", street.county, outcome.case_id
    )


def paths(error: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {fault.path for fault in error.value.faults}


async def do(street: Street, step: Step, who: str = DISPATCHER) -> Outcome:
    viewer = street.resident(who) if who.startswith("P0") else street.viewer(who)
    return await street.run(step, viewer)


async def registered(street: Street, who: str = DISPATCHER, **changes: Any) -> UUID:
    if who.startswith("P0"):
        changes = {"channel": Channel.WECHAT} | changes
    outcome = await do(street, lambda tx: register(tx, case_input(**changes)), who)
    assert outcome.case_id is not None
    return outcome.case_id


async def accepted(street: Street, who: str = DISPATCHER, **changes: Any) -> UUID:
    case_id = await registered(street, who, **changes)
    await do(street, lambda tx: cases.accept(tx, case_id))
    return case_id


async def dispatched(street: Street, **changes: Any) -> UUID:
    case_id = await accepted(street, **changes)
    await do(
        street,
        lambda tx: cases.dispatch(
            tx, case_id, parties=[PartyInput("CG", LEAD), PartyInput("JJ", CO)], duty_basis=BASIS
        ),
    )
    return case_id


async def verifying(street: Street, **changes: Any) -> UUID:
    """A case whose two reports are in and verified, as the assignments' own commands leave them."""
    case_id = await dispatched(street, **changes)

    async def finish(tx: Transaction) -> Outcome:
        await tx.connection.execute(
            "UPDATE assignment SET state = 'VERIFIED', started_at = $2, reported_at = $2, reported_by = $3 WHERE case_id = $1",
            case_id, tx.now, street.department_viewer("CG").account_id,
        )  # fmt: skip
        await advance(tx, case_id, None)
        return Outcome(county_code=tx.county)

    await do(street, finish)
    return case_id


async def closed(street: Street, **changes: Any) -> UUID:
    case_id = await verifying(street, **changes)
    await do(street, lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text="已清移。"))
    return case_id


async def case_row(street: Street, case_id: UUID) -> Any:
    return await only_row(street, "SELECT * FROM case_file WHERE county_code = $1 AND id = $2", street.county, case_id)


async def last_event(street: Street, case_id: UUID) -> Any:
    return await only_row(street, "SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", case_id)


async def messages(street: Street, case_id: UUID) -> list[str]:
    rows = await street.pool.fetch(
        "SELECT kind FROM message WHERE case_id = $1 AND organization_code IS NULL ORDER BY id", case_id
    )
    return [row["kind"] for row in rows]


async def clock(street: Street, case_id: UUID, kind: str) -> Any:
    return await only_row(
        street, "SELECT * FROM deadline WHERE case_id = $1 AND kind = $2 AND assignment_id IS NULL", case_id, kind
    )


async def stages(street: Street, case_id: UUID) -> list[datetime]:
    rows = await street.pool.fetch("SELECT due_at FROM deadline_stage WHERE case_id = $1 ORDER BY due_at", case_id)
    return [row["due_at"] for row in rows]


async def picture(street: Street, case_id: UUID) -> list[str]:
    """Everything that stands about a case, to be compared before and after a refusal."""
    tables = (
        "case_event",
        "message",
        "deadline",
        "deadline_stage",
        "assignment",
        "whistle",
        "follow_up",
        "evaluation",
        "delivery",
    )
    queries = ["SELECT row_to_json(t)::text FROM case_file t WHERE id = $1"]
    queries += [f"SELECT row_to_json(t)::text FROM {table} t WHERE case_id = $1 ORDER BY 1" for table in tables]
    return [str(row[0]) for query in queries for row in await street.pool.fetch(query, case_id)]


async def refused(street: Street, case_id: UUID, error: type[DomainError], step: Step, who: str = DISPATCHER) -> Any:
    """The step is refused with the error, and nothing is half written."""
    before = await picture(street, case_id)
    with pytest.raises(error) as caught:
        await do(street, step, who)
    assert await picture(street, case_id) == before
    return caught
