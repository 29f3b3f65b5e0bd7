"""Requests that a page of another site can have a browser send: refused, unless it had to ask before."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Server, code_of, copied, serving, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = "{ viewer { name } }"
ELSEWHERE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
APP = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("data")
    async with (
        copied(postgres, street_template) as dsn,
        serving(settings_of(dsn, folder, origins=("https://app.example",))) as made,
    ):
        yield made


async def asked(server: Server, method: str, **headers: str) -> httpx.Response:
    """A query, by a token that a gateway may have put there."""
    sent: dict[str, Any] = {"params": {"query": HELLO}} if method != "POST" else {"json": {"query": HELLO}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await server.api.client.request(method, "/graphql", headers=server.api.headers() | named, **sent)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        ELSEWHERE,
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        ELSEWHERE | {"content_type": "text/plain"},
    ],
)
async def test_a_get_from_another_site_is_refused(server: Server, method: str, headers: dict[str, str]) -> None:
    answer = await asked(server, method, **headers)
    assert answer.status_code == 403
    if method == "GET":
        assert code_of(answer) == "CROSS_SITE"
        assert "viewer" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none", "sec_fetch_mode": "navigate"},
        ELSEWHERE | {"graphql_require_preflight": "1"},
        ELSEWHERE | {"apollo_require_preflight": "1"},
        ELSEWHERE | {"content_type": "application/json"},
        APP,
    ],
)
async def test_a_get_that_is_ours_or_was_asked_for_is_answered(server: Server, headers: dict[str, str]) -> None:
    answer = await asked(server, "GET", **headers)
    assert answer.json() == {"data": {"viewer": {"name": DISPATCHER}}}


async def test_the_servers_own_origin_is_told_by_its_host(server: Server) -> None:
    assert (await asked(server, "GET", origin=f"http://127.0.0.1:{server.port}")).status_code == 200


async def test_a_post_of_json_was_always_asked_for_and_no_other_is_taken(server: Server) -> None:
    assert (await asked(server, "POST", **ELSEWHERE)).status_code == 200
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "text/plain;application/json"):
        answer = await asked(server, "POST", content_type=media_type, **ELSEWHERE)
        assert (answer.status_code, code_of(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    form = await asked(server, "POST", content_type="multipart/form-data", **ELSEWHERE)
    assert (form.status_code, code_of(form)) == (403, "CROSS_SITE")


async def test_a_link_elsewhere_leads_to_the_explorer(server: Server) -> None:
    answer = await asked(
        server, "GET", accept="text/html,*/*;q=0.8", sec_fetch_site="cross-site", sec_fetch_mode="navigate"
    )
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}]
)
async def test_a_socket_from_another_site_is_closed(server: Server, headers: dict[str, str]) -> None:
    async with server.connected(**headers) as opened_socket:
        assert await opened_socket.closed() == (4403, "Forbidden: a page of another site")


@pytest.mark.parametrize("headers", [{}, {"origin": "https://app.example"}, {"sec_fetch_site": "same-origin"}])
async def test_a_socket_that_is_ours_stays_open(server: Server, headers: dict[str, str]) -> None:
    async with server.acknowledged(**headers) as opened_socket:
        await opened_socket.subscribe("1", HELLO)
        assert (await opened_socket.receive())["payload"] == {"data": {"viewer": {"name": DISPATCHER}}}
