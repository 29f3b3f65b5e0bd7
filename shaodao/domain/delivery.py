"""What operators may see of deliveries to departments, and do about them (reference C.1.5 PluginDelivery, C.7)."""

from collections.abc import Mapping

from shaodao.domain.identity import redact
from shaodao.domain.permissions import Viewer, county_of
from shaodao.domain.vocabulary import Role

HOOK_LABELS: Mapping[str, str] = {
    "on_whistle": "吹哨",
    "on_dispatch": "派单",
    "on_return": "退回重办",
    "on_answer": "答复",
    "on_urge": "催办",
    "on_overdue": "超期",
    "on_extension_decided": "延期审批",
    "on_objection_decided": "异议裁定",
    "on_withdrawn": "撤回",
    "on_released": "离场",
    "on_case_closed": "办结",
    "on_wake": "定时提醒",
}
"""What each hook tells of, as people read it."""

SHOWN_ERROR = 500
"""Characters of a hook's error that are kept to be shown."""


def shown_error(error: str) -> str:
    """A hook's error as operators read it: cut short, phones and identity numbers masked.

    A department's code may put anything into an error. The whole of it, with its trace, is in the worker's log alone.
    """
    masked = redact(error)
    return masked if len(masked) <= SHOWN_ERROR else masked[: SHOWN_ERROR - 1] + "…"


def may_steer_department(viewer: Viewer, county: int) -> Role | None:
    """The role in which the viewer pauses and resumes a department: the county grid office, which answers for the whole county."""
    return next(
        (grant.role for grant in viewer.grants_of(Role.COUNTY_GRID_OFFICE) if county_of(grant.scope) == county), None
    )


def may_steer_lane(viewer: Viewer, street_code: str) -> Role | None:
    """The role in which the viewer redelivers or skips on a case of the street: its dispatcher, or the county grid office.

    That a department hears of a case is nothing of the case's content: the office need not see the case for it.
    """
    grants = viewer.grants_of(Role.COUNTY_GRID_OFFICE, Role.STREET_DISPATCHER)
    return next((grant.role for grant in grants if grant.covers(street_code)), None)
