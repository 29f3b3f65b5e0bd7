"""The case number 案件编号 (C.1.4): the street's nine digits, the day, and a running number of the street and the year."""

from uuid import UUID

from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.text import bigrams

# One statement, so that the counter's row is locked for no longer than it takes to commit. Texts of this transaction
# were written with the case's id where the number will stand.
_TAKE = """
WITH counter AS (
    INSERT INTO case_counter (county_code, street_code, year, last) VALUES ($1, $2, $3, 1)
    ON CONFLICT (county_code, street_code, year) DO UPDATE SET last = case_counter.last + 1
    RETURNING last::text AS last
), serial AS (
    SELECT lpad(last, greatest(4, length(last)), '0') AS text FROM counter
), taken AS (
    UPDATE case_file SET number = $5 || serial.text,
        search_bigrams = search_bigrams || ARRAY(
            SELECT substr(serial.text, place, 2) FROM generate_series(1, length(serial.text) - 1) AS place
        )
    FROM serial WHERE county_code = $1 AND id = $4 RETURNING number
), events AS (
    UPDATE case_event SET text = replace(text, $6, number) FROM taken WHERE county_code = $1 AND case_id = $4
), messages AS (
    UPDATE message SET text = replace(text, $6, number) FROM taken WHERE county_code = $1 AND case_id = $4
), whistles AS (
    UPDATE whistle SET number = replace(whistle.number, $6, taken.number) FROM taken WHERE county_code = $1 AND case_id = $4
)
SELECT number FROM taken
"""


def provisional_number(case_id: UUID) -> str:
    """What stands for the number until the transaction ends."""
    return str(case_id)


def number_pieces(tx: Transaction, street_code: str) -> list[str]:
    """The search pieces of a number that are known before its running number is."""
    return bigrams(_head(tx, street_code))


def number_at_the_end(tx: Transaction, case_id: UUID, street_code: str, outcome: Outcome) -> None:
    """Take the number as the last thing before commit and put it into ``outcome``."""

    async def take() -> None:
        outcome.case_number = await tx.connection.fetchval(
            _TAKE, tx.county, street_code, tx.today.year, case_id, _head(tx, street_code), provisional_number(case_id)
        )

    tx.at_the_end(take)


def _head(tx: Transaction, street_code: str) -> str:
    return f"{street_code[:9]}-{tx.today:%Y%m%d}-"
