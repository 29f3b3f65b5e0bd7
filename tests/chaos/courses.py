"""What the street does about a whistle that was blown: answers, decides, returns, verifies, releases, closes, or withdraws it."""

import asyncio
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

from tests.chaos.caller import Caller, Retryable
from tests.chaos.departments.police import UNANSWERED
from tests.chaos.departments.recorder import THINKS, TO_THE_END

LOOK_EVERY = 0.5
ENDS_WITHIN = 40.0
"""Seconds within which a course comes to its end, though its departments may be frozen, killed and cut off several times."""

_STANDING = """
query Standing($case: ID!, $whistle: ID!) {
  case: node(id: $case) { ... on Case {
    extensions { decision }
    assignments { id state organization { code } questions { id answeredAt } }
  } }
  whistle: node(id: $whistle) { ... on Whistle { state } }
}
"""


@dataclass(frozen=True)
class Staff:
    """The tokens of those who act for the street: the duty chief, and the leader who excuses, withdraws and grants more time."""

    dispatcher: str
    leader: str


@dataclass(frozen=True)
class CoursePlan:
    """What becomes of a whistle. ``withdrawn``: before the first question is answered, or right after, or not at all."""

    unanswered: bool = False
    to_the_end: bool = False
    extended: bool = False
    returned: bool = False
    withdrawn: str = "never"

    def reason(self, key: str) -> str:
        """The whistle's reason, in which the departments read what they are to do."""
        return " ".join((key, *([UNANSWERED] if self.unanswered else ()), *([TO_THE_END] if self.to_the_end else ())))


def drawn(dice: Random) -> CoursePlan:
    """A plan by dice: one in eight is withdrawn, two in five are seen to their end."""
    course = dice.choices(("answered", "to the end", "withdrawn"), (19, 16, 5))[0]
    extended, returned, unanswered = (dice.random() < share for share in (0.4, 0.4, 0.3))
    if course == "to the end":
        return CoursePlan(unanswered=unanswered, to_the_end=True, extended=extended, returned=returned)
    withdrawn = dice.choice(("at once", "after the answer")) if course == "withdrawn" else "never"
    return CoursePlan(unanswered=unanswered, withdrawn=withdrawn)


@dataclass
class Course:
    """A whistle, its case and how far the street is with it."""

    caller: Caller
    staff: Staff
    plan: CoursePlan
    case: str
    whistle: str
    has_returned: bool = False

    async def follow(self) -> None:
        """Look how it stands and do what is next, until all is done."""
        ends = monotonic() + ENDS_WITHIN
        while monotonic() < ends:
            await asyncio.sleep(self.caller.dice.uniform(0.5, 1.5) * LOOK_EVERY)
            try:
                standing = await self.caller.ask(
                    self.staff.dispatcher, _STANDING, {"case": self.case, "whistle": self.whistle}
                )
            except Retryable:
                continue
            if standing is None or await self._is_over(standing):
                return
        self.caller.book.unfinished.append(self.whistle)

    async def _is_over(self, standing: dict[str, Any]) -> bool:
        """Do what is next by how it stands; whether nothing is left to do."""
        if self.plan.withdrawn == "at once":
            return await self._withdraw()
        assignments = standing["case"]["assignments"]
        for assignment in assignments:
            if any(question["answeredAt"] is None for question in assignment["questions"]):
                return await self._answer(assignment)
        if any(extension["decision"] is None for extension in standing["case"]["extensions"]):
            await self._decide_extension()
        for assignment in assignments:
            await self._judge(assignment)
        if standing["whistle"]["state"] == "VERIFIED":
            return await self._close(assignments)
        await self._excuse_who_is_silent({each["organization"]["code"]: each for each in assignments})
        return False

    async def _answer(self, assignment: dict[str, Any]) -> bool:
        if self.plan.extended:
            await self._do("classifyCase", "reason", caseId=self.case, urgency="GENERAL")
        await self._do("answerQuestion", "text", assignmentId=assignment["id"])
        if self.plan.withdrawn == "after the answer":
            await asyncio.sleep(self.caller.dice.uniform(0, 4 * THINKS))
            return await self._withdraw()
        return not self.plan.to_the_end

    async def _withdraw(self) -> bool:
        """Nobody may have arrived yet; whoever is asked meanwhile may be on the way."""
        key = self.caller.key()
        given = {"whistleId": self.whistle, "reason": key}
        await self.caller.told_unless_overtaken(self.staff.leader, "withdrawWhistle", key, given, self.case)
        return True

    async def _decide_extension(self) -> None:
        granted = self.caller.dice.random() < 0.7
        await self._do("decideExtension", "text", by=self.staff.leader, caseId=self.case, granted=granted)

    async def _judge(self, assignment: dict[str, Any]) -> None:
        """A report is returned once, if at all, and then verified."""
        if assignment["state"] != "REPORTED":
            return
        returning = self.plan.returned and not self.has_returned
        self.has_returned = self.has_returned or returning
        name = "returnReport" if returning else "verifyReport"
        await self._do(name, "text", assignmentId=assignment["id"], method="ON_SITE")

    async def _excuse_who_is_silent(self, assignments: dict[str, dict[str, Any]]) -> None:
        """Who never answers is excused when the other has done the work."""
        silent = assignments["JJ"]
        if self.plan.unanswered and silent["state"] == "NOTIFIED" and assignments["CG"]["state"] == "VERIFIED":
            await self._do("excuseAssignment", "reason", by=self.staff.leader, assignmentId=silent["id"])

    async def _close(self, assignments: list[dict[str, Any]]) -> bool:
        for assignment in assignments:
            if assignment["state"] == "VERIFIED":
                await self._do("releaseAssignment", assignmentId=assignment["id"])
        await self._do("closeWhistle", "resultText", whistleId=self.whistle, closeKind="SOLVED")
        return True

    async def _do(self, name: str, text: str | None = None, *, by: str | None = None, **given: Any) -> None:
        """Have a command done whose key stands in the field ``text``, if it has one."""
        key = self.caller.key()
        said = {} if text is None else {text: key}
        await self.caller.told_once(by or self.staff.dispatcher, name, key, given | said)
