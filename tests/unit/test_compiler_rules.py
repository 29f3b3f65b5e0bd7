"""Rules in the compiled statement: counties, scopes, masks, links; found by reading the SQL, no database needed."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
import strawberry

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.compiler.parameters import Binding
from schema.compiler.shape import viewer_shape
from schema.declarations import Exists, Group, Through
from schema.errors import ClientError
from schema.faults import mapping_faults
from schema.mapping import (
    column,
    embedded,
    filtered,
    groups,
    many,
    one,
    root_counts,
    root_many,
    root_one,
    root_page,
    table,
)
from schema.relay import Connection
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from tests.compiling import compiled, unbound
from tests.mini_rules import RULES
from tests.mini_schema import Times, mini_schema

STREET = "330902001000"
NEXT_STREET = "330902002000"
OTHER_COUNTY = "330903001000"
NOW = datetime(2026, 3, 1, tzinfo=UTC)

DEEP = """{ permits(first: 5) { totalCount pageInfo { hasNextPage } nodes {
  area { name } previous { title } visits { notes { text visit { id } } permit { title } } ratedVisits { nodes { id } } } }
  permit(id: "Permit:330902:00000000-0000-0000-0000-000000000001") { phone }
  visits { nodes { id } }
  nodes(ids: ["Area::A", "Visit:330902:00000000-0000-0000-0000-000000000001"]) { id } }"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(mini_schema()._schema, RULES)


def viewer(*grants: tuple[Role, str] | tuple[Role, str, str]) -> Viewer:
    return Viewer("示", "示", tuple(Grant(*grant) for grant in grants), account_id=UUID(int=7))


MINI = {"mini_permit", "mini_visit", "mini_note"}


VIEWERS = {
    "dispatcher": viewer((Role.STREET_DISPATCHER, STREET)),
    "worker": viewer((Role.GRID_WORKER, STREET[:9] + "001001")),
    "department": viewer((Role.DEPT_HANDLER, "330902000000", "ORG")),
    "two counties": viewer((Role.STREET_DISPATCHER, STREET), (Role.STREET_DISPATCHER, OTHER_COUNTY)),
    "two roles": viewer((Role.GRID_WORKER, STREET), (Role.DEPT_HANDLER, "330902000000", "ORG")),
}


@pytest.mark.parametrize("name", VIEWERS)
def test_every_growing_table_is_bound_to_a_county(catalogue: Catalogue, name: str) -> None:
    sql = compiled(catalogue, VIEWERS[name], DEEP).sql
    assert "FROM mini_note" in sql
    assert unbound(sql, MINI) == []
    assert "LATERAL" not in sql


def test_the_lint_finds_an_unbound_table() -> None:
    bound = "SELECT 1 FROM mini_permit t1 WHERE t1.county_code = $1"
    assert unbound(bound, MINI) == []
    assert unbound(f"{bound} AND EXISTS (SELECT FROM mini_visit v WHERE v.id = $1)", MINI) == ["mini_visit v"]
    assert unbound(f"{bound} UNION ALL SELECT 2 FROM mini_permit t1", MINI) == ["mini_permit t1"]


def test_a_viewer_without_grants_sees_nothing_and_binds_nothing(catalogue: Catalogue) -> None:
    statement = compiled(catalogue, viewer(), "{ permits { nodes { title } } areas { name } }")
    assert statement.sql.count("WHERE false") == 2


def test_a_role_that_the_rule_does_not_name_sees_nothing(catalogue: Catalogue) -> None:
    sql = compiled(catalogue, viewer((Role.SYSTEM, STREET)), "{ permits { nodes { title } } areas { name } }").sql
    assert "mini_permit t1 WHERE false" in sql
    assert "WHERE true" in sql


def test_one_scope_is_an_equality_and_several_are_one_array(catalogue: Catalogue) -> None:
    text = "{ permits { nodes { title } } }"
    one = compiled(catalogue, VIEWERS["dispatcher"], text).sql
    both = viewer((Role.STREET_DISPATCHER, STREET), (Role.STREET_DISPATCHER, NEXT_STREET))
    assert re.search(r"street_code = \$\d+::text", one)
    assert re.search(r"street_code = ANY\(\$\d+::text\[\]\)", compiled(catalogue, both, text).sql)


def test_viewers_of_one_shape_share_the_statement(catalogue: Catalogue) -> None:
    here, there = VIEWERS["dispatcher"], viewer((Role.STREET_DISPATCHER, OTHER_COUNTY))
    assert viewer_shape(here, here.counties) == viewer_shape(there, there.counties)
    assert compiled(catalogue, here, DEEP).sql == compiled(catalogue, there, DEEP).sql


def test_a_root_list_of_several_counties_is_one_limited_scan_each(catalogue: Catalogue) -> None:
    sql = compiled(catalogue, VIEWERS["two counties"], "{ permits { nodes { title } } }").sql
    assert sql.count("UNION ALL") == 1
    assert sql.count("LIMIT") == 3


def test_children_of_a_visible_row_are_not_held_to_its_rule_again(catalogue: Catalogue) -> None:
    sql = compiled(catalogue, VIEWERS["dispatcher"], "{ permits { nodes { visits { notes { text } } } } }").sql
    assert "EXISTS" not in sql
    assert sql.count("street_code") == 1


def test_a_departments_list_is_driven_from_its_links(catalogue: Catalogue) -> None:
    sql = compiled(catalogue, VIEWERS["department"], "{ permits { nodes { title visits { id } } } }").sql
    assert "id = ANY(ARRAY(SELECT" in sql
    assert "OFFSET 0" in sql
    assert "EXISTS" not in sql


def test_a_link_over_another_column_than_the_key_is_checked_again(catalogue: Catalogue) -> None:
    """The department sees other organizations' visits of its permits; from those the permit is still visible."""
    sql = compiled(catalogue, VIEWERS["department"], "{ visits { nodes { permit { title } } } }").sql
    assert "EXISTS (SELECT FROM mini_visit" in sql


def test_a_masked_field_is_null_where_its_rule_does_not_hold(catalogue: Catalogue) -> None:
    text = "{ permits { nodes { phone } } }"
    assert "CASE WHEN false" in compiled(catalogue, VIEWERS["department"], text).sql
    assert "CASE" not in compiled(catalogue, VIEWERS["dispatcher"], text).sql
    assert re.search(r"CASE WHEN t\d+\.owner_id = \$\d+::uuid", compiled(catalogue, VIEWERS["worker"], text).sql)


def test_only_what_is_selected_is_computed(catalogue: Catalogue) -> None:
    sql = compiled(catalogue, VIEWERS["dispatcher"], "{ permits { totalCount } }").sql
    assert "LIMIT" not in sql
    assert "base64" not in sql
    assert "count(*)" not in compiled(catalogue, VIEWERS["dispatcher"], "{ permits { nodes { id } } }").sql


def test_values_are_bound_never_written(catalogue: Catalogue) -> None:
    text = (
        """{ permits(filter: {state: "O'PEN", states: ["it's"], titleStarts: "q'", text: "it's"}) { nodes { id } } }"""
    )
    statement = compiled(catalogue, VIEWERS["dispatcher"], text)
    assert "it's" not in statement.sql
    assert "PEN" not in statement.sql
    binding = Binding(VIEWERS["dispatcher"], (330902,), NOW, {})
    assert "O'PEN" in [slot.read(binding) for slot in statement.slots]


def test_a_response_name_that_postgresql_would_cut_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(ClientError) as refusal:
        compiled(catalogue, VIEWERS["dispatcher"], f"{{ permits {{ nodes {{ {'a' * 64}: title }} }} }}")
    assert refusal.value.extensions == {"code": "INVALID_SELECTION"}


def test_too_many_fields_in_a_selection_are_refused(catalogue: Catalogue) -> None:
    fields = " ".join(f"a{index}: title" for index in range(1_601))
    with pytest.raises(ClientError):
        compiled(catalogue, VIEWERS["dispatcher"], f"{{ permits {{ nodes {{ {fields} }} }} }}")


def test_fragments_that_multiply_stop_at_the_limit(catalogue: Catalogue) -> None:
    """Each level doubles the fields: a document of a kilobyte would make a statement of gigabytes."""
    levels = " ".join(
        f"fragment F{level} on Permit {{ a: previous {{ ...F{level + 1} }} b: previous {{ ...F{level + 1} }} }}"
        for level in range(30)
    )
    text = f"{{ permits {{ nodes {{ ...F0 }} }} }} {levels} fragment F30 on Permit {{ title }}"
    with pytest.raises(ClientError):
        compiled(catalogue, VIEWERS["dispatcher"], text)


def test_the_mini_schema_has_no_mapping_faults(catalogue: Catalogue) -> None:
    assert mapping_faults(catalogue) == []


@table("mini_areas", rule="shared", shared=True, key=("code",))
@strawberry.type
class FaultyArea:
    permits: list["FaultyPermit"] = many(on={"area_code": "code"})


@table("mini_permit", rule="permit")
@strawberry.type
class FaultyPermit:
    phone: str = column("phone", visible="phone")
    unknown: str | None = column("phone", visible="nothing")
    previous: "FaultyPermit" = one(on={"id": "previous_id"})
    area: FaultyArea = one(on={"code": "area_code"})
    times: Times = embedded(when="{t}.state = 'OPEN'")

    @strawberry.field
    def resolved(self) -> str:
        return ""


@table("mini_note", rule="nothing")
@strawberry.type
class FaultyNote:
    text: str


@strawberry.input
class FaultyFilter:
    plain: str | None = None
    unmapped: str | None = filtered(Exists("mini_visit", {"permit_id": "id"}, "rating"))


FaultyGroup = groups(
    "FaultyGroup",
    "What hides, and what has no rule.",
    PHONE=Group("phone", "Hidden."),
    RATING=Group("rating", "Without a type.", through=Through("mini_visit", {"permit_id": "id"})),
)


@strawberry.type
class FaultyCount:
    count: int


@strawberry.type
class FaultyQuery:
    permits: Connection[FaultyPermit] = root_page(order=[], filter=FaultyFilter)
    permit: FaultyPermit = root_one(arguments={})
    notes: list[FaultyNote] = root_many()
    times: list[Times] = root_many()
    counts: list[FaultyCount] = root_counts("FaultyPermit", FaultyGroup)
    unmapped: list[FaultyCount] = root_counts("Times", FaultyGroup)


def test_every_fault_of_a_mapping_is_named() -> None:
    schema = strawberry.Schema(FaultyQuery, types=[FaultyArea])
    assert sorted(mapping_faults(catalogue_of(schema._schema, RULES))) == [
        "FaultyArea.permits: a shared row has no growing ones below it",
        "FaultyNote: unknown rule 'nothing'",
        "FaultyPermit.phone: must be nullable, for a rule may hide it",
        "FaultyPermit.previous: must be nullable, for the viewer may not see the row",
        "FaultyPermit.resolved: a type on a table has no resolvers and no root or payload fields",
        "FaultyPermit.times: must be nullable, for it has a condition",
        "FaultyPermit.unknown: unknown rule 'nothing'",
        "Query.counts: group PHONE stands on a column that a rule may hide",
        "Query.counts: group RATING leads to a table without a type, and so without a rule",
        "Query.permit: must be nullable, for the viewer may not see the row",
        "Query.permits: filter field plain has no condition",
        "Query.permits: filter field unmapped asks a table without a type, and so without a rule",
        "Query.times: does not lead to a type on a table",
        "Query.unmapped: counts 'Times', which stands on no table",
    ]
