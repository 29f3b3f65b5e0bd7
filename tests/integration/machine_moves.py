"""Every action of the three machines as a move that the random walks can do: the real command with a plausible input."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from shaodao.commands import (
    assignments,
    cases,
    emergencies,
    evaluations,
    follow_ups,
    questions,
    reports,
    verifications,
    whistle_closing,
    whistle_parties,
    whistles,
)
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput
from shaodao.commands.evaluations import Scores
from shaodao.commands.follow_ups import FollowUpInput
from shaodao.commands.reports import ProgressInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.commands.whistle_content import WhistleInput
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.machine import Machine
from shaodao.domain.vocabulary import (
    CaseState,
    Channel,
    CloseKind,
    NotAcceptedReason,
    Role,
    Satisfaction,
    SolvedLevel,
    Urgency,
    VerificationMethod,
    WhistleKind,
)
from shaodao.domain.whistle_machine import WHISTLE_MACHINE
from tests.integration.later_moves import Command, later_moves
from tests.integration.whistle_steps import BASIS, CO, INFORM, LEAD, report_input, whistle_input

INFORMED = "SF"
ORGANIZATIONS = ("CG", "JJ", "GA", "SC")
ACTORS = ("吕示衡", "张示远", "孔示明", "周示岚", "尤示宁", "曹示度", "毛示访", "P014", *ORGANIZATIONS, INFORMED)
DISPATCHED = frozenset({CaseState.ASSIGNED, CaseState.HANDLING, CaseState.SUSPENDED, CaseState.VERIFYING})
INPUT_DECIDES = frozenset(
    {
        "addDepartment", "changeLead", "rateDepartment", "dispatch", "classify", "draftWhistle", "revise", "decideObjection",
        "appointAgent", "sendDown", "shortenDeadline", "joinCampaign", "merge", "recordMeetingDecision", "requestExtension",
    }
)  # fmt: skip
"""Steps that may be refused by their input although the machine allows them."""
COMMAND_DECIDES = frozenset(
    {
        "requestExtension", "decideExtension", "shortenDeadline", "suspend", "pauseDeadline", "raiseObjection", "reopen",
        "reviewFollowUp", "approve", "objectToRating", "decideRatingObjection", "publishPromise", "settlePromise", "scorePromise",
        "setDisclosure", "joinCampaign", "merge", "draftWhistle", "revise", "submit",
    }
)  # fmt: skip
"""Steps whose command looks at more than the machine knows: the time, the rulebook's rounds, a promise's own state."""
ONWARD = (
    ("whistle", "judge"), ("case", "recordFollowUp"), ("case", "rateResult"), ("case", "close"), ("whistle", "close"),
    ("assignment", "verify"), ("assignment", "reportResult"), ("assignment", "arrive"), ("assignment", "start"),
    ("assignment", "acknowledge"), ("assignment", "read"), ("whistle", "approve"), ("whistle", "submit"), ("case", "accept"),
    ("case", "resume"), ("assignment", "decideObjection"), ("case", "draftWhistle"), ("case", "dispatch"),
    ("whistle", "rateDepartment"),
)  # fmt: skip
"""The ordinary way of a case, its end first."""
ON_SITE = VerificationMethod.ON_SITE
MACHINES: dict[str, Machine[Any, Any]] = {
    "case": CASE_MACHINE,
    "whistle": WHISTLE_MACHINE,
    "assignment": ASSIGNMENT_MACHINE,
}


@dataclass(frozen=True)
class Move:
    """A step of one of the machines on one thing, by somebody; ``pick`` chooses where the input leaves a choice."""

    machine: str
    action: str
    target: UUID
    who: str
    pick: int = 0

    def command(self, tx: Transaction) -> Awaitable[Outcome]:
        """The real command."""
        return COMMANDS[self.machine][self.action](tx, self.target, self.pick)


def parties(pick: int) -> list[PartyInput]:
    lead = ORGANIZATIONS[pick % 4]
    others = [PartyInput(ORGANIZATIONS[(pick + 1) % 4], CO)] if pick % 2 else []
    informed = [PartyInput(INFORMED, INFORM)] if pick % 3 == 0 else []
    return [PartyInput(lead, LEAD), *others, *informed]


def one_of(pick: int) -> str:
    return ORGANIZATIONS[pick % 4]


def drafted(tx: Transaction, pick: int) -> WhistleInput:
    """A whistle of a kind that the actor may draft; the pick chooses the kind and the departments."""
    only_a_department = {grant.role for grant in tx.actor.grants} == {Role.DEPT_HANDLER}
    kind = WhistleKind.DEPARTMENT if only_a_department else KINDS[pick % 4]
    assembles = tx.now + timedelta(days=2) if kind is WhistleKind.CAMPAIGN else None
    return whistle_input(kind, parties=parties(pick), remote_allowed=pick % 5 == 0, assemble_at=assembles)


def follow_up(pick: int) -> FollowUpInput:
    """A call; every third reporter is not content."""
    solved, satisfaction = (
        (SolvedLevel.UNSOLVED, Satisfaction.DISSATISFIED)
        if pick % 3 == 0
        else (SolvedLevel.SOLVED, Satisfaction.SATISFIED)
    )
    return FollowUpInput(Channel.HOTLINE, contacted=True, responded=True, solved=solved, satisfaction=satisfaction)


KINDS = (WhistleKind.ROUTINE, WhistleKind.EMERGENCY, WhistleKind.JOINT_ENFORCEMENT, WhistleKind.CAMPAIGN)


LATER = later_moves(ORGANIZATIONS)
COMMANDS: dict[str, dict[str, Command]] = {
    "case": {
        "accept": lambda tx, it, _: cases.accept(tx, it),
        "refuse": lambda tx, it, _: cases.refuse(
            tx, it, reason=NotAcceptedReason.OUT_OF_SCOPE, explanation="不属街道职责"
        ),
        "objectToRefusal": lambda tx, it, _: cases.object_to_refusal(tx, it, text="属街道职责"),
        "settleAtOnce": lambda tx, it, _: cases.settle_at_once(
            tx, it, result_text="已答复", close_kind=CloseKind.ANSWERED
        ),
        "reportUp": lambda tx, it, _: cases.report_up(tx, it, initial_opinion="需部门处置"),
        "classify": lambda tx, it, pick: cases.classify(tx, it, urgency=list(Urgency)[pick % 3], reason="核实后调整"),
        "dispatch": lambda tx, it, pick: cases.dispatch(tx, it, parties=parties(pick), duty_basis=BASIS),
        "draftWhistle": lambda tx, it, pick: whistles.draft(tx, it, drafted(tx, pick)),
        "blowEmergencyWhistle": lambda tx, it, pick: emergencies.blow_emergency(
            tx, it, None, EmergencyInput("情况紧急", parties=parties(pick))
        ),
        "close": lambda tx, it, _: cases.close(tx, it, close_kind=CloseKind.SOLVED, result_text="已解决"),
        "recordFollowUp": lambda tx, it, pick: follow_ups.record_follow_up(tx, it, follow_up(pick)),
        "rateResult": lambda tx, it, _: follow_ups.rate_result(tx, it, satisfaction=Satisfaction.SATISFIED),
        "withdraw": lambda tx, it, _: cases.withdraw(tx, it, reason="已自行解决"),
        **LATER["case"],
    },
    "whistle": {
        "revise": lambda tx, it, pick: whistles.revise(tx, it, drafted(tx, pick)),
        "submit": lambda tx, it, _: whistles.submit(tx, it),
        "approve": lambda tx, it, _: whistles.approve(tx, it),
        "reject": lambda tx, it, _: whistles.reject(tx, it, "单部门事项"),
        "sendBack": lambda tx, it, _: whistles.send_back(tx, it, "写明街道已做工作"),
        "blowEmergency": lambda tx, it, _: emergencies.blow_drafted_emergency(tx, it),
        "confirm": lambda tx, it, _: whistles.confirm(tx, it),
        "addDepartment": lambda tx, it, pick: whistle_parties.add_department(
            tx, it, PartyInput(one_of(pick), CO), "增援"
        ),
        "changeLead": lambda tx, it, pick: whistle_parties.change_lead(
            tx, it, one_of(pick), "职责更近", excuse_former=pick % 3 == 1
        ),
        "withdraw": lambda tx, it, _: whistle_closing.withdraw(tx, it, "已无必要"),
        "close": lambda tx, it, _: whistle_closing.close(tx, it, "已解决", CloseKind.SOLVED),
        "rateDepartment": lambda tx, it, pick: evaluations.rate_department(tx, it, one_of(pick), Scores(90, 80, 70)),
        "judge": lambda tx, it, pick: evaluations.judge(tx, it, pick % 2 == 0),
        **LATER["whistle"],
    },
    "assignment": {
        "acknowledge": lambda tx, it, _: assignments.acknowledge(tx, it, ["张示岗"], for_person=phoned(tx)),
        "read": lambda tx, it, _: assignments.read(tx, it),
        "arrive": lambda tx, it, _: assignments.arrive(tx, it, for_person=phoned(tx)),
        "confirmArrival": lambda tx, it, _: assignments.confirm_arrival(tx, it),
        "start": lambda tx, it, _: assignments.start(tx, it),
        "reportProgress": lambda tx, it, _: reports.report_progress(tx, it, ProgressInput("正在办理")),
        "reportResult": lambda tx, it, _: reports.report_result(tx, it, report_input(tx.now)),
        "fileFieldCheck": lambda tx, it, pick: verifications.file_field_check(
            tx, it, ON_SITE, pick % 2 == 0, "已看现场"
        ),
        "verify": lambda tx, it, _: verifications.verify(tx, it, ON_SITE, "属实"),
        "returnReport": lambda tx, it, _: verifications.return_report(tx, it, ON_SITE, "未办妥"),
        "excuse": lambda tx, it, _: assignments.excuse(tx, it, "无需办理"),
        "ask": lambda tx, it, _: questions.ask(tx, it, "能否提供联系方式？"),
        "answer": lambda tx, it, _: questions.answer(tx, it, None, "见附件"),
        "release": lambda tx, it, _: assignments.release(tx, it),
        **LATER["assignment"],
    },
}


def phoned(tx: Transaction) -> str | None:
    return None if tx.actor.organizations else "张示岗"
