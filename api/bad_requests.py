"""A request that is none: the status and the code to answer with."""

from collections.abc import Mapping


class BadRequestError(Exception):
    """The request is no GraphQL request; carries the status to answer with."""

    def __init__(
        self, status: int, message: str, code: str = "BAD_REQUEST", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
