"""Rows of the messages of the demonstration street's cases: all of them were sent at the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shaodao.demo.case_rows import reporter_columns
from shaodao.demo.copying import Row
from shaodao.demo.dues import handling_clocks
from shaodao.demo.identifiers import case_id, stable_id, whistle_id
from shaodao.demo.parts import Part, Scene, accepted_at
from shaodao.demo.source import Case
from shaodao.demo.telling import extension_decided_at, not_accepted_reason, was_closed
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import last_day
from shaodao.domain.identity import mask_phone
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import MessageKind, MessageState


@dataclass(frozen=True)
class _Told:
    """What was told, and when."""

    kind: MessageKind
    at: datetime
    text: str


def message_rows(scene: Scene, case: Case, number: str, parts: tuple[Part, ...]) -> list[Row]:
    """Rows of ``message``: to the reporter, if there is a phone, and to the duty phones."""
    reporter = reporter_columns(scene, case)
    rows = [_duty_row(scene, part, number) for part in parts]
    if reporter["reporter_phone_sealed"] is None:
        return rows
    return rows + [
        {
            **_common(case, told), "id": stable_id("message", f"{case.seq}:{told.kind}"), "whistle_id": None,
            "organization_code": None, "recipient_masked": reporter["reporter_phone_masked"],
            "recipient_sealed": reporter["reporter_phone_sealed"],
        }
        for told in _to_reporter(scene, case, number)
    ]  # fmt: skip


def _to_reporter(scene: Scene, case: Case, number: str) -> Iterator[_Told]:
    subject, first = f"您反映的“{case.title}”（编号{number}）", handling_clocks(scene, case)[0]
    day = last_day(first.due.at if not first.changes else case.due_at_original)
    yield _Told(
        MessageKind.RECEIPT, case.registered_at,
        f"您反映的“{case.title}”已登记，编号{number}，预计{day.month}月{day.day}日前办结。",
    )  # fmt: skip
    accepted, reason, extended = accepted_at(scene, case), not_accepted_reason(case), extension_decided_at(case)
    if accepted is not None:
        yield _Told(MessageKind.ACCEPTED, accepted, f"{subject}已受理，正在办理。")
    if reason is not None and case.closed_at is not None:
        yield _Told(MessageKind.NOT_ACCEPTED, case.closed_at, f"{subject}不予受理：{reason.label}。{case.result}")
    if case.extension is not None and extended is not None:
        yield _Told(MessageKind.EXTENSION, extended, f"{subject}延期办理：{case.extension.reason}。")
    if case.suspension is not None:
        told = f"{subject}暂缓办理：{case.suspension.reason}。期间措施：{case.interim_measure}。"
        yield _Told(MessageKind.SUSPENSION, case.suspension.from_, told)
    if was_closed(case) and case.closed_at is not None:
        yield _Told(MessageKind.RESULT, case.closed_at, f"{subject}已办结：{case.result}")


def _duty_row(scene: Scene, part: Part, number: str) -> Row:
    phone = next(one.duty_phone for one in scene.street.organizations if one.code == part.organization)
    id_ = stable_id("message", str(part.id))
    what = part.whistle.kind.label if part.whistle else "派单"
    local = part.notified_at.astimezone(SHANGHAI)
    text = f"【{what}】案件{number}：{part.case.title}；贵单位为{part.role.label}单位；{local:%H:%M}通知。"
    return {
        **_common(part.case, _Told(MessageKind.WHISTLE, part.notified_at, text)), "id": id_,
        "whistle_id": part.whistle and whistle_id(part.whistle.id), "organization_code": part.organization,
        "recipient_masked": mask_phone(phone),
        "recipient_sealed": scene.ground.cipher.seal(phone, b"message.recipient:" + id_.bytes),
    }  # fmt: skip


def _common(case: Case, told: _Told) -> dict[str, Any]:
    return {
        "county_code": county_of(case.grid), "case_id": case_id(case.seq), "kind": told.kind, "text": told.text,
        "state": MessageState.SENT, "attempts": 1, "next_at": told.at, "created_at": told.at, "sent_at": told.at,
    }  # fmt: skip
