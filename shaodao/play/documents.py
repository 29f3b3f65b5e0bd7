"""The mutations that the stories take their steps with, as any client would write them."""

_PROBLEM = "... on Problem { code message } ... on InvalidInput { faults { path message } }"
_PAYLOADS = {
    "CasePayload": "cursor outcome { caseNumber caseState } case { id number }",
    "WhistlePayload": "cursor outcome { caseState whistleState } whistle { id number assignments { id organization { code } } }",
    "AssignmentPayload": "cursor outcome { caseState whistleState assignmentState }",
    "EmergencyPayload": (
        "cursor outcome { caseNumber caseState whistleState } case { id number } "
        "whistle { id number assignments { id organization { code } } } "
        "emergencyLine calls { organization { code name } dutyPhone }"
    ),
    "DemoClockPayload": "cursor: serverTime",
}
_WHISTLES = frozenset(
    {
        "draftWhistle", "submitWhistle", "approveWhistle", "confirmWhistle", "closeWhistle", "rateDepartment", "judgeWhistle",
    }
)  # fmt: skip
_CASES = frozenset(
    {
        "registerCase", "acceptCase", "classifyCase", "settleCaseAtOnce", "reportCaseUp", "dispatchCase", "closeCase",
        "recordFollowUp", "rateResult",
    }
)  # fmt: skip


def mutation(name: str) -> str:
    """The document of a mutation by its name: one field over ``$input``, with the problems it may answer."""
    payload = payload_of(name)
    argument = f"{name[0].upper()}{name[1:]}Input!"
    return (
        f"mutation Step($input: {argument}) {{ {name}(input: $input) "
        f"{{ __typename ... on {payload} {{ {_PAYLOADS[payload]} }} {_PROBLEM} }} }}"
    )


def payload_of(name: str) -> str:
    """The payload type of a mutation."""
    if name in _CASES:
        return "CasePayload"
    if name in _WHISTLES:
        return "WhistlePayload"
    return {"blowEmergencyWhistle": "EmergencyPayload", "moveDemoClock": "DemoClockPayload"}.get(
        name, "AssignmentPayload"
    )


ASSIGNMENTS = """
query Assignments($id: ID!) {
  node(id: $id) { ... on Case { state assignments {
    id state organization { code } late { acknowledge arrive }
    questions { id answeredAt }
  } } }
}
"""
"""How the assignments of a case stand."""
