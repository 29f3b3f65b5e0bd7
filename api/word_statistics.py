"""Reads from time to time how common the pieces of texts are: PostgreSQL counts them when it analyses a table."""

from dataclasses import dataclass

from schema.compiler.words import STATISTICS, Words
from shaodao.postgres.readers import Readers

REFRESH = 600.0
"""Seconds between two readings."""


@dataclass(frozen=True)
class WordStatistics:
    """Keeps what the read compiler knows of words as fresh as PostgreSQL's own statistics."""

    words: Words
    readers: Readers
    name: str = "words"

    async def one_pass(self) -> float:
        """Read the statistics; answers the seconds until the next time."""
        self.words.learn(await self.readers.fetch(STATISTICS))
        return REFRESH
