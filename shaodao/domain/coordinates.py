"""Points and their coordinate systems 坐标系; everything is kept in CGCS2000 (B.9).

WGS-84 and CGCS2000 agree within decimetres and are taken as equal. GCJ-02 is the shifted system of Chinese map
services, BD-09 a second shift on top of it. Both are inverted by iterating the published forward formulas, which
themselves are good to one or two metres.
"""

from collections.abc import Callable
from enum import StrEnum
from math import cos, hypot, isfinite, pi, sin, sqrt
from typing import Literal, assert_never

import msgspec

from shaodao.domain.malformed import MalformedValueError

# China's land box: the outermost land points in tenths of a degree, from the Pamirs to the Ussuri and from Hainan to
# the Amur. A box cannot tell coastal water from land; points beyond it (high sea, abroad) carry no shift.
_LAND_WEST, _LAND_EAST = 73.4, 135.1
_LAND_SOUTH, _LAND_NORTH = 18.1, 53.6

# The Krasovsky 1940 ellipsoid, on which the GCJ-02 shift is defined.
_SEMI_MAJOR_AXIS = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BAIDU_ANGLE = pi * 3000.0 / 180.0

_INVERSE_PRECISION_DEGREES = 1e-10
_INVERSE_ROUNDS = 30


class CoordinateSystem(StrEnum):
    """Coordinate system of a point as it was given (B.9)."""

    WGS84 = "WGS84"
    CGCS2000 = "CGCS2000"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


class CoordinateError(MalformedValueError):
    """A point or its coordinate system is unusable; ``reason`` says why."""

    def __init__(self, reason: Literal["unknown_crs", "not_finite", "longitude", "latitude"]) -> None:
        message, english = {
            "unknown_crs": ("坐标系不受支持", "the coordinate system is unknown; use WGS84, CGCS2000, GCJ02 or BD09"),
            "not_finite": ("坐标不是有限数值", "the coordinates are not finite numbers"),
            "longitude": ("经度超出范围", "the longitude must lie between -180 and 180"),
            "latitude": ("纬度超出范围", "the latitude must lie between -90 and 90"),
        }[reason]
        super().__init__(message, english)
        self.reason = reason


class Point(msgspec.Struct, frozen=True):
    """A position in degrees; longitude stands first, as in GeoJSON. Raises CoordinateError when out of range."""

    longitude: float
    latitude: float

    def __post_init__(self) -> None:
        if not (isfinite(self.longitude) and isfinite(self.latitude)):
            raise CoordinateError("not_finite")
        if not -180 <= self.longitude <= 180:
            raise CoordinateError("longitude")
        if not -90 <= self.latitude <= 90:
            raise CoordinateError("latitude")


def parse_crs(text: str) -> CoordinateSystem:
    """A coordinate system by its name or EPSG code: EPSG:4490 is CGCS2000, EPSG:4326 is WGS84.

    Case and hyphens do not matter. Raises CoordinateError.
    """
    name = text.strip().upper().replace("-", "")
    aliases = {"EPSG:4490": CoordinateSystem.CGCS2000, "EPSG:4326": CoordinateSystem.WGS84}
    known = aliases | {system.value: system for system in CoordinateSystem}
    if name not in known:
        raise CoordinateError("unknown_crs")
    return known[name]


def to_cgcs2000(point: Point, crs: CoordinateSystem) -> Point:
    """The point in CGCS2000. Outside China's land box nothing is shifted."""
    match crs:
        case CoordinateSystem.WGS84 | CoordinateSystem.CGCS2000:
            return point
        case CoordinateSystem.GCJ02:
            return _inverse(_shift_gcj02, point) if in_land_box(point) else point
        case CoordinateSystem.BD09:
            return _inverse(_shift_gcj02, _inverse(_shift_bd09, point)) if in_land_box(point) else point
        case _:
            assert_never(crs)


def from_cgcs2000(point: Point, crs: CoordinateSystem) -> Point:
    """A CGCS2000 point in another system, for map services that want theirs."""
    match crs:
        case CoordinateSystem.WGS84 | CoordinateSystem.CGCS2000:
            return point
        case CoordinateSystem.GCJ02:
            return _shift_gcj02(point) if in_land_box(point) else point
        case CoordinateSystem.BD09:
            return _shift_bd09(_shift_gcj02(point)) if in_land_box(point) else point
        case _:
            assert_never(crs)


def in_land_box(point: Point) -> bool:
    """Whether the shift of Chinese map services applies at the point."""
    return _LAND_WEST <= point.longitude <= _LAND_EAST and _LAND_SOUTH <= point.latitude <= _LAND_NORTH


def _inverse(shift: Callable[[Point], Point], target: Point) -> Point:
    guess = target
    for _ in range(_INVERSE_ROUNDS):
        shifted = shift(guess)
        east, north = target.longitude - shifted.longitude, target.latitude - shifted.latitude
        guess = Point(guess.longitude + east, guess.latitude + north)
        if hypot(east, north) < _INVERSE_PRECISION_DEGREES:
            break
    return guess


def _shift_gcj02(point: Point) -> Point:
    x, y = point.longitude - 105.0, point.latitude - 35.0
    radians = point.latitude / 180.0 * pi
    curvature = 1 - _ECCENTRICITY_SQUARED * sin(radians) ** 2
    meridian = _SEMI_MAJOR_AXIS * (1 - _ECCENTRICITY_SQUARED) / (curvature * sqrt(curvature))
    parallel = _SEMI_MAJOR_AXIS / sqrt(curvature) * cos(radians)
    return Point(
        point.longitude + _metres_east(x, y) * 180.0 / (parallel * pi),
        point.latitude + _metres_north(x, y) * 180.0 / (meridian * pi),
    )


def _metres_east(x: float, y: float) -> float:
    polynomial = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    short_waves = 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
    middle_waves = 20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)
    long_waves = 150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)
    return polynomial + (short_waves + middle_waves + long_waves) * 2.0 / 3.0


def _metres_north(x: float, y: float) -> float:
    polynomial = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    short_waves = 20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)
    middle_waves = 20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)
    long_waves = 160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)
    return polynomial + (short_waves + middle_waves + long_waves) * 2.0 / 3.0


def _shift_bd09(point: Point) -> Point:
    # The published polar formula written out without the angle: radius and direction are each disturbed a little.
    radius = hypot(point.longitude, point.latitude)
    longer = 1 + 0.00002 * sin(point.latitude * _BAIDU_ANGLE) / radius
    turn = 0.000003 * cos(point.longitude * _BAIDU_ANGLE)
    x, y = point.longitude * longer, point.latitude * longer
    return Point(x * cos(turn) - y * sin(turn) + 0.0065, x * sin(turn) + y * cos(turn) + 0.006)
