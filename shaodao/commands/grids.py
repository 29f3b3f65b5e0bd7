"""Defining a grid 网格 (reference C.1.1; Z-05, Z-10, J-02, L-05): the county grid office draws it, households only warn."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

import msgspec
import orjson

from shaodao.commands.checking import checked_text, checked_value, optional_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.coordinates import CoordinateSystem, parse_crs, to_cgcs2000
from shaodao.domain.errors import Faults, NotPermitted
from shaodao.domain.geometry import Boundary, Polygon, Ring, check_polygon, known_polygon, polygon_text, to_geojson
from shaodao.domain.overlap import share_ground
from shaodao.domain.permissions import county_of, level_of
from shaodao.domain.rulebook import GridSizes
from shaodao.domain.vocabulary import AreaKind, GridKind, Role

_COMMUNITY = "SELECT EXISTS (SELECT 1 FROM divisions WHERE code = $1 AND level = 'COMMUNITY')"
_NEAR = """
SELECT code, name, boundary_geojson FROM grid
WHERE county_code = $1 AND code <> $2 AND (kind = 'SEA') = $3 AND valid_to IS NULL AND boundary && $4::text::polygon
ORDER BY code
"""
_DEFINE = """
INSERT INTO grid (
    county_code, code, name, kind, area_kind, street_code, community_code, boundary, boundary_geojson, household_count,
    person_count, merchant_count, vessel_count, setting_factors, size_warning, operation_mode, sea_area, fleet_group,
    sea_arrive_minutes, valid_from
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8::text::polygon, $9::jsonb, $10, $11, $12, $13, $14::jsonb, $15, $16, $17, $18, $19, $20
)
ON CONFLICT (county_code, code) DO UPDATE SET
    name = excluded.name, kind = excluded.kind, area_kind = excluded.area_kind, boundary = excluded.boundary,
    boundary_geojson = excluded.boundary_geojson, household_count = excluded.household_count,
    person_count = excluded.person_count, merchant_count = excluded.merchant_count, vessel_count = excluded.vessel_count,
    setting_factors = excluded.setting_factors, size_warning = excluded.size_warning,
    operation_mode = excluded.operation_mode, sea_area = excluded.sea_area, fleet_group = excluded.fleet_group,
    sea_arrive_minutes = excluded.sea_arrive_minutes, valid_from = excluded.valid_from
"""


class GridInput(msgspec.Struct, frozen=True, kw_only=True):
    """A grid: 15 digits, the community's code and three more. ``boundary``: GeoJSON in ``crs``; at sea three attributes more."""

    code: str
    name: str
    kind: GridKind
    area_kind: AreaKind
    boundary: Mapping[str, Any] | None = None
    crs: str | None = None
    household_count: int = 0
    person_count: int | None = None
    merchant_count: int | None = None
    vessel_count: int | None = None
    setting_factors: Mapping[str, str] = {}
    operation_mode: str | None = None
    sea_area: str | None = None
    fleet_group: str | None = None
    sea_arrive_minutes: int | None = None
    valid_from: date | None = None


class _SeaAttributes(msgspec.Struct, frozen=True):
    operation_mode: str | None
    sea_area: str | None
    fleet_group: str | None


async def define_grid(tx: Transaction, given: GridInput) -> Outcome:
    """Define a grid, or define it anew under its code 网格划定. The outcome names it by ``grid_code``.

    A number of households outside the size rule is no fault but a warning that stands on the grid. A grid that shares
    ground with another of its kind, on land or at sea, is one (J-01). Raises NotPermitted for
    whoever is not the county grid office, and InvalidInput at ``code``, ``name``, ``boundary``, ``crs``, the counts, and for
    a SEA grid at ``operationMode``, ``seaArea`` and ``fleetGroup`` (Z-10).
    """
    _check_actor(tx, given.code)
    faults = Faults()
    await _check_code(tx, faults, given.code)
    name = checked_text(faults, "name", given.name, tx.ground.rulebook.texts.name)
    sea = _sea_attributes(tx, faults, given)
    _check_counts(faults, given)
    boundary = _boundary(faults, given)
    faults.check()
    if boundary is not None:
        await _check_overlap(tx, faults, given, boundary)
    faults.check()
    await tx.connection.execute(
        _DEFINE, tx.county, given.code, name, str(given.kind), str(given.area_kind), f"{given.code[:9]}000", given.code[:12],
        boundary and polygon_text(index_ring(boundary)), boundary and orjson.dumps(to_geojson(boundary)).decode(),
        given.household_count, given.person_count, given.merchant_count, given.vessel_count,
        orjson.dumps(dict(given.setting_factors)).decode(), size_warning(tx.ground.rulebook.grid_sizes, given),
        sea.operation_mode, sea.sea_area, sea.fleet_group, given.sea_arrive_minutes, given.valid_from or tx.today,
    )  # fmt: skip
    return Outcome(county_code=tx.county, grid_code=given.code)


def index_ring(boundary: Boundary) -> Ring:
    """The ring that the index keeps: the outline of a single part, else the box around all parts."""
    if len(boundary.polygons) == 1:
        return boundary.polygons[0].exterior
    points = [point for polygon in boundary.polygons for point in polygon.exterior]
    west, east = min(p.longitude for p in points), max(p.longitude for p in points)
    south, north = min(p.latitude for p in points), max(p.latitude for p in points)
    corner = type(points[0])
    return corner(west, south), corner(east, south), corner(east, north), corner(west, north)


def size_warning(sizes: GridSizes, given: GridInput) -> str | None:
    """What to say when the households lie outside the size rule of the kind of area 网格规模."""
    rule = sizes.rule_of(given.area_kind)
    if given.kind is not GridKind.BASE or rule is None or rule.fits(given.household_count):
        return None
    return f"{given.household_count}户，不在{rule.minimum_households}至{rule.maximum_households}户之间"


def _check_actor(tx: Transaction, code: str) -> None:
    if not any(grant.covers(code) for grant in tx.actor.grants_of(Role.COUNTY_GRID_OFFICE)):
        raise NotPermitted("仅县(区)网格办可以划定网格", "only the county grid office defines grids")


async def _check_code(tx: Transaction, faults: Faults, code: str) -> None:
    if not (code.isascii() and code.isdigit() and len(code) == 15):
        faults.add("code", "网格编码应为15位数字", "a grid code has 15 digits")
    elif county_of(code) != tx.county or level_of(code[:12]) != "COMMUNITY":
        faults.add("code", "编码不在本县(区)的社区之下", "the code does not begin with a community of the county")
    elif not await tx.connection.fetchval(_COMMUNITY, code[:12]):
        faults.add("code", "没有此社区", "there is no such community")


def _sea_attributes(tx: Transaction, faults: Faults, given: GridInput) -> _SeaAttributes:
    limit = tx.ground.rulebook.texts.name
    paths = {"operationMode": given.operation_mode, "seaArea": given.sea_area, "fleetGroup": given.fleet_group}
    values = [optional_text(faults, path, text, limit) for path, text in paths.items()]
    for path, value in zip(paths, values, strict=True):
        if given.kind is GridKind.SEA and value is None:
            faults.add(path, "海上网格必填", "a sea grid must have it")
    return _SeaAttributes(*values)


def _check_counts(faults: Faults, given: GridInput) -> None:
    counts = {
        "householdCount": given.household_count, "personCount": given.person_count, "merchantCount": given.merchant_count,
        "vesselCount": given.vessel_count,
    }  # fmt: skip
    for path, count in counts.items():
        if count is not None and not 0 <= count < 2**31:
            faults.add(path, "数量无效", "not a possible number")
    if given.sea_arrive_minutes is not None and not 0 < given.sea_arrive_minutes < 10_000:
        faults.add("seaArriveMinutes", "到场时限须为1至9999分钟", "the limit must lie between 1 and 9999 minutes")


async def _check_overlap(tx: Transaction, faults: Faults, given: GridInput, boundary: Boundary) -> None:
    """Every household lies in exactly one land grid (J-01); the index finds the neighbours, which may share lines."""
    ring, at_sea = polygon_text(index_ring(boundary)), given.kind is GridKind.SEA
    for row in await tx.connection.fetch(_NEAR, tx.county, given.code, at_sea, ring):
        if share_ground(boundary, known_polygon(orjson.loads(row["boundary_geojson"]))):
            message = f"与网格{row['name']}({row['code']})重叠"
            faults.add("boundary", message, f"the boundary overlaps grid {row['code']}")


def _boundary(faults: Faults, given: GridInput) -> Boundary | None:
    """The boundary in CGCS2000."""
    if given.boundary is None:
        return None
    boundary = checked_value(faults, "boundary", partial(check_polygon, given.boundary))
    if given.crs is None:
        faults.add("crs", "边界须注明坐标系", "a boundary must name its coordinate system")
        return None
    crs = checked_value(faults, "crs", partial(parse_crs, given.crs))
    return None if boundary is None or crs is None else _canonical(boundary, crs)


def _canonical(boundary: Boundary, crs: CoordinateSystem) -> Boundary:
    def moved(ring: Ring) -> Ring:
        return tuple(to_cgcs2000(point, crs) for point in ring)

    return Boundary(tuple(Polygon(moved(p.exterior), tuple(map(moved, p.holes))) for p in boundary.polygons))
