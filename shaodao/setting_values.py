"""What the values of settings look like in the environment: each function reads one kind, or raises ValueError with what is allowed."""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

InvalidStatus = Literal[422, 400]


def text(value: str) -> str:
    return value


def optional_path(value: str) -> Path | None:
    return Path(value).expanduser() if value else None


def path(value: str) -> Path:
    return Path(value).expanduser()


def paths(value: str) -> tuple[Path, ...]:
    return tuple(path(part.strip()) for part in value.split(",") if part.strip())


def import_names(value: str) -> tuple[str, ...]:
    """Import names, separated by commas; ``none`` is the empty list, since an empty value means the default."""
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    if names == ("none",):
        return ()
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError("import names separated by commas, such as plugins.civil_affairs, or none")
    return names


def origins(value: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().lower() for origin in value.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("origins separated by commas, such as https://app.example or http://10.0.0.1:8080")
    return origins


def import_string(value: str) -> str:
    module, colon, attribute = value.partition(":")
    if not (colon and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ValueError("an import string, module:function, such as api.app:create_app")
    return value


def boolean(value: str) -> bool:
    match value.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise ValueError("true or false")


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return parse


def seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ValueError("seconds, more than 0 and at most 3600")
    return seconds


def one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        folded = {item.lower(): item for item in allowed}
        if value.lower() not in folded:
            raise ValueError("one of " + ", ".join(allowed))
        return folded[value.lower()]

    return parse


def status(value: str) -> InvalidStatus:
    if value not in {"422", "400"}:
        raise ValueError("422 (the standard) or 400 (for older clients)")
    return cast("InvalidStatus", int(value))


def database_url(value: str) -> str | None:
    if value and urlsplit(value).scheme not in {"postgresql", "postgres"}:
        raise ValueError("postgresql://user:password@host:5432/database")
    return value or None


def file_place(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme and (parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc):
        raise ValueError("s3://bucket/prefix, or a folder")
    return value


def endpoint(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc):
        raise ValueError("https://host:port")
    return value


def secret(value: str) -> str | None:
    return value or None


def key_32(value: str) -> bytes | None:
    if not value:
        return None
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise ValueError("32 bytes in base64; make one with: openssl rand -base64 32")
    return key
