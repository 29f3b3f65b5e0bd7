"""Bearer tokens (JWT): signed by a local Ed25519 key, or by an OIDC provider whose public keys are in a file."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.key_files import secret_file
from shaodao.settings import Settings, StartError

TOKEN_KEY_FILE = "token-key.json"  # noqa: S105 - the name of a file
LOCAL_ALGORITHM = "Ed25519"

Key = RSAKey | ECKey | OKPKey | OctKey

# What a key of each kind may sign with. The key decides, never the token's header; `none` and shared secrets are absent.
RSA_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
CURVE_ALGORITHMS = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"Ed25519", "EdDSA"}),
}


class TokenError(Exception):
    """The token is not accepted."""


class Expired(TokenError):
    """The token is past its end, or not valid yet."""


class WrongIssuer(TokenError):
    """The token is of another issuer."""


class WrongAudience(TokenError):
    """The token is for another audience."""


class WrongAlgorithm(TokenError):
    """The token is signed with an algorithm that its key does not allow."""


class BadSignature(TokenError):
    """The signature is not by one of the issuer's keys."""


class Malformed(TokenError):
    """The token is no JWT, or its claims are not those of this platform."""


@dataclass(frozen=True)
class Claims:
    """Who a token speaks for: the account's login, name and grants, and the resident's person where it is one."""

    login: str
    name: str
    grants: tuple[Grant, ...]
    issued_at: datetime
    expires_at: datetime
    person: str | None = None


ScopeCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}([0-9]{3})?$")]
LoginName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _GrantClaim(msgspec.Struct, frozen=True, omit_defaults=True):
    role: Role
    scope: ScopeCode
    organization: str | None = None
    rank: LeaderRank | None = None


class _Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    iss: str
    aud: str | list[str]
    sub: LoginName
    iat: int
    exp: int
    name: str = ""
    grants: list[_GrantClaim] = []
    person: str | None = None
    nbf: int | None = None


def local_key(data_dir: Path) -> OKPKey:
    """The key that signs this installation's own tokens, made at the first call; its file has mode 0600."""
    content = secret_file(data_dir / TOKEN_KEY_FILE, _new_key)
    try:
        key = OKPKey.import_key(json.loads(content))
    except (ValueError, JoseError):
        raise StartError(f"{data_dir / TOKEN_KEY_FILE} is not a key. Remove it, and a new one is made.") from None
    key.ensure_kid()
    return key


def verification_keys(settings: Settings) -> KeySet:
    """The public keys that tokens are checked with: the provider's, or the local one.

    Raises StartError for a file of keys that cannot be read.
    """
    if settings.jwks_file is None:
        return KeySet([_public(local_key(settings.data_dir))])
    try:
        return KeySet.import_key_set(json.loads(settings.jwks_file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise StartError(f"SHAODAO_JWKS_FILE={settings.jwks_file} is not a readable set of keys: {error}") from None


def issue(
    key: OKPKey,
    *,
    login: str,
    name: str,
    grants: Iterable[Grant],
    issuer: str,
    audience: str,
    now: datetime,
    lifetime: timedelta,
    person: str | None = None,
) -> str:
    """A signed token for an account."""
    payload = _Payload(
        iss=issuer,
        aud=audience,
        sub=login,
        iat=int(now.timestamp()),
        exp=int((now + lifetime).timestamp()),
        name=name,
        grants=[_GrantClaim(grant.role, grant.scope, grant.organization, grant.rank) for grant in grants],
        person=person,
    )
    header = {"alg": LOCAL_ALGORITHM, "kid": key.kid}
    return jwt.encode(header, msgspec.to_builtins(payload), key, algorithms=[LOCAL_ALGORITHM])


def verify(token: str, keys: KeySet, *, issuer: str, audience: str, now: datetime) -> Claims:
    """The claims of a token that one of the keys signed for us.

    Raises Malformed, WrongAlgorithm, BadSignature, WrongIssuer, WrongAudience or Expired, in this order.
    """
    payload = _payload(_signed_claims(token, keys))
    if payload.iss != issuer:
        raise WrongIssuer(f"the token's issuer is not {issuer}")
    if audience not in ([payload.aud] if isinstance(payload.aud, str) else payload.aud):
        raise WrongAudience(f"the token is not for {audience}")
    if now.timestamp() >= payload.exp:
        raise Expired("the token has expired")
    if payload.nbf is not None and now.timestamp() < payload.nbf:
        raise Expired("the token is not valid yet")
    return _claims(payload)


def allowed_algorithms(key: Key) -> frozenset[str]:
    """The algorithms that a key may have signed with, by its kind and, if the key itself names one, by that."""
    match key:
        case RSAKey():
            allowed = RSA_ALGORITHMS
        case ECKey() | OKPKey():
            allowed = CURVE_ALGORITHMS.get(key.curve_name, frozenset())
        case _:
            allowed = frozenset()
    return allowed & {key.alg} if key.alg else allowed


def _signed_claims(token: str, keys: KeySet) -> dict[str, Any]:
    header = _header(token)
    key = _key(keys, header.get("kid"))
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed_algorithms(key):
        raise WrongAlgorithm("the token is signed with an algorithm that is not allowed")
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        return jwt.decode(token, key, registry=registry).claims
    except BadSignatureError:
        raise BadSignature("the token's signature is wrong") from None
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Malformed("the token is not a signed JWT") from None


def _header(token: str) -> dict[str, Any]:
    try:
        header: Any = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Malformed("the token is not a signed JWT") from None
    # ``crit`` names extensions that must be understood; we understand none.
    if not isinstance(header, dict) or "crit" in header:
        raise Malformed("the token's header is not one of a plain JWT")
    return dict(header)


def _key(keys: KeySet, kid: object) -> Key:
    """The key that the header names; without a name, the only one."""
    found = [key for key in keys.keys if key.kid == kid] if kid is not None else list(keys.keys)
    if len(found) != 1:
        raise BadSignature("the token names no key of the issuer")
    return found[0]


def _payload(claims: dict[str, Any]) -> _Payload:
    try:
        payload = msgspec.convert(claims, _Payload)
    except msgspec.ValidationError as error:
        raise Malformed(f"the token's claims are not those of this platform: {error}") from None
    if any(grant.role is Role.SYSTEM for grant in payload.grants):
        raise Malformed("the token grants SYSTEM, which is nobody's role")
    return payload


def _claims(payload: _Payload) -> Claims:
    try:
        issued, expires = (datetime.fromtimestamp(seconds, UTC) for seconds in (payload.iat, payload.exp))
    except (OverflowError, OSError, ValueError):
        raise Malformed("the token's times are out of range") from None
    return Claims(
        login=payload.sub,
        name=payload.name or payload.sub,
        grants=tuple(Grant(g.role, g.scope, g.organization, g.rank) for g in payload.grants),
        issued_at=issued,
        expires_at=expires,
        person=payload.person,
    )


def _new_key() -> bytes:
    key = OKPKey.generate_key("Ed25519")
    return json.dumps(key.as_dict(private=True)).encode()


def _public(key: OKPKey) -> OKPKey:
    public = OKPKey.import_key(key.as_dict(private=False))
    public.ensure_kid()
    return public
