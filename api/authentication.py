"""Who asks: a bearer token becomes a viewer; no token is nobody."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg
import structlog
from joserfc.jwk import KeySet

from shaodao.domain.permissions import Viewer
from shaodao.tokens import Claims, TokenError, verify

_ACCOUNT = "SELECT id, name, enabled FROM accounts WHERE login = $1"
_PERSON = "SELECT id, name FROM person WHERE county_code = $1 AND reference = $2"

_log = structlog.get_logger(__name__)


class Unauthenticated(Exception):
    """There is no token, or one that is not accepted; the message says which."""


Ended: TypeAlias = "Callable[[Unauthenticated], object]"
"""Hears why a token is accepted no more."""


@dataclass(frozen=True)
class Session:
    """A viewer and the end of the token that speaks for them."""

    viewer: Viewer
    expires_at: datetime


@dataclass(frozen=True)
class _Remembered:
    session: Session
    until: datetime


@dataclass
class Authenticator:
    """Checks tokens against the issuer's keys and finds their accounts.

    A checked token is remembered for ``remembered_for``: so long an account still works after it was disabled.
    """

    keys: KeySet
    issuer: str
    audience: str
    now: Callable[[], datetime]
    pool: "asyncpg.Pool[asyncpg.Record]"
    remembered: int = 10_000
    remembered_for: timedelta = timedelta(seconds=10)
    _sessions: dict[str, _Remembered] = field(default_factory=dict)

    async def authenticate(self, authorization: str | None, *, anew: bool = False) -> Session:
        """The session of an ``Authorization`` value; ``anew`` trusts no memory. Raises Unauthenticated."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("a bearer token is needed")
        return await self._session(token.strip(), anew)

    def watch(self, authorization: str | None, session: Session, every: float, ended: Ended) -> "TokenWatch":
        """Check a token anew, after so many seconds each time and when it ends; ``ended`` hears when it is accepted no more."""
        return TokenWatch(self, authorization, session, every, ended)

    async def _session(self, token: str, anew: bool) -> Session:
        now = self.now()
        known = self._sessions.pop(token, None)
        if known is None or known.until <= now or anew:
            session = await self._checked(token, now)
            known = _Remembered(session, min(session.expires_at, now + self.remembered_for))
        if len(self._sessions) >= self.remembered:
            self._sessions.clear()
        self._sessions[token] = known
        return known.session

    async def _checked(self, token: str, now: datetime) -> Session:
        try:
            claims = verify(token, self.keys, issuer=self.issuer, audience=self.audience, now=now)
        except TokenError as error:
            raise Unauthenticated(str(error)) from None
        return Session(await self._viewer(claims), claims.expires_at)

    async def _viewer(self, claims: Claims) -> Viewer:
        """The token's account or resident. Staff of an issuer of tokens need no account here; a disabled one ends them."""
        viewer = Viewer(claims.login, claims.name, claims.grants)
        if claims.person is not None:
            person = await self._person(claims.person, viewer.counties)
            return replace(viewer, name=person["name"], person_id=person["id"])
        account = await self.pool.fetchrow(_ACCOUNT, claims.login)
        if account is None:
            return viewer
        if not account["enabled"]:
            raise Unauthenticated("the account is disabled")
        return replace(viewer, name=account["name"], account_id=account["id"])

    async def _person(self, number: str, counties: tuple[int, ...]) -> asyncpg.Record:
        """The resident with a number of the register, in a county that the token is for."""
        for county in counties:
            if (person := await self.pool.fetchrow(_PERSON, county, number)) is not None:
                return person
        raise Unauthenticated("the token's person is not in the register")


class TokenWatch:
    """Checks the token of something that stays open; while the database is gone, the token stays accepted.

    A timer, not a task that sleeps: thousands of sockets are open.
    """

    __slots__ = ("_authenticator", "_authorization", "_check", "_ended", "_every", "_timer")

    def __init__(
        self, authenticator: Authenticator, authorization: str | None, session: Session, every: float, ended: Ended
    ) -> None:
        self._authenticator = authenticator
        self._authorization = authorization
        self._every = every
        self._ended = ended
        self._check: asyncio.Task[None] | None = None
        self._timer = self._after(session)

    def stop(self) -> None:
        """Check no more."""
        self._timer.cancel()
        if self._check is not None:
            self._check.cancel()

    def _after(self, session: Session) -> asyncio.TimerHandle:
        left = (session.expires_at - self._authenticator.now()).total_seconds()
        return asyncio.get_running_loop().call_later(max(0.0, min(left, self._every)), self._begin, session)

    def _begin(self, session: Session) -> None:
        self._check = asyncio.get_running_loop().create_task(self._look(session))

    async def _look(self, session: Session) -> None:
        try:
            session = await self._authenticator.authenticate(self._authorization, anew=True)
        except Unauthenticated as error:
            self._ended(error)
            return
        except Exception as error:
            _log.warning("token_not_checked", error=str(error))
        self._check = None
        self._timer = self._after(session)
