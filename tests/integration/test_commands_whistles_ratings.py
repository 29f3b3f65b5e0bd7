"""Both sides rated, objections to a rating, and 双考核 of what was rated (C.4 evaluate, C.8, 街道办事处条例 43)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shaodao.commands import evaluations, whistle_closing
from shaodao.commands.evaluations import Judgement, Scores
from shaodao.commands.rating_objections import decide_rating_objection, object_to_rating
from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Outcome
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import CloseKind
from shaodao.double_assessment import DoubleAssessment, Quotient, double_assessment
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    CHIEF,
    COUNTY,
    DEPUTY,
    all_verified,
    blown,
    do,
    events,
    paths,
    row,
    viewer_of,
)

LOW, HIGH = Scores(60, 70, 80), Scores(90, 90, 90)


async def rated(street: Street) -> tuple[UUID, UUID, UUID]:
    """A closed whistle with CG rated and the whistle judged: its id, and those of the two evaluations."""
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id)
    await do(street, lambda tx: whistle_closing.close(tx, whistle_id, "已清移。", CloseKind.SOLVED))
    await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "CG", LOW), DEPUTY)
    await do(street, lambda tx: evaluations.judge(tx, whistle_id, False, completeness=80, timeliness=70), COUNTY)
    ids = await street.pool.fetch("SELECT id FROM evaluation ORDER BY evaluator_kind DESC")
    return whistle_id, ids[0]["id"], ids[1]["id"]


def colleague(street: Street) -> Viewer:
    """Another officer of the county grid office."""
    return replace(street.viewer(COUNTY), login="county.other", name="陆示衡", account_id=uuid4())


async def objected(street: Street, whistle_id: UUID, rating: UUID, who: str, text: str = "到场时限计算有误") -> Outcome:
    return await do(street, lambda tx: object_to_rating(tx, whistle_id, evaluation_id=rating, text=text), who)


async def decided(
    street: Street, viewer: Viewer, whistle_id: UUID, rating: UUID, granted: bool, **given: Any
) -> Outcome:
    return await street.run(
        lambda tx: decide_rating_objection(
            tx, whistle_id, evaluation_id=rating, granted=granted, **{"text": "经核实", **given}
        ),
        viewer,
    )


async def assessed(street: Street, who: str) -> DoubleAssessment | None:
    async with street.pool.acquire() as lent:
        return await double_assessment(
            connection_of(lent), viewer_of(street, who), date(2026, 11, 1), date(2026, 11, 30)
        )


async def test_the_county_judges_fitness_completeness_and_timeliness(street: Street) -> None:
    """C.8 双考核, the street's side."""
    whistle_id, _, judgement = await rated(street)
    found = await row(street, "evaluation", judgement)
    assert (found["proper"], found["completeness_score"], found["timeliness_score"]) == (False, 80, 70)
    await street.pool.execute("DELETE FROM evaluation WHERE id = $1", judgement)
    with pytest.raises(InvalidInput) as caught:
        await do(street, lambda tx: evaluations.judge(tx, whistle_id, True, completeness=101, timeliness=-1), COUNTY)
    assert paths(caught.value) == ["completeness", "timeliness"]


async def test_a_department_never_rates_a_street(street: Street) -> None:
    """条例 43: neither by judging the whistle nor by objecting to what the county found of the street."""
    whistle_id, _, judgement = await rated(street)
    with pytest.raises(NotPermitted):
        await do(street, lambda tx: evaluations.judge(tx, whistle_id, False), "CG")
    with pytest.raises(NotPermitted):
        await objected(street, whistle_id, judgement, "CG")


async def test_a_department_objects_once_and_the_county_corrects(street: Street) -> None:
    whistle_id, rating, _ = await rated(street)
    case_id = (await row(street, "whistle", whistle_id))["case_id"]
    await objected(street, whistle_id, rating, "CG")
    with pytest.raises(StateConflict):
        await objected(street, whistle_id, rating, "CG")
    entry = await street.pool.fetchrow("SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq DESC LIMIT 1", case_id)
    assert entry is not None
    assert (entry["type"], entry["organization_code"], entry["public"]) == ("objectToRating", "CG", False)
    with pytest.raises(NotPermitted):  # the street's side decides nothing
        await do(street, lambda tx: decide_rating_objection(tx, whistle_id, evaluation_id=rating, granted=False, text="不"), CHIEF)  # fmt: skip
    county = street.viewer(COUNTY)
    for given, faulty in (
        ({}, ["scores"]),
        ({"scores": HIGH, "judgement": Judgement(True)}, ["judgement"]),
        ({"scores": Scores(101, 90, 90), "text": " "}, ["text", "scores.reportIn"]),
    ):
        with pytest.raises(InvalidInput) as caught:
            await decided(street, county, whistle_id, rating, True, **given)
        assert paths(caught.value) == faulty
    await decided(street, county, whistle_id, rating, True, scores=HIGH)
    found = await row(street, "evaluation", rating)
    assert (found["score"], found["corrected_score"], found["objection_decision"]) == (70, 90, "GRANTED")
    assert (found["report_in_score"], found["corrected_report_in_score"]) == (60, 90)
    assert (await events(street, case_id))[-1] == "decideRatingObjection"
    with pytest.raises(StateConflict):
        await decided(street, county, whistle_id, rating, False)


async def test_a_street_objects_to_the_judgement_and_another_officer_decides(street: Street) -> None:
    whistle_id, rating, judgement = await rated(street)
    with pytest.raises(NotPermitted):
        await objected(street, whistle_id, rating, DEPUTY)  # the department's own matter
    await objected(street, whistle_id, judgement, CHIEF)
    with pytest.raises(NotPermitted):
        await decided(street, street.viewer(COUNTY), whistle_id, judgement, False)  # who judged
    with pytest.raises(InvalidInput) as caught:
        await decided(street, colleague(street), whistle_id, judgement, False, judgement=Judgement(True))
    assert paths(caught.value) == ["judgement"]
    await decided(street, colleague(street), whistle_id, judgement, True, judgement=Judgement(True, 90, 70))
    found = await row(street, "evaluation", judgement)
    assert (found["proper"], found["corrected_proper"], found["corrected_completeness_score"]) == (False, True, 90)


async def test_the_window_for_objecting_ends(street: Street) -> None:
    """Five working days by the rulebook; a refused objection leaves the rating as it is."""
    whistle_id, rating, judgement = await rated(street)
    street.now += timedelta(days=5)
    await objected(street, whistle_id, rating, "CG")
    street.now += timedelta(days=5)
    with pytest.raises(StateConflict) as caught:
        await objected(street, whistle_id, judgement, CHIEF)
    assert "异议期已过" in caught.value.message
    await decided(street, street.viewer(COUNTY), whistle_id, rating, False)
    assert (await row(street, "evaluation", rating))["corrected_score"] is None


async def test_bad_objections(street: Street) -> None:
    whistle_id, rating, _ = await rated(street)
    with pytest.raises(NotFound):
        await objected(street, whistle_id, uuid4(), "CG")
    with pytest.raises(StateConflict):  # JJ was not rated yet
        await objected(street, whistle_id, rating, "JJ")
    with pytest.raises(InvalidInput) as caught:
        await objected(street, whistle_id, rating, "CG", " ")
    assert paths(caught.value) == ["text"]
    with pytest.raises(StateConflict):
        await decided(street, street.viewer(COUNTY), whistle_id, rating, False)


async def test_double_assessment_counts_what_was_corrected(street: Street) -> None:
    """C.8 双考核: means and rates with numerator and denominator, null on zero; C.9 point 12: no ranking."""
    empty = await assessed(street, CHIEF)
    assert empty is not None
    assert (empty.departments, empty.streets) == ((), ())
    assert await assessed(street, "CG") is None
    whistle_id, rating, judgement = await rated(street)
    await blown(street)
    for who in (CHIEF, COUNTY):
        found = await assessed(street, who)
        assert found is not None
        [department], [own] = found.departments, found.streets
        assert (department.organization_code, department.ratings, department.mean) == ("CG", 1, Quotient(210, 3))
        assert (own.fitness, own.judged, own.completeness) == (Quotient(0, 2), 1, Quotient(80, 1))
    await objected(street, whistle_id, rating, "CG")
    await decided(street, street.viewer(COUNTY), whistle_id, rating, True, scores=HIGH)
    await objected(street, whistle_id, judgement, CHIEF)
    await decided(street, colleague(street), whistle_id, judgement, True, judgement=Judgement(True))
    found = await assessed(street, COUNTY)
    assert found is not None
    assert found.departments[0].mean.value == 90
    assert (found.streets[0].fitness.value, found.streets[0].timeliness.numerator) == (0.5, 70)
    assert Quotient(0, 0).value is None
