"""Which changes a board sends: the rows that enter it, change on it and leave it, as one subscriber sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schema.lru import Lru
from shaodao.delivery.feed import FeedEvent
from shaodao.domain import assignment_machine, case_machine, whistle_machine
from shaodao.domain.permissions import prefix_of
from shaodao.domain.vocabulary import Term

_ROWS_REMEMBERED = 10_000
_GONE = 0
"""Told in place of a version, which begins with 1."""


class BoardChange(Term):
    """What happened to a row of a board."""

    ENTERED = "ENTERED", "进入"
    CHANGED = "CHANGED", "变化"
    LEFT = "LEFT", "离开"


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
        """What to tell of the row; ``row`` is None when the subscriber does not see it.

        ``seen``: whether they see the event; ``about``: whether it is about this very row, not only about its case. What
        another event did to a row is told when the row shows it, or when we cannot know. A row that was not told of before
        and is out of sight is not spoken of.
        """
        told = self._versions.get(identifier)
        if row is None or not row.member:
            return self._left(identifier, told, known=row is not None)
        self._versions.put(identifier, row.version)
        if told == _GONE or (told is None and row.since == event.at):
            return BoardChange.ENTERED
        moved = told is not None and told != row.version
        return BoardChange.CHANGED if moved or (seen and (about or told is None)) else None

    def _left(self, identifier: str, told: int | None, *, known: bool) -> BoardChange | None:
        if told == _GONE or (told is None and not known):
            return None
        self._versions.put(identifier, _GONE)
        return BoardChange.LEFT


def case_row(node: dict[str, Any], division: str) -> Row:
    """A case on the board of its division, while it is open."""
    member = node["state"] in case_machine.OPEN and _lies_in(node, division)
    return _row(node, member, "registeredAt")


def whistle_row(node: dict[str, Any], division: str) -> Row:
    """A whistle on the board of its case's division, while it is open."""
    member = node["state"] in whistle_machine.OPEN and _lies_in(node["case"] or {}, division)
    return _row(node, member, "draftedAt")


def assignment_row(node: dict[str, Any]) -> Row:
    """An assignment in the inbox of its organization, while it is open."""
    return _row(node, node["state"] in assignment_machine.OPEN, "notifiedAt")


def _row(node: dict[str, Any], member: bool, since: str) -> Row:
    return Row(node["id"], member, node["version"], datetime.fromisoformat(node[since]))


def _lies_in(place: dict[str, Any], division: str) -> bool:
    """Whether the grid, the community or the street of a case lies in the division."""
    codes = [place[level]["code"] for level in ("grid", "community", "street") if place.get(level)]
    return any(code.startswith(prefix_of(division)) for code in codes)
