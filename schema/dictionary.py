"""The dictionary 数据字典: the Chinese label and the order of each value of the enumerations."""

from collections.abc import Sequence

import strawberry

from schema.enumerations import enumerations
from schema.errors import invalid_input


@strawberry.type(description="A value of an enumeration.")
class DictionaryValue:
    name: str = strawberry.field(description="The value.")
    label: str = strawberry.field(description="Its Chinese label.")
    order: int = strawberry.field(description="Its place among the values, from 0.")


@strawberry.type(description="An enumeration with its values.")
class DictionaryEntry:
    name: str = strawberry.field(description="Name of the enumeration.")
    values: list[DictionaryValue] = strawberry.field(description="Its values in order.")


def dictionary(names: Sequence[str] | None) -> list[DictionaryEntry]:
    """The named enumerations in the order asked for, or all. Raises ClientError INVALID_INPUT for an unknown name."""
    known = {
        enumeration.__name__: _entry(enumeration.__name__, list(enumeration), labels)
        for enumeration, labels in enumerations()
    }
    if names is None:
        return list(known.values())
    for name in names:
        if name not in known:
            raise invalid_input("names", "没有这个枚举", "there is no such enumeration")
    return [known[name] for name in dict.fromkeys(names)]


def _entry(name: str, members: Sequence[str], labels: Sequence[str]) -> DictionaryEntry:
    values = [
        DictionaryValue(name=str(member), label=label, order=order)
        for order, (member, label) in enumerate(zip(members, labels, strict=True))
    ]
    return DictionaryEntry(name=name, values=values)
