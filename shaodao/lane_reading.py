"""What ``shaodao lanes`` reads, and in whose name it acts: the operator at the terminal has the database."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shaodao.commands.transaction import Connection
from shaodao.domain.case_vocabulary import LaneState
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.settings import StartError

# The page is cut before the heads are looked up, as ``schema.types.lanes`` does it.
_LANES = """
SELECT l.department, l.organization_code, c.number AS case_number, l.state, l.since, d.seq, d.hook, d.attempts, d.last_error,
    CASE WHEN l.state IN ('WAITING', 'RETRYING') THEN l.due_at END AS next_attempt_at
FROM (
    SELECT * FROM lane w WHERE w.county_code = $1 AND ($2::text IS NULL OR w.department = $2)
        AND ($3::text IS NULL OR w.state = $3)
        AND ($4::text IS NULL OR w.case_id = (SELECT n.id FROM case_file n WHERE n.county_code = $1 AND n.number = $4))
    ORDER BY w.since, w.organization_code, w.case_id LIMIT $5
) l
JOIN case_file c ON c.county_code = $1 AND c.id = l.case_id
JOIN delivery d ON d.county_code = $1 AND d.organization_code = l.organization_code AND d.case_id = l.case_id AND d.seq = (
    SELECT min(h.seq) FROM delivery h
    WHERE h.county_code = $1 AND h.organization_code = l.organization_code AND h.case_id = l.case_id
)
ORDER BY l.since, l.organization_code, l.case_id
"""
_COUNTIES = "SELECT left(code, 6)::int AS county_code FROM divisions WHERE level = 'COUNTY' ORDER BY code"
_OPERATORS = """
SELECT a.id, a.login, a.name, r.role, r.scope_code FROM accounts a JOIN account_roles r ON r.account_id = a.id
WHERE a.enabled AND r.role = ANY($1::text[]) AND ($2::text IS NULL OR a.login = $2) ORDER BY a.login, r.scope_code
"""


@dataclass(frozen=True)
class LaneWanted:
    """Which lanes are listed, at most ``limit``, the oldest first."""

    department: str | None = None
    state: LaneState | None = None
    case_number: str | None = None
    limit: int = 100


@dataclass(frozen=True)
class LaneSeen:
    """A lane with the delivery at its head."""

    department: str
    organization_code: str
    case_number: str
    state: str
    since: datetime
    seq: int
    hook: str
    attempts: int
    last_error: str | None
    next_attempt_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The lane for ``--json``, its times as ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }


async def read_lanes(connection: Connection, wanted: LaneWanted) -> list[LaneSeen]:
    """The oldest lanes that are wanted, of all counties."""
    found: list[LaneSeen] = []
    for county in await connection.fetch(_COUNTIES):
        rows = await connection.fetch(
            _LANES, county["county_code"], wanted.department, wanted.state, wanted.case_number, wanted.limit
        )
        found.extend(LaneSeen(**row) for row in rows)
    return sorted(found, key=lambda lane: lane.since)[: wanted.limit]


async def one_lane(connection: Connection, case_number: str, department: str | None) -> LaneSeen:
    """The only lane of a case, or of a case and a department or organization. Raises StartError for none and for several."""
    lanes = await read_lanes(connection, LaneWanted(case_number=case_number))
    named = [lane for lane in lanes if department in (None, lane.department, lane.organization_code)]
    if not named:
        raise StartError(f"Nothing is owed in case {case_number}{f' to {department}' if department else ''}.")
    if len(named) > 1:
        codes = ", ".join(lane.organization_code for lane in named)
        raise StartError(
            f"Several organizations are owed something in case {case_number}; name one with --department: {codes}."
        )
    return named[0]


async def operating_viewer(connection: Connection, login: str | None, *roles: Role) -> Viewer:
    """The account in whose name is acted, with those of its roles; without a login, the only account that has one.

    Raises StartError for an account without any, and where several have one.
    """
    rows = await connection.fetch(_OPERATORS, list(roles), login)
    logins = sorted({row["login"] for row in rows})
    needed = " or ".join(roles)
    if not logins:
        raise StartError(f"{login or 'No account'} is no enabled account with the role {needed}; name one with --as.")
    if len(logins) > 1:
        raise StartError(f"Several accounts have the role {needed}; name one with --as: {', '.join(logins)}.")
    grants = tuple(Grant(Role[row["role"]], row["scope_code"]) for row in rows)
    return Viewer(rows[0]["login"], rows[0]["name"], grants, account_id=rows[0]["id"])
