"""Splitting a migration file into statements, so that each is sent in a call of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What may contain a semicolon that ends nothing. An escape string knows backslashes; a plain one only doubled quotes.
_TOKEN = re.compile(
    r"""
      (?P<line_comment>   --[^\n]* )
    | (?P<block_comment>  /\* )
    | (?P<escape_string>  \b[eE]'(?:[^'\\]|\\.|'')*' )
    | (?P<string>         '(?:[^']|'')*' )
    | (?P<identifier>     "(?:[^"]|"")*" )
    | (?P<dollar>         (?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ )
    | (?P<atomic>         \bBEGIN\s+ATOMIC\b )
    | (?P<end>            ; )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_BLOCK_COMMENT_EDGE = re.compile(r"/\*|\*/")


class UnfinishedStatement(ValueError):
    """A string, comment or body is opened and not closed; ``line`` is where the statement begins."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line


@dataclass(frozen=True)
class Statement:
    """One statement without its semicolon, and the line of the file where it begins."""

    text: str
    line: int


def split_statements(source: str) -> Iterator[Statement]:
    """The statements of a file in order; comments before a statement are left out, comments inside stay.

    Raises UnfinishedStatement for a block comment that is not closed and for a SQL function body (BEGIN ATOMIC), which
    this splitter does not know; write such a body in dollar quotes.
    """
    start = position = 0
    while (token := _TOKEN.search(source, position)) is not None:
        position = _after(token, source)
        only_blank = not source[start : token.start()].strip()
        if token.lastgroup == "end":
            yield from _statement(source, start, token.start())
            start = position
        elif only_blank and token.lastgroup in {"line_comment", "block_comment"}:
            start = position
    yield from _statement(source, start, len(source))


def _after(token: re.Match[str], source: str) -> int:
    if token.lastgroup == "block_comment":
        return _block_comment_end(source, token.start())
    if token.lastgroup == "atomic":
        raise UnfinishedStatement(
            _line(source, token.start()), "write the function's body in dollar quotes, not BEGIN ATOMIC"
        )
    return token.end()


def _block_comment_end(source: str, start: int) -> int:
    """Where a block comment ends; in PostgreSQL they nest."""
    depth = 0
    for edge in _BLOCK_COMMENT_EDGE.finditer(source, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise UnfinishedStatement(_line(source, start), "a block comment is not closed")


def _statement(source: str, start: int, end: int) -> Iterator[Statement]:
    text = source[start:end].strip()
    if text:
        begins = start + len(source[start:end]) - len(source[start:end].lstrip())
        yield Statement(text, _line(source, begins))


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
