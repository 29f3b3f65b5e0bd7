"""The messenger: sends what commands wrote into the outbox of messages 短信、电话告知, through a port (reference C.3)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import structlog

from shaodao.delivery.pace import Now
from shaodao.domain.identity import mask_phone
from shaodao.personal_data import PersonalDataCipher, PersonalDataError

_COUNTIES = "SELECT DISTINCT county_code FROM message WHERE state = 'PENDING' AND next_at <= $1"
_NEXT = "SELECT min(next_at) FROM message WHERE state = 'PENDING' AND next_at > $1"
# The lease is next_at itself: if this worker dies, the message comes due again.
_CLAIM = """
WITH due AS (
    SELECT id FROM message WHERE county_code = $1 AND state = 'PENDING' AND next_at <= $2
    ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE message SET attempts = message.attempts + 1, next_at = $4 FROM due
WHERE message.county_code = $1 AND message.id = due.id
RETURNING message.county_code, message.id, message.case_id, message.organization_code, message.recipient_sealed,
    message.text, message.attempts
"""
_SENT = "UPDATE message SET state = 'SENT', sent_at = $3, last_error = NULL WHERE county_code = $1 AND id = $2"
_NOT_SENT = "UPDATE message SET state = $3, last_error = $4, next_at = $5 WHERE county_code = $1 AND id = $2"

_log = structlog.get_logger(__name__)


class MessagePort(Protocol):
    """What sends a message: an SMS gateway, or the demonstration's terminal."""

    async def send(self, recipient: str, text: str) -> None:
        """Send a text to a phone in clear; whatever is raised counts as not sent, and is tried again."""
        ...


class LoggingPort:
    """The default port: sends nothing, and logs the text with the phone masked."""

    async def send(self, recipient: str, text: str) -> None:
        """Log the message."""
        _log.info("message", recipient=mask_phone(recipient), text=text)


@dataclass(frozen=True)
class MessengerRules:
    """``lease``: after so long a message that was taken and not marked is sent again."""

    batch: int = 20
    attempt_limit: int = 6
    lease: timedelta = timedelta(seconds=60)
    first_backoff: timedelta = timedelta(seconds=5)
    poll: float = 2.0


class Messenger:
    """One process's messenger. A message is sent at least once; marking it is what makes it once."""

    name = "messenger"

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", cipher: PersonalDataCipher, port: MessagePort, now: Now,
        rules: MessengerRules | None = None,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._cipher = cipher
        self._port = port
        self._now = now
        self._rules = rules or MessengerRules()

    async def one_pass(self) -> float:
        """Send what is due; answers the seconds until the next look."""
        now = self._now()
        taken = 0
        for row in await self._pool.fetch(_COUNTIES, now):
            taken += await self._send_county(row["county_code"], now)
        if taken:
            return 0
        following: datetime | None = await self._pool.fetchval(_NEXT, now)
        wait = self._rules.poll if following is None else (following - now).total_seconds()
        return min(wait, self._rules.poll)

    async def _send_county(self, county: int, now: datetime) -> int:
        rows = await self._pool.fetch(_CLAIM, county, now, self._rules.batch, now + self._rules.lease)
        for row in rows:
            await self._send(dict(row))
        return len(rows)

    async def _send(self, message: dict[str, Any]) -> None:
        key = (message["county_code"], message["id"])
        recipient = self._recipient(message)
        if recipient is None:
            await self._pool.execute(_NOT_SENT, *key, "FAILED", "there is no phone that can be read", self._now())
            return
        try:
            await self._port.send(recipient, message["text"])
        except Exception as error:
            await self._not_sent(key, message["attempts"], f"{type(error).__name__}: {error}")
        else:
            await self._pool.execute(_SENT, *key, self._now())

    async def _not_sent(self, key: tuple[int, UUID], attempts: int, error: str) -> None:
        _log.warning("message_not_sent", attempts=attempts, error=error)
        given_up = attempts >= self._rules.attempt_limit
        again_at = self._now() + self._rules.first_backoff * 2 ** (attempts - 1)
        await self._pool.execute(_NOT_SENT, *key, "FAILED" if given_up else "PENDING", error, again_at)

    def _recipient(self, message: dict[str, Any]) -> str | None:
        """The phone in clear. A message to the reporter carries the case's own sealing, others one of their own."""
        if message["recipient_sealed"] is None:
            return None
        to_reporter = message["organization_code"] is None
        context = (
            b"case_file.reporter_phone:" + message["case_id"].bytes
            if to_reporter
            else b"message.recipient:" + message["id"].bytes
        )
        with suppress(PersonalDataError):
            return self._cipher.open(message["recipient_sealed"], context)
        return None
