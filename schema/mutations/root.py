"""The root type of all mutations."""

import strawberry

from schema.mutations.assignments import AssignmentMutations
from schema.mutations.attachments import AttachmentMutations
from schema.mutations.bulk import BulkMutations
from schema.mutations.campaigns import CampaignMutations
from schema.mutations.cases import CaseMutations
from schema.mutations.deadlines import DeadlineMutations
from schema.mutations.deliveries import DeliveryMutations
from schema.mutations.demonstration import DemonstrationMutations
from schema.mutations.exports import ExportMutations
from schema.mutations.follow_ups import FollowUpMutations
from schema.mutations.handling import HandlingMutations
from schema.mutations.meetings import MeetingMutations
from schema.mutations.merging import MergingMutations
from schema.mutations.objections import ObjectionMutations
from schema.mutations.personal_data import PersonalDataMutations
from schema.mutations.promises import PromiseMutations
from schema.mutations.ratings import RatingMutations
from schema.mutations.registers import RegisterMutations
from schema.mutations.routines import RoutineMutations
from schema.mutations.routing import RoutingMutations
from schema.mutations.uploads import UploadMutations
from schema.mutations.whistles import WhistleMutations


@strawberry.type(
    description="Each action is a mutation: one command in one transaction. Several run one after the other. An expected "
    "failure is a member of the result union, and nothing of that mutation was kept."
)
class Mutation(
    CaseMutations,
    HandlingMutations,
    FollowUpMutations,
    MergingMutations,
    WhistleMutations,
    RatingMutations,
    AssignmentMutations,
    AttachmentMutations,
    UploadMutations,
    DeadlineMutations,
    DeliveryMutations,
    ObjectionMutations,
    MeetingMutations,
    PromiseMutations,
    CampaignMutations,
    RoutineMutations,
    RoutingMutations,
    RegisterMutations,
    BulkMutations,
    ExportMutations,
    PersonalDataMutations,
    DemonstrationMutations,
):
    pass
