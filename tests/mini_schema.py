"""A small schema over tables of its own, for the tests of the read compiler: permits, visits, notes and areas.

It has what the compiler must handle: growing tables on three levels, a shared table, rules by scope, by person and by
link, nullable ordering columns, masked and derived fields, a payload with a stored object.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import strawberry

from schema.compiler.parameters import Binding
from schema.declarations import ById, ByKind, Exists, Flag, Fragment, Group, Search, StoredRef, Through, Where
from schema.errors import invalid_input
from schema.execution import Context
from schema.mapping import (
    argument,
    column,
    derived,
    embedded,
    expression,
    filtered,
    groups,
    many,
    one,
    orderings,
    page,
    root_counts,
    root_many,
    root_node,
    root_nodes,
    root_one,
    root_page,
    stored,
    table,
)
from schema.relay import Connection, Node
from shaodao.domain.permissions import AllOf, AnyOf, Everything, InScope, Is, IsNot, Linked, Mine, Rule, Subject
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import Role

TABLES = """
CREATE TABLE mini_areas (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE mini_permit (
    county_code int NOT NULL, id uuid NOT NULL, street_code text NOT NULL, area_code text, title text NOT NULL,
    state text NOT NULL, secret boolean NOT NULL, owner_id uuid, previous_id uuid, phone text, opened_at timestamptz NOT NULL,
    due_at timestamptz, score int, payload jsonb NOT NULL DEFAULT '{}', bigrams text[] NOT NULL DEFAULT '{}',
    valid_on date, PRIMARY KEY (county_code, id));
CREATE TABLE mini_visit (
    county_code int NOT NULL, id uuid NOT NULL, permit_id uuid NOT NULL, organization_code text NOT NULL,
    visited_at timestamptz NOT NULL, rating int, PRIMARY KEY (county_code, id));
CREATE TABLE mini_note (
    county_code int NOT NULL, id uuid NOT NULL, permit_id uuid NOT NULL, visit_id uuid NOT NULL, text text NOT NULL,
    PRIMARY KEY (county_code, id));
"""

_PERMIT: Rule = {
    Role.GRID_WORKER: AnyOf((AllOf((InScope(), Is("secret", (False,)))), Mine("owner_id", Subject.ACCOUNT))),
    Role.STREET_DISPATCHER: InScope(),
    Role.COUNTY_GRID_OFFICE: AllOf((InScope(), IsNot("state", ("DRAFT",)))),
    Role.DEPT_HANDLER: Linked("mini_visit", "permit_id", "id", Mine("organization_code", Subject.ORGANIZATION)),
}
RULES: Mapping[str, Rule] = {
    "shared": dict.fromkeys((*_PERMIT, Role.RESIDENT), Everything()),
    "permit": _PERMIT,
    "permit_part": {role: Linked("mini_permit", "id", "permit_id", condition) for role, condition in _PERMIT.items()},
    "phone": {Role.STREET_DISPATCHER: Everything(), Role.GRID_WORKER: Mine("owner_id", Subject.ACCOUNT)},
}

PermitOrder = orderings(
    "PermitOrder",
    NEWEST=[("opened_at", "desc")],
    DUE=[("due_at", "asc", "nullable")],
    BEST=[("score", "desc", "nullable"), ("title", "asc")],
)


@table("mini_areas", rule="shared", shared=True, key=("code",), node=True)
@strawberry.type(description="An area.")
class Area(Node):
    code: str
    name: str


@table("mini_note", rule="permit_part", node=True)
@strawberry.type(description="A note on a visit.")
class Note(Node):
    text: str
    visit: Annotated["Visit", strawberry.lazy("tests.mini_schema")] | None = one(on={"id": "visit_id"})


@table("mini_visit", rule="permit_part", node=True)
@strawberry.type(description="A visit to a permit's holder.")
class Visit(Node):
    organization_code: str
    visited_at: datetime
    rating: int | None
    permit: Annotated["Permit", strawberry.lazy("tests.mini_schema")] | None = one(on={"id": "permit_id"})
    notes: list[Note] = many(on={"visit_id": "id", "permit_id": "permit_id"}, order=[("text", "asc")])


@strawberry.input(description="What visits must meet.")
class VisitFilter:
    organization: str | None = filtered(Where("organization_code"))


@strawberry.type(description="An action and whether it is allowed.")
class Action:
    name: str
    allowed: bool
    by: str | None


@strawberry.type(description="The permit's times.")
class Times:
    opened_at: datetime
    due_at: datetime | None


def actions(facts: Any, binding: Binding, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A draft may be opened, an open one closed."""
    return [
        {"name": "open", "allowed": facts["state"] == "DRAFT", "by": binding.viewer.login},
        {"name": "close", "allowed": facts["state"] == "OPEN", "by": None},
    ]


@table("mini_permit", rule="permit", node=True)
@strawberry.type(description="A permit.")
class Permit(Node):
    title: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    score: int | None
    valid_on: str | None
    owner: strawberry.ID | None = column("owner_id")
    phone: str | None = column("phone", visible="phone")
    overdue: bool | None = expression("{t}.due_at < {now}")
    payload: strawberry.scalars.JSON
    times: Times | None = embedded(when="{t}.state <> 'DRAFT'")
    area: Area | None = one(on={"code": "area_code"})
    previous: Annotated["Permit", strawberry.lazy("tests.mini_schema")] | None = one(on={"id": "previous_id"})
    visits: list[Visit] = many(on={"permit_id": "id"}, order=[("visited_at", "desc")])
    rated_visits: Connection[Visit] = page(
        on={"permit_id": "id"}, order=[("rating", "desc", "nullable")], filter=VisitFilter
    )
    actions: list[Action] = derived(facts="json_build_object('state', {t}.state)", compute=actions)


def place_kind(value: str) -> str:
    """Whether a place is an area or a division."""
    if not value.isalnum():
        raise invalid_input("place", "无此地点", "no such place")
    return "division" if value.isdigit() else "area"


@strawberry.input(description="What permits must meet.")
class PermitFilter:
    state: str | None = filtered(Where("state"))
    states: list[str] | None = filtered(Where("state", "in"))
    opened_before: datetime | None = filtered(Where("opened_at", "lt"))
    opened_from: datetime | None = filtered(Where("opened_at", "gte"))
    title_starts: str | None = filtered(Where("title", "prefix"))
    has_owner: bool | None = filtered(Fragment("({t}.owner_id IS NOT NULL) = {value}"))
    owner: strawberry.ID | None = filtered(Where("owner_id", nullable=True))
    undated: bool | None = filtered(Where("due_at", "is_null"))
    overdue: bool | None = filtered(Flag("{t}.due_at < {now}"))
    text: str | None = filtered(Search("bigrams", bigrams, "{t}.title"))
    place: str | None = filtered(
        ByKind(place_kind, {"area": Where("area_code"), "division": Where("street_code", "prefix")})
    )
    visited_by: str | None = filtered(Exists("mini_visit", {"permit_id": "id"}, "organization_code"))


PermitGroup = groups(
    "PermitGroup",
    "What permits are counted by.",
    STATE=Group("state", "By state."),
    AREA=Group("area_code", "By area."),
    ORGANIZATION=Group(
        "organization_code",
        "By who visited, and rated.",
        through=Through("mini_visit", {"permit_id": "id"}, where="{t}.rating IS DISTINCT FROM 0"),
    ),
    DAY=Group("day", "By day.", sql="({t}.opened_at AT TIME ZONE 'Asia/Shanghai')::date"),
)


@strawberry.type(description="How many permits there are of a group.")
class PermitCount:
    count: int
    state: str | None
    day: str | None
    organization: str | None = column("organization_code")
    area: Area | None = one(on={"code": "area_code"})


@strawberry.type(description="What came of an opening.")
class OpenPayload:
    outcome: str
    permit: Permit | None = stored()


@strawberry.type
class Query:
    node: Node | None = root_node()
    nodes: list[Node | None] = root_nodes()
    permit: Permit | None = root_one(arguments={"id": argument(strawberry.ID, ById())})
    permit_by_title: Permit | None = root_one(arguments={"title": argument(str, Where("title"))})
    permits: Connection[Permit] = root_page(order=PermitOrder, filter=PermitFilter)
    permit_counts: list[PermitCount] = root_counts("Permit", PermitGroup, filter=PermitFilter)
    visits: Connection[Visit] = root_page(order=[("visited_at", "desc")], filter=VisitFilter)
    areas: list[Area] = root_many(order=[("name", "asc")])

    @strawberry.field
    async def greeting(self, info: strawberry.Info[Context, None], name: str) -> str:
        return f"{name}, {info.context.viewer.login}"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def open(self, info: strawberry.Info[Context, None], county: int, key: strawberry.ID) -> OpenPayload:
        await info.context.services.execute(
            "UPDATE mini_permit SET state = 'OPEN' WHERE county_code = $1 AND id = $2", county, key
        )
        reference: Any = StoredRef("Permit", county, key)
        return OpenPayload(outcome="opened", permit=reference)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def opened(
        self, info: strawberry.Info[Context, None], county: int, key: strawberry.ID
    ) -> AsyncIterator[OpenPayload]:
        for outcome in ("first", "second"):
            info.context.now += timedelta(days=1)
            reference: Any = StoredRef("Permit", county, key)
            yield OpenPayload(outcome=outcome, permit=reference)


def mini_schema() -> strawberry.Schema:
    """The schema, built anew."""
    return strawberry.Schema(
        query=Query, mutation=Mutation, subscription=Subscription, types=[Area, Note, Visit, Permit]
    )
