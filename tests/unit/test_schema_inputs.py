"""Inputs are built by their plans as Strawberry would build them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from strawberry import Schema
from strawberry.types.arguments import convert_argument

from schema.mutations.assignment_inputs import AcknowledgeAssignmentInput
from schema.mutations.case_inputs import RegisterCaseInput
from schema.mutations.shared_inputs import PointInput
from schema.mutations.whistle_inputs import DraftWhistleInput
from schema.schema import build_schema
from shaodao.domain.vocabulary import AssignmentRole, CaseKind, Channel, WhistleKind

POINT = {"longitude": 122.9, "latitude": 28.2, "crs": "CGCS2000"}
CASE = {
    "idempotencyKey": "k-1", "kind": CaseKind.COMPLAINT, "channel": Channel.HOTLINE, "title": "标题", "description": "说明",
    "point": POINT, "address": None, "reporter": {"name": "沈例宽", "anonymous": False}, "occurredAt": datetime(2026, 10, 9, tzinfo=UTC),
}  # fmt: skip
WHISTLE = {
    "idempotencyKey": "k-1", "caseId": "Case:1", "kind": WhistleKind.ROUTINE,
    "parties": [{"organizationCode": "CG", "role": AssignmentRole.LEAD}, {"organizationCode": "GA", "role": AssignmentRole.CO}],
}  # fmt: skip


@pytest.fixture(scope="module")
def built() -> Schema:
    return build_schema()


def build(schema: Schema, input_type: type, values: Mapping[str, Any]) -> Any:
    return convert_argument(values, input_type, schema.schema_converter.scalar_registry, schema.config)


@pytest.mark.parametrize(
    ("input_type", "values"), [(RegisterCaseInput, CASE), (DraftWhistleInput, WHISTLE), (PointInput, POINT)]
)
def test_a_planned_input_equals_strawberrys(
    built: Schema, monkeypatch: pytest.MonkeyPatch, input_type: type, values: Mapping[str, Any]
) -> None:
    planned = build(built, input_type, values)
    for known in built.schema_converter.type_map.values():
        if getattr(known.definition, "from_input", None) is not None:
            monkeypatch.setattr(known.definition, "from_input", None)
    assert build(built, input_type, values) == planned
    assert isinstance(planned, input_type)


def test_every_input_has_a_plan(built: Schema) -> None:
    inputs = [
        k.definition for k in built.schema_converter.type_map.values() if getattr(k.definition, "is_input", False)
    ]
    assert len(inputs) > 50
    assert all(getattr(definition, "from_input", None) is not None for definition in inputs)


def test_a_list_given_by_default_is_no_request_of_others(built: Schema) -> None:
    shared = ["甲"]
    values = {"idempotencyKey": "k-1", "assignmentId": "Assignment:1", "persons": shared}
    built_input = build(built, AcknowledgeAssignmentInput, values)
    assert built_input.persons == shared
    assert built_input.persons is not shared
