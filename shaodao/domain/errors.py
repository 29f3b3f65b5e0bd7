"""What a command refuses, as typed errors: each becomes a member of a mutation's result union at the edge."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AllowedAction:
    """An action that the state allows, and whether this actor may do it."""

    name: str
    allowed: bool
    reason: str | None = None


class DomainError(Exception):
    """A refusal with a code, a message in Chinese and one in English."""

    code: str = "REFUSED"

    def __init__(self, message: str, english: str) -> None:
        super().__init__(english)
        self.message = message
        self.english = english


@dataclass(frozen=True)
class Fault:
    """One faulty field of an input: ``path`` in the input's own names, such as ``point.crs``."""

    path: str
    message: str
    english: str


class InvalidInput(DomainError):
    """The input breaks rules; all its faulty fields are named at once."""

    code = "INVALID_INPUT"

    def __init__(self, *faults: Fault) -> None:
        super().__init__(
            "；".join(f"{f.path}：{f.message}" for f in faults), "; ".join(f"{f.path}: {f.english}" for f in faults)
        )
        self.faults = faults

    @classmethod
    def at(cls, path: str, message: str, english: str) -> "InvalidInput":
        """An error that names a single field."""
        return cls(Fault(path, message, english))


class NotFound(DomainError):
    """There is no such thing, or the actor may not see it."""

    code = "NOT_FOUND"

    def __init__(self, what: str, identifier: str) -> None:
        super().__init__(f"未找到：{what} {identifier}", f"not found: {what} {identifier}")
        self.what = what
        self.identifier = identifier


class NotPermitted(DomainError):
    """The actor's role, scope or part in the case does not permit the action."""

    code = "NOT_PERMITTED"


class StateConflict(DomainError):
    """The step is not allowed in the present state; carries what is allowed, by the actions' names in ``machine``."""

    code = "STATE_CONFLICT"

    def __init__(
        self,
        message: str,
        english: str,
        *,
        state: str,
        version: int,
        allowed: tuple[AllowedAction, ...] = (),
        machine: str = "",
    ) -> None:
        super().__init__(message, english)
        self.state = state
        self.version = version
        self.allowed = allowed
        self.machine = machine


class IdempotencyConflict(DomainError):
    """The idempotency key was used for a command with other arguments."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self, key: str) -> None:
        super().__init__(f"幂等键 {key} 已用于内容不同的请求", f"idempotency key {key} was used with other arguments")
        self.key = key


class RateLimited(DomainError):
    """Too many uses in a short time; try again after ``retry_after`` seconds."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"操作过于频繁，请 {retry_after} 秒后再试", f"too many uses, retry after {retry_after} s")
        self.retry_after = retry_after


@dataclass
class Faults:
    """Collects the faults of an input, so that all are told at once."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, path: str, message: str, english: str) -> None:
        """Note one fault."""
        self.faults.append(Fault(path, message, english))

    def check(self) -> None:
        """Raise InvalidInput when any fault was noted."""
        if self.faults:
            raise InvalidInput(*self.faults)
