"""Boards: what a subscriber is told of a row, by what they were told before and what they see now."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from schema.boards import Row, Told
from schema.enumerations import BoardChange
from shaodao.delivery.cursors import Position
from shaodao.delivery.feed import FeedEvent

BORN = datetime(2026, 11, 20, 2, tzinfo=UTC)
NOBODY = UUID(int=0)


def event(minutes: int) -> FeedEvent:
    """An event so many minutes after the row was made."""
    return FeedEvent(
        cursor="", position=Position(0, NOBODY), county=990101, case_id=NOBODY, seq=1, id=NOBODY,
        at=BORN + timedelta(minutes=minutes), type="acceptCase", actor_name=None, actor_role="SYSTEM", organization_code=None,
        whistle_id=None, assignment_id=None, from_state=None, to_state=None, text="", public=True,
        street_code="990101001000", grid_code=None,
    )  # fmt: skip


def row(version: int = 1, *, member: bool = True) -> Row:
    """The row as it is now."""
    return Row("Case:990101:1", member, version, BORN)


def change(told: Told, now: Row | None, minutes: int, *, seen: bool = True, about: bool = True) -> BoardChange | None:
    return told.change("Case:990101:1", now, event(minutes), seen=seen, about=about)


def test_a_row_enters_with_the_event_that_made_it_then_changes_and_leaves_once() -> None:
    told = Told()
    assert change(told, row(1), 0) is BoardChange.ENTERED
    assert change(told, row(2), 1) is BoardChange.CHANGED
    assert change(told, row(3, member=False), 2) is BoardChange.LEFT
    assert change(told, row(4, member=False), 3) is None
    assert change(told, row(5), 4) is BoardChange.ENTERED


def test_what_was_on_the_board_before_the_subscription_changes_and_leaves() -> None:
    assert change(Told(), row(7), 9) is BoardChange.CHANGED
    assert change(Told(), row(7, member=False), 9) is BoardChange.LEFT


def test_a_row_is_not_spoken_of_before_it_was_made() -> None:
    assert change(Told(), row(), -5) is None


def test_a_row_out_of_sight_leaves_only_whom_it_was_told() -> None:
    told = Told()
    assert change(told, None, 0) is None
    assert change(told, row(), 0) is BoardChange.ENTERED
    assert change(told, None, 1) is BoardChange.LEFT
    assert change(told, None, 2) is None


def test_an_unseen_event_or_one_about_another_row_is_told_only_by_what_it_did() -> None:
    told = Told()
    assert change(told, row(1), 1, seen=False) is None
    assert change(told, row(1), 1) is BoardChange.CHANGED
    assert change(told, row(1), 2, seen=False) is None
    assert change(told, row(1), 2, about=False) is None
    assert change(told, row(2), 3, seen=False) is BoardChange.CHANGED
