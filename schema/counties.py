"""The counties of a viewer whose scope lies above one, such as a city's 市: a statement binds each of them by its code."""

from schema.database import Database
from shaodao.domain.permissions import Viewer, county_of, prefix_of

ABOVE_COUNTIES = ("CITY", "PROVINCE")

_WITHIN = """
SELECT left(d.code, 6)::int AS county_code FROM divisions d
WHERE d.level = 'COUNTY' AND EXISTS (SELECT FROM unnest($1::text[]) p (prefix) WHERE starts_with(d.code, p.prefix))
"""


def is_wide(viewer: Viewer) -> bool:
    """Whether the viewer's grants do not name the counties that they reach."""
    return any(grant.level in ABOVE_COUNTIES for grant in viewer.grants)


async def counties_reached(viewer: Viewer, database: Database) -> tuple[int, ...]:
    """The counties that the grants reach, ascending: those named, and those that the register of divisions has within."""
    wide = [prefix_of(grant.scope) for grant in viewer.grants if grant.level in ABOVE_COUNTIES]
    named = {county_of(grant.scope) for grant in viewer.grants if grant.level not in ABOVE_COUNTIES}
    rows = await database.fetch(_WITHIN, wide)
    return tuple(sorted(named.union(row["county_code"] for row in rows))) or (0,)
