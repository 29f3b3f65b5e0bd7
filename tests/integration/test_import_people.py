"""Import of people (Z-06, S-08, B.6, C.7 guardrail 1): the register's own rules for each row, all of the file or nothing."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shaodao.commands.people import ID_NUMBER_CONTEXT, PHONE_CONTEXT
from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import Role
from shaodao.imports.cells import ROUNDED_IDENTITY_NUMBER
from shaodao.imports.faults import ImportRefused, TableError
from shaodao.imports.running import viewer_on
from shaodao.settings import StartError
from tests.integration.case_steps import only_row
from tests.integration.conftest import Street
from tests.integration.importing import counts, faults_of, identity_number, imported

GRID, OTHER_GRID = "990101001001001", "990101001001002"
HEADER = "姓名,性别,公民身份号码,电话,网格编码,户号,与户主关系,住址,居住类型,技能,出生日期"
ADULT, CHILD = identity_number("19800229901"), identity_number("20200105902")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def row(name: str = "钱例安", number: str = ADULT, **changes: str) -> str:
    given = {
        "gender": "", "phone": "1.0000019999E+10", "grid": GRID, "household": "NEW-001", "relation": "本人",
        "address": "=望海里9幢601室", "residence": "户籍人口", "skills": "水电、护理", "birth": "",
    } | changes  # fmt: skip
    return ",".join([name, given["gender"], number, *list(given.values())[1:]])


async def test_people_and_their_household_are_registered_sealed(street: Street, path: Path) -> None:
    before = await counts(street)
    child = row("钱例宝", CHILD, phone="", relation="子女", birth="2020/1/5")
    report = await imported(street, path, "people", [HEADER, row(), child])
    assert (report.rows, report.written) == (2, {"人口": 2, "新建户": 1})
    after = await counts(street)
    assert (after["person"] - before["person"], after["household"] - before["household"]) == (2, 1)
    adult = await only_row(street, "SELECT * FROM person WHERE name = '钱例安'")
    cipher = street.ground.cipher
    assert cipher.open(adult["id_number_sealed"], ID_NUMBER_CONTEXT + adult["id"].bytes) == ADULT
    assert cipher.open(adult["phone_sealed"], PHONE_CONTEXT + adult["id"].bytes) == "10000019999"
    assert (adult["id_number_masked"], adult["phone_masked"]) == (f"990101********{ADULT[-4:]}", "100****9999")
    assert (adult["birth_date"], adult["gender"], adult["skills"]) == (date(1980, 2, 29), "MALE", ["水电", "护理"])
    assert (adult["address"], adult["source"], adult["residence_kind"]) == ("=望海里9幢601室", "表格导入", "REGISTERED")
    household = await only_row(street, "SELECT * FROM household WHERE number = 'NEW-001'")
    assert (household["head_person_id"], household["member_count"]) == (adult["id"], 2)
    # C.7 guardrail 11: a child's record is restricted.
    boy = await only_row(street, "SELECT visibility, household_id FROM person WHERE name = '钱例宝'")
    assert (boy["visibility"], boy["household_id"]) == ("RESTRICTED_MINOR", household["id"])


async def test_a_second_file_joins_the_household_that_is_there(street: Street, path: Path) -> None:
    await imported(street, path, "people", [HEADER, row()])
    wife = row("孙例静", identity_number("19810301904"), relation="配偶", address="")
    report = await imported(street, path, "people", [HEADER, wife])
    assert report.written == {"人口": 1, "新建户": 0}
    assert await street.pool.fetchval("SELECT member_count FROM household WHERE number = 'NEW-001'") == 2


async def test_a_dry_run_writes_nothing_and_says_what_it_would(street: Street, path: Path) -> None:
    before = await counts(street)
    report = await imported(street, path, "people", [HEADER, row()], dry_run=True)
    assert report.written == {"人口": 1, "新建户": 1}
    assert await counts(street) == before


async def test_every_faulty_row_is_told_and_nothing_is_half_written(street: Street, path: Path) -> None:
    """Issue: 3.3E+17, wrong digits, twice in the file, twice in the register, another scope, all faults of all rows."""
    registered = identity_number("19700101905")
    await imported(street, path, "people", [HEADER, row("赵例先", registered, household="")])
    before = await counts(street)
    rows = [
        HEADER,
        row(),
        row("甲例", "3.3E+17", phone="1.0E+10"),
        row("乙例", "990101198002290000", household=""),
        row("丙例", ADULT, household=""),
        row("丁例", registered, household=""),
        row("戊例", "", grid="990101001009999", gender="男孩"),
        row("己例", identity_number("19800229907"), grid=OTHER_GRID, relation="其他"),
        row("", identity_number("19800229911"), gender="女", birth="1980-03-01", household="NEW-2", address=""),
        row("庚例", "", phone="12", residence="", household=""),
    ]
    faults = await faults_of(street, path, "people", rows)
    told = [(fault.line, fault.column, fault.message) for fault in faults]
    assert told[:3] == [
        (3, "公民身份号码", ROUNDED_IDENTITY_NUMBER),
        (3, "电话", "表格软件已将电话转成科学计数法且末位已丢失，请将该列设为文本后重新导出"),
        (4, "公民身份号码", ROUNDED_IDENTITY_NUMBER),
    ]
    assert [(line, column) for line, column, _ in told[3:]] == [
        (5, "公民身份号码"), (6, "公民身份号码"), (7, "性别"), (8, "户号"), (9, "姓名"), (10, "居住类型"),
    ]  # fmt: skip
    assert [message for line, _, message in told if line in (5, 6, 8)] == [
        "与第2行的证件号码相同", "该证件号码已登记", "该户不在此网格",
    ]  # fmt: skip
    assert await counts(street) == before
    contradicting = row(
        "辛例", identity_number("19800229901"), gender="女", birth="1980-03-01", household="N3", address=""
    )
    unknown = row("壬例", "", grid="990101001009999", phone="12")
    faults = await faults_of(street, path, "people", [HEADER, contradicting, unknown])
    assert [(fault.line, fault.column) for fault in faults] == [
        (2, "性别"), (2, "出生日期"), (2, "住址"), (3, "电话"), (3, "网格编码"),
    ]  # fmt: skip


async def test_a_file_that_is_given_twice_registers_nobody_twice(street: Street, path: Path) -> None:
    """Issue: nothing is doubled, of those without a number neither."""
    rows = [HEADER, row(), row("子例", "", household="", birth="1950-01-02"), row("丑例", "", household="")]
    await imported(street, path, "people", rows)
    before = await counts(street)
    faults = await faults_of(street, path, "people", rows)
    assert [(fault.line, fault.column) for fault in faults] == [(2, "公民身份号码"), (3, "姓名"), (4, "姓名")]
    assert await counts(street) == before
    elder = row("子例", "", household="", birth="1949-01-02")
    assert (await imported(street, path, "people", [HEADER, elder])).rows == 1


async def test_faults_after_many_good_rows_leave_nothing(street: Street, path: Path) -> None:
    """Rows are copied in stretches: a fault behind the first must take those back too."""
    before = await counts(street)
    good = [row(f"例{index}", "", household=f"H{index}") for index in range(2_100)]
    [fault] = await faults_of(street, path, "people", [HEADER, *good, row("末例", "1")])
    assert (fault.line, fault.message) == (2_102, "公民身份号码应为18位")
    assert await counts(street) == before


async def test_only_a_dispatcher_imports_and_only_the_own_street(street: Street, path: Path) -> None:
    with pytest.raises(StartError, match="no enabled street dispatcher"):
        await viewer_on(street.pool, "nobody")
    dispatcher = await viewer_on(street.pool, None)
    elsewhere = replace(dispatcher, grants=(Grant(Role.STREET_DISPATCHER, "990101002000"),))
    [fault] = await faults_of(street, path, "people", [HEADER, row()], actor=elsewhere)
    assert fault.message == "此网格不在您的管辖范围"


async def test_somebody_registers_the_same_person_meanwhile(street: Street, path: Path) -> None:
    results = await asyncio.gather(
        imported(street, path, "people", [HEADER, row(household="")]),
        imported(street, path, "people", [HEADER, row(household="")]),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, TableError | ImportRefused)]
    assert len(refused) == 1
    assert await street.pool.fetchval("SELECT count(*) FROM person WHERE name = '钱例安'") == 1


def test_the_command_line_tells_bad_files_in_a_line(tmp_path: Path) -> None:
    """Without a database: a file that is no table is told before anything is started."""
    path = tmp_path / "people.csv"
    path.write_text("a,b\n1,2\n")
    told = subprocess.run(
        [sys.executable, "-m", "shaodao", "import", "people", str(path)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "没有找到表头" in told.stderr
    assert "Traceback" not in told.stderr
