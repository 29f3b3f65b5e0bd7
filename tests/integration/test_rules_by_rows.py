"""The rules of the street, row by row: what each of its people is shown is what plain Python makes of the same rules.

Every mapped type is asked for by its ids, through its root list, and below every row that leads to it; every field that
a rule hides is asked for on every row.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLField, get_named_type, is_leaf_type, is_required_argument

from schema.compiler.catalogue import Catalogue, MappedType, declaration_of, root_declaration
from schema.declarations import NOWHERE, Column, Derived, Embedded, Expression, Many, One, Page
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.rules import RULES
from shaodao.domain.vocabulary import Role
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street
from tests.integration.rows_shown import Shown, all_rows, key_of

VARIED = """
SET LOCAL session_replication_role = replica;
UPDATE case_file SET confidential = number ~ '[02468]$',
    visibility = CASE WHEN number ~ '7$' THEN 'RESTRICTED_MINOR' WHEN number ~ '[39]$' THEN 'RESTRICTED_SPECIAL' ELSE 'NORMAL' END,
    county_informed_at = CASE WHEN number ~ '[14]$' THEN registered_at END,
    accused_organization_code = CASE WHEN number ~ '[28]$' THEN 'CG' WHEN number ~ '5$' THEN 'TT' END;
UPDATE case_file SET reporter_person_id = (SELECT id FROM person WHERE reference = 'P014') WHERE number ~ '[06]$';
UPDATE case_file SET agent_id = (SELECT id FROM accounts WHERE name = '周示岚') WHERE number ~ '[67]$';
UPDATE case_file SET agent_id = (SELECT id FROM accounts WHERE name = '尤示宁') WHERE number ~ '8$';
UPDATE assignment SET state = 'WITHDRAWN' WHERE id::text ~ '^[0-3]';
UPDATE assignment SET role = 'INFORM' WHERE id::text ~ '^[4-6]';
UPDATE assignment SET agent_id = (SELECT id FROM accounts WHERE name = '周示岚') WHERE id::text ~ '^[78]';
UPDATE case_event SET public = seq % 2 = 0, organization_code = CASE WHEN seq % 3 = 0 THEN 'CG' WHEN seq % 3 = 1 THEN 'JJ' END;
UPDATE attachment SET organization_code = CASE WHEN id::text ~ '^[0-7]' THEN 'CG' END;
UPDATE deadline SET organization_code = 'CG' WHERE id::text ~ '^[0-3]';
UPDATE person SET visibility = 'RESTRICTED_SPECIAL' WHERE id::text ~ '^[0-3]';
UPDATE whistle SET drafted_for = 'CG' WHERE id::text ~ '^[0-7]';
"""
"""The street's cases are mostly ordinary ones; this makes more of them such as rules are about."""

STREET, GRID, COMMUNITY = "990101001000", "990101001001001", "990101001001"
MORE = {
    "system": (Grant(Role.SYSTEM, STREET),),
    "worker and handler": (Grant(Role.GRID_WORKER, GRID), Grant(Role.DEPT_HANDLER, "990101000000", "JJ")),
    "chief and caller": (Grant(Role.GRID_CHIEF, COMMUNITY), Grant(Role.FOLLOW_UP, "990101001002")),
    "two departments": (Grant(Role.DEPT_HANDLER, "990101000000", "CG"), Grant(Role.DEPT_HANDLER, STREET, "GA")),
    "dispatcher of the county": (Grant(Role.STREET_DISPATCHER, "990101000000"),),
    "office of the city and leader": (Grant(Role.COUNTY_GRID_OFFICE, "990100000000"), Grant(Role.STREET_LEADER, STREET)),
    "elsewhere": (Grant(Role.STREET_DISPATCHER, "990102001000"), Grant(Role.GRID_WORKER, "990102001001001")),
}  # fmt: skip


@pytest.fixture
async def desk(street: Street) -> Desk:
    desk = await desk_of(street)
    async with street.pool.acquire() as connection, connection.transaction():
        await connection.execute(VARIED)
    return desk


def viewers(desk: Desk) -> dict[str, Viewer]:
    """The street's people, and some whose grants mix roles and levels."""
    worker, resident = desk.people["grid worker"], desk.people["resident"]
    mixed = {
        name: Viewer(name, "示", grants, account_id=worker.account_id, person_id=resident.person_id)
        for name, grants in MORE.items()
    }
    return {**desk.people, **mixed}


async def everybody(desk: Desk) -> Iterator[Shown]:
    """What the rules show each of them."""
    catalogue = desk.service.catalogue
    rows = await all_rows(desk.street.pool, catalogue)
    return (Shown(desk, catalogue, rows, name, viewer) for name, viewer in viewers(desk).items())


def nodes_of(catalogue: Catalogue) -> list[MappedType]:
    """The types that have global ids."""
    return [mapped for mapped in catalogue.types.values() if mapped.table.node]


def fields_of(mapped: MappedType) -> Iterator[tuple[str, GraphQLField, Any]]:
    """The fields of a type that can be asked for without arguments, each with what it declares."""
    for name, field in mapped.type.fields.items():
        if name != "id" and not any(map(is_required_argument, field.args.values())):
            yield name, field, declaration_of(field)


async def test_the_people_have_every_role(desk: Desk) -> None:
    asking = {grant.role for viewer in viewers(desk).values() for grant in viewer.grants}
    assert set(Role) - asking == set()


async def test_rows_are_found_by_their_ids_by_whom_the_rules_name(desk: Desk) -> None:
    seen: dict[str, set[str]] = {}
    for shown in await everybody(desk):
        for mapped in nodes_of(shown.catalogue):
            expected = shown.ids(mapped)
            assert await shown.found(mapped) == expected, (shown.name, mapped.type.name)
            seen.setdefault(mapped.type.name, set()).update(expected)
    assert len([name for name, ids in seen.items() if ids]) > 25


async def test_a_root_list_has_the_rows_that_the_rules_let_through(desk: Desk) -> None:
    query = desk.service.graphql.query_type
    assert query is not None
    asked = []
    for shown in await everybody(desk):
        for name, field in query.fields.items():
            declaration = root_declaration(field)
            if isinstance(declaration, Many | Page) and not any(map(is_required_argument, field.args.values())):
                mapped = shown.target(field)
                expected = shown.rows_of(mapped, await shown.meeting(mapped, declaration.where))
                found = await shown.listed(name, mapped, isinstance(declaration, Page))
                assert found == shown.told(mapped, expected), (shown.name, name)
                asked.append(name)
    assert {"cases", "people", "grids", "whistles", "meetings", "promises", "exports", "divisions"} <= set(asked)


async def test_an_inbox_has_the_assignments_whose_organization_the_viewer_is_shown(desk: Desk) -> None:
    query = "query ($code: String!) { assignments(organization: $code, first: 100) { nodes { id } } }"
    for shown in await everybody(desk):
        mapped = shown.catalogue.types["Assignment"]
        for code in ("CG", "JJ", "GA", "HS"):
            found = (await desk.ask(query, shown.viewer, code=code))["assignments"]["nodes"]
            own = [
                row for row in shown.rows_of(mapped)
                if row["organization_code"] == code and shown.rules.sees("own_field", "assignment", row)
            ]  # fmt: skip
            assert {row["id"] for row in found} == {key_of(mapped, row) for row in own}, (shown.name, code)


async def test_below_a_row_stand_the_rows_that_the_rules_let_through(desk: Desk) -> None:
    asked = set()
    for shown in await everybody(desk):
        for mapped in nodes_of(shown.catalogue):
            for name, field, declaration in fields_of(mapped):
                if isinstance(declaration, One | Many | Page):
                    found = await shown.below(mapped, name, field, declaration)
                    assert found == await shown.expected_below(mapped, field, declaration), (
                        shown.name, mapped.type.name, name,
                    )  # fmt: skip
                    asked.add((mapped.type.name, name))
    assert len(asked) > 120


async def test_a_field_is_null_where_its_rule_does_not_hold(desk: Desk) -> None:
    hidden = set()
    for shown in await everybody(desk):
        for mapped in nodes_of(shown.catalogue):
            for name, field, declaration in fields_of(mapped):
                rule = getattr(declaration, "visible", None)
                if rule is not None and isinstance(declaration, Column | Expression | Embedded | Derived):
                    found = await shown.values(mapped, name, field)
                    present = await shown.present(mapped, declaration)
                    for row in shown.rows_of(mapped):
                        key = key_of(mapped, row)
                        holds = shown.rules.sees(rule, mapped.table.name, row)
                        hidden.add((mapped.type.name, name, holds))
                        assert (found[key] is not None) == (holds and present.get(key, found[key] is not None)), (
                            shown.name, mapped.type.name, name, key,
                        )  # fmt: skip
    assert {("Case", "reporter", True), ("Case", "reporter", False), ("Person", "birthDate", True)} <= hidden


def test_the_rules_are_those_of_the_schema(desk: Desk) -> None:
    assert desk.service.catalogue.rules is RULES
    assert NOWHERE not in {mapped.table.name for mapped in nodes_of(desk.service.catalogue)}
    assert not is_leaf_type(get_named_type(desk.service.graphql.query_type.fields["cases"].type))  # type: ignore[union-attr]
