"""Grid boundaries 网格边界: GeoJSON polygons checked and typed, containment, distance, PostgreSQL text.

Boundaries are small (a street, a village), so degrees are treated as a plane except for distances.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Any, Literal, NamedTuple

from shaodao.domain.coordinates import CoordinateError, Point
from shaodao.domain.malformed import MalformedValueError

POSITION_LIMIT = 2_000
"""Most positions of a boundary: keeps the crossing check of the worst shape within a second."""

_MEAN_EARTH_RADIUS_METRES = 6_371_008.8

Ring = tuple[Point, ...]
"""A closed line: the first position is not repeated at the end."""

GeometryReason = Literal[
    "type", "structure", "too_few_positions", "too_many_positions", "not_closed", "position", "crossing", "hole_outside"
]


class GeometryError(MalformedValueError):
    """A boundary that is no valid polygon; ``reason`` says why."""

    def __init__(self, reason: GeometryReason) -> None:
        message, english = {
            "type": ("边界须为 Polygon 或 MultiPolygon", "the boundary must be a GeoJSON Polygon or MultiPolygon"),
            "structure": ("边界坐标结构不正确", "the coordinates are not nested as GeoJSON demands"),
            "too_few_positions": ("环至少需要4个位置", "a ring needs at least 4 positions, 3 of them different"),
            "too_many_positions": ("边界位置过多", "the boundary has too many positions"),
            "not_closed": ("环首尾位置不一致", "a ring must end where it begins"),
            "position": ("位置不是有效的经纬度", "a position is not a longitude and latitude in range"),
            "crossing": ("边界自相交", "the boundary crosses or touches itself"),
            "hole_outside": ("内环不在外环之内", "a hole lies outside its polygon"),
        }[reason]
        super().__init__(message, english)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Polygon:
    """An outer ring and the holes in it."""

    exterior: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class Boundary:
    """A checked Polygon or MultiPolygon."""

    polygons: tuple[Polygon, ...]


class _Segment(NamedTuple):
    """A ring's edge, ordered by longitude first for the sweep: ring number, place in it, ends in ring order."""

    west: float
    east: float
    south: float
    north: float
    ring: int
    place: int
    start: Point
    end: Point


def check_polygon(geojson: object, position_limit: int = POSITION_LIMIT) -> Boundary:
    """The boundary of a GeoJSON Polygon or MultiPolygon object (RFC 7946); altitudes and ring direction are ignored.

    Raises GeometryError.
    """
    if not isinstance(geojson, Mapping):
        raise GeometryError("type")
    match geojson.get("type"):
        case "Polygon":
            nested = [geojson.get("coordinates")]
        case "MultiPolygon":
            nested = _items(geojson.get("coordinates"))
        case _:
            raise GeometryError("type")
    _check_amount(nested, position_limit)
    boundary = Boundary(tuple(_polygon(rings) for rings in nested))
    _check_crossings(list(_rings(boundary)))
    _check_holes(boundary)
    return boundary


def known_polygon(geojson: Mapping[str, Any]) -> Boundary:
    """The boundary of a GeoJSON object that ``check_polygon`` found good before, as one that is stored was."""
    nested = geojson["coordinates"]
    return Boundary(
        tuple(
            Polygon(exterior, tuple(holes))
            for exterior, *holes in (
                [tuple(Point(*position[:2]) for position in ring[:-1]) for ring in rings]
                for rings in (nested if geojson["type"] == "MultiPolygon" else [nested])
            )
        )
    )


def contains(boundary: Boundary, point: Point) -> bool:
    """Whether the point lies in the boundary; its lines, also of holes, belong to it: neighbours share theirs."""
    return any(_polygon_contains(polygon, point) for polygon in boundary.polygons)


def distance_metres(one: Point, other: Point) -> float:
    """The great-circle distance in metres, on a sphere of the mean earth radius (within 0.5 %)."""
    north = radians(other.latitude - one.latitude) / 2
    east = radians(other.longitude - one.longitude) / 2
    chord = sin(north) ** 2 + cos(radians(one.latitude)) * cos(radians(other.latitude)) * sin(east) ** 2
    return 2 * _MEAN_EARTH_RADIUS_METRES * asin(sqrt(min(chord, 1.0)))


def point_text(point: Point) -> str:
    """The point as PostgreSQL's ``point`` reads it: longitude first."""
    return f"({point.longitude!r},{point.latitude!r})"


def polygon_text(ring: Ring) -> str:
    """The ring as PostgreSQL's ``polygon`` reads it. That type knows no holes: store each ring by itself."""
    return f"({','.join(point_text(point) for point in ring)})"


def to_geojson(boundary: Boundary) -> dict[str, object]:
    """The boundary as a GeoJSON object: a Polygon when it has one part, else a MultiPolygon."""
    parts = [
        [[[point.longitude, point.latitude] for point in (*ring, ring[0])] for ring in _rings_of(polygon)]
        for polygon in boundary.polygons
    ]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _items(value: object) -> list[object]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not value:
        raise GeometryError("structure")
    return list(value)


def _check_amount(nested: list[object], position_limit: int) -> None:
    amount = sum(len(_items(ring)) for rings in nested for ring in _items(rings))
    if amount > position_limit:
        raise GeometryError("too_many_positions")


def _polygon(rings: object) -> Polygon:
    exterior, *holes = (_ring(positions) for positions in _items(rings))
    return Polygon(exterior, tuple(holes))


def _ring(positions: object) -> Ring:
    points = [_point(position) for position in _items(positions)]
    if len(points) < 4:
        raise GeometryError("too_few_positions")
    if points[0] != points[-1]:
        raise GeometryError("not_closed")
    # A position given twice in a row is a habit of drawing tools, not a fault of the shape.
    ring = tuple(point for point, following in pairwise(points) if point != following)
    if len(ring) < 3:
        raise GeometryError("too_few_positions")
    return ring


def _point(position: object) -> Point:
    numbers = _items(position)
    if len(numbers) not in (2, 3):
        raise GeometryError("structure")
    try:
        return Point(*(_degrees(number) for number in numbers[:2]))
    except (CoordinateError, OverflowError) as error:
        raise GeometryError("position") from error


def _degrees(number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise GeometryError("position")
    return float(number)


def _rings(boundary: Boundary) -> Iterator[Ring]:
    for polygon in boundary.polygons:
        yield from _rings_of(polygon)


def _rings_of(polygon: Polygon) -> tuple[Ring, ...]:
    return (polygon.exterior, *polygon.holes)


def _edges(ring: Ring) -> Iterable[tuple[Point, Point]]:
    return zip(ring, (*ring[1:], ring[0]), strict=True)


def _segments(rings: list[Ring]) -> list[_Segment]:
    return sorted(
        _segment(number, place, start, end)
        for number, ring in enumerate(rings)
        for place, (start, end) in enumerate(_edges(ring))
    )


def _segment(ring: int, place: int, start: Point, end: Point) -> _Segment:
    west, east = sorted((start.longitude, end.longitude))
    south, north = sorted((start.latitude, end.latitude))
    return _Segment(west, east, south, north, ring, place, start, end)


def _check_crossings(rings: list[Ring]) -> None:
    # A sweep from west to east: only edges whose longitudes overlap can meet.
    open_segments: list[_Segment] = []
    for segment in _segments(rings):
        open_segments = [other for other in open_segments if other.east >= segment.west]
        near = [other for other in open_segments if other.south <= segment.north and segment.south <= other.north]
        if any(_conflict(segment, other, len(rings[segment.ring])) for other in near):
            raise GeometryError("crossing")
        open_segments.append(segment)


def _conflict(one: _Segment, other: _Segment, ring_length: int) -> bool:
    """Within a ring only neighbours may meet, in their common position; two rings may touch but not cross."""
    if one.ring != other.ring:
        return _cross(one, other)
    match (one.place - other.place) % ring_length:
        case 1:
            return _folds_back(other.start, one.start, one.end)
        case behind if behind == ring_length - 1:
            return _folds_back(one.start, other.start, other.end)
        case _:
            return _meet(one, other)


def _turn(one: Point, two: Point, three: Point) -> float:
    """Positive when the way one, two, three turns left, zero when it is straight."""
    return (two.longitude - one.longitude) * (three.latitude - one.latitude) - (two.latitude - one.latitude) * (
        three.longitude - one.longitude
    )


def _folds_back(before: Point, corner: Point, after: Point) -> bool:
    along = (corner.longitude - before.longitude) * (after.longitude - corner.longitude)
    along += (corner.latitude - before.latitude) * (after.latitude - corner.latitude)
    return _turn(before, corner, after) == 0 and along < 0


def _cross(one: _Segment, other: _Segment) -> bool:
    return (
        _turn(one.start, one.end, other.start) * _turn(one.start, one.end, other.end) < 0
        and _turn(other.start, other.end, one.start) * _turn(other.start, other.end, one.end) < 0
    )


def _meet(one: _Segment, other: _Segment) -> bool:
    return (
        _cross(one, other)
        or any(_on_edge(one.start, one.end, point) for point in (other.start, other.end))
        or any(_on_edge(other.start, other.end, point) for point in (one.start, one.end))
    )


def _on_edge(start: Point, end: Point, point: Point) -> bool:
    return (
        min(start.longitude, end.longitude) <= point.longitude <= max(start.longitude, end.longitude)
        and min(start.latitude, end.latitude) <= point.latitude <= max(start.latitude, end.latitude)
        and _turn(start, end, point) == 0
    )


def _check_holes(boundary: Boundary) -> None:
    # The rings do not cross, so every position of a hole is inside when it lies in the outer ring or on its line.
    for polygon in boundary.polygons:
        for hole in polygon.holes:
            if not all(_on_line(polygon.exterior, point) or _inside(polygon.exterior, point) for point in hole):
                raise GeometryError("hole_outside")


def _polygon_contains(polygon: Polygon, point: Point) -> bool:
    if any(_on_line(ring, point) for ring in _rings_of(polygon)):
        return True
    return _inside(polygon.exterior, point) and not any(_inside(hole, point) for hole in polygon.holes)


def _on_line(ring: Ring, point: Point) -> bool:
    return any(_on_edge(start, end, point) for start, end in _edges(ring))


def _inside(ring: Ring, point: Point) -> bool:
    """Even-odd rule: a ray towards the east crosses the ring an odd number of times."""
    crossings = 0
    for start, end in _edges(ring):
        if (start.latitude > point.latitude) != (end.latitude > point.latitude):
            share = (point.latitude - start.latitude) / (end.latitude - start.latitude)
            crossings += point.longitude < start.longitude + share * (end.longitude - start.longitude)
    return crossings % 2 == 1
