"""Answers selections on the mini schema from plain rows, row by row and without SQL: what the compiler must equal."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from shaodao.domain.permissions import (
    AllOf,
    AnyOf,
    Condition,
    Everything,
    Grant,
    InScope,
    Is,
    IsNot,
    Known,
    Linked,
    Mine,
    NotMine,
    Subject,
    Unknown,
    Viewer,
    prefix_of,
)
from tests.mini_schema import RULES

Row = dict[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
TABLES = {"Permit": "mini_permit", "Visit": "mini_visit", "Note": "mini_note", "Area": "mini_areas"}
TYPE_RULES = {"Permit": "permit", "Visit": "permit_part", "Note": "permit_part", "Area": "shared"}
ORDERS: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "NEWEST": (("opened_at", True), ("id", True)),
    "DUE": (("due_at", False), ("id", False)),
    "BEST": (("score", True), ("title", False), ("id", False)),
    "visits": (("visited_at", True), ("id", True)),
    "ratedVisits": (("rating", True), ("id", True)),
    "notes": (("text", False), ("id", False)),
    "areas": (("name", False), ("code", False)),
}
PLAIN = {
    "title": "title", "state": "state", "score": "score", "openedAt": "opened_at", "dueAt": "due_at", "owner": "owner_id",
    "organizationCode": "organization_code", "visitedAt": "visited_at", "rating": "rating", "text": "text",
    "code": "code", "name": "name",
}  # fmt: skip


@dataclass(frozen=True)
class Selected:
    """A selected field: its response name, its name, its arguments as Python values, what is selected below it."""

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    below: tuple["Selected", ...] = ()


@dataclass
class Interpreter:
    """The rows of every table, who asks, when, and in which counties."""

    rows: Mapping[str, list[Row]]
    viewer: Viewer
    now: datetime
    counties: tuple[int, ...]

    def answer(self, selected: tuple[Selected, ...]) -> dict[str, Any]:
        """The whole answer."""
        return {chosen.key: self.root(chosen) for chosen in selected}

    def root(self, chosen: Selected) -> Any:
        """A root field."""
        match chosen.name:
            case "permits":
                order = chosen.arguments.get("orderBy", "NEWEST")
                return self.page("Permit", self.seen("Permit"), ORDERS[order], chosen)
            case "visits":
                return self.page("Visit", self.seen("Visit"), ORDERS["visits"], chosen)
            case "permitCounts":
                return self.counts(chosen)
            case "areas":
                return [self.object("Area", row, chosen.below) for row in ordered(self.seen("Area"), ORDERS["areas"])]
            case _:
                return self.identified(chosen.arguments["id"], chosen.below)

    def identified(self, identifier: str, below: tuple[Selected, ...]) -> Any:
        """The row of a global id."""
        name = identifier.split(":")[0]
        found = [row for row in self.seen(name) if self.identifier(name, row) == identifier]
        return self.object(name, found[0], below) if found else None

    def seen(self, name: str, meets: Callable[[Row], bool] = lambda _: True) -> list[Row]:
        """The visible rows of a type."""
        return [row for row in self.rows[TABLES[name]] if meets(row) and self.sees(TYPE_RULES[name], row)]

    def sees(self, rule: str, row: Row) -> bool:
        """Whether a rule holds for a row."""
        if "county_code" in row and row["county_code"] not in self.counties:
            return False
        return any(
            grant.role in RULES[rule] and self.holds(RULES[rule][grant.role], row, grant)
            for grant in self.viewer.grants
        )

    def holds(self, condition: Condition, row: Row, grant: Grant) -> bool:
        """Whether a condition holds for a row and a grant."""
        match condition:
            case Everything():
                return True
            case InScope():
                return bool(row["street_code"].startswith(prefix_of(grant.scope)))
            case Mine(column, subject) | NotMine(column, subject):
                mine = row[column] is not None and row[column] in self.own(subject)
                return mine is isinstance(condition, Mine)
            case Is(column, values):
                return row[column] in values
            case IsNot(column, values):
                return row[column] not in values
            case Known(column) | Unknown(column):
                return (row[column] is None) is isinstance(condition, Unknown)
            case Linked(table, theirs, ours, inner):
                return any(
                    other["county_code"] == row["county_code"]
                    and other[theirs] == row[ours]
                    and self.holds(inner, other, grant)
                    for other in self.rows[table]
                )
            case AllOf(parts):
                return all(self.holds(part, row, grant) for part in parts)
            case AnyOf(parts):
                return any(self.holds(part, row, grant) for part in parts)
            case _:
                assert_never(condition)

    def own(self, subject: Subject) -> tuple[Any, ...]:
        """What of the viewer a column is compared with."""
        if subject is Subject.ORGANIZATION:
            return self.viewer.organizations
        return (self.viewer.account_id if subject is Subject.ACCOUNT else self.viewer.person_id,)

    def page(self, name: str, rows: list[Row], order: tuple[tuple[str, bool], ...], chosen: Selected) -> dict[str, Any]:
        """A first or a last page."""
        rows = ordered([row for row in rows if self.meets(row, chosen.arguments.get("filter", {}))], order)
        last = "last" in chosen.arguments
        size = chosen.arguments.get("last" if last else "first", 20)
        kept, more = rows[-size:] if last else rows[:size], len(rows) > size
        made: dict[str, Any] = {}
        for part in chosen.below:
            match part.name:
                case "totalCount":
                    made[part.key] = len(rows)
                case "pageInfo":
                    made[part.key] = {"hasNextPage": more and not last, "hasPreviousPage": more and last}
                case "edges":
                    made[part.key] = [{"node": self.object(name, row, part.below)} for row in kept]
                case _:
                    made[part.key] = [self.object(name, row, part.below) for row in kept]
        return made

    def counts(self, chosen: Selected) -> list[Row]:
        """The permits of each group, the largest group first; none but in all, if nothing was grouped by."""
        asked = list(dict.fromkeys(chosen.arguments["groupBy"]))
        rows = [row for row in self.seen("Permit") if self.meets(row, chosen.arguments.get("filter", {}))]
        found = Counter(key for row in rows for key in product(*(self.group(row, name) for name in asked)))
        if not asked:
            found[()] = len(rows)
        by_size = sorted(found.items(), key=lambda item: (-item[1], [(part is None, part) for part in item[0]]))
        return [self.counted(dict(zip(asked, key, strict=True)), count, chosen.below) for key, count in by_size]

    def group(self, row: Row, name: str) -> set[Any]:
        """The groups of a kind that a permit belongs to."""
        match name:
            case "STATE":
                return {row["state"]}
            case "AREA":
                return {row["area_code"]}
            case "DAY":
                return {row["opened_at"].astimezone(SHANGHAI).date().isoformat()}
            case _:
                visits = self.seen("Visit", self.child(row, "permit_id"))
                return {visit["organization_code"] for visit in visits if visit["rating"] != 0} or {None}

    def counted(self, group: Mapping[str, Any], count: int, below: tuple[Selected, ...]) -> Row:
        """The selected fields of a count."""
        made: Row = {}
        for part in below:
            match part.name:
                case "count":
                    made[part.key] = count
                case "area":
                    code = group.get("AREA")
                    made[part.key] = self.first("Area", part, lambda other, code=code: other["code"] == code)  # type: ignore[misc]
                case _:
                    made[part.key] = group.get(part.name.upper())
        return made

    def meets(self, row: Row, asked: Mapping[str, Any]) -> bool:
        """Whether a row meets every field of a filter."""
        visits = [visit for visit in self.seen("Visit") if visit["permit_id"] == row["id"]]
        tests: dict[str, Callable[[Any], bool]] = {
            "state": lambda value: row["state"] == value,
            "states": lambda value: row["state"] in value,
            "titleStarts": lambda value: row["title"].startswith(value),
            "hasOwner": lambda value: (row["owner_id"] is not None) == value,
            "owner": lambda value: row["owner_id"] == (value and UUID(value)),
            "undated": lambda value: (row["due_at"] is None) == value,
            "overdue": lambda value: (row["due_at"] is not None and row["due_at"] < self.now) == value,
            "openedBefore": lambda value: row["opened_at"] < datetime.fromisoformat(value),
            "openedFrom": lambda value: row["opened_at"] >= datetime.fromisoformat(value),
            "text": lambda value: value in row["title"],
            "visitedBy": lambda value: any(visit["organization_code"] == value for visit in visits),
            "organization": lambda value: row["organization_code"] == value,
        }
        return all(tests[name](value) for name, value in asked.items())

    def object(self, name: str, row: Row, below: tuple[Selected, ...]) -> dict[str, Any]:
        """The selected fields of a row."""
        return {chosen.key: self.value(name, row, chosen) for chosen in below}

    def value(self, name: str, row: Row, chosen: Selected) -> Any:
        """One field of a row."""
        match chosen.name:
            case "__typename":
                return name
            case "id":
                return self.identifier(name, row)
            case "phone":
                return row["phone"] if self.sees("phone", row) else None
            case "overdue":
                return None if row["due_at"] is None else row["due_at"] < self.now
            case "times":
                return None if row["state"] == "DRAFT" else self.object(name, row, chosen.below)
            case "actions":
                return [
                    {"name": "open", "allowed": row["state"] == "DRAFT"},
                    {"name": "close", "allowed": row["state"] == "OPEN"},
                ]
            case plain if plain in PLAIN:
                return shown(row[PLAIN[plain]])
            case _:
                return self.relation(row, chosen)

    def relation(self, row: Row, chosen: Selected) -> Any:
        """A field that leads to other rows."""
        match chosen.name:
            case "area":
                return self.first("Area", chosen, lambda other: other["code"] == row["area_code"])
            case "previous":
                return self.first("Permit", chosen, self.key(row, "previous_id"))
            case "permit":
                return self.first("Permit", chosen, self.key(row, "permit_id"))
            case "visit":
                return self.first("Visit", chosen, self.key(row, "visit_id"))
            case "visits":
                visits = ordered(self.seen("Visit", self.child(row, "permit_id")), ORDERS["visits"])
                return [self.object("Visit", visit, chosen.below) for visit in visits]
            case "notes":
                notes = ordered(self.seen("Note", self.child(row, "visit_id")), ORDERS["notes"])
                return [self.object("Note", note, chosen.below) for note in notes]
            case _:
                return self.page(
                    "Visit", self.seen("Visit", self.child(row, "permit_id")), ORDERS["ratedVisits"], chosen
                )

    def first(self, name: str, chosen: Selected, meets: Callable[[Row], bool]) -> Any:
        """The one row, or null."""
        found = self.seen(name, meets)
        return self.object(name, found[0], chosen.below) if found else None

    @staticmethod
    def key(row: Row, column: str) -> Callable[[Row], bool]:
        """Whether another row is the one that a column names."""
        return lambda other: (other["county_code"], other["id"]) == (row["county_code"], row[column])

    @staticmethod
    def child(row: Row, column: str) -> Callable[[Row], bool]:
        """Whether another row's column names this row."""
        return lambda other: (other["county_code"], other[column]) == (row["county_code"], row["id"])

    @staticmethod
    def identifier(name: str, row: Row) -> str:
        """The global id of a row."""
        return f"Area::{row['code']}" if name == "Area" else f"{name}:{row['county_code']}:{row['id']}"


def ordered(rows: list[Row], order: tuple[tuple[str, bool], ...]) -> list[Row]:
    """The rows in an order; nulls stand last."""
    for column, descending in reversed(order):
        known = sorted(
            (row for row in rows if row[column] is not None), key=lambda row: row[column], reverse=descending
        )
        rows = known + [row for row in rows if row[column] is None]
    return rows


def shown(value: Any) -> Any:
    """A value as the answer shows it."""
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat()
    return str(value) if isinstance(value, UUID) else value
