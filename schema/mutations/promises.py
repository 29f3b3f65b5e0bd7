"""Mutations of promises 一事一诺 (reference Z-49, B-10)."""

from datetime import date

import strawberry

from schema.mutations.base import Action, CaseAction, Given, Info, P, Step, action, perform, prepared
from schema.mutations.payloads import PromisePayload
from schema.problems import AnyProblem
from shaodao.commands import promises


@strawberry.input
class PromiseAction(Action):
    """An action on a promise; the expected version is its case's."""

    promise_id: strawberry.ID = strawberry.field(description="Global identifier of the promise.")


@strawberry.input(description="Input of makePromise.")
class MakePromiseInput(CaseAction):
    content: str = strawberry.field(description="What is promised, 1 to 500 characters.")
    due_on: date = strawberry.field(description="The day by which it will be kept 承诺期限: today or later.")
    public: bool = strawberry.field(default=False, description="Whether it is made public at once; by the dispatcher.")
    promiser_name: str | None = strawberry.field(
        default=None, description="For the dispatcher: who promised, where that is nobody with an account."
    )


@strawberry.input(description="Input of publishPromise.")
class PublishPromiseInput(PromiseAction):
    pass


@strawberry.input(description="Input of settlePromise.")
class SettlePromiseInput(PromiseAction):
    fulfilled: bool = strawberry.field(description="Whether it was kept 兑现.")
    text: str = strawberry.field(description="How, or why not, 1 to 2,000 characters.")


@strawberry.input(description="Input of scorePromise.")
class ScorePromiseInput(PromiseAction):
    score: int = strawberry.field(description="0 to 100.")
    citizen: bool = strawberry.field(
        description="True: the reporter's score 群众评分, or one taken down on the reporter's word. False: the promiser's own 自评."
    )


@strawberry.type
class PromiseMutations:
    """The actions on promises."""

    @action(PromisePayload)
    async def make_promise(self, info: Info, given: Given[MakePromiseInput]) -> PromisePayload | AnyProblem:
        """Promise the reporter of a case something by a day 作出承诺; the clock tracks it.

        By whoever is in touch with the reporter: dispatcher, grid chief, grid worker, agent, or an organization at work on it.
        """
        key = ("caseId", given.case_id, "Case")
        prepare = prepared(
            key, promises.make, content=given.content, due_on=given.due_on, public=given.public,
            promiser_name=given.promiser_name, expected_version=given.expected_version,
        )  # fmt: skip
        return await perform(info, given, prepare, PromisePayload.of)

    @action(PromisePayload)
    async def publish_promise(self, info: Info, given: Given[PublishPromiseInput]) -> PromisePayload | AnyProblem:
        """Make a promise public 公开承诺. By the dispatcher; never on a confidential or restricted case (C.7)."""
        return await _on_promise(info, given, promises.publish, expected_version=given.expected_version)

    @action(PromisePayload)
    async def settle_promise(self, info: Info, given: Given[SettlePromiseInput]) -> PromisePayload | AnyProblem:
        """Say whether a promise was kept 确认兑现情况; its clock stops. By the promiser, their organization or the dispatcher."""
        return await _on_promise(
            info, given, promises.settle, fulfilled=given.fulfilled, text=given.text,
            expected_version=given.expected_version,
        )  # fmt: skip

    @action(PromisePayload)
    async def score_promise(self, info: Info, given: Given[ScorePromiseInput]) -> PromisePayload | AnyProblem:
        """Score a settled promise 双向打分, once from each side: the promiser's, and the reporter's (B-10).

        The dispatcher or the follow-up caller may take down the reporter's score, unless the promise is their own.
        """
        return await _on_promise(
            info, given, promises.score, score=given.score, citizen=given.citizen,
            expected_version=given.expected_version,
        )  # fmt: skip


async def _on_promise(
    info: Info, given: PromiseAction, step: Step[P], *arguments: P.args, **named: P.kwargs
) -> PromisePayload | AnyProblem:
    key = ("promiseId", given.promise_id, "Promise")
    return await perform(info, given, prepared(key, step, *arguments, **named), PromisePayload.of)
