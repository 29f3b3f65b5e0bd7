"""What a department sees of an assignment: one SQL statement whose answer is the view (C.7: data minimised to the assignment).

As in ``shaodao.domain.permissions``: not the reporter of a confidential case nor the names of its files, not the reporter for
whom is only informed or no longer called, not what other departments filled in or attached, of the street's files the
pictures of the scene, of other organizations the name and state alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import orjson

from shaodao.commands.transaction import Connection
from shaodao.domain.errors import NotFound
from shaodao.plugin import AssignmentView, Json

_CASE: LiteralString = """json_build_object(
    'number', c.number, 'kind', c.kind, 'title', c.title, 'description', c.description, 'urgency', c.urgency,
    'registered_at', c.registered_at, 'street_code', c.street_code, 'category_code', c.category_code,
    'category_name', (SELECT name FROM categories WHERE code = c.category_code),
    'community_code', c.community_code, 'grid_code', c.grid_code, 'address', c.address,
    'point', CASE WHEN c.point IS NOT NULL THEN json_build_object('longitude', c.point[0], 'latitude', c.point[1]) END,
    'occurred_at', c.occurred_at,
    'on_site_contact', (
        SELECT json_build_object('name', w.name, 'phone', w.work_phone) FROM grid g JOIN accounts w ON w.id = g.worker_id
        WHERE g.county_code = c.county_code AND g.code = c.grid_code AND w.work_phone IS NOT NULL
    ),
    'reporter', CASE
        WHEN NOT c.confidential AND c.visibility <> 'CONFIDENTIAL_REPORTER' AND NOT c.reporter_anonymous
            AND c.reporter_name_masked IS NOT NULL AND a.role <> 'INFORM' AND a.state NOT IN ('REASSIGNED', 'WITHDRAWN')
        THEN json_build_object('name', c.reporter_name_masked, 'phone', coalesce(c.reporter_phone_masked, ''))
    END,
    'attachments', (
        SELECT coalesce(json_agg(json_build_object(
            'id', f.id, 'kind', f.kind,
            'name', CASE WHEN c.confidential AND f.organization_code IS NULL THEN '附件' ELSE f.name END, 'media_type', f.media_type, 'size', f.size, 'sha256', f.sha256,
            'taken_at', f.taken_at,
            'point', CASE WHEN f.point IS NOT NULL THEN json_build_object('longitude', f.point[0], 'latitude', f.point[1]) END
        ) ORDER BY f.created_at, f.id), '[]')
        FROM attachment f WHERE f.county_code = c.county_code AND f.case_id = c.id
            AND (f.organization_code = a.organization_code OR (f.organization_code IS NULL AND f.kind = 'BEFORE'))
    )
)"""
_WHISTLE: LiteralString = """(
    SELECT json_build_object(
        'number', w.number, 'kind', w.kind, 'reason_kind', w.reason_kind, 'reason', w.reason, 'blown_at', w.blown_at,
        'place', w.place, 'assemble_at', w.assemble_at, 'remote_allowed', w.remote_allowed
    ) FROM whistle w WHERE w.county_code = a.county_code AND w.id = a.whistle_id
)"""
_OTHERS: LiteralString = """(
    SELECT coalesce(json_agg(
        json_build_object('code', b.organization_code, 'name', o.name, 'role', b.role, 'state', b.state)
        ORDER BY b.notified_at, b.id
    ), '[]')
    FROM assignment b JOIN organizations o ON o.code = b.organization_code
    WHERE b.county_code = a.county_code AND b.case_id = a.case_id AND b.round = a.round AND b.id <> a.id
        AND b.state NOT IN ('REASSIGNED', 'WITHDRAWN')
)"""
# The street's command centre 指挥中心 is where its dispatchers work.
_DUTY_CHIEF: LiteralString = """(
    SELECT min(o.duty_phone) FROM account_roles r JOIN accounts p ON p.id = r.account_id
    JOIN organizations o ON o.code = p.organization_code
    WHERE r.role = 'STREET_DISPATCHER' AND r.scope_code = a.street_code
)"""
_VIEW: LiteralString = f"""json_build_object(
    'assignment_id', a.id, 'organization_code', a.organization_code, 'organization_name', own.name, 'role', a.role,
    'state', a.state, 'case', {_CASE}, 'whistle', {_WHISTLE},
    'deadlines', json_build_object(
        'acknowledge', a.acknowledge_due_at, 'arrive', a.arrive_due_at, 'first_report', a.first_report_due_at,
        'result', a.result_due_at
    ),
    'notified_at', a.notified_at, 'arrival_required', a.arrival_required, 'evidence_required', a.evidence_required,
    'duty_chief_phone', {_DUTY_CHIEF},
    'others', {_OTHERS}, 'persons', a.persons, 'acknowledged_at', a.acknowledged_at, 'arrived_at', a.arrived_at,
    'started_at', a.started_at, 'reported_at', a.reported_at, 'returned_count', a.returned_count
)"""
_OF: LiteralString = """
FROM assignment a JOIN case_file c ON c.county_code = a.county_code AND c.id = a.case_id
JOIN organizations own ON own.code = a.organization_code
"""
_READ_VIEW = f"SELECT {_VIEW} {_OF} WHERE a.county_code = $1 AND a.id = $2"
_READ_STEP = f"""
SELECT {_VIEW} AS view, e.at, e.text,
    jsonb_build_object('close_kind', c.close_kind, 'result', c.result_text) || e.payload AS payload
{_OF}
JOIN case_event e ON e.county_code = a.county_code AND e.case_id = a.case_id AND e.seq = $3
WHERE a.county_code = $1 AND a.id = $2
"""
_FACT = "SELECT value FROM desk_memory WHERE county_code = $1 AND assignment_id = $2 AND name = $3"


@dataclass(frozen=True)
class HeardStep:
    """A step of the case's history that a department hears, with the view of its assignment."""

    view: AssignmentView
    seq: int
    at: datetime
    text: str
    payload: dict[str, Any]


async def read_view(connection: Connection, county: int, assignment_id: UUID) -> AssignmentView:
    """The assignment as its organization sees it now. Raises NotFound."""
    view = await connection.fetchval(_READ_VIEW, county, assignment_id)
    if view is None:
        raise NotFound("Assignment", str(assignment_id))
    return msgspec.json.decode(view, type=AssignmentView)


async def read_step(connection: Connection, county: int, assignment_id: UUID, seq: int) -> HeardStep:
    """A step of the history and the view that goes with it. Raises NotFound."""
    row = await connection.fetchrow(_READ_STEP, county, assignment_id, seq)
    if row is None:
        raise NotFound("Assignment", str(assignment_id))
    return HeardStep(
        msgspec.json.decode(row["view"], type=AssignmentView), seq, row["at"], row["text"], orjson.loads(row["payload"])
    )


async def read_fact(connection: Connection, county: int, assignment_id: UUID, name: str) -> Json:
    """A fact that a department remembered for its assignment, or None."""
    value = await connection.fetchval(_FACT, county, assignment_id, name.strip())
    fact: Json = None if value is None else orjson.loads(value)
    return fact
