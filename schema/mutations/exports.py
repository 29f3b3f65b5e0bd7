"""Mutations of lists that leave the platform 导出 (reference C.7 guardrail 3)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Self, cast

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.declarations import StoredRef
from schema.exports import ExportedList
from schema.mapping import stored
from schema.mutations.base import Given, Info, KeyedInput, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import Committed, CommittedOutcome, Payload
from schema.problems import AnyProblem
from schema.sight import SeeingSchema
from schema.types.case_lists import CaseFilter
from schema.types.exports import ExportRequest
from schema.types.people import PersonFilter
from shaodao.commands.exports import (
    ExportInput,
    decide_export,
    exporting_viewer,
    request_export,
    requesting_grant,
    street_of,
)
from shaodao.commands.running import Command
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_vocabulary import Decision, ExportFormat, ExportSubject
from shaodao.domain.errors import InvalidInput

_PERSONAL = frozenset({"phone", "reporterPhone"})
"""Fields of a filter that name a person: what is stored of a request must not."""


@strawberry.input(description="Input of requestExport: the list, its own filter, the file's format and the reason.")
class RequestExportInput(KeyedInput):
    what: ExportSubject = strawberry.field(description="Which list.")
    format: ExportFormat = strawberry.field(description="Format of the file.")
    reason: str = strawberry.field(description="What it is for, 1 to 500 characters; it stands in the watermark.")
    cases: CaseFilter | None = strawberry.field(
        default=None, description="The filter of `cases`, for CASES alone; without reporterPhone."
    )
    people: PersonFilter | None = strawberry.field(
        default=None, description="The filter of `people`, for PEOPLE alone; without phone."
    )


@strawberry.input(description="Input of decideExport.")
class DecideExportInput(KeyedInput):
    export_id: strawberry.ID = strawberry.field(description="Global identifier of the request.")
    decision: Decision = strawberry.field(description="Granted or refused.")
    reason: str | None = strawberry.field(default=None, description="Why, at most 500 characters; a refusal needs it.")


@strawberry.type(description="A request to export a list after an action.")
class ExportPayload(Payload):
    export: ExportRequest | None = stored(description="The request, if the viewer still sees it.")

    @classmethod
    def of(cls, committed: Committed) -> Self:
        """The payload of an outcome."""
        outcome = committed.outcome
        export: Any = StoredRef("ExportRequest", outcome.county_code, str(outcome.record_id))
        return cls(outcome=CommittedOutcome.of(outcome), cursor=committed.cursor, export=export)


@strawberry.type
class ExportMutations:
    """The actions on exports."""

    @action(ExportPayload)
    async def request_export(self, info: Info, given: Given[RequestExportInput]) -> ExportPayload | AnyProblem:
        """Ask for an export 申请导出 of a filtered list, with a reason; another person, a street leader, decides.

        By the dispatcher or a grid chief. What will be exported is what the requester sees when the file is fetched.
        """
        requested = _Requested.of(given)

        def prepare(identifiers: Identifiers) -> Command:
            requested.check(identifiers)

            async def command(tx: Transaction) -> Outcome:
                outcome = await request_export(tx, requested.export())
                await _check_list(info, tx, requested)
                return outcome

            return command

        return await perform(info, requested, prepare, ExportPayload.of)

    @action(ExportPayload)
    async def decide_export(self, info: Info, given: Given[DecideExportInput]) -> ExportPayload | AnyProblem:
        """Grant or refuse an export 审批导出, once. By a leader of the street who is not the requester."""

        def prepare(identifiers: Identifiers) -> Command:
            export_id = identifiers.key("exportId", given.export_id, "ExportRequest")
            return lambda tx: decide_export(tx, export_id, decision=given.decision, reason=given.reason)

        return await perform(info, given, prepare, ExportPayload.of)


@dataclass
class _Requested(KeyedInput):
    """The input with its filters as JSON: what is stored, and what tells a repeated request."""

    what: ExportSubject
    format: ExportFormat
    reason: str
    cases: Mapping[str, Any] | None
    people: Mapping[str, Any] | None

    @classmethod
    def of(cls, given: RequestExportInput) -> Self:
        """The input, of which strawberry's unset fields are left out."""
        return cls(
            idempotency_key=given.idempotency_key, what=given.what, format=given.format, reason=given.reason,
            cases=_filter(given.cases), people=_filter(given.people),
        )  # fmt: skip

    def check(self, identifiers: Identifiers) -> None:
        """Note a filter of another list, and one that names a person."""
        for path, filter_, what in (
            ("cases", self.cases, ExportSubject.CASES), ("people", self.people, ExportSubject.PEOPLE),
        ):  # fmt: skip
            if filter_ and self.what is not what:
                identifiers.fault(path, "与所选列表不符", "a filter of another list")
            for name in sorted(_PERSONAL & (filter_ or {}).keys()):
                identifiers.fault(f"{path}.{name}", "不能按电话导出", "a list is not exported by phone")

    def export(self) -> ExportInput:
        """What is asked, for a command."""
        filter_ = self.cases if self.what is ExportSubject.CASES else self.people
        return ExportInput(what=self.what, filter=filter_ or {}, format=self.format, reason=self.reason)


async def _check_list(info: Info, tx: Transaction, requested: _Requested) -> None:
    """Raise InvalidInput for a filter that the list refuses, and for a list that is too long to be exported."""
    reader = cast(SeeingSchema, info.schema).reader
    asked, grant = requested.export(), requesting_grant(tx)
    assert grant is not None  # without one the request was refused
    context = replace(info.context, viewer=exporting_viewer(tx.actor, street_of(grant)), counties=(tx.county,))
    rows = await ExportedList(reader, context, asked.what, asked.filter).count()
    most = tx.ground.rulebook.bulk.exported_rows
    if rows > most:
        raise InvalidInput.at(
            "filter",
            f"共{rows}行，一次最多导出{most}行，请缩小筛选范围",
            f"{rows} rows; at most {most} are exported at once",
        )


def _filter(given: CaseFilter | PersonFilter | None) -> Mapping[str, Any] | None:
    """The fields that were given, by their names in the schema, as JSON values."""
    if given is None:
        return None
    values = ((to_camel_case(field.name), getattr(given, field.name)) for field in fields(given))
    return {name: _json(value) for name, value in values if value is not strawberry.UNSET and value is not None}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return [_json(each) for each in value] if isinstance(value, list) else value
