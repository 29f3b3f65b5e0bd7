"""Rulebook presets 预设 as TOML files, and their loader: the only place where a rulebook is read from storage."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from shaodao.domain.rulebook import Rulebook, merged, rulebook_from


class RulebookError(ValueError):
    """A rulebook could not be loaded; the message names the file and what to mend."""


def preset_names() -> tuple[str, ...]:
    """The names of the shipped presets."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_rulebook(name_or_path: str) -> Rulebook:
    """The rulebook of a shipped preset, or of a TOML file whose path ends in ``.toml``. Raises RulebookError."""
    try:
        return rulebook_from(_tables(name_or_path, from_file=name_or_path.endswith(".toml")))
    except msgspec.DecodeError as error:
        raise RulebookError(f"rulebook {name_or_path}: {error}") from error


def _tables(name_or_path: str, *, from_file: bool) -> Mapping[str, Any]:
    text = _file_text(name_or_path) if from_file else _preset_text(name_or_path)
    own = msgspec.toml.decode(text, type=dict[str, Any])
    base = own.pop("extends", None)
    return own if base is None else merged(_tables(_base_name(base), from_file=False), own)


def _base_name(base: object) -> str:
    if not isinstance(base, str):
        raise RulebookError("extends must be the name of a preset")
    return base


def _file_text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulebookError(f"rulebook {path} cannot be read: {error}") from error


def _preset_text(name: str) -> str:
    if name not in preset_names():
        raise RulebookError(f"there is no preset {name!r}; shipped are {', '.join(preset_names())}")
    return files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
