"""/healthz says that the process lives; /readyz that database, migrations, courier and clock are there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

Check = Callable[[], Awaitable[str | None]]
"""Answers None when all is well, else what is missing."""


class Remark(str):
    """What a check has to tell though the server is ready: a department that nobody serves keeps no client waiting."""

    __slots__ = ()


CHECK_WITHIN = 3.0
"""Seconds that one check may take."""

_log = structlog.get_logger(__name__)


def health_routes(checks: Mapping[str, Check], within: float = CHECK_WITHIN) -> list[Route]:
    """The routes of both; each named check ends ``within`` seconds."""

    async def healthz(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> JSONResponse:
        found = await asyncio.gather(*(_checked(name, check, within) for name, check in checks.items()))
        ready = all(problem is None or isinstance(problem, Remark) for problem in found)
        told = {name: problem or "ok" for name, problem in zip(checks, found, strict=True)}
        return JSONResponse({"ready": ready, "checks": told}, status_code=200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _checked(name: str, check: Check, within: float) -> str | None:
    """What is missing. A check that fails is itself the finding; why is logged, for anybody may ask here."""
    try:
        async with asyncio.timeout(within):
            return await check()
    except Exception as error:
        _log.warning("check_failed", check=name, error=f"{type(error).__name__}: {error}")
        return f"failed: {type(error).__name__}"
