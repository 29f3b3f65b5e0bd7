"""Who sees what of the street: deny by default, and each role its part (reference C.7)."""

from typing import Any

import pytest

from schema.actions import MUTATIONS
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.whistle_machine import WHISTLE_MACHINE
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street

COUNTS = (
    "{ cases { totalCount } whistles { totalCount } people { totalCount } departments { name } organizations { code } }"
)
REPORTER = "query ($id: ID!) { node(id: $id) { ... on Case { confidential reporter { name phone } history { nodes { actorName } } } } }"
PARTS = """
query ($id: ID!) { node(id: $id) { ... on Case {
  assignments {
    state role notifiedAt acknowledgedAt persons arrivedAt late { arrive } organization { code }
    reports { fields measures } deadlines { kind } questions { text }
  }
  deadlines { kind organization { code } }
  messages { text }
  initialOpinion
} } }
"""
TASKS = "{ viewer { name roles { role scope rank } tasks(first: 50) { totalCount nodes { action case { title } } } } }"


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


async def counted(desk: Desk, who: str) -> tuple[int, int, int]:
    found = await desk.ask(COUNTS, desk.people[who])
    cases, whistles, people = (found[name]["totalCount"] for name in ("cases", "whistles", "people"))
    return cases, whistles, people


@pytest.mark.parametrize(
    ("who", "cases", "whistles", "people"),
    [
        ("dispatcher", 27, 7, 24),
        ("deputy leader", 27, 7, 24),
        ("grid worker", 2, 1, 1),
        ("follow-up caller", 15, 4, 0),
        ("handler of CG", 6, 2, 0),
        ("resident", 1, 0, 1),
        ("nobody", 0, 0, 0),
    ],
)
async def test_each_sees_their_part_of_the_street(desk: Desk, who: str, cases: int, whistles: int, people: int) -> None:
    assert await counted(desk, who) == (cases, whistles, people)


async def test_the_county_office_sees_what_it_was_told_of(desk: Desk) -> None:
    cases, _, people = await counted(desk, "county office")
    assert 0 < cases < 27
    assert people == 0


async def test_nobody_sees_nothing_but_the_time(desk: Desk) -> None:
    found = await desk.ask(
        "{ viewer { name } serverTime divisions { code } grids { totalCount } categories { code } }",
        desk.people["nobody"],
    )
    assert found == {
        "viewer": None, "serverTime": "2026-11-20T10:00:00+08:00", "divisions": [], "grids": {"totalCount": 0}, "categories": [],
    }  # fmt: skip


async def test_a_resident_sees_no_staff_phones_and_no_departments(desk: Desk) -> None:
    query = "{ departments { name } organizations { dutyPhone } grids { nodes { worker { name workPhone login } } } }"
    found = await desk.ask(query, desk.people["resident"])
    assert found["departments"] == []
    assert {row["dutyPhone"] for row in found["organizations"]} == {None}
    workers = [row["worker"] for row in found["grids"]["nodes"]]
    assert "周示岚" in {worker["name"] for worker in workers}
    assert {(worker["workPhone"], worker["login"]) for worker in workers} == {(None, None)}


async def test_a_resident_sees_the_own_case_with_its_public_history_alone(desk: Desk) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on Case { title history(first: 100) { totalCount nodes { public } } assignments { state } } } }"
    own = (await desk.ask(query, desk.people["resident"], id=desk.case(1)))["node"]
    whole = (await desk.ask(query, id=desk.case(1)))["node"]
    assert own["assignments"] == []
    assert {row["public"] for row in own["history"]["nodes"]} == {True}
    assert own["history"]["totalCount"] < whole["history"]["totalCount"]
    assert (await desk.ask(query, desk.people["resident"], id=desk.case(2)))["node"] is None


async def test_a_confidential_reporter_never_reaches_a_department(desk: Desk) -> None:
    await desk.street.pool.execute("UPDATE case_file SET confidential = true WHERE number LIKE '%-0001'")
    handler = desk.people["handler of CG"]
    hidden = (await desk.ask(REPORTER, handler, id=desk.case(1)))["node"]
    assert hidden["reporter"] is None
    assert (await desk.ask(REPORTER, id=desk.case(1)))["node"]["reporter"]["phone"] == "100****0014"
    guess = "query ($phone: String!) { cases(filter: { reporterPhone: $phone }) { totalCount } }"
    assert (await desk.ask(guess, phone="10000010014"))["cases"]["totalCount"] == 1
    assert (await desk.ask(guess, handler, phone="10000010014"))["cases"]["totalCount"] == 0


async def test_an_open_reporter_reaches_the_department_masked(desk: Desk) -> None:
    found = (await desk.ask(REPORTER, desk.people["handler of CG"], id=desk.case(1)))["node"]
    assert found["reporter"]["phone"] == "100****0014"


async def test_a_restricted_minor_is_hidden_below_the_street(desk: Desk) -> None:
    names = "{ people(first: 100) { nodes { name visibility } } }"
    worker = desk.street.viewer("韩示屿")  # of the grid in which the child lives
    seen = {row["name"] for row in (await desk.ask(names, worker))["people"]["nodes"]}
    assert "王例福" in seen
    assert "王例小" not in seen
    assert "王例小" in {row["name"] for row in (await desk.ask(names))["people"]["nodes"]}


def of_organization(found: Any, code: str) -> Any:
    [row] = [row for row in found["node"]["assignments"] if row["organization"]["code"] == code]
    return row


async def test_a_department_sees_of_the_others_names_and_states_alone(desk: Desk) -> None:
    found = await desk.ask(PARTS, desk.people["handler of CG"], id=desk.case(1))
    own, other = of_organization(found, "CG"), of_organization(found, "JJ")
    assert own["acknowledgedAt"] == "2026-10-09T10:41:00+08:00"
    assert own["reports"] != []
    assert (other["state"], other["role"]) == ("RELEASED", "CO") or other["state"] == "VERIFIED"
    assert [other[name] for name in ("acknowledgedAt", "persons", "arrivedAt", "late")] == [None] * 4
    assert [other[name] for name in ("reports", "deadlines", "questions")] == [[], [], []]
    clocks = {row["organization"] and row["organization"]["code"] for row in found["node"]["deadlines"]}
    assert clocks <= {None, "CG"}
    assert found["node"]["messages"] == []
    assert found["node"]["initialOpinion"] is None


async def test_the_street_sees_every_department_whole(desk: Desk) -> None:
    found = await desk.ask(PARTS, id=desk.case(1))
    assert all(row["acknowledgedAt"] and row["reports"] for row in found["node"]["assignments"])


async def test_tasks_are_those_that_the_viewer_may_do(desk: Desk) -> None:
    actions = {}
    for who, viewer in desk.people.items():
        found = (await desk.ask(TASKS, viewer))["viewer"]
        actions[who] = {row["action"] for row in found["tasks"]["nodes"]} if found else set()
    # Case 19's review came due at 08:30, and ZJ is late in case 9, as the county knows.
    assert actions["dispatcher"] == {"DISPATCH", "VERIFY", "REVIEW_SUSPENSION", "URGE"}
    assert actions["county office"] == {"URGE"}
    assert actions["follow-up caller"] == {"CALL"}
    assert actions["handler of CG"] == {"REPORT"}
    assert actions["resident"] == actions["nobody"] == set()


async def test_a_whistle_waits_for_a_leader_of_sufficient_rank_who_did_not_draft_it(desk: Desk) -> None:
    await desk.street.pool.execute(
        "UPDATE whistle SET state = 'PENDING_APPROVAL', kind = 'ROUTINE' WHERE number LIKE '%-0006-W1'"
    )
    waits = (
        "{ viewer { tasks(filter: { actions: [APPROVE] }) { nodes { whistle { number } organization { code } } } } }"
    )

    async def waiting(who: str) -> int:
        return len((await desk.ask(waits, desk.people[who]))["viewer"]["tasks"]["nodes"])

    assert [await waiting(who) for who in ("link leader", "deputy leader", "chief leader")] == [0, 1, 1]
    await desk.street.pool.execute("UPDATE whistle SET kind = 'CAMPAIGN' WHERE number LIKE '%-0006-W1'")
    assert [await waiting(who) for who in ("link leader", "deputy leader", "chief leader")] == [0, 0, 1]
    await desk.street.pool.execute(
        "UPDATE whistle SET drafted_by = (SELECT id FROM accounts WHERE name = '孔示明') WHERE number LIKE '%-0006-W1'"
    )
    assert await waiting("chief leader") == 0


async def test_available_actions_say_what_the_viewer_may_do(desk: Desk) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on Case { availableActions { name allowed reason } } } }"
    dispatcher = (await desk.ask(query, id=desk.case(9)))["node"]["availableActions"]
    handler = (await desk.ask(query, desk.street.department_viewer("ZJ"), id=desk.case(9)))["node"]["availableActions"]
    assert {row["name"]: row["allowed"] for row in dispatcher}["classifyCase"] is True
    assert "classifyCase" not in {row["name"] for row in handler}
    assert all(row["reason"] for row in handler if not row["allowed"])


async def test_what_a_case_waits_for(desk: Desk) -> None:
    query = """query ($id: ID!) { node(id: $id) { ... on Case {
      state waitingOn { organization { code } since dutyPhone } whistles { waitingOn { organization { code } } }
      assignments { organization { code } waitingOn { organization { code } } }
    } } }"""
    found = (await desk.ask(query, id=desk.case(9)))["node"]
    assert found["waitingOn"]["organization"]["code"] == "ZJ"
    assert found["waitingOn"]["dutyPhone"] == "10000020005"
    assert found["whistles"][0]["waitingOn"]["organization"]["code"] == "ZJ"
    assert of_organization({"node": found}, "PS")["waitingOn"]["organization"]["code"] == "JD"
    verifying = (await desk.ask(query, id=desk.case(23)))["node"]
    assert (verifying["state"], verifying["waitingOn"]["organization"]["code"]) == ("VERIFYING", "JD")
    assert (await desk.ask(query, id=desk.case(1)))["node"]["waitingOn"] is None


def test_every_action_of_the_machines_is_a_mutation(desk: Desk) -> None:
    mutation = desk.service.graphql.mutation_type
    assert mutation is not None
    for machine in (CASE_MACHINE, WHISTLE_MACHINE, ASSIGNMENT_MACHINE):
        assert set(MUTATIONS[machine.name]) == {step.action for step in machine.steps}
        assert set(MUTATIONS[machine.name].values()) <= set(mutation.fields)
