"""What is wrong with a table: each faulty row with its line, its column and the reason in Chinese."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_HEADINGS = ("行号", "列", "问题")


class TableError(Exception):
    """The file cannot be read as a table at all; the message is Chinese and for the user."""


@dataclass(frozen=True)
class RowFault:
    """One fault. ``line`` counts from 1 as the spreadsheet shows it; ``column`` is the header, None for the whole row.

    The message never repeats the cell: it may hold personal data.
    """

    line: int
    column: str | None
    message: str

    def __str__(self) -> str:
        return f"第{self.line}行{f'“{self.column}”' if self.column else ''}：{self.message}"


class ImportRefused(Exception):
    """The table has faults, so nothing of it was written; raised to roll the transaction back."""

    def __init__(self, faults: list[RowFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def write_faults(path: Path, faults: Iterable[RowFault]) -> None:
    """Write every fault into a CSV that spreadsheets open as it is. Raises TableError where it cannot be written."""
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_HEADINGS)
            writer.writerows((fault.line, fault.column or "", fault.message) for fault in faults)
    except OSError as error:
        raise TableError(f"无法写入 {path}：{error.strerror}") from None
