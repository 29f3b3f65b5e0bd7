"""The explorer (接口探查器): a GraphiQL page for people who try the API in a browser, served by us without a CDN.

The built files stand in `dist/` (docs/adr/0001-explorer-built-files.md); `python -m api.explorer.build` makes them from
`src/`, and `python -m api.explorer.check` tells whether they are up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.requests import Request

DIST = Path(__file__).parent / "dist"

# Monaco and the pop-ups of Radix write their own style elements, and Monaco's style draws squiggles as data: images.
# Everything else comes from this origin; connect-src 'self' covers the WebSocket of the same host too.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@dataclass(frozen=True, slots=True)
class DemoToken:
    """A person of the demonstration street, as the menu names them, and a bearer token that stands for them."""

    label: str
    token: str


@dataclass(frozen=True, slots=True)
class DemoOperation:
    """A tab that the explorer opens with; `token` is an index into the catalogue's tokens, None proposes nobody.

    `name` is the catalogue's key for it, such as its file's name. `title` is shown above the editor; the tab itself
    takes the operation's name from the document, so an operation must have one, and no two the same.
    """

    name: str
    title: str
    document: str
    variables: Mapping[str, object]
    token: int | None


@dataclass(frozen=True, slots=True)
class DemoCatalogue:
    """What the explorer of a demo offers, in the order of its menu and of its tabs."""

    tokens: tuple[DemoToken, ...]
    operations: tuple[DemoOperation, ...]


class _HashedFiles(StaticFiles):
    """Files whose names change with their contents, so that a browser may keep them for ever."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        response.headers.update(_security_headers())
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _security_headers() -> dict[str, str]:
    """The headers of every answer here: a worker takes its policy from its own file's answer, not from the page's."""
    return {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def explorer_page_response() -> Response:
    """The page itself, for a browser that asks for /graphql; checked anew each time, as it names the hashed files."""
    return FileResponse(DIST / "index.html", headers=_security_headers() | {"Cache-Control": "no-cache"})


def explorer_routes(catalogue_factory: Callable[[], DemoCatalogue] | None) -> list[BaseRoute]:
    """The page's files under /explorer/ and, for a demo, /explorer/demo.json.

    `catalogue_factory` is called for each request, in a thread, so that the tokens it hands out are fresh. Without one
    the answer is 404, and the page asks for a token instead. The file gives tokens to whoever asks: only for demos.
    """
    routes: list[BaseRoute] = [
        Route("/explorer/LICENSES.txt", _licences),
        Mount("/explorer/assets", _HashedFiles(directory=DIST / "assets")),
    ]
    if catalogue_factory is not None:
        routes.append(_demo_route(catalogue_factory))
    return routes


def _demo_route(catalogue_factory: Callable[[], DemoCatalogue]) -> Route:
    def demo(_request: Request) -> Response:
        headers = _security_headers() | {"Cache-Control": "no-store"}
        return Response(msgspec.json.encode(catalogue_factory()), media_type="application/json", headers=headers)

    return Route("/explorer/demo.json", demo)


def _licences(_request: Request) -> Response:
    return FileResponse(DIST / "LICENSES.txt", headers=_security_headers())
