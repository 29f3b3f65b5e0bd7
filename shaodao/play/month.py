"""Story "month": a month of the demonstration street, all its cases in order of time, played step by step (reference D.6 to D.8).

The steps are those of ``month.toml``. The story moves the demonstration's clock before each, acts through the public API as
the person whom the step names, and waits where the platform acts by itself. At the end it compares every case, whistle,
promise and campaign with the stored street; where the rules lead to another end, the script announces it and says why.

Where the rules want another way to the stored end, the script takes it:

- Case 4: a device has no account; the grid worker registers its alarm. Cases 2, 10 and 16: the dispatcher registers, since a
  resident's own report has no first receiver yet, and the grid workers do not see these two persons' records (C.7).
- Case 3: the street office is dispatched first as LEAD, and the whistle makes it CO (C.3 blowWhistle). The leader's review
  REOPEN reopens the case: an unsolved follow-up must be reviewed (C.3 reopen).
- Cases 6 and 12: the chief grants the extension; the file names a deputy, and the county, for COMPLEX cases within the
  original limit (C.5 rule 7).
- Case 19: reported up by the community and raised to the county before the county suspends it: it sees no other case (C.7).
- The dispatcher archives; the platform by itself would only after 30 days.
- Contacts, confirmed arrivals, field checks by grid workers and ratings by residents are added; visits, diaries and the change of colour
  of the file have no mutation yet.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.table import Table

from shaodao.demo.source import Case
from shaodao.play.client import Api, Json, RefusedByApi
from shaodao.play.comparison import Line, Played, Verdict, compare, subject_of
from shaodao.play.documents import target_of
from shaodao.play.inputs import Part, Register, input_of, read_register
from shaodao.play.script import SYSTEM, Script, Step, load_script
from shaodao.play.stage import PATIENCE, Stage
from shaodao.settings import StartError

_DISPATCHER = "吕示衡"
_PAUSE = 0.1
_SIGNS: tuple[Verdict, ...] = ("equal", "departs", "differs")
_MARKS: Mapping[Verdict, str] = {"equal": "✓", "departs": "≠", "differs": "✗"}
_EMPTY = "{ serverTime cases(first: 1) { nodes { id } } }"
_EVENTS = """
query Events($id: ID!) { node(id: $id) { ... on Case { history(first: 100) { nodes { type text } } } } }
"""
_NO_MONTH = (
    "the month begins without a case and before {begins:%Y-%m-%d %H:%M}; start a server of its own for it: "
    "SHAODAO_DATA_DIR=<an empty folder> shaodao demo --month"
)


async def play(stage: Stage) -> None:
    """Play the month and compare its end. Raises StartError, RefusedByApi or TimeoutError."""
    dispatcher, script = stage.staff(_DISPATCHER), load_script("month.toml")
    await _check_empty(dispatcher, script.steps[0][0])
    month = Month(stage, dispatcher, await read_register(dispatcher))
    for at, step in script.steps:
        await month.take(at, step)
    await _judge(stage, dispatcher, script, month)


async def _check_empty(dispatcher: Api, begins: datetime) -> None:
    """Raise StartError unless the server holds no case, and its clock has not passed the first step."""
    found = await dispatcher.query(_EMPTY)
    if found["cases"]["nodes"] or datetime.fromisoformat(found["serverTime"]) > begins:
        raise StartError(_NO_MONTH.format(begins=begins))


async def _judge(stage: Stage, dispatcher: Api, script: Script, month: "Month") -> None:
    """Print where the month ended, a row for each case; what differs from the stored street unannounced is a fault."""
    lines = await compare(dispatcher, stage.street, script, month.played)
    table = Table("", "案件", "状态", "办理期限", "哨", "与存档不同之处", title="月末核对", title_justify="left")
    for case in stage.street.cases:
        _add(table, [line for line in lines if line.subject == subject_of(case)], "state", "dueAt", "whistle")
    for line in lines:
        if line.field in ("promise", "counts"):
            _add(table, [line], line.field)
    stage.console.print(table)
    different = [line for line in lines if line.verdict == "differs"]
    stage.faults += [
        f"{line.subject}, {line.field}: played {line.played!r}, stored {line.stored!r}" for line in different
    ]
    departures = sum(line.verdict == "departs" for line in lines)
    stage.verdict = (
        f"{len(stage.street.cases)} cases ended as the stored street tells, with {departures} announced departures"
    )


def _add(table: Table, lines: Sequence[Line], *shown: str) -> None:
    """A row for one subject: the fields named, and whatever is not as stored."""
    worst = max((line.verdict for line in lines), key=_SIGNS.index)
    told = {line.field: line.played for line in lines}
    others = [
        f"{line.field}: {line.stored or '–'} → {line.played or '–'} {line.why}"
        for line in lines
        if line.verdict != "equal"
    ]
    columns = [told[name] for name in shown] + [""] * (3 - len(shown))
    table.add_row(_MARKS[worst], lines[0].subject, *columns, "\n".join(others))


@dataclass
class Month:
    """The month as far as it was played: whose step is next to take, and what it is about."""

    stage: Stage
    dispatcher: Api
    register: Register
    played: Played = field(default_factory=Played)
    _now: datetime | None = None
    _tokens: dict[str, Api] = field(default_factory=dict)

    async def take(self, at: datetime, step: Step) -> None:
        """Let the clock show the moment, take the step and print it. Raises RefusedByApi, naming the step, or TimeoutError."""
        if at != self._now:
            await self.stage.move_clock(self.dispatcher, at)
            self._now = at
        if step.by == SYSTEM:
            self._say(at, step, SYSTEM, await self._wait(step))
            return
        who, api = self._actor(step)
        try:
            payload = await self.stage.do(api, step.do, **self._given(at, step, who))
        except RefusedByApi as error:
            raise RefusedByApi(f"{at:%m-%d %H:%M} case {step.case}, {who}, {step.do}: {error}") from error
        self.played.note(step, payload)
        self._say(at, step, who, _sentence(step, payload))

    def _actor(self, step: Step) -> tuple[str, Api]:
        """Who takes the step, by name: as named, else the handler of the organization."""
        stage, named = self.stage, step.by
        if named is None:
            assert step.org is not None, "a step names a person or an organization"
            named = next(staff.name for staff in stage.street.staff if staff.handled == step.org)
        if named not in self._tokens:
            resident = any(person.id == named for person in stage.street.people)
            self._tokens[named] = stage.resident(named) if resident else stage.staff(named)
        return named, self._tokens[named]

    def _given(self, at: datetime, step: Step, who: str) -> Json:
        case, target = self._case(step), target_of(step.do)
        given = input_of(Part(self.stage.street, self.register, case, step, who, at))
        if target is not None:
            given[f"{target}Id"] = self.played.target(target, step)
        if step.do == "mergeCase":
            given["mainCaseId"] = self.played.cases[case.merged_into or 0]
        return given

    def _case(self, step: Step) -> Case:
        return next(case for case in self.stage.street.cases if case.seq == step.case)

    async def _wait(self, step: Step) -> str:
        """Wait until the platform has done by itself what the step says; answers the history's sentence."""
        for _ in range(round(PATIENCE / _PAUSE)):
            node = (await self.dispatcher.query(_EVENTS, id=self.played.cases[step.case]))["node"]
            for event in node["history"]["nodes"]:
                if event["type"] == step.do and step.given.get("text", "") in event["text"]:
                    sentence: str = event["text"]
                    return sentence
            await asyncio.sleep(_PAUSE)
        raise TimeoutError(f"case {step.case}: within {PATIENCE:.0f} s the platform did not do {step.do} {step.given}")

    def _say(self, at: datetime, step: Step, who: str, sentence: str) -> None:
        number = self.played.numbers.get(step.case, "")
        self.stage.console.print(
            f"[cyan]{at:%m-%d %H:%M}[/] [dim]{number}[/] {who} {step.do} {sentence}", highlight=False
        )


def _sentence(step: Step, payload: Json) -> str:
    """What the case's history says of the step, as far as the actor reads it."""
    history: list[dict[str, Any]] = ((payload.get("case") or {}).get("history") or {}).get("nodes") or []
    kind = {"blowDraftedEmergency": "blowEmergencyWhistle"}.get(step.do, step.do)
    return next((event["text"] for event in history if event["type"] == kind), "")
