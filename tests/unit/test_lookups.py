"""Looking phones up is counted for each viewer."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from shaodao.domain.errors import RateLimited
from shaodao.domain.rulebook import RateLimit
from shaodao.lookups import PhoneLookups

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
LIMIT = RateLimit(uses=2, minutes=10)
DIGEST = bytes.fromhex("0123456789abcdef")


def test_so_many_within_some_minutes_and_each_viewer_for_themselves() -> None:
    lookups = PhoneLookups()
    lookups.use("lyu", DIGEST, NOW, LIMIT)
    lookups.use("lyu", DIGEST, NOW + timedelta(minutes=4), LIMIT)
    with pytest.raises(RateLimited) as error:
        lookups.use("lyu", DIGEST, NOW + timedelta(minutes=9), LIMIT)
    assert error.value.retry_after == 60
    lookups.use("cao", DIGEST, NOW + timedelta(minutes=9), LIMIT)
    lookups.use("lyu", DIGEST, NOW + timedelta(minutes=10), LIMIT)


def test_the_log_tells_who_and_the_beginning_of_the_hash() -> None:
    with capture_logs() as logs:
        PhoneLookups().use("lyu", DIGEST, NOW, LIMIT)
    assert logs == [{"event": "phone_looked_up", "login": "lyu", "hash": "01234567", "log_level": "info"}]
