"""Mutations of the registers: grids, households, people, care tags (reference C.1.1, C.1.3)."""

import strawberry

from schema.mutations import register_inputs as inputs
from schema.mutations.base import Given, Info, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import CareTagPayload, GridPayload, HouseholdPayload, PersonPayload
from schema.problems import AnyProblem
from shaodao.commands import grids, registers
from shaodao.commands.running import Command


@strawberry.type
class RegisterMutations:
    """The actions on the registers."""

    @action(GridPayload)
    async def define_grid(self, info: Info, given: Given[inputs.DefineGridInput]) -> GridPayload | AnyProblem:
        """Define a grid 网格划定. A size outside the rule only warns (Z-05, J-02, L-05). By the county grid office."""

        def prepare(identifiers: Identifiers) -> Command:
            identifiers.place(given.code)
            grid = given.grid()
            return lambda tx: grids.define_grid(tx, grid)

        return await perform(info, given, prepare, GridPayload.of)

    @action(HouseholdPayload)
    async def register_household(
        self, info: Info, given: Given[inputs.RegisterHouseholdInput]
    ) -> HouseholdPayload | AnyProblem:
        """Register a household 户. By grid worker, grid chief or dispatcher of its grid."""

        def prepare(identifiers: Identifiers) -> Command:
            household = given.household(identifiers)
            return lambda tx: registers.register_household(tx, household)

        return await perform(info, given, prepare, HouseholdPayload.of)

    @action(PersonPayload)
    async def register_person(self, info: Info, given: Given[inputs.RegisterPersonInput]) -> PersonPayload | AnyProblem:
        """Register a person 人口. By grid worker, grid chief or dispatcher of their grid."""

        def prepare(identifiers: Identifiers) -> Command:
            person = given.person(identifiers)
            return lambda tx: registers.register_person(tx, person)

        return await perform(info, given, prepare, PersonPayload.of)

    @action(CareTagPayload)
    async def add_care_tag(self, info: Info, given: Given[inputs.AddCareTagInput]) -> CareTagPayload | AnyProblem:
        """Add a care tag 关爱标签 to a person. By grid worker, grid chief or dispatcher who sees the person."""

        def prepare(identifiers: Identifiers) -> Command:
            tag = given.tag(identifiers)
            return lambda tx: registers.add_care_tag(tx, tag)

        return await perform(info, given, prepare, CareTagPayload.of)
