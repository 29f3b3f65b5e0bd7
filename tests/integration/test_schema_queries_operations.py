"""The operations of docs/operations: each is complete, valid, and runs as the person it proposes."""

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from api.operations import OperationFile, OperationFileError, demo_operations, operation_files
from shaodao.domain.permissions import Viewer
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street

FILES = {file.name: file for file in operation_files()}


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


def person(desk: Desk, file: OperationFile) -> Viewer:
    """The viewer whom the file proposes."""
    [name] = [staff.name for staff in desk.street.data.staff if staff.login == file.login]
    return desk.street.viewer(name)


async def run(desk: Desk, name: str, **changes: Any) -> Any:
    file = FILES[name]
    variables = {**file.variables, **changes}
    return await desk.ask(file.document, person(desk, file), **variables)


def test_there_are_ten_and_each_has_one_named_operation() -> None:
    names = []
    for file in FILES.values():
        [operation] = [node for node in parse(file.document).definitions if isinstance(node, OperationDefinitionNode)]
        assert operation.name is not None
        names.append(operation.name.value)
    assert len(names) == len(set(names)) == 10


def test_the_tabs_know_their_tokens() -> None:
    tabs = demo_operations(["zhang.shiyuan", "lyu.shiheng"])
    assert [(tab.name, tab.token) for tab in tabs[:4]] == [("board", 1), ("case", 1), ("caller", 1), ("register", None)]


def test_a_file_without_a_title_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.graphql").write_text("# login: a\nquery X { serverTime }")
    with pytest.raises(OperationFileError, match=r"x\.graphql: the line `# title"):
        operation_files(tmp_path)


@pytest.mark.parametrize("name", sorted(FILES))
async def test_each_is_valid(desk: Desk, name: str) -> None:
    desk.service.document(FILES[name].document)


async def test_the_board_shows_what_is_open_and_for_whom_it_waits(desk: Desk) -> None:
    found = await run(desk, "board")
    titles = [row["title"] for row in found["cases"]["nodes"]]
    assert "南槐路路面塌陷" in titles
    assert all(row["waitingOn"]["organization"] for row in found["cases"]["nodes"] if row["state"] != "SUSPENDED")
    assert found["feedCursor"].count(".") == 2


async def test_the_case_shows_its_history_and_actions(desk: Desk) -> None:
    found = (await run(desk, "case"))["node"]
    assert found["title"] == "南槐路路面塌陷"
    assert found["history"]["nodes"][-1]["seq"] == 1
    assert "addDepartment" in {action["name"] for action in found["whistles"][0]["availableActions"]}


async def test_the_caller_is_found_by_phone_and_stays_masked(desk: Desk) -> None:
    found = await run(desk, "caller")
    assert [row["phone"] for row in found["people"]["nodes"]] == ["100****0014"]
    assert [row["title"] for row in found["cases"]["nodes"]] == ["望海里周边5辆僵尸车长期占道"]
    assert "10000010014" not in json.dumps(found)


async def test_the_route_says_why(desk: Desk) -> None:
    found = (await run(desk, "route"))["explainRouting"]
    assert found["lead"]["code"] == "ZJ"
    assert [verdict["chosen"] for verdict in found["verdicts"]].count(True) == 1


async def test_the_hand_over_tells_what_waits(desk: Desk) -> None:
    found = await run(desk, "shift-hand-over")
    assert found["viewer"]["tasks"]["totalCount"] == len(found["viewer"]["tasks"]["nodes"]) > 0
    assert [row["kind"] for row in found["inTheField"]["nodes"]] == ["EMERGENCY", "JOINT_ENFORCEMENT"]


async def test_a_case_is_registered_once(desk: Desk) -> None:
    first = (await run(desk, "register"))["registerCase"]
    again = (await run(desk, "register"))["registerCase"]
    assert first["case"]["grid"]["name"] == "听涛第一网格(望海里)"
    assert (first["outcome"]["repeated"], again["outcome"]["repeated"]) == (False, True)
    assert first["case"]["id"] == again["case"]["id"]


async def test_an_emergency_is_blown_and_says_whom_to_phone(desk: Desk) -> None:
    found = (await run(desk, "emergency"))["blowEmergencyWhistle"]
    assert found["__typename"] == "EmergencyPayload"
    assert found["whistle"]["state"] == "BLOWN"
    assert all(call["dutyPhone"] for call in found["calls"])


async def test_what_was_approved_is_refused_with_what_is_allowed(desk: Desk) -> None:
    found = (await run(desk, "approve"))["approveWhistle"]
    assert found["__typename"] == "StateConflict"
    assert "addDepartment" in {action["name"] for action in found["allowed"]}


async def test_a_department_is_added(desk: Desk) -> None:
    found = (await run(desk, "add-department"))["addDepartment"]
    assert found["__typename"] == "WhistlePayload"
    assert "WJ" in {row["organization"]["code"] for row in found["whistle"]["assignments"]}


DRAFT = """
mutation ($caseId: ID!) {
  draftWhistle(input: {
    caseId: $caseId, idempotencyKey: "draft", kind: ROUTINE, reasonKind: NO_POWER, reason: "街道无执法权",
    selfEffort: "已上门劝阻两次", dutyBasis: "城乡规划法第六十八条", parties: [{ organizationCode: "CG", role: LEAD }]
  }) { __typename ... on WhistlePayload { whistle { id } } ... on Problem { message } }
}
"""
SUBMIT = """
mutation ($id: ID!) { submitWhistle(input: { whistleId: $id, idempotencyKey: "submit" }) { __typename } }
"""


async def test_a_submitted_whistle_is_approved_and_calls_its_departments(desk: Desk) -> None:
    drafted = (await desk.ask(DRAFT, caseId=desk.case(12)))["draftWhistle"]
    whistle = drafted["whistle"]["id"]
    assert (await desk.ask(SUBMIT, id=whistle))["submitWhistle"]["__typename"] == "WhistlePayload"
    found = (await run(desk, "approve", whistleId=whistle))["approveWhistle"]
    assert found["whistle"]["state"] == "BLOWN"
    assert [row["organization"]["name"] for row in found["whistle"]["assignments"]] == [
        "临澜区综合行政执法局(城管)望潮中队"
    ]
