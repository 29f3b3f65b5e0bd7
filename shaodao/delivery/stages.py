"""What each stage does when the platform's clock fires it: those of ladders, wake-ups, and the dates of a suspension."""

from typing import assert_never

from shaodao.commands import suspensions
from shaodao.commands.due_stages import DueStage
from shaodao.commands.firing import go_up, owner_of
from shaodao.commands.history import Entry, Hearer, record
from shaodao.commands.transaction import Transaction
from shaodao.domain.vocabulary import EscalationStage, Role


async def fire(tx: Transaction, due: DueStage) -> None:
    """Fire a stage: its flags, its event and who hears of it; then its clock's next stage waits.

    The caller deletes its row.
    """
    match due.stage:
        case EscalationStage.WAKE:
            await _wake(tx, due)
        case EscalationStage.REVIEW:
            await suspensions.remind_of_review(tx, due.case_id, due.deadline_id)
        case EscalationStage.RESUME:
            await suspensions.resume_as_planned(tx, due.case_id)
        case (
            EscalationStage.REMIND | EscalationStage.URGE | EscalationStage.OVERDUE | EscalationStage.WARN_COUNTY
            | EscalationStage.SUPERVISE | EscalationStage.CIRCULAR | EscalationStage.DISTRICT_INVESTIGATION
            | EscalationStage.NO_SHOW
        ):  # fmt: skip
            await go_up(tx, due)
        case _:
            assert_never(due.stage)


async def _wake(tx: Transaction, due: DueStage) -> None:
    assert due.assignment_id is not None, "only an assignment is woken for"
    owner = await owner_of(tx, due.assignment_id)
    entry = Entry(
        "wakeUp", f"按{owner.name}的设定定时提醒", role=Role.SYSTEM, payload=due.payload(tx.now),
        hearers=(Hearer(owner.id, owner.organization_code, "on_wake"),), organization_code=owner.organization_code,
        assignment_id=owner.id, whistle_id=owner.whistle_id,
    )  # fmt: skip
    await record(tx, due.case_id, entry)
