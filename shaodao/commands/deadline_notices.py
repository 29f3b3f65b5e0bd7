"""Who is told when a deadline moves, and as whom somebody decides about it (reference C.5 rules 7 to 11)."""

from collections.abc import Iterable
from uuid import UUID

from shaodao.commands import messages
from shaodao.commands.transaction import DutyCall, Transaction
from shaodao.domain.case_guards import approvers
from shaodao.domain.case_vocabulary import Approver, Office
from shaodao.domain.clock_changes import Decider
from shaodao.domain.facts import CaseFacts
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import AssignmentRole, MessageKind, Role

_SUBJECT = "SELECT title FROM case_file WHERE county_code = $1 AND id = $2"
_DUTY_PHONES = "SELECT code, name, duty_phone FROM organizations WHERE code = ANY($1::text[]) ORDER BY code"

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


async def call_lead(tx: Transaction, facts: CaseFacts, told: str) -> None:
    """Write to the duty phone of whoever has the lead 主办."""
    leads = {a.organization_code for a in facts.active if a.role is AssignmentRole.LEAD}
    await call_organizations(tx, facts.id, facts.number, leads, told)


async def call_organizations(
    tx: Transaction, case_id: UUID, number: str, organization_codes: Iterable[str], told: str
) -> None:  # fmt: skip
    """Write to the organizations' duty phones about a deadline of the case."""
    text = f"【时限变更】案件{number}：{told}"[: tx.ground.rulebook.texts.message]
    for row in await tx.connection.fetch(_DUTY_PHONES, list(organization_codes)):
        call = DutyCall(row["code"], row["name"], row["duty_phone"])
        await messages.call_duty_phone(tx, case_id, None, call, text, MessageKind.DEADLINE)
