"""Guards of objections to a rating: whose rating it is, once, and a third person decides (C.4 evaluate, C.8)."""

from typing import Any

import pytest

from shaodao.domain.errors import NotPermitted, StateConflict
from shaodao.domain.facts import RatingBrief, WhistleFacts
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import AssignmentRole, EvaluatorKind, Role, WhistleState
from shaodao.domain.whistle_machine import WHISTLE_MACHINE
from tests.unit.machine_facts import (
    CHIEF,
    COUNTY,
    DEPUTY,
    DISPATCHER,
    HANDLER,
    NOW,
    OFFICE,
    account,
    brief,
    case,
    viewer,
    whistle,
)

COLLEAGUE = viewer("陆示衡", Grant(Role.COUNTY_GRID_OFFICE, COUNTY))
OTHER_HANDLER = viewer("陶示途", Grant(Role.DEPT_HANDLER, COUNTY, "JJ"))


def of_department(**changes: Any) -> RatingBrief:
    given: dict[str, Any] = {"evaluator_id": DEPUTY.account_id, "organization_code": "CG"}
    return RatingBrief(account("rating"), EvaluatorKind.STREET, NOW, **given | changes)


def of_whistle(**changes: Any) -> RatingBrief:
    given: dict[str, Any] = {"evaluator_id": OFFICE.account_id}
    return RatingBrief(account("judgement"), EvaluatorKind.COUNTY_GRID_OFFICE, NOW, **given | changes)


def closed(*ratings: RatingBrief) -> WhistleFacts:
    parties = (brief("CG", AssignmentRole.LEAD), brief("JJ"))
    return whistle(WhistleState.CLOSED, case=case(assignments=parties), assignments=parties, ratings=ratings)


@pytest.mark.parametrize(
    ("facts", "who"),
    [(closed(of_department()), HANDLER), (closed(of_whistle()), CHIEF), (closed(of_whistle()), DEPUTY)],
)
def test_who_objects_to_what(facts: WhistleFacts, who: Viewer) -> None:
    assert WHISTLE_MACHINE.decide("objectToRating", facts, who).action == "objectToRating"


@pytest.mark.parametrize(
    ("facts", "who", "error"),
    [
        (closed(), HANDLER, StateConflict),
        (closed(of_whistle()), HANDLER, StateConflict),
        (closed(of_department()), OTHER_HANDLER, StateConflict),
        (closed(of_department()), CHIEF, StateConflict),
        (closed(of_department(objected=True)), HANDLER, StateConflict),
        (closed(of_department()), DISPATCHER, NotPermitted),
        (closed(of_department()), OFFICE, NotPermitted),
    ],
)
def test_what_nobody_objects_to(facts: WhistleFacts, who: Viewer, error: type[Exception]) -> None:
    with pytest.raises(error):
        WHISTLE_MACHINE.decide("objectToRating", facts, who)


def test_a_third_person_decides() -> None:
    waiting = closed(of_whistle(objected=True, objected_by=CHIEF.account_id))
    assert WHISTLE_MACHINE.decide("decideRatingObjection", waiting, COLLEAGUE).target is None
    for who in (OFFICE, CHIEF, HANDLER):
        with pytest.raises(NotPermitted):
            WHISTLE_MACHINE.decide("decideRatingObjection", waiting, who)
    department = closed(of_department(objected=True, objected_by=HANDLER.account_id))
    assert WHISTLE_MACHINE.decide("decideRatingObjection", department, OFFICE).target is None
    with pytest.raises(StateConflict):
        WHISTLE_MACHINE.decide("decideRatingObjection", closed(of_department(objected=True, decided=True)), OFFICE)


def test_a_department_drafts_and_drops_its_own_whistle() -> None:
    """B.1 部门哨: whoever drafted it revises, submits and withdraws it."""
    own = whistle(
        WhistleState.DRAFTED, case=case(assignments=(brief("CG"),)), drafted_by=HANDLER.account_id, drafted_for="CG"
    )
    for action in ("revise", "submit", "withdraw"):
        assert WHISTLE_MACHINE.acting_role(action, own, HANDLER) is Role.DEPT_HANDLER
        with pytest.raises(NotPermitted):
            WHISTLE_MACHINE.decide(action, own, OTHER_HANDLER)
