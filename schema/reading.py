"""One request on its way: what it is run with, and the plans that it shares with others of its shape."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graphql import OperationDefinitionNode

from schema.compiler.catalogue import Catalogue
from schema.compiler.inputs import Variables
from schema.compiler.operation import Statement
from schema.compiler.parameters import Binding
from schema.compiler.shape import variables_shape, viewer_shape
from schema.compiler.state import Compilation
from schema.compiler.words import Words
from schema.counties import counties_reached, is_wide
from schema.database import Database
from schema.documents import Document
from schema.ids import GlobalId
from schema.plans import Plan, Plans
from shaodao.domain.permissions import Viewer


@dataclass
class Context:
    """What resolvers find as ``info.context``.

    Who asks, when, for which counties (by default those that the viewer's grants reach; none until the request begins, if
    a grant lies above a county), the database, and what the application adds: the request and its services. ``phones``
    are the hashes that the request has looked up.
    """

    viewer: Viewer
    now: datetime
    database: Database
    counties: tuple[int, ...] = ()
    request: Any = None
    services: Any = None
    phones: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not self.counties and not is_wide(self.viewer):
            self.counties = self.viewer.counties or (0,)

    async def find_counties(self) -> None:
        """Look up which counties a scope above them has, if none are named."""
        if not self.counties:
            self.counties = await counties_reached(self.viewer, self.database)


@dataclass
class Reading:
    """A request's operation with its coerced variables."""

    catalogue: Catalogue
    plans: Plans
    words: Words
    document: Document
    operation: OperationDefinitionNode
    context: Context
    variables: Variables

    def __post_init__(self) -> None:
        asked, name = self.context, self.operation.name
        self.viewer = viewer_shape(asked.viewer, asked.counties)
        # What requests must share to share plans.
        self.shape: Hashable = (
            self.document.text, name and name.value, self.viewer, variables_shape(self.operation, self.variables)
        )  # fmt: skip

    def binding(self, row: GlobalId | None = None) -> Binding:
        """What parameters are read from, at this moment; ``row`` is the stored object to read, if it is one."""
        asked = self.context
        return Binding(asked.viewer, asked.counties, asked.now, self.variables, row, asked.services, asked.phones)

    def plan(self, part: Hashable, build: Callable[[Compilation], Statement | None]) -> Plan | None:
        """The plan of a part of the operation: kept, or built now. None when the part reads nothing stored."""
        shape = (part, self.shape)
        plan = self.plans.get(shape, self.variables)
        if plan is not None:
            return plan
        statement = build(
            Compilation(self.catalogue, self.document.fragments, self.variables, self.viewer, words=self.words)
        )
        if statement is None:
            return None
        plan = Plan(statement)
        self.plans.offer(shape, self.variables, plan)
        return plan
