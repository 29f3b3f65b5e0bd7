"""Points and what is asked of them: coordinates come with their system and are kept in CGCS2000 (reference B.9)."""

from collections.abc import Mapping
from math import cos, radians
from typing import Any

import asyncpg
import strawberry

from schema.compiler.parameters import Binding
from schema.declarations import ByKind, Fragment, Where
from schema.errors import invalid_input
from schema.mapping import expression
from shaodao.domain.coordinates import CoordinateError, CoordinateSystem, Point, parse_crs, to_cgcs2000
from shaodao.domain.permissions import Level, level_of, prefix_of

METRES_OF_A_DEGREE = 111_320.0
"""Length of a degree of latitude."""
WIDEST_RADIUS = 50_000
"""Metres; a wider search would be a list of the whole county."""


@strawberry.type(description="A point in CGCS2000 (degrees).")
class GeoPoint:
    longitude: float = expression("{t}.point[0]", description="Longitude 经度.")
    latitude: float = expression("{t}.point[1]", description="Latitude 纬度.")
    crs: CoordinateSystem = expression("'CGCS2000'::text", description="Coordinate system 坐标系: always CGCS2000.")


@strawberry.type(description="Where an organization arrived, in CGCS2000 (degrees).")
class ArrivalPoint:
    longitude: float = expression("{t}.arrival_point[0]", description="Longitude 经度.")
    latitude: float = expression("{t}.arrival_point[1]", description="Latitude 纬度.")
    crs: CoordinateSystem = expression("'CGCS2000'::text", description="Coordinate system 坐标系: always CGCS2000.")


@strawberry.input(description="A circle around a point.")
class NearInput:
    longitude: float = strawberry.field(description="Longitude 经度 in degrees.")
    latitude: float = strawberry.field(description="Latitude 纬度 in degrees.")
    crs: CoordinateSystem | None = strawberry.field(
        default=None, description="Coordinate system 坐标系; a point without one is refused (B.9)."
    )
    radius: int | None = strawberry.field(
        default=None, description="Metres, 1 to 50,000; by default the platform's setting for similar cases."
    )


def position(value: Mapping[str, Any], _: Binding) -> asyncpg.Point:
    """The point in CGCS2000, for PostgreSQL. Raises ClientError INVALID_INPUT."""
    point = _cgcs2000(value, "point")
    return asyncpg.Point(point.longitude, point.latitude)


def surroundings(value: Mapping[str, Any], binding: Binding) -> asyncpg.Box:
    """The box around a circle of metres, for PostgreSQL. Raises ClientError INVALID_INPUT."""
    radius = value.get("radius")
    if radius is None:
        radius = binding.services.ground().rulebook.similar_radius_metres
    if not 1 <= radius <= WIDEST_RADIUS:
        raise invalid_input("near.radius", f"须在 1 到 {WIDEST_RADIUS} 米之间", f"must be 1 to {WIDEST_RADIUS} metres")
    point = _cgcs2000(value, "near")
    north = radius / METRES_OF_A_DEGREE
    east = north / max(cos(radians(point.latitude)), 0.01)
    return asyncpg.Box(
        (point.longitude + east, point.latitude + north), (point.longitude - east, point.latitude - north)
    )


def division_level(code: str) -> Level:
    """The level of a division code: PROVINCE to COMMUNITY. Raises ClientError INVALID_INPUT."""
    if not (len(code) == 12 and code.isascii() and code.isdigit()):
        raise invalid_input("division", "须为十二位区划代码", "must be a division code of twelve digits")
    return level_of(code)


def county_range(code: str, _: Binding) -> list[int]:
    """The least and the greatest county code of a division above a county."""
    prefix = prefix_of(code)
    return [int(prefix.ljust(6, "0")), int(prefix.ljust(6, "9"))]


_COUNTIES = Fragment("{t}.county_code BETWEEN ({value}::int[])[1] AND ({value}::int[])[2]", county_range)
IN_DIVISION = ByKind(
    division_level,
    {
        "PROVINCE": _COUNTIES,
        "CITY": _COUNTIES,
        "COUNTY": Fragment("{t}.county_code = {value}::int", lambda code, _: int(code[:6])),
        "STREET": Where("street_code"),
        "COMMUNITY": Where("community_code"),
    },
)
"""Rows of a division of any level, for a table with street_code and community_code."""


def _cgcs2000(value: Mapping[str, Any], path: str) -> Point:
    """The point in CGCS2000; ``path``: the argument that gave it. Raises ClientError INVALID_INPUT at its faulty field."""
    crs = value.get("crs")
    if crs is None:
        raise invalid_input(f"{path}.crs", "须注明坐标系", "the coordinate system is missing")
    try:
        return to_cgcs2000(Point(value["longitude"], value["latitude"]), parse_crs(str(crs)))
    except CoordinateError as error:
        fields = {"unknown_crs": ".crs", "longitude": ".longitude", "latitude": ".latitude", "not_finite": ""}
        raise invalid_input(f"{path}{fields[error.reason]}", error.message, error.english) from error
