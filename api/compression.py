"""Compression of answers for clients that ask for it: Zstandard, Brotli or gzip, by starlette-compress (design: http)."""

from starlette.types import ASGIApp
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from api.answers import GRAPHQL_JSON

SMALLEST_BYTES = 500
"""Bytes of a body that is worth it."""


def compressing(app: ASGIApp) -> ASGIApp:
    """The application with its answers compressed. A part of multipart/mixed is to arrive when it is sent, so that is not."""
    add_compress_type(GRAPHQL_JSON)
    add_compress_type("text/csv")
    remove_compress_type("multipart/mixed")
    return CompressMiddleware(app, minimum_size=SMALLEST_BYTES)
