"""Extension, suspension and pause through the API (C.5 rules 7 to 10, explainDeadline): who sees what, and typed refusals."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schema.ids import GlobalId
from shaodao.commands import extensions, verifications
from shaodao.commands.objections import Ruling, decide_objection, raise_objection
from shaodao.delivery.desks import Desks
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.vocabulary import ObjectionReason, VerificationMethod
from shaodao.plugin import Desk, Event, ExtensionDecided
from tests.integration import whistle_steps
from tests.integration.case_steps import dispatched
from tests.integration.conftest import Street
from tests.integration.delivering import Deliveries, Recorder, serve, work_off
from tests.integration.file_steps import intake_of
from tests.integration.graphql_street import GraphQLStreet, graphql_of
from tests.integration.test_commands_suspensions import handling
from tests.integration.whistle_steps import viewer_of

SEEN = """query ($id: ID!) { node(id: $id) { ... on Case {
  state dueAt
  extensions { unit amount reason approver decision decidedBy { name } requestedBy { name } dueBefore dueAfter toldReporterAt }
  suspensions { kind reason interimMeasure reviewCycleDays reviewDueAt plannedResume approvedBy { name } resumedAt }
  pauses { reasonKind procedure pausedAt resumedAt pausedBy { name } }
  availableActions { name allowed }
} } explainDeadline(id: $id) { explanation { text lines { kind } } } }"""


@pytest.fixture
def api(street: Street) -> GraphQLStreet:
    return graphql_of(street)


def id_of(street: Street, case_id: UUID) -> str:
    return str(GlobalId("Case", street.county, str(case_id)))


async def seen(api: GraphQLStreet, case_id: UUID, who: str) -> Any:
    return await api.query(viewer_of(api.street, who), SEEN, id=id_of(api.street, case_id))


async def test_an_extension_through_the_api_and_who_sees_who_decided(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await dispatched(street, who="P014")
    case = id_of(street, case_id)
    await api.done(
        viewer_of(street, "CG"), "requestExtension", caseId=case, unit="WORKING_DAY", amount=5, reason="需安置承租人"
    )
    waiting = await seen(api, case_id, "张示远")
    assert {"name": "decideExtension", "allowed": True} in waiting["node"]["availableActions"]
    await api.done(viewer_of(street, "张示远"), "decideExtension", caseId=case, granted=True, text="同意")

    staff, resident = await seen(api, case_id, "吕示衡"), await seen(api, case_id, "P014")
    [told] = resident["node"]["extensions"]
    assert (told["approver"], told["decision"], told["decidedBy"], told["reason"]) == (
        "STREET_DEPUTY", "GRANTED", None, "需安置承租人",
    )  # fmt: skip
    assert datetime.fromisoformat(told["dueAfter"]) == datetime(2026, 12, 5, tzinfo=SHANGHAI)
    [known] = staff["node"]["extensions"]
    assert (known["decidedBy"]["name"], known["toldReporterAt"] is not None) == ("张示远", True)
    to_resident, to_staff = (answer["explainDeadline"]["explanation"]["text"] for answer in (resident, staff))
    assert "街道分管领导准予延期5个工作日" in to_resident
    assert "张示远" not in to_resident
    assert "街道分管领导张示远准予延期5个工作日" in to_staff
    department = await seen(api, case_id, "CG")
    assert "张示远" not in department["explainDeadline"]["explanation"]["text"]


async def test_a_suspension_and_a_pause_through_the_api(api: GraphQLStreet) -> None:
    """J-21, S-18: what the reporter reads of it, and the typed refusal of a suspension without a review date."""
    street = api.street
    case_id = await handling(street, who="P014")
    case, deputy, dispatcher = id_of(street, case_id), viewer_of(street, "张示远"), viewer_of(street, "吕示衡")
    pausing = {"caseId": case, "reasonKind": "STATUTORY_PROCEDURE", "reason": "委托检测"}
    refused = await api.act(dispatcher, "pauseDeadline", **pausing)
    assert [fault["path"] for fault in refused["faults"]] == ["procedure"]
    await api.done(dispatcher, "pauseDeadline", **pausing, procedure="TESTING")
    await api.done(dispatcher, "resumeDeadline", caseId=case, reason="报告已出")

    waiting = {"caseId": case, "kind": "ENGINEERING", "reason": "列入改造计划", "interimMeasure": "配备移动泵"}
    undated = await api.act(deputy, "suspendCase", **waiting)
    assert (undated["__typename"], undated["faults"][0]["path"]) == ("InvalidInput", "reviewCycleDays")
    done = await api.done(deputy, "suspendCase", **waiting, reviewCycleDays=30, plannedResume="2027-04-30")
    assert done["outcome"]["caseState"] == "SUSPENDED"
    await api.done(dispatcher, "reviewSuspension", caseId=case, text="尚未开工")

    read = (await seen(api, case_id, "P014"))["node"]
    assert (read["dueAt"], read["suspensions"][0]["interimMeasure"]) == (None, "配备移动泵")
    assert (read["suspensions"][0]["approvedBy"], read["pauses"][0]["pausedBy"]) == (None, None)
    assert read["pauses"][0]["procedure"] == "TESTING"
    closed = await api.act(deputy, "shortenDeadline", caseId=case, dueAt="2026-11-25T00:00:00+08:00", reason="急")
    assert closed["__typename"] == "StateConflict"
    resumed = await api.done(dispatcher, "resumeCase", caseId=case, reason="资金到位")
    assert resumed["outcome"]["caseState"] == "HANDLING"


async def test_a_resident_reads_that_redispatch_and_rework_reset_no_clock(api: GraphQLStreet) -> None:
    """C.9 point 6: on Friday at 12:00 the lead is handed on, on Monday its report comes back; the due stays."""
    street = api.street
    case_id = await dispatched(street, who="P014")
    before = (await seen(api, case_id, "P014"))["node"]["dueAt"]
    first, reason = await whistle_steps.assignment_of(street, case_id, "CG"), ObjectionReason.NOT_OUR_DUTY
    await whistle_steps.do(street, lambda tx: raise_objection(tx, first, reason_kind=reason, text="已划转"), "CG")
    ruling = Ruling(True, "情况属实", "HB", "环境保护")
    await whistle_steps.do(street, lambda tx: decide_objection(tx, first, ruling), after=timedelta(hours=2))
    second = await whistle_steps.assignment_of(street, case_id, "HB")
    await whistle_steps.reported(street, second, "HB")
    on_site = VerificationMethod.ON_SITE
    await whistle_steps.do(
        street, lambda tx: verifications.return_report(tx, second, on_site, "仍有1辆"), after=timedelta(days=3)
    )
    read = await seen(api, case_id, "P014")
    assert read["node"]["dueAt"] == before
    text = read["explainDeadline"]["explanation"]["text"]
    assert "2026年11月20日(周五)12:00改派其他单位办理，时限接续计算，不重新起算" in text
    assert "2026年11月23日(周一)12:00办理结果被退回重办，时限接续计算，不重新起算" in text


async def test_others_see_nothing_of_it(api: GraphQLStreet) -> None:
    street = api.street
    case_id = await dispatched(street, who="P014")
    await whistle_steps.do(
        street,
        lambda tx: extensions.request(tx, case_id, unit=DeadlineUnit.WORKING_DAY, amount=1, reason="待料"),
        "CG",
    )
    for who in ("MZ", "曹示度"):
        assert (await seen(api, case_id, who))["node"] is None
    beyond = await dispatched(street)
    await whistle_steps.do(
        street,
        lambda tx: extensions.request(tx, beyond, unit=DeadlineUnit.WORKING_DAY, amount=9, reason="待料"),
        "CG",
    )
    county = (await seen(api, beyond, "曹示度"))["node"]
    assert county["extensions"][0]["approver"] == "COUNTY_GRID_OFFICE"
    assert {"name": "decideExtension", "allowed": True} in county["availableActions"]


async def test_a_department_asks_by_its_desk_and_hears_the_decision(street: Street) -> None:
    """C.4, what a plugin hears: a decided extension, with the new due of its result."""
    heard: list[ExtensionDecided] = []

    async def listen(event: Event, desk: Desk) -> None:
        assert isinstance(event, ExtensionDecided)
        assert desk.view.deadlines.result == event.due_at
        heard.append(event)

    deliveries = serve(street, Recorder("city", ("CG",), listen))
    case_id = await dispatched(street)
    desk = await desk_of(street, case_id, deliveries)
    await desk.request_extension(DeadlineUnit.WORKING_DAY, 2, "待料")
    await whistle_steps.do(street, lambda tx: extensions.decide(tx, case_id, granted=True, text="同意"), "张示远")
    await work_off(deliveries.courier())
    [event] = heard
    assert (event.granted, event.reason) == (True, "同意")
    assert event.due_at == datetime(2026, 12, 2, tzinfo=SHANGHAI)


async def desk_of(street: Street, case_id: UUID, deliveries: Deliveries) -> Desk:
    """The desk of CG's assignment, opened by its department outside a hook."""
    desks = Desks(street.pool, street.runner, deliveries.departments, lambda: street.now, intake_of(street))
    host = desks.host_of(deliveries.departments.declarations[0])
    return await host.desk(await whistle_steps.assignment_of(street, case_id, "CG"))
