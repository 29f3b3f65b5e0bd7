"""Loads the 27 cases of the demonstration street with their whistles, directly: each in its stored state, with its history.

What the data file leaves out is derived from the times it names. No department hears anything of what is loaded, every
message counts as sent, and only stages that are still to come are left for the clock.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

from shaodao.commands.transaction import Connection, Ground, Transaction
from shaodao.demo.campaigning import campaign_case_rows, campaign_rows
from shaodao.demo.case_rows import case_row, party_rows, whistle_row
from shaodao.demo.catalogue import load_catalogue
from shaodao.demo.clock_rows import clock_row, passed_steps, stage_rows, supervision_rows
from shaodao.demo.copying import Row, copy_rows
from shaodao.demo.dues import clocks_of
from shaodao.demo.meeting_rows import meeting_rows, participant_rows
from shaodao.demo.message_rows import message_rows
from shaodao.demo.parts import Part, Scene, parts_of
from shaodao.demo.promising import promise_rows
from shaodao.demo.source import Case, load_street
from shaodao.demo.story import History, event_rows, told
from shaodao.demo.suspending import suspension_rows, suspension_stage_rows
from shaodao.demo.telling import steps_of
from shaodao.demo.timeline import moved_to
from shaodao.demo.work_rows import (
    assignment_row,
    evaluation_rows,
    extension_rows,
    follow_up_rows,
    merge_rows,
    objection_rows,
    report_rows,
    round_rows,
    verification_rows,
)
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.permissions import Viewer, county_of

_XID = "SELECT pg_current_xact_id()::text::bigint"
# Parents before children, since rows are copied table by table.
_TABLES = (
    "case_file", "whistle", "whistle_party", "assignment", "case_event", "report", "verification", "follow_up", "evaluation",
    "message", "deadline", "deadline_stage", "supervision", "extension_request", "suspension", "dispatch_objection", "merge_link", "case_round",
    "meeting", "meeting_participant", "promise", "campaign", "campaign_case", "case_counter",
)  # fmt: skip

Say = Callable[[str], None]


async def load_cases(
    connection: Connection, ground: Ground, now: datetime, *, keep_times: bool, told_case: Say = lambda title: None
) -> None:
    """Load the cases in the caller's transaction, after the registers.

    Their times are moved by whole weeks so that the street's reference time is at most a week before ``now``;
    ``keep_times`` leaves them, and ``now`` should then be about that reference time. Dues and late flags are reckoned by
    the rules of ``ground`` in either case. ``told_case`` hears each case's title when its rows are made.
    """
    street = load_street()
    scene = Scene(street if keep_times else moved_to(street, now), load_catalogue(), ground, now)
    county = county_of(street.code)
    tx = Transaction(connection, Viewer("demonstration", "示例数据"), now, county, ground)
    rows = await _rows(tx, scene, told_case)
    for table in _TABLES:
        await copy_rows(connection, table, rows[table])


def case_number(scene: Scene, case: Case) -> str:
    """The case's number by its (moved) day of registration (C.1.4); the running number is the file's."""
    day = case.registered_at.astimezone(SHANGHAI)
    return f"{scene.street.code[:9]}-{day:%Y%m%d}-{case.seq:04}"


async def _rows(tx: Transaction, scene: Scene, told_case: Say) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    xid = await tx.connection.fetchval(_XID)
    histories = []
    for case in _mergers_first(scene.street.cases):
        histories.append(_case_rows(tx, scene, case, rows))
        told_case(case.title)
    rows["case_event"] = _event_rows(tx, scene, histories, xid)
    rows["case_counter"] = _counter_rows(tx, scene)
    return rows


def _case_rows(tx: Transaction, scene: Scene, case: Case, rows: dict[str, list[Row]]) -> History:
    number, parts = case_number(scene, case), parts_of(scene, case)
    clocks = clocks_of(scene, case, parts)
    steps = steps_of(scene, case, number, parts)
    for clock in clocks:
        steps += passed_steps(tx, scene, clock, parts)
        rows["supervision"] += supervision_rows(tx, scene, clock, parts)
        rows["deadline"].append(clock_row(tx, scene, clock))
        rows["deadline_stage"] += stage_rows(tx, clock)
    history = told(case, number, steps)
    rows["case_file"].append(case_row(scene, history, number, parts))
    whistle = scene.whistle(case)
    if whistle is not None:
        rows["whistle"].append(whistle_row(scene, history, number, whistle))
        rows["whistle_party"] += party_rows(whistle, tx.county)
    for part in parts:
        own = {clock.kind: clock for clock in clocks if clock.part is part}
        rows["assignment"].append(assignment_row(scene, part, own, history))
    _add_records(scene, case, number, parts, rows)
    return history


def _add_records(scene: Scene, case: Case, number: str, parts: tuple[Part, ...], rows: dict[str, list[Row]]) -> None:
    for part in parts:
        rows["report"] += report_rows(part)
        rows["verification"] += verification_rows(scene, part)
        rows["dispatch_objection"] += objection_rows(scene, part)
    rows["follow_up"] += follow_up_rows(scene, case)
    rows["evaluation"] += evaluation_rows(scene, case, parts)
    rows["extension_request"] += extension_rows(scene, case)
    rows["suspension"] += suspension_rows(scene, case)
    rows["deadline_stage"] += suspension_stage_rows(scene, case)
    rows["meeting"] += meeting_rows(scene, case)
    rows["meeting_participant"] += participant_rows(scene, case)
    rows["merge_link"] += merge_rows(scene, case)
    rows["case_round"] += round_rows(scene, case)
    rows["promise"] += promise_rows(scene, case)
    rows["campaign"] += campaign_rows(scene, case)
    rows["campaign_case"] += campaign_case_rows(scene, case)
    rows["message"] += message_rows(scene, case, number, parts)


def _mergers_first(cases: Iterable[Case]) -> list[Case]:
    """A main case stands before the repeats that were merged into it, which refer to it."""
    return sorted(cases, key=lambda case: (case.merged_into is not None, case.seq))


def _event_rows(tx: Transaction, scene: Scene, histories: list[History], xid: int) -> list[Row]:
    """The feed reads the events of one transaction by their ids, so ids ascend within each case."""
    ids = iter(sorted(tx.new_id() for history in histories for _ in history.events))
    rows: list[Row] = []
    for history in histories:
        rows += event_rows(history, scene.street.code, [next(ids) for _ in history.events], xid)
    return rows


def _counter_rows(tx: Transaction, scene: Scene) -> list[Row]:
    """The running number goes on after the highest of each year."""
    last: dict[int, int] = {}
    for case in scene.street.cases:
        year = case.registered_at.astimezone(SHANGHAI).year
        last[year] = max(last.get(year, 0), case.seq)
    return [
        {"county_code": tx.county, "street_code": scene.street.code, "year": year, "last": seq}
        for year, seq in last.items()
    ]
