"""Actions on many cases at once (issue: Bulk): each case a transaction and a result of its own (S-14, L-29, C.9 point 10)."""

from typing import Any
from uuid import UUID

import pytest

from tests.integration.case_steps import BASIS, DISPATCHER, accepted, case_row, registered
from tests.integration.conftest import Street
from tests.integration.graphql_street import PROBLEM, GraphQLStreet, graphql_of

RESULTS = f"""
__typename ... on Problem {{ code message }} ... on InvalidInput {{ faults {{ path message }} }}
... on BulkPayload {{ cursor results {{ id succeeded case {{ state urgency }} outcome {{ caseState repeated }} problem {{ {PROBLEM} }} }} }}
"""
NOWHERE = UUID(int=7)


@pytest.fixture
def graphql(street: Street) -> GraphQLStreet:
    return graphql_of(street)


async def bulk(graphql: GraphQLStreet, mutation: str, who: str = DISPATCHER, **given: Any) -> dict[str, Any]:
    name = mutation[0].upper() + mutation[1:]
    document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {RESULTS} }} }}"
    given = {"idempotencyKey": "bulk-1"} | given
    answer: dict[str, Any] = (await graphql.query(graphql.street.viewer(who), document, input=given))[mutation]
    return answer


def ids_of(street: Street, *cases: UUID) -> list[str]:
    return [f"Case:{street.county}:{case}" for case in cases]


async def test_one_that_fails_holds_up_no_other(street: Street, graphql: GraphQLStreet) -> None:
    first, last = await accepted(street), await accepted(street)
    raw = await registered(street)
    ids = [*ids_of(street, first, NOWHERE, raw), "Whistle:990101:1", *ids_of(street, last)]
    parties = [{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "JJ", "role": "CO"}]
    answer = await bulk(graphql, "bulkDispatch", ids=ids, parties=parties, dutyBasis=BASIS)
    results = answer["results"]
    assert [result["id"] for result in results] == ids
    assert [result["succeeded"] for result in results] == [True, False, False, False, True]
    assert results[0]["case"]["state"] == results[4]["outcome"]["caseState"] == "ASSIGNED"
    assert [result["problem"] and result["problem"]["__typename"] for result in results] == [
        None, "NotFound", "StateConflict", "InvalidInput", None,
    ]  # fmt: skip
    assert results[2]["problem"]["state"] == "REGISTERED"
    assert (await case_row(street, raw))["state"] == "REGISTERED"
    assert answer["cursor"]


async def test_a_repeated_bulk_action_is_done_once_for_each_case(street: Street, graphql: GraphQLStreet) -> None:
    first, second = await accepted(street), await accepted(street)
    given: dict[str, Any] = {"urgency": "URGENT", "categoryCode": "A13"}
    await bulk(graphql, "bulkClassify", ids=ids_of(street, first), **given)
    answer = await bulk(graphql, "bulkClassify", ids=ids_of(street, second, first), **given)
    assert [result["outcome"]["repeated"] for result in answer["results"]] == [False, True]
    assert answer["results"][0]["case"]["urgency"] == "URGENT"
    events = "SELECT count(*) FROM case_event WHERE case_id = $1 AND type = 'classifyCase'"
    assert await street.pool.fetchval(events, first) == 1
    answer = await bulk(graphql, "bulkClassify", ids=ids_of(street, first), urgency="GENERAL")
    assert [result["problem"]["__typename"] for result in answer["results"]] == ["IdempotencyConflict"]


async def test_bulk_merge_into_one_case(street: Street, graphql: GraphQLStreet) -> None:
    main, first, second = [await accepted(street) for _ in range(3)]
    ids = ids_of(street, first, main, second)
    [main_id] = ids_of(street, main)
    answer = await bulk(graphql, "bulkMerge", ids=ids, mainCaseId=main_id, reason="同一处积水")
    assert [result["succeeded"] for result in answer["results"]] == [True, False, True]
    assert {(await case_row(street, case))["merged_into"] for case in (first, second)} == {main}
    refused = await bulk(graphql, "bulkMerge", ids=ids, mainCaseId="Whistle:1", reason="同一处积水")
    assert [fault["path"] for fault in refused["faults"]] == ["mainCaseId"]


async def test_none_too_many_and_doubled_cases_are_refused_whole(street: Street, graphql: GraphQLStreet) -> None:
    case = await accepted(street)
    [identifier] = ids_of(street, case)
    many = ids_of(street, *(UUID(int=number) for number in range(101)))
    for ids, path in (([], "ids"), (many, "ids"), ([identifier, identifier], "ids.1")):
        answer = await bulk(graphql, "bulkClassify", ids=ids, urgency="URGENT")
        assert (answer["__typename"], answer["faults"][0]["path"]) == ("InvalidInput", path)
    assert (await case_row(street, case))["urgency"] == "GENERAL"


async def test_who_may_not_do_it_is_told_for_each_case(street: Street, graphql: GraphQLStreet) -> None:
    case = await accepted(street)
    for who, problem in (("周示岚", "NotPermitted"), ("毛示访", "NotFound")):
        answer = await bulk(graphql, "bulkClassify", who, ids=ids_of(street, case), urgency="URGENT")
        assert [result["problem"]["__typename"] for result in answer["results"]] == [problem]
