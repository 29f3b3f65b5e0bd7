"""The audit of commands: what a client was told stands once, and whatever stands of a command stands whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import LiteralString, TypeAlias

from shaodao.commands.transaction import Connection
from tests.chaos.caller import PATIENCE, Book
from tests.chaos.courses import ENDS_WITHIN
from tests.chaos.findings import Findings

Standing: TypeAlias = Mapping[str, Sequence[Counter[tuple[str, str]]]]
"""By mutation, each of its effects: how often a key stands, with the number of the case where."""

_TITLES: LiteralString = "SELECT title AS key, number FROM case_file"
EFFECTS: dict[str, tuple[LiteralString, ...]] = {
    "registerCase": (
        _TITLES,
        """SELECT c.title AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'registerCase'""",
    ),
    "blowEmergencyWhistle": (
        _TITLES,
        """SELECT split_part(w.reason, ' ', 1) AS key, c.number FROM whistle w JOIN case_file c ON c.id = w.case_id""",
        """SELECT split_part(w.reason, ' ', 1) AS key, c.number
        FROM case_event e JOIN whistle w ON w.id = e.whistle_id JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'blowEmergencyWhistle'""",
    ),
    "recordCommunication": (
        "SELECT m.text AS key, c.number FROM communication m JOIN case_file c ON c.id = m.case_id",
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'recordCommunication'""",
    ),
    "answerQuestion": (
        """SELECT q.answer AS key, c.number FROM question q JOIN case_file c ON c.id = q.case_id
        WHERE q.answer IS NOT NULL""",
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'answerQuestion'""",
    ),
    "classifyCase": (
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'classifyCase' AND e.detail IS NOT NULL AND c.urgency = 'GENERAL'""",
    ),
    "withdrawWhistle": (
        """SELECT w.withdraw_reason AS key, c.number FROM whistle w JOIN case_file c ON c.id = w.case_id
        WHERE w.state = 'WITHDRAWN'""",
        """SELECT split_part(e.detail, '：', 2) AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'withdrawWhistle'""",
    ),
    "decideExtension": (
        """SELECT x.decision_text AS key, c.number FROM extension_request x JOIN case_file c ON c.id = x.case_id
        WHERE x.decision IS NOT NULL""",
        """SELECT substring(e.detail FROM '审批意见：([^；]+)') AS key, c.number
        FROM case_event e JOIN case_file c ON c.id = e.case_id WHERE e.type = 'decideExtension'""",
    ),
    "returnReport": (
        """SELECT v.text AS key, c.number FROM verification v JOIN case_file c ON c.id = v.case_id WHERE NOT v.passed""",
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'returnReport'""",
    ),
    "verifyReport": (
        """SELECT v.text AS key, c.number FROM verification v JOIN case_file c ON c.id = v.case_id WHERE v.passed""",
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'verifyReport'""",
    ),
    "excuseAssignment": (
        """SELECT a.excuse_reason AS key, c.number FROM assignment a JOIN case_file c ON c.id = a.case_id
        WHERE a.state = 'EXCUSED'""",
        """SELECT split_part(e.detail, '：', 2) AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'excuseAssignment'""",
    ),
    # No text is given with it: its key stands with the assignment that its outcome names.
    "releaseAssignment": (
        """SELECT o.key, c.number FROM command_outcome o JOIN assignment a ON a.id = (o.outcome->>'assignment_id')::uuid
        JOIN case_file c ON c.id = a.case_id WHERE o.command = 'releaseAssignment' AND a.released_at IS NOT NULL""",
        """SELECT o.key, c.number FROM command_outcome o JOIN case_event e ON e.type = o.command
            AND e.assignment_id = (o.outcome->>'assignment_id')::uuid
        JOIN case_file c ON c.id = e.case_id WHERE o.command = 'releaseAssignment'""",
    ),
    "closeWhistle": (
        """SELECT w.close_text AS key, c.number FROM whistle w JOIN case_file c ON c.id = w.case_id
        WHERE w.state = 'CLOSED'""",
        "SELECT result_text AS key, number FROM case_file WHERE state = 'CLOSED'",
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'closeWhistle'""",
        """SELECT e.detail AS key, c.number FROM case_event e JOIN case_file c ON c.id = e.case_id
        WHERE e.type = 'closeCase'""",
    ),
}
"""Where the key of a command stands: once in each of these for each time that it had its effect."""

# What departments do at their desks has keys of its own.
_OUTCOMES = "SELECT key, command FROM command_outcome WHERE actor NOT LIKE 'department:%'"
_GAPS = """
SELECT case_id::text FROM case_event GROUP BY case_id HAVING min(seq) <> 1 OR max(seq) <> count(*)
"""
# Only an arrival keeps a whistle from being withdrawn, and by then it stands in the history.
_NOBODY_ARRIVED = """
SELECT c.number FROM unnest($1::uuid[], $2::timestamptz[]) AS refused (case_id, at) JOIN case_file c ON c.id = refused.case_id
WHERE NOT EXISTS (
    SELECT FROM case_event e WHERE e.case_id = refused.case_id AND e.type = 'arriveAtScene' AND e.at <= refused.at
)
"""


async def audit_commands(connection: Connection, book: Book, findings: Findings) -> None:
    """Each acknowledged command had its effect, none had it twice or by half, and every client got its answer."""
    stands = {
        name: [await _standing(connection, statement) for statement in statements]
        for name, statements in EFFECTS.items()
    }
    outcomes = {row["key"]: row["command"] for row in await connection.fetch(_OUTCOMES)}
    findings.fault("acknowledged commands whose effect does not stand", _without_effect(book, stands))
    findings.fault("commands whose effect stands twice", _twice(stands))
    findings.fault("commands whose effect stands by half", _by_half(outcomes, stands, book))
    findings.fault(f"commands that nobody answered within {PATIENCE:g} s", book.unknown)
    findings.fault(f"whistles whose course did not end within {ENDS_WITHIN:g} s", book.unfinished)
    findings.fault("answers that no retry mends", book.refused)
    findings.fault("repetitions answered differently", book.differing)
    findings.fault("refused commands whose effect stands", _refused_yet_done(book, stands))
    refused = [(each.case.rpartition(":")[2], each.at) for each in book.overtaken]
    await findings.look(
        connection, "withdrawals refused though nobody had arrived", _NOBODY_ARRIVED, [case for case, _ in refused],
        [at for _, at in refused],
    )  # fmt: skip
    await findings.look(connection, "cases with a gap in their history", _GAPS)
    findings.counts |= {
        "commands acknowledged": len(book.told), "withdrawals that an arrival overtook": len(refused),
        "sent again": book.came_again, "connections broken": book.broken_connections, "answered UNAVAILABLE": book.unavailable,
    }  # fmt: skip


async def _standing(connection: Connection, statement: LiteralString) -> Counter[tuple[str, str]]:
    return Counter((row["key"], row["number"]) for row in await connection.fetch(statement))


def _without_effect(book: Book, stands: Standing) -> list[str]:
    """The keys of commands that were told to be done, and of which nothing stands in the case that was named."""
    return [
        told.key for told in book.told
        if not any(counter[told.key, told.payload["outcome"]["caseNumber"]] for counter in stands[told.mutation])
    ]  # fmt: skip


def _refused_yet_done(book: Book, stands: Standing) -> set[str]:
    standing = {key for effects in stands.values() for counter in effects for key, _ in counter}
    return standing & {each.key for each in book.overtaken}


def _twice(stands: Standing) -> set[str]:
    counters = [counter for effects in stands.values() for counter in effects]
    by_key = [Counter(key for key, _ in counter.elements()) for counter in counters]
    return {key for counter in by_key for key, times in counter.items() if times > 1}


def _by_half(outcomes: Mapping[str, str], stands: Standing, book: Book) -> set[str]:
    """What stands without some part of it or without a kept outcome, and outcomes without what they tell of."""
    parts = {name: [{key for key, _ in counter} for counter in effects] for name, effects in stands.items()}
    whole = {key for key, name in outcomes.items() if all(key in part for part in parts.get(name, []))}
    standing = set(outcomes).union(*(part for effects in parts.values() for part in effects))
    return standing - whole - set(_without_effect(book, stands))
