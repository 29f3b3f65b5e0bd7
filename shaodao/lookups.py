"""How often each viewer looks a phone up: reading writes nothing, so this is counted in the process."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

import structlog

from shaodao.domain.errors import RateLimited
from shaodao.domain.rulebook import RateLimit

_log = structlog.get_logger(__name__)


class PhoneLookups:
    """The look-ups of late of each login; several processes allow each their own number."""

    def __init__(self) -> None:
        self._uses: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def use(self, login: str, digest: bytes, now: datetime, limit: RateLimit) -> None:
        """Count and log one look-up; of the phone only the beginning of its keyed hash is told. Raises RateLimited."""
        uses, window = self._uses[login], timedelta(minutes=limit.minutes)
        while uses and uses[0] <= now - window:
            uses.popleft()
        if len(uses) >= limit.uses:
            _log.warning("phone_lookup_refused", login=login)
            raise RateLimited(max(1, int((uses[0] + window - now).total_seconds())))
        uses.append(now)
        _log.info("phone_looked_up", login=login, hash=digest.hex()[:8])
