"""Reading the cells of one row: every fault is noted under the heading of its column, so that all are told at once."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from shaodao.domain.errors import Fault
from shaodao.domain.malformed import MalformedValueError
from shaodao.imports.cells import Cell
from shaodao.imports.faults import RowFault
from shaodao.imports.tables import Row, Table

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_INDEX = re.compile(r"\.[0-9]+$")

Value = TypeVar("Value")


@dataclass
class RowReader:
    """A row with what was found wrong with it so far."""

    table: Table
    row: Row
    faults: list[RowFault] = field(default_factory=list)

    def optional(self, name: str, read: Callable[[Cell], Value | None]) -> Value | None:
        """What the field's cell holds; None when it is empty or, with the fault noted, cannot be read."""
        try:
            return read(self.row.cells.get(name))
        except MalformedValueError as error:
            self.fault(name, error.message)
            return None

    def required(self, name: str, read: Callable[[Cell], Value | None]) -> Value | None:
        """As ``optional``; an empty cell is a fault."""
        noted = len(self.faults)
        value = self.optional(name, read)
        if value is None and len(self.faults) == noted:
            self.fault(name, "不能为空")
        return value

    def fault(self, name: str | None, message: str) -> None:
        """Note a fault at a field, or at the whole row."""
        self.faults.append(RowFault(self.row.line, name and self.table.heading(name), message))

    def refused(self, faults: tuple[Fault, ...]) -> None:
        """Note what a command found wrong with the row's input, whose paths are those of the API."""
        for fault in faults:
            name = field_of(fault.path)
            if not any(noted.column == self.table.heading(name) for noted in self.faults):
                self.fault(name, fault.message)


def field_of(path: str) -> str:
    """The field of a table that a path in a command's input means: ``reporter.name`` is ``reporter_name``."""
    return _CAPITAL.sub("_", _INDEX.sub("", path)).replace(".", "_").lower()
