"""The JavaScript of the documentation runs as it stands, but for the server's address."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shaodao.postgres.embedded import Cluster
from tests.clients.programs import FOLDER, node
from tests.integration.api_steps import DISPATCHER, Server, copied, serving, settings_of
from tests.integration.graphql_steps import CAR

PAGE = Path(__file__).parents[2] / "docs" / "frontend.md"
REGISTER = "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { __typename } }"


@pytest.fixture(autouse=True)
def _programs() -> None:
    node()


def example(word: str) -> str:
    """The program of the page that has a word in it."""
    blocks = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    [found] = [block for block in blocks if word in block]
    return str(found)


@asynccontextmanager
async def running(program: str, server: Server) -> AsyncIterator[asyncio.StreamReader]:
    """What a program prints, while it runs; it is ended afterwards."""
    environment: Mapping[str, str] = os.environ | {"TOKEN": server.api.token()}
    process = await asyncio.create_subprocess_exec(
        node(), "--input-type=module", cwd=FOLDER, env=environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(program.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").encode())
    process.stdin.close()
    try:
        async with asyncio.timeout(30):
            yield process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_query_by_fetch(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path)) as server,
        running(example("fetch("), server) as printed,
    ):
        assert DISPATCHER in (await printed.read()).decode()


async def test_a_subscription_that_comes_back(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, tmp_path)) as server,
        running(example("graphql-ws"), server) as printed,
    ):
        line = asyncio.create_task(printed.readline())
        for number in range(50):  # the subscription begins when it begins, and hears what comes after that
            if line.done():
                break
            await server.api.ask(
                REGISTER, {"input": CAR | {"idempotencyKey": f"case-{number}", "title": f"第{number}件"}}
            )
            await asyncio.sleep(0.2)
        assert (await line).decode().startswith("ENTERED 990101001-")
