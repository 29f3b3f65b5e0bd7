"""The solving level 解决层级 and the ways out of a case: raising, sending down, transfer, void (C.3, C.6)."""

from typing import Any
from uuid import UUID

from shaodao.commands import cases
from shaodao.commands.legal_ways import transfer_to_legal_way
from shaodao.commands.levels import raise_level, send_down
from shaodao.commands.merging import merge
from shaodao.commands.voiding import decide_void, request_void
from shaodao.domain.errors import InvalidInput, NotPermitted, StateConflict
from shaodao.domain.vocabulary import Channel
from tests.integration.case_steps import (
    DISPATCHER,
    WORKER,
    Step,
    case_row,
    clock,
    dispatched,
    do,
    last_event,
    messages,
    paths,
    refused,
    registered,
)
from tests.integration.conftest import Street
from tests.integration.whistle_steps import blown

CHIEF, LEADER, DEPUTY, COUNTY = "尤示宁", "孔示明", "张示远", "曹示度"
WORDS: dict[str, Any] = {"tried": "三次上门劝导", "why_not_here": "社区没有执法权", "help_wanted": "请街道协调城管"}


def raising(case_id: UUID, **changes: str) -> Step:
    return lambda tx: raise_level(tx, case_id, **(WORDS | changes))


def sending(case_id: UUID, code: str, reason: str = "属社区职责") -> Step:
    return lambda tx: send_down(tx, case_id, duty_item_code=code, reason=reason)


def merging_into(child: UUID, main: UUID) -> Step:
    return lambda tx: merge(tx, child, main_case_id=main, reason="同一事项")


async def level(street: Street, case_id: UUID) -> str:
    return str((await case_row(street, case_id))["level"])


async def test_a_case_climbs_level_by_level_with_what_was_tried(street: Street) -> None:
    """C.6, S-17: each level hands it on with what was tried, why not here, and the help that is wanted."""
    case_id = await registered(street, WORKER, channel=Channel.GRID_PATROL)
    assert await level(street, case_id) == "GRID"
    await refused(street, case_id, NotPermitted, raising(case_id), WORKER)
    faulty = await refused(
        street, case_id, InvalidInput, raising(case_id, tried=" ", why_not_here="", help_wanted="\x07"), CHIEF
    )
    assert paths(faulty) == {"tried", "whyNotHere", "helpWanted"}
    await do(street, raising(case_id), CHIEF)
    await do(street, raising(case_id), CHIEF)
    assert await level(street, case_id) == "STREET"
    event = await last_event(street, case_id)
    assert (event["type"], event["text"]) == ("raiseLevel", "尤示宁将案件由社区提级至街道")
    assert event["detail"] == "已做工作：三次上门劝导；本级不能解决的原因：社区没有执法权；需要的支持：请街道协调城管"
    await refused(street, case_id, NotPermitted, raising(case_id), CHIEF)
    assert (await case_row(street, case_id))["county_informed_at"] is None
    await do(street, raising(case_id))
    row = await case_row(street, case_id)
    assert (row["level"], row["county_informed_at"]) == ("COUNTY", street.now)
    await refused(street, case_id, NotPermitted, raising(case_id))
    await do(street, raising(case_id), COUNTY)
    await refused(street, case_id, StateConflict, raising(case_id), COUNTY)
    assert await level(street, case_id) == "CITY"


async def test_down_goes_only_what_the_lower_levels_duty_list_holds(street: Street) -> None:
    """C.6: moving down needs a duty-list item of the lower level, else it is refused."""
    case_id = await registered(street, category_code="A05")
    for code in ("NONE", "D-A13-01", "D-A14-01", "D-A06-01"):  # unknown; the street's; another category's; taken back
        assert paths(await refused(street, case_id, InvalidInput, sending(case_id, code))) == {"dutyItemCode"}, code
    assert paths(await refused(street, case_id, InvalidInput, sending(case_id, "D-A05-01", " "))) == {"reason"}
    await do(street, sending(case_id, "D-A05-01"))
    event = await last_event(street, case_id)
    assert (await level(street, case_id), event["text"]) == ("COMMUNITY", "吕示衡将案件由街道下派至社区")
    assert event["detail"].startswith("依据：邻里纠纷调解（基本履职事项清单第8项")
    await do(street, sending(case_id, "D-A05-01"))  # the grids' duties are the community's
    await refused(street, case_id, StateConflict, sending(case_id, "D-A05-01"))
    await street.pool.execute("UPDATE duty_list_items SET valid_to = '2026-11-19' WHERE code = 'D-A05-01'")
    await do(street, raising(case_id))
    assert paths(await refused(street, case_id, InvalidInput, sending(case_id, "D-A05-01"))) == {"dutyItemCode"}


async def test_the_county_sends_down_what_came_to_it(street: Street) -> None:
    case_id = await registered(street)
    await do(street, raising(case_id))
    await refused(street, case_id, NotPermitted, sending(case_id, "D-A13-01"))
    await do(street, sending(case_id, "D-A13-01"), COUNTY)
    assert await level(street, case_id) == "STREET"


async def test_a_transfer_closes_the_case_ends_the_work_and_tells_where_it_went(street: Street) -> None:
    """C.3 transferLegal: the receiving body and number, and a message."""
    case_id, _ = await blown(street)
    given: dict[str, Any] = {"body": "临澜区人民法院", "number": "（2026）示民初1号", "explanation": "当事人已起诉。"}

    def transfer(**changes: str) -> Step:
        return lambda tx: transfer_to_legal_way(tx, case_id, **(given | changes))

    faulty = await refused(street, case_id, InvalidInput, transfer(body=" ", number="", explanation=" "))
    assert paths(faulty) == {"body", "number", "explanation"}
    await refused(street, case_id, NotPermitted, transfer(), LEADER)
    await do(street, transfer())
    row = await case_row(street, case_id)
    assert (row["state"], row["close_kind"], row["closed_at"]) == ("CLOSED", "TRANSFERRED", street.now)
    assert (row["legal_body"], row["legal_number"], row["explanation"]) == (
        "临澜区人民法院",
        "（2026）示民初1号",
        "当事人已起诉。",
    )
    assert await ended(street, case_id) == ({"WITHDRAWN"}, {"WITHDRAWN"}, ["FOLLOW_UP"])
    text = await street.pool.fetchval("SELECT text FROM message WHERE case_id = $1 AND kind = 'RESULT'", case_id)
    assert "已移送临澜区人民法院（编号（2026）示民初1号）依法办理" in text
    heard = await street.pool.fetch("SELECT DISTINCT organization_code FROM delivery WHERE hook = 'on_withdrawn'")
    assert {each["organization_code"] for each in heard} == {"CG", "JJ"}
    await refused(street, case_id, StateConflict, transfer())


async def test_voiding_takes_a_leader_and_a_second_person(street: Street) -> None:
    """C.3 void: what one asks for, another decides; refused, the request is gone and the work goes on."""
    case_id = await dispatched(street)
    ask: Step = lambda tx: request_void(tx, case_id, reason="误登")  # noqa: E731
    grant: Step = lambda tx: decide_void(tx, case_id, granted=True, text="同意")  # noqa: E731
    await refused(street, case_id, StateConflict, grant, LEADER)
    await refused(street, case_id, NotPermitted, ask, CHIEF)
    await refused(street, case_id, InvalidInput, lambda tx: request_void(tx, case_id, reason=" "))
    await do(street, ask, DEPUTY)
    await refused(street, case_id, StateConflict, ask)
    await refused(street, case_id, NotPermitted, grant, DEPUTY)
    await refused(street, case_id, NotPermitted, grant, DISPATCHER)
    await do(street, lambda tx: decide_void(tx, case_id, granted=False, text="应当办理"), LEADER)
    row = await case_row(street, case_id)
    assert (row["state"], row["void_requested_by"], row["void_reason"]) == ("ASSIGNED", None, None)
    await do(street, ask)
    assert (await case_row(street, case_id))["void_requested_at"] == street.now
    await do(street, grant, LEADER)
    row = await case_row(street, case_id)
    assert (row["state"], row["close_kind"], row["void_reason"]) == ("CANCELLED", "VOID", "误登")
    assert await ended(street, case_id) == ({"WITHDRAWN"}, set(), [])
    assert (await messages(street, case_id))[-1] == "RESULT"
    events = await street.pool.fetch(
        "SELECT text FROM case_event WHERE case_id = $1 AND type = 'decideVoid' ORDER BY seq", case_id
    )
    assert [each["text"] for each in events] == ["孔示明不同意作废案件", "孔示明同意作废案件"]


async def test_withdrawing_meets_no_request_to_void(street: Street) -> None:
    """A case that ended otherwise is not voided any more."""
    case_id = await registered(street, "P014", reporter=None)
    await do(street, lambda tx: request_void(tx, case_id, reason="重复登记"))
    await do(street, lambda tx: cases.withdraw(tx, case_id, reason="已自行解决"), "P014")
    await refused(
        street, case_id, StateConflict, lambda tx: decide_void(tx, case_id, granted=True, text="同意"), LEADER
    )
    assert (await clock(street, case_id, "HANDLING"))["state"] == "STOPPED"


async def test_merged_reporters_hear_of_a_transfer_and_stand_alone_after_a_void(street: Street) -> None:
    """C.3, C.9 point 10: whoever told the same matter is not left without an answer."""
    mains = [await dispatched(street), await dispatched(street)]
    told = [await registered(street), await registered(street)]
    for child, main in zip(told, mains, strict=True):
        await do(street, merging_into(child, main))
    await do(
        street,
        lambda tx: transfer_to_legal_way(tx, mains[0], body="临澜区人民法院", number="1号", explanation="已起诉"),
    )
    assert "已移送临澜区人民法院" in await street.pool.fetchval(
        "SELECT text FROM message WHERE case_id = $1 AND kind = 'RESULT'", told[0]
    )
    await do(street, lambda tx: request_void(tx, mains[1], reason="误登"))
    await do(street, lambda tx: decide_void(tx, mains[1], granted=True, text="同意"), LEADER)
    assert [(await case_row(street, it))["state"] for it in told] == ["MERGED", "REGISTERED"]


async def ended(street: Street, case_id: UUID) -> tuple[set[str], set[str], list[str]]:
    """The states of the case's assignments and whistles, and its clocks that still run."""
    found: dict[str, set[str]] = {}
    for table in ("assignment", "whistle"):
        rows = await street.pool.fetch(f"SELECT state FROM {table} WHERE case_id = $1", case_id)
        found[table] = {row["state"] for row in rows}
    running = await street.pool.fetch("SELECT kind FROM deadline WHERE case_id = $1 AND state = 'RUNNING'", case_id)
    return found["assignment"], found["whistle"], [row["kind"] for row in running]
