"""Mutations on many cases at once 批量: each case is a command of its own, with a result of its own (S-14, L-29, C.9)."""

from collections.abc import Sequence
from typing import Any, Self

import strawberry

from schema.declarations import StoredRef
from schema.mapping import stored
from schema.mutations.base import Given, Info, KeyedInput, Step, WritingServices, mutation, position
from schema.mutations.checking import check_input
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CommittedOutcome
from schema.mutations.shared_inputs import PartyInput, parties_of
from schema.problems import AnyProblem, Problem, problem, result
from schema.types.cases import Case
from shaodao.commands import cases, merging
from shaodao.commands.running import Repetition
from shaodao.commands.transaction import Ground, Outcome
from shaodao.domain.errors import DomainError, Faults
from shaodao.domain.vocabulary import Urgency


@strawberry.input
class BulkInput(KeyedInput):
    """What every action on many cases is given."""

    ids: list[strawberry.ID] = strawberry.field(description="Global identifiers of 1 to 100 cases, each once.")


@strawberry.input(description="Input of bulkClassify: an urgency, a category, or both.")
class BulkClassifyInput(BulkInput):
    urgency: Urgency | None = strawberry.field(default=None, description="The class; each due is reckoned anew.")
    category_code: str | None = strawberry.field(default=None, description="Code of the category 诉求分类.")
    reason: str | None = strawberry.field(
        default=None, description="Why, at most 500 characters; needed for cases that were dispatched."
    )


@strawberry.input(description="Input of bulkDispatch.")
class BulkDispatchInput(BulkInput):
    parties: list[PartyInput] = strawberry.field(description="The organizations, exactly one of them LEAD.")
    duty_basis: str = strawberry.field(
        description="The duty by which they are called 职责依据 (L-29), 1 to 500 characters."
    )
    catalogue_code: str | None = strawberry.field(
        default=None, description="Code of the item of the dispatch catalogue 派单目录 that is followed."
    )


@strawberry.input(description="Input of bulkMerge.")
class BulkMergeInput(BulkInput):
    main_case_id: strawberry.ID = strawberry.field(description="Global identifier of the case that the others go into.")
    reason: str = strawberry.field(description="Why they are one matter, 1 to 500 characters.")


@strawberry.type(description="What came of one case of a bulk action.")
class BulkResult:
    id: strawberry.ID = strawberry.field(description="The identifier as it was given.")
    succeeded: bool = strawberry.field(description="Whether the action was done; if not, nothing of it was kept.")
    outcome: CommittedOutcome | None = strawberry.field(default=None, description="What was committed.")
    case: Case | None = stored(description="The case as it is now, where it succeeded and the viewer still sees it.")
    problem: Problem | None = strawberry.field(default=None, description="Why it was not done, typed as anywhere else.")

    @classmethod
    def of(cls, identifier: strawberry.ID, outcome: Outcome) -> Self:
        """The result of a command that was committed."""
        case: Any = StoredRef("Case", outcome.county_code, str(outcome.case_id))
        return cls(id=identifier, succeeded=True, outcome=CommittedOutcome.of(outcome), case=case)


@strawberry.type(description="What came of each case of a bulk action.")
class BulkPayload:
    results: list[BulkResult] = strawberry.field(description="One for each case, in the order of the input.")
    cursor: str = strawberry.field(
        description="Cursor of the live feed: a subscription after it sees what comes later."
    )


@strawberry.type
class BulkMutations:
    """The actions on many cases at once."""

    @mutation(result("BulkClassifyResult", BulkPayload))
    async def bulk_classify(self, info: Info, given: Given[BulkClassifyInput]) -> BulkPayload | AnyProblem:
        """Class many cases 批量分类, as `classifyCase` does each. One that fails holds up no other."""
        return await _on_each(
            info, given, lambda tx, case_id: cases.classify(
                tx, case_id, urgency=given.urgency, category_code=given.category_code, reason=given.reason
            ),
        )  # fmt: skip

    @mutation(result("BulkDispatchResult", BulkPayload))
    async def bulk_dispatch(self, info: Info, given: Given[BulkDispatchInput]) -> BulkPayload | AnyProblem:
        """Dispatch many cases 批量派单 to the same organizations, as `dispatchCase` does each. One that fails holds up no other."""
        parties = parties_of(given.parties)
        return await _on_each(
            info, given, lambda tx, case_id: cases.dispatch(
                tx, case_id, parties=parties, duty_basis=given.duty_basis, catalogue_code=given.catalogue_code
            ),
        )  # fmt: skip

    @mutation(result("BulkMergeResult", BulkPayload))
    async def bulk_merge(self, info: Info, given: Given[BulkMergeInput]) -> BulkPayload | AnyProblem:
        """Merge many cases into one 批量并单, as `mergeCase` does each. One that fails holds up no other."""
        try:
            identifiers = Identifiers(info.context.viewer)
            main = identifiers.key("mainCaseId", given.main_case_id, "Case")
            identifiers.county()
        except DomainError as error:
            return _problem(info, error)
        return await _on_each(
            info, given, lambda tx, case_id: merging.merge(tx, case_id, main_case_id=main, reason=given.reason)
        )


async def _on_each(info: Info, given: BulkInput, step: Step[[]]) -> BulkPayload | AnyProblem:
    """Run the step on every case, each in a transaction of its own under a key of its own."""
    services: Any = info.context.services
    try:
        check_input(given, given.idempotency_key)
        _check_ids(given.ids, services.ground())
    except DomainError as error:
        return _problem(info, error)
    results = [await _on_one(info, services, given, identifier, step) for identifier in given.ids]
    return BulkPayload(results=results, cursor=await position(services.feed))


async def _on_one(
    info: Info, services: WritingServices, given: BulkInput, identifier: strawberry.ID, step: Step[[]]
) -> BulkResult:
    context = info.context
    try:
        identifiers = Identifiers(context.viewer)
        case_id = identifiers.key("ids", identifier, "Case")
        outcome = await services.runner.run(
            lambda tx: step(tx, case_id), actor=context.viewer, county=identifiers.county(), now=context.now,
            repetition=Repetition(f"{given.idempotency_key}/{case_id}", info.field_name, _without_ids(given)),
        )  # fmt: skip
    except DomainError as error:
        return BulkResult(id=identifier, succeeded=False, problem=_problem(info, error))
    return BulkResult.of(identifier, outcome)


def _check_ids(ids: Sequence[str], ground: Ground) -> None:
    """Raise InvalidInput for none, too many, and any that is named twice."""
    faults, most = Faults(), ground.rulebook.bulk.cases
    if not 1 <= len(ids) <= most:
        faults.add("ids", f"须为1至{most}件案件", f"must be 1 to {most} cases")
    for index, identifier in enumerate(ids[: most + 1]):
        if identifier in ids[:index]:
            faults.add(f"ids.{index}", "重复的案件", "the case is named twice")
    faults.check()


def _without_ids(given: BulkInput) -> dict[str, Any]:
    """What is done to each: a case may be tried again beside others under the same key."""
    return {name: value for name, value in vars(given).items() if name != "ids"}


def _problem(info: Info, error: DomainError) -> AnyProblem:
    request = info.context.request
    return problem(error, bool(request and request.english))
