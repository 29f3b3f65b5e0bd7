"""Service teams 服务团队 (reference C.1.2)."""

from datetime import date

import strawberry

from schema.mapping import many, one, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.grids import Grid
from shaodao.domain.vocabulary import FiveDuty, MemberIdentity, TeamKind


@table("team_member", rule="team", node=True)
@strawberry.type(description="A member of a service team 团队成员.")
class TeamMember(Node):
    account: Account | None = one(on={"id": "account_id"}, description="The member's account.")
    name: str = strawberry.field(description="Name.")
    identity: MemberIdentity = strawberry.field(description="Identity 身份.")
    duties: list[FiveDuty] = strawberry.field(description="The five duties 五个员.")
    joined_on: date = strawberry.field(description="First day.")
    left_on: date | None = strawberry.field(description="Last day.")


@table("team", rule="team", node=True)
@strawberry.type(description="A service team 服务团队 of a grid, of a profession, of a theme, or at sea.")
class Team(Node):
    code: str = strawberry.field(description="Code.")
    name: str = strawberry.field(description="Name.")
    kind: TeamKind = strawberry.field(description="Kind.")
    field: str | None = strawberry.field(description="Professional field 专业领域.")
    theme: str | None = strawberry.field(description="Theme 主题.")
    goal: str | None = strawberry.field(description="Goal 目标.")
    grid: Grid | None = one(on={"code": "grid_code"}, description="The grid that it serves; null: the whole street.")
    leader: Account | None = one(on={"id": "leader_id"}, description="Its leader 团长.")
    members: list[TeamMember] = many(on={"team_id": "id"}, order=[("joined_on", "asc")], description="Its members.")
    starts_on: date | None = strawberry.field(description="First day.")
    ends_on: date | None = strawberry.field(description="Last day.")
