"""The fixture ``street``: a fresh database with the registers of the demonstration street, and commands run on it.

The registers are loaded once for each test process, into a database that every test copies.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from shaodao.calendar_source import calendar_days
from shaodao.commands.running import Command, CommandRunner, Repetition, connection_of
from shaodao.commands.transaction import Ground, Matter, Outcome
from shaodao.demo.registers import load_registers
from shaodao.demo.source import Street as StreetData
from shaodao.demo.source import load_street
from shaodao.demo.tokens import handler_viewer, resident_viewer, staff_viewer
from shaodao.domain.calendar import Calendar
from shaodao.domain.permissions import Viewer, county_of
from shaodao.personal_data import KEY_BYTES, PersonalDataCipher
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect, create_pool
from shaodao.presets import load_rulebook

MIGRATED = "shaodao_template"
"""The database with every migration that tests/conftest.py makes."""


class AnyForms:
    """Report forms that accept whatever is filled in, for the organizations that departments of the project serve."""

    departments: Mapping[str, str] = {
        "GA": "public_security",
        "JJ": "public_security",
        "CG": "urban_management",
        "MZ": "civil_affairs",
    }

    def department_of(self, organization_code: str) -> str | None:
        """The department that serves the organization."""
        return self.departments.get(organization_code)

    def answering(self, organization_code: str, matter: Matter) -> str | None:
        """The same one, whatever the matter."""
        return self.department_of(organization_code)

    def validate(self, organization_code: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as they are."""
        return dict(fields)


@dataclass
class CountingAnnouncer:
    """Counts how often there was news."""

    announced: int = 0

    def announce(self) -> None:
        """One more."""
        self.announced += 1


@dataclass
class Street:
    """The demonstration street on a fresh database, and its people as viewers. ``now`` is what commands take for the time."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    dsn: str
    ground: Ground
    data: StreetData
    now: datetime
    announcer: CountingAnnouncer = field(default_factory=CountingAnnouncer)

    @property
    def county(self) -> int:
        """The county's code as the tables hold it."""
        return county_of(self.data.code)

    @property
    def runner(self) -> CommandRunner:
        """Runs commands on this database."""
        return CommandRunner(self.pool, lambda: self.ground, self.announcer)

    def viewer(self, name: str) -> Viewer:
        """A member of staff, by the Chinese name."""
        return staff_viewer(self.data, name)

    def resident(self, reference: str) -> Viewer:
        """A resident, by the number such as P014."""
        return resident_viewer(self.data, reference)

    def department_viewer(self, organization_code: str) -> Viewer:
        """The handler of an organization."""
        return handler_viewer(self.data, organization_code)

    def serve_by(self, forms: Any) -> None:
        """Take other report forms from now on, such as those of the real departments."""
        self.ground = replace(self.ground, forms=forms)

    async def run(self, command: Command, viewer: Viewer, key: str | None = None) -> Outcome:
        """Run a command as the viewer, now; with a key it can be repeated."""
        repetition = None if key is None else Repetition(key, "test", None)
        return await self.runner.run(command, actor=viewer, county=self.county, now=self.now, repetition=repetition)


@pytest.fixture(scope="session")
def ground() -> Ground:
    """What commands stand on: the shipped rulebook, the calendar, a key for tests, and forms that accept anything."""
    return Ground(
        rulebook=load_rulebook("shimahe"),
        calendar=Calendar.of(calendar_days(2025, 2028)),
        cipher=PersonalDataCipher(b"\x99" * KEY_BYTES),
        forms=AnyForms(),
    )


@pytest.fixture(scope="session")
def street_template(postgres: Cluster, ground: Ground) -> Iterator[str]:
    """Name of a database with the street's registers and no case."""
    name = f"street_{uuid4().hex}"
    with ThreadPoolExecutor(1) as thread:  # a loop of a test may be running in this one
        thread.submit(asyncio.run, _make_template(postgres, name, ground)).result()
        yield name
        thread.submit(asyncio.run, _execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')).result()


@pytest.fixture
async def street(postgres: Cluster, street_template: str, ground: Ground) -> AsyncIterator[Street]:
    """The demonstration street at its reference time, 2026-11-20 10:00, without its cases."""
    name = f"test_{uuid4().hex}"
    await _execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{street_template}" STRATEGY FILE_COPY')
    data = load_street()
    pool = await create_pool(postgres.dsn(name), 8)
    try:
        yield Street(pool, postgres.dsn(name), ground, data, data.meta.as_of)
    finally:
        await pool.close()
        await _execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _make_template(postgres: Cluster, name: str, ground: Ground) -> None:
    await _execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{MIGRATED}"')
    connection = await connect(postgres.dsn(name))
    try:
        async with connection.transaction():
            now = load_street().meta.as_of
            await load_registers(connection_of(connection), ground.cipher, ground.rulebook, now)
    finally:
        await connection.close()


async def _execute(postgres: Cluster, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
