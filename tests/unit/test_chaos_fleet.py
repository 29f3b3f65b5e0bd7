"""The service manager of ``make chaos``: what a process may do while it starts, and what it may not once it is up."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.comebacks import watched_of
from tests.chaos.fleet import Fleet, Unit, running_fleet

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
