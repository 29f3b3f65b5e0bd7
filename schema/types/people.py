"""People, households, care tags and vessels (reference C.1.3): personal data is shown masked and never in clear."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from schema.declarations import Exists, Flag, Fragment, Search, Seen, Where
from schema.mapping import column, expression, filtered, many, one, orderings, table
from schema.relay import Node
from schema.types.accounts import Account
from schema.types.grids import Grid
from schema.types.hashes import phone_hash
from schema.types.places import IN_DIVISION
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import ArchiveColor, CareKind, CaseVisibility, Gender, ResidenceKind

PersonRef = Annotated["Person", strawberry.lazy("schema.types.people")]


@table("care_tag", rule="care", node=True)
@strawberry.type(description="A care tag 关爱标签 of a person, with its evidence.")
class CareTag(Node):
    kind: CareKind = strawberry.field(description="Kind.")
    evidence: str | None = strawberry.field(description="What it rests on 依据.")
    valid_from: date = strawberry.field(description="First day.")
    valid_to: date | None = strawberry.field(description="Last day.")


@table("household", rule="household", node=True)
@strawberry.type(description="A household 户.")
class Household(Node):
    number: str = strawberry.field(description="Number of the household 户号.")
    address: str = strawberry.field(description="Address.")
    grid: Grid | None = one(on={"code": "grid_code"}, description="Its grid.")
    sea_grid: Grid | None = one(on={"code": "sea_grid_code"}, description="Its sea grid, by its vessel; counted once.")
    head: PersonRef | None = one(on={"id": "head_person_id"}, description="Its head 户主.")
    members: list[PersonRef] = many(on={"household_id": "id"}, order=[("name", "asc")], description="Its people.")
    member_count: int = strawberry.field(description="How many people it has.")
    contact_worker: Account | None = one(
        on={"id": "contact_worker_id"}, description="Who keeps in touch with it 联系人."
    )


@table("person", rule="person", node=True)
@strawberry.type(
    description="A person 人口. Identity number and phone are masked; `revealPersonalData` shows them in clear."
)
class Person(Node):
    reference: str | None = strawberry.field(description="The register's own number.")
    name: str = strawberry.field(description="Name.")
    gender: Gender = strawberry.field(description="Sex.")
    birth_date: date | None = column(
        "birth_date",
        visible="own_person",
        description="Day of birth, in the viewer's own record alone; staff see `age`, and reveal it with the number.",
    )
    id_number: str | None = column("id_number_masked", description="Identity number 身份证号, masked.")
    phone: str | None = column("phone_masked", description="Phone, masked.")
    address: str | None = strawberry.field(description="Present address 现住址.")
    residence_kind: ResidenceKind = strawberry.field(description="Kind of residence.")
    grid: Grid | None = one(on={"code": "grid_code"}, description="The grid they live in.")
    household: Household | None = one(on={"id": "household_id"}, description="Their household.")
    relation_to_head: str | None = strawberry.field(description="Relation to the head (GB/T 4761) 与户主关系.")
    skills: list[str] = strawberry.field(description="Skills 特长技能.")
    archive_color: ArchiveColor | None = column(
        "archive_color", visible="person_staff", description="Colour of the three-colour archive 三色档案."
    )
    archive_reason: str | None = column(
        "archive_reason",
        visible="person_detail",
        description="Why the archive has that colour; not shown of restricted people.",
    )
    visibility: CaseVisibility = strawberry.field(description="Visibility class.")
    care_tags: list[CareTag] = many(
        on={"person_id": "id"},
        order=[("valid_from", "asc")],
        where="{t}.valid_to IS NULL OR {t}.valid_to >= ({now} AT TIME ZONE 'Asia/Shanghai')::date",
        description="Care tags 关爱标签 that are valid today; none are shown of restricted people.",
    )
    age: int | None = expression(
        "extract(year FROM age(({now} AT TIME ZONE 'Asia/Shanghai')::date, {t}.birth_date))::int",
        description="Age in full years.",
    )
    source: str | None = strawberry.field(description="Where the record came from 数据来源.")
    collected_at: datetime = strawberry.field(description="When it was collected 采集时间.")
    version: int = strawberry.field(description="Version of the record.")


@table("vessel", rule="vessel", node=True)
@strawberry.type(description="A fishing vessel 渔船.")
class Vessel(Node):
    registration: str = strawberry.field(description="Name and number 船名号.")
    grid: Grid | None = one(on={"code": "grid_code"}, description="Its sea grid.")
    owner: Person | None = one(on={"id": "owner_person_id"}, description="Its owner.")
    operation_mode: str = strawberry.field(description="Fishing method 作业方式.")
    crew_count: int | None = strawberry.field(description="Crew 船员数.")
    mmsi: str | None = strawberry.field(description="MMSI.")
    beidou_number: str | None = strawberry.field(description="Number of the BeiDou terminal 北斗终端.")


# No ordering by birth: its cursor would tell the day.
PersonOrder = orderings("PersonOrder", "Ordering of people.", NAME=[("name", "asc")])


@strawberry.input(description="What people must meet.")
class PersonFilter:
    division: str | None = filtered(IN_DIVISION, description="Code of a division of any level.")
    grid: str | None = filtered(Where("grid_code"), description="Code of a grid.")
    text: str | None = filtered(
        Search("search_bigrams", bigrams, "concat_ws(' ', {t}.name, {t}.address)"),
        description="A word of two or more characters in the name or the address.",
    )
    phone: str | None = filtered(
        Seen("person_by_phone", Fragment("{t}.phone_hash = {value}::bytea", phone_hash)),
        description="The whole phone, found by its keyed hash; for the dispatcher, one phone in a request.",
    )
    care_kinds: list[CareKind] | None = filtered(
        Exists("care_tag", {"person_id": "id"}, "kind", "in"), description="With a care tag of these kinds."
    )
    archive_colors: list[ArchiveColor] | None = filtered(
        Seen("person_staff", Where("archive_color", "in")), description="With an archive of these colours; for staff."
    )
    residence_kinds: list[ResidenceKind] | None = filtered(
        Where("residence_kind", "in"), description="Of these kinds of residence."
    )
    minor: bool | None = filtered(
        Flag("{t}.birth_date > (({now} AT TIME ZONE 'Asia/Shanghai')::date - interval '18 years')"),
        description="Under eighteen.",
    )
