"""Import of cases 诉求导入: each row is registered by the command itself, all of them in one transaction (C.3)."""

from shaodao.commands.registration import CaseInput, Draft, check_registration, register_checked
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import InvalidInput, NotPermitted
from shaodao.imports.cases import read_case
from shaodao.imports.faults import ImportRefused, RowFault
from shaodao.imports.people_import import ImportReport, Progress
from shaodao.imports.reading import RowReader
from shaodao.imports.tables import Table

_STRETCH = 50
"""Rows after which a progress bar moves."""


async def import_cases(
    tx: Transaction, table: Table, *, most: int, dry_run: bool = False, progress: Progress = lambda rows: None
) -> ImportReport:
    """Register the cases of a table: numbers, clocks, history and receipts as ever; they are registered now.

    All rows are checked before the first is written, so that the transaction holds up the live feed no longer than the
    writing takes; ``most`` rows at once. The caller's transaction must be rolled back when this raises: ImportRefused
    with the faults of all rows, TableError where the table cannot be read to its end.
    """
    cases = await _checked(tx, table, most, progress)
    if not dry_run:
        for place, case in enumerate(cases, start=1):
            await register_checked(tx, case)
            if place % _STRETCH == 0:
                progress(0)
    return ImportReport(len(cases), {"案件": len(cases)})


async def _checked(tx: Transaction, table: Table, most: int, progress: Progress) -> list[Draft]:
    cases: list[Draft] = []
    faults: list[RowFault] = []
    references: dict[str, int] = {}
    for rows, row in enumerate(table.rows, start=1):
        reader = RowReader(table, row)
        case = read_case(reader)
        if case is not None:
            cases += await _check(tx, reader, case)
            _check_reference(reader, case.source_reference, references)
        if rows == most + 1:
            reader.fault(None, f"一次最多导入{most}件，请分成几个文件")
        faults += reader.faults
        if rows > most:
            break
        if rows % _STRETCH == 0:
            progress(_STRETCH)
    if faults or table.faults:
        raise ImportRefused(sorted(table.faults + faults, key=lambda fault: fault.line))
    return cases


def _check_reference(reader: RowReader, reference: str | None, lines: dict[str, int]) -> None:
    """Note a number of another system that stands in the file twice; ``lines`` remembers where each stood first."""
    if reference is not None and (first := lines.setdefault(reference, reader.row.line)) != reader.row.line:
        reader.fault("source_reference", f"与第{first}行的编号相同")


async def _check(tx: Transaction, reader: RowReader, case: CaseInput) -> tuple[Draft, ...]:
    """What would be registered, or nothing, with what the registration refuses noted."""
    try:
        return (await check_registration(tx, case),)
    except InvalidInput as error:
        reader.refused(error.faults)
    except NotPermitted as error:
        reader.fault("grid_code", error.message)
    return ()
