"""graphql-core's executor, taught about stored data: fragments of JSON pass through, stored objects are compiled."""

from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FieldNode, GraphQLObjectType, GraphQLOutputType
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.compiler.operation import Statement, compile_stored
from schema.compiler.parameters import Binding
from schema.compiler.state import Compilation
from schema.declarations import StoredRef
from schema.ids import GlobalId
from schema.reading import Reading


class StoredExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor (a plain one of graphql-core fails on Strawberry's arguments) for one request.

    ``reading`` is the request, ``fragments_by_name`` the stored root fields that have been read for it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reading: Reading = kwargs.pop("reading")
        self.fragments_by_name: Mapping[str, orjson.Fragment | None] = kwargs.pop("fragments_by_name")
        super().__init__(*args, **kwargs)

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """Root fields that were read already are their fragments."""
        if path.prev is None and path.key in self.fragments_by_name:
            return self.fragments_by_name[str(path.key)]
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def complete_value(
        self, return_type: GraphQLOutputType, field_details_list: Any, info: Any, path: Path,
        result: Any, position_context: Any,
    ) -> Any:  # fmt: skip
        """A reference to a stored row is completed by reading it; that happens after the resolver has committed."""
        if isinstance(result, StoredRef):
            nodes = tuple(details.node for details in field_details_list)
            return _Later(lambda: self._stored(nodes, path, result))
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    async def _stored(self, nodes: tuple[FieldNode, ...], path: Path, ref: StoredRef) -> orjson.Fragment | None:
        """The row as the viewer sees it, or None when it has left the viewer's sight."""
        mapped = self.reading.catalogue.types[ref.type]

        def build(compilation: Compilation) -> Statement:
            return compile_stored(compilation, mapped, nodes, _identifier)

        place = tuple(key for key in path.as_list() if isinstance(key, str))
        plan = self.reading.plan((place, ref.type), build)
        assert plan is not None
        binding = self.reading.binding(GlobalId(ref.type, ref.county, ref.key))
        text = (await plan.run(self.reading.context.database, binding))[""]
        return None if text is None else orjson.Fragment(text)


@dataclass(frozen=True)
class _Later:
    """Work that begins when it is awaited: an operation that is given up before leaves no coroutine behind that never ran."""

    work: Callable[[], Coroutine[Any, Any, orjson.Fragment | None]]

    def __await__(self) -> Generator[Any, Any, orjson.Fragment | None]:
        return self.work().__await__()


def _identifier(binding: Binding) -> GlobalId:
    assert binding.row is not None
    return binding.row
