"""Expected failures of a mutation: members of its result union, each implementing ``Problem`` (design: http, Errors)."""

from typing import Annotated, Any

import strawberry

from schema.actions import mutation_name
from shaodao.domain import errors


@strawberry.interface(description="An expected failure. Nothing of the mutation was kept.")
class Problem:
    code: str = strawberry.field(description="Stable code for programs, such as `STATE_CONFLICT`.")
    message: str = strawberry.field(
        description="What to tell a person: Chinese, or English when Accept-Language asks for it."
    )


@strawberry.type(description="One faulty field of an input.")
class FieldFault:
    path: str = strawberry.field(description="Where in the input, such as `point.crs` or `parties.0.organization`.")
    message: str = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="An action that the present state knows.")
class ActionAvailability:
    name: str = strawberry.field(description="Name of the mutation.")
    allowed: bool = strawberry.field(description="Whether this viewer may do it now.")
    reason: str | None = strawberry.field(description="Why not.")


@strawberry.type(description="The input breaks rules; all its faulty fields are named at once.")
class InvalidInput(Problem):
    faults: list[FieldFault] = strawberry.field(description="The faulty fields.")


@strawberry.type(description="There is no such thing, or the viewer may not see it.")
class NotFound(Problem):
    what: str = strawberry.field(description="The type that was looked for.")


@strawberry.type(description="The viewer's role, scope or part in the case does not permit the action.")
class NotPermitted(Problem):
    pass


@strawberry.type(description="The step is not allowed in the present state, or somebody else was faster.")
class StateConflict(Problem):
    state: str = strawberry.field(description="The state as it is now.")
    version: int = strawberry.field(description="The version as it is now.")
    allowed: list[ActionAvailability] = strawberry.field(description="The actions that the state knows.")


@strawberry.type(description="The idempotency key was used for a command with other arguments.")
class IdempotencyConflict(Problem):
    pass


@strawberry.type(description="Too many uses in a short time.")
class RateLimited(Problem):
    retry_after: int = strawberry.field(description="Seconds to wait.")


AnyProblem = InvalidInput | NotFound | NotPermitted | StateConflict | IdempotencyConflict | RateLimited


def problem(error: errors.DomainError, english: bool) -> AnyProblem:
    """The GraphQL face of a refusal."""
    said: dict[str, Any] = {"code": error.code, "message": error.english if english else error.message}
    match error:
        case errors.InvalidInput():
            faults = [FieldFault(path=f.path, message=f.english if english else f.message) for f in error.faults]
            return InvalidInput(**said, faults=faults)
        case errors.NotFound():
            return NotFound(**said, what=error.what)
        case errors.StateConflict():
            allowed = [
                ActionAvailability(name=mutation_name(error.machine, a.name), allowed=a.allowed, reason=a.reason)
                for a in error.allowed
            ]
            return StateConflict(**said, state=error.state, version=error.version, allowed=allowed)
        case errors.IdempotencyConflict():
            return IdempotencyConflict(**said)
        case errors.RateLimited():
            return RateLimited(**said, retry_after=error.retry_after)
        case _:
            return NotPermitted(**said)


def result(name: str, *payloads: Any) -> Any:
    """The result union of a mutation: its payload and every problem."""
    members: Any = AnyProblem
    for payload in payloads:
        members = payload | members
    return Annotated[members, strawberry.union(name, description=f"What came of the mutation: {name}.")]
