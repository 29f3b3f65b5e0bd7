"""Orderings and filters of lists of cases: what a dispatch board asks for."""

from collections.abc import Callable
from datetime import datetime

import strawberry

from schema.compiler.parameters import Binding
from schema.errors import invalid_input
from schema.mapping import Exists, Flag, Fragment, Search, Seen, Where, filtered, orderings
from schema.types.cases import OVERDUE
from schema.types.hashes import phone_hash
from schema.types.places import DIVISION_SQL, division_bounds
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CaseKind, CaseState, Channel, SolvingLevel, Urgency

CaseOrder = orderings(
    "CaseOrder",
    "Ordering of cases.",
    NEWEST=[("registered_at", "desc")],
    OLDEST=[("registered_at", "asc")],
    DUE=[("due_at", "asc", "nullable")],
    CHANGED=[("updated_at", "desc")],
    # As the words' letters have it: URGENT, GENERAL, COMPLEX.
    URGENCY=[("urgency", "desc"), ("due_at", "asc", "nullable")],
)

_LONGEST_HOURS = 10 * 366 * 24


def within(name: str) -> Callable[[int, Binding], int]:
    """How hours of the named field are bound: from 0 to ten years, else ClientError INVALID_INPUT."""

    def bind(hours: int, _: Binding) -> int:
        if not 0 <= hours <= _LONGEST_HOURS:
            raise invalid_input(name, f"须在 0 到 {_LONGEST_HOURS} 之间", f"must be 0 to {_LONGEST_HOURS}")
        return hours

    return bind


_TEXT = "concat_ws(' ', {t}.number, {t}.title, {t}.description, {t}.address)"

_NOT_TOLD = (
    "{t}.state IN ('CLOSED', 'FOLLOWED_UP', 'ARCHIVED') AND {t}.reporter_phone_masked IS NOT NULL AND NOT EXISTS ("
    "SELECT FROM message m WHERE m.county_code {county} AND m.county_code = {t}.county_code AND m.case_id = {t}.id"
    " AND m.kind = 'RESULT' AND m.state = 'SENT')"
)


@strawberry.input(description="What cases must meet; every field that is given must hold.")
class CaseFilter:
    states: list[CaseState] | None = filtered(Where("state", "in"), description="In these states.")
    open: bool | None = filtered(
        Flag("{t}.closed_at IS NULL AND {t}.state NOT IN ('NOT_ACCEPTED', 'MERGED', 'CANCELLED')"),
        description="Whether something is still to be done.",
    )
    urgencies: list[Urgency] | None = filtered(Where("urgency", "in"), description="Of these classes.")
    kinds: list[CaseKind] | None = filtered(Where("kind", "in"), description="Of these kinds.")
    category: str | None = filtered(
        Where("category_code", "prefix"), description="Code of a category, with those below it."
    )
    channels: list[Channel] | None = filtered(Where("channel", "in"), description="Through these channels.")
    levels: list[SolvingLevel] | None = filtered(Where("level", "in"), description="On these solving levels.")
    division: str | None = filtered(
        Fragment(DIVISION_SQL, division_bounds), description="Code of a division of any level."
    )
    grid: str | None = filtered(Where("grid_code"), description="Code of a grid.")
    grid_unknown: bool | None = filtered(Flag("{t}.grid_unknown"), description="Whether the grid is unknown.")
    organization: str | None = filtered(
        Exists("assignment", {"case_id": "id"}, "organization_code"),
        description="Code of an organization with a part in it.",
    )
    overdue: bool | None = filtered(Flag(OVERDUE), description="Whether it is late, or was when it had been handled.")
    due_before: datetime | None = filtered(Where("due_at", "lt"), description="Due before this time.")
    due_within_hours: int | None = filtered(
        Fragment("{t}.due_at < {now} + make_interval(hours => {value}::int)", within("dueWithinHours")),
        description="Due within so many hours from now, or before.",
    )
    opened_within_hours: int | None = filtered(
        Fragment("{t}.registered_at >= {now} - make_interval(hours => {value}::int)", within("openedWithinHours")),
        description="Registered within so many hours before now.",
    )
    opened_from: datetime | None = filtered(
        Where("registered_at", "gte"), description="Registered at this time or later."
    )
    opened_before: datetime | None = filtered(Where("registered_at", "lt"), description="Registered before this time.")
    changed_from: datetime | None = filtered(Where("updated_at", "gte"), description="Changed at this time or later.")
    text: str | None = filtered(
        Search("search_bigrams", bigrams, _TEXT),
        description="Words of two or more characters in number, title, description or address.",
    )
    reporter_phone: str | None = filtered(
        Seen("case_by_phone", Fragment("{t}.reporter_phone_hash = {value}::bytea", phone_hash)),
        description="The reporter's whole phone, found by its keyed hash; for the dispatcher, one phone in a request.",
    )
    mine: bool | None = filtered(
        Flag("{t}.reporter_person_id = {person} OR {t}.reporter_account_id = {account}"),
        description="Whether the viewer reported it.",
    )
    closed_but_not_told: bool | None = filtered(
        Flag(_NOT_TOLD), description="Closed, but the reporter has not been told the result: a fault 办结未告知."
    )
