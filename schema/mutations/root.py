"""The root type of all mutations."""

import strawberry

from schema.mutations.assignments import AssignmentMutations
from schema.mutations.attachments import AttachmentMutations
from schema.mutations.cases import CaseMutations
from schema.mutations.demonstration import DemonstrationMutations
from schema.mutations.personal_data import PersonalDataMutations
from schema.mutations.registers import RegisterMutations
from schema.mutations.whistles import WhistleMutations


@strawberry.type(
    description="Each action is a mutation: one command in one transaction. Several run one after the other. An expected "
    "failure is a member of the result union, and nothing of that mutation was kept."
)
class Mutation(
    CaseMutations,
    WhistleMutations,
    AssignmentMutations,
    AttachmentMutations,
    RegisterMutations,
    PersonalDataMutations,
    DemonstrationMutations,
):
    pass
