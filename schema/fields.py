"""Strawberry's side of a declaration: a field that carries one in its ``metadata`` and may have arguments."""

from collections.abc import Sequence
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

DECLARATION = "shaodao"
"""The key of a declaration in a field's ``metadata``."""


class MappedField(StrawberryField):
    """A field without a resolver that may still have arguments."""


def mapped_field(
    declaration: object, description: str | None, arguments: Sequence[StrawberryArgument] = (),
    directives: Sequence[object] = (),
) -> MappedField:  # fmt: skip
    """A field that carries a declaration."""
    mapped = MappedField(description=description, metadata={DECLARATION: declaration}, directives=directives)
    mapped.arguments = list(arguments)
    return mapped


def strawberry_argument(
    name: str, annotation: Any, description: str | None, default: Any = strawberry.UNSET
) -> StrawberryArgument:
    """An argument of such a field; without a default, a nullable one may be left out."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=default,
    )
