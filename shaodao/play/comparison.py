"""Where a played month ended, beside where the stored street says it ends."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, assert_never

from shaodao.demo.source import Case, Street
from shaodao.domain.calendar import SHANGHAI
from shaodao.play.client import Api, Json
from shaodao.play.documents import Target
from shaodao.play.script import Script, Step

_WARNED = "超期，已预警"
_DECIDED = "已研判"

Verdict = Literal["equal", "departs", "differs"]

_END = """
query End { cases(first: 100) { nodes {
  id state urgency visibility dueAt handledAt closedAt reopenedAt countyInformedAt reworkCount mergedInto { id }
  assignments { role state organization { code } late { acknowledge arrive } }
  whistles { state blownAt confirmedAt evaluations { evaluatorKind score organization { code } } }
  followUps { contacted solved satisfaction } extensions { decision } meetings { decidedAt } agent { name } vessel { registration }
  componentCode
} }
campaigns(first: 10) { nodes { name found cleared state } }
promises(first: 10) { nodes { content state public selfScore citizenScore } } }
"""


@dataclass(frozen=True)
class Line:
    """One field of one subject, played and stored. ``why``: the reason for a departure that the script announces."""

    subject: str
    field: str
    played: str
    stored: str
    verdict: Verdict
    why: str = ""


@dataclass
class Played:
    """Global ids of what a story has made, by the number of the stored case."""

    cases: dict[int, str] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)
    whistles: dict[int, str] = field(default_factory=dict)
    assignments: dict[tuple[int, str], str] = field(default_factory=dict)
    records: dict[tuple[int, Target], str] = field(default_factory=dict)

    def note(self, step: Step, payload: Json) -> None:
        """Remember what a step made, as its payload tells."""
        case, whistle = payload.get("case") or {}, payload.get("whistle") or {}
        if step.do == "registerCase":
            self.cases[step.case], self.numbers[step.case] = case["id"], case["number"]
        if whistle:
            self.whistles[step.case] = whistle["id"]
        for one in (*case.get("assignments", ()), *whistle.get("assignments", ())):
            self.assignments[step.case, one["organization"]["code"]] = one["id"]
        for record in ("promise", "meeting", "campaign"):
            if payload.get(record):
                self.records[step.case, record] = payload[record]["id"]

    def target(self, target: Target, step: Step) -> str:
        """The id of what a step is about. Raises KeyError for what the story has not made."""
        match target:
            case "case":
                return self.cases[step.case]
            case "whistle":
                return self.whistles[step.case]
            case "assignment":
                return self.assignments[step.case, step.org or ""]
            case "promise" | "meeting" | "campaign":
                return self.records[step.case, target]
            case _:
                assert_never(target)


async def compare(dispatcher: Api, street: Street, script: Script, played: Played) -> list[Line]:
    """Every field of every case, then promises and campaigns."""
    end = await dispatcher.query(_END)
    nodes = {node["id"]: node for node in end["cases"]["nodes"]}
    lines: list[Line] = []
    for case in street.cases:
        node = nodes[played.cases[case.seq]]
        stored, now = _stored(street, case), _played(node, played)
        lines += [_line(script, case, name, now[name], stored[name]) for name in stored]
    return [*lines, *_promises(street, end), *_campaigns(street, end)]


def subject_of(case: Case) -> str:
    """How lines name a case."""
    return f"#{case.seq} {case.title}"


def _line(script: Script, case: Case, name: str, played: str, stored: str) -> Line:
    announced = next((one for one in script.departures if one.case == case.seq and name in one.fields), None)
    subject = subject_of(case)
    if announced is None:
        return Line(subject, name, played, stored, "equal" if played == stored else "differs")
    verdict: Verdict = "departs" if played == announced.played else "differs"
    return Line(subject, name, played, stored, verdict, announced.why)


def _stored(street: Street, case: Case) -> dict[str, str]:
    """What the stored case ends with, field by field, in comparable words."""
    urgency = case.reclassified.to if case.reclassified else case.urgency
    parties = [f"{one.dept}:{one.role}:{one.state}" for one in case.assignments]
    return {
        "state": case.state, "urgency": urgency, "visibility": case.visibility,
        "dueAt": _minute(case.reopen_due or case.due_at), "handledAt": _minute(None if case.reopened_at else case.handled_at),
        "closedAt": _minute(None if case.reopened_at else case.closed_at), "reopenedAt": _minute(case.reopened_at),
        "rework": str(case.rework_count), "mergedInto": str(case.merged_into or ""), "assignments": " ".join(sorted(parties)),
        "followUp": _call(case), "extension": "GRANTED" if case.extension else "",
        "agent": case.agent or "", "vessel": case.vessel or "", "component": case.component_code or "",
        "meeting": _DECIDED if case.meeting else "", "whistle": _stored_whistle(street, case),
        "late": _WARNED if case.handled_at and case.handled_at >= case.due_at else "",
    }  # fmt: skip


def _played(node: Json, played: Played) -> dict[str, str]:
    """The same of a case as the API tells it."""
    numbers = {identifier: seq for seq, identifier in played.cases.items()}
    parties = [f"{one['organization']['code']}:{one['role']}:{one['state']}" for one in node["assignments"]]
    call = node["followUps"][-1] if node["followUps"] else None
    return {
        "state": node["state"], "urgency": node["urgency"], "visibility": node["visibility"],
        "dueAt": _minute(node["dueAt"]), "handledAt": _minute(node["handledAt"]), "closedAt": _minute(node["closedAt"]),
        "reopenedAt": _minute(node["reopenedAt"]), "rework": str(node["reworkCount"]),
        "mergedInto": str(numbers[node["mergedInto"]["id"]]) if node["mergedInto"] else "",
        "assignments": " ".join(sorted(parties)),
        "followUp": f"{call['contacted']} {call['solved']} {call['satisfaction']}" if call else "",
        "extension": node["extensions"][-1]["decision"] if node["extensions"] else "",
        "agent": (node["agent"] or {}).get("name", ""), "vessel": (node["vessel"] or {}).get("registration", ""),
        "component": node["componentCode"] or "",
        "meeting": _DECIDED if any(one["decidedAt"] for one in node["meetings"]) else "",
        "whistle": _played_whistle(node), "late": _WARNED if _was_late(node) else "",
    }  # fmt: skip


def _was_late(node: Json) -> bool:
    """Whether it was handled after its due, and the county grid office warned of it."""
    if node["handledAt"] is None or node["countyInformedAt"] is None:
        return False
    return datetime.fromisoformat(node["handledAt"]) >= datetime.fromisoformat(node["dueAt"])


def _call(case: Case) -> str:
    heard = case.follow_up
    return f"{heard.contacted} {heard.solved} {heard.satisfaction}" if heard else ""


def _stored_whistle(street: Street, case: Case) -> str:
    whistle = next((one for one in street.whistles if one.id == case.whistle), None)
    if whistle is None:
        return ""
    late = [one.dept for one in whistle.assignments if one.late_arrival]
    scores = [f"{one.dept}:{one.score_by_street}" for one in whistle.assignments if one.score_by_street is not None]
    return _whistle(whistle.state, whistle.blown_at, whistle.confirmed_at, late, scores)


def _played_whistle(node: Json) -> str:
    if not node["whistles"]:
        return ""
    whistle = node["whistles"][0]
    late = [one["organization"]["code"] for one in node["assignments"] if (one["late"] or {}).get("arrive")]
    ratings = [one for one in whistle["evaluations"] if one["evaluatorKind"] == "STREET"]
    scores = [f"{one['organization']['code']}:{one['score']}" for one in ratings]
    return _whistle(whistle["state"], whistle["blownAt"], whistle["confirmedAt"], late, scores)


def _whistle(state: str, blown: Any, confirmed: Any, late: list[str], scores: list[str]) -> str:
    parts = [
        state,
        _minute(blown),
        _minute(confirmed),
        f"迟到{','.join(sorted(late))}" if late else "",
        *sorted(scores),
    ]
    return " ".join(part for part in parts if part)


def _promises(street: Street, end: Json) -> Iterator[Line]:
    found = {one["content"]: one for one in end["promises"]["nodes"]}
    for promise in street.promises:
        one = found.get(promise.content, {})
        stored = f"{promise.state} {promise.public} {promise.self_score} {promise.citizen_score}"
        now = f"{one.get('state')} {one.get('public')} {one.get('selfScore')} {one.get('citizenScore')}"
        yield Line(f"承诺{promise.id}", "promise", now, stored, "equal" if now == stored else "differs")


def _campaigns(street: Street, end: Json) -> Iterator[Line]:
    found = {one["name"]: one for one in end["campaigns"]["nodes"]}
    for campaign in street.campaigns:
        one = found.get(campaign.name, {})
        stored, now = f"{campaign.found}/{campaign.cleared}", f"{one.get('found')}/{one.get('cleared')}"
        yield Line(f"专项整治{campaign.id}", "counts", now, stored, "equal" if now == stored else "differs")


def _minute(moment: datetime | str | None) -> str:
    """A moment to the minute, as the street's clocks show it: the stored times name no seconds."""
    if moment is None:
        return ""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
