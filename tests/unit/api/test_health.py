"""Readiness: each check by itself, all at once, and none for longer than it may take."""

import asyncio
import time
from typing import Any

import httpx
from starlette.applications import Starlette

from api.health import Check, health_routes


async def well() -> None:
    return None


async def missing() -> str:
    return "no courier"


async def broken() -> None:
    raise ConnectionRefusedError("host secret")


async def hanging() -> None:
    await asyncio.Event().wait()


async def asked(**checks: Check) -> tuple[int, Any]:
    transport = httpx.ASGITransport(Starlette(routes=health_routes(checks, within=0.5)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()


async def test_all_that_is_well_is_ready() -> None:
    assert await asked(a=well, b=well) == (200, {"ready": True, "checks": {"a": "ok", "b": "ok"}})


async def test_what_is_missing_is_told_and_why_a_check_failed_is_not() -> None:
    status, body = await asked(a=well, b=missing, c=broken)
    assert status == 503
    assert body == {"ready": False, "checks": {"a": "ok", "b": "no courier", "c": "failed: ConnectionRefusedError"}}


async def test_checks_that_hang_are_given_up_at_once() -> None:
    begun = time.perf_counter()
    status, body = await asked(a=hanging, b=hanging, c=hanging)
    assert time.perf_counter() - begun < 1.4
    assert (status, body["checks"]["a"]) == (503, "failed: TimeoutError")
