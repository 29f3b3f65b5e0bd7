"""Messages (reference C.3): written in the command's transaction, sent from the outbox, standing on the case."""

from collections.abc import Sequence
from uuid import UUID

from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.identity import mask_phone
from shaodao.domain.vocabulary import MessageKind

_TO_REPORTER = """
INSERT INTO message (
    county_code, id, case_id, whistle_id, kind, recipient_masked, recipient_sealed, text, state, next_at, created_at
)
SELECT $1, $2, $3, NULL, $4, reporter_phone_masked, reporter_phone_sealed, $5, 'PENDING', $6, $6
FROM case_file WHERE county_code = $1 AND id = $3 AND reporter_phone_sealed IS NOT NULL
"""
_TO_DUTY_PHONE = """
INSERT INTO message (
    county_code, id, case_id, whistle_id, kind, organization_code, recipient_masked, recipient_sealed, text, state, next_at,
    created_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'PENDING', $10, $10)
"""


async def tell_reporter(tx: Transaction, case_id: UUID, kind: MessageKind, text: str) -> bool:
    """A message to the reporter, if there is a phone to send it to; whether there is one."""
    status = await tx.connection.execute(_TO_REPORTER, tx.county, tx.new_id(), case_id, str(kind), text, tx.now)
    return status.endswith(" 1")


async def call_duty_phone(
    tx: Transaction,
    case_id: UUID,
    whistle_id: UUID | None,
    call: DutyCall,
    text: str,
    kind: MessageKind = MessageKind.WHISTLE,
) -> None:
    """A message to an organization's duty phone; nothing when it has none."""
    await call_duty_phones(tx, case_id, whistle_id, [(call, text)], kind)


async def call_duty_phones(
    tx: Transaction, case_id: UUID, whistle_id: UUID | None, calls: Sequence[tuple[DutyCall, str]], kind: MessageKind
) -> None:
    """A message to each duty phone that there is, in one round trip to the database."""
    rows = []
    for call, text in calls:
        if call.duty_phone is not None:
            message_id = tx.new_id()
            sealed = tx.ground.cipher.seal(call.duty_phone, b"message.recipient:" + message_id.bytes)
            rows.append((
                tx.county, message_id, case_id, whistle_id, str(kind), call.organization_code, mask_phone(call.duty_phone),
                sealed, text, tx.now,
            ))  # fmt: skip
    if rows:
        await tx.connection.executemany(_TO_DUTY_PHONE, rows)
