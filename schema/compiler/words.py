"""How common the pieces of texts are, by PostgreSQL's own statistics: which way a page of matching rows is found.

A prepared statement's plan is one for all words, but the two ways differ a hundredfold on a million cases: the rows of a rare
word are found by the index of pieces and then sorted, those of a common one by walking the list in its order, where a page
is soon full (docs/adr/0006-read-path.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PAGE = 21
"""Rows of an ordinary page, with the one that is read ahead."""

STATISTICS = """
SELECT s.tablename AS name, greatest(c.reltuples, 1) AS rows, s.most_common_elems::text::text[] AS pieces,
    s.most_common_elem_freqs AS shares
FROM pg_stats s JOIN pg_class c ON c.oid = format('%I.%I', s.schemaname, s.tablename)::regclass
WHERE s.schemaname = 'public' AND s.attname = 'search_bigrams' AND s.most_common_elems IS NOT NULL
"""
"""A row for each table whose texts are searched: its rows, its commonest pieces, and in which share of the rows each is."""


@dataclass
class Words:
    """The pieces of each table that are common in it; none before statistics were read."""

    common_pieces: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def common(self, table: str, pieces: Sequence[str]) -> bool:
        """Whether a text of these pieces is probably in many rows of the table: all of them are common there."""
        known = self.common_pieces.get(table, frozenset())
        return bool(pieces) and known.issuperset(pieces)

    def learn(self, statistics: Iterable[Any]) -> None:
        """Take the rows of STATISTICS for what is so from now on."""
        self.common_pieces = {row["name"]: _common(row["rows"], row["pieces"], row["shares"]) for row in statistics}


def _common(rows: float, pieces: Sequence[str], shares: Sequence[float]) -> frozenset[str]:
    """The pieces with which a walk to a full page reads fewer rows than have the piece; behind the shares stand other figures."""
    return frozenset(piece for piece, share in zip(pieces, shares, strict=False) if PAGE / share < share * rows)
