"""Extension 延期 and shortening 缩短 (C.5 rules 7 and 10, C.3 requestExtension, decideExtension)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from shaodao.commands import cases, deadlines, extensions
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.errors import DomainError, InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import Urgency
from tests.integration import case_steps, whistle_steps
from tests.integration.case_steps import case_row, clock, dispatched, last_event, paths
from tests.integration.conftest import Street
from tests.integration.whistle_steps import CHIEF, COUNTY, DEPUTY, DISPATCHER

DAY = DeadlineUnit.WORKING_DAY


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def ask(street: Street, case_id: UUID, amount: int = 5, who: str = "CG", **given: Any) -> Outcome:
    asked: dict[str, Any] = {"unit": DAY, "amount": amount, "reason": "隔断拆除需安置承租人", **given}
    return await whistle_steps.do(street, lambda tx: extensions.request(tx, case_id, **asked), who)


async def decide(street: Street, case_id: UUID, who: str, granted: bool = True) -> Outcome:
    return await whistle_steps.do(
        street, lambda tx: extensions.decide(tx, case_id, granted=granted, text="情况属实"), who
    )


async def request_row(street: Street, case_id: UUID) -> Any:
    return await case_steps.only_row(
        street,
        "SELECT * FROM extension_request WHERE case_id = $1 ORDER BY requested_at DESC, id DESC LIMIT 1",
        case_id,
    )


async def refused(street: Street, error: type[DomainError], step: Any, who: str = DISPATCHER) -> Any:
    with pytest.raises(error) as caught:
        await whistle_steps.do(street, step, who)
    return caught


async def test_a_general_case_is_extended_once_by_a_deputy_from_the_old_due(street: Street) -> None:
    """C.5 rule 7: approval by a street deputy, counted from the old due; the reporter told, the department hears."""
    case_id = await dispatched(street)  # registered Friday, 20 November, 5 working days
    old = (await case_row(street, case_id))["due_at"]
    assert old == at("2026-11-28 00:00")
    await ask(street, case_id)
    asked = await request_row(street, case_id)
    assert (asked["approver"], asked["organization_code"], asked["due_before"]) == ("STREET_DEPUTY", "CG", old)
    assert (await case_row(street, case_id))["county_informed_at"] is None
    assert not (await last_event(street, case_id))["public"]

    await decide(street, case_id, DEPUTY)
    row, decided = await case_row(street, case_id), await request_row(street, case_id)
    assert row["due_at"] == decided["due_after"] == at("2026-12-05 00:00")
    assert (decided["decision"], decided["told_reporter_at"]) == ("GRANTED", street.now)
    event = await last_event(street, case_id)
    assert (event["type"], event["public"], event["actor_name"]) == ("decideExtension", True, DEPUTY)
    assert "延期5个工作日，12月4日前办结" in event["text"]
    told = await street.pool.fetchval("SELECT text FROM message WHERE case_id = $1 AND kind = 'EXTENSION'", case_id)
    assert "隔断拆除需安置承租人" in told
    assert "预计12月4日前办结" in told
    called = await street.pool.fetchval("SELECT text FROM message WHERE case_id = $1 AND kind = 'DEADLINE'", case_id)
    assert "同意延期5个工作日，请于12月4日前办结" in called
    heard = await street.pool.fetchval(
        "SELECT organization_code FROM delivery WHERE case_id = $1 AND hook = 'on_extension_decided'", case_id
    )
    assert heard == "CG"


async def test_the_clock_keeps_by_whom_it_was_extended_and_the_result_follows(street: Street) -> None:
    case_id = await dispatched(street)
    await ask(street, case_id, 3)
    await decide(street, case_id, DEPUTY)
    [entry] = orjson.loads((await clock(street, case_id, "HANDLING"))["history"])
    assert entry["extended_by"] == {"unit": "WORKING_DAY", "amount": 3}
    assert (entry["office"], entry["decided_by"]) == ("STREET_DEPUTY", DEPUTY)
    dues = await street.pool.fetch(
        "SELECT organization_code, result_due_at FROM assignment WHERE case_id = $1 ORDER BY organization_code", case_id
    )
    assert [tuple(due) for due in dues] == [("CG", at("2026-12-03 00:00")), ("JJ", at("2026-11-28 00:00"))]
    passes = await street.pool.fetch(
        "SELECT s.stage, s.due_at, d.started_at FROM deadline_stage s JOIN deadline d ON d.id = s.deadline_id"
        " WHERE d.case_id = $1 AND d.kind = 'HANDLING'",
        case_id,
    )
    half = passes[0]["started_at"] + (at("2026-12-03 00:00") - passes[0]["started_at"]) / 2
    assert [(row["stage"], row["due_at"]) for row in passes] == [("REMIND", half)]


async def test_who_decides_an_extension_by_level(street: Street) -> None:
    """C.5 rule 7: COMPLEX by the chief; a second one, or one beyond the original limit, by the county alone."""
    complex_case = await dispatched(street, urgency=Urgency.COMPLEX)
    await ask(street, complex_case, 10)
    await refused(street, NotPermitted, lambda tx: extensions.decide(tx, complex_case, granted=True, text="可"), DEPUTY)
    await decide(street, complex_case, CHIEF)
    await ask(street, complex_case, 1)
    assert (await request_row(street, complex_case))["approver"] == "COUNTY_GRID_OFFICE"
    assert (await case_row(street, complex_case))["county_informed_at"] == street.now
    await refused(street, NotPermitted, lambda tx: extensions.decide(tx, complex_case, granted=True, text="可"), CHIEF)
    await decide(street, complex_case, COUNTY)

    beyond = await dispatched(street)
    await ask(street, beyond, 6)
    assert (await request_row(street, beyond))["approver"] == "COUNTY_GRID_OFFICE"


async def test_a_refused_extension_changes_nothing_but_is_heard(street: Street) -> None:
    case_id = await dispatched(street)
    await ask(street, case_id)
    due = (await case_row(street, case_id))["due_at"]
    await decide(street, case_id, CHIEF, granted=False)
    assert (await case_row(street, case_id))["due_at"] == due
    event = await last_event(street, case_id)
    assert (event["text"], event["public"]) == (f"{CHIEF}不同意延期5个工作日", False)
    assert "EXTENSION" not in await case_steps.messages(street, case_id)
    assert await street.pool.fetchval("SELECT count(*) FROM delivery WHERE hook = 'on_extension_decided'") == 1
    await ask(street, case_id, 2)  # a refusal uses nothing up
    assert (await request_row(street, case_id))["approver"] == "STREET_DEPUTY"


async def test_an_anonymous_reporter_cannot_be_told_and_the_record_says_so(street: Street) -> None:
    """C.5 rule 7: reporter told, else the record shows why not."""
    case_id = await dispatched(street, reporter=ReporterInput(anonymous=True))
    await ask(street, case_id)
    await decide(street, case_id, DEPUTY)
    event = await last_event(street, case_id)
    assert orjson.loads(event["payload"])["told_reporter"] is False
    assert "无法告知" in event["detail"]
    assert (await request_row(street, case_id))["told_reporter_at"] is None


async def test_what_cannot_be_extended(street: Street) -> None:
    """Bad input: after the due, urgent, twice at once, nonsense amounts, by whom it is not."""
    case_id = await dispatched(street)
    bad = await refused(
        street, InvalidInput, lambda tx: extensions.request(tx, case_id, unit=DAY, amount=0, reason=" ")
    )
    assert paths(bad) == {"amount", "reason"}
    await refused(
        street, NotPermitted, lambda tx: extensions.request(tx, case_id, unit=DAY, amount=1, reason="待料"), "JJ"
    )
    await refused(street, StateConflict, lambda tx: extensions.decide(tx, case_id, granted=True, text="可"), DEPUTY)
    await ask(street, case_id, who=DISPATCHER)
    await refused(street, StateConflict, lambda tx: extensions.request(tx, case_id, unit=DAY, amount=1, reason="待料"))
    await decide(street, case_id, DEPUTY, granted=False)
    street.now = (await case_row(street, case_id))["due_at"]
    late = await refused(
        street, StateConflict, lambda tx: extensions.request(tx, case_id, unit=DAY, amount=1, reason="待料")
    )
    assert "after the due time" in str(late.value)
    urgent = await dispatched(street, urgency=Urgency.URGENT)
    await refused(street, StateConflict, lambda tx: extensions.request(tx, urgent, unit=DAY, amount=1, reason="待料"))


async def test_a_late_grant_takes_the_lateness_back(street: Street) -> None:
    """Asked for in time, decided after the due: the case is due later and its result is not late any more."""
    case_id = await dispatched(street)
    await ask(street, case_id)
    street.now = at("2026-11-28 09:00")
    await street.pool.execute("UPDATE assignment SET late_report = true WHERE case_id = $1", case_id)
    await decide(street, case_id, DEPUTY)
    assert (await case_row(street, case_id))["due_at"] > street.now
    late = await street.pool.fetch(
        "SELECT organization_code, late_report FROM assignment WHERE case_id = $1 ORDER BY organization_code", case_id
    )
    assert [tuple(row) for row in late] == [("CG", False), ("JJ", True)]


async def test_an_organization_asks_for_its_assignment(street: Street) -> None:
    """As a department's desk does; whoever helps has no lead to ask by."""
    case_id = await dispatched(street)
    lead, helper = [await whistle_steps.assignment_of(street, case_id, code) for code in ("CG", "JJ")]

    def step(assignment_id: UUID) -> Any:
        async def run(tx: Transaction) -> Outcome:
            return await extensions.request_for_assignment(tx, assignment_id, unit=DAY, amount=1, reason="待料")

        return run

    await refused(street, NotPermitted, step(helper), "JJ")
    await whistle_steps.do(street, step(lead), "CG")
    assert (await request_row(street, case_id))["assignment_id"] == lead


async def test_a_leader_shortens_a_limit_and_it_is_never_silent(street: Street) -> None:
    """C.5 rule 10: by order with a reason; results that ran beyond it end with it; duty phones and reporter are written to."""
    case_id = await dispatched(street)
    to = at("2026-11-25 00:00")
    await whistle_steps.do(street, lambda tx: deadlines.shorten(tx, case_id, due_at=to, reason="群众反映强烈"), DEPUTY)
    assert (await case_row(street, case_id))["due_at"] == to
    dues = await street.pool.fetch("SELECT DISTINCT result_due_at FROM assignment WHERE case_id = $1", case_id)
    assert [row["result_due_at"] for row in dues] == [to]
    called = await street.pool.fetch(
        "SELECT organization_code, text FROM message WHERE case_id = $1 AND kind = 'DEADLINE' ORDER BY organization_code",
        case_id,
    )
    assert [row["organization_code"] for row in called] == ["CG", "JJ", None]
    assert "11月24日前办结" in called[0]["text"]
    assert called[2]["text"].endswith("时限缩短，预计11月24日前办结。")
    history = orjson.loads((await clock(street, case_id, "HANDLING"))["history"])
    assert [bool(entry.get("shortened_to")) for entry in history] == [True]


async def test_a_limit_is_not_shortened_into_the_past_nor_made_longer(street: Street) -> None:
    case_id = await dispatched(street)
    for due_at in (street.now, street.now - timedelta(days=1), at("2026-11-28 00:00"), at("2026-12-30 00:00")):
        bad = await refused(
            street,
            InvalidInput,
            lambda tx, due_at=due_at: deadlines.shorten(tx, case_id, due_at=due_at, reason="急"),
            CHIEF,
        )
        assert paths(bad) == {"dueAt"}
    naive = datetime(2026, 11, 24)  # noqa: DTZ001  the fault under test
    bad = await refused(street, InvalidInput, lambda tx: deadlines.shorten(tx, case_id, due_at=naive, reason=""), CHIEF)
    assert paths(bad) == {"dueAt", "reason"}
    await refused(
        street, NotPermitted, lambda tx: deadlines.shorten(tx, case_id, due_at=at("2026-11-25 00:00"), reason="急")
    )


async def test_an_urgent_case_made_safe_counts_its_new_limit_from_then(street: Street) -> None:
    """C.5 rule 8, case 9 of D.6: URGENT from 13 November 22:10, GENERAL from the 14th: due 21 November 00:00; both kept."""
    street.now = at("2026-11-13 22:10")
    case_id = await dispatched(street, urgency=Urgency.URGENT)
    assert (await case_row(street, case_id))["due_at"] == at("2026-11-14 22:10")
    street.now = at("2026-11-14 10:00")
    await whistle_steps.do(
        street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.GENERAL, reason="险情已控，转入永久修复")
    )
    assert (await case_row(street, case_id))["due_at"] == at("2026-11-21 00:00")
    kept = await clock(street, case_id, "HANDLING")
    [entry] = orjson.loads(kept["history"])
    assert (entry["unit"], entry["amount"], entry["office"]) == ("CLOCK_HOUR", 24, "STREET_DISPATCHER")
    assert datetime.fromisoformat(entry["due_at"]) == at("2026-11-14 22:10")
