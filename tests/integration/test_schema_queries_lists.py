"""Lists, filters and orders: what a dispatch board asks for, and mistakes that are told."""

from typing import Any

import pytest

from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street

CASES = "query ($filter: CaseFilter, $order: CaseOrder! = NEWEST) { cases(filter: $filter, orderBy: $order, first: 100) { nodes { number title state dueAt } } }"


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


async def numbers(desk: Desk, **filter: Any) -> set[int]:  # noqa: A002 - named as in the schema
    """The cases that meet a filter, by their numbers in the data file."""
    found = await desk.ask(CASES, filter=filter)
    return {int(row["number"][-4:]) for row in found["cases"]["nodes"]}


async def test_filters_of_a_dispatch_board(desk: Desk) -> None:
    assert await numbers(desk, states=["SUSPENDED"]) == {19}
    assert await numbers(desk, urgencies=["URGENT"]) >= {2, 4, 10, 14}
    assert await numbers(desk, category="A12") == {10, 11}
    assert await numbers(desk, channels=["SMS"]) == {27}
    assert await numbers(desk, grid="990101001001001") == {1, 12}
    assert await numbers(desk, organization="HS") == {10}
    assert await numbers(desk, open=True, dueBefore="2026-11-22T00:00:00+08:00") == {9, 23}
    assert await numbers(desk, openedFrom="2026-11-18T00:00:00+08:00") == {12}
    assert await numbers(desk, openedBefore="2026-10-12T00:00:00+08:00") == {1}
    assert await numbers(desk, text="僵尸 占道") == {1}
    assert await numbers(desk, text="没有的字") == set()
    assert await numbers(desk, reporterPhone="10000010014") == {1}
    assert await numbers(desk, open=True, dueWithinHours=24) == {9, 23}
    assert await numbers(desk, openedWithinHours=48) == {12}
    assert await numbers(desk, levels=["CITY"]) == set()


@pytest.mark.parametrize(
    ("division", "count"), [("990101000000", 27), ("990101001000", 27), ("990101001002", 9), ("990102000000", 0)]
)
async def test_a_division_of_any_level(desk: Desk, division: str, count: int) -> None:
    assert len(await numbers(desk, division=division)) == count


async def test_overdue_is_told_by_the_clock(desk: Desk) -> None:
    late = await numbers(desk, overdue=True)
    assert 15 in late  # handled after its due time
    assert 23 not in late  # its report came in before
    assert await numbers(desk, overdue=True, open=True) == set()


async def test_mine_is_what_i_reported(desk: Desk) -> None:
    query = "{ cases(filter: { mine: true }) { nodes { number } } }"
    found = await desk.ask(query, desk.people["resident"])
    assert [row["number"][-4:] for row in found["cases"]["nodes"]] == ["0001"]


async def test_closed_but_not_told_finds_who_was_not_told(desk: Desk) -> None:
    before = await numbers(desk, closedButNotTold=True)
    await desk.street.pool.execute(
        "UPDATE case_file SET state = 'CANCELLED', closed_at = now() WHERE number LIKE '%-0012'"
    )
    assert await numbers(desk, closedButNotTold=True) == before  # whoever took it back waits for no result
    await desk.street.pool.execute(
        "UPDATE message SET state = 'FAILED' WHERE kind = 'RESULT' AND case_id = (SELECT id FROM case_file WHERE number LIKE '%-0001')"
    )
    assert await numbers(desk, closedButNotTold=True) == before | {1}


async def test_orders(desk: Desk) -> None:
    async def dues(order: str) -> list[Any]:
        found = await desk.ask(CASES, filter={"open": True}, order=order)
        return [row["dueAt"] for row in found["cases"]["nodes"]]

    *known, suspended = await dues("DUE")
    assert known == sorted(known)
    assert suspended is None
    oldest = await desk.ask(CASES, order="OLDEST")
    newest = await desk.ask(CASES, order="NEWEST")
    assert oldest["cases"]["nodes"] == list(reversed(newest["cases"]["nodes"]))


async def test_the_urgent_stand_first(desk: Desk) -> None:
    query = "{ cases(orderBy: URGENCY, first: 100) { nodes { urgency dueAt } } }"
    found = [(row["urgency"], row["dueAt"] or "9") for row in (await desk.ask(query))["cases"]["nodes"]]
    rank = ["URGENT", "GENERAL", "COMPLEX"]
    assert found == sorted(found, key=lambda row: (rank.index(row[0]), row[1]))


@pytest.mark.parametrize(
    ("order", "field"),
    [("ACKNOWLEDGE_DUE", "acknowledgeDueAt"), ("ARRIVE_DUE", "arriveDueAt"), ("RESULT_DUE", "resultDueAt")],
)
async def test_an_inbox_is_ordered_by_what_is_owed_next(desk: Desk, order: str, field: str) -> None:
    query = f'{{ assignments(organization: "CG", orderBy: {order}) {{ nodes {{ {field} }} }} }}'
    found = (await desk.ask(query, desk.people["handler of CG"]))["assignments"]["nodes"]
    dues = [row[field] or "9" for row in found]
    assert dues == sorted(dues)


@pytest.mark.parametrize("order", ["DUE", "URGENCY"])
async def test_pages_go_on_without_loss(desk: Desk, order: str) -> None:
    query = f"query ($after: String) {{ cases(first: 10, after: $after, orderBy: {order}) {{ nodes {{ number }} pageInfo {{ hasNextPage endCursor }} }} }}"
    seen: list[str] = []
    after = None
    while True:
        page = (await desk.ask(query, after=after))["cases"]
        seen += [row["number"] for row in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert len(seen) == len(set(seen)) == 27


async def test_the_inbox_of_an_organization(desk: Desk) -> None:
    query = """query ($filter: AssignmentFilter) { assignments(organization: "CG", filter: $filter) {
      totalCount nodes { role state case { title } whistle { kind } availableActions { name allowed } } } }"""
    handler = desk.people["handler of CG"]
    whole = (await desk.ask(query, handler))["assignments"]
    open_ones = (await desk.ask(query, handler, filter={"open": True}))["assignments"]["nodes"]
    assert whole["totalCount"] == 6
    assert {row["case"]["title"] for row in open_ones} == {"望海里顶层违法搭建阳光房", "A区17号油烟扰民"}
    assert any(action["allowed"] for row in open_ones for action in row["availableActions"])


async def test_whistles_of_the_street(desk: Desk) -> None:
    query = "query ($filter: WhistleFilter) { whistles(filter: $filter) { nodes { kind state parties { role } } } }"
    found = (await desk.ask(query, filter={"open": True}))["whistles"]["nodes"]
    assert sorted(row["kind"] for row in found) == ["EMERGENCY", "JOINT_ENFORCEMENT"]
    assert (await desk.ask(query, filter={"organization": "HS"}))["whistles"]["nodes"][0]["kind"] == "EMERGENCY"


async def test_people_are_found_and_stay_masked(desk: Desk) -> None:
    query = """query ($filter: PersonFilter) { people(filter: $filter) { nodes { name phone idNumber age household { number members { name } } } } }"""

    async def names(**filter: Any) -> set[str]:  # noqa: A002 - named as in the schema
        return {row["name"] for row in (await desk.ask(query, filter=filter))["people"]["nodes"]}

    assert await names(archiveColors=["YELLOW"]) == {"吴例敏", "尤例松", "许例梅"}
    assert await names(careKinds=["CHILD_IN_NEED"]) == set()  # what is known of a child is found by nobody
    assert await names(text="孙例兰") == {"孙例兰"}
    assert await names(phone="10000010001") == {"孙例兰"}
    assert await names(minor=True) == {"王例小"}
    found = (await desk.ask(query, filter={"text": "孙例兰"}))["people"]["nodes"][0]
    assert (found["phone"], found["idNumber"], found["age"]) == ("100****0001", "990101********0021", 85)


async def test_a_point_leads_to_its_grid(desk: Desk) -> None:
    query = "query ($point: PointInput!) { gridAt(point: $point) { code worker { name } } }"
    point = {"longitude": 122.903, "latitude": 28.221}
    found = await desk.ask(query, point={**point, "crs": "CGCS2000"})
    assert found["gridAt"] == {"code": "990101001001001", "worker": {"name": "周示岚"}}
    assert (await desk.ask(query, point={"longitude": 1, "latitude": 1, "crs": "WGS84"}))["gridAt"] is None
    refused = await desk.refusal(query, point=point)
    assert refused == ("INVALID_INPUT", "point.crs: the coordinate system is missing")
    code, message = await desk.refusal(query, point={"longitude": 181, "latitude": 1, "crs": "WGS84"})
    assert (code, message.split(":")[0]) == ("INVALID_INPUT", "point.longitude")


async def test_similar_cases_lie_near(desk: Desk) -> None:
    query = "query ($near: NearInput!, $category: String) { similarCases(near: $near, category: $category) { nodes { number } } }"
    point = {"longitude": 122.903, "latitude": 28.221, "crs": "CGCS2000"}
    near = await desk.ask(query, near={**point, "radius": 100})
    assert [row["number"][-4:] for row in near["similarCases"]["nodes"]] == ["0012", "0001"]
    of_category = await desk.ask(query, near=point, category="A13")
    assert [row["number"][-4:] for row in of_category["similarCases"]["nodes"]] == ["0001"]
    assert (await desk.refusal(query, near={**point, "radius": 0}))[0] == "INVALID_INPUT"


async def test_a_deadline_is_explained(desk: Desk) -> None:
    query = "query ($id: ID!) { explainDeadline(id: $id) { kind lastDay explanation { text lines { kind day } } } }"
    found = (await desk.ask(query, id=desk.case(1)))["explainDeadline"]
    assert (found["kind"], found["lastDay"]) == ("HANDLING", "2026-10-15")
    assert "10月10日(周六)" in found["explanation"]["text"]  # a working day by substitution
    assert (await desk.ask(query, desk.people["nobody"], id=desk.case(1)))["explainDeadline"] is None
    assert (await desk.refusal(query, id="Grid:990101:990101001001001"))[0] == "INVALID_ID"


async def test_routing_is_explained_for_a_case_and_for_a_matter(desk: Desk) -> None:
    query = """query ($case: ID, $category: String, $grid: String, $text: String) {
      explainRouting(case: $case, category: $category, grid: $grid, text: $text) { lead { code } verdicts { code chosen reason } } }"""
    assert (await desk.ask(query, case=desk.case(1)))["explainRouting"]["lead"]["code"] == "CG"
    assert (await desk.ask(query, desk.people["resident"], case=desk.case(2)))["explainRouting"] is None
    assert (await desk.ask(query, desk.people["nobody"], text="油烟"))["explainRouting"] is None
    assert (await desk.refusal(query, category="Z99"))[0] == "INVALID_INPUT"
    assert (await desk.refusal(query, grid="x"))[0] == "INVALID_INPUT"
    assert (await desk.refusal(query, case=desk.case(1), text="油烟"))[0] == "INVALID_INPUT"


async def test_the_dictionary_tells_labels_in_order(desk: Desk) -> None:
    query = "query ($names: [String!]) { dictionary(names: $names) { name values { name label order } } }"
    [urgency] = (await desk.ask(query, names=["Urgency"]))["dictionary"]
    assert [(row["name"], row["label"], row["order"]) for row in urgency["values"]] == [
        ("URGENT", "急办", 0), ("GENERAL", "一般", 1), ("COMPLEX", "复杂", 2),
    ]  # fmt: skip
    assert len((await desk.ask(query))["dictionary"]) > 40
    assert (await desk.refusal(query, names=["Nothing"]))[0] == "INVALID_INPUT"


async def test_nodes_are_found_by_their_ids(desk: Desk) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Grid { name } } }"
    ids = ["Grid:990101:990101001001001", desk.case(1), "Division::990101001000", "Organization::CG", desk.case(99)]
    found = (await desk.ask(query, ids=ids))["nodes"]
    assert [row and row["__typename"] for row in found] == ["Grid", "Case", "Division", "Organization", None]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ cases(first: 0) { totalCount nodes { id } } }", "INVALID_PAGE"),
        ("{ cases(first: 0) { totalCount } }", "INVALID_PAGE"),
        ("{ cases(first: -1) { nodes { id } } }", "INVALID_PAGE"),
        ("{ cases(first: 1000000000) { nodes { id } } }", "INVALID_PAGE"),
        ('{ cases(after: "x") { nodes { id } } }', "INVALID_CURSOR"),
        ('{ cases(filter: { division: "99" }) { totalCount } }', "INVALID_INPUT"),
        ('{ cases(filter: { text: "，" }) { totalCount } }', "INVALID_INPUT"),
        ('{ cases(filter: { grid: "\\u0000" }) { totalCount } }', "INVALID_INPUT"),
        ("{ cases(filter: { openedWithinHours: 2147483647 }) { totalCount } }", "INVALID_INPUT"),
        ('{ explainRouting(category: "\\u0000") { verdicts { code } } }', "INVALID_INPUT"),
        ('{ node(id: "Case:990101:x") { id } }', "INVALID_ID"),
    ],
)
async def test_mistakes_are_told(desk: Desk, query: str, code: str) -> None:
    assert (await desk.refusal(query))[0] == code


async def test_a_mistake_names_where_it_stands(desk: Desk) -> None:
    nested = "{ cases { nodes { history(first: 0) { nodes { id } } } } }"
    assert (await desk.refusal(nested))[1].startswith("cases.nodes.history.first: ")
    assert (await desk.refusal('{ node(id: "Case:990101:x") { id } }'))[1].endswith("Case:990101:x")
    assert (await desk.refusal('{ nodes(ids: ["Case:990101:x"]) { id } }'))[1].endswith("Case:990101:x")


async def test_households_vessels_and_accounts_are_found(desk: Desk) -> None:
    query = """{
      households(filter: { grid: "990101001001002" }) { totalCount nodes { id number } }
      vessels(filter: { division: "990101001201" }) { totalCount nodes { id registration owner { name } } }
      ofTheCommunity: accounts(filter: { organization: "TT", role: DEPT_HANDLER }) { nodes { id name } }
      workers: accounts(filter: { role: GRID_WORKER }) { totalCount }
    }"""
    found = await desk.ask(query)
    assert found["households"]["totalCount"] == len(found["households"]["nodes"]) > 0
    assert found["vessels"]["totalCount"] == len(desk.street.data.vessels)
    assert [row["name"] for row in found["ofTheCommunity"]["nodes"]] == ["尤示宁"]
    assert found["workers"]["totalCount"] == 12
    of_a_resident = await desk.ask(
        "{ households { nodes { id } } vessels { totalCount } accounts { totalCount } }", desk.people["resident"]
    )
    assert of_a_resident["vessels"]["totalCount"] == of_a_resident["accounts"]["totalCount"] == 0
    assert len(of_a_resident["households"]["nodes"]) <= 1


async def test_a_cursor_of_another_list_is_refused(desk: Desk) -> None:
    found = await desk.ask("{ grids(first: 1) { pageInfo { endCursor } } }")
    query = "query ($after: String) { cases(after: $after) { nodes { id } } }"
    assert (await desk.refusal(query, after=found["grids"]["pageInfo"]["endCursor"]))[0] == "INVALID_CURSOR"
