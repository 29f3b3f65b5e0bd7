"""Apollo Client, urql, Relay and plain fetch, as docs/http.md shows them: queries, mutations, and subscriptions through a restart."""

import asyncio
import json
import shutil
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shaodao.postgres.embedded import Cluster
from tests.clients.frontend import MANIFESTS, PAGE, PROGRAMS, aimed, build
from tests.clients.programs import FOLDER, finished, node, started
from tests.integration.api_steps import Server, copied, serving, settings_of
from tests.integration.documented import files
from tests.integration.graphql_steps import CAR

DOCUMENTS: dict[str, str] = json.loads(files(PAGE)["documents.json"])

SAID_WITHIN = 15.0
"""Seconds that the next line may take."""

OWN = "990101001-"
"""How the line of the case begins that a program registered."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    node()
    folder = tmp_path_factory.mktemp("frontend")
    await build(folder)
    yield folder


async def lines_until(process: Process, last: str) -> list[str]:
    """What a program prints, up to a line with that beginning."""
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith(last)):
        with suppress(TimeoutError):
            async with asyncio.timeout(SAID_WITHIN):
                lines.append((await process.stdout.readline()).decode().strip())
                continue
        assert process.stderr is not None
        process.kill()
        raise AssertionError(f"{lines}\n{(await process.stderr.read()).decode()}")
    return lines


async def registered(server: Server, key: str) -> str:
    """The number of a case that somebody else registers."""
    text = DOCUMENTS["register"]
    answer = await server.api.ask(text, {"input": CAR | {"idempotencyKey": key, "title": f"第{key}件"}})
    return str(answer.json()["data"]["registerCase"]["case"]["number"])


def heard(lines: list[str]) -> list[str]:
    """The cases that entered, in their order."""
    return [line.removeprefix("ENTERED ") for line in lines if line.startswith("ENTERED ")]


def trusting(built: Path) -> dict[str, Any]:
    """Settings of a server that runs the manifests' documents alone."""
    return {"trusted_documents": tuple(built / name for name in MANIFESTS), "trusted_only": True}


@pytest.mark.parametrize("trusted", [False, True], ids=["any document", "trusted documents"])
async def test_the_programs_of_the_page_run_through_a_restart(
    postgres: Cluster, street_template: str, tmp_path: Path, built: Path, trusted: bool
) -> None:
    async with copied(postgres, street_template) as dsn, AsyncExitStack() as running:
        settings = settings_of(dsn, tmp_path, **(trusting(built) if trusted else {}))
        async with serving(settings) as server:
            folder = aimed(built, tmp_path / "aimed", server.port)
            environment = {"TOKEN": server.api.token(), "TRUSTED": "1" if trusted else ""}
            processes = [
                await running.enter_async_context(started(program, folder=folder, environment=environment))
                for program in PROGRAMS.values()
            ]
            lines = await asyncio.gather(*(lines_until(each, OWN) for each in processes))
            own = [told[-1] for told in lines]
            middle = await registered(server, "middle")
            lines = await further(processes, lines, middle)
        async with serving(settings, port=server.port) as server:
            last = await registered(server, "last")
            lines = await further(processes, lines, last)
    for number, told in zip(own, lines, strict=True):
        assert told[0].endswith(" open")
        entered = heard(told)
        assert entered == sorted(set(entered))
        assert entered[-2:] == [middle, last]
        assert number in entered


async def further(processes: list[Process], lines: list[list[str]], number: str) -> list[list[str]]:
    """The lines, and what comes until a case has entered."""
    more = await asyncio.gather(*(lines_until(each, f"ENTERED {number}") for each in processes))
    return [told + new for told, new in zip(lines, more, strict=True)]


@pytest.mark.parametrize(
    ("kind", "token", "code"),
    [("invalid", None, "GRAPHQL_VALIDATION_FAILED"), ("viewer", "garbage", "UNAUTHENTICATED"), ("viewer", None, None)],
)
async def test_each_client_reads_why_a_request_was_refused(
    postgres: Cluster, street_template: str, tmp_path: Path, built: Path, kind: str, token: str | None, code: str | None
) -> None:
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as server:
        folder = aimed(built, tmp_path / "aimed", server.port)
        shutil.copy(FOLDER / "refusals.js", folder)
        environment = {"TOKEN": token or server.api.token(), "KIND": kind}
        told = await finished("refusals.js", folder=folder, environment=environment)
    expected = [{"client": client, "code": code} for client in ("apollo", "urql", "relay")]
    assert [json.loads(line) for line in told.splitlines()] == expected


async def test_each_client_reads_that_a_document_is_not_trusted(
    postgres: Cluster, street_template: str, tmp_path: Path, built: Path
) -> None:
    settings = trusting(built)
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path, **settings)) as server:
        folder = aimed(built, tmp_path / "aimed", server.port)
        shutil.copy(FOLDER / "refusals.js", folder)
        told = await finished("refusals.js", folder=folder, environment={"TOKEN": server.api.token(), "KIND": "viewer"})
    assert [json.loads(line)["code"] for line in told.splitlines()] == ["DOCUMENT_NOT_TRUSTED"] * 3
