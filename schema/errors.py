"""What a reading operation refuses: mistakes of the client, each with a code that stands in ``extensions.code``."""

from collections.abc import Collection
from typing import Literal

from graphql import GraphQLError, Node

from shaodao.domain.errors import RateLimited

ErrorCode = Literal[
    "INVALID_INPUT", "INVALID_ID", "INVALID_CURSOR", "INVALID_PAGE", "INVALID_SELECTION", "INVALID_OPERATION",
    "NOT_FOUND", "NOT_PERMITTED", "RATE_LIMITED", "CURSOR_EXPIRED", "SUBSCRIBER_TOO_SLOW",
]  # fmt: skip


class ClientError(GraphQLError):
    """A mistake of the client: ``message`` in Chinese, ``english`` in English, the code and what else is ``told`` in ``extensions``."""

    def __init__(
        self, code: ErrorCode, message: str, english: str, nodes: Collection[Node] | None = None, **told: int
    ) -> None:
        super().__init__(message, nodes, extensions={"code": code, **told})
        self.code = code
        self.english = english


def invalid_input(path: str, message: str, english: str) -> ClientError:
    """An argument or a field of an input that cannot be used; ``path`` is its name in the schema."""
    return ClientError("INVALID_INPUT", f"{path}：{message}", f"{path}: {english}")


def rate_limited(error: RateLimited) -> ClientError:
    """Too many uses; ``retryAfter`` tells after how many seconds the next is allowed."""
    return ClientError("RATE_LIMITED", error.message, error.english, retryAfter=error.retry_after)
