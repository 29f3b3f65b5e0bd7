"""What ``make chaos`` leaves behind when all goes well: a few commands, deliveries and stages, on a database of their own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeAlias
from uuid import UUID

import asyncpg

from shaodao.commands import assignments, cases, communications, extensions, questions, verifications, whistle_closing
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput, blow_emergency
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.running import Command, Repetition, connection_of
from shaodao.commands.transaction import Connection, Ground, Outcome, Transaction
from shaodao.delivery.clock import Clock
from shaodao.delivery.courier import Courier
from shaodao.delivery.cursors import Position
from shaodao.delivery.messenger import LoggingPort, Messenger
from shaodao.demo.source import load_street
from shaodao.departments import load_departments
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.permissions import SYSTEM
from shaodao.domain.vocabulary import AssignmentRole, CaseKind, Channel, CloseKind, Urgency, VerificationMethod
from shaodao.host import DepartmentForms
from shaodao.postgres.pool import create_pool
from shaodao.presets import load_rulebook
from tests.chaos.audit_subscribers import LEFT
from tests.chaos.caller import Book, Told
from tests.chaos.clients import STREET
from tests.chaos.database import keep_owed
from tests.chaos.departments.police import UNANSWERED, WAKE_AFTER
from tests.chaos.departments.recorder import TO_THE_END
from tests.chaos.findings import Kept
from tests.chaos.running import DEPARTMENTS, RULEBOOK
from tests.chaos.subscribers import BOARD, CASE, INBOX, Subscriber
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Deliveries, forward, work_off

BEGINNING = "1.0.00000000-0000-0000-0000-000000000000"
REGISTERED, ANSWERED, IGNORED, QUESTION, TALK = (f"K1-00000{n}" for n in range(1, 6))
"""Keys: a case, a whistle that is answered and one that is not, the answer to a question, and a communication."""

FINISHED, CLASSED, REPLY, GRANTED, RETURNED, VERIFIED, VERIFIED_TOO, RELEASED, RELEASED_TOO, CLOSED = (
    f"K1-0001{n:02}" for n in range(1, 11)
)
"""Keys of a whistle that is seen to its end, and of what the street does about it, in this order."""

CALLED_OFF, WITHDRAWN, SILENT, EXCUSED = (f"K1-00020{n}" for n in range(1, 5))
"""Keys of a whistle and its withdrawal, and of one whose 交警 is excused."""

LEADER = "张示远"


@dataclass(frozen=True)
class Blown:
    """A whistle and its case."""

    case: UUID
    whistle: UUID


@dataclass
class Story:
    """A run in small. ``told``: the commands as their clients were told of them."""

    street: Street
    heard: Path
    told: list[Told] = field(default_factory=list)

    async def tell(self) -> None:
        """From the first command to the last stage that comes due within ten minutes."""
        street = self.street
        departments = load_departments(DEPARTMENTS.split(","), "no.entry.points")
        street.ground = replace(
            street.ground, rulebook=load_rulebook(str(RULEBOOK)), forms=DepartmentForms(departments)
        )
        courier = Deliveries(street, departments).courier()
        clock = Clock(street.pool, street.runner, SYSTEM, lambda: street.now)
        await self._do("registerCase", REGISTERED, partial(register, given=case_titled(REGISTERED)))
        answered = await self._blow(ANSWERED, ANSWERED)
        ignored = f"{IGNORED} {UNANSWERED}"
        await self._blow(IGNORED, ignored)
        await work_off(courier)
        assignment = await street.pool.fetchval("SELECT assignment_id FROM question WHERE case_id = $1", answered.case)
        finished = await self._begin_to_finish(courier)
        await self._call_off(courier)
        reply = partial(questions.answer, assignment_id=assignment, question_id=None, text=QUESTION)
        await self._do("answerQuestion", QUESTION, reply)
        case = await street.pool.fetchval("SELECT id FROM case_file WHERE title = $1", REGISTERED)
        contact = CommunicationKind.CONTACT
        talk = partial(communications.record_communication, case_id=case, kind=contact, text=TALK)
        await self._do("recordCommunication", TALK, talk)
        for seconds in (0.0, WAKE_AFTER.total_seconds(), 60.0, 60.0, 60.0, 300.0):
            await forward(street, seconds=seconds)
            await clock.one_pass()
            await work_off(courier)
            if seconds == WAKE_AFTER.total_seconds():
                await self._close(finished, courier)
        messenger = Messenger(street.pool, street.ground.cipher, LoggingPort(), lambda: street.now)
        while not await messenger.one_pass():
            pass

    async def _begin_to_finish(self, courier: Courier) -> Blown:
        """Have a case classed anew, extended and its report returned, until it is reported again by who leads."""
        blown = await self._blow(FINISHED, f"{FINISHED} {TO_THE_END}")
        await work_off(courier)
        lead = await self._assignment(blown, "CG")
        await self._do(
            "classifyCase",
            CLASSED,
            partial(cases.classify, case_id=blown.case, urgency=Urgency.GENERAL, reason=CLASSED),
        )
        reply = partial(questions.answer, assignment_id=lead, question_id=None, text=REPLY)
        await self._do("answerQuestion", REPLY, reply)
        await work_off(courier)
        granted = partial(extensions.decide, case_id=blown.case, granted=True, text=GRANTED)
        await self._do("decideExtension", GRANTED, granted, LEADER)
        await work_off(courier)
        await self._judge("returnReport", RETURNED, verifications.return_report, lead)
        await work_off(courier)
        await self._judge("verifyReport", VERIFIED, verifications.verify, lead)
        return blown

    async def _close(self, blown: Blown, courier: Courier) -> None:
        """Verify the other department's report too, release both, and close the whistle, and its case with it."""
        own = {code: await self._assignment(blown, code) for code in ("CG", "JJ")}
        await self._judge("verifyReport", VERIFIED_TOO, verifications.verify, own["JJ"])
        for key, code in ((RELEASED, "CG"), (RELEASED_TOO, "JJ")):
            await self._do("releaseAssignment", key, partial(assignments.release, assignment_id=own[code]))
        await self._do(
            "closeWhistle", CLOSED,
            partial(whistle_closing.close, whistle_id=blown.whistle, result_text=CLOSED, close_kind=CloseKind.SOLVED),
        )  # fmt: skip
        await work_off(courier)

    async def _call_off(self, courier: Courier) -> None:
        """Withdraw a whistle before its departments have heard it, and excuse one department of another whistle."""
        blown = await self._blow(CALLED_OFF, CALLED_OFF)
        withdrawn = partial(whistle_closing.withdraw, whistle_id=blown.whistle, reason=WITHDRAWN)
        await self._do("withdrawWhistle", WITHDRAWN, withdrawn, LEADER)
        silent = await self._blow(SILENT, f"{SILENT} {UNANSWERED}")
        await work_off(courier)
        excused = partial(assignments.excuse, assignment_id=await self._assignment(silent, "JJ"), reason=EXCUSED)
        await self._do("excuseAssignment", EXCUSED, excused, LEADER)
        await work_off(courier)

    async def _blow(self, key: str, reason: str) -> Blown:
        outcome = await self._do("blowEmergencyWhistle", key, whistle_for(key, reason))
        assert outcome.case_id is not None, "a whistle has a case"
        assert outcome.whistle_id is not None, "it was blown"
        return Blown(outcome.case_id, outcome.whistle_id)

    async def _assignment(self, blown: Blown, organization: str) -> UUID:
        found: UUID = await self.street.pool.fetchval(
            "SELECT id FROM assignment WHERE case_id = $1 AND organization_code = $2", blown.case, organization
        )
        return found

    async def _judge(self, name: str, key: str, judged: Callable[..., Awaitable[Outcome]], assignment: UUID) -> None:
        on_site = VerificationMethod.ON_SITE
        await self._do(name, key, partial(judged, assignment_id=assignment, method=on_site, text=key))

    async def _do(self, name: str, key: str, command: Command, actor: str = DISPATCHER) -> Outcome:
        street = self.street
        outcome = await street.runner.run(
            command, actor=street.viewer(actor), county=street.county, now=street.now,
            repetition=Repetition(key, name, None),
        )  # fmt: skip
        self.told.append(Told(name, key, {"outcome": {"caseNumber": outcome.case_number}, "cursor": outcome.cursor}))
        await forward(street, seconds=0.1)
        return outcome

    async def kept(self, connection: Connection, heard: Path) -> Kept:
        """What a run would have kept of itself, by the log as it stands for the connection."""
        heard.write_bytes(self.heard.read_bytes())
        return Kept(Book(told=list(self.told)), heard, await subscribers_of(connection), self.street.now)


def case_titled(key: str) -> CaseInput:
    """A case whose title is the key."""
    return CaseInput(
        kind=CaseKind.EVENT, channel=Channel.GRID_PATROL, title=key, description="路面塌陷，有人员受困",
        division_code=STREET,
    )  # fmt: skip


def whistle_for(key: str, reason: str) -> Callable[[Transaction], Awaitable[Outcome]]:
    """An emergency whistle on a case of its own."""
    parties = (PartyInput("CG", AssignmentRole.LEAD), PartyInput("JJ", AssignmentRole.CO))

    async def command(tx: Transaction) -> Outcome:
        return await blow_emergency(tx, None, case_titled(key), EmergencyInput(reason=reason, parties=parties))

    return command


async def subscribers_of(connection: Connection) -> Sequence[Subscriber]:
    """A board, an inbox and a follower of the case that was answered, each told all that it must be told."""
    log = await connection.fetch("SELECT * FROM case_event ORDER BY case_event.xid, id")
    followed = await connection.fetchval("SELECT id FROM case_file WHERE title = $1", ANSWERED)
    shown = [row for row in log if row["type"] != "wakeUp"]
    own = [row for row in log if row["organization_code"] == "CG" or row["type"] == "withdrawWhistle"]
    streams = {
        ("board", BOARD, STREET): _until_they_leave(shown, "closeCase"),
        ("inbox of CG", INBOX, "CG"): _until_they_leave(own, "verifyReport", "withdrawWhistle"),
        ("case", CASE, f"Case:990101:{followed}"): [(row, "") for row in shown if row["case_id"] == followed],
    }
    return [_told(*names, changes) for names, changes in streams.items()]


Change: TypeAlias = tuple[asyncpg.Record, str]
"""An event, and what became of the row."""


def _until_they_leave(log: Sequence[asyncpg.Record], *endings: str) -> list[Change]:
    """The events of each case up to the one with which it, or its assignment, leaves."""
    gone: set[UUID] = set()
    told = []
    for row in log:
        if row["case_id"] not in gone:
            told.append((row, LEFT if row["type"] in endings else "CHANGED"))
        if row["type"] in endings:
            gone.add(row["case_id"])
    return told


def _told(name: str, document: str, key: str, changes: Sequence[Change]) -> Subscriber:
    told = [
        {
            "cursor": Position(int(row["xid"]), row["id"]).cursor(1),
            "event": {"id": "any", "seq": row["seq"], "type": row["type"]}, "id": "row", "change": change,
        }
        for row, change in changes
    ]  # fmt: skip
    return Subscriber(name, document, key, BEGINNING, "", (), Random(1), told)


async def told_on(dsn: str, ground: Ground, heard: Path) -> Story:
    """The story on a street's fresh database; its connections end with it."""
    data, pool = load_street(), await create_pool(dsn, 8)
    story = Story(Street(pool, dsn, ground, data, data.meta.as_of), heard)
    try:
        async with pool.acquire() as lent:
            await keep_owed(connection_of(lent))
        await story.tell()
    finally:
        await pool.close()
    return story
