"""Identifiers that are the same at each load: of version 7, by a time, the kind of thing and its number."""

from asyncpg.pgproto.pgproto import UUID

_ODD = 0x1E3779B97F4A7C15  # below 2^62: multiplying by an odd number scatters numbers and merges none
_MASK = (1 << 62) - 1
_VERSION_7 = 7 << 76
_VARIANT = 2 << 62

GRID, HOUSEHOLD, PERSON, CARE_TAG, ACCOUNT, CASE, EVENT, WHISTLE, ASSIGNMENT, REPORT, VERIFICATION = range(11)
FOLLOW_UP, EVALUATION, MESSAGE, DEADLINE, MERGE = range(11, 16)


def identifier(kind: int, number: int, at: int = 0) -> UUID:
    """The id of the ``number``-th thing of a kind that came into being ``at`` seconds since 1970."""
    value = (at * 1000) << 80 | _VERSION_7 | kind << 64 | _VARIANT | number * _ODD & _MASK
    return UUID(value.to_bytes(16, "big"))


def scattered(number: int, salt: int) -> int:
    """A number below 2^32 that looks like chance, and is the same for the same two numbers."""
    value = (number + salt * 0x9E3779B9) * 0xD6E8FEB86659FD93 & 0xFFFFFFFFFFFFFFFF
    return (value ^ value >> 32) * 0xD6E8FEB86659FD93 >> 32 & 0xFFFFFFFF
