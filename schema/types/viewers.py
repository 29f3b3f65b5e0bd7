"""Who asks 当前用户."""

from collections.abc import Mapping
from typing import Any

import strawberry

from schema.compiler.parameters import Binding
from schema.declarations import NOWHERE
from schema.mapping import derived, page, table
from schema.relay import Connection
from schema.types.tasks import MAY, Task, TaskFilter, TaskOrder
from shaodao.domain.vocabulary import LeaderRank, Role


@strawberry.type(description="A role within a scope.")
class RoleGrant:
    role: Role = strawberry.field(description="The role.")
    scope: str = strawberry.field(description="Code of the division or grid within which it holds.")
    organization: str | None = strawberry.field(description="Code of the organization, of a department's handler.")
    rank: LeaderRank | None = strawberry.field(description="Rank of a street leader.")


def _name(_: Any, binding: Binding, __: Mapping[str, Any]) -> str:
    return binding.viewer.name


def _login(_: Any, binding: Binding, __: Mapping[str, Any]) -> str:
    return binding.viewer.login


def _roles(_: Any, binding: Binding, __: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"role": grant.role, "scope": grant.scope, "organization": grant.organization, "rank": grant.rank}
        for grant in binding.viewer.grants
    ]


@table(NOWHERE, rule="shared", shared=True, key=())
@strawberry.type(description="Who asks, and what waits for them.")
class Viewer:
    name: str = derived(facts="null::json", compute=_name, description="Name.")
    login: str = derived(facts="null::json", compute=_login, description="Login.")
    roles: list[RoleGrant] = derived(facts="null::json", compute=_roles, description="Roles within their scopes.")
    tasks: Connection[Task] = page(
        on={}, order=TaskOrder, filter=TaskFilter, where=MAY, description="What waits for the viewer 待办."
    )
