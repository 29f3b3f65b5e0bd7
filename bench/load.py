"""Load on one contender for some seconds: wrk over loopback for servers, pgbench for the statement alone."""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from bench.agreement import AnswerFault, data_of
from bench.statements import Script
from bench.workload import Request
from shaodao.postgres.embedded import Cluster
from shaodao.settings import StartError

CONNECTIONS = 16
PORT_OF_SOCKET = "5432"
SIZE_TOLERANCE = 0.02
"""Share by which the mean answer may differ in size from the sampled one: an error answer is far smaller."""

HEAD_BYTES = 1_000
"""More than the status line and the headers of any contender's answer."""


@dataclass(frozen=True)
class Round:
    """What a round measured; ``fault`` says why it is void. Times are milliseconds."""

    rate: float
    p50: float
    p99: float | None = None
    requests: int = 0
    fault: str | None = None


def require_wrk() -> str:
    """Path of wrk. Raises StartError that says how to get it."""
    found = shutil.which("wrk")
    if found is None:
        raise StartError("The benchmark drives the servers with wrk: apt-get install wrk, or: brew install wrk")
    return found


def ask(url: str, request: Request) -> bytes:
    """One answer, asked apart from the load. Raises AnswerFault unless it is a good one."""
    answer = httpx.post(url, content=request.body, headers=dict(request.headers), timeout=30)
    data_of(answer.status_code, answer.content)
    return answer.content


def drive(url: str, request: Request, seconds: float) -> Round:
    """A round of wrk; answers are sampled before, in the middle and after, and any fault voids it."""
    with tempfile.TemporaryDirectory() as folder:
        command = _wrk_command(url, request, seconds, Path(folder))
        try:
            expected = len(ask(url, request))
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
                time.sleep(seconds / 2)
                fault = _fault_of(lambda: ask(url, request))
                output, _ = running.communicate(timeout=seconds + 60)
            ask(url, request)
        except (AnswerFault, httpx.HTTPError) as error:
            return Round(0, 0, fault=str(error))
        return _wrk_round(output, expected, fault)


def run_pgbench(cluster: Cluster, database: str, script: Script, seconds: float) -> Round:
    """A round of pgbench with as many clients as the servers get connections; it tells no percentiles."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "operation.sql"
        path.write_text(script.sql, encoding="utf-8")
        given = [word for name, value in script.variables.items() for word in ("-D", f"{name}={value}")]
        command = [
            str(cluster.programs.folder / "pgbench"), "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1",
            "-T", str(max(1, round(seconds))), "-h", str(cluster.socket), "-p", PORT_OF_SOCKET, "-U", "shaodao",
            "-f", str(path), *given, database,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    latency = re.search(r"latency average = ([\d.]+)", done.stdout)
    if done.returncode != 0 or rate is None or latency is None:
        return Round(0, 0, fault=(done.stderr.strip().splitlines() or ["pgbench said nothing"])[0])
    return Round(float(rate[1]), float(latency[1]))


def _wrk_command(url: str, request: Request, seconds: float, folder: Path) -> list[str]:
    body, headers = folder / "body", folder / "headers"
    body.write_bytes(request.body)
    headers.write_text("".join(f"{name}: {value}\n" for name, value in request.headers.items()))
    script = Path(__file__).with_name("post.lua")
    return [
        require_wrk(), "-t", "1", "-c", str(CONNECTIONS), "-d", f"{max(1, round(seconds))}s", "--timeout", "30s",
        "-s", str(script), url, "--", str(body), str(headers),
    ]  # fmt: skip


def _wrk_round(output: str, expected: int, fault: str | None) -> Round:
    line = re.search(r"^RESULT (.*)$", output, re.MULTILINE)
    if line is None:
        return Round(0, 0, fault=output.strip()[-200:] or "wrk said nothing")
    told = orjson.loads(line[1])
    requests = told["requests"]
    if fault is None and (told["refused"] or told["broken"]):
        fault = f"{told['refused']} answers with another status than 200, {told['broken']} broken connections"
    mean = told["bytes"] / max(1, requests)
    if fault is None and not expected * (1 - SIZE_TOLERANCE) <= mean <= expected * (1 + SIZE_TOLERANCE) + HEAD_BYTES:
        fault = f"answers of {mean:.0f} bytes in the mean, where the sampled one has {expected}"
    rate = requests / (told["microseconds"] / 1_000_000)
    return Round(rate, told["p50"] / 1_000, told["p99"] / 1_000, requests, fault)


def _fault_of(check: Callable[[], object]) -> str | None:
    try:
        check()
    except (AnswerFault, httpx.HTTPError) as error:
        return str(error)
    return None
