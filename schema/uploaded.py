"""The scalar ``Upload``: a file that came with the request itself, by the GraphQL multipart request specification."""

from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError


@dataclass(frozen=True)
class UploadedFile:
    """A file of a request. What the client calls it does not matter: an attachment has a name of its own."""

    content: bytes


def _parsed(value: Any) -> UploadedFile:
    if not isinstance(value, UploadedFile):
        raise GraphQLError("Upload is a variable of a multipart request, and the map names its file.")
    return value


UPLOAD = strawberry.scalar(
    name="Upload",
    description="A small file in the request itself: a variable of a `multipart/form-data` request.",
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
    parse_value=_parsed,
)
