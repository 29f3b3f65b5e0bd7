"""What a case's later life must tell nobody: merging, meetings, promises, other counties, exports (C.7 guardrails, C.9)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.execution import ReadService
from schema.schema import build_schema
from shaodao.commands import (
    cases,
    communications,
    disclosure,
    extensions,
    legal_ways,
    meetings,
    merging,
    promises,
    reopening,
)
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.evaluations import Scores, rate_department
from shaodao.commands.exports import exporting_viewer
from shaodao.commands.meetings import MeetingDecision, MeetingInput
from shaodao.commands.registration import AccusedInput
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.running import connection_of
from shaodao.delivery.linking import Linker
from shaodao.demo.identifiers import person_id
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.permissions import SYSTEM, Grant, Viewer
from shaodao.domain.vocabulary import CaseKind, CaseVisibility, CloseKind, LeaderRank, Role, WhistleKind
from shaodao.double_assessment import double_assessment
from tests.integration.asking import Desk
from tests.integration.case_steps import BASIS, case_row, closed, last_event, messages, paths, refused, verifying
from tests.integration.conftest import Street
from tests.integration.test_delivery_linking import FAR, link, neighbour
from tests.integration.whistle_steps import CO, INFORM, LEAD, accepted, blown_on, do, registered, viewer_of

OTHER = ReporterInput(name="孙例兰", phone="100-0002-0015")
SECRET = ReporterInput(name="沈例宽", phone="10000010014", confidential=True)
COUNT = "query ($filter: CaseFilter) { cases(filter: $filter) { totalCount } }"
PROMISES = "{ promises { nodes { content } } }"
EXTENSIONS = "query ($id: ID!) { node(id: $id) { ... on Case { extensions { reason decision } } } }"


@pytest.fixture(scope="module")
def service() -> ReadService:
    return ReadService(build_schema())


async def dispatched(street: Street, case_id: UUID) -> UUID:
    parties = [PartyInput("CG", LEAD), PartyInput("JJ", INFORM)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))
    return case_id


async def told(street: Street, case_id: UUID) -> str:
    return str(
        await street.pool.fetchval(
            "SELECT text FROM message WHERE case_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1", case_id
        )
    )


async def test_a_merged_reporter_learns_nothing_of_who_else_reported(street: Street) -> None:
    main = await verifying(street, subject_person_id=person_id("P007"))
    second = await accepted(street, reporter=OTHER)
    await do(street, lambda tx: merging.merge(tx, second, main_case_id=main, reason="同一事项"))
    result = "已为该儿童落实临时照料，电话10000010014。"
    await do(street, lambda tx: cases.close(tx, main, close_kind=CloseKind.SOLVED, result_text=result))
    assert "儿童" not in await told(street, second)
    assert "儿童" not in (await last_event(street, second))["detail"]

    main, second = await verifying(street), await accepted(street, reporter=OTHER)
    await do(street, lambda tx: merging.merge(tx, second, main_case_id=main, reason="同一事项"))
    await do(street, lambda tx: cases.close(tx, main, close_kind=CloseKind.SOLVED, result_text="已回访10000010014"))
    assert "100****0014" in await told(street, second)

    main, second = await accepted(street), await accepted(street, reporter=OTHER)
    await do(street, lambda tx: merging.merge(tx, second, main_case_id=main, reason="同一事项"))
    await do(
        street,
        lambda tx: legal_ways.transfer_to_legal_way(
            tx, main, body="区法院", number="（2026）民初7号", explanation="属民事纠纷"
        ),
    )
    assert "区法院" in await told(street, second)
    assert "民初7号" not in await told(street, second)


async def test_a_meeting_is_no_way_to_a_hidden_case_nor_for_the_accused(street: Street) -> None:
    case_id = await accepted(street, accused=AccusedInput(organization_code="JJ"))
    given = MeetingInput("油烟研判", street.now + timedelta(days=1), participants=["CG", "JJ"])
    asked = await refused(street, case_id, InvalidInput, lambda tx: meetings.put_on_agenda(tx, case_id, given))
    assert paths(asked) == {"participants.1"}
    held = replace(given, participants=["CG"])
    meeting = (await do(street, lambda tx: meetings.put_on_agenda(tx, case_id, held))).record_id
    assert meeting is not None
    decision = MeetingDecision("由交警办理", "JJ", ["JJ"])
    with pytest.raises(InvalidInput) as error:
        await do(street, lambda tx: meetings.record_meeting_decision(tx, meeting, decision))
    assert {"leadOrganizationCode", "coOrganizationCodes.0"} <= paths(error)
    far = Viewer("far", "远示", (Grant(Role.STREET_DISPATCHER, "990101002000"),), uuid4())
    with pytest.raises(NotFound) as hidden:
        await street.run(lambda tx: meetings.record_meeting_decision(tx, meeting, decision), far)
    assert str(case_id) not in str(hidden.value)
    assert "Meeting" in hidden.value.english


async def test_what_is_mediated_or_names_the_reporter_is_never_promised_in_public(
    street: Street, service: ReadService
) -> None:
    dispute = await accepted(street, kind=CaseKind.DISPUTE)
    until = street.now.date() + timedelta(days=3)

    def promise(case_id: UUID, content: str, public: bool) -> Any:
        return lambda tx: promises.make(tx, case_id, content=content, due_on=until, public=public)

    with pytest.raises(StateConflict):
        await do(street, promise(dispute, "三日内调解", True))
    hidden = (await do(street, promise(dispute, "三日内调解", False))).record_id
    # As data of before this rule has it.
    await street.pool.execute("UPDATE promise SET public = true WHERE id = $1", hidden)
    plain = await accepted(street)
    with pytest.raises(InvalidInput) as error:
        await do(street, promise(plain, "三日内为沈例宽修好路灯", True))
    assert paths(error) == {"content"}
    named = (await do(street, promise(plain, "三日内为沈例宽修好路灯", False))).record_id
    assert named is not None
    with pytest.raises(StateConflict, match="names the reporter"):
        await do(street, lambda tx: promises.publish(tx, named))
    await do(street, promise(plain, "三日内修好路灯", True))
    stranger = await Desk(street, service, None).ask(PROMISES, viewer_of(street, "P018"))  # type: ignore[arg-type]
    assert [one["content"] for one in stranger["promises"]["nodes"]] == ["三日内修好路灯"]


async def test_nothing_is_registered_as_public_that_is_never_published(street: Street) -> None:
    for changes in (
        {"kind": CaseKind.DISPUTE},
        {"reporter": SECRET},
        {"visibility": CaseVisibility.RESTRICTED_SPECIAL},
        {"subject_person_id": person_id("P007")},
    ):
        with pytest.raises(InvalidInput) as error:
            await registered(street, public=True, **changes)
        assert paths(error) == {"public"}
    assert (await case_row(street, await registered(street, public=True)))["public"]


async def test_filters_answer_a_department_nothing_of_what_it_may_not_read(
    street: Street, service: ReadService
) -> None:
    await registered(street, reporter=SECRET)
    case_id = await dispatched(street, await accepted(street, reporter=SECRET))
    assert (await case_row(street, case_id))["reporter_repeats"] == 1
    desk = Desk(street, service, None)  # type: ignore[arg-type]
    for name in ("repeated", "closedButNotTold", "reviewDue"):
        for wanted in (True, False):
            seen = await desk.ask(COUNT, viewer_of(street, "CG"), filter={name: wanted})
            assert seen["cases"]["totalCount"] == 0, (name, wanted)
    staff = await desk.ask(COUNT, viewer_of(street, "吕示衡"), filter={"repeated": True})
    assert staff["cases"]["totalCount"] == 1


async def test_who_does_not_know_the_reporter_was_not_in_touch_with_them(street: Street) -> None:
    def touch(case_id: UUID) -> Any:
        return lambda tx: communications.record_communication(
            tx, case_id, kind=CommunicationKind.CONTACT, text="已电话联系"
        )

    plain = await dispatched(street, await accepted(street))
    secret = await dispatched(street, await accepted(street, reporter=SECRET))
    for case_id, who in ((plain, "JJ"), (secret, "CG"), (secret, "JJ")):
        with pytest.raises(NotPermitted):
            await do(street, touch(case_id), who)
        assert (await case_row(street, case_id))["first_contact_at"] is None
    await do(street, touch(plain), "CG")
    await do(street, touch(secret))


async def test_from_when_it_is_confidential_no_text_names_the_reporter_and_lifting_it_is_told(street: Street) -> None:
    case_id = await accepted(street)
    until = street.now.date() + timedelta(days=3)
    content = "为沈例宽修好路灯"
    made = await do(street, lambda tx: promises.make(tx, case_id, content=content, due_on=until))
    whistle_id = await blown_on(street, case_id, reason="沈例宽多次反映")

    def kept(confidential: bool) -> Any:
        return lambda tx: disclosure.set_disclosure(tx, case_id, confidential=confidential, reason="本人要求")

    await do(street, kept(True))
    assert not (await last_event(street, case_id))["public"]
    texts = [
        await street.pool.fetchval("SELECT content FROM promise WHERE id = $1", made.record_id),
        await street.pool.fetchval("SELECT reason FROM whistle WHERE id = $1", whistle_id),
    ]
    assert texts == ["为沈**修好路灯", "沈**多次反映"]
    await do(street, kept(False))
    assert (await last_event(street, case_id))["public"], "the reporter reads that departments may know"


async def test_a_childs_matter_stays_restricted_in_the_other_county(street: Street) -> None:
    far = await neighbour(street)
    case_id = await accepted(street, subject_person_id=person_id("P007"), title="小例无人照料")
    await blown_on(
        street, case_id, kind=WhistleKind.CROSS_AREA, partner_street_code=far.code,
        assemble_at=street.now + timedelta(days=2),
    )  # fmt: skip
    await Linker(street.pool, street.runner, SYSTEM, lambda: street.now).one_pass()
    there = await case_row_in(street, FAR, (await link(street, FAR))["case_id"])
    assert (there["visibility"], there["title"]) == ("RESTRICTED_MINOR", "跨区联合处置事项")


async def case_row_in(street: Street, county: int, case_id: UUID) -> Any:
    return await street.pool.fetchrow("SELECT * FROM case_file WHERE county_code = $1 AND id = $2", county, case_id)


def test_one_leaders_word_exports_nothing_of_another_street_or_part() -> None:
    here, there = "990101001000", "990101002000"
    viewer = Viewer(
        "two", "两示",
        (
            Grant(Role.STREET_DISPATCHER, here), Grant(Role.STREET_DISPATCHER, there),
            Grant(Role.STREET_LEADER, here, rank=LeaderRank.CHIEF), Grant(Role.GRID_CHIEF, "990101001003"),
        ),
    )  # fmt: skip
    seen = {(grant.role, grant.scope) for grant in exporting_viewer(viewer, here).grants}
    assert seen == {(Role.STREET_DISPATCHER, here), (Role.GRID_CHIEF, "990101001003")}


async def test_nobody_rates_or_counts_beyond_their_own_part(street: Street) -> None:
    case_id = await accepted(street)
    whistle_id = await blown_on(street, case_id)
    await street.pool.execute("UPDATE whistle SET state = 'CLOSED' WHERE id = $1", whistle_id)
    leader = street.viewer("吴示禾")
    both = Viewer(
        "both", "兼示",
        (Grant(Role.STREET_LEADER, f"{street.data.code[:6]}001000", rank=LeaderRank.CHIEF),
         *street.department_viewer("CG").grants),
        leader.account_id,
    )  # fmt: skip
    with pytest.raises(NotPermitted, match="act for"):
        await street.run(lambda tx: rate_department(tx, whistle_id, "CG", Scores(100, 100, 100)), both)
    narrow = Viewer("n", "窄示", (Grant(Role.STREET_LEADER, "990101001001", rank=LeaderRank.DEPUTY),))
    async with street.pool.acquire() as lent:
        assert await double_assessment(connection_of(lent), narrow, date(2026, 1, 1), date(2026, 12, 31)) is None


async def test_an_agent_of_work_that_ended_has_no_part_left(street: Street) -> None:
    case_id, main = await accepted(street, reporter=OTHER), await accepted(street)
    agent = street.viewer("周示岚").account_id
    await street.pool.execute("UPDATE case_file SET agent_id = $2 WHERE id = $1", case_id, agent)
    await do(street, lambda tx: merging.merge(tx, case_id, main_case_id=main, reason="同一事项"))
    await do(street, lambda tx: merging.unmerge(tx, case_id, reason="不是同一事项"))
    assert (await case_row(street, case_id))["agent_id"] is None
    done = await closed(street)
    await street.pool.execute("UPDATE case_file SET agent_id = $2 WHERE id = $1", done, agent)
    await do(street, lambda tx: reopening.reopen(tx, done, reason="未解决"))
    assert (await case_row(street, done))["agent_id"] is None
    assert (await messages(street, case_id))[-1] == "MERGED"


async def test_what_a_department_asked_for_is_its_own_until_it_moves_the_clock(
    street: Street, service: ReadService
) -> None:
    case_id = await accepted(street)
    parties = [PartyInput("CG", LEAD), PartyInput("JJ", CO)]
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=parties, duty_basis=BASIS))
    await do(
        street,
        lambda tx: extensions.request(
            tx, case_id, unit=DeadlineUnit.WORKING_DAY, amount=1, reason="当事人住院", evidence=None
        ),
        "CG",
    )
    desk = Desk(street, service, None)  # type: ignore[arg-type]

    async def seen(who: str | Viewer) -> list[Any]:
        viewer = who if isinstance(who, Viewer) else viewer_of(street, who)
        found = await desk.ask(EXTENSIONS, viewer, id=f"Case:{street.county}:{case_id}")
        return list(found["node"]["extensions"])

    assert [len(await seen(who)) for who in ("CG", "JJ", "吕示衡")] == [1, 0, 1]
    colleague = replace(
        street.viewer("张示远"), grants=(*street.viewer("张示远").grants, *street.department_viewer("CG").grants)
    )
    with pytest.raises(NotPermitted):
        await street.run(lambda tx: extensions.decide(tx, case_id, granted=True, text="同意"), colleague)
    await do(street, lambda tx: extensions.decide(tx, case_id, granted=True, text="同意"), "张示远")
    assert [one["decision"] for one in await seen("JJ")] == ["GRANTED"]
