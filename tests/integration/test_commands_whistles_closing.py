"""消哨 and the two-sided evaluation: the last open whistle closes its case; who rates whom (C.3 close, C.4)."""

from uuid import UUID

import pytest

from shaodao.commands import assignments, cases, evaluations, whistle_closing, whistles
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.evaluations import Scores
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import CloseKind
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    BASIS,
    CHIEF,
    COUNTY,
    INFORM,
    LEAD,
    accepted,
    all_verified,
    assignment_of,
    blown,
    blown_on,
    do,
    drafted,
    events,
    hearings,
    paths,
    reported,
    row,
    running,
)

RESULT = "5辆僵尸车已全部清移。"


async def closed(street: Street) -> tuple[UUID, UUID]:
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id)
    await do(street, lambda tx: whistle_closing.close(tx, whistle_id, RESULT, CloseKind.SOLVED))
    return case_id, whistle_id


async def test_the_last_whistle_closes_its_case(street: Street) -> None:
    case_id, whistle_id = await closed(street)
    case, whistle = await row(street, "case_file", case_id), await row(street, "whistle", whistle_id)
    assert (whistle["state"], whistle["close_text"]) == ("CLOSED", RESULT)
    assert (case["state"], case["close_kind"], case["result_text"]) == ("CLOSED", "SOLVED", RESULT)
    assert case["closed_by"] == street.viewer("吕示衡").account_id
    assert await running(street, case_id) == {"FOLLOW_UP"}
    assert (await hearings(street, case_id))[-2:] == [("CG", "on_case_closed"), ("JJ", "on_case_closed")]
    assert (await events(street, case_id))[-2:] == ["closeWhistle", "closeCase"]
    told = await street.pool.fetchval("SELECT text FROM message WHERE case_id = $1 AND kind = 'RESULT'", case_id)
    assert RESULT in told


async def test_inform_never_blocks(street: Street) -> None:
    case_id, whistle_id = await blown(street, parties=[PartyInput("CG", LEAD), PartyInput("WG", INFORM)])
    await all_verified(street, case_id, ["CG"])
    outcome = await do(street, lambda tx: whistle_closing.close(tx, whistle_id, RESULT, CloseKind.SOLVED))
    assert outcome.case_state == "CLOSED"


async def test_a_whistle_is_not_closed_before_every_report_is_verified(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id, ["CG"])
    await reported(street, await assignment_of(street, case_id, "JJ"), "JJ")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: whistle_closing.close(tx, whistle_id, RESULT, CloseKind.SOLVED))


async def test_a_department_closes_nothing(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: whistle_closing.close(tx, whistle_id, RESULT, CloseKind.SOLVED), "CG")


async def test_ways_to_end_a_case_that_are_not_closing(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: whistle_closing.close(tx, whistle_id, RESULT, CloseKind.VOID))
    assert paths(refused.value) == ["closeKind"]
    assert (await row(street, "whistle", whistle_id))["state"] == "VERIFIED"


async def test_with_another_whistle_open_the_case_stays_open(street: Street) -> None:
    case_id, first = await blown(street)
    second = await blown_on(street, case_id, parties=[PartyInput("SC", LEAD)])
    await all_verified(street, case_id)
    outcome = await do(street, lambda tx: whistle_closing.close(tx, first, RESULT, CloseKind.SOLVED))
    assert (outcome.whistle_state, outcome.case_state) == ("CLOSED", "HANDLING")
    await all_verified(street, case_id, ["SC"])
    outcome = await do(street, lambda tx: whistle_closing.close(tx, second, RESULT, CloseKind.SOLVED))
    assert outcome.case_state == "CLOSED"


async def test_drafts_left_over_do_not_keep_a_case_open(street: Street) -> None:
    case_id, whistle_id = await blown(street)
    draft, pending = await drafted(street, case_id), await drafted(street, case_id)
    await do(street, lambda tx: whistles.submit(tx, pending))
    await all_verified(street, case_id)
    outcome = await do(street, lambda tx: whistle_closing.close(tx, whistle_id, RESULT, CloseKind.SOLVED))
    assert outcome.case_state == "CLOSED"
    for left in (draft, pending):
        assert (await row(street, "whistle", left))["state"] == "WITHDRAWN"
    assert (await events(street, case_id))[-4:] == ["closeWhistle", "withdrawWhistle", "withdrawWhistle", "closeCase"]


async def test_a_dispatched_case_with_a_draft_is_closed_by_the_dispatcher(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS))
    draft = await drafted(street, case_id)
    await all_verified(street, case_id, ["CG"])
    outcome = await do(street, lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text=RESULT))
    assert outcome.case_state == "CLOSED"
    assert (await row(street, "whistle", draft))["state"] == "WITHDRAWN"


async def test_nobody_leaves_before_the_whistle_is_verified(street: Street) -> None:
    case_id, _ = await blown(street)
    await all_verified(street, case_id, ["CG"])
    lead = await assignment_of(street, case_id, "CG")
    with pytest.raises(StateConflict):
        await do(street, lambda tx: assignments.release(tx, lead))
    await all_verified(street, case_id, ["JJ"])
    outcome = await do(street, lambda tx: assignments.release(tx, lead))
    assert outcome.assignment_state == "RELEASED"
    assert (await hearings(street, case_id))[-1] == ("CG", "on_released")


async def test_a_whistle_is_evaluated_when_both_sides_are_complete(street: Street) -> None:
    _, whistle_id = await closed(street)
    scores = Scores(report_in=90, handling=95, result=96)
    for code in ("CG", "JJ"):
        rated = await do(
            street, lambda tx, code=code: evaluations.rate_department(tx, whistle_id, code, scores, "处置果断"), CHIEF  # type: ignore[misc]
        )  # fmt: skip
        assert rated.whistle_state == "CLOSED"
    judged = await do(street, lambda tx: evaluations.judge(tx, whistle_id, True, "吹哨得当"), COUNTY)
    assert judged.whistle_state == "EVALUATED"
    score = await street.pool.fetchval("SELECT score FROM evaluation WHERE organization_code = 'CG'")
    assert score == 94
    with pytest.raises(StateConflict):
        await do(street, lambda tx: evaluations.judge(tx, whistle_id, False), COUNTY)


async def test_ratings_that_are_refused(street: Street) -> None:
    _, whistle_id = await closed(street)
    with pytest.raises(InvalidInput) as refused:
        await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "CG", Scores(101, -1, 50)), CHIEF)
    assert paths(refused.value) == ["scores.reportIn", "scores.handling"]
    with pytest.raises(InvalidInput):
        await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "SC", Scores(80, 80, 80)), CHIEF)
    await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "CG", Scores(80, 80, 80)), CHIEF)
    with pytest.raises(InvalidInput):
        await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "CG", Scores(80, 80, 80)), CHIEF)


async def test_a_department_rates_nobody(street: Street) -> None:
    _, whistle_id = await closed(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "JJ", Scores(80, 80, 80)), "CG")
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: evaluations.judge(tx, whistle_id, False), "CG")
