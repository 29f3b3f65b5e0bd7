"""The audit of ``make chaos`` finds each fault that a run may have, and nothing in a run that has none."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from shaodao.commands.transaction import Connection, Ground
from shaodao.postgres.embedded import Cluster
from tests.chaos.audit import audit
from tests.chaos.audit_subscribers import LEFT, audit_subscribers
from tests.chaos.caller import Overtaken, Told, lasting
from tests.chaos.departments.recorder import HEARD
from tests.chaos.findings import Findings, Kept
from tests.integration.chaos_story import (
    ANSWERED,
    CLASSED,
    CLOSED,
    EXCUSED,
    GRANTED,
    RELEASED,
    RETURNED,
    SILENT,
    TALK,
    VERIFIED,
    WITHDRAWN,
    Story,
    told_on,
)

Damage = Callable[[Kept], Any]


@pytest.fixture(scope="module")
def story(
    postgres: Cluster, street_template: str, ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Told once for all tests, which undo what they damage."""
    name, heard = f"chaos_{uuid4().hex}", tmp_path_factory.mktemp("chaos") / "heard"
    with ThreadPoolExecutor(1) as thread, pytest.MonkeyPatch.context() as patch:
        patch.setenv(HEARD, str(heard))

        def execute(statement: str) -> None:
            thread.submit(asyncio.run, _execute(postgres, statement)).result()

        execute(f'CREATE DATABASE "{name}" TEMPLATE "{street_template}" STRATEGY FILE_COPY')
        try:
            yield thread.submit(asyncio.run, told_on(postgres.dsn(name), ground, heard)).result()
        finally:
            execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(postgres: Cluster, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def connection(story: Story) -> AsyncIterator[Connection]:
    """A connection in a transaction that is rolled back."""
    made = await asyncpg.connect(story.street.dsn)
    undone = made.transaction()
    await undone.start()
    yield made
    await undone.rollback()
    await made.close()


async def faults(story: Story, connection: Connection, folder: Path, damage: Damage | None = None) -> list[str]:
    """The faults that the audit finds, without their cases."""
    kept = await story.kept(connection, folder / "heard")
    if damage is not None:
        damage(kept)
    findings = await audit(connection, kept)
    return [fault.rpartition(": ")[0] for fault in findings.faults]


async def test_a_run_without_a_fault_has_none(story: Story, connection: Connection, tmp_path: Path) -> None:
    kept = await story.kept(connection, tmp_path / "heard")
    findings = await audit(connection, kept)
    assert findings.faults == []
    assert findings.counts["commands acknowledged"] == 19
    fired = await connection.fetch("SELECT DISTINCT payload->>'stage' AS stage FROM case_event WHERE payload ? 'stage'")
    assert {row["stage"] for row in fired} >= {"WAKE", "OVERDUE", "WARN_COUNTY", "SUPERVISE", "NO_SHOW"}


def copied(type_: str, as_type: str, organization: str = "CG") -> str:
    """Have a step stand once more at the end of its case's history."""
    return f"""
    INSERT INTO case_event
    SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'seq', c.last_seq + 1, 'type', '{as_type}',
        'xid', pg_current_xact_id()::text))).*
    FROM case_event e JOIN case_file c ON c.id = e.case_id WHERE e.type = '{type_}' AND e.organization_code = '{organization}'
    LIMIT 1
    """


ROWS = {
    "acknowledged commands whose effect does not stand": (
        f"UPDATE case_event SET detail = NULL WHERE detail = '{CLASSED}'",
        f"DELETE FROM command_outcome WHERE key = '{RELEASED}'",
    ),
    "commands whose effect stands twice": (
        f"INSERT INTO communication SELECT county_code, gen_random_uuid(), case_id, organization_code, kind, channel, text, by_id, at"
        f" FROM communication WHERE text = '{TALK}'",
    ),
    "commands whose effect stands by half": (
        f"DELETE FROM communication WHERE text = '{TALK}'",
        f"DELETE FROM command_outcome WHERE key = '{ANSWERED}'",
        f"UPDATE whistle SET reason = 'something else' WHERE reason = '{ANSWERED}'",
        f"DELETE FROM verification WHERE text = '{VERIFIED}'",
        f"DELETE FROM verification WHERE text = '{RETURNED}'",
        f"UPDATE case_event SET detail = NULL WHERE type = 'decideExtension' AND strpos(detail, '{GRANTED}') > 0",
        f"UPDATE whistle SET withdraw_reason = NULL WHERE withdraw_reason = '{WITHDRAWN}'",
        f"UPDATE assignment SET excuse_reason = NULL WHERE excuse_reason = '{EXCUSED}'",
        f"UPDATE case_file SET result_text = NULL WHERE result_text = '{CLOSED}'",
    ),
    "cases with a gap in their history": (f"UPDATE case_event SET seq = seq + 1 WHERE detail = '{TALK}'",),
    "whistles that are not owed to both their departments": (
        "UPDATE chaos_owed SET hook = 'on_dispatch' WHERE hook = 'on_whistle' AND organization_code = 'JJ'",
    ),
    "steps that are not owed to their department": (
        "UPDATE chaos_owed SET hook = 'on_urge' WHERE hook = 'on_answer'",
        "UPDATE chaos_owed SET hook = 'on_urge' WHERE hook = 'on_overdue'",
        "UPDATE chaos_owed SET hook = 'on_urge' WHERE hook = 'on_return'",
        "UPDATE chaos_owed SET hook = 'on_urge' WHERE hook = 'on_released' AND organization_code = 'JJ'",
    ),
    "steps that are not owed to all whom they concern": (
        "UPDATE chaos_owed SET hook = 'on_urge' WHERE hook = 'on_case_closed' AND organization_code = 'JJ'",
        "UPDATE chaos_owed SET hook = 'on_urge' WHERE hook = 'on_extension_decided'",
    ),
    "deliveries that were not settled exactly once": (
        "DELETE FROM delivery_log WHERE hook = 'on_answer'",
        "INSERT INTO delivery_log SELECT county_code, at, gen_random_uuid(), department, organization_code, case_id, seq,"
        " assignment_id, hook, attempt, outcome, error, milliseconds FROM delivery_log LIMIT 1",
    ),
    "deliveries that a department declined": (
        "UPDATE delivery_log SET at = at - interval '1 minute' WHERE outcome = 'REFUSED'",
    ),
    "declined deliveries that the case does not tell once": (
        "UPDATE case_event SET assignment_id = NULL WHERE type = 'deliveryDeclined'",
    ),
    "deliveries without a lane": (
        "ALTER TABLE delivery DISABLE TRIGGER chaos_keep_owed; INSERT INTO delivery"
        " SELECT county_code, organization_code, case_id, seq, department, assignment_id, hook, 0, NULL, at"
        " FROM delivery_log WHERE hook = 'on_answer'",
    ),
    "lanes parked": (
        "INSERT INTO lane (county_code, organization_code, case_id, department, due_at, since, parked)"
        " SELECT county_code, organization_code, case_id, department, at, at, true FROM delivery_log LIMIT 1",
    ),
    "messages written twice": (
        "INSERT INTO message SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid()))).*"
        " FROM message m WHERE whistle_id IS NOT NULL LIMIT 1",
    ),
    "messages that were not sent": (
        "UPDATE message SET state = 'FAILED' WHERE kind = 'WHISTLE'",
        "UPDATE message SET state = 'PENDING', next_at = created_at WHERE kind = 'WHISTLE'",
    ),
    "effects of a department done twice": (
        copied("acknowledgeAssignment", "acknowledgeAssignment"),
        "INSERT INTO report SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid()))).*"
        " FROM report r WHERE organization_code = 'JJ'; " + copied("reportResult", "reportResult", "JJ"),
    ),
    "steps of an assignment after it was withdrawn": (copied("deliveryDeclined", "remark"),),
    "effects of a department that do not stand": (
        "UPDATE case_event SET type = 'remark' WHERE type = 'acknowledgeAssignment' AND organization_code = 'JJ';"
        " UPDATE assignment SET acknowledged_at = NULL WHERE organization_code = 'JJ'",
        "UPDATE case_event SET type = 'remark' WHERE type = 'arriveAtScene'; UPDATE assignment SET arrived_at = NULL",
        "UPDATE case_event SET type = 'remark' WHERE type = 'requestExtension'",
        "UPDATE case_event SET type = 'remark' WHERE type = 'reportResult' AND organization_code = 'JJ';"
        " UPDATE assignment SET reported_at = NULL WHERE organization_code = 'JJ'; DELETE FROM report WHERE organization_code = 'JJ'",
    ),
    "assignments that stand otherwise than their history tells": (
        "UPDATE assignment SET acknowledged_at = NULL WHERE organization_code = 'JJ' AND acknowledged_at IS NOT NULL",
        "UPDATE assignment SET arrived_at = now() WHERE organization_code = 'JJ'",
        "UPDATE assignment SET returned_count = 0",
        "UPDATE assignment SET verified_at = NULL",
        "UPDATE assignment SET state = 'NOTIFIED' WHERE state = 'WITHDRAWN'",
        "DELETE FROM report WHERE organization_code = 'JJ'",
        "INSERT INTO question (county_code, id, case_id, assignment_id, organization_code, asked_at, text)"
        " SELECT county_code, gen_random_uuid(), case_id, assignment_id, organization_code, asked_at, text FROM question",
    ),
    "stages fired twice": (
        "UPDATE case_event SET payload = jsonb_set(payload, '{stage}', '\"OVERDUE\"') WHERE type = 'warnCounty'",
    ),
    "stages fired out of their order": (
        "UPDATE case_event SET payload = jsonb_set(payload, '{stage_due_at}', '\"2026-01-01T00:00:00Z\"')"
        " WHERE type = 'supervise'",
    ),
    "stages fired before they were due": (
        "UPDATE case_event SET at = at - interval '1 minute' WHERE type = 'supervise'",
    ),
    "stages fired after their clock had stopped": (
        "UPDATE deadline SET state = 'STOPPED', stopped_at = started_at WHERE kind = 'ACKNOWLEDGE' AND state = 'RUNNING'",
    ),
    "clocks that run though nothing is owed by them": (
        "UPDATE deadline SET state = 'PAUSED' WHERE assignment_id IN (SELECT id FROM assignment WHERE state = 'WITHDRAWN')",
        "UPDATE deadline SET state = 'PAUSED' WHERE kind = 'HANDLING' AND state = 'STOPPED'",
    ),
    "stages to come of a clock that has stopped": (
        "INSERT INTO deadline_stage (county_code, deadline_id, stage, case_id, assignment_id, due_at)"
        " SELECT county_code, id, 'OVERDUE', case_id, assignment_id, due_at FROM deadline WHERE state = 'STOPPED'",
    ),
    "stages due that did not fire": (
        "UPDATE deadline_stage SET due_at = '2026-01-01' WHERE stage = 'REMIND'",
        "INSERT INTO deadline_stage SELECT county_code, gen_random_uuid(), 'WAKE', id, NULL, registered_at, NULL FROM case_file",
    ),
    "clocks that run without a stage to come": (
        "DELETE FROM deadline_stage WHERE stage = 'REMIND'",
        "UPDATE deadline SET history = '[]' WHERE kind = 'ACKNOWLEDGE' AND state = 'RUNNING'",
    ),
    "cases whose steps stand in the feed out of their order": (
        "UPDATE case_event SET xid = '1' WHERE type = 'supervise'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "statement"), [(fault, each) for fault, statements in ROWS.items() for each in statements]
)
async def test_a_fault_of_the_rows_is_told(
    story: Story, connection: Connection, tmp_path: Path, fault: str, statement: str
) -> None:
    await connection.execute(statement)
    assert await faults(story, connection, tmp_path) == [fault]


def lines_of(kept: Kept) -> list[bytes]:
    """What the departments wrote down."""
    return kept.heard.read_bytes().splitlines(keepends=True)


def write(kept: Kept, lines: Sequence[bytes]) -> None:
    """Have the departments have written other lines."""
    kept.heard.write_bytes(b"".join(lines))


def swap_lane(kept: Kept) -> None:
    """Have one department hear what comes second in a lane before what comes first."""
    lines = lines_of(kept)
    told = [orjson.loads(line) for line in lines]
    first = next(n for n, line in enumerate(told) if line["organization"] == "CG")
    second = next(
        n for n, line in enumerate(told)
        if n > first and (line["organization"], line["case"]) == ("CG", told[first]["case"])
    )  # fmt: skip
    lines[first], lines[second] = lines[second], lines[first]
    write(kept, lines)


def tell(kept: Kept, key: str, number: str | None = None) -> None:
    """Have a client be told of a communication."""
    last = kept.book.told[-1]
    payload = {"outcome": {"caseNumber": number or last.payload["outcome"]["caseNumber"]}}
    kept.book.told.append(Told("recordCommunication", key, payload))


def changes(kept: Kept) -> list[dict[str, Any]]:
    """What the board was told."""
    return kept.subscribers[0].told


def swap(told: list[dict[str, Any]]) -> None:
    """Have two changes come in the other order."""
    told[2], told[3] = told[3], told[2]


def leaving(kept: Kept) -> dict[str, Any]:
    """With what the board was told that the closed case leaves it."""
    return next(change for change in changes(kept) if change["change"] == LEFT)


def before_leaving(kept: Kept, steps: int) -> dict[str, Any]:
    """What the board was told of that case so many steps before."""
    told = changes(kept)[: changes(kept).index(leaving(kept))]
    return next(change for change in reversed(told) if change["event"]["seq"] == leaving(kept)["event"]["seq"] - steps)


def refuse_what_was_done(kept: Kept) -> None:
    """Have a client be told that its withdrawal came too late, though it did not."""
    kept.book.overtaken.append(Overtaken(WITHDRAWN, f"Case:990101:{uuid4()}", kept.until))


NOWHERE = "1.5.11111111-1111-1111-1111-111111111111"
KEPT: list[tuple[str, Damage]] = [
    ("acknowledged commands whose effect does not stand", lambda kept: tell(kept, "K1-999999")),
    ("acknowledged commands whose effect does not stand", lambda kept: tell(kept, TALK, "990101001-20261120-0099")),
    ("commands that nobody answered within 60 s", lambda kept: kept.book.unknown.append("K1-999999")),
    ("whistles whose course did not end within 40 s", lambda kept: kept.book.unfinished.append("Whistle:1")),
    ("answers that no retry mends", lambda kept: kept.book.refused.append("500")),
    ("refused commands whose effect stands", refuse_what_was_done),
    ("repetitions answered differently", lambda kept: kept.book.differing.append("K1-000001")),
    ("deliveries that no department heard", lambda kept: write(kept, lines_of(kept)[1:])),
    (
        "deliveries heard that nobody owed",
        lambda kept: write(kept, [*lines_of(kept), lines_of(kept)[-1].replace(b'"seq":', b'"seq":9')]),
    ),
    ("lanes heard out of order", swap_lane),
    ("board: missing", lambda kept: changes(kept).pop(3)),
    ("board: missing", lambda kept: changes(kept).pop()),
    ("board: told twice", lambda kept: changes(kept).insert(3, changes(kept)[3])),
    ("board: told out of order", lambda kept: swap(changes(kept))),
    ("board: told without the event", lambda kept: changes(kept)[3].update(event=None)),
    ("board: told of another event than the cursor's", lambda kept: changes(kept)[3]["event"].update(seq=99)),
    ("board: told of another event than the cursor's", lambda kept: changes(kept)[3]["event"].update(type="remark")),
    (
        "board: told of what does not stand",
        lambda kept: changes(kept).insert(0, {"cursor": NOWHERE, "event": {"seq": 1, "type": "remark"}, "id": "row"}),
    ),
    ("board: cursors refused", lambda kept: kept.subscribers[0].refusals.append("CURSOR_EXPIRED")),
    ("board: not told that a row left", lambda kept: leaving(kept).update(change="CHANGED")),
    ("board: told that a row left which stays", lambda kept: changes(kept)[-1].update(change=LEFT)),
    ("board: told of a row that had left", lambda kept: before_leaving(kept, 2).update(change=LEFT)),
    ("inbox of CG: told without the event", lambda kept: kept.subscribers[1].told[0].update(event=None)),
    ("inbox of CG: missing", lambda kept: kept.subscribers[1].told.pop(0)),
    ("case: missing", lambda kept: kept.subscribers[2].told.pop(0)),
]


@pytest.mark.parametrize(("fault", "damage"), KEPT)
async def test_a_fault_of_what_was_told_is_told(
    story: Story, connection: Connection, tmp_path: Path, fault: str, damage: Damage
) -> None:
    assert await faults(story, connection, tmp_path, damage) == [fault]


@pytest.mark.parametrize(
    ("key", "type_", "found"),
    [
        (ANSWERED, "arriveAtScene", []),
        (ANSWERED, "acknowledgeAssignment", ["withdrawals refused though nobody had arrived"]),
        (SILENT, "acknowledgeAssignment", ["withdrawals refused though nobody had arrived"]),
    ],
)
async def test_a_withdrawal_may_be_refused_for_an_arrival_that_was_before(
    story: Story, connection: Connection, tmp_path: Path, key: str, type_: str, found: list[str]
) -> None:
    case = await connection.fetchval("SELECT id FROM case_file WHERE title = $1", key)
    at = await connection.fetchval("SELECT min(at) FROM case_event WHERE case_id = $1 AND type = $2", case, type_)
    overtaken = Overtaken("K1-999999", f"Case:990101:{case}", at)
    assert await faults(story, connection, tmp_path, lambda kept: kept.book.overtaken.append(overtaken)) == found


async def test_a_board_may_tell_early_that_a_row_left_and_again_to_a_new_socket(
    story: Story, connection: Connection, tmp_path: Path
) -> None:
    def look_late(kept: Kept) -> None:
        before_leaving(kept, 1).update(change=LEFT)

    assert await faults(story, connection, tmp_path, look_late) == []


async def test_a_run_in_which_nothing_happened_shows_nothing(
    story: Story, connection: Connection, tmp_path: Path
) -> None:
    kept = replace(await story.kept(connection, tmp_path / "heard"), subscribers=[])
    (fault,) = (await audit(connection, kept)).faults
    assert fault == "nothing happened of what is judged: 1, such as changes told to subscribers"


async def test_what_comes_after_the_end_of_the_run_may_still_be_under_way(
    story: Story, connection: Connection, tmp_path: Path
) -> None:
    last = await connection.fetchval("SELECT max(at) FROM case_event")
    kept = await story.kept(connection, tmp_path / "heard")
    changes(kept).pop()
    before = replace(kept, until=last - timedelta(seconds=1))
    assert (await audit(connection, before)).faults == []


def test_a_repetition_tells_what_was_made_and_not_how_it_stands_now() -> None:
    first = {
        "outcome": {"caseNumber": "1"},
        "cursor": "1.2.3",
        "case": {"id": "a", "history": [1]},
        "whistle": {"id": "b"},
    }
    later = first | {"case": {"id": "a", "history": [1, 2]}}
    assert lasting(first) == lasting(later)
    for other in (
        {"cursor": "1.2.4"},
        {"outcome": {"caseNumber": "2"}},
        {"case": {"id": "c"}},
        {"whistle": {"id": "c"}},
    ):
        assert lasting(first) != lasting(first | other)


@pytest.mark.parametrize(("then", "organization", "found"), [
    ("withdrawWhistle", None, False), ("excuseAssignment", "CG", False), ("excuseAssignment", "JJ", True), ("remark", "CG", True),
])  # fmt: skip
async def test_what_was_taken_away_meanwhile_may_be_told_without_its_event(
    story: Story, connection: Connection, tmp_path: Path, then: str, organization: str | None, found: bool
) -> None:
    kept, findings = await story.kept(connection, tmp_path / "heard"), Findings()
    told = kept.subscribers[1].told[0]
    told.update(event=None)
    follows = """
    INSERT INTO case_event
    SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'seq', 999, 'type', $2::text,
        'organization_code', $3::text, 'xid', pg_current_xact_id()::text))).*
    FROM case_event e WHERE id = $1
    """
    await connection.execute(follows, UUID(told["cursor"].rpartition(".")[2]), then, organization)
    await audit_subscribers(connection, kept, findings)
    assert any("inbox of CG: told without the event" in fault for fault in findings.faults) is found
