"""Lists that leave the platform 导出 (C.7 guardrail 3): asked for with a reason, granted by a second person, counted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.checking import checked_json, checked_text, optional_text
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import Decision, ExportFormat, ExportSubject
from shaodao.domain.errors import Faults, NotFound, NotPermitted, StateConflict
from shaodao.domain.permissions import Grant, Viewer, county_of
from shaodao.domain.vocabulary import Role

_REQUEST = """
INSERT INTO export_request (
    county_code, id, street_code, what, filter, format, reason, requested_by, requested_at
) VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9)
"""
_LOCK = """
SELECT id, street_code, what, filter, format, reason, requested_by, requested_at, decision, decided_by, expires_at, (
    SELECT name FROM accounts WHERE accounts.id = decided_by
) AS decider
FROM export_request WHERE county_code = $1 AND id = $2 FOR UPDATE OF export_request
"""
_DECIDE = """
UPDATE export_request SET decision = $3, decided_by = $4, decided_at = $5, decision_reason = $6, expires_at = $7
WHERE county_code = $1 AND id = $2
"""
_COUNT = """
UPDATE export_request SET downloads = downloads + 1, downloaded_at = $3 WHERE county_code = $1 AND id = $2
"""
_LONGEST_FILTER = 20_000
"""Bytes of a filter as JSON."""
_REQUESTERS = (Role.STREET_DISPATCHER, Role.GRID_CHIEF)


class ExportInput(msgspec.Struct, frozen=True, kw_only=True):
    """A list to be exported: the filter is that of the list in the API, as JSON."""

    what: ExportSubject
    filter: Mapping[str, Any]
    format: ExportFormat
    reason: str


@dataclass(frozen=True)
class GrantedExport:
    """An export that its requester may fetch now. ``street_code``: the street whose leader granted it."""

    id: UUID
    street_code: str
    what: ExportSubject
    filter: Mapping[str, Any]
    format: ExportFormat
    reason: str
    decider: str


async def request_export(tx: Transaction, given: ExportInput) -> Outcome:
    """Ask for an export 申请导出; a street leader decides. The outcome names it by ``record_id``.

    By dispatcher or grid chief, with an account. Raises NotPermitted, InvalidInput at ``reason`` and ``filter``.
    """
    grant = requesting_grant(tx)
    if grant is None or tx.actor.account_id is None:
        raise NotPermitted("仅指挥中心和网格长可以申请导出", "only dispatchers and grid chiefs ask for an export")
    faults = Faults()
    reason = checked_text(faults, "reason", given.reason, tx.ground.rulebook.texts.reason)
    encoded = checked_json(faults, "filter", given.filter, _LONGEST_FILTER)
    faults.check()
    export_id = tx.new_id()
    await tx.connection.execute(
        _REQUEST, tx.county, export_id, street_of(grant), str(given.what), encoded, str(given.format), reason,
        tx.actor.account_id, tx.now,
    )  # fmt: skip
    return Outcome(county_code=tx.county, record_id=export_id)


async def decide_export(tx: Transaction, export_id: UUID, *, decision: Decision, reason: str | None = None) -> Outcome:
    """Grant or refuse an export 审批导出, once; a refusal says why. Granted, it may be fetched for the rulebook's hours.

    By a leader of the street who is not the requester. Raises NotFound, NotPermitted, StateConflict, InvalidInput at
    ``reason``.
    """
    row = await _lock(tx, export_id)
    _check_decider(tx, row)
    if row["decision"] is not None:
        raise StateConflict("该导出申请已审批", "the export was decided already", state=row["decision"], version=1)
    faults, limit = Faults(), tx.ground.rulebook.texts.reason
    why = optional_text(faults, "reason", reason, limit)
    if decision is Decision.REFUSED and why is None and not faults.faults:
        faults.add("reason", "不同意须说明理由", "a refusal says why")
    faults.check()
    granted = decision is Decision.GRANTED
    expires = tx.now + timedelta(hours=tx.ground.rulebook.bulk.download_hours) if granted else None
    await tx.connection.execute(
        _DECIDE, tx.county, export_id, str(decision), tx.actor.account_id, tx.now, why, expires
    )  # fmt: skip
    return Outcome(county_code=tx.county, record_id=export_id)


async def granted_export(tx: Transaction, export_id: UUID) -> GrantedExport:
    """The export, if the actor asked for it and may fetch it now.

    Raises NotFound, NotPermitted for the street's leaders, and while it is not granted or no longer.
    """
    row = await _lock(tx, export_id)
    if row["requested_by"] != tx.actor.account_id:
        raise NotPermitted("仅申请人可以下载", "only who asked for it may fetch it")
    if row["decision"] != Decision.GRANTED:
        raise NotPermitted("导出尚未获得同意", "the export is not granted")
    if _has_expired(row["expires_at"], tx.now):
        raise NotPermitted("下载期限已过，请重新申请", "the time to fetch it is over; ask again")
    if not exporting_viewer(tx.actor, row["street_code"]).grants:
        raise NotPermitted("您已不在该街道任职，不能下载", "who has no more part in that street exports nothing of it")
    return GrantedExport(
        row["id"], row["street_code"], ExportSubject[row["what"]], msgspec.json.decode(row["filter"]), ExportFormat[row["format"]],
        row["reason"], row["decider"] or "",
    )  # fmt: skip


def exporting_viewer(viewer: Viewer, street_code: str) -> Viewer:
    """The requester as what the street's leader may grant: with the grants that ask for exports there, and no other.

    Whoever serves two streets, or has another part besides, exports nothing of that by one leader's word.
    """
    asking = viewer.grants_of(*_REQUESTERS)
    return replace(viewer, grants=tuple(grant for grant in asking if grant.scope.startswith(street_code[:9])))


async def count_download(tx: Transaction, export_id: UUID) -> Outcome:
    """Count one more download of an export."""
    await tx.connection.execute(_COUNT, tx.county, export_id, tx.now)
    return Outcome(county_code=tx.county, record_id=export_id)


def requesting_grant(tx: Transaction) -> Grant | None:
    """The grant by which the actor asks for an export: the first in this county that lies in a street."""
    grants = (grant for grant in tx.actor.grants_of(*_REQUESTERS) if county_of(grant.scope) == tx.county)
    return next((grant for grant in grants if grant.level in ("GRID", "COMMUNITY", "STREET")), None)


async def _lock(tx: Transaction, export_id: UUID) -> asyncpg.Record:
    """The locked request, of the actor's own or of a street that the actor leads. Raises NotFound."""
    row = await tx.connection.fetchrow(_LOCK, tx.county, export_id)
    if row is None or not (_is_own(tx, row) or _leads(tx, row)):
        raise NotFound("ExportRequest", str(export_id))
    return row


def street_of(grant: Grant) -> str:
    """Code of the street in which a grant lies."""
    return f"{grant.scope[:9]}000"


def _is_own(tx: Transaction, row: asyncpg.Record) -> bool:
    return tx.actor.account_id is not None and row["requested_by"] == tx.actor.account_id


def _leads(tx: Transaction, row: asyncpg.Record) -> bool:
    return any(grant.covers(row["street_code"]) for grant in tx.actor.grants_of(Role.STREET_LEADER))


def _check_decider(tx: Transaction, row: asyncpg.Record) -> None:
    if _is_own(tx, row):
        raise NotPermitted("不能审批自己申请的导出", "nobody decides on their own export")
    if tx.actor.account_id is None:
        raise NotPermitted("需要平台账号才能审批", "only who has an account decides")


def _has_expired(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is None or expires_at <= now
