"""/healthz says that the process lives; /readyz that database, migrations, courier and clock are there."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

Checks = Mapping[str, Callable[[], Awaitable[str | None]]]
"""Named checks; each answers None when all is well, else what is missing."""


def health_routes(checks: Checks) -> list[Route]:
    """The routes of both."""

    async def healthz(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> JSONResponse:
        found = {name: await _checked(check) for name, check in checks.items()}
        ready = all(problem is None for problem in found.values())
        body = {"ready": ready, "checks": {name: problem or "ok" for name, problem in found.items()}}
        return JSONResponse(body, status_code=200 if ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _checked(check: Callable[[], Awaitable[str | None]]) -> str | None:
    try:
        return await check()
    except Exception as error:  # a check that fails is itself the finding
        return f"{type(error).__name__}: {error}"
