"""What the mutations of a played case are given: what the stored case tells, under what the script says in particular."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shaodao.demo.source import Case, Promise, Street, Whistle
from shaodao.demo.telling import close_kind
from shaodao.domain.vocabulary import AssignmentState
from shaodao.play.client import Api, Json
from shaodao.play.script import Step

_REGISTER = """
query Register { people(first: 100) { nodes { id reference } } vessels(first: 100) { nodes { id registration } }
  accounts(first: 100) { nodes { id name } } }
"""
_ON_THE_WAY = "已到现场核实情况，正在处置。"
_HELPED = "已配合主办单位处置。"
_BY_PHONE = "电话"


@dataclass(frozen=True)
class Register:
    """Global ids of the register: people by number, vessels by name, staff by name."""

    people: Mapping[str, str]
    vessels: Mapping[str, str]
    accounts: Mapping[str, str]


async def read_register(dispatcher: Api) -> Register:
    """The register as the dispatcher reads it."""
    found = await dispatcher.query(_REGISTER)
    return Register(
        {one["reference"]: one["id"] for one in found["people"]["nodes"]},
        {one["registration"]: one["id"] for one in found["vessels"]["nodes"]},
        {one["name"]: one["id"] for one in found["accounts"]["nodes"]},
    )


@dataclass(frozen=True)
class Part:
    """A step about to be taken: the stored case, the acting handler's name, and the moment."""

    street: Street
    register: Register
    case: Case
    step: Step
    handler: str
    at: datetime

    @property
    def whistle(self) -> Whistle:
        """The case's whistle. Raises StopIteration without one."""
        return next(one for one in self.street.whistles if one.id == self.case.whistle)

    @property
    def promise(self) -> Promise:
        """What was promised in the case. Raises StopIteration for nothing."""
        return next(one for one in self.street.promises if one.case_seq == self.case.seq)

    @property
    def by_resident(self) -> bool:
        """Whether a resident acts."""
        return any(person.id == self.step.by for person in self.street.people)


def input_of(part: Part) -> Json:
    """The input of the step's mutation, but for ids of what it is about and the idempotency key."""
    told = _TOLD.get(part.step.do)
    given = ({} if told is None else told(part)) | part.step.given
    return {name: _plain(part.register, name, value) for name, value in given.items()}


def _plain(register: Register, name: str, value: Any) -> Any:
    """A value as JSON holds it; the script names staff by name."""
    if name in ("firstReceiverId", "accountId"):
        return register.accounts[value]
    return value.isoformat() if isinstance(value, (datetime, date)) else value


def _registration(part: Part) -> Json:
    """A resident tells what and where; category, class and the rest are for the staff who take it down."""
    case = part.case
    told: Json = {
        "kind": case.kind, "channel": case.channel, "title": case.title, "description": case.description, "gridCode": case.grid,
    }  # fmt: skip
    if part.by_resident:
        return told
    urgency = case.reclassified.from_ if case.reclassified else case.urgency
    return told | {
        "categoryCode": case.category, "urgency": urgency, "componentCode": case.component_code, "reporter": _reporter(part),
        "visibility": case.visibility, "subjectPersonId": case.person and part.register.people[case.person],
        "vesselId": case.vessel and part.register.vessels[case.vessel],
    }  # fmt: skip


def _reporter(part: Part) -> Json | None:
    """A resident of the register, nobody by name, or, where staff or a device reported, no reporter at all."""
    if part.case.reporter == "ANONYMOUS":
        return {"anonymous": True}
    person = part.register.people.get(part.case.reporter)
    return None if person is None else {"personId": person}


def _refusal(part: Part) -> Json:
    return {"reason": "IN_LEGAL_PROCESS", "explanation": part.case.result}


def _dispatch(part: Part) -> Json:
    """Whom the stored case names, but for those that its whistle calls and those that take over from an objector."""
    case = part.case
    called = {party.dept for party in part.whistle.assignments} if case.whistle else set()
    parties = [one for one in case.assignments if one.dept not in called]
    if case.dispute is not None:
        parties = [one for one in parties if one.state is AssignmentState.REASSIGNED]
    return {"parties": [{"organizationCode": one.dept, "role": one.role} for one in parties]}


def _agent(part: Part) -> Json:
    return {"accountId": part.case.agent}


def _draft(part: Part) -> Json:
    whistle = part.whistle
    parties = [{"organizationCode": one.dept, "role": one.role} for one in whistle.assignments]
    return {"kind": whistle.kind, "reason": whistle.reason, "parties": parties}


def _signature(part: Part) -> Json:
    return {"persons": [part.handler]}


def _progress(part: Part) -> Json:
    return {"measures": _ON_THE_WAY}


def _report(part: Part) -> Json:
    """The four elements 四要素: taken up when the work began, talked over with the grid's worker, done by now."""
    worker = next(grid.grid_worker for grid in part.street.grids if grid.code == part.case.grid)
    return {
        "acceptedAt": part.case.registered_at, "talkedWith": f"网格员 {worker}", "measures": _HELPED, "solveBy": part.at,
        "result": "SOLVED", "fields": {},
    }  # fmt: skip


def _verification(part: Part) -> Json:
    return {"method": "ON_SITE", "text": "现场核查：与反馈相符"}


def _check(part: Part) -> Json:
    return {"method": "ON_SITE"}


def _ending(part: Part) -> Json:
    return {"resultText": part.case.result, "closeKind": close_kind(part.case)}


def _follow_up(part: Part) -> Json:
    heard = part.case.follow_up
    assert heard is not None, "the stored case tells of a call"
    if not heard.contacted:
        return {"channel": _BY_PHONE, "contacted": False}
    return {
        "channel": _BY_PHONE, "contacted": True, "responded": True, "solved": heard.solved, "satisfaction": heard.satisfaction,
    }  # fmt: skip


def _review(part: Part) -> Json:
    review = part.case.review
    return {} if review is None else {"decision": review.decision, "reason": review.reason}


def _extension(part: Part) -> Json:
    asked = part.case.extension
    assert asked is not None, "the stored case tells of an extension"
    return {"unit": asked.unit, "amount": asked.amount, "reason": asked.reason}


def _suspension(part: Part) -> Json:
    pause = part.case.suspension
    assert pause is not None, "the stored case tells of a suspension"
    return {
        "kind": pause.kind, "reason": pause.reason, "interimMeasure": part.case.interim_measure,
        "reviewCycleDays": pause.review_every_days, "plannedResume": pause.planned_resume,
    }  # fmt: skip


def _rating(part: Part) -> Json:
    """The file stores one score: the three are alike, so that it is their mean."""
    score = next(one.score_by_street for one in part.whistle.assignments if one.dept == part.step.org)
    return {"organizationCode": part.step.org, "scores": dict.fromkeys(("reportIn", "handling", "result"), score)}


def _promise(part: Part) -> Json:
    return {"content": part.promise.content, "dueOn": part.promise.due, "public": False}


def _promise_score(part: Part) -> Json:
    score = part.promise.citizen_score if part.by_resident else part.promise.self_score
    return {"score": score, "citizen": part.by_resident}


def _campaign(part: Part) -> Json:
    campaign = next(one for one in part.street.campaigns if one.from_case == part.case.seq)
    return {"name": campaign.name, "startsOn": campaign.start, "endsOn": campaign.end}


def _meeting(part: Part) -> Json:
    return {"topic": next(one.topic for one in part.street.meetings if one.id == part.case.meeting)}


_TOLD: Mapping[str, Callable[[Part], Json]] = {
    "registerCase": _registration,
    "refuseCase": _refusal,
    "dispatchCase": _dispatch,
    "appointAgent": _agent,
    "draftWhistle": _draft,
    "approveWhistle": lambda part: {"text": "同意吹哨"},
    "confirmWhistle": lambda part: {"text": "情况属实，同意补批"},
    "acknowledgeAssignment": _signature,
    "reportProgress": _progress,
    "reportResult": _report,
    "verifyReport": _verification,
    "returnReport": _check,
    "fileFieldCheck": _check,
    "decideObjection": lambda part: {"granted": True},
    "closeWhistle": _ending,
    "closeCase": _ending,
    "settleCaseAtOnce": _ending,
    "recordFollowUp": _follow_up,
    "recordCommunication": lambda part: {"kind": "CONTACT", "channel": _BY_PHONE},
    "reviewFollowUp": _review,
    "requestExtension": _extension,
    "decideExtension": lambda part: {"granted": True},
    "suspendCase": _suspension,
    "rateDepartment": _rating,
    "judgeWhistle": lambda part: {"proper": True, "comment": "吹哨得当"},
    "makePromise": _promise,
    "settlePromise": lambda part: {"fulfilled": True},
    "scorePromise": _promise_score,
    "growCampaign": _campaign,
    "putOnAgenda": _meeting,
}
