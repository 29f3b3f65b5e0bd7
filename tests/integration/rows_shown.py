"""What one viewer is shown of the street's rows: as the rules have it in Python, and as the API answers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import asyncpg
from graphql import GraphQLField, get_named_type, is_leaf_type

from schema.compiler.catalogue import Catalogue, MappedType
from schema.declarations import NOWHERE, Column, Embedded, Expression, Many, One, Page
from shaodao.domain.permissions import Viewer
from tests.integration.asking import Desk
from tests.row_rules import RowRules

Row = Mapping[str, Any]
Rows = Mapping[str, list[Row]]
AT_ONCE = 100


async def all_rows(pool: "asyncpg.Pool[asyncpg.Record]", catalogue: Catalogue) -> Rows:
    """Every row of every table that a type stands on."""
    return {
        name: [dict(row) for row in await pool.fetch(f"SELECT * FROM {name}")]
        for name in catalogue.tables
        if name != NOWHERE
    }


def key_of(mapped: MappedType, row: Row) -> str:
    """The global id of a row."""
    county = "" if mapped.table.shared else row["county_code"]
    return ":".join(map(str, (mapped.type.name, county, *(row[column] for column in mapped.table.key))))


@dataclass
class Shown:
    """A viewer on the street's rows."""

    desk: Desk
    catalogue: Catalogue
    rows: Rows
    name: str
    viewer: Viewer
    _visible: dict[str, list[Row]] = field(default_factory=dict)

    @cached_property
    def rules(self) -> RowRules:
        """The rules on the rows, for this viewer."""
        scopes = {name: table.scope for name, table in self.catalogue.tables.items()}
        wide = any(grant.level in ("CITY", "PROVINCE") for grant in self.viewer.grants)
        counties = (self.desk.street.county,) if wide else self.viewer.counties or (0,)
        return RowRules(self.rows, self.catalogue.rules, self.viewer, counties, scopes)

    def visible(self, mapped: MappedType) -> list[Row]:
        """The rows of a type that the rules let through."""
        name = mapped.type.name
        if name not in self._visible:
            self._visible[name] = self.rules.visible(mapped.table.rule, mapped.table.name)
        return self._visible[name]

    def rows_of(self, mapped: MappedType, among: set[str] | None = None) -> list[Row]:
        """The visible rows of a type, those alone whose ids are ``among`` them."""
        return [row for row in self.visible(mapped) if among is None or key_of(mapped, row) in among]

    def ids(self, mapped: MappedType) -> set[str]:
        """The ids of the visible rows."""
        return {key_of(mapped, row) for row in self.visible(mapped)}

    def told(self, mapped: MappedType, rows: Sequence[Row]) -> Counter[str]:
        """What an answer tells of rows: their ids, or of a type without ids only how many there are."""
        return Counter(key_of(mapped, row) if mapped.table.node else mapped.type.name for row in rows)

    def target(self, field: GraphQLField) -> MappedType:
        """The type of the rows that a field leads to."""
        named: Any = get_named_type(field.type)
        if "pageInfo" in named.fields:
            named = get_named_type(named.fields["nodes"].type)
        return self.catalogue.types[named.name]

    async def meeting(self, mapped: MappedType, where: str | None) -> set[str] | None:
        """The ids of the rows that meet a list's own condition, which is SQL; None without one."""
        return None if where is None else set(await self._keys(mapped, where))

    async def _keys(self, mapped: MappedType, predicate: str) -> list[str]:
        """The ids of the rows that meet an SQL predicate, its placeholders filled by this very viewer."""
        account, person = (
            "NULL::uuid" if value is None else f"'{value}'::uuid" for value in (self.viewer.account_id, self.viewer.person_id)
        )  # fmt: skip
        filled = predicate.replace("{t}", "t").replace("{now}", f"'{self.desk.street.now.isoformat()}'::timestamptz")
        filled = filled.replace("{county}", "= t.county_code")
        filled = filled.replace("{account}", account).replace("{person}", person)
        found = await self.desk.street.pool.fetch(f"SELECT t.* FROM {mapped.table.name} t WHERE {filled}")
        return [key_of(mapped, dict(row)) for row in found]

    async def nodes(self, mapped: MappedType, ids: Sequence[str], selection: str) -> dict[str, Any]:
        """A selection on rows, by their ids; what the viewer does not see is absent."""
        document = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {mapped.type.name} {{ id {selection} }} }} }}"
        found: dict[str, Any] = {}
        for start in range(0, len(ids), AT_ONCE):
            answer = await self.desk.ask(document, self.viewer, ids=ids[start : start + AT_ONCE])
            found.update({row["id"]: row for row in answer["nodes"] if row})
        return found

    async def found(self, mapped: MappedType) -> set[str]:
        """The ids of all rows of a type under which the API finds something."""
        return set(await self.nodes(mapped, [key_of(mapped, row) for row in self.rows[mapped.table.name]], ""))

    async def listed(self, name: str, mapped: MappedType, paged: bool) -> Counter[str]:
        """What a root list has, over all its pages."""
        part = "id" if mapped.table.node else "__typename"
        if not paged:
            return _told((await self.desk.ask(f"{{ {name} {{ {part} }} }}", self.viewer))[name])
        document = f"query ($at: String) {{ {name}(first: 100, after: $at) {{ nodes {{ {part} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        found: Counter[str] = Counter()
        page: Any = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
        while page["pageInfo"]["hasNextPage"]:
            page = (await self.desk.ask(document, self.viewer, at=page["pageInfo"]["endCursor"]))[name]
            found += _told(page["nodes"])
        return found

    async def below(
        self, mapped: MappedType, name: str, field: GraphQLField, declaration: One | Many | Page
    ) -> dict[str, Counter[str] | None]:
        """What stands below each visible row; None where the field is null."""
        part = "id" if self.target(field).table.node else "__typename"
        selection = (
            f"{name}(first: 100) {{ nodes {{ {part} }} }}" if isinstance(declaration, Page) else f"{name} {{ {part} }}"
        )
        answer = await self.nodes(mapped, sorted(self.ids(mapped)), selection)
        found: dict[str, Counter[str] | None] = {}
        for key, row in answer.items():
            value = row[name]["nodes"] if isinstance(declaration, Page) and row[name] else row[name]
            found[key] = None if value is None else _told([value] if isinstance(value, dict) else value)
        return found

    async def expected_below(
        self, mapped: MappedType, field: GraphQLField, declaration: One | Many | Page
    ) -> dict[str, Counter[str] | None]:
        """What should stand there."""
        target = self.target(field)
        among = None if isinstance(declaration, One) else await self.meeting(target, declaration.where)
        by_link: dict[Any, list[Row]] = {}
        for other in self.rows_of(target, among):
            by_link.setdefault(tuple(other[theirs] for theirs in declaration.on), []).append(other)
        expected: dict[str, Counter[str] | None] = {}
        for row in self.visible(mapped):
            linked = by_link.get(tuple(row[ours] for ours in declaration.on.values()), [])
            shown = declaration.visible is None or self.rules.sees(declaration.visible, mapped.table.name, row)
            near = [other for other in linked if _near(row, other)]
            absent = not shown or (isinstance(declaration, One) and not near)
            expected[key_of(mapped, row)] = None if absent else self.told(target, near[: self._most(declaration)])
        return expected

    @staticmethod
    def _most(declaration: One | Many | Page) -> int | None:
        return 1 if isinstance(declaration, One) else None

    async def values(self, mapped: MappedType, name: str, field: GraphQLField) -> dict[str, Any]:
        """A field of each visible row."""
        inner = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
        answer = await self.nodes(mapped, sorted(self.ids(mapped)), f"{name} {inner}")
        return {key: row[name] for key, row in answer.items()}

    async def present(self, mapped: MappedType, declaration: Any) -> dict[str, bool]:
        """Whether each row has something to show in a field; nothing is said of what only Python can tell."""
        match declaration:
            case Column(name):
                predicate = f"{{t}}.{name} IS NOT NULL"
            case Expression(sql):
                predicate = f"({sql}) IS NOT NULL"
            case Embedded(when):
                predicate = when or "true"
            case _:
                return {}
        filled = set(await self._keys(mapped, predicate))
        return {key_of(mapped, row): key_of(mapped, row) in filled for row in self.rows[mapped.table.name]}


def _told(rows: Sequence[Mapping[str, str]]) -> Counter[str]:
    return Counter(row.get("id", row.get("__typename", "")) for row in rows)


def _near(row: Row, other: Row) -> bool:
    """Whether rows are of one county, where both have one."""
    return row.get("county_code") == other.get("county_code") or "county_code" not in row or "county_code" not in other
