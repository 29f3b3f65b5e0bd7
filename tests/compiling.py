"""Statements compiled without a database, and what they must bind."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from graphql import parse

from schema.compiler.catalogue import Catalogue
from schema.compiler.operation import Statement, compile_roots, is_stored_root
from schema.compiler.selections import collect_sets
from schema.compiler.shape import viewer_shape
from schema.compiler.state import Compilation
from schema.compiler.words import Words
from schema.documents import document_of
from shaodao.domain.permissions import Viewer

_DUMP = Path(__file__).parents[1] / "migrations" / "schema.sql"


def compiled(
    catalogue: Catalogue,
    who: Viewer,
    text: str,
    variables: Mapping[str, Any] | None = None,
    counties: tuple[int, ...] = (),
    words: Words | None = None,
) -> Statement:
    """The stored root fields of the only operation of a document as one statement, for a viewer and its counties."""
    document = document_of(text, parse(text))
    shape = viewer_shape(who, counties or who.counties)
    compilation = Compilation(catalogue, document.fragments, variables or {}, shape, words=words or Words())
    query = catalogue.schema.query_type
    assert query is not None
    fields = collect_sets(compilation, query, [document.operation(None).selection_set])
    stored = {key: nodes for key, nodes in fields.items() if is_stored_root(query, nodes)}
    return compile_roots(compilation, query, stored)


def unbound(sql: str, growing: Collection[str]) -> list[str]:
    """The growing tables, with their aliases, that a statement reads oftener than it binds their county."""
    read = Counter(
        (table, alias)
        for table, alias in re.findall(r"(?:FROM|JOIN) (\w+) (\w+)(?! WHERE false| ON false)\b", sql)
        if table in growing
    )
    bound = Counter(re.findall(r"\b(\w+)\.county_code = (?:\$\d|ANY\(\$\d)", sql))
    reads = Counter[str]()
    for (_, alias), times in read.items():
        reads[alias] += times
    return [f"{table} {alias}" for table, alias in read if bound[alias] < reads[alias]]


def growing_tables() -> set[str]:
    """The tables and views of the migrated database that have a county."""
    dump = _DUMP.read_text(encoding="utf-8")
    tables = re.findall(r"CREATE TABLE public\.(\w+) \(\n    county_code integer", dump)
    return {*tables, *re.findall(r"CREATE VIEW public\.(\w+) AS\s+SELECT \w+\.county_code", dump)}
