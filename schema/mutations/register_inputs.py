"""Inputs of the registers: grids, households, people, care tags (reference C.1.1, C.1.3)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from schema.mutations.base import KeyedInput
from schema.mutations.identifiers import Identifiers
from shaodao.commands.grids import GridInput
from shaodao.commands.people import RESIDENT_ID, PersonInput
from shaodao.commands.registers import CareTagInput, HouseholdInput
from shaodao.domain.coordinates import CoordinateSystem
from shaodao.domain.errors import Faults
from shaodao.domain.vocabulary import AreaKind, CareKind, CaseVisibility, Gender, GridKind, ResidenceKind


@strawberry.input(description="Input of defineGrid. An existing grid of this code is defined anew.")
class DefineGridInput(KeyedInput):
    code: str = strawberry.field(description="Fifteen digits: the community's twelve and three more.")
    name: str = strawberry.field(description="Name, 1 to 50 characters.")
    kind: GridKind = strawberry.field(description="Kind of grid.")
    area_kind: AreaKind = strawberry.field(description="Kind of area, which decides the size rule.")
    boundary: JSON | None = strawberry.field(
        default=None, description="GeoJSON Polygon or MultiPolygon whose edges do not cross; with it goes `crs`."
    )
    crs: CoordinateSystem | None = strawberry.field(
        default=None, description="Coordinate system 坐标系 of the boundary."
    )
    household_count: int = strawberry.field(default=0, description="Households 户数; an unusual number only warns.")
    person_count: int | None = strawberry.field(default=None, description="People 人口数.")
    merchant_count: int | None = strawberry.field(default=None, description="Merchants 商户数.")
    vessel_count: int | None = strawberry.field(default=None, description="Vessels 船只数.")
    setting_factors: JSON | None = strawberry.field(
        default=None, description="What the grid was cut by 划分因素: an object of texts."
    )
    operation_mode: str | None = strawberry.field(default=None, description="SEA: fishing method 作业方式 (Z-10).")
    sea_area: str | None = strawberry.field(default=None, description="SEA: fishing ground 作业海区 (Z-10).")
    fleet_group: str | None = strawberry.field(default=None, description="SEA: fleet group 生产编组 (Z-10).")
    sea_arrive_minutes: int | None = strawberry.field(
        default=None, description="SEA: minutes to arrive, set by distance."
    )
    valid_from: date | None = strawberry.field(default=None, description="First day of validity; by default today.")

    def grid(self) -> GridInput:
        """The grid for a command. Raises InvalidInput where an object is something else."""
        boundary, factors = cast(Any, self.boundary), cast(Any, self.setting_factors)
        faults = Faults()
        if boundary is not None and not isinstance(boundary, Mapping):
            faults.add("boundary", "须为 GeoJSON 对象", "must be a GeoJSON object")
        if factors is not None and not _is_object_of_texts(factors):
            faults.add("settingFactors", "须为由文字组成的对象", "must be an object of texts")
        faults.check()
        return GridInput(
            code=self.code, name=self.name, kind=self.kind, area_kind=self.area_kind, boundary=boundary,
            crs=None if self.crs is None else str(self.crs), household_count=self.household_count,
            person_count=self.person_count, merchant_count=self.merchant_count, vessel_count=self.vessel_count,
            setting_factors=factors or {}, operation_mode=self.operation_mode, sea_area=self.sea_area,
            fleet_group=self.fleet_group, sea_arrive_minutes=self.sea_arrive_minutes, valid_from=self.valid_from,
        )  # fmt: skip


@strawberry.input(description="Input of registerHousehold.")
class RegisterHouseholdInput(KeyedInput):
    number: str = strawberry.field(description="Number of the household 户号, 1 to 50 characters.")
    address: str = strawberry.field(description="Address, 1 to 80 characters.")
    grid_code: str = strawberry.field(description="Fifteen-digit code of its grid.")
    contact_worker_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the account that keeps in touch with it 联系人."
    )
    sea_grid_code: str | None = strawberry.field(default=None, description="Code of its sea grid, by its vessel.")

    def household(self, identifiers: Identifiers) -> HouseholdInput:
        """The household for a command."""
        identifiers.place(self.grid_code)
        return HouseholdInput(
            number=self.number, address=self.address, grid_code=self.grid_code, sea_grid_code=self.sea_grid_code,
            contact_worker_id=identifiers.shared("contactWorkerId", self.contact_worker_id, "Account"),
        )  # fmt: skip


@strawberry.input(description="Input of registerPerson. Identity number and phone are kept sealed and shown masked.")
class RegisterPersonInput(KeyedInput):
    name: str = strawberry.field(description="Name, 1 to 50 characters.")
    grid_code: str = strawberry.field(description="Fifteen-digit code of the grid they live in.")
    residence_kind: ResidenceKind = strawberry.field(description="Kind of residence.")
    id_kind: str = strawberry.field(
        default=RESIDENT_ID, description="Kind of identity document; a RESIDENT_ID 居民身份证 is checked by GB 11643."
    )
    id_number: str | None = strawberry.field(default=None, description="Its number.")
    gender: Gender | None = strawberry.field(default=None, description="Sex; follows from an identity card.")
    birth_date: date | None = strawberry.field(default=None, description="Day of birth; follows from an identity card.")
    phone: str | None = strawberry.field(default=None, description="Phone.")
    address: str | None = strawberry.field(default=None, description="Present address 现住址, at most 80 characters.")
    household_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of their household, in the same grid."
    )
    relation_to_head: str | None = strawberry.field(
        default=None, description="Relation to the head 与户主关系 (GB/T 4761); 本人 makes them the head."
    )
    skills: list[str] = strawberry.field(
        default_factory=list, description="Skills 特长技能, each at most 50 characters."
    )
    visibility: CaseVisibility = strawberry.field(
        default=CaseVisibility.NORMAL, description="Visibility class; a child under 14 is restricted at any rate (C.7)."
    )
    source: str | None = strawberry.field(default=None, description="Where the record came from 数据来源.")

    def person(self, identifiers: Identifiers) -> PersonInput:
        """The person for a command."""
        household_id = identifiers.optional("householdId", self.household_id, "Household")
        identifiers.place(self.grid_code)
        return PersonInput(
            name=self.name, grid_code=self.grid_code, residence_kind=self.residence_kind, id_kind=self.id_kind,
            id_number=self.id_number, gender=self.gender, birth_date=self.birth_date, phone=self.phone,
            address=self.address, household_id=household_id, relation_to_head=self.relation_to_head,
            skills=tuple(self.skills), visibility=self.visibility, source=self.source,
        )  # fmt: skip


@strawberry.input(description="Input of addCareTag.")
class AddCareTagInput(KeyedInput):
    person_id: strawberry.ID = strawberry.field(description="Global identifier of the person.")
    kind: CareKind = strawberry.field(description="Kind of care tag 关爱标签.")
    evidence: str | None = strawberry.field(default=None, description="What it rests on 依据, at most 500 characters.")
    valid_from: date | None = strawberry.field(default=None, description="First day; by default today.")
    valid_to: date | None = strawberry.field(default=None, description="Last day, included.")

    def tag(self, identifiers: Identifiers) -> CareTagInput:
        """The care tag for a command."""
        return CareTagInput(
            person_id=identifiers.key("personId", self.person_id, "Person"), kind=self.kind, evidence=self.evidence,
            valid_from=self.valid_from, valid_to=self.valid_to,
        )  # fmt: skip


def _is_object_of_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())
