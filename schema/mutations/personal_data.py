"""The mutation that shows personal data in clear (reference C.7 guardrail 2). Nothing else unmasks."""

from datetime import date
from typing import Self

import strawberry

from schema.mutations.base import Given, Info, KeyedInput, action, perform
from schema.mutations.identifiers import Identifiers
from schema.mutations.payloads import Committed, CommittedOutcome, Payload
from schema.problems import AnyProblem
from shaodao.commands.reveals import Revealed, RevealInput, SubjectKind, reveal_personal_data
from shaodao.commands.running import Command
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.vocabulary import RevealPurpose


@strawberry.input(description="Input of revealPersonalData.")
class RevealPersonalDataInput(KeyedInput):
    subject: SubjectKind = strawberry.field(description="Whose data: the case's reporter, or a person of the register.")
    purpose: RevealPurpose = strawberry.field(description="What it is needed for; it stands in the access log.")
    case_id: strawberry.ID = strawberry.field(description="Global identifier of the case for which it is needed.")
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the person, when the subject is PERSON."
    )

    def reveal(self, identifiers: Identifiers) -> RevealInput:
        """What is asked, for a command."""
        case_id = identifiers.key("caseId", self.case_id, "Case")
        person_id = identifiers.optional("personId", self.person_id, "Person")
        if person_id is None and self.subject is SubjectKind.PERSON:
            identifiers.fault("personId", "请指明人员", "name the person")
        return RevealInput(self.subject, self.purpose, case_id, person_id)


@strawberry.type(description="Personal data in clear. It is answered once, to this request, and kept nowhere.")
class RevealPayload(Payload):
    name: str | None = strawberry.field(description="Name.")
    phone: str | None = strawberry.field(description="Phone.")
    id_number: str | None = strawberry.field(description="Identity number 身份证号, of a person of the register alone.")
    birth_date: date | None = strawberry.field(description="Day of birth, of a person of the register alone.")

    @classmethod
    def of(cls, committed: Committed, revealed: Revealed) -> Self:
        """The payload of what was revealed."""
        return cls(
            outcome=CommittedOutcome.of(committed.outcome), cursor=committed.cursor, name=revealed.name,
            phone=revealed.phone, id_number=revealed.id_number, birth_date=revealed.birth_date,
        )  # fmt: skip


@strawberry.type
class PersonalDataMutations:
    """The action on personal data."""

    @action(RevealPayload)
    async def reveal_personal_data(
        self, info: Info, given: Given[RevealPersonalDataInput]
    ) -> RevealPayload | AnyProblem:
        """Show a reporter's or a person's data in clear 查看明文 (C.7); every use is a row of the access log, and limited.

        By the dispatcher; by the follow-up caller for closed cases; by the LEAD's handler unless the case is confidential;
        by a grid worker for people of the own grid. A person must be concerned by the case: its subject, or of the household of
        its subject or reporter. Nothing is kept to be given again: a repeated call is a use of its own.
        """
        shown: list[Revealed] = []

        def prepare(identifiers: Identifiers) -> Command:
            asked = given.reveal(identifiers)

            async def command(tx: Transaction) -> Outcome:
                shown.append(await reveal_personal_data(tx, asked))
                return shown[-1].outcome

            return command

        return await perform(
            info, given, prepare, lambda committed: RevealPayload.of(committed, shown[-1]), repeatable=False
        )
