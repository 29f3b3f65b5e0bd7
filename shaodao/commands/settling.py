"""Settling on the spot 当场办结 (reference S-06): a visit or a courtyard session registers and closes a case at one go."""

from shaodao.commands import communications
from shaodao.commands.cases import settle_at_once
from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.facts import read_case
from shaodao.commands.registration import CaseInput, register_first
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.channels import FACE_TO_FACE
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.vocabulary import CloseKind, Urgency

_ON_THE_SPOT = "UPDATE case_file SET settled_on_the_spot = true WHERE county_code = $1 AND id = $2"


async def settle_on_the_spot(
    tx: Transaction, given: CaseInput, *, result_text: str, close_kind: CloseKind, explanation: str | None = None
) -> Outcome:
    """Register a case and close it in one transaction, by the worker or chief who stands before the people.

    The channel is one where they meet face to face; who registers is the first receiver 首接人. ``explanation``: what the
    reporter was told of why it cannot be solved; needed for EXPLAINED (S-18). Raises InvalidInput at ``channel``,
    ``categoryCode``, ``urgency`` (COMPLEX matters are not settled at once), ``resultText``, ``closeKind``, ``explanation`` and
    as ``register``; NotPermitted.
    """
    faults = Faults()
    _check(tx, faults, given, result_text, close_kind)
    told = _explanation(tx, faults, close_kind, explanation)
    try:
        outcome = await register_first(tx, given)
    except InvalidInput as invalid:
        faults.faults.extend(fault for fault in invalid.faults if fault not in faults.faults)
        faults.check()
        raise
    faults.check()
    assert outcome.case_id is not None  # registered
    facts = await read_case(tx, outcome.case_id)
    CASE_MACHINE.decide("settleAtOnce", facts, tx.actor)
    if told is not None:
        await communications.write(tx, facts, CommunicationKind.EXPLANATION, told, "当面")
    settled = await settle_at_once(tx, outcome.case_id, result_text=result_text, close_kind=close_kind)
    await tx.connection.execute(_ON_THE_SPOT, tx.county, outcome.case_id)
    outcome.case_state = settled.case_state
    return outcome


def _check(tx: Transaction, faults: Faults, given: CaseInput, result_text: str, close_kind: CloseKind) -> None:
    if given.channel not in FACE_TO_FACE:
        faults.add("channel", "须为当面办理的渠道", "must be a channel where people meet face to face")
    if given.category_code is None:
        faults.add("categoryCode", "当场办结须确定诉求分类", "is needed to settle a case on the spot")
    if given.urgency is Urgency.COMPLEX:
        faults.add("urgency", "复杂诉求不能当场办结", "a COMPLEX case cannot be settled on the spot")
    if given.first_receiver_id is not None:
        faults.add("firstReceiverId", "当场办结者即首接人", "who settles it on the spot is its first receiver")
    checked_text(faults, "resultText", result_text, tx.ground.rulebook.texts.result)
    if close_kind in (CloseKind.TRANSFERRED, CloseKind.WITHDRAWN, CloseKind.VOID):
        faults.add("closeKind", f"“{close_kind.label}”须用专门操作", f"{close_kind} has an action of its own")


def _explanation(tx: Transaction, faults: Faults, close_kind: CloseKind, explanation: str | None) -> str | None:
    if close_kind is CloseKind.EXPLAINED:
        return checked_text(faults, "explanation", explanation or "", tx.ground.rulebook.texts.explanation)
    return optional_text(faults, "explanation", explanation, tx.ground.rulebook.texts.explanation)
