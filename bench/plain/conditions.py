"""WHERE clauses with bound values."""

from dataclasses import dataclass, field
from typing import Any

from bench.plain.viewer import PlainViewer

DIVISION_DIGITS = 12


@dataclass
class Conditions:
    """Conditions that all must hold; ``{}`` in a condition stands for its value."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, condition: str, *values: Any) -> None:
        """One more condition."""
        numbers = []
        for value in values:
            self.values.append(value)
            numbers.append(f"${len(self.values)}")
        self.parts.append(condition.format(*numbers))

    def between_codes(self, column: str, prefix: str) -> None:
        """The codes that begin with the prefix: one street, or all of a county."""
        if len(prefix) == COUNTY_PREFIX:
            self.add(
                f"{column} BETWEEN {{}} AND {{}}",
                prefix.ljust(DIVISION_DIGITS, "0"),
                prefix.ljust(DIVISION_DIGITS, "9"),
            )
        else:
            self.add(f"{column} = {{}}", prefix.ljust(DIVISION_DIGITS, "0"))

    @property
    def sql(self) -> str:
        """What stands after WHERE."""
        return " AND ".join(self.parts)


COUNTY_PREFIX = 6


def in_scope(viewer: PlainViewer) -> Conditions:
    """The rows of the viewer's county and street."""
    conditions = Conditions()
    conditions.add("county_code = {}", viewer.county)
    conditions.between_codes("street_code", viewer.prefix)
    return conditions
