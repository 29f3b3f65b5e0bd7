"""Blowing an emergency whistle directly 应急直吹, approved afterwards 先吹后补 (reference C.4, C.9 point 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from shaodao.commands import cases, clocks
from shaodao.commands.blowing import Blowing, blow
from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.dispatching import Assigned, PartyInput, check_parties
from shaodao.commands.emergency_templates import EmergencyTemplate, template_for
from shaodao.commands.facts import lock_case, lock_whistle, read_case, read_whistle
from shaodao.commands.history import Entry, record
from shaodao.commands.registration import CaseInput, register_first
from shaodao.commands.steps import whistle_outcome
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.commands.whistle_content import WhistleContent
from shaodao.commands.whistles import parties_of, write_draft
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import CaseState, ClockKind, Urgency, WhistleKind, WhistleReason
from shaodao.domain.whistle_machine import WHISTLE_MACHINE

_ACCEPT_UNSORTED = """
UPDATE case_file SET state = 'ACCEPTED', accepted_at = $3, accepted_by = $4,
    first_receiver_id = coalesce(first_receiver_id, $4), version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2 RETURNING title, due_at
"""


@dataclass(frozen=True)
class EmergencyInput:
    """What an emergency whistle says. No ``parties``: the departments of the template that fits the case."""

    reason: str
    parties: Sequence[PartyInput] = ()
    place: str | None = None
    remote_allowed: bool = False


async def blow_emergency(
    tx: Transaction, case_id: UUID | None, case_input: CaseInput | None, given: EmergencyInput, *,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Blow an emergency whistle from a case, or from a new one with the fields of registerCase, in one transaction.

    A case that was only registered is classed URGENT and accepted. The outcome's ``calls`` are the duty phones to ring now,
    its ``emergency_line`` the number to dial besides: the platform replaces neither. A street leader confirms within the
    rulebook's ``confirmation_limit``. Raises InvalidInput at ``caseId`` unless one of the two is given, at ``reason``,
    ``place`` and ``parties`` (also when none are named and no template fits), and as ``register``.
    """
    faults, texts = Faults(), tx.ground.rulebook.texts
    if (case_id is None) == (case_input is None):
        faults.add("caseId", "须给出案件或新案件之一", "give either a case or a new one")
    reason = checked_text(faults, "reason", given.reason, texts.reason)
    place = optional_text(faults, "place", given.place, texts.address)
    faults.check()
    # Registered as URGENT, so that the receipt names the right day.
    urgent = case_input and msgspec.structs.replace(case_input, urgency=Urgency.URGENT)
    registered = await register_first(tx, urgent) if urgent is not None else None
    identifier = registered.case_id if registered is not None else case_id
    assert identifier is not None  # checked above
    facts = await lock_case(tx, identifier, expected_version)
    CASE_MACHINE.decide("blowEmergencyWhistle", facts, tx.actor)
    template = await template_for(tx, facts, reason)
    case = await _taken_up(tx, facts, template)
    whistle = await _draft(tx, case, template, EmergencyInput(reason, given.parties, place, given.remote_allowed))
    assigned = await _blow(tx, whistle)
    return await _outcome(tx, registered, whistle.id, assigned, template)


async def blow_drafted_emergency(tx: Transaction, whistle_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Blow a drafted emergency whistle at once; outcome as ``blow_emergency``."""
    facts = await lock_whistle(tx, whistle_id, expected_version)
    WHISTLE_MACHINE.decide("blowEmergency", facts, tx.actor)
    template = await template_for(tx, facts.case, "")
    assigned = await _blow(tx, facts)
    return await _outcome(tx, None, whistle_id, assigned, template)


async def _taken_up(tx: Transaction, facts: CaseFacts, template: EmergencyTemplate | None) -> CaseFacts:
    """The case as it can be whistled for: one that was only registered is classed URGENT and accepted (C.3)."""
    if facts.state is not CaseState.REGISTERED:
        return facts
    category = facts.category_code or (template.category_code if template else None)
    if facts.urgency is not Urgency.URGENT or category != facts.category_code:
        await cases.classify(tx, facts.id, urgency=Urgency.URGENT, category_code=category, tell_reporter=False)
    if category is not None:
        await cases.accept(tx, facts.id)
    else:
        await _accept_unsorted(tx, facts)
    return await read_case(tx, facts.id)


async def _accept_unsorted(tx: Transaction, facts: CaseFacts) -> None:
    """An emergency is not kept waiting for its category 诉求分类: that is set when it is over."""
    accepted = await tx.connection.fetchrow(_ACCEPT_UNSORTED, tx.county, facts.id, tx.now, tx.actor.account_id)
    entry = Entry(
        "acceptCase", f"{tx.actor.name}受理案件（应急，分类待定）", public=True, from_state=str(facts.state),
        to_state=str(CaseState.ACCEPTED), role=CASE_MACHINE.acting_role("blowEmergencyWhistle", facts, tx.actor),
    )  # fmt: skip
    await record(tx, facts.id, entry)
    await cases.tell_accepted(tx, facts, accepted)


async def _draft(
    tx: Transaction, case: CaseFacts, template: EmergencyTemplate | None, given: EmergencyInput
) -> WhistleFacts:
    parties = tuple(given.parties) or (template.parties if template else ())
    if not parties:
        raise InvalidInput.at("parties", "没有匹配的应急预案，请指明单位", "no template fits; name the departments")
    await check_parties(tx, case, parties, lead_named=True, emergency=True)
    basis = template.name if template is not None and not given.parties else None
    content = WhistleContent(
        WhistleKind.EMERGENCY, WhistleReason.EMERGENCY, given.reason, parties, duty_basis=basis and f"应急预案：{basis}",
        place=given.place, remote_allowed=given.remote_allowed,
    )  # fmt: skip
    whistle_id, _ = await write_draft(tx, case, content, template.code if template else None)
    return await read_whistle(tx, whistle_id)


async def _blow(tx: Transaction, facts: WhistleFacts) -> tuple[Assigned, ...]:
    parties = await parties_of(tx, facts.id)
    text = f"{tx.actor.name}吹响{WhistleKind.EMERGENCY.label} {facts.number}"
    assigned = await blow(tx, facts, Blowing("blowEmergency", "blowEmergencyWhistle", text, parties))
    limit = tx.ground.rulebook.confirmation_limit
    await clocks.start(tx, ClockKind.CONFIRMATION, facts.case.id, limit, "confirmation", whistle_id=facts.id)
    return assigned


async def _outcome(
    tx: Transaction, registered: Outcome | None, whistle_id: UUID, assigned: Sequence[Assigned],
    template: EmergencyTemplate | None,
) -> Outcome:  # fmt: skip
    """The outcome of a new case is the one that gets the number at the end of the transaction."""
    now = await whistle_outcome(tx, whistle_id)
    outcome = now if registered is None else registered
    outcome.case_state, outcome.whistle_id, outcome.whistle_state = now.case_state, whistle_id, now.whistle_state
    outcome.calls = tuple(each.duty for each in assigned)
    outcome.emergency_line = template.emergency_line if template else None
    return outcome
