"""Cases that are perhaps the same matter 相似诉求 (reference C.3 register, B.2): offered at registration and on the board."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

import msgspec
import strawberry

from schema.compiler.parameters import Binding
from schema.errors import ClientError
from schema.fields import strawberry_argument
from schema.ids import GlobalId
from schema.mapping import derived
from shaodao.commands import similar_cases
from shaodao.commands.similar_cases import SIMILAR_FACTS, Candidate
from shaodao.domain.vocabulary import CaseState

MOST = 20
_DEFAULT = 5


@strawberry.type(description="A case that is perhaps the same matter 相似诉求; whoever takes cases in decides.")
class SimilarCase:
    case_id: strawberry.ID = strawberry.field(description="Global identifier of the case.")
    number: str = strawberry.field(description="Its number.")
    title: str = strawberry.field(description="Its title.")
    state: CaseState = strawberry.field(description="Its state.")
    ended: bool = strawberry.field(description="Whether it has ended, lately: nothing is merged into it.")
    registered_at: datetime = strawberry.field(description="When it was registered.")
    score: int = strawberry.field(description="How like it is, up to 100.")
    explanation: str = strawberry.field(description="Why, such as 同一网格、同一分类、3天内、同一诉求人.")

    @classmethod
    def of(cls, found: similar_cases.SimilarCase) -> Self:
        """What clients see of a similar case."""
        case = found.case
        return cls(
            case_id=strawberry.ID(str(GlobalId("Case", case.county_code, str(case.id)))), number=case.number,
            title=case.title, state=case.state, ended=case.ended, registered_at=case.registered_at,
            score=found.similarity.score, explanation=found.similarity.explanation,
        )  # fmt: skip


def checked_first(first: int) -> int:
    """How many are asked for. Raises ClientError INVALID_PAGE outside 1 to 20."""
    if not 1 <= first <= MOST:
        raise ClientError("INVALID_PAGE", f"first：须在 1 到 {MOST} 之间", f"first: must be 1 to {MOST}")
    return first


def similar_field() -> Any:
    """``similarCases(first)`` of a case: null for those who take no cases in."""
    return derived(
        facts=SIMILAR_FACTS,
        compute=_similar,
        visible="similar_case",
        arguments=[strawberry_argument("first", int, f"How many, 1 to {MOST}.", _DEFAULT)],
        description="Open and lately ended cases of the street that are perhaps the same matter 相似诉求, the likest first.",
    )


def _similar(facts: Any, binding: Binding, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    candidates: Iterable[Candidate] = msgspec.convert(facts, list[Candidate])
    first = checked_first(arguments.get("first", _DEFAULT))
    found = similar_cases.similar_cases(candidates, binding.viewer, binding.services.ground().rulebook)
    return [_json(SimilarCase.of(one)) for one in found[:first]]


def _json(similar: SimilarCase) -> dict[str, Any]:
    return {
        "caseId": similar.case_id, "number": similar.number, "title": similar.title, "state": similar.state,
        "ended": similar.ended, "registeredAt": similar.registered_at, "score": similar.score,
        "explanation": similar.explanation,
    }  # fmt: skip
