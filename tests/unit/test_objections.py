"""The objection window, who decides, and who may change an escalated whistle's departments (C.4, C.5 rule 6, C.6)."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from shaodao.calendar_source import calendar_days
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.case_vocabulary import Approver
from shaodao.domain.errors import NotPermitted, StateConflict
from shaodao.domain.objections import arbiter_of, objection_window, state_after_refusal
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    SolvingLevel,
    Urgency,
    WhistleKind,
    WhistleState,
)
from shaodao.domain.whistle_machine import WHISTLE_MACHINE
from shaodao.presets import load_rulebook
from tests.unit.machine_facts import CHIEF, DISPATCHER, HANDLER, OFFICE, assignment, case, whistle

RULEBOOK, CALENDAR = load_rulebook("shimahe"), Calendar.of(calendar_days(2026, 2026))
FRIDAY = datetime(2026, 11, 20, 16, 30, tzinfo=SHANGHAI)
LATER = FRIDAY + timedelta(hours=2)


@pytest.mark.parametrize(
    ("urgency", "whistle_kind", "refused_at", "until"),
    [
        # Two work hours: one is left on Friday, the other is Monday's first.
        (Urgency.URGENT, None, None, datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)),
        (Urgency.GENERAL, None, None, datetime(2026, 11, 24, tzinfo=SHANGHAI)),
        (Urgency.COMPLEX, WhistleKind.ROUTINE, None, datetime(2026, 11, 24, tzinfo=SHANGHAI)),
        # In an emergency from the arrival 先到场、后争议, and after a refusal from that.
        (Urgency.URGENT, WhistleKind.EMERGENCY, None, datetime(2026, 11, 23, 10, 30, tzinfo=SHANGHAI)),
        (Urgency.GENERAL, None, FRIDAY + timedelta(days=3), datetime(2026, 11, 25, tzinfo=SHANGHAI)),
    ],
)
def test_the_window_of_c5_rule_6(
    urgency: Urgency, whistle_kind: WhistleKind | None, refused_at: datetime | None, until: datetime
) -> None:
    facts = assignment(
        AssignmentState.ARRIVED, case=case(urgency=urgency), whistle_kind=whistle_kind, notified_at=FRIDAY, arrived_at=LATER
    )  # fmt: skip
    assert objection_window(facts, RULEBOOK, CALENDAR, refused_at).at == until


def test_the_street_decides_the_first_round_and_the_county_every_later_one() -> None:
    assert [arbiter_of(round_) for round_ in (1, 2, 3)] == [
        Approver.STREET, Approver.COUNTY_GRID_OFFICE, Approver.COUNTY_GRID_OFFICE,
    ]  # fmt: skip


def test_a_refused_objection_leaves_the_organization_where_it_was() -> None:
    assert state_after_refusal(assignment(AssignmentState.OBJECTED)) is AssignmentState.ACKNOWLEDGED
    assert state_after_refusal(assignment(AssignmentState.OBJECTED, arrived_at=FRIDAY)) is AssignmentState.ARRIVED


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (AssignmentState.NOTIFIED, {"whistle_kind": WhistleKind.EMERGENCY}),
        (AssignmentState.ARRIVED, {"arrived_at": FRIDAY}),
        (AssignmentState.ACKNOWLEDGED, {"directed": True}),
        (AssignmentState.NOTIFIED, {"role": AssignmentRole.INFORM}),
        (AssignmentState.HANDLING, {"arrived_at": FRIDAY}),
    ],
)
def test_what_cannot_be_objected_to(state: AssignmentState, changes: dict[str, Any]) -> None:
    with pytest.raises(StateConflict):
        ASSIGNMENT_MACHINE.decide("raiseObjection", assignment(state, **changes), HANDLER)


@pytest.mark.parametrize(
    ("arbiter", "viewer"),
    [(Approver.STREET, OFFICE), (Approver.COUNTY_GRID_OFFICE, DISPATCHER), (Approver.COUNTY_GRID_OFFICE, CHIEF)],
)
def test_each_round_has_its_own_arbiter(arbiter: Approver, viewer: Viewer) -> None:
    with pytest.raises(NotPermitted):
        ASSIGNMENT_MACHINE.decide(
            "decideObjection", assignment(AssignmentState.OBJECTED, objection_arbiter=arbiter), viewer
        )


def test_the_objector_never_decides() -> None:
    both = msgspec.structs.replace(
        assignment(AssignmentState.OBJECTED), objected_by=DISPATCHER.account_id, objection_arbiter=Approver.STREET
    )
    with pytest.raises(NotPermitted):
        ASSIGNMENT_MACHINE.decide("decideObjection", both, DISPATCHER)
    ASSIGNMENT_MACHINE.decide("decideObjection", both, CHIEF)


@pytest.mark.parametrize("kind", [WhistleKind.ROUTINE, WhistleKind.EMERGENCY])
@pytest.mark.parametrize("action", ["changeLead", "addDepartment"])
def test_the_county_takes_over_only_an_escalated_whistle(action: str, kind: WhistleKind) -> None:
    with pytest.raises(NotPermitted):
        WHISTLE_MACHINE.decide(action, whistle(WhistleState.HANDLING, kind), OFFICE)
    for level in (SolvingLevel.COUNTY, SolvingLevel.CITY):
        WHISTLE_MACHINE.decide(action, whistle(WhistleState.HANDLING, kind, level=level), OFFICE)


def test_only_the_county_escalates_to_the_city() -> None:
    with pytest.raises(NotPermitted):
        WHISTLE_MACHINE.decide("escalate", whistle(WhistleState.BLOWN, level=SolvingLevel.COUNTY), CHIEF)
    WHISTLE_MACHINE.decide("escalate", whistle(WhistleState.BLOWN, level=SolvingLevel.COUNTY), OFFICE)
    WHISTLE_MACHINE.decide("escalate", whistle(WhistleState.BLOWN), DISPATCHER)
    with pytest.raises(StateConflict):
        WHISTLE_MACHINE.decide("escalate", whistle(WhistleState.BLOWN, level=SolvingLevel.CITY), OFFICE)
