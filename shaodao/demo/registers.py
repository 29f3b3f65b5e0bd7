"""Loads the registers of the demonstration street: everything but its cases. Directly by COPY, in the caller's transaction."""

from datetime import date, datetime, time

import orjson

from shaodao.calendar_table import fill_calendar
from shaodao.commands.grids import GridInput, size_warning
from shaodao.commands.transaction import Connection
from shaodao.demo.catalogue import load_catalogue
from shaodao.demo.copying import Row, copy_rows
from shaodao.demo.identifiers import account_id, stable_id, team_id
from shaodao.demo.people import care_tag_rows, household_rows, person_rows, vessel_rows
from shaodao.demo.source import Grid, Organization, Staff, Street, Team, load_street
from shaodao.demo.whistle_list import load_whistle_list
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.geometry import check_polygon, to_geojson
from shaodao.domain.permissions import Grant, county_of
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.vocabulary import Role, TeamKind
from shaodao.personal_data import PersonalDataCipher


async def load_registers(connection: Connection, cipher: PersonalDataCipher, rulebook: Rulebook, now: datetime) -> None:
    """Load divisions, organizations, accounts, grids, teams, people, vessels, calendar, catalogue and templates.

    ``now`` stamps what has a time of collection; the calendar is filled around it and around the street's stored times.
    Identity numbers and phones go in sealed. Raises asyncpg's UniqueViolationError where the street is loaded already.
    """
    street = load_street()
    await _load_shared(connection, street)
    for moment in (street.meta.as_of, now):
        await fill_calendar(connection, moment.astimezone(SHANGHAI).date())
    await _load_catalogue(connection, street, now)
    await _load_growing(connection, street, cipher, rulebook, now)


async def _load_shared(connection: Connection, street: Street) -> None:
    await copy_rows(connection, "divisions", [
        {"code": one.code, "name": one.name, "level": one.level, "parent_code": one.parent, "edition_year": 2026}
        for one in street.divisions
    ])  # fmt: skip
    await copy_rows(connection, "organizations", [_organization_row(street, one) for one in street.organizations])
    await copy_rows(connection, "accounts", [_account_row(staff) for staff in street.staff])
    await copy_rows(connection, "account_roles", [
        {
            "account_id": account_id(staff.name), "role": grant.role, "scope_code": grant.scope,
            "organization_code": grant.organization, "rank": grant.rank,
        }
        for staff in street.staff for grant in grants_of(staff)
    ])  # fmt: skip


async def _load_catalogue(connection: Connection, street: Street, now: datetime) -> None:
    """The lists and rules hold since long before the first case, wherever the cases' times are moved to."""
    catalogue, county = load_catalogue(), county_of(street.code)
    since = date(min(street.meta.as_of, now).astimezone(SHANGHAI).year - 1, 1, 1)
    in_force = datetime.combine(since, time(), SHANGHAI)
    await copy_rows(connection, "categories", [one.row(sort) for sort, one in enumerate(catalogue.categories, 1)])
    await copy_rows(connection, "duty_list_items", [duty.row(since) for duty in catalogue.duties])
    rules = [one.row(county, place, in_force) for place, one in enumerate(catalogue.catalogue, 1)]
    await copy_rows(connection, "routing_rule", rules)
    await copy_rows(connection, "whistle_templates", [one.row(sort) for sort, one in enumerate(catalogue.templates, 1)])
    county = county_of(street.code)
    whistles = [one.row(county, sort, since) for sort, one in enumerate(load_whistle_list(), 1)]
    await copy_rows(connection, "whistle_list_item", whistles)
    await copy_rows(connection, "service_centre", [centre.row() for centre in catalogue.service_centres])


async def _load_growing(
    connection: Connection, street: Street, cipher: PersonalDataCipher, rulebook: Rulebook, now: datetime
) -> None:
    await copy_rows(connection, "grid", [grid_row(street, grid, rulebook) for grid in street.grids])
    await copy_rows(connection, "team", [_team_row(street, team) for team in street.teams])
    await copy_rows(connection, "team_member", _member_rows(street))
    await copy_rows(connection, "household", household_rows(street, now))
    await copy_rows(connection, "person", person_rows(street, cipher, now))
    await copy_rows(connection, "care_tag", care_tag_rows(street))
    await copy_rows(connection, "vessel", vessel_rows(street))


def grants_of(staff: Staff) -> tuple[Grant, ...]:
    """The roles of a member of staff; none for a profession that is no role of the platform, such as EXPERT (C.7)."""
    if staff.role not in Role.__members__:
        return ()
    role = Role[staff.role]
    if role is Role.DEPT_HANDLER:
        return (Grant(role, staff.scope, staff.org),)
    own = Grant(role, staff.scope, rank=staff.rank)
    return (own, Grant(Role.DEPT_HANDLER, staff.scope, staff.handles)) if staff.handles else (own,)


def _organization_row(street: Street, one: Organization) -> Row:
    return {
        "code": one.code, "name": one.name, "kind": one.kind, "level": one.level, "uscc": one.uscc,
        "division_code": one.division or (street.code if one.level == "STREET" else street.county),
        "duty_phone": one.duty_phone, "is_vertical": one.kind == "VERTICAL",
    }  # fmt: skip


def _account_row(staff: Staff) -> Row:
    return {
        "id": account_id(staff.name), "login": staff.login, "name": staff.name, "organization_code": staff.org,
        "label": staff.label, "work_phone": staff.phone,
    }  # fmt: skip


def grid_row(street: Street, grid: Grid, rulebook: Rulebook) -> Row:
    """The row of ``grid``: its polygon is checked, its worker and its community's chief are named."""
    boundary = check_polygon(grid.boundary)
    return {
        "county_code": county_of(grid.code), "code": grid.code, "name": grid.name, "kind": grid.kind,
        "area_kind": grid.area_kind, "street_code": street.code, "community_code": grid.community,
        "boundary": [(point.longitude, point.latitude) for point in boundary.polygons[0].exterior],
        "boundary_geojson": orjson.dumps(to_geojson(boundary)).decode(), "household_count": grid.households,
        "merchant_count": grid.merchants, "vessel_count": grid.vessels,
        "size_warning": size_warning(rulebook.grid_sizes, _as_input(grid)),
        "chief_id": account_id(_chief_of(street, grid.community)), "worker_id": account_id(grid.grid_worker),
        "operation_mode": grid.operation_mode, "sea_area": grid.sea_area, "fleet_group": grid.fleet_group,
        "sea_arrive_minutes": grid.arrive_minutes, "valid_from": grid.valid_from,
    }  # fmt: skip


def _as_input(grid: Grid) -> GridInput:
    return GridInput(
        code=grid.code, name=grid.name, kind=grid.kind, area_kind=grid.area_kind, household_count=grid.households
    )


def _chief_of(street: Street, community: str) -> str:
    return next(one.name for one in street.staff if one.role == Role.GRID_CHIEF and one.scope == community)


def _team_row(street: Street, team: Team) -> Row:
    grid = next((grid for grid in street.grids if grid.code == team.grid), None)
    return {
        "county_code": county_of(street.code), "id": team_id(team.code), "code": team.code, "name": team.name,
        "kind": team.kind, "field": None if team.kind is TeamKind.THEME else team.field,
        "theme": team.field if team.kind is TeamKind.THEME else None, "street_code": street.code,
        "community_code": grid and grid.community, "grid_code": team.grid, "leader_id": account_id(team.leader),
        "starts_on": date(street.meta.as_of.year, 1, 1),
    }  # fmt: skip


def _member_rows(street: Street) -> list[Row]:
    return [
        {
            "county_code": county_of(street.code), "id": stable_id("team member", f"{team.code}:{member.name}"),
            "team_id": team_id(team.code), "account_id": account_id(member.name), "name": member.name,
            "identity": member.identity, "duties": [member.duty], "joined_on": date(street.meta.as_of.year, 1, 1),
        }
        for team in street.teams
        for member in team.members
    ]  # fmt: skip
