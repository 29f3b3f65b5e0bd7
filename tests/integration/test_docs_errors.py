"""The pages of docs/errors: each example answers as told, and the error comes by each way in as the page says."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from shaodao.commands.running import connection_of
from shaodao.commands.transaction import Ground
from shaodao.demo.cases import load_cases
from shaodao.demo.clock import DemoClock, keep
from shaodao.demo.source import load_street
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from tests.integration.api_steps import copied, logged
from tests.integration.exchanges import HttpExchange, error_pages, faults_of_file_ways, sections
from tests.integration.exchanging import Servers, faults_of_exchange, faults_of_ways

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = error_pages()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept_servers(
    postgres: Cluster, street_template: str, ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Servers]:
    async with copied(postgres, street_template) as dsn, AsyncExitStack() as stack:
        await tell_stories(dsn, ground)
        yield Servers(postgres, dsn.partition("?")[0].rpartition("/")[2], tmp_path_factory.mktemp("data"), stack)


@pytest_asyncio.fixture(loop_scope="module")
async def servers(kept_servers: Servers) -> AsyncIterator[Servers]:
    yield kept_servers
    await kept_servers.end_page()


async def tell_stories(dsn: str, ground: Ground) -> None:
    """Load the demonstration's cases, and stop its clock at the moment that they are told at."""
    now, clock = load_street().meta.as_of, DemoClock()
    clock.set_to(now)
    connection = await connect(dsn)
    async with connection.transaction():
        await load_cases(connection_of(connection), ground, now, keep_times=True)
        await keep(connection_of(connection), clock)
    await connection.close()


@pytest.mark.parametrize("name", PAGES)
async def test_every_example_answers_as_told(servers: Servers, name: str) -> None:
    told = list(sections(PAGES[name]))
    servers.place_files(PAGES[name])
    with logged():  # printing a traceback takes a second
        faults = [
            fault
            for section in told
            for fault in (
                *[each for shown in section.all for each in await faults_of_exchange(servers, shown)],
                *await faults_of_ways(servers, section, name),
                *faults_of_file_ways(section, name),
            )
        ]
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("name", PAGES)
async def test_every_page_has_an_example_and_each_example_an_answer(name: str) -> None:
    told = list(sections(PAGES[name]))
    assert [shown for section in told for shown in section.all]
    assert [section.place for section in told if section.ways is not None and not section.exchanges] == []
    unanswered = [
        shown.where.place for section in told for shown in section.all
        if isinstance(shown, HttpExchange) and shown.answer is None
    ]  # fmt: skip
    assert unanswered == []
