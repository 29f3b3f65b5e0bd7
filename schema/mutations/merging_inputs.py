"""Inputs of merging 并单 and archiving 归档 (reference C.3)."""

import strawberry

from schema.mutations.base import CaseAction


@strawberry.input(description="Input of mergeCase.")
class MergeCaseInput(CaseAction):
    main_case_id: strawberry.ID = strawberry.field(
        description="Global identifier of the main case: open, of the same street, itself not merged."
    )
    reason: str = strawberry.field(description="Why it is the same matter, 1 to 500 characters.")


@strawberry.input(description="Input of unmergeCase.")
class UnmergeCaseInput(CaseAction):
    reason: str = strawberry.field(description="Why it is another matter, 1 to 500 characters.")


@strawberry.input(description="Input of archiveCase.")
class ArchiveCaseInput(CaseAction):
    pass
