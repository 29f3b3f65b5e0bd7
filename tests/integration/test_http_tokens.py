"""Tokens over HTTP: whoever is not known for certain sees nothing but that."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OKPKey

from shaodao.host import utc_now
from shaodao.postgres.embedded import Cluster
from shaodao.postgres.pool import connect
from shaodao.tokens import issue, local_key
from tests.integration.api_steps import DISPATCHER, STANDARD, Api, code_of, copied, opened, settings_of, viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


async def asked(api: Api, authorization: str | None, document: str = "{ viewer { name } }") -> httpx.Response:
    headers = STANDARD | ({} if authorization is None else {"authorization": authorization})
    return await api.client.post("/graphql", json={"query": document}, headers=headers)


def assert_refused(answer: httpx.Response, word: str) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert code_of(answer) == "UNAUTHENTICATED"
    [error] = answer.json()["errors"]
    assert word in error["message"]
    assert set(answer.json()) == {"errors", "extensions"}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(utc_now().timestamp())
    grants = [{"role": "STREET_DISPATCHER", "scope": "990101001000"}]
    return {
        "iss": "shaodao", "aud": "shaodao", "sub": "somebody", "name": "甲示", "iat": now, "exp": now + 600,
        "grants": grants, **changes,
    }  # fmt: skip


def signed(api: Api, header: dict[str, Any] | None = None, **changes: Any) -> str:
    key = local_key(api.settings.data_dir)
    return jwt.encode(
        {"alg": "Ed25519", "kid": key.kid, **(header or {})}, claims(**changes), key, algorithms=["Ed25519"]
    )


def encoded(value: object) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")


def forged(header: dict[str, Any], secret: bytes | None = None) -> str:
    """A token without a signature, or with one by a shared secret."""
    content = encoded(header) + b"." + encoded(claims())
    signature = b"" if secret is None else hmac.digest(secret, content, "sha256")
    return (content + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer  ", "Basic YTpi", "Token x"])
async def test_without_a_token_there_is_nothing(api: Api, authorization: str | None) -> None:
    for document in ("{ viewer { name } }", "{ __schema { types { name } } }", "{ serverTime }", "{ nonsense", ""):
        assert_refused(await asked(api, authorization, document), "a bearer token is needed")


async def test_neither_a_get_nor_a_large_body_tells_a_stranger_more(api: Api) -> None:
    assert_refused(await api.client.get("/graphql", params={"query": "{__typename}"}, headers=STANDARD), "needed")
    assert_refused(await api.client.post("/graphql", content=b"x" * 3_000_000), "needed")


@pytest.mark.parametrize("token", ["x", "a.b.c", "....", "é", "a" * 20_000, "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_is_refused(api: Api, token: str) -> None:
    answer = await api.client.post(
        "/graphql", json={"query": "{ serverTime }"}, headers={b"authorization": b"Bearer " + token.encode()}
    )
    assert_refused(answer, "token")


async def test_a_plain_token_is_taken_whatever_the_case_of_its_scheme(api: Api) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await asked(api, f"{scheme} {signed(api)}")
        assert answer.json() == {"data": {"viewer": {"name": "甲示"}}}


async def test_claims_that_are_not_ours_are_refused(api: Api) -> None:
    now = int(utc_now().timestamp())
    for changes, word in (
        ({"exp": now - 1}, "expired"),
        ({"nbf": now + 60}, "not valid yet"),
        ({"iss": "another"}, "issuer"),
        ({"aud": "another"}, "not for shaodao"),
        ({"aud": []}, "not for shaodao"),
        ({"exp": None}, "claims"),
        ({"exp": 10**400}, "token"),
        ({"sub": ""}, "claims"),
        ({"sub": 7}, "claims"),
        ({"grants": [{"role": "SYSTEM", "scope": "990101001000"}]}, "SYSTEM"),
        ({"grants": [{"role": "EMPEROR", "scope": "990101001000"}]}, "claims"),
        ({"grants": [{"role": "FOLLOW_UP", "scope": "99"}]}, "claims"),
        ({"grants": "all"}, "claims"),
        ({"person": "P999", "grants": [{"role": "RESIDENT", "scope": "990101001000"}]}, "not in the register"),
    ):
        assert_refused(await asked(api, f"Bearer {signed(api, **changes)}"), word)


async def test_the_key_decides_how_a_token_is_signed(api: Api) -> None:
    key = local_key(api.settings.data_dir)
    public = json.dumps(key.as_dict(private=False)).encode()
    pem = key.as_pem(private=False)
    for token in (
        forged({"alg": "none"}),
        forged({"alg": "none", "kid": key.kid}),
        forged({"alg": "HS256", "kid": key.kid}, public),
        forged({"alg": "HS256", "kid": key.kid}, pem),
        forged({"alg": "HS256", "kid": key.kid, "jwk": key.as_dict(private=False)}, pem),
    ):
        assert_refused(await asked(api, f"Bearer {token}"), "algorithm")


async def test_another_key_is_refused_under_any_name(api: Api) -> None:
    ours, other = local_key(api.settings.data_dir), OKPKey.generate_key("Ed25519")
    other.ensure_kid()
    for kid in (ours.kid, other.kid, "../../etc/passwd", ["a"]):
        content = encoded({"alg": "Ed25519", "kid": kid}) + b"." + encoded(claims())
        signature = base64.urlsafe_b64encode(other.private_key.sign(content)).rstrip(b"=")  # type: ignore[union-attr]
        assert_refused(await asked(api, f"Bearer {(content + b'.' + signature).decode()}"), "token")


async def test_a_header_with_extensions_is_refused(api: Api) -> None:
    key = local_key(api.settings.data_dir)
    content = encoded({"alg": "Ed25519", "kid": key.kid, "crit": ["b64"], "b64": False}) + b"." + encoded(claims())
    signature = base64.urlsafe_b64encode(key.private_key.sign(content)).rstrip(b"=")  # type: ignore[union-attr]
    assert_refused(await asked(api, f"Bearer {(content + b'.' + signature).decode()}"), "header")


async def test_a_changed_token_is_refused(api: Api) -> None:
    head, _, tail = signed(api).split(".")
    changed = encoded(claims(sub="root")).decode()
    assert_refused(await asked(api, f"Bearer {head}.{changed}.{tail}"), "signature")


async def test_who_is_asked_for_is_who_the_token_names(api: Api) -> None:
    for who, name in ((DISPATCHER, DISPATCHER), ("P014", viewer_of("P014").name), ("CG", viewer_of("CG").name)):
        answer = await asked(api, f"Bearer {api.token(who)}")
        assert answer.json() == {"data": {"viewer": {"name": name}}}


async def test_a_token_without_grants_sees_nothing(api: Api) -> None:
    document = "{ viewer { name } cases { nodes { id } } people { nodes { id } } grids { nodes { id } } }"
    answer = await asked(api, f"Bearer {signed(api, grants=[])}", document)
    data = answer.json()["data"]
    assert [data[name]["nodes"] for name in ("cases", "people")] == [[], []]


async def test_a_disabled_account_is_refused(postgres: Cluster, street_template: str, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as api:
        connection = await connect(dsn)
        await connection.execute("UPDATE accounts SET enabled = false WHERE name = $1", DISPATCHER)
        await connection.close()
        assert_refused(await asked(api, f"Bearer {api.token()}"), "disabled")


async def test_a_token_ends_at_its_end_though_it_was_remembered(api: Api) -> None:
    token = issue(
        local_key(api.settings.data_dir), login="somebody", name="甲示", grants=(), issuer="shaodao", audience="shaodao",
        now=utc_now(), lifetime=timedelta(seconds=1),
    )  # fmt: skip
    answer = await asked(api, f"Bearer {token}")
    while answer.status_code == 200:
        answer = await asked(api, f"Bearer {token}")
    assert_refused(answer, "expired")
