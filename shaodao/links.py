"""Addresses that are good for a short time 限时链接: to send the bytes of one upload, and to read one file.

The address itself is the permission, since an image in a page sends no token. It is signed (HMAC-SHA256 in a JWT), says for what and for
whom it was made, and ends by the machine's time, however far a demonstration's clock was moved.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shaodao.personal_data import derived_key

_ALGORITHM = "HS256"
_DERIVED_FOR = b"shaodao links 1"


class Purpose(StrEnum):
    """What an address is good for."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


class LinkError(Exception):
    """The address is not good."""


class LinkInvalid(LinkError):
    """The address was not made here, or for something else."""


class LinkExpired(LinkError):
    """The address was good, and its time is over."""


@dataclass(frozen=True)
class Link:
    """An address that was given out: its last part ``token``, and when it ends."""

    token: str
    expires_at: datetime


class Permission(msgspec.Struct, frozen=True):
    """What a token says: what it is good for, of which upload or attachment, for whom, and until when (seconds since 1970)."""

    aud: Purpose
    county: int
    id: UUID
    sub: str
    exp: int


class Links:
    """Makes and reads tokens. ``key`` is the personal data key, which every process of a platform has."""

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        self._key = OctKey.import_key(derived_key(key, _DERIVED_FOR))
        self._now = now

    def issue(self, purpose: Purpose, county: int, identifier: UUID, login: str, lifetime: timedelta) -> Link:
        """A token for a person."""
        ends = (self._now() + lifetime).replace(microsecond=0)
        permission = Permission(purpose, county, identifier, login, int(ends.timestamp()))
        claims = msgspec.to_builtins(permission)
        return Link(jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM]), ends)

    def read(self, purpose: Purpose, token: str) -> Permission:
        """What a token permits. Raises LinkInvalid and LinkExpired."""
        try:
            registry = jws.JWSRegistry(algorithms=[_ALGORITHM])
            permission = msgspec.convert(jwt.decode(token, self._key, registry=registry).claims, Permission)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise LinkInvalid("the link was not made here") from None
        if permission.aud is not purpose:
            raise LinkInvalid("the link was made for something else")
        if self._now().timestamp() >= permission.exp:
            raise LinkExpired("the link has expired")
        return permission
