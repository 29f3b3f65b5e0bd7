"""Whether a viewer sees a row, by the same rules that the read compiler turns into SQL, asked of facts in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never
from uuid import UUID

from shaodao.domain.facts import AssignmentFacts, CaseFacts, WhistleFacts
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
)
from shaodao.domain.rules import RULES
from shaodao.domain.vocabulary import CaseVisibility

_STRICTNESS = (
    CaseVisibility.NORMAL, CaseVisibility.CONFIDENTIAL_REPORTER, CaseVisibility.RESTRICTED_SPECIAL,
    CaseVisibility.RESTRICTED_MINOR,
)  # fmt: skip


@dataclass(frozen=True)
class SeenRow:
    """A row as rules ask about it: its narrowest place code, its columns, and the rows of other tables linked to it."""

    place: str
    columns: Mapping[str, object]
    links: Mapping[str, tuple["SeenRow", ...]] = field(default_factory=dict)


def sees_case(viewer: Viewer, facts: CaseFacts) -> bool:
    """Whether the viewer sees the case at all."""
    return sees(viewer, "case", _case_row(facts))


def sees_whistle(viewer: Viewer, facts: WhistleFacts) -> bool:
    """Whether the viewer sees the whistle: a resident sees the own case and not its whistles."""
    return sees(viewer, "whistle", SeenRow(facts.case.place, {}, {"case_file": (_case_row(facts.case),)}))


def sees_assignment(viewer: Viewer, facts: AssignmentFacts) -> bool:
    """Whether the viewer sees the assignment: its own organization, and the staff who see the case."""
    columns = {
        "organization_code": facts.organization_code,
        "state": str(facts.state),
        "role": str(facts.role),
        "agent_id": facts.agent_id,
    }
    return sees(viewer, "assignment", SeenRow(facts.case.place, columns, {"case_file": (_case_row(facts.case),)}))


def sees_promise(viewer: Viewer, facts: CaseFacts, *, organization_code: str | None, public: bool) -> bool:
    """Whether the viewer sees a promise 一事一诺 made for the case: a public one is seen without the case."""
    columns = {"organization_code": organization_code, "public": public}
    return sees(viewer, "promise", SeenRow(facts.place, columns, {"case_file": (_case_row(facts),)}))


def sees_person(viewer: Viewer, person_id: UUID, grid_code: str, visibility: str) -> bool:
    """Whether the viewer sees the person of the register."""
    return sees(viewer, "person", SeenRow(grid_code, {"id": person_id, "visibility": visibility}))


def strictest(*visibilities: CaseVisibility) -> CaseVisibility:
    """The class that shows a matter to the fewest."""
    return max(visibilities, key=_STRICTNESS.index)


def sees(viewer: Viewer, rule: str, row: SeenRow) -> bool:
    """Whether the rule shows the row to the viewer, in any of the viewer's roles."""
    conditions = RULES[rule]
    return any(
        grant.role in conditions and _holds(conditions[grant.role], row, grant, viewer) for grant in viewer.grants
    )


def _holds(condition: Condition, row: SeenRow, grant: Grant, viewer: Viewer) -> bool:
    match condition:
        case Everything():
            return True
        case InScope():
            return grant.covers(row.place)
        case Mine(column, subject):
            return row.columns[column] in _own(viewer, subject)
        case NotMine(column, subject):
            return row.columns[column] not in _own(viewer, subject)
        case Is() | IsNot() | Known() | Unknown():
            return _is_so(condition, row)
        case Linked(table=table, condition=inner):
            return any(_holds(inner, linked, grant, viewer) for linked in row.links[table])
        case AllOf(parts):
            return all(_holds(part, row, grant, viewer) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, row, grant, viewer) for part in parts)
        case _:
            assert_never(condition)


def _is_so(condition: Is | IsNot | Known | Unknown, row: SeenRow) -> bool:
    value = row.columns[condition.column]
    match condition:
        case Is(values=values):
            return value in values
        case IsNot(values=values):
            return value not in values
        case Known():
            return value is not None
        case Unknown():
            return value is None
        case _:
            assert_never(condition)


def _own(viewer: Viewer, subject: Subject) -> tuple[object, ...]:
    """What of the viewer a column may be; what the viewer has not, no column is."""
    match subject:
        case Subject.ACCOUNT:
            return () if viewer.account_id is None else (viewer.account_id,)
        case Subject.PERSON:
            return () if viewer.person_id is None else (viewer.person_id,)
        case Subject.ORGANIZATION:
            return viewer.organizations
        case _:
            assert_never(subject)


def _case_row(facts: CaseFacts) -> SeenRow:
    columns = {
        "reporter_person_id": facts.reporter_person_id,
        "first_receiver_id": facts.first_receiver_id,
        "agent_id": facts.agent_id,
        "accused_organization_code": facts.accused_organization_code,
        "visibility": str(facts.visibility),
        "confidential": facts.confidential,
        "state": str(facts.state),
        "county_informed_at": facts.county_informed_at,
        "kind": facts.kind and str(facts.kind),
    }
    assigned = tuple(
        SeenRow(
            facts.place,
            {
                "organization_code": a.organization_code,
                "role": str(a.role),
                "state": str(a.state),
                "agent_id": a.agent_id,
            },
        )
        for a in facts.involved
    )
    return SeenRow(facts.place, columns, {"assignment": assigned})
