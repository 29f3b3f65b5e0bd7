"""Import of cases (C.3 register): numbers, clocks, history and receipts by the real command; all of the file or nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import Role
from shaodao.imports.running import viewer_on
from tests.integration.conftest import Street
from tests.integration.importing import counts, faults_of, imported

HEADER = "标题,内容,类型,渠道,分类编码,紧急程度,网格编码,地址,诉求人,联系电话,保密,发生时间,工单编号"
GRID = "990101001001001"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cases.csv"


def row(title: str = "路灯不亮", **changes: str) -> str:
    given = {
        "description": "望海里9幢外三盏路灯不亮。", "kind": "投诉", "channel": "12345", "category": "A13", "urgency": "急办",
        "grid": GRID, "address": "望海里9幢外", "reporter": "沈例宽", "phone": "1.0000010014E+10", "confidential": "",
        "occurred": "2026/11/19 20:30", "reference": "12345-1",
    } | changes  # fmt: skip
    return ",".join([title, *given.values()])


async def test_cases_are_registered_by_the_real_rules(street: Street, path: Path) -> None:
    report = await imported(street, path, "cases", [HEADER, row(), row("井盖松动", urgency="", reference="12345-2")])
    assert report.written == {"案件": 2}
    rows = await street.pool.fetch("SELECT * FROM case_file ORDER BY number")
    assert [row["number"] for row in rows] == ["990101001-20261120-0001", "990101001-20261120-0002"]
    first = rows[0]
    assert (first["urgency"], first["channel"], first["grid_code"]) == ("URGENT", "HOTLINE_12345", GRID)
    assert (first["reporter_phone_masked"], first["source_reference"]) == ("100****0014", "12345-1")
    assert f"{first['occurred_at']:%Y-%m-%dT%H:%M%z}" == "2026-11-19T12:30+0000"
    [event] = await street.pool.fetch("SELECT text FROM case_event WHERE case_id = $1", first["id"])
    assert first["number"] in event["text"]
    assert await street.pool.fetchval("SELECT count(*) FROM message WHERE kind = 'RECEIPT'") == 2
    assert await street.pool.fetchval("SELECT count(*) FROM deadline WHERE kind = 'HANDLING'") == 2


async def test_a_dry_run_of_cases_writes_nothing(street: Street, path: Path) -> None:
    before = await counts(street)
    report = await imported(street, path, "cases", [HEADER, row()], dry_run=True)
    assert report.written == {"案件": 1}
    assert await counts(street) == before


async def test_faulty_cases_are_told_and_nothing_is_written(street: Street, path: Path) -> None:
    before = await counts(street)
    rows = [
        HEADER,
        row(),
        row("", kind="闲聊"),
        row(category="Z99", phone="12", reference="r3"),
        row(occurred="2026-12-01", grid="990101001009999", reference="r4"),
        row(confidential="是", description="沈例宽家门口路灯不亮", reference="r5"),
        row(reference="12345-1"),
    ]
    faults = await faults_of(street, path, "cases", rows)
    assert [(fault.line, fault.column) for fault in faults] == [
        (3, "标题"), (3, "类型"), (4, "分类编码"), (4, "联系电话"), (5, "发生时间"), (5, "网格编码"), (6, "内容"), (7, "工单编号"),
    ]  # fmt: skip
    assert await counts(street) == before


async def test_cases_of_another_street_are_faults(street: Street, path: Path) -> None:
    dispatcher = await viewer_on(street.pool, None)
    elsewhere = replace(dispatcher, grants=(Grant(Role.STREET_DISPATCHER, "990101002000"),))
    [fault] = await faults_of(street, path, "cases", [HEADER, row()], actor=elsewhere)
    assert fault.message == "您的角色或范围不能在此登记案件"


async def test_too_many_cases_at_once(street: Street, path: Path) -> None:
    rules = street.ground.rulebook
    bulk = type(rules.bulk)(cases=100, imported_cases=2, exported_rows=1, download_hours=1)
    tables = {field: getattr(rules, field) for field in rules.__struct_fields__} | {"bulk": bulk}
    street.ground = replace(street.ground, rulebook=type(rules)(**tables))
    rows = [HEADER, *(row(reference=str(number)) for number in range(4))]
    [fault] = await faults_of(street, path, "cases", rows)
    assert (fault.line, fault.message) == (4, "一次最多导入2件，请分成几个文件")
