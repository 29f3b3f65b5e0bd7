"""Every setting, from the environment, prefix ``SHAODAO_``; docs/settings.md and ``shaodao doctor`` show the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from shaodao import setting_values as values
from shaodao.department_limits import DepartmentLimits, Overrides
from shaodao.limits import LEAST, LIMIT_PREFIX, MEANING, Limits
from shaodao.setting_values import InvalidStatus

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["console", "json"]

PREFIX = "SHAODAO_"


class StartError(Exception):
    """The program cannot start; the message is one line that says what to do."""


class SettingsError(StartError):
    """A setting has a value that is not allowed; the message names the setting, the value and what is allowed."""

    def __init__(self, name: str, value: str, allowed: str) -> None:
        super().__init__(f"{name}={value!r} is not allowed: {allowed}")
        self.name = name
        self.value = value
        self.allowed = allowed


@dataclass(frozen=True)
class Setting:
    """One row of a table: the variable's name, its default as written in the environment, and what it means."""

    name: str
    default: str
    description: str
    parse: Callable[[str], Any]
    secret: bool = False

    @property
    def field(self) -> str:
        """The attribute of ``Settings``, or of its ``limits``, that holds the value."""
        return self.name.removeprefix(LIMIT_PREFIX).removeprefix(PREFIX).lower()


@dataclass(frozen=True)
class Settings:
    """The values that the program runs with."""

    host: str
    port: int
    data_dir: Path
    database_url: str | None
    app: str
    departments: tuple[str, ...]
    preset: str
    pool_size: int
    read_connections: int
    feed_connections: int
    workers: bool
    field_crew: bool
    demo: bool
    invalid_status: InvalidStatus
    origins: tuple[str, ...]
    trusted_documents: tuple[Path, ...]
    trusted_only: bool
    issuer: str
    audience: str
    jwks_file: Path | None
    department_limits: Overrides
    log_level: LogLevel
    log_format: LogFormat
    personal_data_key: bytes | None
    files: str
    files_endpoint: str
    files_region: str
    files_key_id: str
    files_secret: str | None
    of_departments: DepartmentLimits
    limits: Limits

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings of an environment; an empty value counts as absent.

        Raises SettingsError for a value that is not allowed and for a ``SHAODAO_`` variable that does not exist.
        """
        _refuse_unknown(environ)
        values = {setting.field: _value(setting, environ) for setting in TABLE}
        bounds = {setting.field: _value(setting, environ) for setting in LIMITS}
        of_departments = {setting.field: _value(setting, environ) for setting in OF_DEPARTMENTS}
        return cls(**values, of_departments=DepartmentLimits(**of_departments), limits=Limits(**bounds))

    def limits_of(self, department: str) -> DepartmentLimits:
        """What a department's hooks may take."""
        own = {field: value for name, field, value in self.department_limits if name == department}
        return replace(self.of_departments, **own)

    def shown(self) -> Mapping[str, str]:
        """The values by variable name, fit to print: keys and passwords are left out."""
        general = {setting.name: _shown(setting, getattr(self, setting.field)) for setting in TABLE}
        of_departments = {each.name: _shown(each, getattr(self.of_departments, each.field)) for each in OF_DEPARTMENTS}
        bounds = {setting.name: _shown(setting, getattr(self.limits, setting.field)) for setting in LIMITS}
        return general | of_departments | bounds


def without_password(url: str) -> str:
    """A database URL with its password replaced by stars."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@", 1) if password else url


def _value(setting: Setting, environ: Mapping[str, str]) -> Any:
    text = environ.get(setting.name, "").strip() or setting.default
    try:
        return setting.parse(text)
    except ValueError as error:
        raise SettingsError(setting.name, "…" if setting.secret else text, str(error)) from None


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """A misspelt setting would otherwise be ignored in silence."""
    known = {setting.name for setting in (*TABLE, *OF_DEPARTMENTS, *LIMITS)}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and not name.startswith(("SHAODAO_TEST_", "SHAODAO_BENCH_")):
            raise SettingsError(name, environ[name], "there is no such setting; docs/settings.md lists them all")


def _shown(setting: Setting, value: Any) -> str:
    if value is None:
        return ""
    if setting.secret:
        return "(set)"
    if setting.name == "SHAODAO_DATABASE_URL":
        return without_password(value)
    if isinstance(value, bool):
        return str(value).lower()
    if setting.name == "SHAODAO_DEPARTMENT_LIMITS":
        return ",".join(f"{department}.{field}={limit}" for department, field, limit in value)
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _overrides(value: str) -> Overrides:
    return tuple(_override(part.strip()) for part in value.split(",") if part.strip())


def _override(text: str) -> tuple[str, str, Any]:
    place, _, value = text.partition("=")
    department, _, field = place.strip().rpartition(".")
    setting = next((each for each in OF_DEPARTMENTS if each.field == field), None)
    if not department.isidentifier() or setting is None:
        known = ", ".join(each.field for each in OF_DEPARTMENTS)
        raise ValueError(f"department.limit=value with commas, such as civil_affairs.in_flight=4; limits are {known}")
    try:
        return department, field, setting.parse(value.strip())
    except ValueError as error:
        raise ValueError(f"{place.strip()}: {error}") from None


TABLE: tuple[Setting, ...] = (
    Setting("SHAODAO_HOST", "127.0.0.1", "Address that the server listens on.", values.text),
    Setting("SHAODAO_PORT", "8000", "Port that the server listens on.", values.whole_number(1, 65535)),
    Setting("SHAODAO_DATA_DIR", "./.data", "Folder for keys, files and the embedded database.", values.path),
    Setting(
        "SHAODAO_DATABASE_URL",
        "",
        "Database to use, `postgresql://user:password@host:5432/database`; empty: the embedded one in the data folder.",
        values.database_url,
    ),
    Setting(
        "SHAODAO_APP",
        "api.app:create_app",
        "Application that `shaodao serve` starts, called with settings and DSN.",
        values.import_string,
    ),
    Setting(
        "SHAODAO_DEPARTMENTS",
        "plugins.civil_affairs,plugins.public_security,plugins.urban_management",
        "Department plugins to load by import name, with commas, beside those installed; `none`: no others.",
        values.import_names,
    ),
    Setting(
        "SHAODAO_PRESET",
        "shimahe",
        "Preset of the case deadlines: `shimahe`, `natural` or `beijing-tier`.",
        values.text,
    ),
    Setting(
        "SHAODAO_POOL_SIZE",
        "16",
        "Most connections to the database that one process opens for commands.",
        values.whole_number(1, 1000),
    ),
    Setting(
        "SHAODAO_READ_CONNECTIONS",
        "5",
        "Most connections to the database that one process opens for queries: five keep one process busy.",
        values.whole_number(2, 1000),
    ),
    Setting(
        "SHAODAO_FEED_CONNECTIONS",
        "3",
        "Most connections to the database that one process reads by what its subscribers are told.",
        values.whole_number(1, 1000),
    ),
    Setting(
        "SHAODAO_WORKERS",
        "true",
        "Run courier and clock inside the server; `false` where `shaodao work` runs them.",
        values.boolean,
    ),
    Setting(
        "SHAODAO_FIELD_CREW",
        "false",
        "Let a simulated field crew answer whistles; for the demonstration.",
        values.boolean,
    ),
    Setting(
        "SHAODAO_DEMO",
        "false",
        "Offer the demonstration's tokens in the explorer; never where real data is.",
        values.boolean,
    ),
    Setting(
        "SHAODAO_INVALID_STATUS",
        "422",
        "HTTP status of a request that does not validate: `422` or, for older clients, `400`.",
        values.status,
    ),
    Setting(
        "SHAODAO_ORIGINS",
        "",
        "Origins of pages elsewhere that may open sockets and send GET, with commas, such as `https://app.example`.",
        values.origins,
    ),
    Setting(
        "SHAODAO_TRUSTED_DOCUMENTS",
        "",
        "Manifests of trusted documents that Relay, graphql-codegen or Apollo wrote: files, with commas.",
        values.paths,
    ),
    Setting("SHAODAO_TRUSTED_ONLY", "false", "Run the documents of these manifests, and no others.", values.boolean),
    Setting("SHAODAO_ISSUER", "shaodao", "Issuer that a token must name (`iss`).", values.text),
    Setting("SHAODAO_AUDIENCE", "shaodao", "Audience that a token must name (`aud`).", values.text),
    Setting(
        "SHAODAO_JWKS_FILE",
        "",
        "Public keys (JWKS) of an OIDC provider; empty: the local key in the data folder.",
        values.optional_path,
    ),
    Setting(
        "SHAODAO_DEPARTMENT_LIMITS",
        "",
        "Limits of single departments, with commas, such as `civil_affairs.in_flight=4,civil_affairs.hook_memory=1024`.",
        _overrides,
    ),
    Setting(
        "SHAODAO_LOG_LEVEL",
        "INFO",
        "Least level that is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`.",
        values.one_of(*get_args(LogLevel)),
    ),
    Setting(
        "SHAODAO_LOG_FORMAT", "console", "Form of the log: `console` or `json`.", values.one_of(*get_args(LogFormat))
    ),
    Setting(
        "SHAODAO_PERSONAL_DATA_KEY",
        "",
        "Key for identity numbers and phones, 32 bytes in base64; empty: a key file made in the data folder.",
        values.key_32,
        secret=True,
    ),
    Setting(
        "SHAODAO_FILES",
        "",
        "Where files are kept: `s3://bucket/prefix`, or a folder that all processes share; empty: `files` in the data folder.",
        values.file_place,
    ),
    Setting(
        "SHAODAO_FILES_ENDPOINT",
        "",
        "Address of an S3-compatible store, such as `https://s3.example`; empty: that of the region.",
        values.endpoint,
    ),
    Setting("SHAODAO_FILES_REGION", "us-east-1", "Region of the store.", values.text),
    Setting("SHAODAO_FILES_KEY_ID", "", "Access key of the store; empty: as its machine is allowed to.", values.text),
    Setting("SHAODAO_FILES_SECRET", "", "Secret of that access key.", values.secret, secret=True),
)


def _bound(limit: "Field[Any]", prefix: str = LIMIT_PREFIX) -> Setting:
    """The setting of a limit: a count, or seconds."""
    meaning, least = limit.metadata[MEANING], limit.metadata[LEAST]
    parse = values.seconds if isinstance(limit.default, float) else values.whole_number(least, 1_000_000_000)
    return Setting(f"{prefix}{limit.name.upper()}", str(limit.default).removesuffix(".0"), meaning, parse)


LIMITS: tuple[Setting, ...] = tuple(map(_bound, fields(Limits)))
OF_DEPARTMENTS: tuple[Setting, ...] = tuple(_bound(each, PREFIX) for each in fields(DepartmentLimits))


def settings_table(table: Sequence[Setting] = TABLE) -> str:
    """A table as Markdown, as it stands in ``docs/settings.md``."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else 'empty'} | {s.description} |" for s in table]
    return "\n".join(["| Setting | Default | Meaning |", "| --- | --- | --- |", *rows])
