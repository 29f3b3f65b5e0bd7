"""What ``make chaos`` leaves behind when all goes well: a few commands, deliveries and stages, on a database of their own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

import asyncpg

from shaodao.commands import communications, questions
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput, blow_emergency
from shaodao.commands.registration import CaseInput, register
from shaodao.commands.running import Command, Repetition, connection_of
from shaodao.commands.transaction import Connection, Ground, Outcome, Transaction
from shaodao.delivery.clock import Clock
from shaodao.delivery.cursors import Position
from shaodao.delivery.messenger import LoggingPort, Messenger
from shaodao.demo.source import load_street
from shaodao.departments import load_departments
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.vocabulary import AssignmentRole, CaseKind, Channel
from shaodao.host import SYSTEM, DepartmentForms
from shaodao.postgres.pool import create_pool
from shaodao.presets import load_rulebook
from tests.chaos.clients import STREET, Book, Told
from tests.chaos.database import keep_owed
from tests.chaos.departments.police import UNANSWERED, WAKE_AFTER
from tests.chaos.findings import Kept
from tests.chaos.running import DEPARTMENTS, RULEBOOK
from tests.chaos.subscribers import BOARD, CASE, INBOX, Subscriber
from tests.integration.conftest import Street
from tests.integration.delivering import DISPATCHER, Deliveries, forward, work_off

BEGINNING = "1.0.00000000-0000-0000-0000-000000000000"
REGISTERED, ANSWERED, IGNORED, QUESTION, TALK = (f"K1-00000{n}" for n in range(1, 6))
"""Keys: a case, a whistle that is answered and one that is not, the answer to a question, and a communication."""


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
        answered = await self._do("blowEmergencyWhistle", ANSWERED, whistle_for(ANSWERED, ANSWERED))
        ignored = f"{IGNORED} {UNANSWERED}"
        await self._do("blowEmergencyWhistle", IGNORED, whistle_for(IGNORED, ignored))
        await work_off(courier)
        assignment = await street.pool.fetchval(
            "SELECT assignment_id FROM question WHERE case_id = $1", answered.case_id
        )
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
        messenger = Messenger(street.pool, street.ground.cipher, LoggingPort(), lambda: street.now)
        while not await messenger.one_pass():
            pass

    async def _do(self, name: str, key: str, command: Command) -> Outcome:
        street = self.street
        outcome = await street.runner.run(
            command, actor=street.viewer(DISPATCHER), county=street.county, now=street.now,
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
    streams = {
        ("board", BOARD, STREET): shown,
        ("inbox of CG", INBOX, "CG"): [row for row in log if row["organization_code"] == "CG"],
        ("case", CASE, f"Case:990101:{followed}"): [row for row in shown if row["case_id"] == followed],
    }
    return [_told(*names, rows) for names, rows in streams.items()]


def _told(name: str, document: str, key: str, rows: Sequence[asyncpg.Record]) -> Subscriber:
    changes = [
        {
            "cursor": Position(int(row["xid"]), row["id"]).cursor(1),
            "event": {"id": "any", "seq": row["seq"], "type": row["type"]}, "id": "row",
        }
        for row in rows
    ]  # fmt: skip
    return Subscriber(name, document, key, BEGINNING, "", (), Random(1), changes)


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
