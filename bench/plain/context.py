"""What a request's resolvers share."""

from dataclasses import dataclass

from asyncpg import Pool, Record

from bench.plain.loaders import Loaders
from bench.plain.viewer import PlainViewer


@dataclass
class Context:
    """The pool, who asks, and the loaders of this request."""

    pool: "Pool[Record]"
    viewer: PlainViewer
    loaders: Loaders
