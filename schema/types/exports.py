"""Requests for lists that leave the platform 导出 (reference C.7 guardrail 3)."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from schema.mapping import expression, one, table
from schema.relay import Node
from schema.types.accounts import Account
from shaodao.domain.case_vocabulary import Decision, ExportFormat, ExportSubject

_PATH = (
    "CASE WHEN {t}.decision = 'GRANTED' AND {t}.requested_by = {account} AND {t}.expires_at > {now} THEN"
    " '/exports/ExportRequest:' || {t}.county_code::text || ':' || {t}.id::text || '.' || lower({t}.format) END"
)


# Whoever leads no whole street decides on none: a narrower scope equals no street's code.
@table("export_request", rule="export", node=True, scope={"GRID": "street_code", "COMMUNITY": "street_code"})
@strawberry.type(
    description="A request to export a list 导出申请: seen by who asked, and by the leaders of the street, who decide."
)
class ExportRequest(Node):
    what: ExportSubject = strawberry.field(description="Which list.")
    filter: JSON = strawberry.field(description="The list's filter, under its names in CaseFilter or PersonFilter.")
    format: ExportFormat = strawberry.field(description="Format of the file.")
    reason: str = strawberry.field(description="What it is for; it stands in the file's watermark.")
    requester: Account | None = one(on={"id": "requested_by"}, description="Who asked.")
    requested_at: datetime = strawberry.field(description="When.")
    decision: Decision | None = strawberry.field(description="What was decided; null while it waits for a leader.")
    decider: Account | None = one(on={"id": "decided_by"}, description="The leader who decided; never the requester.")
    decided_at: datetime | None = strawberry.field(description="When.")
    decision_reason: str | None = strawberry.field(description="Why, at least of a refusal.")
    expires_at: datetime | None = strawberry.field(description="Until when it can be fetched, exclusive.")
    downloads: int = strawberry.field(description="How often it was fetched.")
    downloaded_at: datetime | None = strawberry.field(description="When last.")
    path: str | None = expression(
        _PATH, description="Where its requester fetches the file with their bearer token (GET), while that is possible."
    )
