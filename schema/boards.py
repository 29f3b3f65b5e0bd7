"""Which changes a board sends: the rows that enter it, change on it and leave it, as one subscriber sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schema.enumerations import BoardChange
from schema.lru import Lru
from shaodao.delivery.feed import FeedEvent
from shaodao.domain import assignment_machine, case_machine, whistle_machine
from shaodao.domain.permissions import prefix_of

_ROWS_REMEMBERED = 10_000
_GONE = 0
"""Told in place of a version, which begins with 1."""


@dataclass(frozen=True)
class Row:
    """A row that the subscriber sees now: its global id, whether it belongs on the board, its version, since when it is."""

    id: str
    member: bool
    version: int
    since: datetime


class Told:
    """What a subscriber was told last of each row; bounded, the least lately told are forgotten."""

    def __init__(self) -> None:
        self._versions: Lru[int] = Lru(_ROWS_REMEMBERED)

    def change(
        self, identifier: str, row: Row | None, event: FeedEvent, *, seen: bool, about: bool = True
    ) -> BoardChange | None:
        """What to tell of the row; ``row`` is None when the subscriber does not see it there.

        ``seen``: whether they see the event; ``about``: whether it is about this very row, not only about its case. What
        another event did to a row is told when the row shows it, or when we cannot know. A row that was not told of before
        and is out of sight is not spoken of.
        """
        told = self._versions.get(identifier)
        if row is None or not row.member:
            change = None if told == _GONE or (told is None and row is None) else BoardChange.LEFT
        elif told == _GONE or (told is None and row.since == event.at):
            change = BoardChange.ENTERED
        elif told is None:
            change = BoardChange.CHANGED if seen and event.at > row.since else None
        else:
            change = BoardChange.CHANGED if told != row.version or (seen and about) else None
        if change is not None:
            self._versions.put(identifier, row.version if row is not None and row.member else _GONE)
        return change


def case_row(node: dict[str, Any], division: str) -> Row | None:
    """A case on the board of its division, while it is open; None for one of another division."""
    return _row(node, node["state"] in case_machine.OPEN, "registeredAt") if _lies_in(node, division) else None


def whistle_row(node: dict[str, Any], division: str) -> Row | None:
    """A whistle on the board of its case's division, while it is open; None for one of another division."""
    if not _lies_in(node["case"] or {}, division):
        return None
    return _row(node, node["state"] in whistle_machine.OPEN, "draftedAt")


def assignment_row(node: dict[str, Any]) -> Row:
    """An assignment in the inbox of its organization, while it is open."""
    return _row(node, node["state"] in assignment_machine.OPEN, "notifiedAt")


def _row(node: dict[str, Any], member: bool, since: str) -> Row:
    return Row(node["id"], member, node["version"], datetime.fromisoformat(node[since]))


def _lies_in(place: dict[str, Any], division: str) -> bool:
    """Whether the grid, the community or the street of a case lies in the division."""
    codes = [place[level]["code"] for level in ("grid", "community", "street") if place.get(level)]
    return any(code.startswith(prefix_of(division)) for code in codes)
