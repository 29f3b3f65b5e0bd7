"""Statuses and media types of answers: those of the standard, or those that older clients know (design: http).

The standard is GraphQL over HTTP, edition September 2026, section Response.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from api.answers import GRAPHQL_JSON, JSON, Answer, MediaType
from api.execution import was_refused
from schema.execution import Outcome
from shaodao.setting_values import InvalidStatus

PARTLY_FAILED = 294
"""The status of an answer with data and errors, also where the data is null."""


@dataclass(frozen=True)
class Conventions:
    """``invalid`` is the status of what can be read and not be done: 422 by the standard, 400 for older clients."""

    invalid: InvalidStatus

    @property
    def older(self) -> bool:
        """Whether older clients are served: they take 200 for any answer of GraphQL in application/json."""
        return self.invalid == 400

    @property
    def preferred(self) -> MediaType:
        """The media type for who names none."""
        return JSON if self.older else GRAPHQL_JSON

    def refusal(
        self, status: int, body: bytes, accepted: MediaType, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to a request that is not executed, with the status that the standard has for it."""
        return self._answer(self.invalid if status == 422 else status, body, accepted, headers or {})

    def failure(self, outcome: Outcome, body: bytes, accepted: MediaType) -> Answer:
        """The answer with an operation's errors."""
        status = 200 if self.older and accepted == JSON else self._status(outcome)
        return self._answer(status, body, accepted, {})

    def _answer(self, status: int, body: bytes, accepted: MediaType, headers: Mapping[str, str]) -> Answer:
        """What is no success is called graphql-response+json, for else a proxy could have sent it."""
        return Answer(status, body, accepted if self.older or status < 300 else GRAPHQL_JSON, headers)

    def _status(self, outcome: Outcome) -> int:
        match outcome.stage:
            case "parse":
                return 400
            case "validate" | "variables":
                return self.invalid
            case "execute":
                return self.invalid if was_refused(outcome) else PARTLY_FAILED
            case _:
                assert_never(outcome.stage)
