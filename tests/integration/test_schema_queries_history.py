"""The details of a case's history 流转记录: for street staff and the organization that a step is about (C.7)."""

from schema.execution import ReadService
from schema.schema import build_schema
from tests.integration.asking import Desk, Services
from tests.integration.conftest import Street
from tests.integration.whistle_steps import arrived, assignment_of, blown

HISTORY = "query ($id: ID!) { node(id: $id) { ... on Case { history(first: 100) { nodes { type text detail } } } } }"


async def test_details_are_the_street_s_and_the_own_organization_s(street: Street) -> None:
    case_id, _ = await blown(street)
    await arrived(street, await assignment_of(street, case_id, "CG"), "CG")
    resident = street.resident("P014")
    await street.pool.execute("UPDATE case_file SET reporter_person_id = $2 WHERE id = $1", case_id, resident.person_id)
    desk = Desk(street, ReadService(build_schema()), Services(street))
    viewers = {
        "dispatcher": desk.dispatcher,
        "CG": street.department_viewer("CG"),
        "JJ": street.department_viewer("JJ"),
        "resident": resident,
    }
    details = {}
    for name, viewer in viewers.items():
        case = (await desk.ask(HISTORY, viewer, id=f"Case:{street.county}:{case_id}"))["node"]
        details[name] = {event["detail"] for event in case["history"]["nodes"]} - {None}
    came = "到场人员：姜示序"
    assert {name: came in seen for name, seen in details.items()} == {
        "dispatcher": True,
        "CG": True,
        "JJ": False,
        "resident": False,
    }
    assert details["resident"] == details["JJ"] == set()
