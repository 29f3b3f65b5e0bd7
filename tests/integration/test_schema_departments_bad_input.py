"""A department's own system, with the token of its handler, that answers what it should not: a typed problem, and nothing changes."""

from typing import Any

import pytest

from tests.integration.conftest import Street
from tests.integration.graphql_steps import DISPATCHER, SCENE, accepted, blown, later, report, reported, staff
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of

ACKNOWLEDGE = "acknowledgeAssignment"
REPORT = "reportResult"
ANSWERS = (ACKNOWLEDGE, "arriveAtScene", "reportProgress", REPORT, "raiseObjection", "askQuestion")
STANDS = """
SELECT (SELECT json_agg(json_build_array(id, state, version) ORDER BY id) FROM assignment)::text,
    (SELECT count(*) FROM report), (SELECT count(*) FROM case_event), (SELECT count(*) FROM question)
"""


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


def given(api: GraphQLStreet, mutation: str) -> Json:
    """A valid input of one of the answers, but for the assignment."""
    inputs: dict[str, Json] = {
        ACKNOWLEDGE: {"persons": ["甲示一"]},
        "arriveAtScene": {"point": SCENE},
        "reportProgress": {"measures": "已联系车主"},
        REPORT: report(api),
        "raiseObjection": {"reasonKind": "NOT_OUR_DUTY", "text": "不属本单位职责"},
        "askQuestion": {"text": "车牌号是多少？"},
    }
    return inputs[mutation]


async def assert_refused(api: GraphQLStreet, who: str, mutation: str, assignment_id: str, code: str) -> None:
    before = await api.street.pool.fetchrow(STANDS)
    answer = await api.act(staff(api, who), mutation, assignmentId=assignment_id, **given(api, mutation))
    assert answer.get("code") == code, answer
    assert answer["message"]
    assert await api.street.pool.fetchrow(STANDS) == before


async def withdrawn(api: GraphQLStreet, whistle_id: str, assignment_id: str) -> None:
    await later(api, DISPATCHER, "withdrawWhistle", whistleId=whistle_id, reason="已解决")


async def acknowledged(api: GraphQLStreet, whistle_id: str, assignment_id: str) -> None:
    await later(api, "CG", ACKNOWLEDGE, assignmentId=assignment_id, persons=["甲示一"])


async def done(api: GraphQLStreet, whistle_id: str, assignment_id: str) -> None:
    await reported(api, "CG", assignment_id)


async def nothing(api: GraphQLStreet, whistle_id: str, assignment_id: str) -> None:
    """The department has only been notified."""


@pytest.mark.parametrize(
    ("before", "who", "mutation", "code"),
    [
        *[pytest.param(withdrawn, "CG", each, "STATE_CONFLICT", id=f"withdrawn-{each}") for each in ANSWERS],
        pytest.param(acknowledged, "CG", ACKNOWLEDGE, "STATE_CONFLICT", id="twice-acknowledged"),
        pytest.param(done, "CG", REPORT, "STATE_CONFLICT", id="twice-reported"),
        pytest.param(acknowledged, "CG", REPORT, "STATE_CONFLICT", id="out of turn-reported before arrival"),
        pytest.param(done, "CG", ACKNOWLEDGE, "STATE_CONFLICT", id="out of turn-acknowledged after the report"),
        *[pytest.param(nothing, "JJ", each, "NOT_PERMITTED", id=f"of another in the case-{each}") for each in ANSWERS],
        *[pytest.param(nothing, "SC", each, "NOT_FOUND", id=f"of another case-{each}") for each in ANSWERS],
    ],
)
async def test_a_wrong_answer_is_a_typed_problem_and_changes_nothing(
    api: GraphQLStreet, before: Any, who: str, mutation: str, code: str
) -> None:
    whistle_id, assignments = await blown(api, await accepted(api))
    await before(api, whistle_id, assignments["CG"])
    await assert_refused(api, who, mutation, assignments["CG"], code)
