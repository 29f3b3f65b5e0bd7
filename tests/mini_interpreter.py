"""Answers selections on the mini schema from plain rows, row by row and without SQL: what the compiler must equal."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import product
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from shaodao.domain.permissions import Viewer
from tests.mini_rules import HOME, RULES
from tests.row_rules import RowRules

Row: TypeAlias = dict[str, Any]
Meets: TypeAlias = Callable[[Row], bool]
Order: TypeAlias = tuple[tuple[str, bool], ...]
SHANGHAI = ZoneInfo("Asia/Shanghai")
TABLES = {
    "Permit": "mini_permit", "Visit": "mini_visit", "Note": "mini_note", "Step": "mini_step", "Area": "mini_areas",
}  # fmt: skip
TYPE_RULES = {"Permit": "permit", "Visit": "permit_part", "Note": "permit_part", "Step": "step", "Area": "shared"}
ORDERS: Mapping[str, Order] = {
    "NEWEST": (("opened_at", True), ("id", True)),
    "DUE": (("due_at", False), ("id", False)),
    "BEST": (("score", True), ("title", False), ("id", False)),
    "visits": (("visited_at", True), ("id", True)),
    "ratedVisits": (("rating", True), ("id", True)),
    "markedVisits": (("rating", False), ("id", False)),
    "notes": (("text", False), ("id", False)),
    "steps": (("seq", True), ("permit_id", True)),
    "Query.steps": (("seq", False), ("permit_id", False)),
    "areas": (("name", False), ("code", False)),
    "Me.areas": (("name", True), ("code", True)),
}
PLAIN = {
    "title": "title", "state": "state", "score": "score", "openedAt": "opened_at", "dueAt": "due_at", "owner": "owner_id",
    "validOn": "valid_on", "tags": "tags", "organizationCode": "organization_code",
    "visitedAt": "visited_at", "rating": "rating", "text": "text", "seq": "seq", "code": "code", "name": "name",
    "streetCode": "street_code",
}  # fmt: skip
HIDDEN = {
    "phone": ("phone", "phone"), "applicant": ("inside", "applicant_id"), "mark": ("own_visit", "rating"),
}  # fmt: skip
INSIDE = ("remark", "place", "former", "markedVisits", "successors", "hint")
"""What the rule ``inside`` shows of a permit, besides columns."""


@dataclass(frozen=True)
class Selected:
    """A selected field: its response name, its name, its arguments as Python values, what is selected below it.

    ``on`` is the type of the fragment that it stands in, ``when`` the value of the variable ``$flag`` that it needs.
    """

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    below: tuple["Selected", ...] = ()
    on: str | None = None
    when: bool | None = None


@dataclass
class Interpreter:
    """The rows of every table, who asks, when, in which counties, and the value of the variable ``$flag``."""

    rows: Mapping[str, list[Row]]
    viewer: Viewer
    now: datetime
    counties: tuple[int, ...]
    flag: bool = True

    @cached_property
    def rules(self) -> RowRules:
        """The rules on the rows."""
        return RowRules(self.rows, RULES, self.viewer, self.counties, {"mini_step": HOME})

    def answer(self, selected: tuple[Selected, ...]) -> Row:
        """The whole answer."""
        return {chosen.key: self.root(chosen) for chosen in self.chosen("Query", selected)}

    def chosen(self, name: str, below: tuple[Selected, ...]) -> Iterator[Selected]:
        """What of a selection concerns a type and is not left out."""
        return (each for each in below if each.on in (None, name) and each.when in (None, self.flag))

    def root(self, chosen: Selected) -> Any:
        """A root field."""
        given = chosen.arguments
        match chosen.name:
            case "__typename":
                return "Query"
            case "serverTime":
                return shown(self.now)
            case "greeting":
                return f"{given['name']}, {self.viewer.login}"
            case "permits" | "visits":
                return self.page(chosen, chosen.name, "Permit" if chosen.name == "permits" else "Visit")
            case "steps":
                return self.page(chosen, "Query.steps", "Step", lambda row: row["public"])
            case "permitCounts":
                return self.counts(chosen)
            case "areas":
                codes = given.get("codes")
                return self.many(chosen, "areas", "Area", lambda row: codes is None or row["code"] in codes)
            case "me":
                return self.me(chosen) if self.viewer.grants else None
            case "nodes":
                return [self.identified(identifier, chosen.below) for identifier in given["ids"]]
            case _:
                return self.identified(given.get("id") or given["identifier"], chosen.below)

    def me(self, chosen: Selected) -> Row:
        """The type that stands on no table."""
        made: Row = {}
        for part in self.chosen("Me", chosen.below):
            match part.name:
                case "__typename":
                    made[part.key] = "Me"
                case "login":
                    made[part.key] = self.viewer.login
                case "areas":
                    made[part.key] = self.many(part, "Me.areas", "Area")
                case _:
                    made[part.key] = self.page(part, "permits", "Permit", self.mine)
        return made

    def mine(self, row: Row) -> bool:
        """Whether a permit is the viewer's own."""
        return row["owner_id"] is not None and row["owner_id"] == self.viewer.account_id

    def identified(self, identifier: str, below: tuple[Selected, ...]) -> Any:
        """The row of a global id."""
        name = identifier.split(":")[0]
        found = self.seen(name, lambda row: self.identifier(name, row) == identifier)
        return self.object(name, found[0], below) if found else None

    def seen(self, name: str, meets: Meets = lambda _: True) -> list[Row]:
        """The visible rows of a type."""
        return self.rules.visible(TYPE_RULES[name], TABLES[name], meets)

    def page(self, chosen: Selected, order: str, name: str, meets: Meets = lambda _: True) -> Row:
        """A page of a list, from either end and between cursors."""
        given = {key: value for key, value in chosen.arguments.items() if value is not None}
        rows = self.seen(name, lambda row: meets(row) and self.meets(name, row, given.get("filter", {})))
        terms = ORDERS[given.get("orderBy", "NEWEST") if order == "permits" else order]
        within = ordered([row for row in rows if self.between(name, row, terms, given)], terms)
        last, size = "last" in given, given.get("last", given.get("first", 20))
        kept, more = within[-size:] if last else within[:size], len(within) > size
        made: Row = {}
        for part in self.chosen("", chosen.below):
            match part.name:
                case "totalCount":
                    made[part.key] = len(rows)
                case "pageInfo":
                    after, before = more if last else "after" in given, "before" in given if last else more
                    made[part.key] = {"hasNextPage": before, "hasPreviousPage": after}
                case "edges":
                    made[part.key] = [{"node": self.object(name, row, part.below)} for row in kept]
                case _:
                    made[part.key] = [self.object(name, row, part.below) for row in kept]
        return made

    def between(self, name: str, row: Row, order: Order, given: Mapping[str, Any]) -> bool:
        """Whether a row lies after and before the rows whose ids stand for cursors."""
        identifiers = [self.identifier(name, other) for other in ordered(self.rows[TABLES[name]], order)]
        place = identifiers.index(self.identifier(name, row))
        after = "after" not in given or place > identifiers.index(given["after"])
        return after and ("before" not in given or place < identifiers.index(given["before"]))

    def many(self, chosen: Selected, order: str, name: str, meets: Meets = lambda _: True) -> list[Row]:
        """Every such row."""
        return [self.object(name, row, chosen.below) for row in ordered(self.seen(name, meets), ORDERS[order])]

    def first(self, name: str, chosen: Selected, meets: Meets) -> Any:
        """The one row, or null."""
        found = self.seen(name, meets)
        return self.object(name, found[0], chosen.below) if found else None

    def counts(self, chosen: Selected) -> list[Row]:
        """The permits of each group, the largest group first; none but in all, if nothing was grouped by."""
        asked = list(dict.fromkeys(chosen.arguments["groupBy"]))
        rows = self.seen("Permit", lambda row: self.meets("Permit", row, chosen.arguments.get("filter") or {}))
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
            case "STEP":
                return {step["organization_code"] for step in self.seen("Step", child(row, "permit_id"))} or {None}
            case _:
                visits = self.seen("Visit", child(row, "permit_id"))
                return {visit["organization_code"] for visit in visits if visit["rating"] != 0} or {None}

    def counted(self, group: Mapping[str, Any], count: int, below: tuple[Selected, ...]) -> Row:
        """The selected fields of a count."""
        made: Row = {}
        for part in self.chosen("PermitCount", below):
            match part.name:
                case "__typename":
                    made[part.key] = "PermitCount"
                case "count":
                    made[part.key] = count
                case "area":
                    code = group.get("AREA")
                    made[part.key] = self.first("Area", part, lambda other, code=code: other["code"] == code)  # type: ignore[misc]
                case _:
                    made[part.key] = group.get(part.name.upper())
        return made

    def meets(self, name: str, row: Row, asked: Mapping[str, Any]) -> bool:
        """Whether a row meets every field of a filter."""
        tests = self.visit_tests(row) if name == "Visit" else self.permit_tests(row) if asked else {}
        return all(tests[key](value) for key, value in asked.items())

    def visit_tests(self, row: Row) -> Mapping[str, Callable[[Any], bool]]:
        """What the fields of a filter of visits ask."""
        notes = self.rows["mini_note"]
        return {
            "organization": lambda value: row["organization_code"] == value,
            "ratings": lambda value: row["rating"] in value,
            "noted": lambda value: any(
                note["text"] == value and child(row, "visit_id")(note) and self.rules.sees("permit_part", "mini_note", note)
                for note in notes
            ),
        }  # fmt: skip

    def permit_tests(self, row: Row) -> Mapping[str, Callable[[Any], bool]]:
        """What the fields of a filter of permits ask; a null compares with nothing."""
        visits, steps = (self.seen(name, child(row, "permit_id")) for name in ("Visit", "Step"))
        score = row["score"]
        return {
            "state": lambda value: row["state"] == value,
            "states": lambda value: row["state"] in value,
            "place": lambda value: (
                row["street_code"].startswith(value) if value.isdigit() else row["area_code"] == value
            ),
            "titleStarts": lambda value: row["title"].startswith(value),
            "stepOf": lambda value: any(step["organization_code"] == value for step in steps),
            "titleNot": lambda value: row["title"] != value,
            "hasOwner": lambda value: (row["owner_id"] is not None) == value,
            "owner": lambda value: row["owner_id"] == (value and UUID(value)),
            "undated": lambda value: (row["due_at"] is None) == value,
            "overdue": lambda value: (row["due_at"] is not None and row["due_at"] < self.now) == value,
            "openedBefore": lambda value: row["opened_at"] < datetime.fromisoformat(value),
            "openedFrom": lambda value: row["opened_at"] >= datetime.fromisoformat(value),
            "scoreUpTo": lambda value: score is not None and score <= value,
            "scoreAbove": lambda value: score is not None and score > value,
            "tagged": lambda value: set(value) <= set(row["tags"]),
            "longerThan": lambda value: len(row["title"]) > value,
            "text": lambda value: value in row["title"],
            "phone": lambda value: row["phone"] == value and self.shows("phone", row),
            "rated": lambda value: (
                self.shows("inside", row)
                and any(visit["rating"] is not None and visit["rating"] >= value for visit in visits)
            ),
            "visitedBy": lambda value: any(visit["organization_code"] == value for visit in visits),
        }

    def shows(self, rule: str, row: Row) -> bool:
        """Whether a field rule of permits holds."""
        return self.rules.sees(rule, "mini_permit", row)

    def object(self, name: str, row: Row, below: tuple[Selected, ...]) -> Row:
        """The selected fields of a row."""
        return {chosen.key: self.value(name, row, chosen) for chosen in self.chosen(name, below)}

    def value(self, name: str, row: Row, chosen: Selected) -> Any:
        """One field of a row."""
        if chosen.name in INSIDE and not self.shows("inside", row):
            return None
        if chosen.name in HIDDEN:
            rule, column = HIDDEN[chosen.name]
            return shown(row[column]) if self.rules.sees(rule, TABLES[name], row) else None
        if chosen.name in PLAIN:
            return shown(row[PLAIN[chosen.name]])
        return self.computed(name, row, chosen)

    def computed(self, name: str, row: Row, chosen: Selected) -> Any:
        """A field that is made of the row."""
        match chosen.name:
            case "__typename":
                return name
            case "id":
                return self.identifier(name, row)
            case "overdue":
                return None if row["due_at"] is None else row["due_at"] < self.now
            case "remark":
                return row["title"] + row["state"]
            case "payload":
                return {}
            case "hint":
                return f"{chosen.arguments.get('word')}:{row['title']}"
            case "times":
                return None if row["state"] == "DRAFT" else self.object("Times", row, chosen.below)
            case "place":
                return self.object("Place", row, chosen.below)
            case "actions":
                return self.actions(row, chosen)
            case _:
                return self.relation(row, chosen)

    def actions(self, row: Row, chosen: Selected) -> list[Row]:
        """What may be done with a permit."""
        opened = {"name": "open", "allowed": row["state"] == "DRAFT", "by": self.viewer.login}
        closed = {"name": "close", "allowed": row["state"] == "OPEN", "by": None}
        return [
            {part.key: action[part.name] for part in self.chosen("Action", chosen.below)}
            for action in ({"__typename": "Action", **opened}, {"__typename": "Action", **closed})
        ]

    def relation(self, row: Row, chosen: Selected) -> Any:
        """A field that leads to other rows."""
        match chosen.name:
            case "area":
                return self.first("Area", chosen, lambda other: other["code"] == row["area_code"])
            case "previous" | "former":
                return self.first("Permit", chosen, key(row, "previous_id"))
            case "permit":
                return self.first("Permit", chosen, key(row, "permit_id"))
            case "visit":
                return self.first("Visit", chosen, key(row, "visit_id"))
            case "visits":
                return self.many(chosen, "visits", "Visit", child(row, "permit_id"))
            case "notes":
                return self.many(chosen, "notes", "Note", child(row, "visit_id"))
            case "markedVisits":
                return self.marked(row, chosen)
            case "successors":
                return self.page(chosen, "permits", "Permit", child(row, "previous_id"))
            case "steps":
                return self.page(chosen, "steps", "Step", child(row, "permit_id"))
            case _:
                return self.page(chosen, "ratedVisits", "Visit", child(row, "permit_id"))

    def marked(self, row: Row, chosen: Selected) -> list[Row]:
        """The rated visits of a permit, by an organization only where the viewer is shown whose they are."""
        organization = chosen.arguments.get("organization")

        def asked(visit: Row) -> bool:
            if visit["rating"] is None or not child(row, "permit_id")(visit):
                return False
            shown_of = organization is None or self.rules.sees("own_visit", "mini_visit", visit)
            return shown_of and organization in (None, visit["organization_code"])

        return self.many(chosen, "markedVisits", "Visit", asked)

    @staticmethod
    def identifier(name: str, row: Row) -> str:
        """The global id of a row."""
        if name == "Area":
            return f"Area::{row['code']}"
        key = f"{row['permit_id']}:{row['seq']}" if name == "Step" else row["id"]
        return f"{name}:{row['county_code']}:{key}"


def key(row: Row, column: str) -> Meets:
    """Whether another row is the one that a column names."""
    return lambda other: (other["county_code"], other["id"]) == (row["county_code"], row[column])


def child(row: Row, column: str) -> Meets:
    """Whether another row's column names this row."""
    return lambda other: (other["county_code"], other[column]) == (row["county_code"], row["id"])


def ordered(rows: list[Row], order: Order) -> list[Row]:
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
    return str(value) if isinstance(value, UUID | date) else value
