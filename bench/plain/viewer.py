"""Who asks, as simply as can be: the first grant of the bearer token, whose signature this contender does not check."""

import base64
from dataclasses import dataclass
from functools import lru_cache

import orjson

COUNTY_DIGITS = 6


@dataclass(frozen=True)
class PlainViewer:
    """The county, what the street codes in scope begin with, and for a department's handler the organization."""

    county: int
    prefix: str
    organization: str | None


@lru_cache(maxsize=256)
def viewer_of(authorization: str) -> PlainViewer:
    """The viewer of an ``Authorization`` value. Raises ValueError or LookupError for what is no token."""
    payload = authorization.removeprefix("Bearer ").split(".")[1]
    grant = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["grants"][0]
    scope = grant["scope"]
    prefix = scope[:COUNTY_DIGITS] if scope[COUNTY_DIGITS:].strip("0") == "" else scope[:9]
    return PlainViewer(int(scope[:COUNTY_DIGITS]), prefix, grant.get("organization"))
