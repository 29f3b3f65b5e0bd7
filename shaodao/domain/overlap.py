"""Whether two boundaries share ground (J-01: grids neither overlap nor leave gaps). Lines that neighbours share do not count."""

from collections.abc import Iterator

from shaodao.domain.coordinates import Point
from shaodao.domain.geometry import Boundary, Polygon, Ring, contains

TOLERANCE = 1e-6
"""Degrees, about ten centimetres: nearer to a line than this a position lies on it, as drawn lines are never exact."""

_Edge = tuple[Point, Point]


def share_ground(one: Boundary, other: Boundary) -> bool:
    """Whether the boundaries overlap by more than their lines."""
    if any(_well_inside(other, point) for point in _witnesses(one)):
        return True
    if any(_well_inside(one, point) for point in _witnesses(other)):
        return True
    others = list(_edges(other))
    return any(_cross(edge, against) for edge in _edges(one) for against in others)


def _witnesses(boundary: Boundary) -> Iterator[Point]:
    """Corners, middles of edges, and of each part a position in it: the last tells twins, which share every line."""
    for start, end in _edges(boundary):
        yield start
        yield Point((start.longitude + end.longitude) / 2, (start.latitude + end.latitude) / 2)
    for polygon in boundary.polygons:
        yield _position_in(polygon)


def _position_in(polygon: Polygon) -> Point:
    """A position in a polygon: half way through it on a parallel between two of its corners."""
    latitudes = sorted({point.latitude for point in polygon.exterior})
    latitude = (latitudes[0] + latitudes[1]) / 2
    west, east, *_ = sorted(_longitudes_at(polygon, latitude))
    return Point((west + east) / 2, latitude)


def _longitudes_at(polygon: Polygon, latitude: float) -> Iterator[float]:
    """Where a parallel cuts the polygon's lines."""
    for start, end in _edges(Boundary((polygon,))):
        if (start.latitude > latitude) != (end.latitude > latitude):
            share = (latitude - start.latitude) / (end.latitude - start.latitude)
            yield start.longitude + share * (end.longitude - start.longitude)


def _well_inside(boundary: Boundary, point: Point) -> bool:
    return contains(boundary, point) and all(_distance(edge, point) > TOLERANCE for edge in _edges(boundary))


def _cross(one: _Edge, other: _Edge) -> bool:
    """Whether the edges cross, each with both its ends clear of the other."""
    if _side(one, other[0]) * _side(one, other[1]) >= 0 or _side(other, one[0]) * _side(other, one[1]) >= 0:
        return False
    return min(*(_distance(one, end) for end in other), *(_distance(other, end) for end in one)) > TOLERANCE


def _side(edge: _Edge, point: Point) -> float:
    """On which side of the edge's line the point lies, by the sign."""
    start, end = edge
    return (end.longitude - start.longitude) * (point.latitude - start.latitude) - (end.latitude - start.latitude) * (
        point.longitude - start.longitude
    )


def _distance(edge: _Edge, point: Point) -> float:
    """Degrees from the point to the edge, on a plane."""
    start, end = edge
    along = (end.longitude - start.longitude, end.latitude - start.latitude)
    length = along[0] ** 2 + along[1] ** 2
    offset = (point.longitude - start.longitude, point.latitude - start.latitude)
    share = 0.0 if length == 0 else max(0.0, min(1.0, (offset[0] * along[0] + offset[1] * along[1]) / length))
    nearest = (start.longitude + share * along[0], start.latitude + share * along[1])
    return float(((point.longitude - nearest[0]) ** 2 + (point.latitude - nearest[1]) ** 2) ** 0.5)


def _edges(boundary: Boundary) -> Iterator[_Edge]:
    for polygon in boundary.polygons:
        for ring in (polygon.exterior, *polygon.holes):
            yield from _edges_of(ring)


def _edges_of(ring: Ring) -> Iterator[_Edge]:
    return zip(ring, (*ring[1:], ring[0]), strict=True)
