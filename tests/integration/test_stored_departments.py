"""Departments as the database knows them: one damaged or outdated row keeps no other department from its work."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from shaodao import doctor
from shaodao.commands.running import connection_of
from shaodao.host import open_platform
from shaodao.settings import Settings
from shaodao.stored_departments import stored_departments
from tests.integration.api_steps import opened
from tests.integration.conftest import Street

BROKEN = "tests.e2e.hostile.vanishing"
FORM = {"type": "object", "properties": {"note": {"type": "string"}}}
STORE = """
INSERT INTO departments (name, title, version, organizations, declaration, form, registered_at, source)
VALUES ($1, $1, '1', $2, $3::jsonb, $4::jsonb, now() + $5 * interval '1 second', $6)
"""


def settings_in(street: Street, folder: Path) -> Settings:
    return Settings.from_environment({
        "SHAODAO_DATABASE_URL": street.dsn, "SHAODAO_DATA_DIR": str(folder), "SHAODAO_WORKERS": "false",
        "SHAODAO_DEPARTMENTS": f"plugins.civil_affairs,{BROKEN}",
    })  # fmt: skip


def declaration(*organizations: str) -> dict[str, Any]:
    return {"name": "any", "title": "城管", "version": "1", "organizations": organizations, "answers_for": {}}


async def store(
    street: Street, name: str, *organizations: str, declared: object = None, form: object = FORM, after: int = 0,
    source: str | None = None,
) -> None:  # fmt: skip
    """A row as a department has left it, or as it was damaged."""
    told = declaration(*organizations) if declared is None else declared
    await street.pool.execute(
        STORE, name, organizations, orjson.dumps(told).decode(), orjson.dumps(form).decode(), after, source or name
    )  # fmt: skip


async def read(street: Street) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The organizations of those that can be read, and what is wrong with the others."""
    async with street.pool.acquire() as lent:
        readable, unreadable = await stored_departments(connection_of(lent), but=())
    served = {one.declaration.name: one.declaration.organizations for one in readable}
    return served, {one.name: one.error for one in unreadable}


@pytest.mark.parametrize(
    ("declared", "form", "told"),
    [
        ({}, FORM, "missing required field `title`"),
        ([], FORM, "Expected `object`, got `array`"),
        (declaration() | {"organizations": "CG"}, FORM, "Expected `array`, got `str` - at `$.organizations`"),
        (declaration() | {"answers_for": {"roles": ["CHIEF"]}}, FORM, "Invalid enum value 'CHIEF'"),
        (declaration("CG"), None, "Expected `object`, got `null`"),
        (declaration("CG"), {"type": "nonsense"}, "is not valid"),
        (declaration("CG"), {"$ref": "#/$defs/Form"}, "'/$defs/Form' does not exist"),
    ],
)
async def test_a_damaged_row_is_named_and_left_out(street: Street, declared: object, form: object, told: str) -> None:
    await store(street, "city", "CG", declared=declared, form=form)
    await store(street, "police", "JJ")
    served, wrong = await read(street)
    assert served == {"police": ("JJ",)}
    assert list(wrong) == ["city"]
    assert wrong["city"].startswith("its stored declaration cannot be read: ")
    assert told in wrong["city"]


async def test_of_two_for_one_organization_the_one_at_work_is_taken(street: Street) -> None:
    await store(street, "old", "CG", "ZJ")
    await store(street, "renamed", "CG", "ZJ", after=1)
    await store(street, "police", "JJ")
    assert set((await read(street))[0]) == {"renamed", "police"}
    await street.pool.execute("UPDATE organizations SET department = 'old' WHERE code = 'CG'")
    assert set((await read(street))[0]) == {"old", "police"}


async def test_a_platform_starts_without_a_broken_department_whose_row_is_damaged(
    street: Street, tmp_path: Path
) -> None:
    await store(street, "city", "CG", declared={}, source=BROKEN)
    settings = settings_in(street, tmp_path)
    with capture_logs() as lines:
        async with open_platform(settings, street.dsn) as platform:
            assert [one.name for one in platform.departments.declarations] == ["civil_affairs"]
            assert platform.departments.undeclared == ("city",)
    (told,) = (line for line in lines if line["event"] == "department_broken")
    assert (told["department"], told["log_level"]) == ("city", "error")
    assert "with status 7; its stored declaration cannot be read: " in told["error"]


async def test_readiness_and_doctor_tell_of_a_damaged_row(street: Street, tmp_path: Path) -> None:
    await store(street, "city", "CG", declared={}, source=BROKEN)
    settings = settings_in(street, tmp_path)
    await street.pool.execute(
        "INSERT INTO schedule (name, every, next_at) VALUES ('workers', '1 minute', now() + interval '1 minute')"
    )
    async with opened(settings) as api:
        answer = await api.client.get("/readyz")
        told = "ok, but nobody serves city, civil_affairs and nothing is known of city"
        assert (answer.status_code, answer.json()["checks"]["workers"]) == (200, told)
    async with street.pool.acquire() as lent:
        (found,) = await doctor.declarations(connection_of(lent))
    assert found.found.startswith("city: its stored declaration cannot be read: ")
    assert "delete its row" in str(found.mend)


async def test_doctor_has_nothing_to_tell_of_whole_rows(street: Street) -> None:
    await store(street, "city", "CG")
    async with street.pool.acquire() as lent:
        assert await doctor.declarations(connection_of(lent)) == []
