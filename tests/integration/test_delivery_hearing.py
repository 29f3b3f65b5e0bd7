"""What a department hears: each hook gets its own event, with what the step's payload tells."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shaodao.delivery.hearing import event_of
from shaodao.delivery.views import HeardStep
from shaodao.departments import hook_names
from shaodao.domain.delivery import HOOK_LABELS
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, CaseKind, ClockKind, CloseKind, Urgency
from shaodao.plugin import (
    AssignmentDeadlines,
    AssignmentView,
    CaseClosed,
    CaseView,
    DeliveryKey,
    ExtensionDecided,
    ObjectionDecided,
    Overdue,
    QuestionAnswered,
    ReportReturned,
    Urged,
    Withdrawn,
    Woken,
)

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
DUE = "2026-11-20T01:00:00+00:00"
KEY = DeliveryKey("city", "CG", "990101001-20261120-0001", 7)
VIEW = AssignmentView(
    assignment_id=UUID(int=1),
    organization_code="CG",
    organization_name="示例中队",
    role=AssignmentRole.LEAD,
    state=AssignmentState.RETURNED,
    case=CaseView(
        number=KEY.case_number, kind=CaseKind.EVENT, title="井盖", description="缺失", urgency=Urgency.URGENT,
        registered_at=AT, street_code="990101001000",
    ),
    whistle=None,
    deadlines=AssignmentDeadlines(),
    notified_at=AT,
    returned_count=2,
)  # fmt: skip


def heard(hook: str, **payload: Any) -> Any:
    return event_of(hook, KEY, HeardStep(VIEW, KEY.seq, AT, "一句话", payload))


def test_every_hook_but_the_two_of_the_start_is_told_by_an_event() -> None:
    hooks = set(hook_names()) - {"department", "on_start"}
    assert set(HOOK_LABELS) == hooks
    needed = {"clock": "ARRIVE", "due_at": DUE, "close_kind": "SOLVED"}
    for hook in hooks:
        assert heard(hook, **needed).key == KEY


@pytest.mark.parametrize(
    ("hook", "payload", "event", "told"),
    [
        ("on_return", {"reason": "缺照片"}, ReportReturned, {"reason": "缺照片", "returned_count": 2}),
        ("on_answer", {"question": "几人", "answer": "两人"}, QuestionAnswered, {"question": "几人", "answer": "两人"}),
        ("on_urge", {"text": "请抓紧"}, Urged, {"text": "请抓紧", "clock": None, "due_at": None}),
        ("on_overdue", {"clock": "ARRIVE", "due_at": DUE}, Overdue, {"clock": ClockKind.ARRIVE, "no_show": False}),
        ("on_overdue", {"clock": "ARRIVE", "due_at": DUE, "stage": "NO_SHOW"}, Overdue, {"no_show": True}),
        ("on_extension_decided", {"granted": True, "reason": "可"}, ExtensionDecided, {"granted": True, "due_at": None}),
        ("on_objection_decided", {"accepted": False, "reason": "否"}, ObjectionDecided, {"accepted": False}),
        ("on_withdrawn", {}, Withdrawn, {"reason": "一句话"}),
        ("on_case_closed", {"close_kind": "SOLVED", "result": "已修"}, CaseClosed,
         {"close_kind": CloseKind.SOLVED, "result": "已修"}),
        ("on_wake", {"note": "再看"}, Woken, {"note": "再看"}),
    ],
)  # fmt: skip
def test_an_event_tells_what_the_step_did(
    hook: str, payload: dict[str, Any], event: type, told: dict[str, Any]
) -> None:
    made = heard(hook, **payload)
    assert isinstance(made, event)
    assert {name: getattr(made, name) for name in told} == told
