"""How often organizations objected to their assignments 派单异议, by organization: refusals counted (L-21 to L-29)."""

from dataclasses import dataclass
from datetime import date

from shaodao.commands.transaction import Connection
from shaodao.domain.permissions import county_of, prefix_of

# A day is one in Shanghai; an objection counts on the day on which it was raised.
_COUNTS = """
SELECT o.organization_code, count(*) AS raised,
    count(*) FILTER (WHERE o.decision = 'GRANTED') AS granted, count(*) FILTER (WHERE o.decision = 'REFUSED') AS refused,
    count(*) FILTER (WHERE o.decision IS NULL AND a.state = 'OBJECTED') AS waiting,
    count(*) FILTER (WHERE coalesce(o.decided_at, $5) >= o.decision_due_at AND (o.decision IS NOT NULL OR a.state = 'OBJECTED'))
        AS decided_late
FROM dispatch_objection o
JOIN case_file c ON c.county_code = $1 AND c.county_code = o.county_code AND c.id = o.case_id
JOIN assignment a ON a.county_code = $1 AND a.county_code = o.county_code AND a.id = o.assignment_id
WHERE o.county_code = $1 AND starts_with(coalesce(c.grid_code, c.community_code, c.street_code), $2)
    AND o.raised_at >= $3::date::timestamp AT TIME ZONE 'Asia/Shanghai'
    AND o.raised_at < ($4::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'
GROUP BY o.organization_code ORDER BY count(*) DESC, o.organization_code
"""


@dataclass(frozen=True)
class Objections:
    """What became of an organization's objections. ``waiting``: undecided; ``decided_late``: after their time, or late now."""

    organization_code: str
    raised: int
    granted: int
    refused: int
    waiting: int
    decided_late: int


async def objections_by_organization(
    connection: Connection, division: str, days: tuple[date, date], now: object
) -> tuple[Objections, ...]:
    """The objections in a division (12 digits, or a grid's 15) that were raised on the days, both included; most first."""
    rows = await connection.fetch(_COUNTS, county_of(division), prefix_of(division), *days, now)
    return tuple(Objections(**dict(row)) for row in rows)
