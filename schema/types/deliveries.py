"""How what an assignment's department was to hear was delivered to it (reference C.1.5 PluginDelivery)."""

from datetime import datetime

import strawberry

from schema.mapping import expression
from shaodao.domain.case_vocabulary import LaneState

# The log is partitioned by month: the assignment's time keeps the months before it out.
_LOGGED = (
    "FROM delivery_log g WHERE g.county_code {county} AND g.county_code = {t}.county_code AND g.case_id = {t}.case_id"
    " AND g.at >= {t}.notified_at AND g.assignment_id = {t}.id"
)
_OWED = (
    "FROM delivery d WHERE d.county_code {county} AND d.county_code = {t}.county_code"
    " AND d.organization_code = {t}.organization_code AND d.case_id = {t}.case_id AND d.assignment_id = {t}.id"
)
HAS_DELIVERY = f"(EXISTS (SELECT {_OWED}) OR EXISTS (SELECT {_LOGGED}))"
"""Whether anything was to be delivered for the assignment: not where the organization works by hand."""


@strawberry.type(description="How the assignment's events were delivered to the organization's department plugin.")
class AssignmentDelivery:
    delivered_at: datetime | None = expression(
        f"(SELECT min(g.at) {_LOGGED} AND g.outcome <> 'SKIPPED')",
        description="When the department was first called, whatever came of it 首次投递.",
    )
    attempts: int = expression(
        f"((SELECT count(*) {_LOGGED} AND g.outcome <> 'SKIPPED'))",
        description="How often it was called in all 投递次数.",
    )
    handled_at: datetime | None = expression(
        f"(SELECT max(g.at) {_LOGGED} AND g.outcome IN ('DONE', 'REFUSED'))",
        description="When its plugin last acknowledged a delivery 投递确认. That is not the signing for the assignment, "
        "`Assignment.acknowledgedAt` 应哨.",
    )
    owed: int = expression(f"(SELECT count(*) {_OWED})", description="How many deliveries are still owed.")
    last_error: str | None = expression(
        f"(SELECT g.error {_LOGGED} AND g.outcome IN ('FAILED', 'PARKED', 'LOST') ORDER BY g.at DESC, g.id DESC LIMIT 1)",
        visible="delivery_error",
        description="Its last failure, also after it was mended: at most 500 characters, phones and identity numbers masked.",
    )
    state: LaneState | None = expression(
        "(SELECT l.state FROM lane l WHERE l.county_code {county} AND l.county_code = {t}.county_code"
        f" AND l.organization_code = {{t}}.organization_code AND l.case_id = {{t}}.case_id AND EXISTS (SELECT {_OWED}))",
        description="How the lane stands that it waits in; null when nothing is owed.",
    )
