"""Cursors of connections: the list's identifier and the last row's ordering values, as base64url of a JSON array.

PostgreSQL writes them (``cursor_sql``), so a page needs no work in Python; reading one checks that it belongs to the
same list in the same order. An ordering value may be null: the comparison ranks nulls, not the cursor.
"""

import base64
import binascii
from typing import Any

import orjson

from schema.errors import ClientError


def invalid_cursor() -> ClientError:
    """The error for a cursor that is garbage or was given out by another list or ordering."""
    return ClientError(
        "INVALID_CURSOR",
        "游标无效，或属于另一列表、另一排序",
        "the cursor is invalid or belongs to another list or ordering",
    )


def cursor_sql(list_id: str, expressions: tuple[str, ...]) -> str:
    """The SQL expression that writes a row's cursor."""
    array = f"json_build_array('{list_id}', {', '.join(expressions)})::text"
    return f"translate(encode(convert_to({array}, 'UTF8'), 'base64'), '+/=' || chr(10), '-_')"


def decode(text: str, list_id: str, width: int) -> list[Any]:
    """The ordering values in a cursor. Raises ClientError INVALID_CURSOR unless it is of this list and ordering."""
    try:
        padded = text + "=" * (-len(text) % 4)
        values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise invalid_cursor() from error
    if not isinstance(values, list) or len(values) != width + 1 or values[0] != list_id:
        raise invalid_cursor()
    if any(isinstance(value, list | dict) for value in values):
        raise invalid_cursor()
    return values[1:]
