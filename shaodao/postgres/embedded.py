"""The embedded PostgreSQL: a cluster in the data folder, on a Unix socket, kept between runs.

We run initdb and pg_ctl ourselves. The wheel's own Python layer opens the modes of every parent folder and leaves
PostgreSQL running after a SIGKILL; here modes of existing folders are never touched, and a guard stops an orphan.
"""

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from shaodao.postgres.binaries import Programs, ServerUser, reachable_copy, server_user, wheel_binaries
from shaodao.postgres.database import ensure_database
from shaodao.postgres.errors import DataFolderInUse, DataFolderUnusable, EmbeddedServerError, OtherMajorVersion

DSN: TypeAlias = str
Say: TypeAlias = Callable[[str], None]

DATABASE = "shaodao"
SUPERUSER = "shaodao"
ELSEWHERE = Path("/var/lib/shaodao")
SOCKET_PATH_LIMIT = 107  # bytes of sun_path without its NUL
SOCKET_NAME = ".s.PGSQL.5432"
LOG_LIMIT = 10_000_000  # bytes, after which a start sets the server's log aside

SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "log_checkpoints": "off",
}
# A database that is thrown away with its test needs no safety against power failure.
THROW_AWAY_SETTINGS: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def silent(line: str) -> None:
    """Tell nobody."""


@asynccontextmanager
async def embedded_server(
    data_dir: Path, *, say: Say = silent, binaries: Path | None = None, throw_away: bool = False
) -> AsyncIterator[DSN]:
    """Run the cluster of a data folder, made at the first start, and give the DSN of its database ``shaodao``.

    ``say`` is told what takes time or is unusual. Raises EmbeddedServerError, whose message is one line.
    """
    with running_cluster(data_dir, say=say, binaries=binaries, throw_away=throw_away) as cluster:
        dsn = cluster.dsn(DATABASE)
        await ensure_database(cluster.dsn("postgres"), DATABASE)
        yield dsn


@contextmanager
def running_cluster(
    data_dir: Path, *, say: Say = silent, binaries: Path | None = None, throw_away: bool = False
) -> Iterator["Cluster"]:
    """Run the cluster of a data folder under the folder's lock, and stop it at the end."""
    folder = _made_data_folder(data_dir)
    with _lock(folder):
        cluster = place_cluster(folder, say=say, binaries=binaries, throw_away=throw_away)
        cluster.start()
        with _guard(cluster.postmaster()):
            try:
                yield cluster
            finally:
                cluster.stop()


def running_dsn(data_dir: Path) -> DSN | None:
    """How to reach the server that another program runs on the data folder; None if none runs."""
    folder = data_dir.resolve()
    for home in (folder, _elsewhere(folder)):
        recorded = _record(home / "postgres")
        if recorded is not None and recorded.socket is not None and _runs_in(recorded.pid, home / "postgres"):
            return _dsn(recorded.socket, DATABASE)
    return None


def place_cluster(folder: Path, *, say: Say, binaries: Path | None = None, throw_away: bool = False) -> "Cluster":
    """Decide where cluster, programs and socket lie: in the data folder, or elsewhere if others cannot enter it."""
    elsewhere = _elsewhere(folder)
    home = _home(folder, elsewhere, say)
    user = server_user(home / "postgres")
    found = binaries or wheel_binaries()
    if not user.can_reach(found / "postgres"):
        _make_folder(elsewhere, 0o711)
        found = reachable_copy(found, elsewhere, user)
    return Cluster(home, Programs(found, user), _socket_folder(home, user), say, throw_away)


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL cluster: ``home/postgres`` is its data; the caller holds the lock of the data folder."""

    home: Path
    programs: Programs
    socket: Path
    say: Say
    throw_away: bool = False

    @property
    def data(self) -> Path:
        """The cluster's own folder (PGDATA)."""
        return self.home / "postgres"

    def dsn(self, database: str) -> DSN:
        """How a client reaches a database of the cluster."""
        return _dsn(self.socket, database)

    def start(self) -> None:
        """Make the cluster if it is missing, end a server that outlived its program, and start."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        self._end_orphan()
        self._set_log_aside()
        for _ in range(20):
            if self._control("start", "-t", "60", "-l", "server.log", "-o", self._options()):
                return
            # Servers of a killed postmaster need a moment to notice that it is gone.
            if "pre-existing shared memory block" not in self._last_words():
                break
            time.sleep(0.25)
        raise EmbeddedServerError(f"PostgreSQL does not start in {self.data}: {self._last_words()}")

    def stop(self) -> None:
        """Stop the server if it runs: cleanly, or after half a minute at once."""
        if self.postmaster() is not None and not self._control("stop", "-m", "fast", "-t", "30"):
            self._control("stop", "-m", "immediate", "-t", "30")
        if self.socket.parent != self.home:
            shutil.rmtree(self.socket, ignore_errors=True)

    def postmaster(self) -> int | None:
        """Process id of the running server, or None."""
        recorded = _record(self.data)
        return recorded.pid if recorded is not None and _runs_in(recorded.pid, self.data) else None

    def _initialise(self) -> None:
        self.say(f"Making the database in {self.data} (once; a few seconds)")
        unfinished = self.home / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.programs.user.own(unfinished)
        arguments = ["-D", str(unfinished), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C", "--no-instructions"]
        arguments += ["--auth-local=trust", "--auth-host=reject", *(["--no-sync"] if self.throw_away else [])]
        made = self.programs.run("initdb", arguments, cwd=unfinished)
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb failed in {self.home}: {made.stdout.strip().splitlines()[-1]}")
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        ours = self.programs.version.split(".")[0]
        if found != ours:
            raise OtherMajorVersion(self.data, found, ours)

    def _end_orphan(self) -> None:
        if self.postmaster() is not None:
            self._control("stop", "-m", "fast", "-t", "30")
        else:
            # After a reboot the recorded number may be some other program's, and PostgreSQL would refuse to start.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.socket / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _control(self, *arguments: str) -> bool:
        """Run pg_ctl; the folder comes by the environment: an argument would go unquoted into a shell command."""
        done = self.programs.run(
            "pg_ctl", ["-s", "-w", *arguments], cwd=self.data, environment={"PGDATA": str(self.data)}
        )
        return done.returncode == 0

    def _options(self) -> str:
        settings = dict(SERVER_SETTINGS) | {"unix_socket_directories": str(self.socket)}
        settings |= THROW_AWAY_SETTINGS if self.throw_away else {}
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())

    def _set_log_aside(self) -> None:
        log = self.data / "server.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(self.data / "server.log.1")

    def _last_words(self) -> str:
        """The last complaint in the server's log."""
        try:
            lines = (self.data / "server.log").read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return "it left no log"
        complaints = [line for line in lines if re.search(r"FATAL|PANIC|could not|postgres:", line)]
        return (complaints or lines or ["it left no log"])[-1]


@dataclass(frozen=True)
class _Postmaster:
    """What a server wrote down of itself in ``postmaster.pid``; one that is only starting has no socket yet."""

    pid: int
    socket: Path | None


def _record(data: Path) -> _Postmaster | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return _Postmaster(int(lines[0]), Path(lines[4]) if len(lines) > 4 and lines[4] else None)
    except (OSError, ValueError, IndexError):
        return None


def _dsn(socket: Path, database: str) -> DSN:
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(socket), safe='')}&port=5432"


def _elsewhere(folder: Path) -> Path:
    """Where the cluster of a data folder goes that PostgreSQL's account cannot enter."""
    return ELSEWHERE / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def _runs_in(pid: int, folder: Path) -> bool:
    """Whether a process is the postmaster of the folder: that is where a postmaster has its working directory."""
    if not Path("/proc/self").exists():
        return _exists(pid)
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _home(folder: Path, elsewhere: Path, say: Say) -> Path:
    """Where the cluster is or shall be made. What exists is never left behind for a new, empty one."""
    inside = folder / "postgres"
    user = server_user(inside)
    if user.is_ourselves and inside.exists() and inside.stat().st_uid != user.uid:
        raise DataFolderUnusable(folder, "its database belongs to another user")
    if (elsewhere / "postgres").exists() and not inside.exists():
        say(f"The database of {folder} is in {elsewhere}")
        return elsewhere
    if user.can_reach(folder):
        return folder
    if inside.exists():
        raise DataFolderUnusable(
            folder, f"a folder above it is closed to the account {user.name}, as which PostgreSQL runs"
        )
    say(f"{folder} is closed to other accounts, and PostgreSQL does not run as root: the database goes to {elsewhere}")
    _make_folder(elsewhere, 0o711)
    return elsewhere


def _made_data_folder(data_dir: Path) -> Path:
    """The data folder, made if missing; for root others may pass through it, since PostgreSQL runs as one of them."""
    folder = data_dir.resolve()
    _make_folder(folder, 0o711 if os.geteuid() == 0 else 0o700)
    return folder


def _make_folder(folder: Path, mode: int) -> None:
    """Make a folder with exactly this mode; one that exists is left as it is."""
    try:
        for parent in reversed(folder.parents):
            parent.mkdir(mode=0o755, exist_ok=True)
        if not folder.is_dir():
            folder.mkdir()
            folder.chmod(mode)
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from None


def _socket_folder(home: Path, user: ServerUser) -> Path:
    """A folder for the socket that only its owner enters; a short one where the path is too long for a socket."""
    folder = home / "run"
    fits = len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT
    if fits and re.fullmatch(r"[\w./+=~@-]+", str(folder)):
        if not folder.exists():
            folder.mkdir(mode=0o700)
            user.own(folder)
        return folder
    # The short folder has a name of its own and is removed at the end; /tmp, since TMPDIR may be long as well.
    short = Path(tempfile.mkdtemp(prefix="shaodao-", dir="/tmp"))
    user.own(short)
    return short


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the data folder; the lock ends with the process, however that ends."""
    try:
        descriptor = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from None
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataFolderInUse(folder) from None


@contextmanager
def _guard(postmaster: int | None) -> Iterator[None]:
    """A shell that stops the server when we are gone without having stopped it.

    Its input is a pipe of ours: a line says that all is well, its end alone that we were killed. It is told the process
    id instead of the folder, so that it cannot stop a server that was started after this one.
    """
    script = 'read -r line || kill -INT "$1"'
    with subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", str(postmaster)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        text=True,
    ) as guard:
        try:
            yield
        finally:
            guard.communicate("done\n")
