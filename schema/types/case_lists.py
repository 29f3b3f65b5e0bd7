"""Orderings and filters of lists of cases: what a dispatch board asks for."""

from collections.abc import Callable
from datetime import datetime

import strawberry

from schema.compiler.parameters import Binding
from schema.declarations import Exists, Flag, Fragment, Search, Seen, Where
from schema.errors import invalid_input
from schema.mapping import filtered, orderings
from schema.types.cases import OVERDUE
from schema.types.hashes import phone_hash
from schema.types.places import IN_DIVISION
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CaseKind, CaseState, Channel, ChannelGroup, EscalationStage, SolvingLevel, Urgency

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

# Of the present round: what was told before a reopening 重办 does not count. A merged reporter hears the main case's result.
_NOT_TOLD = (
    "{t}.state IN ('CLOSED', 'FOLLOWED_UP', 'ARCHIVED', 'MERGED') AND {t}.reporter_phone_masked IS NOT NULL AND EXISTS ("
    "SELECT FROM case_file e WHERE e.county_code {county} AND e.county_code = {t}.county_code"
    " AND e.id = coalesce({t}.merged_into, {t}.id) AND e.state IN ('CLOSED', 'FOLLOWED_UP', 'ARCHIVED') AND NOT EXISTS ("
    "SELECT FROM message m WHERE m.county_code {county} AND m.county_code = {t}.county_code AND m.case_id = {t}.id"
    " AND m.kind = 'RESULT' AND m.state = 'SENT' AND m.created_at >= e.closed_at))"
)
# As ``shaodao.domain.case_guards.review_is_due`` has it.
_REVIEW_DUE = (
    "{t}.state IN ('CLOSED', 'FOLLOWED_UP') AND (SELECT NOT f.excluded AND f.review_decision IS NULL"
    " AND (f.solved IN ('UNSOLVED', 'PARTIAL') OR f.satisfaction = 'DISSATISFIED') FROM follow_up f"
    " WHERE f.county_code {county} AND f.county_code = {t}.county_code AND f.case_id = {t}.id AND f.round = {t}.round"
    " AND f.contacted ORDER BY f.called_at DESC, f.id DESC LIMIT 1)"
)
_EFFECTIVE = "{t}.state NOT IN ('MERGED', 'NOT_ACCEPTED') AND {t}.close_kind IS DISTINCT FROM 'VOID'"


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
    channel_groups: list[ChannelGroup] | None = filtered(
        Where("channel_group", "in"), description="Through these groups of channels (S-01)."
    )
    channels: list[Channel] | None = filtered(Where("channel", "in"), description="Through these channels.")
    levels: list[SolvingLevel] | None = filtered(Where("level", "in"), description="On these solving levels.")
    division: str | None = filtered(IN_DIVISION, description="Code of a division of any level.")
    grid: str | None = filtered(Where("grid_code"), description="Code of a grid.")
    grid_unknown: bool | None = filtered(Flag("{t}.grid_unknown"), description="Whether the grid is unknown.")
    organization: str | None = filtered(
        Exists("assignment", {"case_id": "id"}, "organization_code"),
        description="Code of an organization with a part in it.",
    )
    escalated: list[EscalationStage] | None = filtered(
        Exists("supervision", {"case_id": "id"}, "stage", "in"),
        description="On which one of these stages was taken 督办、通报、调查督办.",
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
    settled_on_the_spot: bool | None = filtered(
        Flag("{t}.settled_on_the_spot"), description="Whether it was settled in a visit or session 当场办结 (S-06)."
    )
    closed_but_not_told: bool | None = filtered(
        Seen("staff_field", Flag(_NOT_TOLD)),
        description="Closed, or merged into a closed case, and the reporter has not been told: a fault 办结未告知 (Z-36).",
    )
    review_due: bool | None = filtered(
        Seen("staff_field", Flag(_REVIEW_DUE)),
        description="Whether an unsolved or dissatisfied follow-up waits for its review 待复核.",
    )
    effective: bool | None = filtered(
        Flag(_EFFECTIVE), description="Whether statistics count it (C.8): neither merged nor void nor not accepted."
    )
    repeated: bool | None = filtered(
        Seen("staff_field", Flag("{t}.state = 'MERGED' OR {t}.reporter_repeats > 0")),
        description="Whether the matter had been told before 重复诉求 (C.8): merged, or by a reporter with a like case.",
    )
