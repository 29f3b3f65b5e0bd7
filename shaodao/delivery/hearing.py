"""What a department hears: a step of the case's history as the event of its hook (reference C.4, What a plugin hears)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from shaodao.delivery.views import HeardStep
from shaodao.domain.vocabulary import ClockKind, CloseKind
from shaodao.plugin import (
    CaseClosed,
    DeliveryKey,
    Dispatched,
    Event,
    ExtensionDecided,
    ObjectionDecided,
    Overdue,
    QuestionAnswered,
    Released,
    ReportReturned,
    Urged,
    WhistleBlown,
    Withdrawn,
    Woken,
)


def event_of(hook: str, key: DeliveryKey, step: HeardStep) -> Event:
    """The event that a hook gets. Raises KeyError for a hook that no step is delivered by."""
    return _MAKERS[hook](_Told(key, step))


class _Told:
    """A step as the makers read it: the fields of every event, and what the step's payload tells."""

    def __init__(self, key: DeliveryKey, step: HeardStep) -> None:
        self.step = step
        self.common: dict[str, Any] = {"key": key, "at": step.at, "view": step.view}

    def text(self, name: str) -> str:
        """A text of the payload; where there is none, the sentence of the history tells it."""
        return str(self.step.payload.get(name) or self.step.text)

    @property
    def clock(self) -> ClockKind | None:
        """Which clock the step is about."""
        return msgspec.convert(self.step.payload.get("clock"), ClockKind | None)

    def instant(self, name: str) -> datetime | None:
        """A time of the payload."""
        return msgspec.convert(self.step.payload.get(name), datetime | None)

    def is_set(self, name: str) -> bool:
        """A yes or no of the payload."""
        return bool(self.step.payload.get(name))


def _returned(told: _Told) -> Event:
    return ReportReturned(**told.common, reason=told.text("reason"), returned_count=told.step.view.returned_count)


def _answered(told: _Told) -> Event:
    return QuestionAnswered(**told.common, question=told.text("question"), answer=told.text("answer"))


def _urged(told: _Told) -> Event:
    return Urged(**told.common, text=told.text("text"), clock=told.clock, due_at=told.instant("due_at"))


def _overdue(told: _Told) -> Event:
    due_at = told.instant("due_at")
    assert told.clock is not None, "an overdue step tells which clock"
    assert due_at is not None, "an overdue step tells what was due"
    return Overdue(**told.common, clock=told.clock, due_at=due_at, no_show=told.step.payload.get("stage") == "NO_SHOW")


def _extension_decided(told: _Told) -> Event:
    return ExtensionDecided(
        **told.common, granted=told.is_set("granted"), reason=told.text("reason"), due_at=told.instant("due_at")
    )


def _objection_decided(told: _Told) -> Event:
    return ObjectionDecided(**told.common, accepted=told.is_set("accepted"), reason=told.text("reason"))


def _closed(told: _Told) -> Event:
    close_kind = msgspec.convert(told.step.payload["close_kind"], CloseKind)
    result = told.step.payload.get("result")
    return CaseClosed(**told.common, close_kind=close_kind, result=result)


_MAKERS: Mapping[str, Callable[[_Told], Event]] = {
    "on_whistle": lambda told: WhistleBlown(**told.common),
    "on_dispatch": lambda told: Dispatched(**told.common),
    "on_return": _returned,
    "on_answer": _answered,
    "on_urge": _urged,
    "on_overdue": _overdue,
    "on_extension_decided": _extension_decided,
    "on_objection_decided": _objection_decided,
    "on_withdrawn": lambda told: Withdrawn(**told.common, reason=told.text("reason")),
    "on_released": lambda told: Released(**told.common),
    "on_case_closed": _closed,
    "on_wake": lambda told: Woken(**told.common, note=str(told.step.payload.get("note", ""))),
}
