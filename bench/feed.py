"""How soon the live feed tells an event to the last of many subscribers: ``make bench-feed`` (BENCH="--seconds 20").

A thousand sockets on one server of a city, four tenths on the page of a case, three tenths on a street's board, three tenths
on an organization's inbox, spread over all streets and organizations as their cases are. Another server takes 50 mutations
a second, each a step of a case that at least one of them hears. It prints what an idle subscriber costs in memory, how many
messages were sent, and how long after an event's own time (the beginning of its command) the last subscriber had it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random

import uvloop

from bench.city import PRESETS
from bench.city.places import County, Staff, build_counties
from bench.connections import Connection, RefusedByServer
from bench.harness import City, open_city
from bench.processor import processor_seconds
from bench.servers import Running, running, shaodao_server
from bench.subscribers import Subscribers, Told, Wish
from bench.workload import OPERATIONS
from schema.ids import GlobalId
from shaodao import tokens
from shaodao.postgres.pool import connect

CASE = "subscription ($id: ID!) { caseChanged(id: $id) { cursor event { at text } case { number state version } } }"
BOARD = """
subscription ($division: String!) { caseBoard(division: $division) { cursor change id event { at text } case { number state } } }
"""
INBOX = """
subscription ($organization: String!) {
  assignmentInbox(organization: $organization) { cursor change id event { at text } assignment { state case { number } } }
}
"""
TALK = """
mutation ($input: RecordCommunicationInput!) { recordCommunication(input: $input) { __typename ... on Problem { message } } }
"""
CASES = """
SELECT c.county_code, c.street_code, c.id FROM case_file c
WHERE c.state = 'HANDLING' AND EXISTS (
    SELECT FROM assignment a WHERE a.county_code = c.county_code AND a.case_id = c.id AND a.state IN ('NOTIFIED', 'ACKNOWLEDGED', 'HANDLING')
)
ORDER BY c.id LIMIT $1
"""
SHARES = {"caseChanged": 0.4, "caseBoard": 0.3, "assignmentInbox": 0.3}
WITHIN_SECONDS = 0.25
"""To reach: an event is with the last of its subscribers, at the 99th percentile."""
IDLE_KILOBYTES = 50
AFTERWARDS = 2.0
"""Seconds that events still get to arrive."""
WRITERS = 8


@dataclass(frozen=True)
class OpenCase:
    """A case that steps are written to, and who writes them."""

    id: str
    dispatcher: Staff


def main() -> None:
    """Measure and print; status 1 unless what is to be reached was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50, help="events a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument(
        "--data-dir", type=Path, default=Path(".data/bench"), help="the city's folder, as of make bench"
    )
    given = parser.parse_args()
    with open_city(given.data_dir, "zhoushan", None, _say) as city, ExitStack() as stack:
        feeding, writing = (stack.enter_context(each) for each in _servers(city))
        reached = uvloop.run(measured(city, feeding, writing, given.subscribers, given.rate, given.seconds))
    sys.exit(0 if reached else 1)


async def measured(
    city: City, feeding: Running, writing: Running, subscribers: int, rate: float, seconds: float
) -> bool:
    """Subscribe, write, and tell; whether everything to be reached was."""
    counties = build_counties(PRESETS["zhoushan"])
    cases = await open_cases(city, counties, subscribers)
    told, before = Told(), feeding.resident()
    async with Subscribers(feeding.server.port, wishes(city, counties, cases, subscribers), told):
        await asyncio.sleep(AFTERWARDS)
        idle = (feeding.resident() - before) * 1024 / subscribers
        began, used = time.monotonic(), processor_seconds([feeding.process.pid])
        written = await write(city, writing.server.port, cases, rate, seconds)
        took, used = time.monotonic() - began, processor_seconds([feeding.process.pid]) - used
        await asyncio.sleep(AFTERWARDS)
    return tell(told, idle, written, took, used)


def tell(told: Told, idle: float, written: int, took: float, used: float) -> bool:
    """Print what was measured; whether it is what is to be reached."""
    last, everyone = told.last, told.all
    _say(f"{written} events in {took:.0f} s, {len(last)} of them told, in {len(everyone)} messages")
    _say(f"an idle subscriber costs {idle:.0f} kB (to reach: under {IDLE_KILOBYTES})")
    for name, waits in (("the last subscriber", last), ("each subscriber", everyone)):
        _say(
            f"{name} has an event after p50 {_at(waits, 0.5):.0f} ms, p99 {_at(waits, 0.99):.0f} ms, at most {_at(waits, 1):.0f} ms"
        )
    _say(f"the server used {used / took:.0%} of a processor")
    for fault in (*told.errors[:3], *told.ended[:3]):
        _say(f"fault: {fault}")
    faultless = not told.errors and not told.ended and len(last) == written
    return faultless and idle < IDLE_KILOBYTES and _at(last, 0.99) < WITHIN_SECONDS * 1000


async def open_cases(city: City, counties: tuple[County, ...], count: int) -> list[OpenCase]:
    """Cases at work in departments, at most so many, over all streets."""
    dispatchers = {street.code: street.dispatchers[0] for county in counties for street in county.streets}
    connection = await connect(city.dsn)
    try:
        rows = await connection.fetch(CASES, count)
    finally:
        await connection.close()
    return [
        OpenCase(str(GlobalId("Case", row["county_code"], str(row["id"]))), dispatchers[row["street_code"]])
        for row in rows
    ]


def wishes(city: City, counties: tuple[County, ...], cases: list[OpenCase], count: int) -> list[Wish]:
    """What the subscribers ask for, in the shares of the mix."""
    streets = [street for county in counties for street in county.streets]
    handlers = [staff for county in counties for staff in county.handlers.values()]
    token = _Tokens(city)
    endless: dict[str, Iterator[Wish]] = {
        "caseChanged": cycle(Wish("caseChanged", CASE, token(c.dispatcher), {"id": c.id}) for c in cases),
        "caseBoard": cycle(
            Wish("caseBoard", BOARD, token(one), {"division": street.code})
            for street in streets for one in street.dispatchers
        ),
        "assignmentInbox": cycle(
            Wish("assignmentInbox", INBOX, token(one), {"organization": one.grant.organization}) for one in handlers
        ),
    }  # fmt: skip
    return [wish for kind, share in SHARES.items() for wish in islice(endless[kind], round(count * share))]


async def write(city: City, port: int, cases: list[OpenCase], rate: float, seconds: float) -> int:
    """Mutations at an even rate, each on a case by chance; answers how many were made."""
    chance, token, count = Random(1), _Tokens(city), round(rate * seconds)  # noqa: S311 - chance that can be repeated
    begin, turns = time.monotonic(), iter(range(count))

    async def work() -> None:
        connection = await Connection.open(port)
        for turn in turns:
            await asyncio.sleep(begin + turn / rate - time.monotonic())
            case = chance.choice(cases)
            await _talk(connection, token(case.dispatcher), case, f"feed-{begin}-{turn}")
        connection.close()

    await asyncio.gather(*(work() for _ in range(WRITERS)))
    return count


async def _talk(connection: Connection, token: str, case: OpenCase, key: str) -> None:
    given = {"idempotencyKey": key, "caseId": case.id, "kind": "CONTACT", "text": "已电话联系诉求人。"}
    answer = await connection.post("/graphql", token, {"query": TALK, "variables": {"input": given}})
    outcome = answer["data"]["recordCommunication"]
    if "message" in outcome:
        raise RefusedByServer(str(outcome))


class _Tokens:
    """A token for each member of staff, made once."""

    def __init__(self, city: City) -> None:
        self._settings = city.settings
        self._key = tokens.local_key(city.settings.data_dir)
        self._made: dict[str, str] = {}

    def __call__(self, staff: Staff) -> str:
        if staff.login not in self._made:
            self._made[staff.login] = tokens.issue(
                self._key, login=staff.login, name=staff.name, grants=(staff.grant,), issuer=self._settings.issuer,
                audience=self._settings.audience, now=datetime.now(UTC), lifetime=timedelta(hours=12),
            )  # fmt: skip
        return self._made[staff.login]


def _servers(city: City) -> "Iterator[AbstractContextManager[Running]]":
    for name in ("feeding", "writing"):
        server = shaodao_server(city.dsn, city.folder)
        request = city.request(OPERATIONS[0], server)
        assert request is not None, "the board is asked of every server"
        yield running(server, request, city.folder / f"{name}.log")


def _at(waits: list[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(share * len(waits)))] * 1000 if waits else float("inf")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
