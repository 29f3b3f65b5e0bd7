"""Routing rules, duty lists and community admission as clients meet them, on the demonstration street with its cases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shaodao.commands.running import connection_of
from shaodao.demo.cases import load_cases
from shaodao.demo.identifiers import case_id
from tests.integration.conftest import Street
from tests.integration.graphql_steps import CHIEF, COUNTY, DEPUTY, DISPATCHER, later, staff
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of, service

RULE: Json = {
    "code": "R-0201", "name": "商圈油烟", "categoryCode": "A02", "areaCode": "990101001001", "areaKind": "BUSINESS",
    "keywords": ["油烟"], "leadOrganizationCode": "HB", "coOrganizationCodes": ["CG"], "dutyItemCode": "D-A02-01", "sort": 15,
    "limitUnit": "WORKING_DAY", "limitAmount": 3,
}  # fmt: skip
TRIAL = """
  since examined cut leads coOrganizations limits faults { path message }
  changes { number title caseId before { ruleCode ruleVersion leadOrganizationCode } after { ruleCode ruleVersion
    leadOrganizationCode coOrganizationCodes limitUnit limitAmount } }
"""
DRY_RUN = f"query ($rule: TriedRuleInput, $proposal: ID) {{ dryRunRoutingRule(rule: $rule, proposal: $proposal) {{ {TRIAL} }} }}"
EXPLAIN = """query ($case: ID, $at: DateTime) { explainRouting(case: $case, at: $at) {
  at lead { code } coOrganizationCodes verdicts { code version chosen reason } } }"""
RULES = """query ($filter: RoutingRuleFilter) { routingRules(first: 50, filter: $filter) { nodes {
  code version state retires keywords areaCode timeFrom reason category { code } leadOrganization { code } proposedBy { name }
  decidedBy { name } inForceFrom inForceUntil versions { version state } } } }"""


@pytest.fixture
async def api(street: Street) -> GraphQLStreet:
    async with street.pool.acquire() as connection, connection.transaction():
        await load_cases(connection_of(connection), street.ground, street.now, keep_times=True)
    return graphql_of(street)


def identifier(api: GraphQLStreet, number: int) -> str:
    return f"Case:{api.street.county}:{case_id(number)}"


async def ask(api: GraphQLStreet, who: str, document: str, **variables: Any) -> Any:
    return await api.query(staff(api, who), document, **variables)


async def in_force(api: GraphQLStreet) -> str:
    """The id of RULE, proposed, granted and in force."""
    made = await later(
        api, DISPATCHER, "proposeRoutingRule", "routingRule { id state }", reason="商圈油烟归生态环境", **RULE
    )
    await later(api, DEPUTY, "decideRoutingRule", ruleId=made["routingRule"]["id"], granted=True)
    return str(made["routingRule"]["id"])


async def waiting(api: GraphQLStreet, who: str) -> list[str]:
    """Which tasks that are about no case wait for somebody."""
    nodes = (await ask(api, who, "{ viewer { tasks(first: 100) { nodes { action } } } }"))["viewer"]["tasks"]["nodes"]
    return [node["action"] for node in nodes if node["action"] in ("RULE", "ADMISSION")]


async def test_a_proposed_rule_waits_for_a_second_person_of_its_area(api: GraphQLStreet) -> None:
    made = await later(api, CHIEF, "proposeRoutingRule", "routingRule { id }", reason="商圈油烟归生态环境", **RULE)
    assert [await waiting(api, who) for who in (CHIEF, DEPUTY, COUNTY, DISPATCHER)] == [[], ["RULE"], ["RULE"], []]
    await later(api, DEPUTY, "decideRoutingRule", ruleId=made["routingRule"]["id"], granted=True)
    assert await waiting(api, DEPUTY) == await waiting(api, COUNTY) == []
    county_wide = RULE | {"code": "R-0202", "areaCode": None, "sort": 16}
    await later(api, COUNTY, "proposeRoutingRule", reason="全区统一", **county_wide)
    assert await waiting(api, DEPUTY) == await waiting(api, COUNTY) == []


async def test_a_dry_run_shows_what_last_months_cases_would_have_got(api: GraphQLStreet) -> None:
    """Cases 23 to 25 are the fumes of the business quarter; nothing is written (issue, Routing rules)."""
    found = (await ask(api, DISPATCHER, DRY_RUN, rule=RULE))["dryRunRoutingRule"]
    assert sorted(change["number"][-4:] for change in found["changes"]) == ["0023", "0024", "0025"]
    assert (found["leads"], found["coOrganizations"], found["limits"], found["cut"], found["faults"]) == (
        3,
        3,
        3,
        False,
        [],
    )
    assert 15 < found["examined"] < 27
    assert found["changes"][0]["before"] == {"ruleCode": "C-0201", "ruleVersion": 1, "leadOrganizationCode": "CG"}
    assert found["changes"][0]["after"] == {
        "ruleCode": "R-0201", "ruleVersion": None, "leadOrganizationCode": "HB", "coOrganizationCodes": ["CG"],
        "limitUnit": "WORKING_DAY", "limitAmount": 3,
    }  # fmt: skip
    assert await api.street.pool.fetchval("SELECT count(*) FROM routing_rule WHERE code = 'R-0201'") == 0
    bad = (await ask(api, DISPATCHER, DRY_RUN, rule={**RULE, "keywords": ["油烟\0"], "sort": 9999}))[
        "dryRunRoutingRule"
    ]
    assert ([fault["path"] for fault in bad["faults"]], bad["examined"]) == (["keywords.0"], 0)
    shadowed = (await ask(api, DISPATCHER, DRY_RUN, rule={**RULE, "sort": 9999}))["dryRunRoutingRule"]
    assert [fault["path"] for fault in shadowed["faults"]] == ["sort"]
    assert "C-0201" in shadowed["faults"][0]["message"]
    for who in ("CG", "周示岚", "P014"):
        assert (await ask(api, who, DRY_RUN, rule=RULE))["dryRunRoutingRule"] is None


async def test_a_dry_run_says_when_it_was_cut_and_tries_a_retirement(api: GraphQLStreet) -> None:
    rule = await in_force(api)
    retired = await later(
        api, DISPATCHER, "retireRoutingRule", "routingRule { id retires }", ruleId=rule, reason="试行结束"
    )
    found = (await ask(api, DEPUTY, DRY_RUN, proposal=retired["routingRule"]["id"]))["dryRunRoutingRule"]
    assert {change["before"]["ruleCode"] for change in found["changes"]} == {"R-0201"}
    assert {change["after"]["ruleCode"] for change in found["changes"]} == {"C-0201"}
    rulebook = api.street.ground.rulebook
    few = msgspec.structs.replace(rulebook.routing, dry_run_cases=2)
    api.street.ground = replace(api.street.ground, rulebook=msgspec.structs.replace(rulebook, routing=few))
    cut = (await ask(api, DEPUTY, DRY_RUN, proposal=retired["routingRule"]["id"]))["dryRunRoutingRule"]
    assert (cut["examined"], cut["cut"]) == (2, True)


async def test_a_case_is_explained_by_the_rules_of_any_time(api: GraphQLStreet) -> None:
    before = api.street.now
    await in_force(api)
    now = (await ask(api, DISPATCHER, EXPLAIN, case=identifier(api, 23)))["explainRouting"]
    assert (now["lead"]["code"], now["coOrganizationCodes"]) == ("HB", ["CG"])
    assert [(v["code"], v["version"]) for v in now["verdicts"] if v["chosen"]] == [("R-0201", 1)]
    then = (await ask(api, DISPATCHER, EXPLAIN, case=identifier(api, 23), at=before.isoformat()))["explainRouting"]
    assert (then["at"][:19], then["lead"]["code"]) == (before.isoformat()[:19], "CG")
    assert "R-0201" not in {v["code"] for v in then["verdicts"]}
    for at in ("2999-01-01T00:00:00+08:00", "2026-11-20T10:00:00"):
        outcome = await refused(api, EXPLAIN, case=identifier(api, 23), at=at)
        assert outcome == "INVALID_INPUT"


async def refused(api: GraphQLStreet, document: str, **variables: Any) -> str:
    outcome = await service().execute(document, api.context(staff(api, DISPATCHER)), variables)
    [error] = outcome.errors
    return str((error.extensions or {}).get("code"))


async def test_the_demonstration_streets_cases_get_whom_the_catalogue_proposed(api: GraphQLStreet) -> None:
    leads = {}
    for number in range(1, 28):
        found = (await ask(api, DISPATCHER, EXPLAIN, case=identifier(api, number)))["explainRouting"]
        leads[number] = found["lead"] and found["lead"]["code"]
    assert [leads[number] for number in (1, 3, 6, 8, 9, 12, 13, 14, 15, 18, 20, 21, 23)] == [
        "CG", "XF", "ZJ", "CG", "ZJ", "CG", "CG", "PS", "ZJ", "SC", "GA", "CL", "CG",
    ]  # fmt: skip


async def test_staff_see_every_version_with_who_when_and_why(api: GraphQLStreet) -> None:
    rule = await in_force(api)
    ending = await later(api, DISPATCHER, "retireRoutingRule", "routingRule { id }", ruleId=rule, reason="试行结束")
    await later(api, CHIEF, "decideRoutingRule", ruleId=ending["routingRule"]["id"], granted=True, text="同意停用")
    by_department = (await ask(api, "CG", RULES, filter={"code": "R-0201"}))["routingRules"]["nodes"]
    assert [(one["version"], one["reason"]) for one in by_department] == [
        (2, None),
        (1, None),
    ]  # a ruling's text is the street's
    found = (await ask(api, DISPATCHER, RULES, filter={"code": "R-0201"}))["routingRules"]["nodes"]
    assert [(one["version"], one["state"], one["retires"], one["reason"], one["decidedBy"]["name"]) for one in found] == [
        (2, "RETIRED", True, "试行结束", CHIEF), (1, "SUPERSEDED", False, "商圈油烟归生态环境", DEPUTY),
    ]  # fmt: skip
    assert found[1]["inForceUntil"] is not None
    assert found[0]["versions"] == [{"version": 1, "state": "SUPERSEDED"}, {"version": 2, "state": "RETIRED"}]
    catalogue = (await ask(api, DISPATCHER, RULES, filter={"states": ["IN_FORCE"]}))["routingRules"]["nodes"]
    assert [one["code"] for one in catalogue][:3] == ["C-1301", "C-1302", "C-1303"]
    earlier = (api.street.now - timedelta(minutes=6)).isoformat()
    assert "R-0201" in {
        one["code"]
        for one in (await ask(api, DISPATCHER, RULES, filter={"inForceAt": earlier}))["routingRules"]["nodes"]
    }
    assert (await ask(api, "P014", RULES))["routingRules"]["nodes"] == []


async def test_refusals_of_rules_are_typed(api: GraphQLStreet) -> None:
    bad = {**RULE, "keywords": [" "], "timeFrom": "22:00:00", "timeTo": "22:00:00", "componentCode": "1"}
    answer = await api.act(staff(api, DISPATCHER), "proposeRoutingRule", reason=" ", **RULE)
    assert [fault["path"] for fault in answer["faults"]] == ["reason"]
    answer = await api.act(staff(api, DISPATCHER), "proposeRoutingRule", reason="理由", **bad)
    assert {fault["path"] for fault in answer["faults"]} == {"keywords.0", "timeTo", "componentCode"}
    made = await later(api, DEPUTY, "proposeRoutingRule", "routingRule { id }", reason="理由", **RULE)
    key = made["routingRule"]["id"]
    assert (await api.act(staff(api, DEPUTY), "decideRoutingRule", ruleId=key, granted=True))[
        "__typename"
    ] == "NotPermitted"
    assert (await api.act(staff(api, DISPATCHER), "retireRoutingRule", ruleId=key, reason="停"))["state"] == "PROPOSED"
    objection = f"DispatchObjection:{api.street.county}:{made['routingRule']['id'].rsplit(':', 1)[1]}"
    content = {name: value for name, value in RULE.items() if name != "leadOrganizationCode"}
    answer = await api.act(staff(api, DISPATCHER), "proposeRuleFromRuling", objectionId=objection, **content)
    assert answer["what"] == "DispatchObjection"


async def test_duty_lists_and_admissions_are_kept_and_read(api: GraphQLStreet) -> None:
    item = {
        "code": "D-90",
        "listKind": "BASIC",
        "holderLevel": "COMMUNITY",
        "name": "劝导占道",
        "legalBasis": "第90项",
        "categoryCode": "A13",
    }
    made = await later(api, COUNTY, "defineDutyItem", "dutyListItem { code definedBy { name } validTo }", **item)
    assert made["dutyListItem"] == {"code": "D-90", "definedBy": {"name": COUNTY}, "validTo": None}
    ended = await later(api, COUNTY, "endDutyItem", "dutyListItem { validTo endReason }", code="D-90", reason="修订")
    assert ended["dutyListItem"] == {"validTo": "2026-11-20", "endReason": "修订"}
    query = '{ dutyListItems(level: COMMUNITY, category: "A13", valid: true) { code } }'
    assert (await ask(api, "P014", query))["dutyListItems"] == [{"code": "D-90"}]
    asked = {
        "organizationCode": "CG", "name": "劝导", "categoryCode": "A13", "content": "协助张贴告知书", "legalBasis": "第8条",
        "communityCodes": ["990101001001"], "validTo": "2026-12-31",
    }  # fmt: skip
    request = await later(api, "CG", "requestCommunityAdmission", "communityAdmission { id state valid }", **asked)
    listed = (
        "{ communityAdmissions { nodes { state valid organization { code } street { name } decidedBy { name } } } }"
    )
    seen = {
        who: len((await ask(api, who, listed))["communityAdmissions"]["nodes"])
        for who in ("CG", "JJ", DISPATCHER, "尤示宁", "P014")
    }
    assert seen == {"CG": 1, "JJ": 0, DISPATCHER: 1, "尤示宁": 0, "P014": 0}
    assert await waiting(api, CHIEF) == ["ADMISSION"]
    assert await waiting(api, COUNTY) == await waiting(api, DISPATCHER) == []
    key = request["communityAdmission"]["id"]
    decided = await later(
        api, DEPUTY, "decideCommunityAdmission", "communityAdmission { state valid }", admissionId=key, granted=True
    )
    assert decided["communityAdmission"] == {"state": "GRANTED", "valid": True}
    assert len((await ask(api, "尤示宁", listed))["communityAdmissions"]["nodes"]) == 1
