"""Coordinate systems: B.9."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shaodao.domain.coordinates import (
    CoordinateError,
    CoordinateSystem,
    Point,
    from_cgcs2000,
    parse_crs,
    to_cgcs2000,
)
from shaodao.domain.geometry import distance_metres

TIANANMEN = Point(116.404, 39.915)
DEMO_STREET = Point(122.903, 28.221)


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("EPSG:4490", CoordinateSystem.CGCS2000),
        ("epsg:4326", CoordinateSystem.WGS84),
        ("GCJ-02", CoordinateSystem.GCJ02),
        ("bd09", CoordinateSystem.BD09),
        ("WGS84", CoordinateSystem.WGS84),
    ],
)
def test_systems_are_known_by_name_and_epsg_code(text: str, system: CoordinateSystem) -> None:
    assert parse_crs(text) is system


@pytest.mark.parametrize("text", ["", "EPSG:3857", "火星坐标"])
def test_an_unknown_system_is_refused(text: str) -> None:
    with pytest.raises(CoordinateError) as caught:
        parse_crs(text)
    assert caught.value.reason == "unknown_crs"


@pytest.mark.parametrize(
    ("longitude", "latitude", "reason"),
    [
        (float("nan"), 28.0, "not_finite"),
        (122.0, float("inf"), "not_finite"),
        (180.1, 28.0, "longitude"),
        (28.0, 122.0, "latitude"),
    ],
)
def test_a_point_out_of_range_is_refused(longitude: float, latitude: float, reason: str) -> None:
    with pytest.raises(CoordinateError) as caught:
        Point(longitude, latitude)
    assert caught.value.reason == reason


def test_wgs84_and_cgcs2000_are_equal() -> None:
    assert to_cgcs2000(DEMO_STREET, CoordinateSystem.WGS84) == DEMO_STREET
    assert from_cgcs2000(DEMO_STREET, CoordinateSystem.CGCS2000) == DEMO_STREET


def test_gcj02_agrees_with_the_published_example() -> None:
    shifted = from_cgcs2000(TIANANMEN, CoordinateSystem.GCJ02)
    assert (shifted.longitude, shifted.latitude) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)


def test_bd09_is_a_second_offset_on_gcj02() -> None:
    gcj02 = to_cgcs2000(TIANANMEN, CoordinateSystem.GCJ02)
    bd09 = from_cgcs2000(gcj02, CoordinateSystem.BD09)
    # Published: GCJ-02 (116.404, 39.915) is BD-09 (116.41036949371029, 39.92133699351021).
    assert (bd09.longitude, bd09.latitude) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-8)


@pytest.mark.parametrize("crs", [CoordinateSystem.GCJ02, CoordinateSystem.BD09])
@pytest.mark.parametrize("point", [Point(139.7, 35.7), Point(103.85, 1.29), Point(-0.1, 51.5), Point(115.0, 12.0)])
def test_nothing_is_shifted_outside_the_land_box(point: Point, crs: CoordinateSystem) -> None:
    assert to_cgcs2000(point, crs) == point
    assert from_cgcs2000(point, crs) == point


@given(
    longitude=st.floats(74, 135),
    latitude=st.floats(18.5, 53.5),
    crs=st.sampled_from([CoordinateSystem.GCJ02, CoordinateSystem.BD09]),
)
def test_there_and_back_is_the_same_place(longitude: float, latitude: float, crs: CoordinateSystem) -> None:
    point = Point(longitude, latitude)
    shifted = from_cgcs2000(point, crs)
    assert distance_metres(to_cgcs2000(shifted, crs), point) < 0.01
    # Mostly by hundreds of metres; around 96.6° E, 37° N, GCJ-02 moves a place by less than 20.
    assert 10 < distance_metres(shifted, point) < 2500
