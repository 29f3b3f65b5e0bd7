"""Who is told when a deadline moves, and as whom somebody decides about it (reference C.5 rules 7 to 11)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from shaodao.commands import messages, wording
from shaodao.commands.stored_clocks import Moved
from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.case_guards import approvers
from shaodao.domain.case_vocabulary import Approver, Office
from shaodao.domain.clock_changes import Decider
from shaodao.domain.facts import CaseFacts
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, ClockKind, MessageKind, Role

_SUBJECT = "SELECT title FROM case_file WHERE county_code = $1 AND id = $2"
_DUTY_PHONES = "SELECT code, name, duty_phone FROM organizations WHERE code = ANY($1::text[]) ORDER BY code"
_REPORTER_TOLD = """
SELECT EXISTS (SELECT FROM message WHERE county_code = $1 AND case_id = $2 AND organization_code IS NULL)
"""

NOBODY_TO_TELL = "诉求人匿名或未留电话，无法告知"
"""What the history says where the reporter cannot be written to."""


def decider_of(facts: CaseFacts, viewer: Viewer, role: Role | None) -> Decider:
    """The viewer, as who decides about the case's deadline in this role: the office, and the name for the staff."""
    return Decider(_office(facts, viewer, role), viewer.name)


def _office(facts: CaseFacts, viewer: Viewer, role: Role | None) -> Office:
    if role is Role.COUNTY_GRID_OFFICE:
        return Office.COUNTY_GRID_OFFICE
    if role is Role.STREET_LEADER:
        chief = Approver.STREET_CHIEF in approvers(facts, viewer)
        return Office.STREET_CHIEF if chief else Office.STREET_DEPUTY
    return Office.STREET_DISPATCHER if viewer.grants else Office.SYSTEM


async def tell_reporter(tx: Transaction, facts: CaseFacts, kind: MessageKind, told: str) -> bool:
    """Write to the reporter about the case; whether there was anybody to write to."""
    title = await tx.connection.fetchval(_SUBJECT, tx.county, facts.id)
    text = f"您反映的“{title}”（编号{facts.number}）{told}"[: tx.ground.rulebook.texts.message]
    return await messages.tell_reporter(tx, facts.id, kind, text)


def earlier_sentence(moved: Moved, why: str) -> str:
    """What is said of a due that lies earlier, and why it does."""
    before, after = wording.until(moved.before.due_at), wording.until(moved.after.due_at)
    return f"{why}，{moved.after.kind.label}由{before}提前为{after}"


async def tell_earlier(
    tx: Transaction, facts: CaseFacts, moved: Sequence[Moved], why: str, *, reporter: bool = True
) -> None:
    """Write to whomever a due that lies earlier now binds, and to the reporter whom another was told (C.5 rule 11).

    A later one is silent. The LEAD is written to once where the case's due and that of its result both moved.
    """
    earlier = [one for one in moved if one.earlier]
    of_case = next((one for one in earlier if one.after.kind is ClockKind.HANDLING), None)
    if of_case is not None:
        await call_lead(tx, facts, f"{earlier_sentence(of_case, why)}。")
        if reporter and await tx.connection.fetchval(_REPORTER_TOLD, tx.county, facts.id):
            told = f"因{why}，预计{wording.until(of_case.after.due_at)}办结。"
            await tell_reporter(tx, facts, MessageKind.DEADLINE, told)
    for one in earlier:
        code = one.after.organization_code
        heard = of_case is not None and one.after.kind is ClockKind.RESULT and code in _leads(facts)
        if code is not None and not heard:
            await call_organizations(tx, facts.id, facts.number, [code], f"{earlier_sentence(one, why)}。")


async def call_lead(tx: Transaction, facts: CaseFacts, told: str) -> None:
    """Write to the duty phone of whoever has the lead 主办."""
    await call_organizations(tx, facts.id, facts.number, _leads(facts), told)


def _leads(facts: CaseFacts) -> set[str]:
    return {a.organization_code for a in facts.active if a.role is AssignmentRole.LEAD}


async def call_organizations(
    tx: Transaction, case_id: UUID, number: str, organization_codes: Iterable[str], told: str
) -> None:  # fmt: skip
    """Write to the organizations' duty phones about a deadline of the case."""
    text = f"【时限变更】案件{number}：{told}"[: tx.ground.rulebook.texts.message]
    for row in await tx.connection.fetch(_DUTY_PHONES, list(organization_codes)):
        call = DutyCall(row["code"], row["name"], row["duty_phone"])
        await messages.call_duty_phone(tx, case_id, None, call, text, MessageKind.DEADLINE)
