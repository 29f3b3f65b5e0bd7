"""Compressed answers: for who asks, if it is worth it; the content is the same."""

import gzip
from collections.abc import AsyncIterator

import brotli
import httpx
import orjson
import pytest
import pytest_asyncio
import zstandard
from graphql import get_introspection_query
from starlette.responses import Response

from api.answers import GRAPHQL_JSON, JSON
from api.compression import compressing
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import Api, copied, opened, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGE, SMALL = get_introspection_query(), "{ viewer { name } }"
DECODERS = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


async def sent(
    client: httpx.AsyncClient, request: httpx.Request, accept_encoding: str | None
) -> tuple[httpx.Response, bytes]:
    """The answer with its body as it came."""
    if accept_encoding is None:
        del request.headers["accept-encoding"]
    else:
        request.headers["accept-encoding"] = accept_encoding
    answer = await client.send(request, stream=True)
    return answer, b"".join([piece async for piece in answer.aiter_raw()])


async def asked(api: Api, document: str, accept_encoding: str | None, **headers: str) -> tuple[httpx.Response, bytes]:
    request = api.client.build_request("POST", "/graphql", json={"query": document}, headers=api.headers(**headers))
    return await sent(api.client, request, accept_encoding)


@pytest.mark.parametrize(
    ("accept_encoding", "encoding"),
    [
        ("gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("*", "zstd"),
        ("zstd;q=0, *;q=0.1", "br"),
        ("GZIP;q=0.5", "gzip"),
    ],
)
@pytest.mark.parametrize("media_type", [GRAPHQL_JSON, JSON])
async def test_a_large_answer_is_compressed_as_asked_for(
    api: Api, accept_encoding: str, encoding: str, media_type: str
) -> None:
    answer, body = await asked(api, LARGE, accept_encoding, accept=media_type)
    assert answer.headers["content-encoding"] == encoding
    assert answer.headers["content-type"].startswith(media_type)
    assert int(answer.headers["content-length"]) == len(body)
    assert {"accept", "accept-encoding"} <= {name.strip().lower() for name in answer.headers["vary"].split(",")}
    _, plain = await asked(api, LARGE, None)
    assert len(body) < len(plain) / 5
    assert DECODERS[encoding](body) == plain


@pytest.mark.parametrize("accept_encoding", [None, "", "identity", "deflate", "gzip;q=0", "gzip;q=x"])
async def test_it_is_not_for_who_does_not_ask(api: Api, accept_encoding: str | None) -> None:
    answer, body = await asked(api, LARGE, accept_encoding)
    assert "content-encoding" not in answer.headers
    assert "data" in orjson.loads(body)


async def test_a_small_answer_is_sent_as_it_is(api: Api) -> None:
    answer, body = await asked(api, SMALL, "gzip")
    assert "content-encoding" not in answer.headers
    assert "data" in orjson.loads(body)


async def test_an_answer_with_errors_is_compressed_too(api: Api) -> None:
    answer, body = await asked(api, "{" + " ".join(f"x{number}" for number in range(20)) + "}", "gzip")
    assert (answer.status_code, answer.headers["content-encoding"]) == (422, "gzip")
    assert len(orjson.loads(gzip.decompress(body))["errors"]) >= 10


async def test_the_explorers_files_are_compressed(api: Api) -> None:
    page = await api.client.get("/graphql", headers={"accept": "text/html"})
    [script] = [part.partition('"')[0] for part in page.text.split('src="')[1:2]]
    answer, body = await sent(api.client, api.client.build_request("GET", script), "br")
    assert answer.headers["content-encoding"] == "br"
    assert len(brotli.decompress(body)) > len(body)


@pytest.mark.parametrize(
    ("media_type", "encoding"),
    [("multipart/mixed; boundary=x", None), ("image/png", None), ("text/csv; charset=utf-8", "gzip"), (JSON, "gzip")],
)
async def test_the_type_of_an_answer_decides(media_type: str, encoding: str | None) -> None:
    app = compressing(Response("x" * 10_000, headers={"content-type": media_type}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answer, _ = await sent(client, client.build_request("GET", "/"), "gzip")
    assert answer.headers.get("content-encoding") == encoding
