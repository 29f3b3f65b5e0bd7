"""Tells without Node whether the explorer's built files were made from the sources that stand beside them.

    python -m api.explorer.check

`dist/SOURCES.sha256` names every source file and its SHA-256 as it was at the last build, `dist/FILES.sha256` every
built file. A difference in either fails: a source changed without a build, or a built file was changed by hand.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

EXPLORER = Path(__file__).parent
DIST = EXPLORER / "dist"
SOURCES = DIST / "SOURCES.sha256"
FILES = DIST / "FILES.sha256"
SOURCE_PATTERNS = (
    ".npmrc",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "index.html",
    "bundling/**/*",
    "src/**/*",
)


def source_files() -> list[Path]:
    """Everything that the build reads, but the packages: those the lock file names by their own hashes."""
    return _sorted_files(path for pattern in SOURCE_PATTERNS for path in EXPLORER.glob(pattern))


def built_files() -> list[Path]:
    """Everything that the build wrote, but the two lists of checksums."""
    return _sorted_files(path for path in DIST.rglob("*") if path not in (SOURCES, FILES))


def checksums(files: Iterable[Path]) -> str:
    """One line a file, as `sha256sum` prints it, with the path from this folder."""
    return "".join(f"{_digest(path)}  {path.relative_to(EXPLORER).as_posix()}\n" for path in files)


def record() -> None:
    """Writes both lists; the build calls it when it is done."""
    SOURCES.write_text(checksums(source_files()), encoding="utf-8")
    FILES.write_text(checksums(built_files()), encoding="utf-8")


def differences() -> list[str]:
    """The files that are not as recorded, each once, by path; empty when the built files are up to date."""
    return [*_differing(SOURCES, source_files()), *_differing(FILES, built_files())]


def main() -> int:
    """Prints what differs, and what to do; the exit status is 1 then, else 0."""
    differing = differences()
    if not differing:
        sys.stdout.write("The explorer's built files match their sources.\n")
        return 0
    sys.stderr.writelines(f"api/explorer/{path} is not as it was when the explorer was built\n" for path in differing)
    sys.stderr.write("Build it with `python -m api.explorer.build` and commit api/explorer/dist with the sources.\n")
    return 1


def _sorted_files(paths: Iterable[Path]) -> list[Path]:
    return sorted((path for path in paths if path.is_file()), key=Path.as_posix)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _differing(recorded: Path, files: Iterable[Path]) -> list[str]:
    before = set(recorded.read_text(encoding="utf-8").splitlines()) if recorded.exists() else set()
    now = set(checksums(files).splitlines())
    return sorted({line.split("  ", 1)[1] for line in before ^ now})


if __name__ == "__main__":
    raise SystemExit(main())
