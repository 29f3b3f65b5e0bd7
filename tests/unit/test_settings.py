"""Settings: defaults, what is refused, and that table, class and docs agree."""

from dataclasses import fields
from pathlib import Path

import pytest

from shaodao.department_limits import DepartmentLimits
from shaodao.limits import Limits
from shaodao.settings import (
    LIMITS,
    OF_DEPARTMENTS,
    TABLE,
    Setting,
    Settings,
    SettingsError,
    settings_table,
    without_password,
)

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.host == "127.0.0.1"
    assert settings.port == 8000
    assert settings.database_url is None
    assert settings.departments == ("plugins.civil_affairs", "plugins.public_security", "plugins.urban_management")
    assert settings.workers
    assert not settings.demo
    assert settings.limits == Limits()


def test_the_table_lists_every_setting() -> None:
    assert [setting.field for setting in TABLE] + ["of_departments", "limits"] == [
        field.name for field in fields(Settings)
    ]
    assert [setting.field for setting in LIMITS] == [field.name for field in fields(Limits)]
    assert [setting.field for setting in OF_DEPARTMENTS] == [field.name for field in fields(DepartmentLimits)]


@pytest.mark.parametrize("table", [TABLE, OF_DEPARTMENTS, LIMITS], ids=["settings", "departments", "limits"])
def test_the_docs_show_the_tables(table: tuple[Setting, ...]) -> None:
    assert settings_table(table) in DOCS.read_text(encoding="utf-8")


def test_a_department_has_the_limits_of_all_but_for_its_own() -> None:
    settings = Settings.from_environment(
        {"SHAODAO_IN_FLIGHT": "6", "SHAODAO_DEPARTMENT_LIMITS": "city.in_flight=2, city.hook_timeout=1.5"}
    )
    assert settings.limits_of("city") == DepartmentLimits(in_flight=2, hook_timeout=1.5)
    assert settings.limits_of("police") == DepartmentLimits(in_flight=6)
    assert settings.shown()["SHAODAO_DEPARTMENT_LIMITS"] == "city.in_flight=2,city.hook_timeout=1.5"


def test_an_empty_value_counts_as_absent() -> None:
    assert Settings.from_environment({"SHAODAO_PORT": " "}).port == 8000


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SHAODAO_PORT", "0", "from 1 to 65535"),
        ("SHAODAO_PORT", "８０００", "from 1 to 65535"),
        ("SHAODAO_WORKERS", "maybe", "true or false"),
        ("SHAODAO_INVALID_STATUS", "404", "422"),
        ("SHAODAO_ORIGINS", "app.example", "origins separated by commas"),
        ("SHAODAO_ORIGINS", "https://app.example/", "origins separated by commas"),
        ("SHAODAO_ORIGINS", "https://a.example,ftp://b.example", "origins separated by commas"),
        ("SHAODAO_LIMIT_DEPTH", "0", "from 1 to"),
        ("SHAODAO_LIMIT_SOCKET_INIT_SECONDS", "0", "at most 3600"),
        ("SHAODAO_LIMIT_DEPHT", "9", "no such setting"),
        ("SHAODAO_HOOK_TIMEOUT", "nan", "at most 3600"),
        ("SHAODAO_HOOK_TIMEOUT", "soon", "at most 3600"),
        ("SHAODAO_HOOK_MEMORY", "64", "from 128 to"),
        ("SHAODAO_DEPARTMENT_LIMITS", "in_flight=4", "department.limit=value"),
        ("SHAODAO_DEPARTMENT_LIMITS", "city.in_fligt=4", "limits are hook_timeout"),
        ("SHAODAO_DEPARTMENT_LIMITS", "city.in_flight=0", "city.in_flight: a whole number from 1"),
        ("SHAODAO_LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR"),
        ("SHAODAO_DATABASE_URL", "mysql://localhost/x", "postgresql://"),
        ("SHAODAO_APP", "api.app", "module:function"),
        ("SHAODAO_DEPARTMENTS", "plugins/civil_affairs", "import names"),
        ("SHAODAO_PROT", "8000", "no such setting"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    message = str(caught.value)
    assert name in message
    assert repr(value) in message
    assert allowed in message
    assert "\n" not in message


def test_a_wrong_key_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"SHAODAO_PERSONAL_DATA_KEY": "c2hvcnQ="})
    assert "c2hvcnQ=" not in str(caught.value)


def test_what_is_shown_holds_no_secret() -> None:
    shown = Settings.from_environment(
        {"SHAODAO_PERSONAL_DATA_KEY": "A" * 43 + "=", "SHAODAO_DATABASE_URL": "postgresql://u:hidden@db/shaodao"}
    ).shown()
    assert shown["SHAODAO_PERSONAL_DATA_KEY"] == "(set)"
    assert shown["SHAODAO_DATABASE_URL"] == "postgresql://u:***@db/shaodao"
    assert shown["SHAODAO_WORKERS"] == "true"


def test_values_are_parsed() -> None:
    settings = Settings.from_environment(
        {
            "SHAODAO_DEPARTMENTS": "none",
            "SHAODAO_WORKERS": "No",
            "SHAODAO_LOG_LEVEL": "debug",
            "SHAODAO_INVALID_STATUS": "400",
            "SHAODAO_JWKS_FILE": "keys.json",
            "SHAODAO_ORIGINS": "https://App.example, http://10.0.0.1:8080",
        }
    )
    assert settings.departments == ()
    assert not settings.workers
    assert settings.log_level == "DEBUG"
    assert settings.invalid_status == 400
    assert settings.origins == ("https://app.example", "http://10.0.0.1:8080")
    assert settings.jwks_file == Path("keys.json")


def test_limits_are_settings_too() -> None:
    settings = Settings.from_environment({"SHAODAO_LIMIT_DEPTH": "9", "SHAODAO_LIMIT_SOCKET_INIT_SECONDS": "0.5"})
    assert (settings.limits.depth, settings.limits.socket_init_seconds) == (9, 0.5)
    assert settings.shown()["SHAODAO_LIMIT_DEPTH"] == "9"


def test_a_url_without_password_stays_as_it_is() -> None:
    assert without_password("postgresql://u@db/shaodao") == "postgresql://u@db/shaodao"
