"""The timeline of a case as a subscription delivers it, printed live with the messages to the resident beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shaodao.play.client import Api

FOLLOW = """
subscription Follow($id: ID!, $after: String) {
  caseChanged(id: $id, after: $after) {
    cursor
    event { seq at type text detail fromState toState organization { code } }
    case { state messages { id kind text } }
  }
}
"""
HISTORY = """
query History($id: ID!, $after: String) {
  node(id: $id) { ... on Case { history(first: 100, after: $after) {
    nodes { seq type } pageInfo { hasNextPage endCursor }
  } } }
}
"""
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_TO_DUTY_PHONES = ("WHISTLE", "ALARM")
_OF_THE_WHISTLE = frozenset(
    {
        "draftWhistle", "reviseWhistle", "submitWhistle", "approveWhistle", "rejectWhistle", "sendWhistleBack",
        "blowEmergencyWhistle", "withdrawWhistle", "closeWhistle", "rateDepartment", "judgeWhistle", "whistleProgressed",
    }
)  # fmt: skip


@dataclass
class Timeline:
    """What the subscription has delivered of one case."""

    console: Console
    events: list[dict[str, Any]] = field(default_factory=list)
    whistle_states: list[str] = field(default_factory=list)
    case_states: list[str] = field(default_factory=list)
    _told: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, changes: AsyncIterator[dict[str, Any]]) -> None:
        """Take in and print each change until cancelled."""
        async for change in changes:
            self._take(change["caseChanged"])

    def saw_case(self, state: str | None) -> None:
        """Note a state that the case was in, as a step's outcome or a delivered change tells it."""
        _note(self.case_states, state)

    def _take(self, change: dict[str, Any]) -> None:
        event = change["event"]
        self.events.append(event)
        if event["type"] in _OF_THE_WHISTLE:
            _note(self.whistle_states, event["toState"])
        if event["type"] in ("caseProgressed", "acceptCase", "registerCase"):
            _note(self.case_states, event["toState"])
        self._print(event, self._new_messages(change["case"]["messages"]))
        self._news.set()

    def _new_messages(self, messages: Sequence[dict[str, Any]]) -> list[str]:
        fresh = [message for message in messages if message["id"] not in self._told]
        self._told.update(message["id"] for message in fresh)
        return [message["text"] for message in fresh if message["kind"] not in _TO_DUTY_PHONES]

    def _print(self, event: dict[str, Any], told: Sequence[str]) -> None:
        at = datetime.fromisoformat(event["at"]).astimezone(_SHANGHAI)
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=3, justify="right", style="dim")
        row.add_column(width=11, style="cyan")
        row.add_column(ratio=3, overflow="fold")
        row.add_column(ratio=2, style="green", overflow="fold")
        said = Text.assemble(event["text"], (f" {event['detail']}" if event["detail"] else "", "dim"))
        row.add_row(str(event["seq"]), f"{at:%m-%d %H:%M}", said, "\n".join(f"✉ {text}" for text in told))
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

    def count(self, kind: str, organization: str | None = None) -> int:
        """How many events of the type were delivered, of the organization if one is named."""
        return sum(
            event["type"] == kind and organization in (None, (event["organization"] or {}).get("code"))
            for event in self.events
        )


def _note(states: list[str], state: str | None) -> None:
    if state is not None and (not states or states[-1] != state):
        states.append(state)


async def differences(api: Api, case_id: str, timeline: Timeline) -> list[str]:
    """Where the delivered events differ from the case's history: every event exactly once, in order."""
    written: list[tuple[int, str]] = []
    after: str | None = None
    while True:
        page = (await api.query(HISTORY, id=case_id, after=after))["node"]["history"]
        written += [(event["seq"], event["type"]) for event in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    delivered = [(event["seq"], event["type"]) for event in timeline.events]
    if sorted(written) == delivered:
        return []
    return [f"the history holds {sorted(written)}", f"the subscription delivered {delivered}"]


def in_order(wanted: Sequence[str], seen: Sequence[str]) -> bool:
    """Whether the wanted states were seen in their order; others may lie between."""
    rest = iter(seen)
    return all(state in rest for state in wanted)
