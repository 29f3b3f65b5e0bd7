"""Whether grids share ground (J-01)."""

from itertools import combinations

import pytest

from shaodao.demo.source import load_street
from shaodao.domain.geometry import Boundary, check_polygon
from shaodao.domain.overlap import TOLERANCE, share_ground


def box(west: float, south: float, east: float, north: float) -> Boundary:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return check_polygon({"type": "Polygon", "coordinates": [ring]})


def ring_of(outer: list[list[float]], *holes: list[list[float]]) -> Boundary:
    return check_polygon({"type": "Polygon", "coordinates": [outer, *holes]})


SQUARE = box(0, 0, 1, 1)
FRAME = ring_of(
    [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]],
    [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]],
)


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        (SQUARE, True),  # a twin
        (box(0.5, 0.5, 2, 2), True),
        (box(-1, 0.4, 2, 0.6), True),  # a cross: no corner lies in the other
        (box(0.2, 0.2, 0.8, 0.8), True),
        (box(-1, -1, 2, 2), True),
        (box(0, 0, 0.5, 1), True),  # a half, on the same lines
        (box(1, 0, 2, 1), False),  # neighbours share a line
        (box(1, 0.2, 2, 0.7), False),  # a part of one
        (box(1, 1, 2, 2), False),  # a corner
        (box(5, 5, 6, 6), False),
        (box(1 - TOLERANCE / 2, 0, 2, 1), False),  # drawn a hair too far
    ],
)
def test_grids_overlap_by_more_than_their_lines(other: Boundary, shared: bool) -> None:
    assert share_ground(SQUARE, other) is shared
    assert share_ground(other, SQUARE) is shared


def test_a_hole_is_no_ground() -> None:
    assert not share_ground(FRAME, box(1, 1, 3, 3))
    assert share_ground(FRAME, box(1, 1, 3.5, 3))


def test_the_grids_of_the_demonstration_street_do_not_overlap() -> None:
    grids = [check_polygon(grid.boundary) for grid in load_street().grids]
    assert not any(share_ground(one, other) for one, other in combinations(grids, 2))
