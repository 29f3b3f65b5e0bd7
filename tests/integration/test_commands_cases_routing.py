"""Routing by the street's dispatch catalogue, read from the database (C.1.4)."""

from uuid import UUID

import pytest

from shaodao.commands.routing import RoutingQuestion, explain_routing, propose, question_of_case
from shaodao.commands.running import connection_of
from shaodao.domain.errors import NotFound
from tests.integration.case_steps import accepted
from tests.integration.conftest import Street

CAR = RoutingQuestion("A13", "990101001001001", "望海里周边5辆僵尸车长期占道")


async def test_the_catalogue_proposes_lead_and_co(street: Street) -> None:
    async with street.pool.acquire() as connection:
        item = await propose(connection_of(connection), street.county, CAR, street.now)
    assert item is not None
    assert (item.lead_organization, item.co_organizations) == ("CG", ("JJ",))


async def test_every_item_is_explained_and_one_is_chosen(street: Street) -> None:
    async with street.pool.acquire() as connection:
        verdicts = await explain_routing(connection_of(connection), street.county, CAR, street.now)
        amount = await connection.fetchval("SELECT count(*) FROM routing_rule")
    assert len(verdicts) == amount
    assert [verdict.chosen for verdict in verdicts].count(True) == 1
    assert all(verdict.reason and verdict.english for verdict in verdicts)


async def test_a_case_is_asked_about_as_it_stands(street: Street) -> None:
    case_id = await accepted(street)
    async with street.pool.acquire() as connection:
        question = await question_of_case(connection_of(connection), street.county, case_id)
        assert question.category_code == "A13"
        assert question.grid_code == CAR.grid_code
        assert question.text.startswith("望海里周边5辆僵尸车长期占道\n")
        with pytest.raises(NotFound):
            await question_of_case(connection_of(connection), street.county, UUID(int=7))


async def test_a_category_is_asked_with_its_ancestors(street: Street) -> None:
    await street.pool.execute(
        "INSERT INTO categories (code, name, parent_code, sort) VALUES ('A1399', '占道', 'A13', 1399)"
    )
    question = RoutingQuestion("A1399", CAR.grid_code, CAR.text)
    async with street.pool.acquire() as connection:
        item = await propose(connection_of(connection), street.county, question, street.now)
    assert item is not None
    assert item.lead_organization == "CG"


@pytest.mark.parametrize("question", [RoutingQuestion("Z9"), RoutingQuestion(grid_code="990101001001999")])
async def test_unknown_codes_are_not_found(street: Street, question: RoutingQuestion) -> None:
    async with street.pool.acquire() as connection:
        with pytest.raises(NotFound):
            await explain_routing(connection_of(connection), street.county, question, street.now)
