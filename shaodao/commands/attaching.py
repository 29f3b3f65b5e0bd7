"""To what a file 附件 may be attached, and by whom (reference C.1.4): asked before its bytes are taken, and when it is attached."""

from dataclasses import dataclass
from uuid import UUID

from shaodao.commands.facts import lock_assignment, lock_case
from shaodao.commands.transaction import Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE, OPEN
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.facts import AssignmentFacts, CaseFacts
from shaodao.domain.machine import Part, Step, party
from shaodao.domain.vocabulary import AssignmentState, CaseState, Role

_OVER = frozenset({CaseState.MERGED, CaseState.CANCELLED, CaseState.ARCHIVED})

_TO_CASE: Step[CaseState, CaseFacts] = Step(
    "addAttachment", "添加附件", frozenset(CaseState) - _OVER, None,
    (
        party(Role.RESIDENT, Part.REPORTER), party(Role.STREET_DISPATCHER), party(Role.GRID_CHIEF), party(Role.GRID_WORKER),
        party(Role.GRID_WORKER, Part.FIRST_RECEIVER), party(Role.STREET_LEADER), party(Role.SYSTEM),
    ),
)  # fmt: skip
_TO_ASSIGNMENT: Step[AssignmentState, AssignmentFacts] = Step(
    "addAttachment", "添加附件", OPEN | {AssignmentState.VERIFIED}, None, (party(Role.DEPT_HANDLER, Part.ORGANIZATION),)
)


@dataclass(frozen=True)
class Target:
    """What a file is for: a case, or an organization's assignment; one of the two."""

    case_id: UUID | None = None
    assignment_id: UUID | None = None


@dataclass(frozen=True)
class Place:
    """A target that was found, its rows locked."""

    case: CaseFacts
    assignment: AssignmentFacts | None = None


async def lock_place(tx: Transaction, target: Target, expected_version: int | None = None) -> Place:
    """The case or assignment to which the actor may attach a file now.

    Raises NotFound, NotPermitted, StateConflict, and InvalidInput at ``caseId`` for a target that is neither or both.
    """
    if target.assignment_id is not None and target.case_id is None:
        return await _assignment(tx, target.assignment_id, expected_version)
    if target.case_id is not None and target.assignment_id is None:
        return await _case(tx, target.case_id, expected_version)
    raise InvalidInput.at("caseId", "须给出案件或任务之一", "give either a case or an assignment")


async def _assignment(tx: Transaction, assignment_id: UUID, expected_version: int | None) -> Place:
    facts = await lock_assignment(tx, assignment_id, expected_version)
    if not ASSIGNMENT_MACHINE.permits(_TO_ASSIGNMENT, facts, tx.actor):
        raise NotPermitted("只能为本单位的任务添加附件", "files are attached to the own organization's assignment")
    if facts.state not in _TO_ASSIGNMENT.sources:
        raise StateConflict("任务已结束", "the assignment is over", state=str(facts.state), version=facts.version)
    return Place(facts.case, facts)


async def _case(tx: Transaction, case_id: UUID, expected_version: int | None) -> Place:
    facts = await lock_case(tx, case_id, expected_version)
    if not CASE_MACHINE.permits(_TO_CASE, facts, tx.actor):
        raise NotPermitted("您的角色或范围不能为此案件添加附件", "your role or scope does not permit addAttachment")
    if facts.state not in _TO_CASE.sources:
        raise StateConflict("案件已结束", "the case is over", state=str(facts.state), version=facts.version)
    return Place(facts)
