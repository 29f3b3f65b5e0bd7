"""A small schema over tables of its own, for the tests of the read compiler: permits, visits, notes and areas.

It has what the compiler must handle: growing tables on three levels, a shared table, rules of every kind for every role
that has any, every kind of declaration and of condition, a union, a payload with a stored object. What is missing is
named by ``tests/unit/test_mini_schema.py``.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import strawberry

from schema.compiler.parameters import Binding
from schema.declarations import (
    NOWHERE,
    ById,
    ByKind,
    Exists,
    Flag,
    Fragment,
    Group,
    Search,
    Seen,
    StoredRef,
    Through,
    Where,
)
from schema.errors import invalid_input
from schema.execution import Context
from schema.fields import strawberry_argument
from schema.ids import decode
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
    root_expression,
    root_many,
    root_node,
    root_nodes,
    root_one,
    root_page,
    stored,
    table,
)
from schema.relay import Connection, Node
from shaodao.domain.text import bigrams
from tests.mini_rules import HOME

TABLES = """
CREATE TABLE mini_areas (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE mini_permit (
    county_code int NOT NULL, id uuid NOT NULL, street_code text NOT NULL, area_code text, title text NOT NULL,
    state text NOT NULL, secret boolean NOT NULL, owner_id uuid, previous_id uuid, phone text, opened_at timestamptz NOT NULL,
    due_at timestamptz, score int, payload jsonb NOT NULL DEFAULT '{}', bigrams text[] NOT NULL DEFAULT '{}',
    valid_on date, community_code text, grid_code text, applicant_id uuid, approved_at timestamptz,
    tags text[] NOT NULL DEFAULT '{}', PRIMARY KEY (county_code, id));
CREATE TABLE mini_visit (
    county_code int NOT NULL, id uuid NOT NULL, permit_id uuid NOT NULL, organization_code text NOT NULL,
    visited_at timestamptz NOT NULL, rating int, PRIMARY KEY (county_code, id));
CREATE TABLE mini_note (
    county_code int NOT NULL, id uuid NOT NULL, permit_id uuid NOT NULL, visit_id uuid NOT NULL, text text NOT NULL,
    PRIMARY KEY (county_code, id));
CREATE TABLE mini_step (
    county_code int NOT NULL, permit_id uuid NOT NULL, seq int NOT NULL, text text, public boolean NOT NULL,
    organization_code text, home_street text NOT NULL, home_community text, home_grid text,
    PRIMARY KEY (county_code, permit_id, seq));
"""

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


@table("mini_step", rule="step", key=("permit_id", "seq"), node=True, scope=HOME)
@strawberry.type(description="A step in a permit's history, named by two columns and placed by others than the usual.")
class Step(Node):
    seq: int
    text: str | None
    permit: Annotated["Permit", strawberry.lazy("tests.mini_schema")] | None = one(on={"id": "permit_id"})


@table("mini_visit", rule="permit_part", node=True)
@strawberry.type(description="A visit to a permit's holder.")
class Visit(Node):
    organization_code: str
    visited_at: datetime
    rating: int | None
    mark: int | None = column("rating", visible="own_visit")
    permit: Annotated["Permit", strawberry.lazy("tests.mini_schema")] | None = one(on={"id": "permit_id"})
    notes: list[Note] = many(on={"visit_id": "id", "permit_id": "permit_id"}, order=[("text", "asc")])


@strawberry.input(description="What visits must meet.")
class VisitFilter:
    organization: str | None = filtered(Where("organization_code"))
    ratings: list[int] | None = filtered(Where("rating", "in"))
    noted: str | None = filtered(Exists("mini_note", {"visit_id": "id", "permit_id": "permit_id"}, "text"))


@strawberry.type(description="An action and whether it is allowed.")
class Action:
    name: str
    allowed: bool
    by: str | None


@strawberry.type(description="The permit's times.")
class Times:
    opened_at: datetime
    due_at: datetime | None


@strawberry.type(description="Where the permit is.")
class Place:
    street_code: str
    area: Area | None = one(on={"code": "area_code"})


def actions(facts: Any, binding: Binding, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A draft may be opened, an open one closed."""
    return [
        {"name": "open", "allowed": facts["state"] == "DRAFT", "by": binding.viewer.login},
        {"name": "close", "allowed": facts["state"] == "OPEN", "by": None},
    ]


def hint(facts: Any, binding: Binding, arguments: Mapping[str, Any]) -> str:
    """The word given, and the facts."""
    return f"{arguments.get('word')}:{facts}"


def length(value: int, binding: Binding) -> int:
    """A number of characters. Raises ClientError INVALID_INPUT for none at all."""
    if value < 0:
        raise invalid_input("longerThan", "不能为负", "must not be negative")
    return value


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
    step_of: str | None = filtered(Exists("mini_step", {"permit_id": "id"}, "organization_code"))
    title_not: str | None = filtered(Where("title", "ne"))
    score_up_to: int | None = filtered(Where("score", "lte"))
    score_above: int | None = filtered(Where("score", "gt"))
    tagged: list[str] | None = filtered(Where("tags", "contains"))
    longer_than: int | None = filtered(Fragment("length({t}.title) > {value}::int", length))
    phone: str | None = filtered(Seen("phone", Where("phone")))
    rated: int | None = filtered(Seen("inside", Exists("mini_visit", {"permit_id": "id"}, "rating", "gte")))
    visited_by: str | None = filtered(Exists("mini_visit", {"permit_id": "id"}, "organization_code"))


@table("mini_permit", rule="permit", node=True)
@strawberry.type(description="A permit.")
class Permit(Node):
    title: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    score: int | None
    valid_on: str | None
    tags: list[str]
    owner: strawberry.ID | None = column("owner_id")
    applicant: strawberry.ID | None = column("applicant_id", visible="inside")
    phone: str | None = column("phone", visible="phone")
    overdue: bool | None = expression("{t}.due_at < {now}")
    remark: str | None = expression("{t}.title || {t}.state", visible="inside")
    payload: strawberry.scalars.JSON
    times: Times | None = embedded(when="{t}.state <> 'DRAFT'")
    place: Place | None = embedded(visible="inside")
    area: Area | None = one(on={"code": "area_code"})
    previous: Annotated["Permit", strawberry.lazy("tests.mini_schema")] | None = one(on={"id": "previous_id"})
    former: Annotated["Permit", strawberry.lazy("tests.mini_schema")] | None = one(
        on={"id": "previous_id"}, visible="inside"
    )
    visits: list[Visit] = many(on={"permit_id": "id"}, order=[("visited_at", "desc")])
    rated_visits: Connection[Visit] = page(
        on={"permit_id": "id"}, order=[("rating", "desc", "nullable")], filter=VisitFilter
    )
    marked_visits: list[Visit] | None = many(
        on={"permit_id": "id"},
        order=[("rating", "asc")],
        where="{t}.rating IS NOT NULL",
        arguments={"organization": argument(str | None, Seen("own_visit", Where("organization_code")))},
        visible="inside",
    )
    successors: Connection[Annotated["Permit", strawberry.lazy("tests.mini_schema")]] | None = page(
        on={"previous_id": "id"}, order=PermitOrder, filter=PermitFilter, visible="inside"
    )
    steps: Connection[Step] = page(on={"permit_id": "id"}, order=[("seq", "desc")])
    hint: str | None = derived(
        facts="to_json({t}.title)",
        compute=hint,
        visible="inside",
        arguments=[strawberry_argument("word", str | None, None)],
    )
    actions: list[Action] = derived(facts="json_build_object('state', {t}.state)", compute=actions)


PermitGroup = groups(
    "PermitGroup",
    "What permits are counted by.",
    STATE=Group("state", "By state."),
    AREA=Group("area_code", "By area."),
    STEP=Group(
        "step", "By whose steps.", sql="{t}.organization_code", through=Through("mini_step", {"permit_id": "id"})
    ),
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
    step: str | None
    area: Area | None = one(on={"code": "area_code"})


@table(NOWHERE, rule="shared", shared=True, key=())
@strawberry.type(description="Who asks, and what is theirs.")
class Me:
    login: str = derived(facts="null::json", compute=lambda facts, binding, arguments: binding.viewer.login)
    permits: Connection[Permit] = page(on={}, order=PermitOrder, filter=PermitFilter, where="{t}.owner_id = {account}")
    areas: list[Area] = many(on={}, order=[("name", "desc")])


Found = Annotated[Permit | Visit | Area, strawberry.union("Found", description="What was looked for.")]


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
    steps: Connection[Step] = root_page(order=[("seq", "asc")], where="{t}.public")
    areas: list[Area] = root_many(
        order=[("name", "asc")], arguments={"codes": argument(list[str] | None, Where("code", "in"))}
    )
    me: Me | None = root_one(arguments={})
    server_time: datetime = root_expression("{now}")

    @strawberry.field
    async def pick(self, identifier: strawberry.ID) -> Found | None:
        """A stored object under a union."""
        given = decode(identifier)
        reference: Any = StoredRef(given.type, given.county, given.key)
        return reference  # type: ignore[no-any-return]

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
        query=Query, mutation=Mutation, subscription=Subscription, types=[Area, Note, Step, Visit, Permit]
    )
