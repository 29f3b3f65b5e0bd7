"""Every setting, from the environment, prefix ``SHAODAO_``; docs/settings.md and ``shaodao doctor`` show the table."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from shaodao.department_limits import DepartmentLimits, Overrides
from shaodao.limits import LEAST, LIMIT_PREFIX, MEANING, Limits

InvalidStatus = Literal[422, 400]
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


def _text(value: str) -> str:
    return value


def _optional_path(value: str) -> Path | None:
    return Path(value).expanduser() if value else None


def _path(value: str) -> Path:
    return Path(value).expanduser()


def _paths(value: str) -> tuple[Path, ...]:
    return tuple(_path(part.strip()) for part in value.split(",") if part.strip())


def _names(value: str) -> tuple[str, ...]:
    """Import names, separated by commas; ``none`` is the empty list, since an empty value means the default."""
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if names == ("none",):
        return ()
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError("import names separated by commas, such as plugins.civil_affairs, or none")
    return names


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().lower() for origin in value.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("origins separated by commas, such as https://app.example or http://10.0.0.1:8080")
    return origins


def _import_string(value: str) -> str:
    module, colon, attribute = value.partition(":")
    if not (colon and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ValueError("an import string, module:function, such as api.app:create_app")
    return value


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


def _boolean(value: str) -> bool:
    match value.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise ValueError("true or false")


def _between(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return parse


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ValueError("seconds, more than 0 and at most 3600")
    return seconds


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        folded = {item.lower(): item for item in allowed}
        if value.lower() not in folded:
            raise ValueError("one of " + ", ".join(allowed))
        return folded[value.lower()]

    return parse


def _status(value: str) -> InvalidStatus:
    if value not in {"422", "400"}:
        raise ValueError("422 (the standard) or 400 (for older clients)")
    return cast("InvalidStatus", int(value))


def _database_url(value: str) -> str | None:
    if value and urlsplit(value).scheme not in {"postgresql", "postgres"}:
        raise ValueError("postgresql://user:password@host:5432/database")
    return value or None


def _files(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme and (parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc):
        raise ValueError("s3://bucket/prefix, or a folder")
    return value


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc):
        raise ValueError("https://host:port")
    return value


def _secret(value: str) -> str | None:
    return value or None


def _key(value: str) -> bytes | None:
    if not value:
        return None
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError("32 bytes in base64; make one with: openssl rand -base64 32")
    return key


TABLE: tuple[Setting, ...] = (
    Setting("SHAODAO_HOST", "127.0.0.1", "Address that the server listens on.", _text),
    Setting("SHAODAO_PORT", "8000", "Port that the server listens on.", _between(1, 65535)),
    Setting("SHAODAO_DATA_DIR", "./.data", "Folder for keys, files and the embedded database.", _path),
    Setting(
        "SHAODAO_DATABASE_URL",
        "",
        "Database to use, `postgresql://user:password@host:5432/database`; empty: the embedded one in the data folder.",
        _database_url,
    ),
    Setting(
        "SHAODAO_APP",
        "api.app:create_app",
        "Application that `shaodao serve` starts, called with settings and DSN.",
        _import_string,
    ),
    Setting(
        "SHAODAO_DEPARTMENTS",
        "plugins.civil_affairs,plugins.public_security,plugins.urban_management",
        "Department plugins to load by import name, with commas, beside those installed; `none`: no others.",
        _names,
    ),
    Setting(
        "SHAODAO_PRESET", "shimahe", "Preset of the case deadlines: `shimahe`, `natural` or `beijing-tier`.", _text
    ),
    Setting(
        "SHAODAO_POOL_SIZE",
        "16",
        "Most connections to the database that one process opens for commands.",
        _between(1, 1000),
    ),
    Setting(
        "SHAODAO_READ_CONNECTIONS",
        "5",
        "Most connections to the database that one process opens for queries: five keep one process busy.",
        _between(2, 1000),
    ),
    Setting(
        "SHAODAO_WORKERS",
        "true",
        "Run courier and clock inside the server; `false` where `shaodao work` runs them.",
        _boolean,
    ),
    Setting(
        "SHAODAO_FIELD_CREW", "false", "Let a simulated field crew answer whistles; for the demonstration.", _boolean
    ),
    Setting(
        "SHAODAO_DEMO", "false", "Offer the demonstration's tokens in the explorer; never where real data is.", _boolean
    ),
    Setting(
        "SHAODAO_INVALID_STATUS",
        "422",
        "HTTP status of a request that does not validate: `422` or, for older clients, `400`.",
        _status,
    ),
    Setting(
        "SHAODAO_ORIGINS",
        "",
        "Origins of pages elsewhere that may open sockets and send GET, with commas, such as `https://app.example`.",
        _origins,
    ),
    Setting(
        "SHAODAO_TRUSTED_DOCUMENTS",
        "",
        "Manifests of trusted documents that Relay, graphql-codegen or Apollo wrote: files, with commas.",
        _paths,
    ),
    Setting("SHAODAO_TRUSTED_ONLY", "false", "Run the documents of these manifests, and no others.", _boolean),
    Setting("SHAODAO_ISSUER", "shaodao", "Issuer that a token must name (`iss`).", _text),
    Setting("SHAODAO_AUDIENCE", "shaodao", "Audience that a token must name (`aud`).", _text),
    Setting(
        "SHAODAO_JWKS_FILE",
        "",
        "Public keys (JWKS) of an OIDC provider; empty: the local key in the data folder.",
        _optional_path,
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
        _one_of(*get_args(LogLevel)),
    ),
    Setting("SHAODAO_LOG_FORMAT", "console", "Form of the log: `console` or `json`.", _one_of(*get_args(LogFormat))),
    Setting(
        "SHAODAO_PERSONAL_DATA_KEY",
        "",
        "Key for identity numbers and phones, 32 bytes in base64; empty: a key file made in the data folder.",
        _key,
        secret=True,
    ),
    Setting(
        "SHAODAO_FILES",
        "",
        "Where files are kept: `s3://bucket/prefix`, or a folder that all processes share; empty: `files` in the data folder.",
        _files,
    ),
    Setting(
        "SHAODAO_FILES_ENDPOINT",
        "",
        "Address of an S3-compatible store, such as `https://s3.example`; empty: that of the region.",
        _endpoint,
    ),
    Setting("SHAODAO_FILES_REGION", "us-east-1", "Region of the store.", _text),
    Setting("SHAODAO_FILES_KEY_ID", "", "Access key of the store; empty: as its machine is allowed to.", _text),
    Setting("SHAODAO_FILES_SECRET", "", "Secret of that access key.", _secret, secret=True),
)


def _bound(limit: "Field[Any]", prefix: str = LIMIT_PREFIX) -> Setting:
    """The setting of a limit: a count, or seconds."""
    meaning, least = limit.metadata[MEANING], limit.metadata[LEAST]
    parse = _seconds if isinstance(limit.default, float) else _between(least, 1_000_000_000)
    return Setting(f"{prefix}{limit.name.upper()}", str(limit.default).removesuffix(".0"), meaning, parse)


LIMITS: tuple[Setting, ...] = tuple(map(_bound, fields(Limits)))
OF_DEPARTMENTS: tuple[Setting, ...] = tuple(_bound(each, PREFIX) for each in fields(DepartmentLimits))


def settings_table(table: Sequence[Setting] = TABLE) -> str:
    """A table as Markdown, as it stands in ``docs/settings.md``."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else 'empty'} | {s.description} |" for s in table]
    return "\n".join(["| Setting | Default | Meaning |", "| --- | --- | --- |", *rows])
