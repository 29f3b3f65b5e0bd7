"""A second client, in a process of its own: it asks a plain query again and again over one connection, and times each answer.

``python -m bench.bystander PORT`` with the token in BENCH_TOKEN prints a line for each: when it was asked, by the machine's
monotonic clock, and the seconds until its answer was there. It ends when its input does.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

QUERY = b'{"query": "{ cases(first: 20) { nodes { number } } }"}'
PAUSE = 0.01
"""Seconds between an answer and the next question."""
GIVES_UP_AFTER = 10.0


@dataclass
class Bystander:
    """What the second client has seen so far: pairs of when it asked and how long it waited."""

    seen: list[tuple[float, float]] = field(default_factory=list)

    def waited(self, since: float = 0.0) -> list[float]:
        """The seconds of each answer since a time, the shortest first."""
        return sorted(seconds for asked, seconds in self.seen if asked + seconds >= since)

    def await_more(self, answers: int = 5) -> None:
        """Wait until it has been answered so often again."""
        wanted, until = len(self.seen) + answers, time.monotonic() + GIVES_UP_AFTER
        while len(self.seen) < wanted and time.monotonic() < until:
            time.sleep(PAUSE)


@contextmanager
def standing_by(port: int, token: str) -> Iterator[Bystander]:
    """The second client while it asks. Raises CalledProcessError if it was answered wrongly, or not at all."""
    command = [sys.executable, "-m", "bench.bystander", str(port)]
    environment = {**os.environ, "BENCH_TOKEN": token}
    bystander = Bystander()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    reading = threading.Thread(target=_read, args=(process, bystander))
    reading.start()
    try:
        bystander.await_more()
        yield bystander
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
        reading.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _read(process: "subprocess.Popen[bytes]", bystander: Bystander) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            asked, seconds = map(float, line.split())
            bystander.seen.append((asked, seconds))


def _ask(port: int, token: str) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    connection = HTTPConnection("127.0.0.1", port, timeout=GIVES_UP_AFTER)
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    while not ended.wait(PAUSE):
        asked = time.monotonic()
        connection.request("POST", "/graphql", QUERY, headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"The second client got {answer.status}: {body[:200]!r}")
        sys.stdout.write(f"{asked} {time.monotonic() - asked}\n")
        sys.stdout.flush()


def _await_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    _ask(int(sys.argv[1]), os.environ["BENCH_TOKEN"])
