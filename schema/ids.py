"""Public identifiers: ``Type:county:key`` for growing tables, ``Type::key`` for shared ones. Opaque to clients."""

from dataclasses import dataclass

from schema.errors import ClientError


@dataclass(frozen=True)
class GlobalId:
    """A decoded identifier: the GraphQL type, its county (none for a shared table) and its key in the table."""

    type: str
    county: int | None
    key: str

    def __str__(self) -> str:
        return f"{self.type}:{'' if self.county is None else self.county}:{self.key}"


def invalid_id(text: str) -> ClientError:
    """The error for an identifier that this server never gave out; tells at most 80 characters of it."""
    return ClientError("INVALID_ID", f"无效的标识：{text[:80]}", f"not an identifier of this server: {text[:80]}")


def decode(text: str) -> GlobalId:
    """The parts of an identifier. Raises ClientError INVALID_ID for anything that does not have three parts."""
    parts = text.split(":", 2)
    if len(parts) != 3 or not parts[0] or not parts[2]:
        raise invalid_id(text)
    name, county, key = parts
    if not county:
        return GlobalId(name, None, key)
    if not (county.isascii() and county.isdigit() and len(county) == 6):
        raise invalid_id(text)
    return GlobalId(name, int(county), key)


def decode_as(text: str, name: str, shared: bool) -> GlobalId:
    """The parts of an identifier that must be one of the named type. Raises ClientError INVALID_ID otherwise."""
    identifier = decode(text)
    if identifier.type != name or (identifier.county is None) != shared:
        raise invalid_id(text)
    return identifier


def type_in(text: str) -> str:
    """What an identifier claims as its type; unchecked, for choosing a plan only."""
    return text.partition(":")[0]
