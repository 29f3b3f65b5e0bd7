"""Limits of departments (``SHAODAO_DEPARTMENT_LIMITS``, and what operators set): shown, and slips told that nothing else shows."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shaodao.doctor import departments, limit_rows, stored_limits
from shaodao.host import open_platform
from shaodao.settings import Settings
from tests.integration.conftest import Street

TOLD = "limits_of_unknown_department"


def settings(street: Street, folder: Path, limits: str, loaded: str = "plugins.civil_affairs") -> Settings:
    return Settings.from_environment({
        "SHAODAO_DATABASE_URL": street.dsn, "SHAODAO_DATA_DIR": str(folder), "SHAODAO_DEPARTMENTS": loaded,
        "SHAODAO_DEPARTMENT_LIMITS": limits,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "unknown"),
    [
        ("civil_affairs.in_flight=2", []),
        ("civil_afairs.in_flight=2,civil_afairs.hook_timeout=3,civil_affairs.in_flight=2", ["civil_afairs"]),
    ],
)
async def test_a_wrong_name_is_logged_at_the_start(
    street: Street, tmp_path: Path, limits: str, unknown: list[str]
) -> None:
    with capture_logs() as lines:
        async with open_platform(settings(street, tmp_path, limits), street.dsn):
            pass
    told = [line for line in lines if line["event"] == TOLD]
    assert [line["department"] for line in told] == unknown
    assert all((line["log_level"], line["known"]) == ("warning", ["civil_affairs"]) for line in told)


async def test_doctor_tells_a_wrong_name_and_what_to_mend(street: Street, tmp_path: Path) -> None:
    right = await departments(settings(street, tmp_path, "civil_affairs.in_flight=2"))
    wrong = await departments(settings(street, tmp_path, "civil_afairs.in_flight=2"))
    assert [finding.subject for finding in right] == ["departments"]
    (limits,) = (finding for finding in wrong if finding.subject == "limits")
    assert limits.found == "there is no department civil_afairs"
    assert "SHAODAO_DEPARTMENT_LIMITS" in str(limits.mend)


async def test_doctor_shows_what_applies_to_each_department_and_in_each_county(street: Street, tmp_path: Path) -> None:
    given = settings(street, tmp_path, "civil_affairs.in_flight=2,civil_affairs.hook_timeout=3.5")
    assert limit_rows(given, await stored_limits(street.dsn))[:5] == [
        ["Limit", "Every department", "civil_affairs"],
        ["hook_timeout", "20", "3.5"],
        ["hook_memory", "512", "512"],
        ["in_flight", "8", "2"],
        ["attempt_limit", "8", "8"],
    ]
    await street.pool.execute(
        "INSERT INTO lane_state (county_code, department, in_flight_limit)"
        " VALUES (990101, 'city', 3), (990102, 'civil_affairs', 5), (990102, 'idle', NULL)"
    )
    rows = limit_rows(given, await stored_limits(street.dsn))
    assert rows[0] == ["Limit", "Every department", "civil_affairs", "city"]
    assert rows[3:7] == [
        ["in_flight", "8", "2", "8"],
        ["in_flight in county 990101", "8", "2", "3, set by an operator"],
        ["in_flight in county 990102", "8", "5, set by an operator", "8"],
        ["attempt_limit", "8", "8", "8"],
    ]


async def test_doctor_shows_the_settings_where_there_is_no_database_or_no_table(
    empty_database: str, street: Street, tmp_path: Path
) -> None:
    assert await stored_limits("postgresql://nobody@127.0.0.1:1/none") == []
    assert await stored_limits(empty_database) == []
    assert limit_rows(settings(street, tmp_path, ""), [])[0] == ["Limit", "Every department"]


async def test_a_department_that_does_not_load_is_none_that_there_is_not(street: Street, tmp_path: Path) -> None:
    broken = settings(street, tmp_path, "vanishing.in_flight=2", "tests.e2e.hostile.vanishing")
    told = await departments(broken)
    assert [(finding.subject, finding.found) for finding in told] == [
        ("departments", "none"), ("departments", "tests.e2e.hostile.vanishing does not load"),
    ]  # fmt: skip
