"""Who asks: a bearer token becomes a viewer; no token is nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import asyncpg
from joserfc.jwk import KeySet

from shaodao.domain.permissions import Viewer
from shaodao.tokens import Claims, Malformed, TokenError, verify

_ACCOUNT = "SELECT id, name FROM accounts WHERE login = $1 AND enabled"
_PERSON = "SELECT id, name FROM person WHERE county_code = $1 AND reference = $2"


class Unauthenticated(Exception):
    """There is no token, or one that is not accepted; the message says which."""


@dataclass(frozen=True)
class Session:
    """A viewer and the end of the token that speaks for them."""

    viewer: Viewer
    expires_at: datetime


@dataclass
class Authenticator:
    """Checks tokens against the issuer's keys and finds their accounts; a checked token is remembered until it ends."""

    keys: KeySet
    issuer: str
    audience: str
    now: Callable[[], datetime]
    pool: "asyncpg.Pool[asyncpg.Record]"
    remembered: int = 10_000
    _sessions: dict[str, Session] = field(default_factory=dict)

    async def authenticate(self, authorization: str | None) -> Session:
        """The session of an ``Authorization`` value. Raises Unauthenticated."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("a bearer token is needed")
        return await self._session(token.strip())

    async def _session(self, token: str) -> Session:
        known = self._sessions.get(token)
        if known is not None and known.expires_at > self.now():
            return known
        try:
            claims = verify(token, self.keys, issuer=self.issuer, audience=self.audience, now=self.now())
            session = Session(await self._viewer(claims), claims.expires_at)
        except TokenError as error:
            self._sessions.pop(token, None)
            raise Unauthenticated(str(error)) from None
        if len(self._sessions) >= self.remembered:
            self._sessions.clear()
        self._sessions[token] = session
        return session

    async def _viewer(self, claims: Claims) -> Viewer:
        account = await self.pool.fetchrow(_ACCOUNT, claims.login)
        nobody = Viewer(claims.login, claims.name, claims.grants)
        if claims.person is not None:
            person = await self._person(claims.person, nobody.counties)
            return replace(nobody, name=person["name"], person_id=person["id"])
        return replace(nobody, name=account["name"], account_id=account["id"]) if account else nobody

    async def _person(self, number: str, counties: tuple[int, ...]) -> asyncpg.Record:
        """The resident with a number of the register, in a county that the token is for."""
        for county in counties:
            if (person := await self.pool.fetchrow(_PERSON, county, number)) is not None:
                return person
        raise Malformed("the token's person is not in the register")
