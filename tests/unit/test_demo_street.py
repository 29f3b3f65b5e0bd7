"""The demonstration street's data files: well formed, fictional, and consistent with each other."""

from datetime import UTC, date, datetime, timedelta

from shaodao.demo.catalogue import load_catalogue
from shaodao.demo.identifiers import account_id, person_id
from shaodao.demo.source import load_street
from shaodao.demo.timeline import between, moved_to
from shaodao.demo.tokens import MENU, RESIDENT, handler_viewer, resident_viewer, staff_viewer
from shaodao.domain.coordinates import Point
from shaodao.domain.geometry import check_polygon, contains
from shaodao.domain.identity import check_identity_number, check_uscc
from shaodao.domain.vocabulary import AssignmentRole, LeaderRank, Role

TODAY = date(2026, 11, 20)


def test_the_numbers_of_the_file_are_valid_and_fictional() -> None:
    street = load_street()
    for person in street.people:
        assert check_identity_number(person.id_number, TODAY).startswith("9901")
        assert "例" in person.name
        assert person.phone is None or person.phone.startswith("100")
    assert all("示" in staff.name and staff.phone.startswith("100") for staff in street.staff)
    assert all(check_uscc(one.uscc) for one in street.organizations if one.uscc)


def test_grids_do_not_overlap() -> None:
    grids = [check_polygon(grid.boundary) for grid in load_street().grids]
    for boundary in grids:
        corners = boundary.polygons[0].exterior
        middle = Point(
            sum(corner.longitude for corner in corners) / len(corners),
            sum(corner.latitude for corner in corners) / len(corners),
        )
        assert [contains(other, middle) for other in grids].count(True) == 1


def test_the_restricted_register_is_not_in_the_file() -> None:
    assert "SP-001" not in repr(load_street())


def test_logins_are_unique_and_readable() -> None:
    logins = [staff.login for staff in load_street().staff]
    assert len(set(logins)) == len(logins) == 53
    assert all(login.isascii() and login.islower() for login in logins)


def test_ids_are_stable() -> None:
    assert account_id("吕示衡") == account_id("吕示衡") != account_id("张示远")
    assert person_id("P014") != person_id("P015")


def test_the_catalogue_names_known_organizations_and_categories() -> None:
    catalogue, known = load_catalogue(), {one.code for one in load_street().organizations}
    categories = {category.code for category in catalogue.categories}
    duties = {duty.code for duty in catalogue.duties}
    assert len(categories) == 14
    assert sum(category.from_source for category in catalogue.categories) == 5
    named = [(one.category, {one.lead, *one.co}) for one in catalogue.catalogue]
    named += [(one.category or "A01", {one.lead, *one.co}) for one in catalogue.templates]
    for category, organizations in named:
        assert organizations <= known
        assert category in categories
    assert {item.duty for item in catalogue.catalogue if item.duty} <= duties
    assert {template.emergency_line for template in catalogue.templates} == {"110", "119", "12395"}


def test_every_organization_that_may_be_called_has_somebody_who_handles_it() -> None:
    street, catalogue = load_street(), load_catalogue()
    for organization in street.organizations:
        if organization.code != "WG":  # the county grid office judges, and is never called
            viewer = handler_viewer(street, organization.code)
            assert viewer.organizations == (organization.code,)
    # The dispatch centre blows the whistles: no template calls it.
    assert all("JD" not in (template.lead, *template.co) for template in catalogue.templates)


def test_a_community_is_handled_by_its_chief() -> None:
    viewer = handler_viewer(load_street(), "TT")
    assert viewer.name == "尤示宁"
    assert {grant.role for grant in viewer.grants} == {Role.GRID_CHIEF, Role.DEPT_HANDLER}


def test_templates_and_catalogue_propose_the_lead_that_the_whistles_called() -> None:
    street, catalogue = load_street(), load_catalogue()
    conditions = [(one.category, one.keywords, one.lead) for one in catalogue.templates]
    conditions += [(one.category, one.keywords, one.lead) for one in catalogue.catalogue]
    for case in (case for case in street.cases if case.whistle is not None):
        text = case.title + case.description
        proposed = [
            lead
            for category, words, lead in conditions
            if category == case.category and any(word in text for word in words)
        ]
        lead = next(party.dept for party in case.assignments if party.role is AssignmentRole.LEAD)
        assert proposed[0] == lead, case.title


def test_moved_stories_keep_weekday_and_hour() -> None:
    street = load_street()
    now = street.meta.as_of + timedelta(days=400)
    moved = moved_to(street, now)
    assert timedelta(0) <= now - moved.meta.as_of < timedelta(weeks=1)
    for before, after in zip(street.cases, moved.cases, strict=True):
        assert (after.registered_at - before.registered_at) % timedelta(weeks=1) == timedelta(0)
        assert after.registered_at.weekday() == before.registered_at.weekday()
    assert moved.people == street.people


def test_moving_back_works_too() -> None:
    street = load_street()
    moved = moved_to(street, datetime(2025, 3, 5, 12, tzinfo=UTC))
    assert moved.meta.as_of <= datetime(2025, 3, 5, 12, tzinfo=UTC)


def test_a_derived_time_lies_between_its_neighbours() -> None:
    start = datetime(2026, 11, 20, 10, 0, 30, tzinfo=UTC)
    assert between(start, start, 0.5, timedelta(hours=1)) == start
    later = between(start, start + timedelta(hours=3), 0.5, timedelta(hours=1))
    assert later == datetime(2026, 11, 20, 11, 0, tzinfo=UTC)


def test_viewers_carry_the_roles_of_the_file() -> None:
    street = load_street()
    chief = staff_viewer(street, "孔示明")
    assert chief.grants[0].rank is LeaderRank.CHIEF
    assert handler_viewer(street, "CG").organizations == ("CG",)
    assert staff_viewer(street, "郎示律").grants == ()
    assert resident_viewer(street, RESIDENT).person_id == person_id("P014")


def test_the_menu_has_every_role_of_the_platform() -> None:
    street = load_street()
    roles = {staff_viewer(street, name).grants[0].role for name in MENU} | {Role.RESIDENT}
    assert roles == set(Role) - {Role.SYSTEM, Role.GRID_CHIEF}
