"""Appointing an agent 全程代办 (reference Z-32, C.3 appointAgent): a member of the grid's team takes the matter to its end."""

from uuid import UUID

import asyncpg

from shaodao.commands import clocks, messages, notices, wording
from shaodao.commands.case_steps import CaseStep, case_outcome, decide_case, record_case
from shaodao.commands.checking import optional_text
from shaodao.commands.transaction import DutyCall, Outcome, Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.facts import CaseFacts
from shaodao.domain.vocabulary import AssignmentState, CaseState

# A team serves the case when the place that it serves is none that the case does not lie in: its grid, else the community or
# the street that covers the grid. Who leads a team is of it.
_CANDIDATE = """
SELECT a.name, a.organization_code, a.work_phone, a.enabled AND EXISTS (
    SELECT 1 FROM account_roles r WHERE r.account_id = a.id AND r.role IN ('GRID_WORKER', 'GRID_CHIEF')
) AS may_act, EXISTS (
    SELECT 1 FROM team t
    WHERE t.county_code = $1 AND t.street_code = $3
        AND ($4::text IS NULL OR t.community_code IS NULL OR t.community_code = $4)
        AND ($5::text IS NULL OR t.grid_code IS NULL OR t.grid_code = $5)
        AND (t.starts_on IS NULL OR t.starts_on <= $6) AND (t.ends_on IS NULL OR t.ends_on >= $6)
        AND (t.leader_id = a.id OR EXISTS (
            SELECT 1 FROM team_member m
            WHERE m.county_code = $1 AND m.county_code = t.county_code AND m.team_id = t.id AND m.account_id = a.id
                AND m.joined_on <= $6 AND (m.left_on IS NULL OR m.left_on >= $6)
        ))
) AS in_team
FROM accounts a WHERE a.id = $2
"""
# First of all, so that there are never two active LEADs.
_STEP_ASIDE = """
UPDATE assignment SET role = 'CO', version = version + 1, updated_at = $4
WHERE county_code = $1 AND case_id = $2 AND round = $3 AND role = 'LEAD' AND state NOT IN ('REASSIGNED', 'EXCUSED', 'WITHDRAWN')
"""
_ASSIGN = """
INSERT INTO assignment (
    county_code, id, case_id, street_code, organization_code, agent_id, role, round, state, duty_basis, arrival_required,
    notified_at, started_at, updated_at
) VALUES ($1, $2, $3, $4, $5, $6, 'LEAD', $7, 'HANDLING', $8, false, $9, $9, $9)
"""
_APPOINT = """
UPDATE case_file SET state = 'HANDLING', agent_id = $3, version = version + 1, updated_at = $4
WHERE county_code = $1 AND id = $2
"""


async def appoint_agent(
    tx: Transaction, case_id: UUID, *, account_id: UUID, duty_basis: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Appoint the agent 全程代办人, with whom the matter stays until it is closed (Z-32).

    The agent is today a member or the leader of a team that serves the case's grid, or the community or street around it,
    and a grid worker or chief, who can act here. The agent's assignment is LEAD and being handled at once; another LEAD
    becomes CO. No department hears of it; the agent is told by a message to the work phone. Raises InvalidInput at
    ``accountId`` and ``dutyBasis``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "appointAgent", case_id, expected_version)
    faults = Faults()
    basis = optional_text(faults, "dutyBasis", duty_basis, tx.ground.rulebook.texts.reason)
    agent = await _candidate(tx, facts, account_id)
    _check(faults, facts, agent)
    faults.check()
    assert agent is not None  # nobody is a fault
    assignment_id = await _assign(tx, facts, account_id, agent, basis)
    await clocks.tell_lead(tx, facts, agent["organization_code"])
    text = f"{tx.actor.name}指定{agent['name']}为全程代办人"
    step = CaseStep(
        "appointAgent", "appointAgent", text, CaseState.HANDLING, detail=basis and f"依据：{basis}",
        payload={"agent": str(account_id)},
    )  # fmt: skip
    await record_case(tx, facts, step)
    outcome = await case_outcome(tx, case_id)
    outcome.assignment_id, outcome.assignment_state = assignment_id, str(AssignmentState.HANDLING)
    return outcome


async def _candidate(tx: Transaction, facts: CaseFacts, account_id: UUID) -> asyncpg.Record | None:
    return await tx.connection.fetchrow(
        _CANDIDATE, tx.county, account_id, facts.street_code, facts.community_code, facts.grid_code, tx.today
    )


def _check(faults: Faults, facts: CaseFacts, agent: asyncpg.Record | None) -> None:
    if agent is None or not agent["in_team"]:
        faults.add("accountId", "须为该网格服务团队的现任成员", "must be a present member of a team of the grid")
    elif not agent["may_act"] or agent["organization_code"] is None:
        faults.add("accountId", "须为在岗的网格员或网格长", "must be a grid worker or chief with an account in use")
    elif agent["organization_code"] == facts.accused_organization_code:
        faults.add(
            "accountId",
            "其所在单位为被反映单位，应当回避",
            "works in the organization complained about and stands back",
        )


async def _assign(
    tx: Transaction, facts: CaseFacts, account_id: UUID, agent: asyncpg.Record, basis: str | None
) -> UUID:
    assignment_id, organization = tx.new_id(), agent["organization_code"]
    notice = await notices.notice_of(tx, facts, None)
    await tx.connection.execute(_STEP_ASIDE, tx.county, facts.id, facts.round, tx.now)
    await tx.connection.execute(
        _ASSIGN, tx.county, assignment_id, facts.id, facts.street_code, organization, account_id, facts.round, basis, tx.now
    )  # fmt: skip
    await tx.connection.execute(_APPOINT, tx.county, facts.id, account_id, tx.now)
    due_at = await notices.give_agent(tx, notice, assignment_id, organization)
    by = f"，并于{wording.until(due_at)}反馈办结" if due_at is not None else ""
    call = DutyCall(organization, agent["name"], agent["work_phone"])
    text = f"【代办】案件{facts.number}：{notice.title}；请您全程代办{by}。"
    await messages.call_duty_phone(tx, facts.id, None, call, text[: tx.ground.rulebook.texts.message])
    return assignment_id
