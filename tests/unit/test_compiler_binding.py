"""Whatever is asked by whomever: each growing table of the statement is bound to the viewer's counties."""

import re

import pytest

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.schema import build_schema
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.rules import RULES
from shaodao.domain.vocabulary import Role
from tests.compiling import compiled, growing_tables, unbound
from tests.walking import every_document

STREET = "990101001000"
VIEWERS = {
    "dispatcher": (Grant(Role.STREET_DISPATCHER, STREET),),
    "leader": (Grant(Role.STREET_LEADER, STREET),),
    "grid worker": (Grant(Role.GRID_WORKER, "990101001001001"),),
    "grid chief": (Grant(Role.GRID_CHIEF, "990101001001"),),
    "caller": (Grant(Role.FOLLOW_UP, STREET),),
    "department": (Grant(Role.DEPT_HANDLER, "990101000000", "CG"),),
    "department of two": (Grant(Role.DEPT_HANDLER, "990101000000", "CG"), Grant(Role.DEPT_HANDLER, STREET, "HS")),
    "county": (Grant(Role.COUNTY_GRID_OFFICE, "990101000000"),),
    "city": (Grant(Role.COUNTY_GRID_OFFICE, "990100000000"), Grant(Role.STREET_DISPATCHER, "990100000000")),
    "resident": (Grant(Role.RESIDENT, STREET),),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(build_schema()._schema)


def test_the_growing_tables_are_known() -> None:
    assert {"case_file", "case_event", "person", "assignment", "task", "waiting"} <= growing_tables()


def test_whoever_a_rule_names_is_among_those_who_ask() -> None:
    named = {role for rule in RULES.values() for role in rule}
    assert named == {grant.role for grants in VIEWERS.values() for grant in grants}
    assert set(Role) - named == {Role.SYSTEM}  # the machine acts, but reads nothing of its own


@pytest.mark.parametrize("name", VIEWERS)
def test_every_statement_binds_the_county_of_every_growing_table(catalogue: Catalogue, name: str) -> None:
    viewer = Viewer("示", "示", VIEWERS[name])
    counties = (990101, 990102) if name == "city" else ()
    growing, read = growing_tables(), set[str]()
    for document in every_document(catalogue.schema):
        sql = compiled(catalogue, viewer, document, counties=counties).sql
        read.update(table for table in re.findall(r"FROM (\w+) ", sql) if table in growing)
        assert unbound(sql, growing) == [], document[:200]
    assert len(read) > 10
