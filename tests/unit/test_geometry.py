"""Grid boundaries: GeoJSON checks, containment, distance (C.1.1, J-01)."""

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shaodao.domain.coordinates import Point
from shaodao.domain.geometry import (
    GeometryError,
    check_polygon,
    contains,
    distance_metres,
    known_polygon,
    point_text,
    polygon_text,
    to_geojson,
)

SQUARE = [[122.9, 28.218], [122.906, 28.218], [122.906, 28.224], [122.9, 28.224], [122.9, 28.218]]
HOLE = [[122.902, 28.220], [122.904, 28.220], [122.904, 28.222], [122.902, 28.222], [122.902, 28.220]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_grid_of_the_demonstration_street_is_accepted() -> None:
    boundary = check_polygon(polygon(SQUARE))
    assert len(boundary.polygons) == 1
    assert boundary.polygons[0].exterior[0] == Point(122.9, 28.218)
    assert to_geojson(boundary) == polygon(SQUARE)


def test_altitudes_and_doubled_positions_are_ignored() -> None:
    drawn = [[*SQUARE[0], 3.5], SQUARE[0], *SQUARE[1:]]
    assert check_polygon(polygon(drawn)) == check_polygon(polygon(SQUARE))


def test_a_multi_polygon_holds_points_of_each_part() -> None:
    far = [[longitude + 1, latitude] for longitude, latitude in SQUARE]
    geojson = {"type": "MultiPolygon", "coordinates": [[SQUARE], [far]]}
    boundary = check_polygon(geojson)
    assert to_geojson(boundary) == geojson
    assert contains(boundary, Point(122.903, 28.22))
    assert contains(boundary, Point(123.903, 28.22))
    assert not contains(boundary, Point(123.4, 28.22))


@pytest.mark.parametrize(
    "geojson", [polygon(SQUARE, HOLE), {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [HOLE]]}]
)
def test_what_is_stored_reads_as_it_was_checked(geojson: dict[str, Any]) -> None:
    boundary = check_polygon({"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE]]})
    assert known_polygon(to_geojson(boundary)) == boundary
    assert to_geojson(known_polygon(geojson)) == geojson


@pytest.mark.parametrize(
    ("geojson", "reason"),
    [
        (None, "type"),
        ({"type": "Point", "coordinates": [122.9, 28.2]}, "type"),
        ({"type": "Polygon"}, "structure"),
        ({"type": "MultiPolygon", "coordinates": []}, "structure"),
        (polygon(), "structure"),
        (polygon("1234"), "structure"),
        (polygon([[1, 1, 1, 1]] * 4), "structure"),
        (polygon(SQUARE[:3]), "too_few_positions"),
        (polygon([SQUARE[0]] * 4), "too_few_positions"),
        (polygon(SQUARE[:4]), "not_closed"),
        (polygon([[200, 28], *SQUARE[1:]]), "position"),
        (polygon([[nan, 28], *SQUARE[1:]]), "position"),
        (polygon([[inf, 28], *SQUARE[1:]]), "position"),
        (polygon([[10**400, 28], *SQUARE[1:]]), "position"),
        (polygon([["122.9", 28], *SQUARE[1:]]), "position"),
        (polygon([[True, 28], *SQUARE[1:]]), "position"),
        (polygon([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]), "crossing"),  # a bow tie
        (polygon([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]), "crossing"),  # touches its own edge
        (polygon([[0, 0], [4, 0], [2, 0], [2, 2], [0, 0]]), "crossing"),  # folds back on itself
        (polygon([[0, 0], [2, 0], [4, 0], [0, 0]]), "crossing"),  # no area
        (polygon(SQUARE, [[122.905, 28.22], [122.91, 28.22], [122.91, 28.222], [122.905, 28.22]]), "crossing"),
        (polygon(SQUARE, [[1, 1], [2, 1], [2, 2], [1, 1]]), "hole_outside"),
    ],
)
def test_a_faulty_boundary_is_refused_with_its_fault(geojson: object, reason: str) -> None:
    with pytest.raises(GeometryError) as caught:
        check_polygon(geojson)
    assert caught.value.reason == reason


def test_a_boundary_of_too_many_positions_is_refused_before_the_costly_check() -> None:
    with pytest.raises(GeometryError) as caught:
        check_polygon(polygon([SQUARE[0]] * 20_000))
    assert caught.value.reason == "too_many_positions"


def test_the_line_belongs_to_the_boundary() -> None:
    boundary = check_polygon(polygon(SQUARE, HOLE))
    assert contains(boundary, Point(122.9, 28.22))
    assert contains(boundary, Point(122.906, 28.224))
    assert contains(boundary, Point(122.902, 28.221))


def test_a_hole_is_outside() -> None:
    boundary = check_polygon(polygon(SQUARE, HOLE))
    assert not contains(boundary, Point(122.903, 28.221))
    assert contains(boundary, Point(122.9015, 28.221))


@given(x=st.integers(-1, 6), y=st.integers(-1, 6))
def test_containment_in_a_notched_shape(x: int, y: int) -> None:
    # A U: the ray passes along edges and through corners, the usual faults of the even-odd rule.
    boundary = check_polygon(polygon([[0, 0], [5, 0], [5, 5], [3, 5], [3, 2], [2, 2], [2, 5], [0, 5], [0, 0]]))
    in_square = 0 <= x <= 5 and 0 <= y <= 5
    in_notch = 2 < x < 3 and y > 2
    assert contains(boundary, Point(x, y)) is (in_square and not in_notch)


def test_distances() -> None:
    start = Point(122.9, 28.2)
    assert distance_metres(start, start) == 0
    assert distance_metres(start, Point(122.9, 28.2 + 0.001)) == pytest.approx(111.2, abs=0.1)
    assert distance_metres(start, Point(122.901, 28.2)) == pytest.approx(98.0, abs=0.1)
    assert distance_metres(Point(0, 0), Point(180, 0)) == pytest.approx(20_015_115, rel=1e-6)


def test_postgresql_texts_put_the_longitude_first() -> None:
    ring = check_polygon(polygon(SQUARE)).polygons[0].exterior
    assert point_text(ring[0]) == "(122.9,28.218)"
    assert polygon_text(ring) == "((122.9,28.218),(122.906,28.218),(122.906,28.224),(122.9,28.224))"
