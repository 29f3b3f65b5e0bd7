"""The SQL expressions that read a machine's facts as JSON, and the functions that lock and read them in a command.

Each expression takes the alias of its row as ``{t}``; the read path uses the same ones for ``availableActions``.
"""

from typing import LiteralString
from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.due_stages import HAS_DUE
from shaodao.commands.firing import catch_up
from shaodao.commands.transaction import Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.errors import NotFound
from shaodao.domain.facts import AssignmentFacts, CaseFacts, WhistleFacts
from shaodao.domain.sight import sees_assignment, sees_case, sees_whistle
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

BRIEFS: LiteralString = """(
    SELECT coalesce(json_agg(row_to_json(brief) ORDER BY brief.notified_at, brief.id), '[]')
    FROM (
        SELECT b.id, b.organization_code, b.role, b.state, b.whistle_id, b.agent_id, b.arrival_required, b.arrived_at, b.started_at,
            b.reported_at, b.notified_at
        FROM assignment b WHERE {where}
    ) brief
)"""
"""The assignments that ``{where}`` names, as JSON of ``AssignmentBrief``."""

CASE_FACTS: LiteralString = (
    """(SELECT row_to_json(facts) FROM (SELECT
    {t}.id, {t}.county_code, {t}.number, {t}.state, {t}.version, {t}.street_code, {t}.community_code, {t}.grid_code,
    {t}.urgency, {t}.level, {t}.visibility, {t}.round, {t}.registered_at, {t}.category_code, {t}.first_receiver_id,
    {t}.reporter_person_id, {t}.reporter_account_id, {t}.refusal_objected, {t}.confidential, {t}.closed_at, {t}.closed_by,
    {t}.rework_count, {t}.county_informed_at,
    (SELECT coalesce(json_agg(DISTINCT handler), '[]') FROM assignment h
        CROSS JOIN unnest(array[
            CASE WHEN h.acknowledged_for IS NULL THEN h.acknowledged_by END,
            h.arrived_by,
            h.reported_by, h.agent_id]) AS handler
        WHERE h.county_code = {t}.county_code AND h.case_id = {t}.id AND handler IS NOT NULL) AS handlers,
    (SELECT coalesce(json_agg(DISTINCT v.verifier_id), '[]') FROM verification v
        WHERE v.county_code = {t}.county_code AND v.case_id = {t}.id) AS verifiers,
    """
    + BRIEFS.replace("{where}", "b.county_code = {t}.county_code AND b.case_id = {t}.id AND b.round = {t}.round")
    + """ AS assignments,
    (SELECT coalesce(json_agg(json_build_object('organization_code', i.organization_code, 'role', i.role, 'state', i.state,
            'agent_id', i.agent_id)), '[]')
        FROM assignment i WHERE i.county_code = {t}.county_code AND i.case_id = {t}.id) AS involved,
    (SELECT count(*) FROM whistle w WHERE w.county_code = {t}.county_code AND w.case_id = {t}.id
        AND w.state IN ('BLOWN', 'GATHERING', 'HANDLING', 'REPORTED', 'VERIFIED')) AS open_whistles,
    (SELECT f.solved FROM follow_up f WHERE f.county_code = {t}.county_code AND f.case_id = {t}.id
        ORDER BY f.called_at DESC, f.id DESC LIMIT 1) AS solved,
    EXISTS (SELECT 1 FROM evaluation e WHERE e.county_code = {t}.county_code AND e.case_id = {t}.id
        AND e.evaluator_kind = 'RESIDENT') AS rated,
    {t}.agent_id, {t}.accused_organization_code, {t}.kind, {t}.due_at, {t}.void_requested_by, {t}.merged_into,
    (SELECT d.state FROM deadline d WHERE d.county_code = {t}.county_code AND d.case_id = {t}.id AND d.kind = 'HANDLING'
        AND d.round = {t}.round ORDER BY d.started_at DESC, d.id DESC LIMIT 1) AS handling_clock,
    (SELECT json_build_object('id', x.id, 'approver', x.approver, 'requested_by', x.requested_by) FROM extension_request x
        WHERE x.county_code = {t}.county_code AND x.case_id = {t}.id AND x.decision IS NULL AND EXISTS (
            SELECT 1 FROM deadline xd WHERE xd.county_code = x.county_code AND xd.id = x.deadline_id AND xd.round = {t}.round
        ) LIMIT 1) AS extension,
    (SELECT json_build_object('id', f.id, 'contacted', f.contacted, 'solved', f.solved, 'satisfaction', f.satisfaction, 'excluded', f.excluded,
            'exclusion_proposed_by', f.exclusion_proposed_by, 'review_decision', f.review_decision)
        FROM follow_up f WHERE f.county_code = {t}.county_code AND f.case_id = {t}.id AND f.round = {t}.round
        ORDER BY f.called_at DESC, f.id DESC LIMIT 1) AS follow_up,
    (SELECT count(*) FROM promise p WHERE p.county_code = {t}.county_code AND p.case_id = {t}.id) AS promises,
    (SELECT count(*) FROM promise p WHERE p.county_code = {t}.county_code AND p.case_id = {t}.id
        AND p.state = 'IN_PROGRESS') AS open_promises,
    (SELECT count(*) FROM meeting m WHERE m.county_code = {t}.county_code AND m.case_id = {t}.id
        AND m.decided_at IS NULL) AS open_meetings,
    (SELECT count(*) FROM evaluation e WHERE e.county_code = {t}.county_code AND e.case_id = {t}.id
        AND e.objected_at IS NOT NULL AND e.objection_decision IS NULL) AS open_objections
) facts)"""
)


def _case_of(alias: LiteralString, key: LiteralString) -> LiteralString:
    """The facts of the case that a row hangs on."""
    inner = CASE_FACTS.replace("{t}", alias)
    return (
        f"(SELECT {inner} FROM case_file {alias} WHERE {alias}.county_code = {{t}}.county_code AND {alias}.id = {key})"
    )


WHISTLE_FACTS: LiteralString = (
    """(SELECT row_to_json(facts) FROM (SELECT
    {t}.id, {t}.number, {t}.kind, {t}.state, {t}.version, {t}.remote_allowed, {t}.drafted_by, {t}.blown_by, {t}.blown_at,
    {t}.confirmed_at, {t}.level, {t}.drafted_for,
    (SELECT coalesce(json_agg(json_build_object('id', r.id, 'evaluator_kind', r.evaluator_kind, 'evaluated_at', r.evaluated_at,
            'evaluator_id', r.evaluator_id, 'organization_code', r.organization_code, 'objected_by', r.objected_by,
            'objected', r.objected_at IS NOT NULL, 'decided', r.objection_decision IS NOT NULL) ORDER BY r.evaluated_at, r.id), '[]')
        FROM evaluation r WHERE r.county_code = {t}.county_code AND r.whistle_id = {t}.id
            AND r.evaluator_kind <> 'RESIDENT') AS ratings,
    """
    + _case_of("wc", "{t}.case_id")
    + ' AS "case", '
    + BRIEFS.replace("{where}", "b.county_code = {t}.county_code AND b.whistle_id = {t}.id")
    + """ AS assignments,
    (SELECT coalesce(json_agg(DISTINCT e.organization_code), '[]') FROM evaluation e
        WHERE e.county_code = {t}.county_code AND e.whistle_id = {t}.id AND e.evaluator_kind = 'STREET') AS rated_organizations,
    EXISTS (SELECT 1 FROM evaluation e WHERE e.county_code = {t}.county_code AND e.whistle_id = {t}.id
        AND e.evaluator_kind = 'COUNTY_GRID_OFFICE') AS judged,
    (SELECT count(*) FROM evaluation e WHERE e.county_code = {t}.county_code AND e.whistle_id = {t}.id
        AND e.objected_at IS NOT NULL AND e.objection_decision IS NULL) AS open_objections
) facts)"""
)

ASSIGNMENT_FACTS: LiteralString = (
    """(SELECT row_to_json(facts) FROM (SELECT
    {t}.id, {t}.organization_code, {t}.role, {t}.state, {t}.version, {t}.round, {t}.arrival_required, {t}.notified_at,
    {t}.whistle_id, {t}.agent_id, {t}.acknowledged_at, {t}.acknowledge_due_at, {t}.arrived_at, {t}.arrive_due_at,
    {t}.arrival_proof, {t}.started_at, {t}.reported_at, {t}.result_due_at, {t}.returned_count,
    (SELECT count(*) FROM question q WHERE q.county_code = {t}.county_code AND q.assignment_id = {t}.id
        AND q.answered_at IS NULL) AS open_questions,
    {t}.directed, o.raised_by AS objected_by, o.arbiter AS objection_arbiter,
    aw.kind AS whistle_kind, aw.state AS whistle_state, coalesce(aw.remote_allowed, false) AS remote_allowed,
    """
    + _case_of("ac", "{t}.case_id")
    + ' AS "case" '
    + """FROM (SELECT 1) AS one LEFT JOIN whistle aw ON aw.county_code = {t}.county_code AND aw.id = {t}.whistle_id
    LEFT JOIN LATERAL (SELECT r.raised_by, r.arbiter FROM dispatch_objection r WHERE r.county_code = {t}.county_code
        AND r.assignment_id = {t}.id AND r.decision IS NULL ORDER BY r.raised_at DESC LIMIT 1) o ON true
) facts)"""
)


_LOCK_CASE = "SELECT 1 FROM case_file WHERE county_code = $1 AND id = $2 FOR UPDATE"
# Beside the facts stands the case, if any of its deadlines has come due.
_DUE_IN = "CASE WHEN {} THEN {} END AS due_in".format(HAS_DUE.replace("{now}", "$3"), "{case}")
_READ_CASE = f"""
SELECT {CASE_FACTS.replace("{t}", "c")} AS facts, {_DUE_IN.replace("{case}", "c.id")}
FROM case_file c WHERE c.county_code = $1 AND c.id = $2
"""
_LOCK_CASE_OF_WHISTLE = """
SELECT c.id FROM whistle w JOIN case_file c ON c.county_code = $1 AND c.id = w.case_id
WHERE w.county_code = $1 AND w.id = $2 FOR UPDATE OF c
"""
_READ_WHISTLE = f"""
SELECT {WHISTLE_FACTS.replace("{t}", "w")} AS facts, {_DUE_IN.replace("{case}", "w.case_id")}
FROM whistle w WHERE w.county_code = $1 AND w.id = $2
"""
_LOCK_CASE_OF_ASSIGNMENT = """
SELECT c.id FROM assignment a JOIN case_file c ON c.county_code = $1 AND c.id = a.case_id
WHERE a.county_code = $1 AND a.id = $2 FOR UPDATE OF c
"""
_READ_ASSIGNMENT = f"""
SELECT {ASSIGNMENT_FACTS.replace("{t}", "a")} AS facts, CASE
    WHEN a.agent_id IS NULL THEN (SELECT o.name FROM organizations o WHERE o.code = a.organization_code)
    ELSE (SELECT '代办人' || p.name FROM accounts p WHERE p.id = a.agent_id)
END AS called, {_DUE_IN.replace("{case}", "a.case_id")}
FROM assignment a WHERE a.county_code = $1 AND a.id = $2
"""


async def lock_case(tx: Transaction, case_id: UUID, expected_version: int | None = None) -> CaseFacts:
    """Lock the case and read its facts. All commands lock the case first, so two of them never wait crosswise.

    What has come due of its deadlines is fired first. Raises NotFound, also for a case that the actor does not see: no
    refusal tells that it exists, or how it stands. Then StateConflict when ``expected_version`` is not the case's.
    """
    facts = await take_case(tx, case_id)
    if facts is None or not sees_case(tx.actor, facts):
        raise NotFound("Case", str(case_id))
    CASE_MACHINE.expect(expected_version, facts, tx.actor)
    return facts


async def take_case(tx: Transaction, case_id: UUID) -> CaseFacts | None:
    """As ``lock_case``, whoever asks; None: there is no such case."""
    if await tx.connection.fetchval(_LOCK_CASE, tx.county, case_id) is None:
        return None
    return _case_of_row(await _up_to_date(tx, _READ_CASE, case_id))


async def read_case(tx: Transaction, case_id: UUID) -> CaseFacts:
    """The case's facts as they stand in this transaction."""
    return _case_of_row(await _read(tx, _READ_CASE, case_id))


async def lock_whistle(tx: Transaction, whistle_id: UUID, expected_version: int | None = None) -> WhistleFacts:
    """Lock the whistle's case and read the whistle's facts. Fires and raises as ``lock_case``."""
    if await tx.connection.fetchval(_LOCK_CASE_OF_WHISTLE, tx.county, whistle_id) is None:
        raise NotFound("Whistle", str(whistle_id))
    facts = _whistle_of_row(await _up_to_date(tx, _READ_WHISTLE, whistle_id))
    if not sees_whistle(tx.actor, facts):
        raise NotFound("Whistle", str(whistle_id))
    WHISTLE_MACHINE.expect(expected_version, facts, tx.actor)
    return facts


async def read_whistle(tx: Transaction, whistle_id: UUID) -> WhistleFacts:
    """The whistle's facts as they stand in this transaction."""
    return _whistle_of_row(await _read(tx, _READ_WHISTLE, whistle_id))


async def lock_assignment(tx: Transaction, assignment_id: UUID, expected_version: int | None = None) -> AssignmentFacts:
    """Lock the assignment's case and read the assignment's facts. Fires and raises as ``lock_case``."""
    if await tx.connection.fetchval(_LOCK_CASE_OF_ASSIGNMENT, tx.county, assignment_id) is None:
        raise NotFound("Assignment", str(assignment_id))
    facts = _assignment_of_row(await _up_to_date(tx, _READ_ASSIGNMENT, assignment_id))
    if not sees_assignment(tx.actor, facts):
        raise NotFound("Assignment", str(assignment_id))
    ASSIGNMENT_MACHINE.expect(expected_version, facts, tx.actor)
    return facts


async def read_assignment(tx: Transaction, assignment_id: UUID) -> AssignmentFacts:
    """The assignment's facts as they stand in this transaction, and what the history calls whom it is for."""
    return _assignment_of_row(await _read(tx, _READ_ASSIGNMENT, assignment_id))


async def _up_to_date(tx: Transaction, statement: str, identifier: UUID) -> asyncpg.Record:
    """The row as it stands once all that has come due of the case's deadlines has fired; the case is locked."""
    row = await _read(tx, statement, identifier)
    if row["due_in"] is None:
        return row
    await catch_up(tx, row["due_in"])
    return await _read(tx, statement, identifier)


async def _read(tx: Transaction, statement: str, identifier: UUID) -> asyncpg.Record:
    row = await tx.connection.fetchrow(statement, tx.county, identifier, tx.now)
    assert row is not None, "it is locked, or was read before"
    return row


def _case_of_row(row: asyncpg.Record) -> CaseFacts:
    return msgspec.json.decode(row["facts"], type=CaseFacts)


def _whistle_of_row(row: asyncpg.Record) -> WhistleFacts:
    return msgspec.json.decode(row["facts"], type=WhistleFacts)


def _assignment_of_row(row: asyncpg.Record) -> AssignmentFacts:
    facts = msgspec.json.decode(row["facts"], type=AssignmentFacts)
    return msgspec.structs.replace(facts, called=row["called"])
