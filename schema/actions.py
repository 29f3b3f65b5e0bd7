"""availableActions: what the state of a case, a whistle or an assignment knows, named as the mutations are."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from schema.compiler.parameters import Binding
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.facts import AssignmentFacts, CaseFacts, WhistleFacts
from shaodao.domain.machine import Machine
from shaodao.domain.vocabulary import Term
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

StateT = TypeVar("StateT", bound=Term)
FactsT = TypeVar("FactsT", CaseFacts, WhistleFacts, AssignmentFacts)

MUTATIONS: Mapping[str, Mapping[str, str]] = {
    "case": {
        "accept": "acceptCase",
        "refuse": "refuseCase",
        "objectToRefusal": "objectToRefusal",
        "settleAtOnce": "settleCaseAtOnce",
        "reportUp": "reportCaseUp",
        "classify": "classifyCase",
        "dispatch": "dispatchCase",
        "draftWhistle": "draftWhistle",
        "blowEmergencyWhistle": "blowEmergencyWhistle",
        "close": "closeCase",
        "recordFollowUp": "recordFollowUp",
        "rateResult": "rateResult",
        "withdraw": "withdrawCase",
        "appointAgent": "appointAgent",
        "requestExtension": "requestExtension",
        "decideExtension": "decideExtension",
        "shortenDeadline": "shortenDeadline",
        "suspend": "suspendCase",
        "reviewSuspension": "reviewSuspension",
        "resume": "resumeCase",
        "pauseDeadline": "pauseDeadline",
        "resumeDeadline": "resumeDeadline",
        "merge": "mergeCase",
        "unmerge": "unmergeCase",
        "proposeExclusion": "proposeExclusion",
        "decideExclusion": "decideExclusion",
        "reviewFollowUp": "reviewFollowUp",
        "reopen": "reopenCase",
        "archive": "archiveCase",
        "raiseLevel": "raiseLevel",
        "sendDown": "sendDown",
        "transferLegal": "transferToLegalWay",
        "requestVoid": "requestVoid",
        "decideVoid": "decideVoid",
        "setDisclosure": "setDisclosure",
        "recordCommunication": "recordCommunication",
        "putOnAgenda": "putOnAgenda",
        "recordMeetingDecision": "recordMeetingDecision",
        "growCampaign": "growCampaign",
        "joinCampaign": "joinCampaign",
        "makePromise": "makePromise",
        "publishPromise": "publishPromise",
        "settlePromise": "settlePromise",
        "scorePromise": "scorePromise",
    },
    "whistle": {
        "revise": "reviseWhistle",
        "submit": "submitWhistle",
        "approve": "approveWhistle",
        "reject": "rejectWhistle",
        "sendBack": "sendWhistleBack",
        "blowEmergency": "blowDraftedEmergency",
        "confirm": "confirmWhistle",
        "addDepartment": "addDepartment",
        "changeLead": "changeLead",
        "withdraw": "withdrawWhistle",
        "close": "closeWhistle",
        "rateDepartment": "rateDepartment",
        "judge": "judgeWhistle",
        "callJointMeeting": "callJointMeeting",
        "escalate": "escalateWhistle",
        "objectToRating": "objectToRating",
        "decideRatingObjection": "decideRatingObjection",
    },
    "assignment": {
        "acknowledge": "acknowledgeAssignment",
        "read": "readAssignment",
        "arrive": "arriveAtScene",
        "raiseObjection": "raiseObjection",
        "decideObjection": "decideObjection",
        "confirmArrival": "confirmArrival",
        "start": "startHandling",
        "reportProgress": "reportProgress",
        "reportResult": "reportResult",
        "fileFieldCheck": "fileFieldCheck",
        "verify": "verifyReport",
        "returnReport": "returnReport",
        "excuse": "excuseAssignment",
        "ask": "askQuestion",
        "answer": "answerQuestion",
        "release": "releaseAssignment",
    },
}
"""By a machine's name: the mutation that does each action of its table."""


def mutation_name(machine: str, action: str) -> str:
    """The mutation that does an action of the machine. Raises KeyError for an action without one."""
    return MUTATIONS[machine][action]


def case_actions(facts: Any, binding: Binding, _: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the case's state knows, for this viewer."""
    return _available(CASE_MACHINE, facts, CaseFacts, binding)


def whistle_actions(facts: Any, binding: Binding, _: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the whistle's state knows, for this viewer."""
    return _available(WHISTLE_MACHINE, facts, WhistleFacts, binding)


def assignment_actions(facts: Any, binding: Binding, _: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the assignment's state knows, for this viewer."""
    return _available(ASSIGNMENT_MACHINE, facts, AssignmentFacts, binding)


def _available(
    machine: Machine[StateT, FactsT], facts: Any, shape: type[FactsT], binding: Binding
) -> list[dict[str, Any]]:
    known = machine.available(msgspec.convert(facts, shape), binding.viewer)
    return [
        {"name": mutation_name(machine.name, action.name), "allowed": action.allowed, "reason": action.reason}
        for action in known
    ]
