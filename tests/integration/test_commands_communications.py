"""What the reporter is told 沟通记录, explained outcomes, settling on the spot, first receivers (J-21, S-01, S-06, S-11, S-18)."""

from datetime import timedelta
from uuid import UUID

import pytest

from shaodao.commands import cases
from shaodao.commands.communications import record_communication
from shaodao.commands.settling import settle_on_the_spot
from shaodao.demo.identifiers import account_id
from shaodao.domain.case_vocabulary import CommunicationKind
from shaodao.domain.errors import InvalidInput, NotFound, NotPermitted
from shaodao.domain.vocabulary import Channel, CloseKind, Urgency
from tests.integration.case_steps import (
    DISPATCHER,
    WORKER,
    Step,
    accepted,
    case_input,
    case_row,
    clock,
    dispatched,
    do,
    last_event,
    messages,
    only_row,
    paths,
    refused,
    registered,
    verifying,
)
from tests.integration.conftest import Street

EXPLAINED = CloseKind.EXPLAINED


def telling(case_id: UUID, kind: CommunicationKind = CommunicationKind.CONTACT, text: str = "已与诉求人通话。") -> Step:
    return lambda tx: record_communication(tx, case_id, kind=kind, text=text, channel="电话")


async def test_the_first_contact_stops_its_clock_and_the_log_goes_on(street: Street) -> None:
    """J-21: a matter that cannot be solved for now stays open with a communication log."""
    case_id = await accepted(street)
    first = street.now + timedelta(hours=1)
    street.now = first
    outcome = await do(street, telling(case_id, CommunicationKind.TIME_TOLD, "告知将于下周处理。"), WORKER)
    street.now += timedelta(hours=1)
    await do(street, telling(case_id))
    row = await case_row(street, case_id)
    assert (row["state"], row["first_contact_at"]) == ("ACCEPTED", first)
    contact = await clock(street, case_id, "CONTACT")
    assert (contact["state"], contact["stopped_at"]) == ("STOPPED", first)
    said = await only_row(street, "SELECT * FROM communication WHERE id = $1", outcome.record_id)
    assert (said["kind"], said["text"], said["channel"], said["at"]) == (
        "TIME_TOLD",
        "告知将于下周处理。",
        "电话",
        first,
    )
    event = await last_event(street, case_id)
    assert (event["text"], event["detail"]) == ("吕示衡与诉求人沟通（联系）", "已与诉求人通话。")
    faulty = await refused(
        street, case_id, InvalidInput,
        lambda tx: record_communication(tx, case_id, kind=CommunicationKind.CONTACT, text=" ", channel="x" * 51),
    )  # fmt: skip
    assert paths(faulty) == {"text", "channel"}
    await refused(street, case_id, NotFound, telling(case_id), "姜示序")


async def test_a_departments_communication_is_its_own(street: Street) -> None:
    case_id = await dispatched(street)
    outcome = await do(street, telling(case_id), "姜示序")
    said = await only_row(street, "SELECT organization_code FROM communication WHERE id = $1", outcome.record_id)
    assert said["organization_code"] == "CG"
    assert (await last_event(street, case_id))["organization_code"] == "CG"
    await refused(street, case_id, NotPermitted, telling(case_id), "孔示明")


async def test_nothing_closes_as_explained_before_it_was_explained(street: Street) -> None:
    """S-18: explanation text and time are required before such an outcome is accepted."""
    case_id = await verifying(street)
    close: Step = lambda tx: cases.close(tx, case_id, close_kind=EXPLAINED, result_text="客观上无法解决。")  # noqa: E731
    await do(street, telling(case_id))  # a contact explains nothing
    assert paths(await refused(street, case_id, InvalidInput, close)) == {"closeKind"}
    await do(street, telling(case_id, CommunicationKind.EXPLANATION, "受地质条件所限，暂不能施工。"))
    await do(street, close)
    row = await case_row(street, case_id)
    assert (row["close_kind"], row["explanation"]) == ("EXPLAINED", "受地质条件所限，暂不能施工。")
    own = await registered(street, WORKER)
    at_once: Step = lambda tx: cases.settle_at_once(tx, own, result_text="暂不能解决。", close_kind=EXPLAINED)  # noqa: E731
    assert paths(await refused(street, own, InvalidInput, at_once, WORKER)) == {"closeKind"}


async def test_a_session_settles_on_the_spot_in_one_step(street: Street) -> None:
    """S-06: problems settled on the spot in a session are recorded as cases closed on the spot."""
    given = case_input(channel=Channel.COURTYARD)
    outcome = await do(
        street,
        lambda tx: settle_on_the_spot(tx, given, result_text="当场协调移车。", close_kind=CloseKind.SOLVED),
        WORKER,
    )
    assert outcome.case_id is not None
    row = await case_row(street, outcome.case_id)
    assert (outcome.case_number, outcome.case_state) == (row["number"], "CLOSED")
    assert (row["state"], row["settled_on_the_spot"], row["settled_by_first_receiver"]) == ("CLOSED", True, True)
    assert (row["first_receiver_id"], row["channel_group"]) == (account_id(WORKER), "CADRE_ORDER")
    assert await messages(street, outcome.case_id) == ["RECEIPT", "RESULT"]
    text = await street.pool.fetchval("SELECT text FROM message WHERE case_id = $1 AND kind = 'RESULT'", row["id"])
    assert row["number"] in text
    assert (await clock(street, outcome.case_id, "FOLLOW_UP"))["state"] == "RUNNING"


async def test_what_cannot_be_settled_on_the_spot_is_not_kept(street: Street) -> None:
    given = case_input(channel=Channel.HOTLINE, urgency=Urgency.COMPLEX, category_code=None, title=" ")
    with pytest.raises(InvalidInput) as caught:
        await do(
            street, lambda tx: settle_on_the_spot(tx, given, result_text=" ", close_kind=EXPLAINED), WORKER
        )  # fmt: skip
    assert paths(caught) == {"channel", "categoryCode", "urgency", "resultText", "explanation", "title"}
    visit = case_input(channel=Channel.HOME_VISIT)
    with pytest.raises(NotPermitted):
        await do(
            street,
            lambda tx: settle_on_the_spot(tx, visit, result_text="已答复。", close_kind=CloseKind.ANSWERED),
            "姜示序",
        )
    assert await street.pool.fetchval("SELECT count(*) FROM case_file") == 0
    outcome = await do(
        street,
        lambda tx: settle_on_the_spot(
            tx, visit, result_text="暂不能解决。", close_kind=EXPLAINED, explanation="政策不允许，已当面说明。"
        ),
        WORKER,
    )
    said = await only_row(street, "SELECT kind, channel FROM communication WHERE case_id = $1", outcome.case_id)
    assert (said["kind"], said["channel"]) == ("EXPLANATION", "当面")


async def test_the_person_who_was_asked_first_is_stored_on_the_case(street: Street) -> None:
    """S-11: who answers the hotline may write down whom the resident had asked first; S-01: each case stores its group."""
    named = await registered(street, first_receiver_id=account_id(WORKER), channel=Channel.HOME_VISIT)
    assert (await case_row(street, named))["first_receiver_id"] == account_id(WORKER)
    own = await registered(street, DISPATCHER)
    archive = await registered(street, "尤示宁", channel=Channel.THREE_COLOR)
    receivers = [(await case_row(street, it))["first_receiver_id"] for it in (own, archive)]
    assert receivers == [account_id(DISPATCHER), account_id("尤示宁")]
    groups = [(await case_row(street, it))["channel_group"] for it in (own, named, archive)]
    assert groups == ["SELF_ORDER", "CADRE_ORDER", "ARCHIVE_ORDER"]
    # The named first receiver goes on as 首接人: settles it, or reports it up with an opinion (S-12, S-13).
    await do(
        street,
        lambda tx: cases.settle_at_once(tx, named, result_text="已答复。", close_kind=CloseKind.ANSWERED),
        WORKER,
    )
    for who, receiver in ((WORKER, account_id("吴示禾")), (DISPATCHER, UUID(int=7))):
        with pytest.raises(InvalidInput) as caught:
            await registered(street, who, first_receiver_id=receiver)
        assert paths(caught) == {"firstReceiverId"}
