"""Writing a new case: its row, clocks, first event, receipt and kept outcome, in the one statement that takes its number.

The counter's row is what all who register in a street wait for, and it is locked from this statement to the commit. Where
nothing else is written the statement is the transaction, and no round trip falls into that time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import orjson

from shaodao.commands import clocks
from shaodao.commands.history import actor_name
from shaodao.commands.numbering import NUMBERED, SERIAL_PIECES, number_head, open_series
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.identity import redact
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CaseState, ClockKind, MessageKind, Role

COLUMNS: tuple[LiteralString, ...] = (
    "community_code", "grid_code", "grid_unknown", "kind", "channel_group", "channel", "title", "description",
    "category_code", "component_code", "urgency", "severity", "scale", "level", "visibility", "confidential", "public",
    "address", "point", "point_given", "occurred_at", "subject_person_id", "vessel_id", "first_receiver_id", "due_at",
    "due_provisional", "source_reference", "reporter_anonymous", "reporter_name_masked", "reporter_name_sealed",
    "reporter_phone_masked", "reporter_phone_sealed", "reporter_phone_hash", "reporter_person_id", "reporter_account_id",
    "created_by", "accused_name", "accused_organization_code",
)  # fmt: skip
"""The columns of ``case_file`` that a registration tells, each by its name."""

_BEFORE = 25
"""Parameters that stand before the columns."""


def _placed(column: LiteralString) -> str:
    return f"${_BEFORE + 1 + COLUMNS.index(column)}"


# A case counts the reporter's other cases of its category, by the keyed hash of the phone (C.8, 重复诉求率).
_REPEATS = f"""(
    SELECT count(*) FROM case_file other
    WHERE other.county_code = $1 AND other.reporter_phone_hash = {_placed("reporter_phone_hash")}
        AND other.category_code = {_placed("category_code")}
        AND other.registered_at >= $5::timestamptz - make_interval(days => $8) AND other.registered_at <= $5
)"""
_FILE = f"""
WITH {NUMBERED}, filed AS (
    INSERT INTO case_file (
        county_code, street_code, id, registered_at, created_at, updated_at, state, number, search_bigrams, reporter_repeats,
        last_seq, {", ".join(COLUMNS)}
    )
    SELECT $1, $2, $4, $5, $5, $5, '{CaseState.REGISTERED}', $6 || serial.digits, $7::text[] || {SERIAL_PIECES}, {_REPEATS},
        1, {", ".join(map(_placed, COLUMNS))}
    FROM serial RETURNING number, grid_code, reporter_phone_masked, reporter_phone_sealed
), {clocks.STARTED.replace("{clocks}", "$9::json").replace("{source}", "filed")}, event AS (
    INSERT INTO case_event (
        county_code, street_code, grid_code, case_id, at, seq, type, public, to_state, id, actor_id, actor_name, actor_role,
        text, payload, xid
    )
    SELECT $1, $2, grid_code, $4, $5, 1, 'registerCase', true, '{CaseState.REGISTERED}', $10, $11, $12, $13,
        $14 || number || $15, $16::jsonb, pg_current_xact_id()
    FROM filed RETURNING xid
), receipt AS (
    INSERT INTO message (
        county_code, case_id, id, kind, recipient_masked, recipient_sealed, text, state, next_at, created_at
    )
    SELECT $1, $4, $17, '{MessageKind.RECEIPT}', reporter_phone_masked, reporter_phone_sealed, $18 || number || $19,
        'PENDING', $5, $5
    FROM filed WHERE reporter_phone_sealed IS NOT NULL
), kept AS (
    INSERT INTO command_outcome (county_code, at, actor, key, command, fingerprint, outcome)
    SELECT $1, $5, $20, $21::text, $22, $23, $24::jsonb || jsonb_build_object(
        'case_number', number, 'cursor', format('%s.%s.%s', $25::int, xid, $10::uuid)
    )
    FROM filed CROSS JOIN event WHERE $21::text IS NOT NULL
)
SELECT filed.number, event.xid FROM filed CROSS JOIN event
"""


@dataclass(frozen=True)
class Sentence:
    """A sentence that tells the case's number, which is known to the statement alone."""

    before: str
    after: str

    def redacted(self) -> "Sentence":
        """With phones and identity numbers masked, as everything public is."""
        return Sentence(redact(self.before), redact(self.after))


@dataclass(frozen=True)
class NewCase:
    """A checked case as it is written. ``columns``: the values of COLUMNS; ``text``: what it is searched by."""

    id: UUID
    street_code: str
    columns: Mapping[str, Any]
    text: str
    clocks: Mapping[ClockKind, clocks.Reckoning]
    role: Role
    event: Sentence
    payload: Mapping[str, Any]
    receipt: Sentence


async def file(tx: Transaction, case: NewCase, outcome: Outcome | None) -> str:
    """Write the case with its clocks, the event that it was registered, and the receipt if there is a phone; its number.

    ``outcome``: what the command comes to but for the number, to be kept with the case; None where the command goes on. The
    statement fails as a whole when the command came before.
    """
    event_id = tx.new_id()
    values = (tx.county, case.street_code, tx.today.year, *_values(tx, case, event_id), *_keeping(tx, outcome))
    columns = [case.columns[name] for name in COLUMNS]
    row = await tx.connection.fetchrow(_FILE, *values, *columns)
    if row is None:  # the year's first
        await open_series(tx, case.street_code)
        row = await tx.connection.fetchrow(_FILE, *values, *columns)
    assert row is not None
    if outcome is not None:
        tx.keeping = None
    tx.last_event = (int(row["xid"]), event_id)
    number: str = row["number"]
    return number


def _values(tx: Transaction, case: NewCase, event_id: UUID) -> tuple[Any, ...]:
    """What the case, its clocks, its event and its receipt begin with."""
    head = number_head(tx, case.street_code)
    started = clocks.rows(tx, clocks.Owner(case.id), case.clocks)
    event = case.event.redacted()
    return (
        case.id, tx.now, head, sorted({*bigrams(case.text), *bigrams(head)}), tx.ground.rulebook.repeat_days,
        orjson.dumps(started).decode(), event_id, tx.actor.account_id, actor_name(tx, case.role), str(case.role), event.before,
        event.after, orjson.dumps(case.payload).decode(), tx.new_id(), case.receipt.before, case.receipt.after,
    )  # fmt: skip


def _keeping(tx: Transaction, outcome: Outcome | None) -> tuple[Any, ...]:
    """Under what the outcome is kept, if at all."""
    if outcome is None or tx.keeping is None:
        return tx.actor.login, None, None, None, None, tx.epoch
    keeping, encoded = tx.keeping, msgspec.json.encode(outcome).decode()
    return tx.actor.login, keeping.key, keeping.command, keeping.fingerprint, encoded, tx.epoch
