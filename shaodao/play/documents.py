"""The mutations that the stories take their steps with, as any client would write them."""

from typing import Literal

Target = Literal["case", "whistle", "assignment", "promise", "meeting", "campaign"]
"""What an input names by the field ``<target>Id``."""

_PROBLEM = "... on Problem { code message } ... on InvalidInput { faults { path message } }"
_OUTCOME = "cursor outcome { caseNumber caseState whistleState assignmentState }"
_SAID = "history(first: 3) { nodes { type text } }"
_WHISTLE = "whistle { id number assignments { id organization { code } } }"
_CASE = f"case {{ id number {_SAID} }}"
_CALLED = f"case {{ id number {_SAID} assignments {{ id organization {{ code }} }} }}"
_PAYLOADS = {
    "CasePayload": f"{_OUTCOME} {_CALLED}",
    "WhistlePayload": f"{_OUTCOME} {_CASE} {_WHISTLE}",
    "AssignmentPayload": f"{_OUTCOME} {_CASE}",
    "EmergencyPayload": f"{_OUTCOME} {_CASE} {_WHISTLE} emergencyLine calls {{ organization {{ code name }} dutyPhone }}",
    "ObjectionPayload": f"{_OUTCOME} {_CALLED}",
    "PromisePayload": f"{_OUTCOME} {_CASE} promise {{ id }}",
    "MeetingPayload": f"{_OUTCOME} {_CASE} meeting {{ id }}",
    "CampaignPayload": f"{_OUTCOME} {_CASE} campaign {{ id }}",
    "DemoClockPayload": "cursor: serverTime",
}
_NAMES = {
    "CasePayload": (
        "registerCase", "acceptCase", "classifyCase", "refuseCase", "settleCaseAtOnce", "reportCaseUp", "dispatchCase",
        "closeCase", "recordFollowUp", "reviewFollowUp", "rateResult", "appointAgent", "requestExtension", "decideExtension",
        "suspendCase", "mergeCase", "archiveCase", "raiseLevel", "recordCommunication",
    ),
    "WhistlePayload": (
        "draftWhistle", "submitWhistle", "approveWhistle", "confirmWhistle", "closeWhistle", "withdrawWhistle",
        "rateDepartment", "judgeWhistle",
    ),
    "EmergencyPayload": ("blowEmergencyWhistle", "blowDraftedEmergency"),
    "ObjectionPayload": ("raiseObjection", "decideObjection"),
    "PromisePayload": ("makePromise", "publishPromise", "settlePromise", "scorePromise"),
    "MeetingPayload": ("putOnAgenda", "recordMeetingDecision"),
    "CampaignPayload": ("growCampaign", "recordCampaignCounts", "endCampaign"),
    "DemoClockPayload": ("moveDemoClock",),
}  # fmt: skip
_TARGETS: dict[str, Target] = {
    "CasePayload": "case", "WhistlePayload": "whistle", "EmergencyPayload": "whistle", "AssignmentPayload": "assignment",
    "ObjectionPayload": "assignment", "PromisePayload": "promise", "MeetingPayload": "meeting", "CampaignPayload": "campaign",
}  # fmt: skip
_BEGINNING = frozenset({"draftWhistle", "makePromise", "putOnAgenda", "growCampaign", "blowEmergencyWhistle"})
"""What makes a new thing for a case, and therefore names the case."""


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
    return next((payload for payload, names in _NAMES.items() if name in names), "AssignmentPayload")


def target_of(name: str) -> Target | None:
    """What the mutation's input names; None for one that begins a case."""
    if name == "registerCase":
        return None
    return "case" if name in _BEGINNING else _TARGETS[payload_of(name)]


ASSIGNMENTS = """
query Assignments($id: ID!) {
  node(id: $id) { ... on Case { state assignments {
    id state organization { code } late { acknowledge arrive }
    questions { id answeredAt }
  } } }
}
"""
"""How the assignments of a case stand."""
