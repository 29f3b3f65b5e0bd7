"""Whistle quality through the API: the list, a department's own draft, ratings disputed, 双考核 (B.1, C.2.3, C.4, C.7, C.8)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shaodao.commands import evaluations, whistle_closing
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.evaluations import Scores
from shaodao.domain.vocabulary import CloseKind, WhistleKind
from tests.integration.conftest import Street
from tests.integration.graphql_steps import CHIEF, COUNTY, DEPUTY, DISPATCHER, accepted, staff
from tests.integration.graphql_street import GraphQLStreet, Json, graphql_of
from tests.integration.test_commands_whistles_kinds import dispatched, other_street
from tests.integration.whistle_steps import CO, all_verified, blown, blown_on, do, drafted

RATINGS = """
query ($id: ID!) { node(id: $id) { ... on Whistle {
    evaluations {
        id organization { code } score correctedScore proper completenessScore timelinessScore
        objectedBy { name } objectionText objectionDecision objectionDecidedBy { name }
    }
    availableActions { name allowed }
} } }
"""
SUMMARY = """
query ($from: Date!, $to: Date!) { evaluationSummary(from: $from, to: $to) {
    departments { organization { name } ratings reportIn { value } mean { numerator denominator value } }
    streets { street { name } judged fitness { numerator denominator value } completeness { denominator value } }
} }
"""


def named(street: Street, name: str, identifier: UUID) -> str:
    """A global id."""
    return f"{name}:{street.county}:{identifier}"


async def test_the_list_tells_what_fits_a_case_and_fills_in_a_draft(street: Street) -> None:
    """B.1 吹哨事项清单."""
    api = graphql_of(street)
    dispatcher, case = staff(api, DISPATCHER), await accepted(api)
    fitting = "query ($case: ID!) { whistleListItems(case: $case) { code kind leadOrganization { code } coOrganizationCodes } }"
    items = (await api.query(dispatcher, fitting, case=case))["whistleListItems"]
    assert [item["code"] for item in items] == ["WL-A13-01", "WL-A13-02", "WL-A13-03"]
    assert items[0] == {
        "code": "WL-A13-01", "kind": "JOINT_ENFORCEMENT", "leadOrganization": {"code": "CG"}, "coOrganizationCodes": ["JJ"],
    }  # fmt: skip
    emergencies = "{ whistleListItems(kinds: [EMERGENCY]) { code } }"
    assert len((await api.query(dispatcher, emergencies))["whistleListItems"]) == 3
    assert (await api.query(street.resident("P014"), emergencies))["whistleListItems"] == []
    shown = "whistle { offList listItem { code legalBasis } dutyBasis parties { organization { code } role } }"
    short = {"kind": "JOINT_ENFORCEMENT", "selfEffort": "三次上门劝导。", "listItemCode": "WL-A13-01"}
    whistle = (await api.done(dispatcher, "draftWhistle", shown, caseId=case, **short))["whistle"]
    assert (whistle["offList"], whistle["listItem"]["code"]) == (False, "WL-A13-01")
    assert whistle["dutyBasis"] == whistle["listItem"]["legalBasis"]
    assert [party["organization"]["code"] for party in whistle["parties"]] == ["CG", "JJ"]
    beside = {**short, "reasonKind": "NO_POWER", "reason": "清单外事项", "dutyBasis": "管理条例"} | {
        "listItemCode": None
    }
    parties = [{"organizationCode": "SC", "role": "LEAD"}]
    whistle = (await api.done(dispatcher, "draftWhistle", shown, caseId=case, **beside, parties=parties))["whistle"]
    assert (whistle["offList"], whistle["listItem"]) == (True, None)
    flagged = "{ whistles(filter: {offList: true}) { nodes { listItem { code } } } }"
    assert len((await api.query(staff(api, CHIEF), flagged))["whistles"]["nodes"]) == 1
    problem = await api.act(dispatcher, "draftWhistle", caseId=case, **{**short, "listItemCode": "没有"})
    assert problem["faults"][0]["path"] == "listItemCode"


async def test_a_department_reads_its_own_draft(street: Street) -> None:
    """C.7: what the street wrote into its whistle is not for departments, their own 部门哨 is."""
    api = graphql_of(street)
    case_id = await dispatched(street)
    own = await drafted(street, case_id, "JJ", kind=WhistleKind.DEPARTMENT, parties=[PartyInput("SC", CO)])
    streets = await drafted(street, case_id)
    document = "query ($id: ID!) { node(id: $id) { ... on Whistle { selfEffort draftedFor { code } } } }"
    seen = {
        (who, whistle): (await api.query(staff(api, who), document, id=named(street, "Whistle", whistle)))["node"][
            "selfEffort"
        ]
        for who in ("JJ", "CG", CHIEF)
        for whistle in (own, streets)
    }
    assert {key for key, effort in seen.items() if effort} == {("JJ", own), (CHIEF, own), (CHIEF, streets)}
    actions = "query ($id: ID!) { node(id: $id) { ... on Case { availableActions { name allowed } } } }"
    told = (await api.query(staff(api, "JJ"), actions, id=named(street, "Case", case_id)))["node"]["availableActions"]
    assert {"name": "draftWhistle", "allowed": True} in told


async def closed(street: Street) -> tuple[UUID, str]:
    case_id, whistle_id = await blown(street)
    await all_verified(street, case_id)
    await do(street, lambda tx: whistle_closing.close(tx, whistle_id, "已清移。", CloseKind.SOLVED))
    await do(street, lambda tx: evaluations.rate_department(tx, whistle_id, "CG", Scores(60, 70, 80)), DEPUTY)
    return whistle_id, named(street, "Whistle", whistle_id)


async def ratings(api: GraphQLStreet, who: str, whistle: str) -> list[Json]:
    node: Json = (await api.query(staff(api, who), RATINGS, id=whistle))["node"]
    evaluations: list[Json] = node["evaluations"]
    return evaluations


async def allowed(api: GraphQLStreet, who: str, whistle: str) -> dict[str, bool]:
    node = (await api.query(staff(api, who), RATINGS, id=whistle))["node"]
    return {action["name"]: action["allowed"] for action in node["availableActions"]}


async def test_a_rating_is_disputed_and_corrected(street: Street) -> None:
    """C.4 evaluate: the department sees its own rating alone; the correction stands beside it."""
    api = graphql_of(street)
    _, whistle = await closed(street)
    judged: dict[str, Any] = {"proper": True, "completeness": 85, "timeliness": 75}
    await api.done(staff(api, COUNTY), "judgeWhistle", whistleId=whistle, **judged)
    [own] = await ratings(api, "CG", whistle)
    assert await ratings(api, "JJ", whistle) == []
    assert (await allowed(api, "CG", whistle))["objectToRating"]
    assert not (await allowed(api, COUNTY, whistle))["decideRatingObjection"]
    rating = {"whistleId": whistle, "evaluationId": own["id"]}
    malformed = await api.act(
        staff(api, "CG"), "objectToRating", text="有误", whistleId=whistle, evaluationId="Case:1:2"
    )
    assert malformed["code"] == "INVALID_INPUT"
    await api.done(staff(api, "CG"), "objectToRating", text="到场时限计算有误", **rating)
    assert (await api.act(staff(api, "CG"), "objectToRating", text="再次", **rating))["code"] == "STATE_CONFLICT"
    assert not (await allowed(api, "CG", whistle))["objectToRating"]
    assert (await allowed(api, COUNTY, whistle))["decideRatingObjection"]
    wrong = await api.act(staff(api, COUNTY), "decideRatingObjection", granted=True, text="属实", **rating)
    assert [fault["path"] for fault in wrong["faults"]] == ["scores"]
    better = {"reportIn": 90, "handling": 90, "result": 90}
    await api.done(staff(api, COUNTY), "decideRatingObjection", granted=True, text="属实", scores=better, **rating)
    [corrected] = await ratings(api, "CG", whistle)
    assert (corrected["score"], corrected["correctedScore"], corrected["objectionDecision"]) == (70, 90, "GRANTED")
    assert (corrected["objectedBy"]["name"], corrected["objectionDecidedBy"]["name"]) == ("姜示序", COUNTY)
    found = {one["proper"]: one for one in await ratings(api, CHIEF, whistle)}
    assert (found[True]["completenessScore"], found[True]["timelinessScore"]) == (85, 75)


async def test_the_summary_tells_both_sides_without_ranking(street: Street) -> None:
    """C.8 双考核, C.9 point 12."""
    api = graphql_of(street)
    await closed(street)
    period = {"from": "2026-11-01", "to": "2026-11-30"}
    for who in (CHIEF, COUNTY):
        summary = (await api.query(staff(api, who), SUMMARY, **period))["evaluationSummary"]
        [department], [own] = summary["departments"], summary["streets"]
        assert department["organization"]["name"].endswith("望潮中队")
        assert department["mean"] == {"numerator": 210, "denominator": 3, "value": 70.0}
        assert department["reportIn"] == {"value": 60.0}
        assert own == {
            "street": {"name": "望潮街道"}, "judged": 0, "fitness": {"numerator": 0, "denominator": 1, "value": 0.0},
            "completeness": {"denominator": 0, "value": None},
        }  # fmt: skip
    assert (await api.query(staff(api, "CG"), SUMMARY, **period))["evaluationSummary"] is None
    before = {"from": "2026-10-01", "to": "2026-10-31"}
    assert (await api.query(staff(api, CHIEF), SUMMARY, **before))["evaluationSummary"] == {
        "departments": [],
        "streets": [],
    }


async def test_a_case_tells_of_the_other_county(street: Street) -> None:
    """C.2.3 跨区联合哨: what the street knows of its partner, and that departments do not."""
    api = graphql_of(street)
    case_id = await dispatched(street)
    partner = await other_street(street)
    await blown_on(
        street,
        case_id,
        kind=WhistleKind.CROSS_AREA,
        partner_street_code=partner,
        assemble_at=street.now + timedelta(days=2),
    )
    link = "direction partnerStreet { name } partnerCaseNumber partnerState"
    document = f"query ($id: ID!) {{ node(id: $id) {{ ... on Case {{ crossAreaLinks {{ {link} }} whistles {{ crossAreaLink {{ id }} partnerStreet {{ code }} }} }} }} }}"  # fmt: skip
    case = named(street, "Case", case_id)
    seen = (await api.query(staff(api, DISPATCHER), document, id=case))["node"]
    [own] = seen["crossAreaLinks"]
    assert own == {
        "direction": "INVITING", "partnerStreet": {"name": "邻示街道"}, "partnerCaseNumber": None, "partnerState": None,
    }  # fmt: skip
    assert seen["whistles"][0]["crossAreaLink"] is not None
    assert (await api.query(staff(api, "CG"), document, id=case))["node"]["crossAreaLinks"] == []
