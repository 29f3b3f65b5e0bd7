"""What the benchmark of writing does, step by step, as the clients of a street would."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from bench.connections import Connection, Json, RefusedByServer

SCENE: Json = {"longitude": 122.903, "latitude": 28.221, "crs": "CGCS2000"}
_CASE: Json = {
    "kind": "COMPLAINT", "channel": "HOTLINE", "title": "望海里周边5辆僵尸车长期占道",
    "description": "2辆小轿车、3辆摩托车长期停放在望海里9幢外人行道，妨碍通行。", "categoryCode": "A13", "point": SCENE,
    "address": "望海里9幢外",
}  # fmt: skip
_WHISTLE: Json = {
    "kind": "JOINT_ENFORCEMENT", "reasonKind": "NO_POWER", "reason": "街道无拖移执法权",
    "selfEffort": "社区三次上门劝导，贴告知书。", "dutyBasis": "城市市容和环境卫生管理条例",
}  # fmt: skip
_PROBLEM = "... on Problem { code message } ... on InvalidInput { faults { path message } }"
_REGISTERED = ("CasePayload", "case { id number state }")
_WHISTLED = ("WhistlePayload", "whistle { id state }")
_BLOWN = ("WhistlePayload", "whistle { id state assignments { id organization { code } } }")
_STEPPED = ("AssignmentPayload", "outcome { assignmentState }")


class Steps:
    """Steps against this server by its people's tokens: the dispatcher's, a leader's, and each called organization's."""

    def __init__(self, dispatcher: str, leader: str, handlers: Mapping[str, str]) -> None:
        self._dispatcher, self._leader = dispatcher, leader
        self._handlers = handlers

    MUTATIONS: ClassVar[int] = 14
    """Of a whole whistle: register, accept, draft, submit, approve, and of three organizations acknowledge, arrive and report."""

    async def register(self, connection: Connection) -> None:
        """A caller's complaint is registered."""
        await self._registered(connection)

    async def register_bare(self, connection: Connection) -> None:
        """The same for the floor, an insert for each table."""
        await self._bare(connection, "/register")

    async def register_at_once(self, connection: Connection) -> None:
        """The same for the floor of one statement."""
        await self._bare(connection, "/register-at-once")

    async def whistle(self, connection: Connection) -> None:
        """A whistle from the case's registration to the third organization's report."""
        case_id = await self._registered(connection)
        await _mutate(connection, self._dispatcher, "acceptCase", _REGISTERED, caseId=case_id)
        called = list(self._handlers)
        parties = [{"organizationCode": code, "role": "CO" if number else "LEAD"} for number, code in enumerate(called)]
        drafted = await _mutate(
            connection, self._dispatcher, "draftWhistle", _WHISTLED, caseId=case_id, parties=parties, **_WHISTLE
        )
        whistle_id = drafted["whistle"]["id"]
        await _mutate(connection, self._dispatcher, "submitWhistle", _WHISTLED, whistleId=whistle_id)
        blown = await _mutate(connection, self._leader, "approveWhistle", _BLOWN, whistleId=whistle_id, text="同意")
        for assignment in blown["whistle"]["assignments"]:
            await self._answered(connection, assignment["organization"]["code"], assignment["id"])

    async def _bare(self, connection: Connection, path: str) -> None:
        answer = await connection.post(path, self._dispatcher, {"idempotencyKey": str(uuid4()), **_case()})
        if "number" not in answer:
            raise RefusedByServer(str(answer))

    async def _registered(self, connection: Connection) -> str:
        answer = await _mutate(connection, self._dispatcher, "registerCase", _REGISTERED, **_case())
        return str(answer["case"]["id"])

    async def _answered(self, connection: Connection, organization: str, assignment: str) -> None:
        token, now = self._handlers[organization], datetime.now(UTC)
        await _mutate(connection, token, "acknowledgeAssignment", _STEPPED, assignmentId=assignment, persons=["甲示一"])
        await _mutate(connection, token, "arriveAtScene", _STEPPED, assignmentId=assignment, point=SCENE)
        await _mutate(
            connection, token, "reportResult", _STEPPED, assignmentId=assignment, acceptedAt=now.isoformat(),
            talkedWith="社区书记、车主", measures="联系车主驶离3辆，拖移2辆", solveBy=(now + timedelta(days=1)).isoformat(),
            result="SOLVED",
        )  # fmt: skip


def _case() -> Json:
    """A case of a reporter of its own: nobody tells thousands of them."""
    return {**_CASE, "reporter": {"name": "沈例宽", "phone": f"100{secrets.randbelow(10**8):08d}"}}


async def _mutate(connection: Connection, token: str, name: str, payload: tuple[str, str], **given: Any) -> Json:
    """The payload of a mutation that must succeed. Raises RefusedByServer."""
    type_, selection = payload
    document = (
        f"mutation Step($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) "
        f"{{ __typename ... on {type_} {{ {selection} }} {_PROBLEM} }} }}"
    )
    variables = {"input": {"idempotencyKey": str(uuid4()), **given}}
    answer = await connection.post("/graphql", token, {"query": document, "variables": variables})
    if answer.get("errors") or answer["data"][name]["__typename"] != type_:
        raise RefusedByServer(f"{name}: {answer}")
    result: Json = answer["data"][name]
    return result
