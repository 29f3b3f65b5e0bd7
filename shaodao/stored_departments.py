"""Departments as the database knows them: declared by an earlier start, or by another process; their code is not here."""

from collections.abc import Collection, Mapping
from typing import Any

import asyncpg
import jsonschema_rs
import msgspec
import pluggy

from shaodao.commands.transaction import Connection
from shaodao.departments import Broken, LoadedDepartment
from shaodao.domain.errors import Faults
from shaodao.plugin import PROJECT, AnswersFor, Department

# A department that was renamed or replaced has left its row behind: who is at work for an organization stands there.
_READ = """
SELECT name, source, declaration, form FROM departments d WHERE NOT (name = ANY($1::text[]))
ORDER BY EXISTS (SELECT FROM organizations o WHERE o.department = d.name) DESC, registered_at DESC, name
"""


class StoredDeclaration(msgspec.Struct):
    """What a department declares, but its form, as the row keeps it."""

    title: str
    version: str
    organizations: tuple[str, ...]
    answers_for: AnswersFor


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


async def stored_departments(
    connection: Connection, *, but: Collection[str], sources: Collection[str] | None = None
) -> tuple[list[LoadedDepartment], list[Broken]]:
    """Every registered department but those of the names ``but``, where ``sources`` are given of these alone.

    First those that can be read, of several for one organization the one at work; then those that cannot: one damaged row
    must not keep all others from their work.
    """
    readable: list[LoadedDepartment] = []
    unreadable: list[Broken] = []
    taken: set[str] = set()
    for row in await connection.fetch(_READ, list(but)):
        source = row["source"] or row["name"]
        if sources is not None and source not in sources:
            continue
        try:
            one = _stored(row, source)
        except (msgspec.MsgspecError, ValueError) as error:
            unreadable.append(Broken(source, row["name"], f"its stored declaration cannot be read: {_one_line(error)}"))
            continue
        if taken.isdisjoint(one.declaration.organizations):
            taken.update(one.declaration.organizations)
            readable.append(one)
    return readable, unreadable


def _stored(row: asyncpg.Record, source: str) -> LoadedDepartment:
    """Raises MsgspecError and ValueError for a declaration or a form that is none."""
    stored = msgspec.json.decode(row["declaration"], type=StoredDeclaration)
    form = StoredForm(msgspec.json.decode(row["form"], type=dict[str, Any]))
    declaration = Department(
        name=row["name"], title=stored.title, version=stored.version, organizations=stored.organizations, form=StoredForm,
        answers_for=stored.answers_for,
    )  # fmt: skip
    return LoadedDepartment(declaration, form, pluggy.PluginManager(PROJECT), source)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
