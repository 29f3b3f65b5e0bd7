"""Where a case is 属地: grid, community and street, found from a point, a grid code, a division, or who reports it (B.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import orjson

from shaodao.commands.transaction import Transaction
from shaodao.domain.coordinates import CoordinateError, Point, parse_crs, to_cgcs2000
from shaodao.domain.errors import Faults
from shaodao.domain.geometry import contains, known_polygon
from shaodao.domain.permissions import county_of, level_of

# The index holds polygons, so the point is asked as a square of some centimetres; the exact answer is contains().
NEAR: LiteralString = """
SELECT code, street_code, community_code, boundary_geojson FROM grid
WHERE county_code = $1 AND boundary && polygon(box(point($2::float8 - 1e-6, $3::float8 - 1e-6), point($2::float8 + 1e-6, $3::float8 + 1e-6)))
    AND (valid_to IS NULL OR valid_to >= $4)
ORDER BY code
"""
"""The grids that may hold a point: $1 is the county, $2 and $3 longitude and latitude in CGCS2000, $4 today."""
# The index gives the nearest; ties are settled outside, for before PostgreSQL 17 a second ordering term there undoes it.
_NEAREST_STREET = """
SELECT street_code FROM (
    SELECT street_code, code, boundary <-> point($2::float8, $3::float8) AS away FROM grid
    WHERE county_code = $1 AND boundary IS NOT NULL
    ORDER BY boundary <-> point($2::float8, $3::float8) LIMIT 8
) near
ORDER BY away, code LIMIT 1
"""
_GRID = "SELECT code, street_code, community_code FROM grid WHERE county_code = $1 AND code = $2"
_GRID_OF_VESSEL = """
SELECT g.code, g.street_code, g.community_code FROM vessel v
JOIN grid g ON g.county_code = v.county_code AND g.code = v.grid_code
WHERE v.county_code = $1 AND v.id = $2
"""
_DIVISION = "SELECT level FROM divisions WHERE code = $1"
Row: TypeAlias = asyncpg.Record | Mapping[str, Any]
_PLACE_FIELDS = ("point", "gridCode", "divisionCode")


class PointInput(msgspec.Struct, frozen=True, kw_only=True):
    """A position in degrees with its coordinate system 坐标系: WGS84, CGCS2000, GCJ02 or BD09, or an EPSG code."""

    longitude: float
    latitude: float
    crs: str

    @property
    def given(self) -> str:
        """The position as it was given, as JSON to be kept beside the canonical one."""
        return orjson.dumps({"longitude": self.longitude, "latitude": self.latitude, "crs": self.crs}).decode()


@dataclass(frozen=True)
class Place:
    """A place as exact as it is known. Without a grid the case carries the flag "grid unknown" 网格不明."""

    street_code: str
    community_code: str | None = None
    grid_code: str | None = None

    @property
    def code(self) -> str:
        """The narrowest code known."""
        return self.grid_code or self.community_code or self.street_code


@dataclass(frozen=True)
class Whereabouts:
    """What an input says about the place. ``holding``: the grid whose polygon holds the point; None: there is none."""

    point: Point | None = None
    holding: Place | None = None
    grid_code: str | None = None
    division_code: str | None = None
    vessel_id: UUID | None = None


def canonical_point(faults: Faults, path: str, given: PointInput | None) -> Point | None:
    """The point in CGCS2000; None when there is none or, with the fault noted, it is malformed."""
    if given is None:
        return None
    if not given.crs:
        faults.add(f"{path}.crs", "须注明坐标系", "the coordinate system is missing")
        return None
    try:
        return to_cgcs2000(Point(given.longitude, given.latitude), parse_crs(given.crs))
    except CoordinateError as error:
        name = {"unknown_crs": "crs", "longitude": "longitude", "latitude": "latitude"}.get(error.reason)
        faults.add(f"{path}.{name}" if name else path, error.message, error.english)
        return None


async def locate(tx: Transaction, faults: Faults, whereabouts: Whereabouts) -> Place | None:
    """The place: by the point's polygon, else by the grid code, the vessel's sea grid, the division, the actor's scope.

    A point outside every grid is no fault. Notes a fault at ``gridCode`` or ``divisionCode`` for a code that does not
    exist in the county, and at ``divisionCode`` when nothing tells even the street; then the answer is None.
    """
    named = await _named_grid(tx, faults, whereabouts.grid_code)
    division = await _division(tx, faults, whereabouts.division_code)
    if whereabouts.holding is not None:
        return whereabouts.holding
    place = (
        named or await _sea_grid(tx, whereabouts.vessel_id) or division or await _street_of_actor(tx, whereabouts.point)
    )
    if place is None and not any(fault.path.startswith(_PLACE_FIELDS) for fault in faults.faults):
        faults.add("divisionCode", "请提供地点、网格或所属街道(社区)", "say where: a point, a grid or a division")
    return place


async def grid_at(tx: Transaction, point: Point | None) -> Place | None:
    """The grid whose polygon holds the CGCS2000 point."""
    if point is None:
        return None
    return grid_holding(await tx.connection.fetch(NEAR, tx.county, point.longitude, point.latitude, tx.today), point)


def grid_holding(near: Iterable[Row], point: Point) -> Place | None:
    """The grid, of those that NEAR gives, whose polygon holds the point; on a shared edge the lowest code wins."""
    for grid in near:
        if contains(known_polygon(orjson.loads(grid["boundary_geojson"])), point):
            return _place(grid)
    return None


async def _named_grid(tx: Transaction, faults: Faults, code: str | None) -> Place | None:
    if code is None:
        return None
    row = await tx.connection.fetchrow(_GRID, tx.county, code)
    if row is None:
        faults.add("gridCode", "没有此网格", "there is no such grid")
        return None
    return _place(row)


async def _sea_grid(tx: Transaction, vessel_id: UUID | None) -> Place | None:
    row = vessel_id and await tx.connection.fetchrow(_GRID_OF_VESSEL, tx.county, vessel_id)
    return _place(row) if row else None


async def _division(tx: Transaction, faults: Faults, code: str | None) -> Place | None:
    if code is None:
        return None
    level = await tx.connection.fetchval(_DIVISION, code)
    if level not in ("STREET", "COMMUNITY") or county_of(code) != tx.county:
        faults.add("divisionCode", "没有此街道或社区", "there is no such street or community in the county")
        return None
    return place_of_division(code)


async def _street_of_actor(tx: Transaction, point: Point | None) -> Place | None:
    """The street of the actor's scope; for whom has a whole county, the street of the grid nearest to the point."""
    for grant in tx.actor.grants:
        if county_of(grant.scope) == tx.county and grant.level in ("GRID", "COMMUNITY", "STREET"):
            street = f"{grant.scope[:9]}000"
            # A token may name a street that is not, or no more, in the tables.
            if await tx.connection.fetchval(_DIVISION, street) == "STREET":
                return Place(street)
    if point is None:
        return None
    nearest = await tx.connection.fetchval(_NEAREST_STREET, tx.county, point.longitude, point.latitude)
    return Place(nearest) if nearest else None


def place_of_division(code: str) -> Place:
    """The place of a street or community code."""
    return Place(f"{code[:9]}000", code if level_of(code) == "COMMUNITY" else None)


def _place(row: Row) -> Place:
    return Place(row["street_code"], row["community_code"], row["code"])
