"""Reports 反馈 of an organization (reference C.1.5, C.4): how it goes, and the result with its four elements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shaodao.commands import clocks, notices
from shaodao.commands.assignments import finish, is_late
from shaodao.commands.checking import check_past, check_zone, checked_json, checked_text, optional_text
from shaodao.commands.facts import lock_assignment
from shaodao.commands.steps import AssignmentStep
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import AssignmentFacts
from shaodao.domain.vocabulary import AssignmentState, ClockKind, ReportKind, ReportResult

_REPORT = """
INSERT INTO report (
    county_code, id, case_id, assignment_id, organization_code, kind, accepted_at, talked_with, measures, solve_by, result,
    explanation, fields, reported_by, reported_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14, $15)
"""
_IN_PROGRESS = """
UPDATE assignment SET state = 'HANDLING', started_at = coalesce(started_at, $3), version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_REPORTED = """
UPDATE assignment SET state = 'REPORTED', started_at = coalesce(started_at, $3), reported_at = $3, reported_by = $4,
    late_report = $5, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_PHOTO_MISSING = """
SELECT a.evidence_required AND NOT EXISTS (
    SELECT 1 FROM attachment p WHERE p.county_code = a.county_code AND p.assignment_id = a.id AND p.kind = 'AFTER'
) FROM assignment a WHERE a.county_code = $1 AND a.id = $2
"""
_EXPLAINED = frozenset({ReportResult.UNSOLVED, ReportResult.LONG_TERM})


@dataclass(frozen=True)
class ProgressInput:
    """How it goes 阶段反馈: the measures so far, and of the other elements what is known."""

    measures: str
    talked_with: str | None = None
    accepted_at: datetime | None = None
    solve_by: datetime | None = None


@dataclass(frozen=True)
class ReportInput:
    """A result 办结反馈 with its four elements: 受理时间, 与谁沟通, 解决措施, 解决时限 (B.1).

    ``explanation`` is required for UNSOLVED and LONG_TERM. ``fields``: the organization's form, filled in.
    """

    accepted_at: datetime
    talked_with: str
    measures: str
    solve_by: datetime
    result: ReportResult
    explanation: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Content:
    """A checked report."""

    kind: ReportKind
    measures: str
    talked_with: str | None
    accepted_at: datetime | None
    solve_by: datetime | None
    result: ReportResult | None = None
    explanation: str | None = None
    fields: str = "{}"


async def report_progress(
    tx: Transaction, assignment_id: UUID, given: ProgressInput, *, expected_version: int | None = None
) -> Outcome:
    """Report how it goes 阶段反馈; implies the start, and stops the clock of the report that was awaited.

    Where the whistle wants reports at a cycle, the clock of the next one starts. Raises InvalidInput at ``measures``, ``talkedWith``, ``acceptedAt``, ``solveBy``; NotPermitted, StateConflict.
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("reportProgress", facts, tx.actor)
    content = _checked_progress(tx, given)
    report_id = await _write(tx, facts, content)
    await tx.connection.execute(_IN_PROGRESS, tx.county, assignment_id, tx.now)
    await clocks.stop(tx, facts.case.id, ClockKind.ARRIVE, *notices.REPORTING, assignment_id=assignment_id)
    await notices.await_next_report(tx, facts)
    text = f"{facts.called}阶段反馈"
    step = AssignmentStep(
        "reportProgress", "reportProgress", text, AssignmentState.HANDLING, public=True, detail=content.measures
    )  # fmt: skip
    return await finish(tx, facts, step, record_id=report_id)


async def report_result(
    tx: Transaction, assignment_id: UUID, given: ReportInput, *, expected_version: int | None = None
) -> Outcome:
    """Report the result 反馈办结; implies the start. Late once the result clock is due, which then stops.

    Raises InvalidInput at ``acceptedAt``, ``talkedWith``, ``measures``, ``solveBy``, ``explanation``, below ``fields`` and,
    where the dispatch catalogue demands a photo of the result 处置后照片, at ``attachments``, all faults at once; NotPermitted, StateConflict (also before a demanded arrival).
    """
    facts = await lock_assignment(tx, assignment_id, expected_version)
    ASSIGNMENT_MACHINE.decide("reportResult", facts, tx.actor)
    content = _checked_result(
        tx, facts, given, photo_missing=await tx.connection.fetchval(_PHOTO_MISSING, tx.county, facts.id)
    )
    report_id = await _write(tx, facts, content)
    late = is_late(tx, facts.result_due_at)
    await tx.connection.execute(_REPORTED, tx.county, assignment_id, tx.now, tx.actor.account_id, late)
    await clocks.stop(
        tx, facts.case.id, ClockKind.ARRIVE, *notices.REPORTING, ClockKind.RESULT, assignment_id=assignment_id
    )
    text = f"{facts.called}反馈{given.result.label}{'（超时）' if late else ''}"
    step = AssignmentStep(
        "reportResult", "reportResult", text, AssignmentState.REPORTED, public=True, payload={"result": str(given.result)},
        detail=content.measures,
    )  # fmt: skip
    return await finish(tx, facts, step, record_id=report_id)


def _checked_progress(tx: Transaction, given: ProgressInput) -> _Content:
    faults, texts = Faults(), tx.ground.rulebook.texts
    check_past(faults, "acceptedAt", given.accepted_at, tx.now)
    check_zone(faults, "solveBy", given.solve_by)
    content = _Content(
        ReportKind.PROGRESS,
        checked_text(faults, "measures", given.measures, texts.result),
        optional_text(faults, "talkedWith", given.talked_with, texts.reason),
        given.accepted_at,
        given.solve_by,
    )
    faults.check()
    return content


def _checked_result(tx: Transaction, facts: AssignmentFacts, given: ReportInput, *, photo_missing: bool) -> _Content:
    faults, texts = Faults(), tx.ground.rulebook.texts
    check_past(faults, "acceptedAt", given.accepted_at, tx.now)
    check_zone(faults, "solveBy", given.solve_by)
    content = _Content(
        ReportKind.RESULT,
        checked_text(faults, "measures", given.measures, texts.result),
        checked_text(faults, "talkedWith", given.talked_with, texts.reason),
        given.accepted_at,
        given.solve_by,
        given.result,
        optional_text(faults, "explanation", given.explanation, texts.explanation),
        _checked_fields(tx, faults, facts, given.fields),
    )
    if given.result in _EXPLAINED and not (given.explanation or "").strip():
        faults.add("explanation", "未解决须说明原因", "is required for a matter that is not solved")
    if photo_missing:
        faults.add(
            "attachments", "须先上传处置后照片", "a photo of the result is required: addAttachment of kind AFTER first"
        )
    faults.check()
    return content


def _checked_fields(tx: Transaction, faults: Faults, facts: AssignmentFacts, fields: Mapping[str, Any]) -> str:
    """By the department's form; an agent, or an organization that works by hand, may add any JSON object of bounded size."""
    before, limit = len(faults.faults), tx.ground.rulebook.report_fields_bytes
    encoded = checked_json(faults, "fields", fields, limit)
    if len(faults.faults) > before:
        return encoded  # a form is not held against what is too large to be kept
    checked = fields
    if facts.agent_id is None and tx.ground.forms.department_of(facts.organization_code) is not None:
        try:
            checked = tx.ground.forms.validate(facts.organization_code, fields)
        except InvalidInput as invalid:
            faults.faults.extend(invalid.faults)
    return checked_json(faults, "fields", checked, limit)


async def _write(tx: Transaction, facts: AssignmentFacts, content: _Content) -> UUID:
    report_id = tx.new_id()
    await tx.connection.execute(
        _REPORT, tx.county, report_id, facts.case.id, facts.id, facts.organization_code, str(content.kind),
        content.accepted_at, content.talked_with, content.measures, content.solve_by,
        None if content.result is None else str(content.result), content.explanation,
        content.fields, tx.actor.account_id, tx.now,
    )  # fmt: skip
    return report_id
