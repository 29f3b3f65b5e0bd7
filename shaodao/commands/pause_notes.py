"""A department's pause and its end, told in the history of every case in which it was owed something (design: delivery).

A department that is away may be owed something in a hundred thousand cases. The act itself locks none of them: it writes down
which they are, and the workers tell them, some in each transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shaodao.commands.history import Entry, record
from shaodao.commands.transaction import Connection, Outcome, Transaction
from shaodao.domain.permissions import Viewer
from shaodao.domain.vocabulary import Role

_WRITE = """
INSERT INTO pause_note (county_code, pause_id, resumed, case_id)
SELECT DISTINCT $1::int, $2::uuid, $3::boolean, l.case_id FROM lane l WHERE l.county_code = $1 AND l.department = $4
"""
_COUNTIES = "SELECT DISTINCT county_code FROM department_pause"
_UNTOLD = """
SELECT p.id, p.department, coalesce(d.title, p.department) AS title, act.resumed,
    CASE WHEN act.resumed THEN p.resumed_at ELSE p.paused_at END AS at, CASE WHEN NOT act.resumed THEN p.reason END AS reason,
    a.id AS account_id, coalesce(a.login, 'system') AS login, coalesce(a.name, '县（区）网格办') AS name
FROM department_pause p
CROSS JOIN (VALUES (false), (true)) AS act (resumed)
LEFT JOIN departments d ON d.name = p.department
LEFT JOIN accounts a ON a.id = CASE WHEN act.resumed THEN p.resumed_by ELSE p.paused_by END
WHERE p.county_code = $1 AND EXISTS (
    SELECT FROM pause_note n WHERE n.county_code = $1 AND n.pause_id = p.id AND n.resumed = act.resumed
)
ORDER BY p.paused_at, p.id, act.resumed
"""
# None that somebody is at work on: who waits for nobody blocks nobody.
_LOCK_CASES = """
SELECT c.id, c.state FROM case_file c WHERE c.county_code = $1 AND c.id = ANY(ARRAY(
    SELECT n.case_id FROM pause_note n WHERE n.county_code = $1 AND n.pause_id = $2 AND n.resumed = $3
    ORDER BY n.case_id LIMIT $4
)) FOR UPDATE SKIP LOCKED
"""
# Another worker may have told a case between the look and the lock: whose note is still there is told.
_TAKE = """
DELETE FROM pause_note WHERE county_code = $1 AND pause_id = $2 AND resumed = $3 AND case_id = ANY($4::uuid[])
RETURNING case_id
"""
_LEFT = "SELECT EXISTS (SELECT FROM pause_note WHERE county_code = $1 AND pause_id = $2 AND resumed = $3)"


@dataclass(frozen=True)
class PauseAct:
    """A pause, or its end, that cases are still to tell: by whom, when and why."""

    county: int
    pause_id: UUID
    department: str
    title: str
    resumed: bool
    at: datetime
    reason: str | None
    actor: Viewer

    @property
    def entry(self) -> Entry:
        """The step of a case's history."""
        event, verb = ("departmentResumed", "恢复") if self.resumed else ("departmentPaused", "暂停")
        return Entry(
            event, f"{self.actor.name}{verb}向“{self.title}”投递", detail=self.reason,
            payload={"department": self.department, "at": self.at}, role=Role.COUNTY_GRID_OFFICE,
        )  # fmt: skip


async def write(tx: Transaction, pause_id: UUID, department: str, *, resumed: bool) -> None:
    """Write down the cases in which the department is owed something at this moment."""
    await tx.connection.execute(_WRITE, tx.county, pause_id, resumed, department)


async def counties(connection: Connection) -> Sequence[int]:
    """The counties in which a department was ever paused."""
    return [row["county_code"] for row in await connection.fetch(_COUNTIES)]


async def untold(connection: Connection, county: int) -> Sequence[PauseAct]:
    """The acts that some cases are still to tell, in their order."""
    return [
        PauseAct(
            county, row["id"], row["department"], row["title"], row["resumed"], row["at"], row["reason"],
            Viewer(row["login"], row["name"], account_id=row["account_id"]),
        )
        for row in await connection.fetch(_UNTOLD, county)
    ]  # fmt: skip


async def is_told(connection: Connection, act: PauseAct) -> bool:
    """Whether no case is left that is to tell it."""
    return not await connection.fetchval(_LEFT, act.county, act.pause_id, act.resumed)


@dataclass
class Telling:
    """The command that tells an act in the histories of at most ``batch`` cases; ``told``: how many it got hold of."""

    act: PauseAct
    batch: int
    told: int = 0

    async def __call__(self, tx: Transaction) -> Outcome:
        """Lock the cases that nobody else is at work on, and tell the act in each that is still to tell it."""
        key = (tx.county, self.act.pause_id, self.act.resumed)
        cases = {row["id"]: row["state"] for row in await tx.connection.fetch(_LOCK_CASES, *key, self.batch)}
        for row in await tx.connection.fetch(_TAKE, *key, list(cases)):
            state = cases[row["case_id"]]
            await record(tx, row["case_id"], replace(self.act.entry, from_state=state, to_state=state))
            self.told += 1
        return Outcome(county_code=tx.county)
