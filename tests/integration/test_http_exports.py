"""Exports over HTTP (C.7 guardrail 3): a second person, a reason, a watermark; rows and masks are the requester's, now."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from python_calamine import CalamineWorkbook

from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Api, copied, execute, logged, opened, settings_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHHELD = "（限制导出）"
CHIEF, LEADER, WORKER = "尤示宁", "张示远", "周示岚"
REQUEST = """
mutation ($input: RequestExportInput!) { requestExport(input: $input) { __typename
  ... on Problem { code message } ... on InvalidInput { faults { path } }
  ... on ExportPayload { export { id what filter decision path } } } }
"""
DECIDE = """
mutation ($input: DecideExportInput!) { decideExport(input: $input) { __typename
  ... on Problem { code } ... on InvalidInput { faults { path } } ... on ExportPayload { export { decision downloads path } } } }
"""
EXPORTS = "{ exports(first: 50) { nodes { id reason downloads decision requester { name } path } } }"
REGISTER = (
    "mutation ($input: RegisterCaseInput!) { registerCase(input: $input) { __typename ... on Problem { message } } }"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        for grid, title in (("990101001001001", "=望海里路灯"), ("990101001002001", "槐荫里井盖")):
            await mutate(made, REGISTER, {
                "kind": "COMPLAINT", "channel": "HOTLINE", "title": title, "gridCode": grid, "idempotencyKey": title,
                "description": "请回电 10000010014", "reporter": {"name": "沈例宽", "phone": "10000010014"},
            })  # fmt: skip
        yield made


async def mutate(api: Api, document: str, given: dict[str, Any], who: str = DISPATCHER) -> dict[str, Any]:
    answer = await api.ask(document, {"input": given}, who=who)
    [payload] = answer.json()["data"].values()
    return dict(payload)


async def requested(api: Api, key: str, who: str = DISPATCHER, **given: Any) -> dict[str, Any]:
    asked = {"idempotencyKey": key, "what": "CASES", "format": "CSV", "reason": "月度研判 内部"} | given
    return await mutate(api, REQUEST, asked, who)


async def decided(api: Api, export: str, who: str = LEADER, decision: str = "GRANTED", **given: Any) -> dict[str, Any]:
    asked = {"idempotencyKey": f"{export}{who}{decision}", "exportId": export, "decision": decision, **given}
    return await mutate(api, DECIDE, asked, who)


async def granted(api: Api, key: str, who: str = DISPATCHER, **given: Any) -> str:
    export: str = (await requested(api, key, who, **given))["export"]["id"]
    assert (await decided(api, export))["export"]["decision"] == "GRANTED"
    return export


async def fetched(api: Api, name: str, who: str = DISPATCHER) -> httpx.Response:
    return await api.client.get(f"/exports/{name}", headers={"authorization": f"Bearer {api.token(who)}"})


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_list_of_cases_leaves_with_watermark_and_masks(api: Api) -> None:
    export = await granted(api, "cases", cases={"urgencies": ["GENERAL"], "openedFrom": "2026-01-01T00:00:00+08:00"})
    answer = await fetched(api, f"{export}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    first, headings, *rows, last = rows_of(answer)
    for word in ("吕示衡（lyu.shiheng）", "审批人：张示远", "用途：月度研判 内部"):
        assert word in first[0]
        assert word in last[0]
    assert last[0].startswith("共2行。")
    found = [dict(zip(headings, row, strict=True)) for row in rows]
    assert [row["标题"] for row in found] == ["槐荫里井盖", "'=望海里路灯"]
    assert (found[0]["诉求人"], found[0]["诉求人电话"], found[0]["内容"]) == (
        "沈**",
        "100****0014",
        "请回电 100****0014",
    )
    assert (found[0]["状态"], found[0]["渠道"]) == ("已登记", "便民热线")


async def test_each_download_is_counted_and_shown(api: Api) -> None:
    export = await granted(api, "counted")
    for _ in range(2):
        await fetched(api, f"{export}.csv")
    for who, path in ((DISPATCHER, f"/exports/{export}.csv"), (LEADER, None)):
        nodes = (await api.ask(EXPORTS, who=who)).json()["data"]["exports"]["nodes"]
        [shown] = [node for node in nodes if node["id"] == export]
        assert (shown["downloads"], shown["requester"]["name"], shown["path"]) == (2, DISPATCHER, path)
    assert (await api.ask(EXPORTS, who=WORKER)).json()["data"]["exports"]["nodes"] == []


async def test_people_as_a_workbook_with_masked_numbers(api: Api) -> None:
    export = await granted(api, "people", what="PEOPLE", format="XLSX", people={"residenceKinds": ["REGISTERED"]})
    answer = await fetched(api, f"{export}.xlsx")
    assert answer.status_code == 200
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    people = [dict(zip(rows[1], row, strict=True)) for row in rows[2:-1]]
    assert people
    assert all(str(person["公民身份号码"])[6:14] in ("********", "") for person in people)
    assert all("****" in str(person["电话"]) or person["电话"] in ("", WITHHELD) for person in people)
    assert any(person["住址"] == WITHHELD for person in people), "a child's address leaves the platform with nobody"
    assert "出生日期" not in rows[1]
    assert (await fetched(api, f"{export}.csv")).status_code == 404


async def test_a_grid_chief_gets_the_own_community_alone(api: Api) -> None:
    export = await granted(api, "chief", CHIEF)
    rows = rows_of(await fetched(api, f"{export}.csv", CHIEF))
    assert [row[3] for row in rows[2:-1]] == ["'=望海里路灯"]


async def test_the_requester_alone_and_only_when_it_is_granted(api: Api) -> None:
    export = (await requested(api, "waiting"))["export"]["id"]
    assert (await fetched(api, f"{export}.csv")).status_code == 403
    refused = await decided(api, export, decision="REFUSED")
    assert [fault["path"] for fault in refused["faults"]] == ["reason"]
    assert (await decided(api, export, DISPATCHER))["code"] == "NOT_PERMITTED"
    assert (await decided(api, export, WORKER))["code"] == "NOT_FOUND"
    assert (await decided(api, export))["export"]["decision"] == "GRANTED"
    assert (await decided(api, export, "孔示明"))["code"] == "STATE_CONFLICT"
    statuses = [(await fetched(api, f"{export}.csv", who)).status_code for who in (DISPATCHER, LEADER, WORKER, CHIEF)]
    assert statuses == [200, 403, 404, 404]
    await execute(str(api.settings.database_url), "UPDATE export_request SET expires_at = now()")
    answer = await fetched(api, f"{export}.csv")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "NOT_PERMITTED")


@pytest.mark.parametrize(
    "name", ["x.csv", "Case:990101:00000000-0000-0000-0000-000000000001.csv", "ExportRequest:990101:1.csv",
             "ExportRequest:110101:00000000-0000-0000-0000-000000000001.csv", "ExportRequest:990101:00000000-0000-0000-0000-000000000001.csv"],
)  # fmt: skip
async def test_what_is_no_export(api: Api, name: str) -> None:
    assert (await fetched(api, name)).status_code == 404


async def test_nobody_without_a_token(api: Api) -> None:
    answer = await api.client.get("/exports/x.csv")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"cases": {"reporterPhone": "10000010014"}}, "cases.reporterPhone"), ({"people": {"minor": True}}, "people"),
        ({"reason": " "}, "reason"), ({"cases": {"dueWithinHours": -1}}, "filter"),
    ],
)  # fmt: skip
async def test_requests_that_are_refused(api: Api, given: dict[str, Any], path: str) -> None:
    answer = await requested(api, f"refused-{path}", **given)
    assert [fault["path"] for fault in answer["faults"]] == [path]


async def test_who_may_ask(api: Api) -> None:
    assert (await requested(api, "worker", WORKER))["code"] == "NOT_PERMITTED"
    assert (await requested(api, "leader", LEADER))["code"] == "NOT_PERMITTED"


async def test_what_fails_is_masked_and_found_in_the_log_by_its_request(api: Api) -> None:
    export = await granted(api, "failing")
    dsn = str(api.settings.database_url)
    await execute(dsn, "ALTER TABLE export_request RENAME TO secret_table")
    with logged() as events:
        answer = await fetched(api, f"{export}.csv")
    await execute(dsn, "ALTER TABLE secret_table RENAME TO export_request")
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert answer.json()["extensions"]["requestId"] in {event.get("request_id") for event in events}
    assert "secret" not in answer.text
