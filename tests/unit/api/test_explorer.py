"""The explorer's page, its files and its demo catalogue, as a browser asks for them."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.explorer import DemoCatalogue, DemoOperation, DemoToken, check, explorer_page_response, explorer_routes

CATALOGUE = DemoCatalogue(
    tokens=(DemoToken(label="街道网格指挥中心值班长 吕示衡 (STREET_DISPATCHER)", token="a.b.c"),),
    operations=(DemoOperation("Board", title="看板", document="query Board { a }", variables={"first": 3}, token=0),),
)


async def page(_request: Request) -> Response:
    return explorer_page_response()


def browser_of(application: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1")


@pytest.fixture
def browser() -> httpx.AsyncClient:
    return browser_of(Starlette(routes=[Route("/graphql", page), *explorer_routes(lambda: CATALOGUE)]))


async def test_the_page_comes_with_a_policy_that_allows_our_origin_alone(browser: httpx.AsyncClient) -> None:
    policy = (await browser.get("/graphql")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy


async def test_every_file_that_the_page_names_is_served_and_kept_for_ever(browser: httpx.AsyncClient) -> None:
    named = re.findall(r'(?:src|href)="([^"]+)"', (await browser.get("/graphql")).text)
    assert len(named) >= 3
    for address in named:
        answer = await browser.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_the_page_has_no_inline_script_and_names_no_other_host(browser: httpx.AsyncClient) -> None:
    text = (await browser.get("/graphql")).text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert "//" not in text


async def test_a_demo_gives_its_catalogue_and_lets_nobody_store_it(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/explorer/demo.json")
    assert answer.json()["tokens"][0]["token"] == "a.b.c"
    assert answer.json()["operations"][0]["variables"] == {"first": 3}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_server_that_is_no_demo_gives_no_tokens() -> None:
    answer = await browser_of(Starlette(routes=explorer_routes(None))).get("/explorer/demo.json")
    assert answer.status_code == 404


async def test_the_licences_of_the_bundled_packages_are_served(browser: httpx.AsyncClient) -> None:
    assert "monaco-editor" in (await browser.get("/explorer/LICENSES.txt")).text


def test_the_built_files_match_their_sources() -> None:
    assert check.differences() == []
