"""What the reporter and other departments read of the history: who did what, and never the reasons behind it (C.7)."""

from collections.abc import Sequence
from uuid import UUID

from shaodao.commands import assignments, cases, reports, verifications, whistle_closing, whistle_parties
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.follow_ups import FollowUpInput, rate_result, record_follow_up
from shaodao.domain.vocabulary import (
    CloseKind,
    MessageKind,
    NotAcceptedReason,
    Satisfaction,
    SolvedLevel,
    Urgency,
    VerificationMethod,
)
from tests.integration.conftest import Street
from tests.integration.whistle_steps import (
    BASIS,
    CHIEF,
    CO,
    LEAD,
    accepted,
    arrived,
    assignment_of,
    blown,
    do,
    registered,
    report_input,
    row,
    verified,
)

ON_SITE = VerificationMethod.ON_SITE
INTERNAL = "内部说明不外传"


async def spoken(street: Street, case_id: UUID, types: Sequence[str] = ()) -> list[tuple[str, str | None]]:
    """Text and detail of the case's events, of these types if any are named."""
    rows = await street.pool.fetch("SELECT type, text, detail FROM case_event WHERE case_id = $1 ORDER BY seq", case_id)
    return [(each["text"], each["detail"]) for each in rows if not types or each["type"] in types]


async def test_public_sentences_hold_no_reasons_names_or_measures(street: Street) -> None:
    case_id, whistle_id = await blown(street, duty_basis=INTERNAL)
    lead, other = await assignment_of(street, case_id, "CG"), await assignment_of(street, case_id, "JJ")
    await do(street, lambda tx: whistle_parties.add_department(tx, whistle_id, PartyInput("GA", CO), INTERNAL), CHIEF)
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX, reason=INTERNAL))
    await do(street, lambda tx: assignments.acknowledge(tx, lead, for_person=INTERNAL))
    await do(street, lambda tx: assignments.arrive(tx, lead, for_person=INTERNAL))
    given = reports.ProgressInput(INTERNAL)
    await do(street, lambda tx: reports.report_progress(tx, lead, given), "CG")
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now, measures=INTERNAL)), "CG")
    await do(street, lambda tx: verifications.return_report(tx, lead, ON_SITE, INTERNAL))
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now, measures=INTERNAL)), "CG")
    await do(street, lambda tx: verifications.verify(tx, lead, ON_SITE, INTERNAL))
    await verified(street, other, "JJ")
    await verified(street, await assignment_of(street, case_id, "GA"), "GA")
    await do(street, lambda tx: whistle_closing.close(tx, whistle_id, INTERNAL, CloseKind.SOLVED))
    call = FollowUpInput("PHONE", True, True, SolvedLevel.UNSOLVED, Satisfaction.DISSATISFIED, INTERNAL)
    await do(street, lambda tx: record_follow_up(tx, case_id, call), "毛示访")
    events = await spoken(street, case_id)
    assert [text for text, _ in events if INTERNAL in text or "姜示序" in text] == []
    assert sum(INTERNAL in (detail or "") for _, detail in events) == 12
    assert ("临澜区综合行政执法局(城管)望潮中队反馈解决", INTERNAL) in events
    assert ("毛示访回访", f"未解决，不满意，{INTERNAL}") in events


async def test_a_dispatch_tells_its_basis_to_staff_alone(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS))
    [(text, detail)] = await spoken(street, case_id, ["dispatchCase"])
    assert BASIS not in text
    assert detail == f"依据：{BASIS}"


async def test_who_came_is_the_street_s_and_the_organization_s_to_know(street: Street) -> None:
    case_id, _ = await blown(street)
    await arrived(street, await assignment_of(street, case_id, "CG"), "CG")
    [(text, detail)] = await spoken(street, case_id, ["acknowledgeAssignment"])
    assert text.endswith("应哨")
    assert detail == "到场人员：姜示序"


async def test_closing_a_dispatched_case_tells_its_departments_how(street: Street) -> None:
    case_id = await accepted(street)
    await do(street, lambda tx: cases.dispatch(tx, case_id, parties=[PartyInput("CG", LEAD)], duty_basis=BASIS))
    lead = await assignment_of(street, case_id, "CG")
    await do(street, lambda tx: assignments.acknowledge(tx, lead, ["姜示序"]), "CG")
    await do(street, lambda tx: reports.report_result(tx, lead, report_input(tx.now)), "CG")
    await do(street, lambda tx: verifications.verify(tx, lead, ON_SITE, "已清移"))
    await do(street, lambda tx: cases.close(tx, case_id, close_kind=CloseKind.SOLVED, result_text="已清移。"))
    payload = await street.pool.fetchval("SELECT payload FROM case_event WHERE type = 'closeCase'")
    assert '"close_kind": "SOLVED"' in payload


async def told(street: Street, case_id: UUID, kind: MessageKind) -> str:
    """The newest message of the kind to the reporter."""
    statement = "SELECT text FROM message WHERE case_id = $1 AND kind = $2 AND organization_code IS NULL ORDER BY id DESC LIMIT 1"
    return str(await street.pool.fetchval(statement, case_id, str(kind)))


async def test_a_second_refusal_offers_no_objection(street: Street) -> None:
    case_id = await registered(street)

    async def refuse() -> str:
        reason = NotAcceptedReason.REPEAT_NO_NEW
        await do(street, lambda tx: cases.refuse(tx, case_id, reason=reason, explanation="无新情况。"))
        return await told(street, case_id, MessageKind.NOT_ACCEPTED)

    assert "可提出一次异议" in await refuse()
    await do(street, lambda tx: cases.object_to_refusal(tx, case_id, text="车辆又增加了。"))
    assert "异议" not in await refuse()


async def test_the_acceptance_tells_the_day_by_the_new_class(street: Street) -> None:
    case_id = await registered(street)
    await do(street, lambda tx: cases.classify(tx, case_id, urgency=Urgency.COMPLEX))
    await do(street, lambda tx: cases.accept(tx, case_id))
    assert "预计12月4日前办结" in await told(street, case_id, MessageKind.ACCEPTED)


async def test_a_rating_is_no_public_sentence(street: Street) -> None:
    satisfaction = Satisfaction.SATISFIED
    case_id, whistle_id = await blown(street, parties=[PartyInput("CG", LEAD)])
    await verified(street, await assignment_of(street, case_id, "CG"), "CG")
    await do(street, lambda tx: whistle_closing.close(tx, whistle_id, "已清移。", CloseKind.SOLVED))
    resident = street.resident("P014")
    await street.pool.execute("UPDATE case_file SET reporter_person_id = $2 WHERE id = $1", case_id, resident.person_id)
    await do(street, lambda tx: rate_result(tx, case_id, satisfaction=satisfaction), "P014")
    assert await spoken(street, case_id, ["rateResult"]) == [("诉求人评价办理结果", satisfaction.label)]
    assert (await row(street, "case_file", case_id))["state"] == "CLOSED"
