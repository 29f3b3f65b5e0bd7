"""The timeline of a case as a subscription delivers it, printed live with the messages to the resident beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from shaodao.play.client import Api

FOLLOW = """
subscription Follow($id: ID!, $after: String) {
  caseChanged(id: $id, after: $after) {
    cursor
    event { seq at type text }
    case { state whistles { state } messages { id kind text state } }
  }
}
"""
HISTORY = """
query History($id: ID!) {
  node(id: $id) { ... on Case { number state history(first: 100) { nodes { seq type } } } }
}
"""
_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Timeline:
    """What the subscription has delivered of one case."""

    console: Console
    events: list[dict[str, Any]] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    whistle_states: list[str] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, changes: AsyncIterator[dict[str, Any]]) -> None:
        """Take in and print each change until cancelled."""
        async for change in changes:
            self._take(change["caseChanged"])

    def _take(self, change: dict[str, Any]) -> None:
        event, case = change["event"], change["case"]
        self.events.append(event)
        _note(self.states, case["state"])
        for whistle in case["whistles"][-1:]:
            _note(self.whistle_states, whistle["state"])
        self._print(event, self._new_messages(case["messages"]))
        self._news.set()

    def _new_messages(self, messages: list[dict[str, Any]]) -> list[str]:
        fresh = [message for message in messages if message["id"] not in self._told]
        self._told.update(message["id"] for message in fresh)
        return [message["text"] for message in fresh if message["kind"] not in ("WHISTLE", "ALARM")]

    def _print(self, event: dict[str, Any], told: list[str]) -> None:
        at = datetime.fromisoformat(event["at"]).astimezone(_SHANGHAI)
        row = Table.grid(padding=(0, 1))
        row.add_column(width=3, justify="right", style="dim")
        row.add_column(width=11, style="cyan")
        row.add_column(ratio=3)
        row.add_column(ratio=2, style="green")
        row.add_row(str(event["seq"]), f"{at:%m-%d %H:%M}", event["text"], "\n".join(f"✉ {text}" for text in told))
        self.console.print(row)

    async def until(self, what: str, reached: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until the delivered events show it. Raises TimeoutError that says what was waited for."""
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"within {seconds:.0f} s the subscription did not show: {what}") from None

    def has(self, kind: str, times: int = 1) -> bool:
        """Whether an event of the type was delivered so often."""
        return sum(event["type"] == kind for event in self.events) >= times


def _note(states: list[str], state: str) -> None:
    if not states or states[-1] != state:
        states.append(state)


async def differences(api: Api, case_id: str, timeline: Timeline) -> list[str]:
    """Where the delivered events differ from the case's history: every event exactly once, in order."""
    node = (await api.query(HISTORY, id=case_id))["node"]
    written = sorted((event["seq"], event["type"]) for event in node["history"]["nodes"])
    delivered = [(event["seq"], event["type"]) for event in timeline.events]
    return [] if written == delivered else [f"the history holds {written}", f"the subscription delivered {delivered}"]


def is_subsequence(wanted: list[str], seen: list[str]) -> bool:
    """Whether the wanted states were seen in their order; others may lie between."""
    rest = iter(seen)
    return all(state in rest for state in wanted)
