"""A changed calendar and the open clocks (C.5 rule 11), and the command line that enters days (B.7)."""

from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from shaodao.calendar_days import CalendarFileError, enter_days, read_days, recount_open_clocks, whole_years
from shaodao.calendar_table import fill_calendar, load_calendar
from shaodao.commands import extensions
from shaodao.commands.running import connection_of
from shaodao.domain.calendar import SHANGHAI, Calendar, CalendarDay
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.permissions import SYSTEM
from tests.integration import whistle_steps
from tests.integration.case_steps import case_row, clock, dispatched, messages
from tests.integration.conftest import Street
from tests.integration.test_commands_suspensions import handling, pause
from tests.integration.test_delivery_clock import clock_of, run_out


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def change(street: Street, *days: tuple[str, bool]) -> None:
    """The calendar with other days than the street had."""
    rows = dict(street.ground.calendar.days)
    for text, is_workday in days:
        day = date.fromisoformat(text)
        rows[day] = CalendarDay(day, is_workday, "临时调休", "test", provisional=False)
    street.ground = replace(street.ground, calendar=Calendar(rows))


async def recount(street: Street) -> int:
    return await recount_open_clocks(street.pool, street.runner, SYSTEM, street.now)


async def events(street: Street, case_id: UUID) -> list[Any]:
    return await street.pool.fetch(
        "SELECT text, public, organization_code FROM case_event WHERE case_id = $1 AND type = 'calendarChanged' ORDER BY seq",
        case_id,
    )


async def test_a_later_due_is_applied_silently(street: Street) -> None:
    case_id = await dispatched(street)  # due 28 November, 00:00
    told = await messages(street, case_id)
    change(street, ("2026-11-25", False))
    assert await recount(street) == 1
    row, moved = await case_row(street, case_id), await clock(street, case_id, "HANDLING")
    assert row["due_at"] == moved["due_at"] == at("2026-12-01 00:00")  # Monday, 30 November, is the last day
    [entry] = orjson.loads(moved["history"])
    assert (entry["calendar"], datetime.fromisoformat(entry["due_at"])) == (True, at("2026-11-28 00:00"))
    assert await events(street, case_id) == []
    assert await messages(street, case_id) == told
    dues = await street.pool.fetch("SELECT DISTINCT result_due_at FROM assignment WHERE case_id = $1", case_id)
    assert [due["result_due_at"] for due in dues] == [at("2026-12-01 00:00")]
    assert await recount(street) == 1
    assert len(orjson.loads((await clock(street, case_id, "HANDLING"))["history"])) == 1


async def test_an_earlier_due_comes_with_notice(street: Street) -> None:
    """A make-up Sunday before the due: the LEAD's duty phone and the reporter, who was told another day, are written to."""
    case_id = await dispatched(street)
    change(street, ("2026-11-22", True))
    await recount(street)
    assert (await case_row(street, case_id))["due_at"] == at("2026-11-27 00:00")
    found = await events(street, case_id)
    assert [row["organization_code"] for row in found if row["public"]] == [None]
    assert found[0]["text"] == "放假安排调整，办理时限由11月27日前提前为11月26日前"
    sent = await street.pool.fetch(
        "SELECT organization_code, text FROM message WHERE case_id = $1 AND kind = 'DEADLINE'", case_id
    )
    assert {row["organization_code"] for row in sent} == {None, "CG", "JJ"}
    [to_reporter] = [row["text"] for row in sent if row["organization_code"] is None]
    assert to_reporter.endswith("因放假安排调整，预计11月26日前办结。")


async def test_an_earlier_due_that_has_passed_and_a_due_that_has_passed_stay(street: Street) -> None:
    case_id = await dispatched(street)
    street.now = at("2026-11-27 09:00")
    change(street, ("2026-11-22", True))
    await recount(street)
    assert (await case_row(street, case_id))["due_at"] == at("2026-11-28 00:00")
    street.now = at("2026-11-28 09:00")
    change(street, ("2026-11-25", False), ("2026-11-26", False))
    await recount(street)
    assert (await case_row(street, case_id))["due_at"] == at("2026-11-28 00:00")


async def test_what_follows_a_due_that_has_passed_moves_with_the_calendar(street: Street) -> None:
    """Due at the end of Friday: supervised when Monday is over, or Tuesday, once Monday is a holiday."""
    case_id = await dispatched(street)
    street.now = at("2026-11-28 09:00")
    await run_out(clock_of(street))
    for days, expected in (((("2026-11-30", False),), "2026-12-02"), ((("2026-11-30", True),), "2026-12-01")):
        change(street, *days)
        await recount(street)
        waiting = await street.pool.fetchval(
            "SELECT due_at FROM deadline_stage WHERE case_id = $1 AND stage = 'SUPERVISE'", case_id
        )
        assert waiting == at(f"{expected} 00:00")


async def test_extensions_and_pauses_are_counted_again(street: Street) -> None:
    case_id, paused = await dispatched(street), await handling(street)
    request = partial(extensions.request, case_id=case_id, unit=DeadlineUnit.WORKING_DAY, amount=2, reason="待料")
    await whistle_steps.do(street, request, "CG")
    await whistle_steps.do(street, partial(extensions.decide, case_id=case_id, granted=True, text="可"), "张示远")
    await pause(street, paused)
    change(street, ("2026-11-24", False))
    await recount(street)
    assert (await case_row(street, case_id))["due_at"] == at("2026-12-03 00:00")
    again = [
        entry for entry in orjson.loads((await clock(street, case_id, "HANDLING"))["history"]) if entry.get("again")
    ]
    assert [entry["extended_by"]["amount"] for entry in again] == [2]
    assert datetime.fromisoformat(again[0]["due_at"]) == at("2026-12-01 00:00")
    assert (await case_row(street, paused))["due_at"] is None
    assert (await clock(street, paused, "HANDLING"))["due_at"] == at("2026-12-01 00:00")


async def test_days_are_entered_and_a_whole_notice_makes_a_year_certain(street: Street) -> None:
    content = "\ufeffday,is_workday,name\n2027-01-01,false,元旦\n2027-01-02,是,调休工作日\n".encode()
    days = whole_years(read_days(content, "国办发明电〔2026〕9号"), "国办发明电〔2026〕9号")
    assert len(days) == 365
    async with street.pool.acquire() as lent:
        connection = connection_of(lent)
        await enter_days(connection, days)
        await fill_calendar(connection, date(2026, 11, 20))
        calendar = await load_calendar(connection)
    assert calendar.is_working_day(date(2027, 1, 2))
    assert calendar.name_of(date(2027, 1, 1)) == "元旦"
    assert not calendar.is_provisional(date(2027, 5, 3))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("day,is_workday,name\n2027-13-01,true,\n", "line 2"),
        ("day,is_workday,name\n2027-01-01,vielleicht,\n", "is_workday"),
        ("day,is_workday,name\n2027-01-01,true,\n2027-01-01,false,\n", "twice"),
        ("date,work\n2027-01-01,true\n", "first line"),
        ("day,is_workday,name\n", "no day"),
    ],
)
def test_every_faulty_line_of_a_file_is_named(content: str, fault: str) -> None:
    with pytest.raises(CalendarFileError, match=fault):
        read_days(content.encode(), "test")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarFileError, match="UTF-8"):
        read_days("day,is_workday,name\n2027-01-01,false,元旦\n".encode("gb18030"), "test")
