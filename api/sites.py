"""Requests from pages of other sites: refused unless the browser has asked the server before, by a preflight (design: http).

A browser sends by itself, with whatever a gateway makes of its cookies: GET, HEAD, a WebSocket, and POST of a form or of plain
text. It asks before it sends a body of another type or a header of another name. A POST must be JSON here, so it was always
asked for; what is left are GET, HEAD and sockets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PREFLIGHT_HEADERS = (b"graphql-require-preflight", b"apollo-require-preflight")
"""Names that no page of another site can send without a preflight."""


@dataclass(frozen=True)
class Sites:
    """``trusted``: origins of pages that may ask as if they were the server's own, such as b"https://app.example"."""

    trusted: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, origins: Iterable[str]) -> "Sites":
        """The sites of a setting."""
        return cls(frozenset(origin.encode() for origin in origins))

    def foreign(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a page of another site asks, as far as its browser tells; programs that are none tell nothing."""
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin in self.trusted:
            return False
        if site is not None:
            return site.lower() == b"cross-site"
        # Without TLS browsers tell the origin alone, and that only for a socket or a readable answer.
        return origin is not None and origin.lower().partition(b"://")[2] != headers.get(b"host", b"").lower()


def was_preflighted(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser must have asked the server before it sent this."""
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return media_type == b"application/json" or any(name in headers for name in PREFLIGHT_HEADERS)
