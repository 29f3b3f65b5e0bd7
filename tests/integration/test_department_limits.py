"""Limits of a department that there is not (``SHAODAO_DEPARTMENT_LIMITS``): told, for nothing else would show the slip."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shaodao.doctor import departments
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


async def test_a_department_that_does_not_load_is_none_that_there_is_not(street: Street, tmp_path: Path) -> None:
    broken = settings(street, tmp_path, "vanishing.in_flight=2", "tests.e2e.hostile.vanishing")
    told = await departments(broken)
    assert [(finding.subject, finding.found) for finding in told] == [
        ("departments", "none"), ("departments", "tests.e2e.hostile.vanishing does not load"),
    ]  # fmt: skip
