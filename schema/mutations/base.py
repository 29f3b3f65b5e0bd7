"""What the mutations share: the inputs' common fields, reading global ids, running a command, telling a refusal.

Each root field of a mutation is one command in one transaction; several of them run one after the other. What a command
refuses becomes a member of the result union; a success is read after commit, as the viewer sees it.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from schema.cost_directives import COMMAND, weighing
from schema.execution import Context
from schema.mutations.checking import check_input
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import AssignmentPayload, CasePayload, Committed, Payload, WhistlePayload
from schema.problems import AnyProblem, problem, result
from shaodao.commands.running import Command, CommandRunner, Repetition
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.feed import Feed
from shaodao.domain.errors import DomainError

Info: TypeAlias = strawberry.Info[Context, None]

P = ParamSpec("P")
T = TypeVar("T", bound=Payload)
InputT = TypeVar("InputT")
Given: TypeAlias = Annotated[InputT, strawberry.argument(name="input", description="What is to be done.")]
Prepare: TypeAlias = Callable[[Identifiers], Command]
Step: TypeAlias = Callable[Concatenate[Transaction, UUID, P], Awaitable[Outcome]]


class WritingServices(Protocol):
    """What mutations need of ``Context.services``."""

    @property
    def runner(self) -> CommandRunner:
        """Runs a command in a transaction."""
        ...

    @property
    def feed(self) -> Feed:
        """Tells where the log of events stands."""
        ...


@strawberry.input
class KeyedInput:
    """What every mutation is given."""

    idempotency_key: str = strawberry.field(
        description="Chosen by the client, 1 to 200 printable characters. The same key with the same input gives the first "
        "outcome again (kept 7 days); with another input it is refused."
    )


@strawberry.input
class Action(KeyedInput):
    """What every action that can be repeated is given."""

    expected_version: int | None = strawberry.field(
        default=None, description="The version that the client has seen; another one is answered with StateConflict."
    )


@strawberry.input
class CaseAction(Action):
    """An action on a case."""

    case_id: strawberry.ID = strawberry.field(description="Global identifier of the case.")


@strawberry.input
class WhistleAction(Action):
    """An action on a whistle."""

    whistle_id: strawberry.ID = strawberry.field(description="Global identifier of the whistle.")


@strawberry.input
class AssignmentAction(Action):
    """An action on an assignment."""

    assignment_id: strawberry.ID = strawberry.field(description="Global identifier of the assignment.")


def action(payload: type[Payload]) -> Callable[[Callable[..., Any]], Any]:
    """Make a resolver a mutation that answers with the payload or any problem: the union ``VerbNounResult``."""

    def decorate(resolver: Callable[..., Any]) -> Any:
        name = "".join(word.capitalize() for word in resolver.__name__.split("_")) + "Result"
        return mutation(result(name, payload))(resolver)

    return decorate


def mutation(answer: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a resolver a mutation with this GraphQL type; its docstring is the description."""

    def decorate(resolver: Callable[..., Any]) -> Any:
        return strawberry.mutation(
            resolver, graphql_type=answer, description=inspect.getdoc(resolver), directives=[weighing(COMMAND)]
        )

    return decorate


async def perform(
    info: Info, given: KeyedInput, prepare: Prepare, show: Callable[[Committed], T], *, repeatable: bool = True,
    one_statement: bool = False, before: Callable[[int], Awaitable[None]] | None = None,
) -> T | AnyProblem:  # fmt: skip
    """Run the command that ``prepare`` makes of the input, once for its idempotency key, and show what was committed.

    ``prepare`` reads the input's global ids with the ``Identifiers`` it is given; the first of them tells the county. A
    command that is not ``repeatable`` leaves no outcome behind, and runs anew each time; ``one_statement`` as the runner has it.
    ``before`` is given the county and does what must be done outside the command's transaction, whose connection it would hold.
    """
    context = info.context
    services: WritingServices = context.services
    try:
        check_input(given, given.idempotency_key)
        identifiers = Identifiers(context.viewer)
        command, county = prepare(identifiers), identifiers.county()
        if before is not None:
            await before(county)
        outcome = await services.runner.run(
            command, actor=context.viewer, county=county, now=context.now,
            repetition=Repetition(given.idempotency_key, info.field_name, given) if repeatable else None,
            one_statement=one_statement,
        )  # fmt: skip
    except DomainError as error:
        return problem(error, bool(context.request and context.request.english))
    return show(Committed(outcome, outcome.cursor or await position(services.feed)))


async def on_case(
    info: Info, given: CaseAction, step: Step[P], *arguments: P.args, **named: P.kwargs
) -> CasePayload | AnyProblem:
    """Run a command on the case that the input names."""
    key = ("caseId", given.case_id, "Case")
    return await perform(info, given, prepared(key, step, *arguments, **named), CasePayload.of)


async def on_whistle(
    info: Info, given: WhistleAction, step: Step[P], *arguments: P.args, **named: P.kwargs
) -> WhistlePayload | AnyProblem:
    """Run a command on the whistle that the input names."""
    key = ("whistleId", given.whistle_id, "Whistle")
    return await perform(info, given, prepared(key, step, *arguments, **named), WhistlePayload.of)


async def on_assignment(
    info: Info, given: AssignmentAction, step: Step[P], *arguments: P.args, **named: P.kwargs
) -> AssignmentPayload | AnyProblem:
    """Run a command on the assignment that the input names."""
    key = ("assignmentId", given.assignment_id, "Assignment")
    return await perform(info, given, prepared(key, step, *arguments, **named), AssignmentPayload.of)


def prepared(key: tuple[str, str, str], step: Step[P], *arguments: P.args, **named: P.kwargs) -> Prepare:
    """The command on the one thing that the input names; ``key``: path, global id and type, as ``Identifiers.key`` takes them."""

    def prepare(identifiers: Identifiers) -> Command:
        identifier = identifiers.key(*key)
        return lambda tx: step(tx, identifier, *arguments, **named)

    return prepare


async def position(feed: Feed) -> str:
    """Where the log stands after a command that wrote no event."""
    return await feed.resume_at(None)
