"""Steps of the car story (demonstration case 1) through the schema, as the tests of mutations and subscriptions share them."""

from datetime import timedelta
from typing import Any

from shaodao.domain.permissions import Viewer
from tests.integration.graphql_street import GraphQLStreet, Json

DISPATCHER, DEPUTY, CHIEF, WORKER = "吕示衡", "张示远", "孔示明", "周示岚"
CALLER, COUNTY = "毛示访", "曹示度"
SCENE = {"longitude": 122.903, "latitude": 28.221, "crs": "CGCS2000"}
CAR: Json = {
    "kind": "COMPLAINT",
    "channel": "HOTLINE",
    "title": "望海里周边5辆僵尸车长期占道",
    "description": "2辆小轿车、3辆摩托车长期停放在望海里9幢外人行道。",
    "categoryCode": "A13",
    "point": SCENE,
    "address": "望海里9幢外",
    "reporter": {"name": "沈例宽", "phone": "100-0001-0014"},
}
WHISTLE: Json = {
    "kind": "JOINT_ENFORCEMENT",
    "reasonKind": "NO_POWER",
    "reason": "街道无拖移执法权",
    "parties": [{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "JJ", "role": "CO"}],
    "selfEffort": "社区三次上门劝导，贴告知书。",
    "dutyBasis": "城市市容和环境卫生管理条例",
}


def staff(api: GraphQLStreet, who: str) -> Viewer:
    """A member of staff by name, an organization's handler by its code, a resident by number."""
    if who.startswith("P0"):
        return api.street.resident(who)
    return api.street.department_viewer(who) if who.isascii() else api.street.viewer(who)


async def later(api: GraphQLStreet, who: str, mutation: str, selection: str = "", **given: Any) -> Json:
    """An action that must succeed, some minutes after the last one."""
    api.street.now += timedelta(minutes=5)
    return await api.done(staff(api, who), mutation, selection, **given)


async def registered(api: GraphQLStreet, **changes: Any) -> str:
    """The id of a case at the scene."""
    return str((await later(api, DISPATCHER, "registerCase", "case { id }", **CAR | changes))["case"]["id"])


async def accepted(api: GraphQLStreet, **changes: Any) -> str:
    """The id of a case that may be whistled for."""
    case_id = await registered(api, **changes)
    await later(api, DISPATCHER, "acceptCase", caseId=case_id)
    return case_id


async def pending(api: GraphQLStreet, case_id: str) -> str:
    """The id of a whistle on the case that waits for approval."""
    drafted = await later(api, DISPATCHER, "draftWhistle", "whistle { id }", caseId=case_id, **WHISTLE)
    whistle_id = str(drafted["whistle"]["id"])
    await later(api, DISPATCHER, "submitWhistle", whistleId=whistle_id)
    return whistle_id


async def blown(api: GraphQLStreet, case_id: str) -> tuple[str, dict[str, str]]:
    """The id of a blown whistle on the case, and its assignments' ids by organization."""
    whistle_id = await pending(api, case_id)
    selection = "whistle { assignments { id organization { code } } }"
    answer = await later(api, DEPUTY, "approveWhistle", selection, whistleId=whistle_id, text="同意")
    return whistle_id, {each["organization"]["code"]: each["id"] for each in answer["whistle"]["assignments"]}


def report(api: GraphQLStreet) -> Json:
    """The four elements of a report, made now."""
    return {
        "acceptedAt": api.street.now.isoformat(),
        "talkedWith": "社区书记、车主",
        "measures": "联系车主驶离3辆，拖移2辆",
        "solveBy": (api.street.now + timedelta(days=1)).isoformat(),
        "result": "SOLVED",
    }


async def reported(api: GraphQLStreet, organization: str, assignment_id: str) -> None:
    """The organization acknowledges, arrives and reports."""
    await later(api, organization, "acknowledgeAssignment", assignmentId=assignment_id, persons=["甲示一"])
    await later(api, organization, "arriveAtScene", assignmentId=assignment_id, point=SCENE)
    await later(api, organization, "reportResult", assignmentId=assignment_id, **report(api))
