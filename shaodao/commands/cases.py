"""A case's own steps (reference C.3), from acceptance to closing and withdrawal; registering has a module of its own."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shaodao.commands import (
    clocks,
    closing,
    deadline_notices,
    dispatching,
    merged_cases,
    messages,
    notices,
    progress,
    withdrawal,
    wording,
)
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import checked_text, only_text
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.history import actor_name
from shaodao.commands.registration import check_category
from shaodao.commands.routing import rule_in_force
from shaodao.commands.stored_clocks import Moved
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.channels import EmergencyLine
from shaodao.domain.clock_changes import Decider, Handover
from shaodao.domain.deadlines import Limit
from shaodao.domain.errors import Faults, InvalidInput
from shaodao.domain.facts import CaseFacts
from shaodao.domain.routing import RoutingRule
from shaodao.domain.vocabulary import (
    CaseState,
    ClockKind,
    CloseKind,
    MessageKind,
    NotAcceptedReason,
    Role,
    SolvingLevel,
    Urgency,
)

# A resident's own report gets its first receiver 首接人 with the acceptance.
_ACCEPT = """
UPDATE case_file SET state = 'ACCEPTED', accepted_at = $3, accepted_by = $4,
    first_receiver_id = coalesce(first_receiver_id, $4), version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2 RETURNING title, due_at
"""
_REFUSE = """
UPDATE case_file SET state = 'NOT_ACCEPTED', not_accepted_reason = $4, explanation = $5, emergency_line = $6,
    version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2 RETURNING title
"""
_OBJECT = """
UPDATE case_file SET state = 'REGISTERED', refusal_objected = true, not_accepted_reason = NULL, explanation = NULL,
    emergency_line = NULL, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_SETTLE = """
UPDATE case_file SET settled_by_first_receiver = true, accepted_at = coalesce(accepted_at, $3),
    accepted_by = coalesce(accepted_by, $4), first_contact_at = coalesce(first_contact_at, $3)
WHERE county_code = $1 AND id = $2
"""
_REPORT_UP = """
UPDATE case_file SET level = $4, initial_opinion = $5, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_CLASSIFY = """
UPDATE case_file SET urgency = $4, category_code = $5, version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_WITHDRAW = """
UPDATE case_file SET state = 'CANCELLED', closed_at = $3, closed_by = $4, close_kind = 'WITHDRAWN', explanation = $5,
    version = version + 1, updated_at = $3
WHERE county_code = $1 AND id = $2
"""
_BEFORE_DISPATCH = (CaseState.REGISTERED, CaseState.ACCEPTED)


async def accept(tx: Transaction, case_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Accept the case 受理 and tell the reporter. Raises NotPermitted, StateConflict (also while no category is set)."""
    facts = await decide_case(tx, "accept", case_id, expected_version)
    accepted = await tx.connection.fetchrow(_ACCEPT, tx.county, case_id, tx.now, tx.actor.account_id)
    await record_case(tx, facts, CaseStep("accept", "acceptCase", f"{tx.actor.name}受理案件", CaseState.ACCEPTED))
    await tell_accepted(tx, facts, accepted)
    return await case_outcome(tx, case_id)


async def tell_accepted(tx: Transaction, facts: CaseFacts, accepted: asyncpg.Record | None) -> None:
    """Tell the reporter that the case is accepted, and by which day it is to be settled; ``accepted``: its title and due."""
    assert accepted is not None  # it is locked
    until = wording.until(accepted["due_at"])
    text = f"您反映的“{accepted['title']}”（编号{facts.number}）已受理，预计{until}办结。"
    await messages.tell_reporter(tx, facts.id, MessageKind.ACCEPTED, text)


async def refuse(
    tx: Transaction, case_id: UUID, *, reason: NotAcceptedReason, explanation: str,
    emergency_line: EmergencyLine | str | None = None, expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Do not accept the case 不予受理; a named human says why (C.7 guardrail 6), and the reporter is told.

    EMERGENCY_LINE also names the line that the matter was passed to: 110, 119, 120, 122 or 12395. Raises InvalidInput at
    ``explanation`` and ``emergencyLine``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "refuse", case_id, expected_version)
    faults = Faults()
    text = checked_text(faults, "explanation", explanation, tx.ground.rulebook.texts.explanation)
    line = _line(faults, reason, emergency_line)
    faults.check()
    title = await tx.connection.fetchval(_REFUSE, tx.county, case_id, tx.now, str(reason), text, line and line.value)
    await clocks.stop(tx, case_id, ClockKind.HANDLING, ClockKind.CONTACT)
    await merged_cases.release(tx, facts, "主案件不予受理")
    passed = f"，已转{line.value}（{line.label}）" if line else ""
    sentence = f"{tx.actor.name}不予受理：{reason.label}{passed}"
    step = CaseStep(
        "refuse", "refuseCase", sentence, CaseState.NOT_ACCEPTED, payload={"reason": str(reason)}, detail=text
    )
    await record_case(tx, facts, step)
    objection = "" if facts.refusal_objected else "（可提出一次异议）"
    told = f"您反映的“{title}”（编号{facts.number}）不予受理{objection}：{reason.label}{passed}。{text}"
    await messages.tell_reporter(tx, case_id, MessageKind.NOT_ACCEPTED, told[: tx.ground.rulebook.texts.message])
    outcome = await case_outcome(tx, case_id)
    outcome.emergency_line = line and line.value
    return outcome


async def object_to_refusal(
    tx: Transaction, case_id: UUID, *, text: str, expected_version: int | None = None
) -> Outcome:
    """Object to a refusal 对不予受理提出异议, once: the case stands registered again and its clock goes on.

    Raises InvalidInput at ``text``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "objectToRefusal", case_id, expected_version)
    objection = only_text("text", text, tx.ground.rulebook.texts.explanation)
    await tx.connection.execute(_OBJECT, tx.county, case_id, tx.now)
    await clocks.go_on(tx, case_id, ClockKind.HANDLING)
    await clocks.go_on(tx, case_id, ClockKind.CONTACT)
    await clocks.tell_continued(tx, case_id, Handover.REINSTATED)
    who = actor_name(tx, CASE_MACHINE.acting_role("objectToRefusal", facts, tx.actor) or Role.RESIDENT)
    step = CaseStep(
        "objectToRefusal", "objectToRefusal", f"{who}对不予受理提出异议", CaseState.REGISTERED, detail=objection
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def settle_at_once(
    tx: Transaction, case_id: UUID, *, result_text: str, close_kind: CloseKind, expected_version: int | None = None
) -> Outcome:
    """The first receiver settles the case at once 即接即办: it is closed, told, and a follow-up is owed.

    Raises InvalidInput at ``resultText`` and ``closeKind``, NotPermitted, StateConflict (a COMPLEX case, no category).
    """
    facts = await decide_case(tx, "settleAtOnce", case_id, expected_version)
    await closing.close_case(tx, facts, close_kind, result_text)
    await tx.connection.execute(_SETTLE, tx.county, case_id, tx.now, tx.actor.account_id)
    sentence = f"{tx.actor.name}即接即办（{close_kind.label}）"
    step = CaseStep("settleAtOnce", "settleCaseAtOnce", sentence, CaseState.CLOSED, detail=result_text.strip())
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def report_up(
    tx: Transaction, case_id: UUID, *, initial_opinion: str, expected_version: int | None = None
) -> Outcome:
    """Report the case up to the street 上报街道; without an initial opinion 初步受理意见 it is refused (S-13).

    Raises InvalidInput at ``initialOpinion``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "reportUp", case_id, expected_version)
    opinion = only_text("initialOpinion", initial_opinion, tx.ground.rulebook.texts.explanation)
    await tx.connection.execute(_REPORT_UP, tx.county, case_id, tx.now, str(SolvingLevel.STREET), opinion)
    sentence = f"{tx.actor.name}将案件上报街道"
    step = CaseStep("reportUp", "reportCaseUp", sentence, public=False, detail=f"初步受理意见：{opinion}")
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def classify(
    tx: Transaction, case_id: UUID, *, urgency: Urgency | None = None, category_code: str | None = None,
    reason: str | None = None, expected_version: int | None = None, tell_reporter: bool = True,
) -> Outcome:  # fmt: skip
    """Class the case by urgency 轻重缓急, category, or both (S-14); the due is computed anew from the clock's start.

    From now counts the new limit of an urgent case made safe (C.5 rule 8), and one that would have passed already; else an
    overdue case stays overdue. Of an earlier due the LEAD, the organizations and the reporter hear (rule 11; not
    ``tell_reporter``: the caller tells the reporter). Once it was dispatched a reason is needed. Raises InvalidInput at
    ``urgency``, ``categoryCode`` and ``reason``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "classify", case_id, expected_version)
    why = await _classify_input(tx, facts, urgency, category_code, reason)
    to = urgency or facts.urgency
    await tx.connection.execute(
        _CLASSIFY, tx.county, case_id, tx.now, str(to), category_code or facts.category_code
    )  # fmt: skip
    moved = await _reckon_anew(tx, facts, to) if to is not facts.urgency else ()
    await deadline_notices.tell_earlier(
        tx, facts, moved, f"紧急程度{wording.change(facts.urgency, to)}", reporter=tell_reporter
    )
    payload = {"from": {"urgency": str(facts.urgency), "category": facts.category_code}, "to": {
        "urgency": str(to), "category": category_code or facts.category_code}}  # fmt: skip
    sentence = _classified(tx, facts, to, category_code, moved[0] if moved else None)
    await record_case(tx, facts, CaseStep("classify", "classifyCase", sentence, payload=payload, detail=why))
    return await case_outcome(tx, case_id)


async def dispatch(
    tx: Transaction, case_id: UUID, *, parties: Sequence[PartyInput], duty_basis: str,
    catalogue_code: str | None = None, expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Dispatch the case 派单 to organizations, exactly one of them LEAD, each by its duty (L-29).

    ``catalogue_code``: the routing rule in force that it follows; the rule's own limit overrides the class's (C.5
    rule 4). Raises InvalidInput at ``dutyBasis``, ``catalogueCode`` and ``parties``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "dispatch", case_id, expected_version)
    faults = Faults()
    basis = checked_text(faults, "dutyBasis", duty_basis, tx.ground.rulebook.texts.reason)
    rule = await _followed(tx, faults, catalogue_code)
    faults.check()
    if rule is not None and rule.limit is not None:
        await _take_limit(tx, facts, rule.limit, f"{notices.CATALOGUE}{rule.code}")
    assigned = await dispatching.assign(
        tx, facts, parties, duty_basis=basis, evidence_required=rule is not None and rule.evidence_required,
        duty_item_code=None if rule is None else rule.duty_item,
    )  # fmt: skip
    step = CaseStep(
        "dispatch", "dispatchCase", f"{tx.actor.name}派单：{dispatching.described(assigned)}", CaseState.ASSIGNED,
        payload={"catalogue": catalogue_code, "version": rule and rule.version}, hearers=[each.hearer for each in assigned], detail=f"依据：{basis}",
    )  # fmt: skip
    await record_case(tx, facts, step)
    await clocks.tell_lead(tx, facts, dispatching.lead_among(parties))
    if facts.active:  # of a case that was merged in vain a part may have been done before
        await progress.advance(tx, case_id, None)
    return await case_outcome(tx, case_id)


async def close(
    tx: Transaction, case_id: UUID, *, close_kind: CloseKind, result_text: str, expected_version: int | None = None
) -> Outcome:
    """Close the verified case 核查办结: another person than any handler, every report verified, no whistle open.

    Raises InvalidInput at ``closeKind`` and ``resultText``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "close", case_id, expected_version)
    await closing.close_case(tx, facts, close_kind, result_text)
    step = CaseStep(
        "close", "closeCase", f"{tx.actor.name}核查办结（{close_kind.label}）", CaseState.CLOSED,
        hearers=closing.closing_hearers(facts), detail=result_text.strip(), payload=closing.closing_payload(close_kind, result_text),
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


async def withdraw(tx: Transaction, case_id: UUID, *, reason: str, expected_version: int | None = None) -> Outcome:
    """The reporter withdraws the case 撤回: its clocks stop, open whistles and assignments end, departments hear of it.

    Raises InvalidInput at ``reason``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "withdraw", case_id, expected_version)
    why = only_text("reason", reason, tx.ground.rulebook.texts.reason)
    hearers = await withdrawal.end_work(tx, facts, why)
    await tx.connection.execute(_WITHDRAW, tx.county, case_id, tx.now, tx.actor.account_id, why)
    await clocks.stop(tx, case_id, *ClockKind)
    await merged_cases.release(tx, facts, "主案件已撤回")
    step = CaseStep(
        "withdraw", "withdrawCase", "诉求人撤回诉求", CaseState.CANCELLED, hearers=hearers, detail=why, payload={"reason": why}
    )  # fmt: skip
    await record_case(tx, facts, step)
    return await case_outcome(tx, case_id)


def _line(faults: Faults, reason: NotAcceptedReason, line: EmergencyLine | str | None) -> EmergencyLine | None:
    if reason is not NotAcceptedReason.EMERGENCY_LINE:
        if line is not None:
            faults.add("emergencyLine", "仅“应转紧急专线”须写明专线", "only EMERGENCY_LINE names a line")
        return None
    numbers = [known.value for known in EmergencyLine]
    if line not in numbers:
        faults.add("emergencyLine", f"须写明专线：{'、'.join(numbers)}", f"name the line: {', '.join(numbers)}")
        return None
    return EmergencyLine(str(line))  # type: ignore[call-arg]  # looked up by its value alone


async def _classify_input(
    tx: Transaction, facts: CaseFacts, urgency: Urgency | None, category_code: str | None, reason: str | None
) -> str | None:
    if urgency is None and category_code is None:
        raise InvalidInput.at("urgency", "请给出紧急程度或诉求分类", "give an urgency or a category")
    faults = Faults()
    await check_category(tx, faults, category_code)
    why = None
    if reason is not None or facts.state not in _BEFORE_DISPATCH:
        why = checked_text(faults, "reason", reason or "", tx.ground.rulebook.texts.reason)
    faults.check()
    return why


async def _reckon_anew(tx: Transaction, facts: CaseFacts, urgency: Urgency) -> Sequence[Moved]:
    """The clocks by the new class, the case's own first. A contact that was made already stays as it was judged."""
    rulebook = tx.ground.rulebook
    contact = rulebook.contact_limits.of(urgency)
    decider = _decider(tx, facts, "classify")
    await clocks.change(
        tx, ClockKind.CONTACT, facts.id, contact, f"contact_limits.{urgency}", case_round=facts.round, decider=decider
    )
    made_safe = facts.urgency is Urgency.URGENT and facts.state not in _BEFORE_DISPATCH
    moved = await clocks.change(
        tx, ClockKind.HANDLING, facts.id, rulebook.case_limit(urgency), f"case_limits.{urgency}", case_round=facts.round,
        from_now=made_safe, decider=decider,
    )  # fmt: skip
    if moved is None:
        return ()
    return moved, *await notices.follow_case(tx, facts, urgency, moved.after, decider, made_safe=made_safe)


def _decider(tx: Transaction, facts: CaseFacts, action: str) -> Decider:
    return deadline_notices.decider_of(facts, tx.actor, CASE_MACHINE.acting_role(action, facts, tx.actor))


def _classified(tx: Transaction, facts: CaseFacts, to: Urgency, category: str | None, moved: Moved | None) -> str:
    parts = []
    if to is not facts.urgency:
        parts.append(f"紧急程度{wording.change(facts.urgency, to)}")
    if category is not None and category != facts.category_code:
        parts.append(f"分类由“{facts.category_code or '未定'}”改为“{category}”")
    if moved is not None:
        parts.append(f"{wording.until(moved.after.due_at)}办结")
    return f"{tx.actor.name}分类：" + ("，".join(parts) or f"确认为{facts.urgency.label}")


async def _followed(tx: Transaction, faults: Faults, code: str | None) -> RoutingRule | None:
    """The routing rule in force that a dispatch names."""
    rule = None if code is None else await rule_in_force(tx, code)
    if code is not None and rule is None:
        faults.add("catalogueCode", "没有生效中的此派单规则", "no routing rule of this code is in force")
    return rule


async def _take_limit(tx: Transaction, facts: CaseFacts, limit: Limit, rule: str) -> None:
    """The catalogue's limit takes the place of the class's (C.5 rule 4); whom that binds to an earlier due hears of it."""
    moved = await clocks.change(
        tx, ClockKind.HANDLING, facts.id, limit, rule, case_round=facts.round, decider=_decider(tx, facts, "dispatch")
    )
    if moved is not None:
        await deadline_notices.tell_earlier(tx, facts, [moved], "适用派单规则的时限")
