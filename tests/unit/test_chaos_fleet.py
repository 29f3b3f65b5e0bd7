"""The service manager of ``make chaos``: what a process may do while it starts, and what it may not once it is up."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import httpx
import pytest

from shaodao.delivery.pace import cancelled
from shaodao.postgres.binaries import Programs, server_user
from shaodao.postgres.embedded import Cluster, silent
from tests.chaos.comebacks import Comebacks, watched_of
from tests.chaos.disturbances import Disturber, Kind
from tests.chaos.fleet import Fleet, Unit, freeze, running_fleet, thaw

UP = "it is up"
AT_WORK = "department_at_work             department=police"
KILLED = 'department_process_ended       department=police reason="the department\'s process ended by SIGKILL"'
HELD_UP = (
    'department_process_ended       department=police reason="the department\'s process was ended: it was held up"'
)


STOPS = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); "
"""It ends when it is told to, as a process should."""


def unit(folder: Path, script: str, departments: tuple[str, ...] = ()) -> Unit:
    """A process that runs the script."""
    command = (sys.executable, "-c", STOPS + script)
    return Unit("one", command, os.environ, folder / "one.log", UP, departments=departments)


def saying(*lines: str) -> str:
    """A script that says the lines and then goes on for ever."""
    return f"import time; print({chr(10).join(lines)!r}, flush=True); time.sleep(1000)"


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("status", [1, 3])
async def test_a_start_may_be_refused(tmp_path: Path, status: int) -> None:
    one = unit(tmp_path, f"print('no database'); sys.exit({status})")
    async with running_fleet(Fleet((one,), ())) as fleet:
        await until(lambda: bool(one.refusals))
        assert not one.established
        assert fleet.down() == ["one"]
    assert [(refusal.unit, refusal.status) for refusal in fleet.refusals()] == [("one", status)]
    assert fleet.surprises() == []


@pytest.mark.parametrize("status", [0, 1, 3])
async def test_a_process_that_is_up_must_stay_up(tmp_path: Path, status: int) -> None:
    one = unit(tmp_path, f"print({UP!r}); sys.exit({status})")
    async with running_fleet(Fleet((one,), ())) as fleet:
        await until(lambda: bool(one.surprises))
    assert fleet.surprises()[0] == f"one ended by itself with status {status}"
    assert fleet.refusals() == []


async def test_a_process_that_was_killed_is_not_up_until_the_next_one_says_so(tmp_path: Path) -> None:
    word = tmp_path / "second"
    script = f"import pathlib, time; word = pathlib.Path({str(word)!r}); word.exists() or print({UP!r}, flush=True)"
    one = unit(tmp_path, f"{script}; word.touch(); time.sleep(1000)")
    async with running_fleet(Fleet((one,), ())) as fleet:
        await until(lambda: one.established)
        first = one.pid
        one.kill()
        await until(lambda: one.pid not in (None, first))
        assert not one.established
    assert fleet.surprises() == []


@pytest.mark.parametrize(
    ("lines", "at_work", "surprises"),
    [
        ([UP, AT_WORK], ["police"], 0),
        ([UP, AT_WORK, KILLED], [], 0),
        ([UP, AT_WORK, KILLED, AT_WORK], ["police"], 0),
        ([UP, HELD_UP, AT_WORK], ["police"], 0),
        ([UP, AT_WORK, HELD_UP, AT_WORK], ["police"], 1),
    ],
)
async def test_a_departments_process_may_not_end_either(
    tmp_path: Path, lines: list[str], at_work: list[str], surprises: int
) -> None:
    one = unit(tmp_path, saying(*lines), ("police",))
    async with running_fleet(Fleet((), (one,))) as fleet:
        await until(lambda: one.established)
        assert one.departments_at_work == at_work
        assert fleet.down() == ([] if at_work else ["police of one"])
        assert [watched.name for watched in watched_of(fleet)] == [f"{name} of one" for name in at_work]
    assert len(fleet.surprises()) == surprises


@pytest.mark.parametrize(("on_sigterm", "status"), [("signal.SIG_DFL", -15), ("lambda *_: sys.exit(1)", 1)])
async def test_a_process_ends_well_when_it_is_told_to(tmp_path: Path, on_sigterm: str, status: int) -> None:
    one = unit(tmp_path, f"signal.signal(signal.SIGTERM, {on_sigterm}); {saying(UP)}")
    async with running_fleet(Fleet((one,), ())) as fleet:
        await until(lambda: one.established)
    assert fleet.surprises() == [f"one ended with status {status} on SIGTERM"]


SLEEPS = "[sys.executable, '-c', 'import time; time.sleep(1000)']"
CHILD = f"import subprocess, sys; subprocess.Popen({SLEEPS}, start_new_session=True); "
"""It has a process below it in a session of its own, as a worker has its departments'."""


async def test_a_machine_that_sleeps_takes_along_what_runs_below_it(tmp_path: Path) -> None:
    one = unit(tmp_path, CHILD + saying(UP))
    async with running_fleet(Fleet((), (one,))):
        await until(lambda: one.established)
        tree = one.tree()
        assert [one.pid, *one.children()] == tree
        assert len(tree) == 2
        freeze(tree)
        await until(lambda: [state(process) for process in tree] == ["T", "T"])
        thaw(tree)
        await until(lambda: "T" not in [state(process) for process in tree])
        one.kill_child(Random(1))
        await until(lambda: state(tree[1]) in "ZX")


async def test_a_department_frozen_alone_wakes_also_when_the_run_is_cut_short(tmp_path: Path) -> None:
    one = unit(tmp_path, CHILD + saying(UP))
    cluster, comebacks = (
        Cluster(tmp_path, Programs(tmp_path, server_user(tmp_path)), tmp_path, silent),
        Comebacks(tmp_path, "", httpx.AsyncClient()),
    )
    async with running_fleet(Fleet((), (one,))) as fleet:
        await until(lambda: one.established)
        worker, department = one.tree()
        said: list[str] = []
        only = {Kind.FREEZE_DEPARTMENT: 1}
        disturber = Disturber(fleet, cluster, comebacks, Random(1), said.append, only)
        disturbing = asyncio.create_task(disturber.disturb(60, 0))
        try:
            await until(lambda: state(department) == "T")
            assert state(worker) != "T"
            await cancelled(disturbing)
            await until(lambda: state(department) != "T")
            assert set(said) == {"department's process frozen"}
        finally:
            one.kill_child(Random(1))


def state(process: int) -> str:
    """As the kernel tells it: T for one that is stopped, Z for one that has ended."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
