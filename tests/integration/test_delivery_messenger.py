"""The messenger: what commands wrote is sent to the phone in clear, once, and stands on the case with its status."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from shaodao.delivery.messenger import LoggingPort, Messenger, MessengerRules
from tests.integration.conftest import Street
from tests.integration.delivering import emergency, forward


@dataclass
class Port:
    """Keeps what it was to send; fails as often as told."""

    failures: int = 0
    sent: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, recipient: str, text: str) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no signal")
        await asyncio.sleep(0)
        self.sent.append((recipient, text))


def messenger_of(street: Street, port: Port | LoggingPort, **rules: Any) -> Messenger:
    return Messenger(street.pool, street.ground.cipher, port, lambda: street.now, MessengerRules(**rules))


async def states(street: Street) -> list[str]:
    return [row["state"] for row in await street.pool.fetch("SELECT state FROM message ORDER BY created_at, id")]


async def test_duty_phones_are_told_in_clear_and_once(street: Street) -> None:
    await emergency(street, "CG", "XF")
    port = Port()
    racing = [messenger_of(street, port, batch=1) for _ in range(3)]
    for _ in range(3):
        await asyncio.gather(*(messenger.one_pass() for messenger in racing))

    assert sorted(recipient for recipient, _ in port.sent) == ["10000020004", "10000020006"]
    assert await states(street) == ["SENT", "SENT"]


async def test_what_cannot_be_sent_is_tried_again_and_given_up_at_last(street: Street) -> None:
    await emergency(street, "CG")
    port = Port(failures=2)
    messenger = messenger_of(street, port, attempt_limit=2)
    assert await messenger.one_pass() == 0
    assert await states(street) == ["PENDING"]
    assert await messenger.one_pass() > 0
    await forward(street, minutes=1)
    await messenger.one_pass()

    assert await states(street) == ["FAILED"]
    assert "no signal" in await street.pool.fetchval("SELECT last_error FROM message")


async def test_a_phone_that_cannot_be_read_is_no_endless_message(street: Street) -> None:
    await emergency(street, "CG")
    await street.pool.execute("UPDATE message SET recipient_sealed = '\\x00'")
    await messenger_of(street, Port()).one_pass()

    assert await states(street) == ["FAILED"]


async def test_the_default_port_sends_nothing(street: Street) -> None:
    await emergency(street, "CG")
    await messenger_of(street, LoggingPort()).one_pass()

    assert await states(street) == ["SENT"]
