"""Tokens: what is signed comes back, and everything else is refused by a typed error."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.key_files import personal_data_key
from shaodao.settings import Settings, StartError
from shaodao.tokens import (
    BadSignature,
    Claims,
    Expired,
    Malformed,
    TokenError,
    WrongAlgorithm,
    WrongAudience,
    WrongIssuer,
    allowed_algorithms,
    issue,
    local_key,
    verification_keys,
    verify,
)

NOW = datetime(2026, 10, 9, 1, 12, tzinfo=UTC)
GRANTS = (
    Grant(Role.STREET_LEADER, "990101001000", rank=LeaderRank.CHIEF),
    Grant(Role.DEPT_HANDLER, "990101000000", organization="CG"),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"SHAODAO_DATA_DIR": str(tmp_path)})


def token(settings: Settings, *, issuer: str = "shaodao", audience: str = "shaodao", key: OKPKey | None = None) -> str:
    return issue(
        key or local_key(settings.data_dir),
        login="leader",
        name="王示",
        grants=GRANTS,
        issuer=issuer,
        audience=audience,
        now=NOW,
        lifetime=timedelta(hours=1),
        person="P014",
    )


def verified(settings: Settings, text: str, now: datetime = NOW) -> Claims:
    return verify(text, verification_keys(settings), issuer="shaodao", audience="shaodao", now=now)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_is_signed_comes_back(settings: Settings) -> None:
    claims = verified(settings, token(settings))
    assert claims == Claims("leader", "王示", GRANTS, NOW, NOW + timedelta(hours=1), "P014")


def test_a_token_ends_at_its_end(settings: Settings) -> None:
    text = token(settings)
    assert verified(settings, text, NOW + timedelta(minutes=59, seconds=59)).login == "leader"
    with pytest.raises(Expired):
        verified(settings, text, NOW + timedelta(hours=1))


def test_another_issuer_audience_or_key_is_refused(settings: Settings) -> None:
    with pytest.raises(WrongIssuer):
        verified(settings, token(settings, issuer="other"))
    with pytest.raises(WrongAudience):
        verified(settings, token(settings, audience="other"))
    stranger = OKPKey.generate_key("Ed25519")
    stranger.ensure_kid()
    with pytest.raises(BadSignature):
        verified(settings, token(settings, key=stranger))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES256", "", None, ["Ed25519"], 7])
def test_the_header_does_not_choose_the_algorithm(settings: Settings, algorithm: object) -> None:
    _, payload, signature = token(settings).split(".")
    with pytest.raises(WrongAlgorithm):
        verified(settings, f"{encoded({'alg': algorithm})}.{payload}.{signature}")


def test_a_public_key_is_no_shared_secret(settings: Settings) -> None:
    public = verification_keys(settings).keys[0]
    assert isinstance(public, OKPKey)
    signed = f"{encoded({'alg': 'HS256', 'kid': public.kid})}.{encoded({'iss': 'shaodao'})}"
    forged = hmac.new(public.as_pem(private=False), signed.encode(), "sha256").digest()
    with pytest.raises(WrongAlgorithm):
        verified(settings, f"{signed}.{base64.urlsafe_b64encode(forged).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b.c",
        "令牌.b.c",
        "A" * 200_000,
        f"{encoded(['alg'])}.e30.AAAA",
        f"{encoded({'alg': 'Ed25519', 'crit': 5})}.e30.AAAA",
        f"{encoded({'alg': 'Ed25519', 'crit': ['b64'], 'b64': False})}.e30.AAAA",
    ],
)
def test_garbage_is_malformed(settings: Settings, text: str) -> None:
    with pytest.raises(Malformed):
        verified(settings, text)


@pytest.mark.parametrize(
    "change",
    [
        {"grants": [{"role": "KING", "scope": "990101001000"}]},
        {"grants": [{"role": "SYSTEM", "scope": "990101001000"}]},
        {"grants": [{"role": "FOLLOW_UP", "scope": "everything"}]},
        {"sub": ""},
        {"exp": "later"},
        {"exp": 10**18},
        {"exp": None},
    ],
)
def test_claims_of_another_form_are_malformed(settings: Settings, change: dict[str, Any]) -> None:
    claims = {"iss": "shaodao", "aud": ["x", "shaodao"], "sub": "a", "iat": 0, "exp": int(NOW.timestamp()) + 9} | change
    key = local_key(settings.data_dir)
    text = jwt.encode({"alg": "Ed25519", "kid": key.kid}, claims, key, algorithms=["Ed25519"])
    with pytest.raises(Malformed):
        verified(settings, text)


def test_every_single_changed_character_is_refused(settings: Settings) -> None:
    text = token(settings)
    for position in range(0, len(text) - 1, 7):
        other = "B" if text[position] == "A" else "A"
        with pytest.raises(TokenError):
            verified(settings, text[:position] + other + text[position + 1 :])


def test_a_providers_keys_come_from_a_file(tmp_path: Path) -> None:
    provider = RSAKey.generate_key(2048, {"kid": "provider"})
    (tmp_path / "keys.json").write_text(json.dumps(KeySet([provider]).as_dict(private=False)))
    settings = Settings.from_environment(
        {"SHAODAO_DATA_DIR": str(tmp_path), "SHAODAO_JWKS_FILE": str(tmp_path / "keys.json")}
    )
    claims = {"iss": "shaodao", "aud": "shaodao", "sub": "a", "iat": 0, "exp": int(NOW.timestamp()) + 9}
    text = jwt.encode({"alg": "RS256", "kid": "provider"}, claims, provider, algorithms=["RS256"])
    assert verified(settings, text).login == "a"
    with pytest.raises(BadSignature):
        verified(settings, token(settings))


def test_a_key_allows_what_its_kind_and_it_itself_say() -> None:
    assert allowed_algorithms(ECKey.generate_key("P-384")) == {"ES384"}
    assert allowed_algorithms(RSAKey.generate_key(2048, {"alg": "PS256"})) == {"PS256"}
    assert allowed_algorithms(OctKey.generate_key(256)) == frozenset()
    assert allowed_algorithms(OKPKey.generate_key("X25519")) == frozenset()


def test_an_unreadable_file_of_keys_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="SHAODAO_JWKS_FILE"):
        verification_keys(Settings.from_environment({"SHAODAO_JWKS_FILE": str(tmp_path / "none.json")}))


def test_keys_are_made_once_and_closed_to_others(settings: Settings, tmp_path: Path) -> None:
    assert local_key(tmp_path).kid == local_key(tmp_path).kid
    assert personal_data_key(settings) == personal_data_key(settings)
    assert len(personal_data_key(settings)) == 32
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    (tmp_path / "token-key.json").write_text("{}")
    with pytest.raises(StartError, match="is not a key"):
        local_key(tmp_path)
