"""Report forms 反馈表单: a department's dataclass or Struct as JSON Schema, and the check of what was filled in.

A form is checked by its schema alone; no department code runs inside a command (C.4).
"""

import dataclasses
import inspect
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Protocol

import msgspec
from msgspec import inspect as types

from shaodao.domain.errors import Faults
from shaodao.domain.vocabulary import Term


class FormError(ValueError):
    """A type cannot serve as a report form; the message says why, in one line."""


class ReportForm(Protocol):
    """A form as it is shown and checked."""

    schema: Mapping[str, Any]

    def validate(self, fields: object, path: str = "fields") -> dict[str, Any]:
        """The fields as plain JSON values; raises InvalidInput."""
        ...


class Form:
    """One department's form.

    Raises FormError for a type that is no dataclass or Struct, or that holds what JSON cannot.
    """

    def __init__(self, form: type[Any]) -> None:
        if not inspect.isclass(form) or not (dataclasses.is_dataclass(form) or issubclass(form, msgspec.Struct)):
            raise FormError(f"the form {form!r} is neither a dataclass nor a msgspec Struct")
        try:
            self.schema: Mapping[str, Any] = MappingProxyType(_titled_schema(form))
            self._fields = {field.encode_name: field for field in _fields(form)}
        except (TypeError, NameError) as error:
            raise FormError(f"the form {form.__name__} cannot be described: {' '.join(str(error).split())}") from error
        self._type = form
        self._hints = typing.get_type_hints(form, include_extras=True)

    def validate(self, fields: object, path: str = "fields") -> dict[str, Any]:
        """The fields as plain JSON values. ``fields`` is a mapping of such values, or an instance of the form.

        Raises InvalidInput, which names every faulty field as ``path`` and its name, such as ``fields.officers``.
        """
        given = msgspec.to_builtins(fields, str_keys=True)
        faults = Faults()
        if not isinstance(given, dict):
            faults.add(path, "须为表单对象", "must be an object")
            faults.check()
        self._check_names(given, path, faults)
        self._check_values(given, path, faults)
        faults.check()
        return self._converted(given, path, faults)

    def _check_names(self, given: Mapping[str, Any], path: str, faults: Faults) -> None:
        for name in given.keys() - self._fields.keys():
            faults.add(f"{path}.{name}", "表单中没有此项", "the form has no such field")
        for name, field in self._fields.items():
            if field.required and name not in given:
                faults.add(f"{path}.{name}", f"缺少“{self._title(name)}”", "is required")

    def _check_values(self, given: Mapping[str, Any], path: str, faults: Faults) -> None:
        for name, field in self._fields.items():
            if name not in given:
                continue
            try:
                msgspec.convert(given[name], self._hints[field.name])
            except msgspec.ValidationError as error:
                english, inner = _parts(error)
                faults.add(f"{path}.{name}{inner}", f"“{self._title(name)}”填写有误", english)

    def _converted(self, given: Mapping[str, Any], path: str, faults: Faults) -> dict[str, Any]:
        try:
            filled = msgspec.convert(given, self._type)
        except msgspec.ValidationError as error:
            english, inner = _parts(error)
            faults.add(f"{path}{inner}", "表单填写有误", english)
            faults.check()
            raise
        result: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(filled))
        return result

    def _title(self, name: str) -> str:
        described = self._fields[name].type
        title = (described.extra_json_schema or {}).get("title") if isinstance(described, types.Metadata) else None
        return title if isinstance(title, str) else name


def _fields(form: type[Any]) -> tuple[types.Field, ...]:
    described = types.type_info(form)
    if not isinstance(described, types.DataclassType | types.StructType):
        raise TypeError("it is not described by its fields")
    return tuple(described.fields)


def _parts(error: msgspec.ValidationError) -> tuple[str, str]:
    """The text of an error and the path inside the field.

    ``Expected `int` - at `$.a[0]``` gives the text and ``.a[0]``.
    """
    text, _, place = str(error).partition(" - at `$")
    return text, place.removesuffix("`")


def _titled_schema(form: type[Any]) -> dict[str, Any]:
    """The JSON Schema of a form; each value of a Term has its Chinese title in ``oneOf``."""
    schema = msgspec.json.schema(form)
    definitions = schema.get("$defs", {})
    for enumeration in _enumerations(types.type_info(form)):
        entry = definitions.get(enumeration.__name__)
        if entry is not None and issubclass(enumeration, Term):
            entry["oneOf"] = [{"const": member.value, "title": member.label} for member in enumeration]
            entry.pop("enum", None)
    return schema


def _enumerations(described: types.Type) -> Iterator[type[Enum]]:
    """Every enumeration that a type holds, in its fields, elements and alternatives."""
    match described:
        case types.EnumType(cls=enumeration):
            yield enumeration
        case types.DataclassType(fields=fields) | types.StructType(fields=fields):
            for field in fields:
                yield from _enumerations(field.type)
        case types.Metadata(type=inner):
            yield from _enumerations(inner)
        case types.UnionType(types=alternatives):
            for alternative in alternatives:
                yield from _enumerations(alternative)
        case types.CollectionType(item_type=inner) | types.VarTupleType(item_type=inner):
            yield from _enumerations(inner)
        case _:
            return
