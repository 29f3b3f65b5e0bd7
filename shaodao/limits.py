"""What the server takes from strangers at most: each a setting, ``SHAODAO_LIMIT_<NAME>`` (design: http).

The defaults let real tools through, introspection included.
"""

from dataclasses import dataclass, field
from typing import Any

LIMIT_PREFIX = "SHAODAO_LIMIT_"
MEANING = "meaning"
LEAST = "least"
"""The keys of a field's metadata that hold what it means, and the least that a count may be."""


def limit(default: Any, meaning: str, least: int = 1) -> Any:
    """A field of a dataclass of limits."""
    return field(default=default, metadata={MEANING: meaning, LEAST: least})


@dataclass(frozen=True)
class Limits:
    """Numbers are counts, of bytes where the name says so; ``…_seconds`` are times."""

    characters: int = limit(60_000, "Characters of a document.")
    tokens: int = limit(4_000, "Tokens of a document.")
    depth: int = limit(15, "Levels of fields in an operation.")
    aliases: int = limit(100, "Aliases in an operation, with fragments unfolded.")
    fields: int = limit(2_000, "Fields in an operation, with fragments unfolded.")
    fragments: int = limit(60, "Fragments of a document.")
    root_fields: int = limit(30, "Fields at the root of an operation.")
    directives: int = limit(50, "Directives in a document.")
    variables: int = limit(100, "Variables of an operation.")
    digits: int = limit(100, "Digits of a number in a document.")
    cost: int = limit(5_000, "Cost of an operation, by the directives of the schema.")
    cost_per_second: int = limit(
        2_000, "Cost that each principal may ask for in a second, over time; 0: as much as they like.", least=0
    )
    cost_burst: int = limit(20_000, "Cost that each principal may ask for at once.")
    comparisons: int = limit(50_000, "Comparisons of fields that validation may take.")
    errors: int = limit(10, "Errors of validation that are told.")
    message_characters: int = limit(500, "Characters of an error's message.")
    header_bytes: int = limit(32_000, "Bytes of the header of a request.")
    header_seconds: float = limit(8.0, "Seconds until the header of a request must be there.")
    body_bytes: int = limit(2_000_000, "Bytes of a body.")
    body_seconds: float = limit(30.0, "Seconds until a body must be there, after its header.")
    body_patience_seconds: float = limit(1.5, "Seconds that a body may be behind its least rate.")
    body_bytes_per_second: int = limit(1_000, "Least rate of a body: so many bytes give it a second more.")
    file_bytes: int = limit(20_000_000, "Bytes of a file that is uploaded.")
    upload_seconds: float = limit(300.0, "Seconds until a file must be there, after its header.")
    query_string_bytes: int = limit(16_000, "Bytes of the query string of a GET.")
    json_depth: int = limit(64, "Levels of a JSON text.")
    json_members: int = limit(50_000, "Members of all objects and lists of a JSON text together.")
    query_seconds: float = limit(10.0, "Seconds that a statement of a query may take, and the wait for a connection.")
    socket_message_bytes: int = limit(1_000_000, "Bytes of a message on a WebSocket.")
    socket_init_seconds: float = limit(5.0, "Seconds until a socket must have sent `connection_init`.")
    socket_operations: int = limit(50, "Operations that run on a socket at once.")
    socket_send_seconds: float = limit(
        20.0, "Seconds after which a connection is cut whose client takes nothing of what was sent."
    )
    subscriptions: int = limit(100, "Subscriptions that each principal may have at once, by whatever way in.")
    replay_events: int = limit(
        100_000,
        "Events of all cases that a cursor may lie behind; 50 a second make half an hour. Who was away longer reads anew.",
    )
