"""Departments as the database knows them: declared by an earlier start, or by another process; their code is not here."""

from collections.abc import Collection, Mapping
from typing import Any

import jsonschema_rs
import msgspec
import orjson
import pluggy

from shaodao.commands.transaction import Connection
from shaodao.departments import LoadedDepartment
from shaodao.domain.errors import Faults
from shaodao.plugin import PROJECT, AnswersFor, Department

_READ = "SELECT name, source, declaration, form FROM departments ORDER BY name"


class StoredForm:
    """A report form that is checked by its stored JSON Schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._validator = jsonschema_rs.validator_for(dict(schema))

    def validate(self, fields: object, path: str = "fields") -> dict[str, Any]:
        """The fields as plain JSON values. Raises InvalidInput, which names every faulty field."""
        given: dict[str, Any] = msgspec.to_builtins(fields, str_keys=True)
        faults = Faults()
        for error in self._validator.iter_errors(given):
            place = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in error.instance_path)
            faults.add(f"{path}{place}", "表单填写有误", error.message)
        faults.check()
        return given


async def stored_departments(connection: Connection, *, but: Collection[str]) -> list[LoadedDepartment]:
    """Every registered department but those of these names."""
    rows = await connection.fetch(_READ)
    return [
        LoadedDepartment(
            _declared(orjson.loads(row["declaration"])),
            StoredForm(orjson.loads(row["form"])),
            pluggy.PluginManager(PROJECT),
            row["source"] or row["name"],
        )
        for row in rows
        if row["name"] not in but
    ]


def _declared(fields: Mapping[str, Any]) -> Department:
    return Department(
        name=fields["name"],
        title=fields["title"],
        version=fields["version"],
        organizations=tuple(fields["organizations"]),
        form=StoredForm,
        answers_for=msgspec.convert(fields["answers_for"], AnswersFor),
    )
