"""Tables written and imported on the demonstration street, as ``shaodao import`` does it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shaodao.domain.permissions import Viewer
from shaodao.imports.faults import ImportRefused, RowFault
from shaodao.imports.people_import import ImportReport
from shaodao.imports.running import ImportRequest, Subject, open_table, run_import, viewer_on
from tests.integration.conftest import Street

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(rest: str) -> str:
    """An identity number with the right check digit: eight digits of birth and three of order."""
    body = f"990101{rest}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return f"{body}{'10X98765432'[total % 11]}"


async def imported(
    street: Street, path: Path, subject: Subject, rows: Sequence[str], *, actor: Viewer | None = None, **options: Any
) -> ImportReport:
    """Write the rows, the first of which is the header, and import them."""
    path.write_text("\n".join(rows), encoding="gb18030")
    request = ImportRequest(subject, path, **options)
    viewer = actor or await viewer_on(street.pool, None)
    return await run_import(street.runner, viewer, street.now, request, open_table(request), lambda rows: None)


async def faults_of(
    street: Street, path: Path, subject: Subject, rows: Sequence[str], **options: Any
) -> list[RowFault]:
    """The faults for which a table is refused."""
    try:
        await imported(street, path, subject, rows, **options)
    except ImportRefused as refusal:
        return refusal.faults
    raise AssertionError("the table was imported")


async def counts(street: Street) -> dict[str, int]:
    """How many rows the tables hold that imports write."""
    tables = ("person", "household", "case_file", "case_event", "message", "deadline", "case_counter")
    return {table: await street.pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
