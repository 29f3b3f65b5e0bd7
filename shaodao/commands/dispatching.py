"""Notifying organizations 派单、吹哨: the row "notify" of reference C.4, alike for a dispatch and for a whistle."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from shaodao.commands import notices
from shaodao.commands.duty_lists import Grassroots, check_grassroots, concerns
from shaodao.commands.history import Hearer
from shaodao.commands.notices import Notice
from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.errors import Faults
from shaodao.domain.facts import AssignmentBrief, CaseFacts, WhistleFacts
from shaodao.domain.vocabulary import AssignmentRole, CaseState, OrgKind, WhistleKind

_ORGANIZATIONS = "SELECT code, name, duty_phone, kind, division_code FROM organizations WHERE code = ANY($1::text[])"
# First of all, so that there are never two active LEADs, not even between two statements.
_TURN_LEAD_INTO_CO = """
UPDATE assignment SET role = 'CO', version = version + 1, updated_at = $5
WHERE county_code = $1 AND case_id = $2 AND round = $3 AND role = 'LEAD'
    AND (organization_code <> $4 OR agent_id IS NOT NULL) AND state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN')
"""
_NOTIFY = """
INSERT INTO assignment (
    county_code, id, case_id, whistle_id, street_code, organization_code, role, round, state, duty_basis, arrival_required,
    notified_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'NOTIFIED', $9, $10, $11, $11)
"""
# The names of who acted stay: they remain handlers of the case, whatever they are called to next.
_NOTIFY_ANEW = """
UPDATE assignment SET whistle_id = $3, role = $4, duty_basis = coalesce($5, duty_basis), arrival_required = $6,
    state = 'NOTIFIED', notified_at = $7, acknowledged_at = NULL, arrived_at = NULL, arrival_point = NULL, started_at = NULL,
    reported_at = NULL, verified_at = NULL, released_at = NULL, acknowledge_due_at = NULL, arrive_due_at = NULL,
    first_report_due_at = NULL, result_due_at = NULL, version = version + 1, updated_at = $7
WHERE county_code = $1 AND id = $2
"""
_CHANGE_ROLE = """
UPDATE assignment SET role = $3, duty_basis = coalesce($4, duty_basis), version = version + 1, updated_at = $5
WHERE county_code = $1 AND id = $2
"""
_DEMAND_EVIDENCE = """
UPDATE assignment SET evidence_required = true WHERE county_code = $1 AND id = ANY($2::uuid[]) AND role = 'LEAD'
"""
_FLAG = """
UPDATE assignment SET outside_duty_list = organization_code = ANY($3::text[]) WHERE county_code = $1 AND id = ANY($2::uuid[])
"""
_ASSIGN_CASE = """
UPDATE case_file SET state = $3, version = version + 1, updated_at = $4,
    county_informed_at = CASE WHEN $5 THEN coalesce(county_informed_at, $4) ELSE county_informed_at END
WHERE county_code = $1 AND id = $2
"""
_DISPATCHED_FROM = CASE_MACHINE.step("dispatch").sources

PARTY_PATH = "parties.{index}.organizationCode"
"""Where an input names a party; one that names a single party has a path without an index."""


STANDS_BACK = ("该单位为被反映单位，应当回避", "the organization is the accused party and stands back")
"""The party complained about never hears of the case (C.7 guardrail 5)."""


@dataclass(frozen=True)
class PartyInput:
    """An organization 单位 and the role that it gets."""

    organization_code: str
    role: AssignmentRole


@dataclass(frozen=True)
class _Terms:
    """On what terms parties are checked; see ``check_parties`` and ``assign``."""

    path: str
    lead_named: bool
    emergency: bool
    duty_item_code: str | None = None


@dataclass(frozen=True)
class Assigned:
    """An organization that was notified: its assignment, whom to phone, and the hook that its department hears.

    ``outside_duty_list``: a community whose duty list does not hold the matter, which the setting only flags (L-25).
    """

    assignment_id: UUID
    role: AssignmentRole
    duty: DutyCall
    hook: str
    outside_duty_list: bool = False

    @property
    def hearer(self) -> Hearer:
        """What the history entry of the dispatch names, so that the department is called."""
        return Hearer(self.assignment_id, self.duty.organization_code, self.hook)


@dataclass
class _Calls:
    """The assignments to be made and the calls to be given by a notice, each kind in one round trip to the database."""

    notice: Notice
    duty_basis: str | None
    made: list[tuple[Any, ...]] = field(default_factory=list)
    given: list[notices.Call] = field(default_factory=list)


def lead_among(parties: Sequence[PartyInput]) -> str | None:
    """Code of the organization that is to have the lead 主办."""
    return next((party.organization_code for party in parties if party.role is AssignmentRole.LEAD), None)


async def assign(
    tx: Transaction, case: CaseFacts, parties: Sequence[PartyInput], *, duty_basis: str | None,
    whistle: WhistleFacts | None = None, path: str = PARTY_PATH, evidence_required: bool = False,
    duty_item_code: str | None = None,
) -> tuple[Assigned, ...]:  # fmt: skip
    """Notify the parties in the case's present round; answers them in the order given.

    Makes the assignments with their clocks and the messages to the duty phones, moves the case to ASSIGNED, and by a
    whistle informs the county (C.9 point 3). The caller records the history entry with the answers' ``hearer``, and calls
    ``progress.advance`` when the case stood further. An organization that is active in the case joins the whistle and is
    called anew instead of getting a second assignment; an active LEAD of another organization becomes CO when the parties
    name a LEAD (C.3). Limits: those of the whistle's kind; without a whistle the ROUTINE ones for acknowledging and for the
    result (but not beyond the case's own due), and no arrival is demanded. ``evidence_required``: the LEAD, who
    answers for the result, reports it with a photo of it. ``duty_item_code``: the duty by which the matter is dispatched.

    Raises InvalidInput at ``parties`` unless the case then has exactly one active LEAD, and at
    ``parties.<index>.organizationCode`` for an unknown or repeated organization, for the accused party 被反映单位, which stands
    back 回避 and does not even hear of it, and as ``duty_lists.check_grassroots`` for a community or a street office.
    """
    emergency = whistle is not None and whistle.kind is WhistleKind.EMERGENCY
    duties, flagged = await _checked(tx, case, parties, _Terms(path, False, emergency, duty_item_code))
    lead = lead_among(parties)
    if lead is not None:
        await tx.connection.execute(_TURN_LEAD_INTO_CO, tx.county, case.id, case.round, lead, tx.now)
    await _move_case(tx, case, blown=whistle is not None)
    notice = await notices.notice_of(tx, case, whistle)
    calls = _Calls(notice, duty_basis)
    assigned = [await _notify(tx, calls, party, duties[party.organization_code]) for party in parties]
    if calls.made:
        await tx.connection.executemany(_NOTIFY, calls.made)
    await notices.give(tx, notice, calls.given)
    made = [each.assignment_id for each in assigned]
    if evidence_required:
        await tx.connection.execute(_DEMAND_EVIDENCE, tx.county, made)
    if flagged:
        await tx.connection.execute(_FLAG, tx.county, made, sorted(flagged))
    return tuple(replace(each, outside_duty_list=each.duty.organization_code in flagged) for each in assigned)


async def check_parties(
    tx: Transaction, case: CaseFacts, parties: Sequence[PartyInput], *, lead_named: bool = False, path: str = PARTY_PATH,
    emergency: bool = False,
) -> dict[str, DutyCall]:  # fmt: skip
    """The duty phones by organization code, when the parties may be dispatched. Raises InvalidInput as ``assign``.

    ``lead_named``: the LEAD must be among the parties, as a draft of a whistle names it (C.4 draft). ``emergency``: by an
    emergency whistle, before which duties are not argued.
    """
    duties, _ = await _checked(tx, case, parties, _Terms(path, lead_named, emergency))
    return duties


def described(assigned: Sequence[Assigned]) -> str:
    """Who got which role, in Chinese, for a sentence of the history: "主办甲局，协办乙局、丙局"."""
    parts = []
    for role in AssignmentRole:
        names = [_named(each) for each in assigned if each.role is role]
        if names:
            parts.append(role.label + "、".join(names))
    return "，".join(parts)


def _named(assigned: Assigned) -> str:
    return assigned.duty.organization_name + ("（履职事项清单外）" if assigned.outside_duty_list else "")


def active_of(case: CaseFacts, organization_code: str) -> AssignmentBrief | None:
    """The organization's active assignment in the case's present round; that of an agent from it is the agent's own."""
    return next((a for a in case.active if a.organization_code == organization_code and a.agent_id is None), None)


def _leads(case: CaseFacts, parties: Sequence[PartyInput], lead_named: bool) -> int:
    named = {party.organization_code for party in parties}
    leads = sum(party.role is AssignmentRole.LEAD for party in parties)
    staying = [a for a in case.active if a.agent_id is not None or a.organization_code not in named]
    remaining = sum(a.role is AssignmentRole.LEAD for a in staying)
    return leads if lead_named else leads or remaining


async def _checked(
    tx: Transaction, case: CaseFacts, parties: Sequence[PartyInput], terms: _Terms
) -> tuple[dict[str, DutyCall], frozenset[str]]:
    """The duty phones by organization code, and whom the duty lists let pass only flagged."""
    rows = await tx.connection.fetch(_ORGANIZATIONS, [party.organization_code for party in parties])
    known = {row["code"]: row for row in rows}
    faults, seen, grassroots = Faults(), set[str](), list[Grassroots]()
    for index, party in enumerate(parties):
        at, code = terms.path.format(index=index), party.organization_code
        if code not in known:
            faults.add(at, f"没有代码为 {code} 的单位", f"there is no organization {code}")
        elif code in seen:
            faults.add(at, "同一单位只能列一次", "an organization is named once")
        elif code == case.accused_organization_code:
            faults.add(at, *STANDS_BACK)
        elif concerns(kind := known[code]["kind"], party.role):
            grassroots.append(Grassroots(at, code, OrgKind[kind], known[code]["division_code"]))
        seen.add(code)
    flagged = await check_grassroots(
        tx, faults, case, grassroots, _at_work(case, parties), duty_item_code=terms.duty_item_code, emergency=terms.emergency
    )  # fmt: skip
    if _leads(case, parties, terms.lead_named) != 1:
        faults.add("parties", "须有且仅有一个主办单位", "exactly one LEAD is needed")
    faults.check()
    return {code: DutyCall(code, row["name"], row["duty_phone"]) for code, row in known.items()}, flagged


def _at_work(case: CaseFacts, parties: Sequence[PartyInput]) -> set[str]:
    """The organizations whose work the case then is: the parties and those active in it, but for who is only told."""
    present = {one.organization_code for one in case.active if one.role is not AssignmentRole.INFORM}
    return present | {one.organization_code for one in parties if one.role is not AssignmentRole.INFORM}


async def _move_case(tx: Transaction, case: CaseFacts, *, blown: bool) -> None:
    state = CaseState.ASSIGNED if case.state in _DISPATCHED_FROM else case.state
    await tx.connection.execute(_ASSIGN_CASE, tx.county, case.id, str(state), tx.now, blown)


async def _notify(tx: Transaction, calls: _Calls, party: PartyInput, duty: DutyCall) -> Assigned:
    notice = calls.notice
    present = active_of(notice.case, party.organization_code)
    if present is None:
        assignment_id = tx.new_id()
        calls.made.append(_made(tx, calls, assignment_id, party))
    elif (
        notice.whistle is None
        and present.role is not AssignmentRole.INFORM
        and notice.case.state not in _DISPATCHED_FROM
    ):
        # Who takes over for another one and is at work already gets another part, and is not called twice. In a case that is
        # dispatched nobody is at work: what is left of before a merging in vain was done, and is to be done anew.
        assignment_id = present.id
        await tx.connection.execute(_CHANGE_ROLE, tx.county, assignment_id, str(party.role), calls.duty_basis, tx.now)
        return Assigned(assignment_id, party.role, duty, notice.hook)
    else:
        assignment_id = present.id
        await _call_anew(tx, notice, assignment_id, party.role, calls.duty_basis)
    calls.given.append(notices.call_for(tx, notice, assignment_id, party.role, duty))
    return Assigned(assignment_id, party.role, duty, notice.hook)


def _made(tx: Transaction, calls: _Calls, assignment_id: UUID, party: PartyInput) -> tuple[Any, ...]:
    """The values of _NOTIFY."""
    notice, case = calls.notice, calls.notice.case
    return (
        tx.county, assignment_id, case.id, notice.whistle_id, case.street_code, party.organization_code, str(party.role),
        case.round, calls.duty_basis, notice.demands_arrival(party.role), tx.now,
    )  # fmt: skip


async def _call_anew(
    tx: Transaction, notice: Notice, assignment_id: UUID, role: AssignmentRole, duty_basis: str | None
) -> None:
    await notices.end(tx, notice.case.id, assignment_id)
    await tx.connection.execute(
        _NOTIFY_ANEW,
        tx.county,
        assignment_id,
        notice.whistle_id,
        str(role),
        duty_basis,
        notice.demands_arrival(role),
        tx.now,
    )
