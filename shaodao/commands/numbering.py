"""The case number 案件编号 (C.1.4): the street's nine digits, the day, and a running number of the street and the year."""

from typing import LiteralString

from shaodao.commands.transaction import Transaction

NUMBERED: LiteralString = """counter AS (
    UPDATE case_counter SET last = last + 1 WHERE county_code = $1 AND street_code = $2 AND year = $3
    RETURNING last::text AS last
), serial AS (
    SELECT lpad(last, greatest(4, length(last)), '0') AS digits FROM counter
)"""
"""The first parts of a statement that writes a case, by its county, street and year: ``serial.digits`` is the running number.

All that the case begins with is written in that same statement, for the counter's row stays locked until the commit. There
is no row in ``serial`` before the year's first case.
"""
SERIAL_PIECES: LiteralString = """ARRAY(
    SELECT substr(serial.digits, place, 2) FROM generate_series(1, length(serial.digits) - 1) AS place
)"""
"""The search pieces of the running number; those of the digits before it are told by ``number_head``."""

_OPEN = """
INSERT INTO case_counter (county_code, street_code, year, last) VALUES ($1, $2, $3, 0)
ON CONFLICT (county_code, street_code, year) DO NOTHING
"""


async def open_series(tx: Transaction, street_code: str) -> None:
    """Begin the year's numbers of a street."""
    await tx.connection.execute(_OPEN, tx.county, street_code, tx.today.year)


def number_head(tx: Transaction, street_code: str) -> str:
    """A number of today but for its running number."""
    return f"{street_code[:9]}-{tx.today:%Y%m%d}-"
