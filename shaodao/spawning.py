"""Python processes of our own, each on a socket to its parent: it brings the orders, and its end is the end of both."""

import ctypes
import os
import pickle
import signal
import socket
import sys
import threading
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_PR_SET_PDEATHSIG = 1
_LENGTH = 8


@dataclass(frozen=True)
class _Letter:
    """What every child gets: the places that its parent imports from, its parent's process id, and its orders."""

    path: list[str]
    parent: int
    orders: Any


async def spawn(module: str, orders: object) -> tuple[Process, socket.socket]:
    """Start a fresh interpreter that runs ``module``; answers the process and our end of the socket, not blocking.

    It is in a session of its own, so that Ctrl-C at a terminal reaches the parent alone, which ends its children.
    """
    ours, theirs = socket.socketpair()
    try:
        process = await create_subprocess_exec(
            sys.executable, "-m", module, str(theirs.fileno()),
            stdin=DEVNULL, pass_fds=(theirs.fileno(),), start_new_session=True,
        )  # fmt: skip
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    letter = pickle.dumps(_Letter(list(sys.path), os.getpid(), orders))
    with suppress(OSError):  # where it has ended already, whoever waits for it sees that
        ours.sendall(len(letter).to_bytes(_LENGTH) + letter)
    ours.setblocking(False)
    return process, ours


def receive_orders() -> tuple[Any, socket.socket]:
    """In the child, before anything else: the orders and the socket. From here on it ends when its parent does."""
    link = socket.socket(fileno=int(sys.argv[1]))
    length = int.from_bytes(link.recv(_LENGTH, socket.MSG_WAITALL))
    letter: _Letter = pickle.loads(link.recv(length, socket.MSG_WAITALL))  # noqa: S301 - our own parent wrote it
    _end_with(letter.parent)
    threading.Thread(target=_end_at_silence, args=(link.dup(),), name="shaodao-parent", daemon=True).start()
    sys.path[:] = letter.path
    return letter.orders, link


def _end_with(parent: int) -> None:
    """Linux ends the child itself, even one whose hook never lets another thread run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _end_at_silence(link: socket.socket) -> None:
    """Elsewhere the socket tells, by its end."""
    while link.recv(64):
        pass
    os._exit(1)
