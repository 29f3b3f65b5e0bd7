"""What was said to the reporter 沟通记录 (reference J-21, S-18, C.1.4): a log of contacts that stays with the case."""

from uuid import UUID

from shaodao.commands import clocks
from shaodao.commands.case_steps import case_outcome, decide_case
from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import ClockKind, Role

_WRITE = """
INSERT INTO communication (county_code, id, case_id, organization_code, kind, channel, text, by_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_CONTACTED = """
UPDATE case_file SET first_contact_at = coalesce(first_contact_at, $3), version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
# An explanation given before the case was reopened was about another outcome.
_NEWEST_EXPLANATION = """
SELECT m.text FROM communication m
JOIN case_file c ON c.county_code = $1 AND c.county_code = m.county_code AND c.id = m.case_id
WHERE m.county_code = $1 AND m.case_id = $2 AND m.kind = 'EXPLANATION' AND m.at >= coalesce(c.reopened_at, c.registered_at)
ORDER BY m.at DESC, m.id DESC LIMIT 1
"""


async def record_communication(
    tx: Transaction, case_id: UUID, *, kind: CommunicationKind, text: str, channel: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Record what was said to the reporter: a contact, an explanation, a time or the result that they were told.

    Any of them is a contact: the first stops the clock of contacting 联系时限 (C.5 rule 6). ``channel``: how, such as 电话. A
    case closes as EXPLAINED only after an EXPLANATION (S-18). Raises InvalidInput at ``text`` and ``channel``, NotPermitted,
    StateConflict.
    """
    facts = await decide_case(tx, "recordCommunication", case_id, expected_version)
    faults, texts = Faults(), tx.ground.rulebook.texts
    said = checked_text(faults, "text", text, texts.explanation)
    how = optional_text(faults, "channel", channel, texts.name)
    faults.check()
    return await case_outcome(tx, case_id, await write(tx, facts, kind, said, how))


async def write(tx: Transaction, facts: CaseFacts, kind: CommunicationKind, text: str, channel: str | None) -> UUID:
    """Keep a communication whose texts are checked, and record it; answers its id."""
    communication_id, role = tx.new_id(), CASE_MACHINE.acting_role("recordCommunication", facts, tx.actor)
    organization = _organization(tx, facts) if role is Role.DEPT_HANDLER else None
    await tx.connection.execute(
        _WRITE, tx.county, communication_id, facts.id, organization, str(kind), channel, text, tx.actor.account_id, tx.now
    )  # fmt: skip
    await tx.connection.execute(_CONTACTED, tx.county, facts.id, tx.now)
    await clocks.stop(tx, facts.id, ClockKind.CONTACT)
    entry = Entry(
        "recordCommunication", f"{tx.actor.name}与诉求人沟通（{kind.label}）", public=True, detail=text, role=role,
        organization_code=organization, from_state=str(facts.state), to_state=str(facts.state), payload={"kind": str(kind)},
    )  # fmt: skip
    await record(tx, facts.id, entry)
    return communication_id


async def explanation_of(tx: Transaction, case_id: UUID) -> str | None:
    """What the reporter was told last of why the matter cannot be solved; None: nothing since it was registered or reopened."""
    text: str | None = await tx.connection.fetchval(_NEWEST_EXPLANATION, tx.county, case_id)
    return text


def _organization(tx: Transaction, facts: CaseFacts) -> str | None:
    own = (a.organization_code for a in facts.active if a.agent_id is None)
    return next((code for code in own if code in tx.actor.organizations), None)
