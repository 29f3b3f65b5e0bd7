"""The machine, the versions and the city of a run, as the report names them."""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import orjson

from bench.load import require_wrk
from bench.results import Conditions
from bench.servers import POSTGRAPHILE, node
from shaodao.domain.calendar import SHANGHAI
from shaodao.postgres.pool import connect

_TABLES = ("grid", "household", "person", "case_file", "case_event", "whistle", "assignment", "report")


async def conditions(dsn: str, *, preset: str, seconds: float, rounds: int) -> Conditions:
    """What the run stands on, now."""
    connection = await connect(dsn)
    try:
        city = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in _TABLES}
        server = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    load = os.getloadavg()[0]
    return Conditions(datetime.now(SHANGHAI), machine(), _versions(server), city, preset, seconds, rounds, load)


def machine() -> Mapping[str, str]:
    """The machine, as reports name it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"


def _versions(postgres: str) -> Mapping[str, str]:
    packages = POSTGRAPHILE / "node_modules"
    of_node = {
        name: orjson.loads((packages / name / "package.json").read_bytes())["version"]
        for name in ("postgraphile", "grafserv", "pg")
    }
    of_python = {name: version(name) for name in ("shaodao", "strawberry-graphql", "asyncpg", "uvicorn", "uvloop")}
    told_by_wrk = subprocess.run([require_wrk(), "--version"], capture_output=True, text=True, check=False).stdout
    return {
        "Python": platform.python_version(),
        **of_python,
        "PostgreSQL": postgres.split()[0],
        "node": subprocess.run([node(), "--version"], capture_output=True, text=True, check=True)
        .stdout.strip()
        .lstrip("v"),
        **of_node,
        "wrk": (told_by_wrk.split() or ["", "unknown"])[1],
    }
