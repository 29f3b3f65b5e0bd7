"""What is remembered of tokens is bounded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import KeySet, OKPKey

from api.authentication import Authenticator, Unauthenticated
from shaodao.tokens import issue

NOW = datetime(2026, 10, 9, 1, 12, tzinfo=UTC)


class Accounts:
    """Stands for the table of accounts: counts how often it is asked, and says whether an account is enabled."""

    def __init__(self) -> None:
        self.asked = 0
        self.enabled = True

    async def fetchrow(self, _: str, login: str) -> dict[str, Any]:
        """The account with a login."""
        self.asked += 1
        return {"id": None, "name": login, "enabled": self.enabled}


@pytest.fixture
def key() -> OKPKey:
    made = OKPKey.generate_key("Ed25519")
    made.ensure_kid()
    return made


def bearer(key: OKPKey, login: str = "a") -> str:
    token = issue(
        key, login=login, name=login, grants=(), issuer="i", audience="a", now=NOW, lifetime=timedelta(hours=1)
    )  # fmt: skip
    return f"Bearer {token}"


async def test_a_token_is_checked_again_after_a_while_or_on_demand(key: OKPKey) -> None:
    accounts, now = Accounts(), [NOW]
    authenticator = Authenticator(KeySet([key]), "i", "a", lambda: now[0], accounts)  # type: ignore[arg-type]  # a fake
    text = bearer(key)
    for _ in range(3):
        await authenticator.authenticate(text)
    assert accounts.asked == 1
    now[0] += timedelta(seconds=10)
    await authenticator.authenticate(text)
    assert accounts.asked == 2
    accounts.enabled = False
    await authenticator.authenticate(text)
    with pytest.raises(Unauthenticated, match="disabled"):
        await authenticator.authenticate(text, anew=True)
    with pytest.raises(Unauthenticated, match="disabled"):
        await authenticator.authenticate(text)


async def test_so_many_are_remembered_and_no_more(key: OKPKey) -> None:
    accounts = Accounts()
    authenticator = Authenticator(KeySet([key]), "i", "a", lambda: NOW, accounts, remembered=2)  # type: ignore[arg-type]  # a fake
    for login in "abc":
        await authenticator.authenticate(bearer(key, login))
    await authenticator.authenticate(bearer(key, "c"))
    assert accounts.asked == 3
    await authenticator.authenticate(bearer(key, "a"))
    assert accounts.asked == 4
