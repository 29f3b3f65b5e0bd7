"""Random rows of the mini schema's tables, whose values collide often, and those who ask about them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import Role
from tests.mini_interpreter import Row

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ME, OTHER, MY_PERSON = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
STREETS = ("330902001000", "330902002000", "330903001000")
COUNTIES = (330902, 330903)
AREAS = [{"code": "E", "name": "东"}, {"code": "W", "name": "西"}]
TITLES = ("电梯故障", "电梯", "道路积水", "a%b", "a_b", "it's")
ORGANIZATIONS = ("A", "B")
COUNTY, CITY, PROVINCE = "330902000000", "330900000000", "330000000000"
COMMUNITY = f"{STREETS[0][:9]}001"
GRID, NEXT_GRID = f"{COMMUNITY}001", f"{COMMUNITY}002"

# Some share a shape, and so plans, with two others: the third request of a shape is answered by the plan that was kept.
GRANTS: dict[str, tuple[Grant, ...]] = {
    "nobody": (),
    "system": (Grant(Role.SYSTEM, COUNTY),),
    "resident": (Grant(Role.RESIDENT, STREETS[0]),),
    "dispatcher": (Grant(Role.STREET_DISPATCHER, STREETS[0]),),
    "second dispatcher": (Grant(Role.STREET_DISPATCHER, STREETS[1]),),
    "third dispatcher": (Grant(Role.STREET_DISPATCHER, STREETS[2]),),
    "two streets": (Grant(Role.STREET_DISPATCHER, STREETS[0]), Grant(Role.STREET_DISPATCHER, STREETS[1])),
    "two counties": (Grant(Role.STREET_DISPATCHER, STREETS[0]), Grant(Role.STREET_DISPATCHER, STREETS[2])),
    "leader": (Grant(Role.STREET_LEADER, STREETS[0]),),
    "caller": (Grant(Role.FOLLOW_UP, STREETS[0]),),
    "worker": (Grant(Role.GRID_WORKER, GRID),),
    "worker of two grids": (Grant(Role.GRID_WORKER, GRID), Grant(Role.GRID_WORKER, NEXT_GRID)),
    "chief": (Grant(Role.GRID_CHIEF, COMMUNITY),),
    "chief and worker": (Grant(Role.GRID_CHIEF, COMMUNITY), Grant(Role.GRID_WORKER, NEXT_GRID)),
    "county": (Grant(Role.COUNTY_GRID_OFFICE, COUNTY),),
    "department": (Grant(Role.DEPT_HANDLER, COUNTY, "A"),),
    "second department": (Grant(Role.DEPT_HANDLER, COUNTY, "B"),),
    "third department": (Grant(Role.DEPT_HANDLER, "330903000000", "A"),),
    "department of two": (Grant(Role.DEPT_HANDLER, COUNTY, "A"), Grant(Role.DEPT_HANDLER, "330903000000", "B")),
    "city": (Grant(Role.STREET_DISPATCHER, CITY),),
    "city and leader": (Grant(Role.COUNTY_GRID_OFFICE, CITY), Grant(Role.STREET_LEADER, STREETS[2])),
    "province and worker": (Grant(Role.COUNTY_GRID_OFFICE, PROVINCE), Grant(Role.GRID_WORKER, STREETS[2])),
    "worker and department": (Grant(Role.GRID_WORKER, STREETS[1]), Grant(Role.DEPT_HANDLER, COUNTY, "B")),
    "resident and caller": (Grant(Role.RESIDENT, STREETS[1]), Grant(Role.FOLLOW_UP, COMMUNITY)),
}
VIEWERS = {
    name: Viewer(name, "示", grants, account_id=ME, person_id=MY_PERSON if "resident" in name else None)
    for name, grants in GRANTS.items()
}

scopes = st.sampled_from((GRID, NEXT_GRID, COMMUNITY, *STREETS, COUNTY, "330903000000", CITY, PROVINCE))
instants = st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days, microseconds=days * 1001))
organizations = st.sampled_from(ORGANIZATIONS)


@st.composite
def mixed_viewers(draw: st.DrawFn) -> Viewer:
    """Somebody with any roles at any levels."""
    grants = []
    for role in draw(st.lists(st.sampled_from(Role), min_size=1, max_size=4)):
        organization = draw(organizations) if role is Role.DEPT_HANDLER else None
        grants.append(Grant(role, draw(scopes), organization))
    return Viewer(
        "mixed", "示", tuple(grants), draw(st.sampled_from((ME, None))), draw(st.sampled_from((MY_PERSON, None)))
    )


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, list[Row]]:
    """A few permits, with their visits, notes and steps."""
    permits = [draw(permit_rows(number)) for number in range(draw(st.sampled_from((0, 3, 5, 7))))]
    for row in permits:
        near = [other["id"] for other in permits if other["county_code"] == row["county_code"]]
        row["previous_id"] = draw(st.none() | st.sampled_from(near))
    visits = [
        draw(visit_rows(number, permits)) for number in range(draw(st.sampled_from((0, 4, 6, 8))) if permits else 0)
    ]
    notes = [draw(note_rows(number, visits)) for number in range(draw(st.sampled_from((0, 2, 4))) if visits else 0)]
    steps = [draw(step_rows(number, permits)) for number in range(draw(st.sampled_from((0, 3, 6))) if permits else 0)]
    return {
        "mini_permit": permits,
        "mini_visit": visits,
        "mini_note": notes,
        "mini_step": steps,
        "mini_areas": [dict(area) for area in AREAS],
    }


@st.composite
def places(draw: st.DrawFn, street: str) -> tuple[str, str | None, str | None]:
    """A street, and perhaps a community and a grid in it."""
    community = draw(st.sampled_from((None, f"{street[:9]}001", f"{street[:9]}001", f"{street[:9]}002")))
    grid = None if community is None else draw(st.sampled_from((None, f"{community}001", f"{community}002")))
    return street, community, grid


@st.composite
def permit_rows(draw: st.DrawFn, number: int) -> Row:
    street, community, grid = draw(places(draw(st.sampled_from(STREETS))))
    title = draw(st.sampled_from(TITLES))
    return {
        "county_code": int(street[:6]),
        "id": UUID(int=100 + number),
        "street_code": street,
        "community_code": community,
        "grid_code": grid,
        "area_code": draw(st.sampled_from(("E", "W", None))),
        "title": title,
        "state": draw(st.sampled_from(("DRAFT", "OPEN", "CLOSED"))),
        "secret": draw(st.booleans()),
        "owner_id": draw(st.sampled_from((None, ME, OTHER))),
        "applicant_id": draw(st.sampled_from((None, MY_PERSON, OTHER))),
        "phone": draw(st.sampled_from((None, "100****0001"))),
        "opened_at": draw(instants),
        "due_at": draw(st.none() | instants),
        "approved_at": draw(st.none() | instants),
        "score": draw(st.none() | st.integers(0, 2)),
        "tags": draw(st.lists(st.sampled_from(("甲", "乙")), unique=True)),
        "valid_on": draw(st.none() | instants.map(datetime.date)),
        "bigrams": bigrams(title),
    }


def _below(parent: Row, **more: Any) -> Row:
    return {"county_code": parent["county_code"], "permit_id": parent.get("permit_id", parent["id"]), **more}


@st.composite
def visit_rows(draw: st.DrawFn, number: int, permits: list[Row]) -> Row:
    return _below(
        draw(st.sampled_from(permits)),
        id=UUID(int=200 + number),
        organization_code=draw(organizations),
        visited_at=draw(instants),
        rating=draw(st.none() | st.integers(0, 2)),
    )


@st.composite
def note_rows(draw: st.DrawFn, number: int, visits: list[Row]) -> Row:
    visit = draw(st.sampled_from(visits))
    return _below(visit, visit_id=visit["id"], id=UUID(int=300 + number), text=draw(st.sampled_from(("早", "晚"))))


@st.composite
def step_rows(draw: st.DrawFn, number: int, permits: list[Row]) -> Row:
    """A step whose own place need not be its permit's."""
    permit = draw(st.sampled_from(permits))
    streets = [street for street in STREETS if int(street[:6]) == permit["county_code"]]
    street, community, grid = draw(places(draw(st.sampled_from(streets))))
    return _below(
        permit,
        seq=number,
        text=draw(st.sampled_from((None, "受理"))),
        public=draw(st.booleans()),
        organization_code=draw(st.none() | organizations),
        home_street=street,
        home_community=community,
        home_grid=grid,
    )
