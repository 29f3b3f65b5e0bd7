"""Rows of the shared tables and of the grids: divisions, organizations, accounts, categories, service centres."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from bench.city.places import CITY, County, Grid, Organization, Staff
from shaodao.demo.catalogue import load_catalogue
from shaodao.domain.vocabulary import DivisionLevel, OrgKind

Row = dict[str, Any]

_CELL = 0.006
_EDITION = 2026


def division_rows(counties: tuple[County, ...]) -> list[Row]:
    """The city and everything below it, parents first."""
    rows = [_division(CITY, "海湾市", DivisionLevel.CITY, None)]
    rows += [_division(one.division, one.name, DivisionLevel.COUNTY, CITY) for one in counties]
    for county in counties:
        rows += [_division(one.code, one.name, DivisionLevel.STREET, county.division) for one in county.streets]
        for street in county.streets:
            rows += [_division(code, name, DivisionLevel.COMMUNITY, street.code) for code, name in street.communities]
    return rows


def organization_rows(counties: tuple[County, ...]) -> list[Row]:
    """Departments, grid offices and the streets' centres."""
    return [
        {
            "code": one.code, "name": one.name, "kind": one.kind, "level": one.level, "division_code": one.division,
            "duty_phone": one.duty_phone, "is_vertical": one.kind is OrgKind.VERTICAL,
        }
        for county in counties for one in _organizations(county)
    ]  # fmt: skip


def account_rows(counties: tuple[County, ...]) -> list[Row]:
    """Everybody's account."""
    return [
        {
            "id": one.id, "login": one.login, "name": one.name, "organization_code": one.organization,
            "label": one.grant.role.label, "work_phone": f"1008{one.number:07}",
        }
        for one in _staff(counties)
    ]  # fmt: skip


def role_rows(counties: tuple[County, ...]) -> list[Row]:
    """Everybody's grant."""
    return [
        {
            "account_id": one.id, "role": one.grant.role, "scope_code": one.grant.scope,
            "organization_code": one.grant.organization, "rank": one.grant.rank,
        }
        for one in _staff(counties)
    ]  # fmt: skip


def category_rows() -> list[Row]:
    """The demonstration's categories; in a city no organization leads one everywhere."""
    categories = load_catalogue().categories
    return [{**one.row(sort), "lead_organization_code": None} for sort, one in enumerate(categories, 1)]


def centre_rows(counties: tuple[County, ...]) -> list[Row]:
    """A service centre 服务中心 for every county, street and community (S-17)."""
    return [
        {
            "county_code": county.code, "code": f"C-{code}", "name": f"{name}便民服务中心", "level": level, "division_code": code,
            "windows": ["综合受理"],
        }
        for county in counties for code, name, level in _served(county)
    ]  # fmt: skip


def grid_row(grid: Grid) -> Row:
    """The row of ``grid``: a square cell in open water."""
    west, south = grid.corner
    east, north = round(west + _CELL, 6), round(south + _CELL, 6)
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {
        "county_code": grid.county, "code": grid.code, "name": grid.name, "kind": "BASE", "area_kind": "URBAN",
        "street_code": grid.street, "community_code": grid.community, "boundary": ring,
        "boundary_geojson": orjson.dumps({"type": "Polygon", "coordinates": [ring]}).decode(),
        "household_count": grid.households, "person_count": grid.people, "chief_id": grid.chief.id,
        "worker_id": grid.worker.id, "valid_from": date(_EDITION, 1, 1),
    }  # fmt: skip


def _division(code: str, name: str, level: DivisionLevel, parent: str | None) -> Row:
    return {"code": code, "name": name, "level": level, "parent_code": parent, "edition_year": _EDITION}


def _organizations(county: County) -> Iterator[Organization]:
    yield county.office
    yield from county.departments.values()
    yield from (street.center for street in county.streets)


def _staff(counties: tuple[County, ...]) -> Iterator[Staff]:
    for county in counties:
        yield county.officer
        yield from county.handlers.values()
        for street in county.streets:
            yield from street.staff


def _served(county: County) -> Iterator[tuple[str, str, DivisionLevel]]:
    yield county.division, county.name, DivisionLevel.COUNTY
    for street in county.streets:
        yield street.code, street.name, DivisionLevel.STREET
        yield from ((code, name, DivisionLevel.COMMUNITY) for code, name in street.communities)
