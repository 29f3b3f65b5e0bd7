"""Derived fields: the only answers that Python decodes. Facts are replaced by what ``compute`` makes of them."""

from collections.abc import Sequence
from typing import Any

import orjson

from schema.compiler.parameters import Binding
from schema.compiler.state import DerivedField, Projection


def with_derived(text: bytes, name: str, derived: Sequence[DerivedField], binding: Binding) -> bytes:
    """The JSON text of a column (of the whole answer, if it has no name) with the facts in it replaced.

    Untouched, not even decoded, when there is no derived field.
    """
    root = (name,) if name else ()
    paths = dict.fromkeys(place.path for place in derived if place.path[: len(root)] == root)
    if not paths:
        return text
    answer = orjson.loads(text)
    for path in paths:
        _replace(answer, path[len(root) :], derived, binding)
    return orjson.dumps(answer)


def _replace(value: Any, path: tuple[str, ...], derived: Sequence[DerivedField], binding: Binding) -> None:
    """Replace at the end of the path; lists on the way are passed through, nulls and other types end it."""
    if isinstance(value, list):
        for item in value:
            _replace(item, path, derived, binding)
        return
    if not isinstance(value, dict) or path[0] not in value:
        return
    if len(path) > 1:
        _replace(value[path[0]], path[1:], derived, binding)
        return
    facts = value[path[0]]
    if isinstance(facts, dict) and "#" in facts:
        value[path[0]] = _computed(derived[facts["#"]], facts["facts"], binding)


def _computed(place: DerivedField, facts: Any, binding: Binding) -> Any:
    arguments = {name: given.slot(binding) for name, given in place.arguments.items()}
    value = place.declaration.compute(facts, binding, arguments)
    return _selected(value, place.projection)


def _selected(value: Any, projection: Projection | None) -> Any:
    if projection is None or value is None:
        return value
    if isinstance(value, list):
        return [_selected(item, projection) for item in value]
    return {
        key: projection.type_name if name == "__typename" else _selected(value[name], inner)
        for key, (name, inner) in projection.fields.items()
    }
