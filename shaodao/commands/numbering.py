"""The case number 案件编号 (C.1.4): the street's nine digits, the day, and a running number of the street and the year."""

from uuid import UUID

from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.text import bigrams

_OPEN = """
INSERT INTO case_counter (county_code, street_code, year, last) VALUES ($1, $2, $3, 0)
ON CONFLICT (county_code, street_code, year) DO NOTHING
"""
# One statement and the last before the commit, so that the counter's row is locked for no longer than both take: the kept
# outcome gets its number here too. Texts of this transaction were written with the case's id where the number will stand.
# The counter's row is there but for the year's first case.
_TAKE = """
WITH counter AS (
    UPDATE case_counter SET last = last + 1 WHERE county_code = $1 AND street_code = $2 AND year = $3
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
), outcome AS (
    UPDATE command_outcome SET outcome = outcome || jsonb_build_object('case_number', number) FROM taken
    WHERE county_code = $1 AND actor = $7 AND key = $8 AND outcome ->> 'case_id' = $6
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
        given = (case_id, _head(tx, street_code), provisional_number(case_id), tx.actor.login, tx.key)
        counter = (tx.county, street_code, tx.today.year)
        number = await tx.connection.fetchval(_TAKE, *counter, *given)
        if number is None:  # the year's first
            await tx.connection.execute(_OPEN, *counter)
            number = await tx.connection.fetchval(_TAKE, *counter, *given)
        outcome.case_number = number

    tx.at_the_end(take)


def _head(tx: Transaction, street_code: str) -> str:
    return f"{street_code[:9]}-{tx.today:%Y%m%d}-"
