"""Showing personal data in clear 查看明文 (C.7 guardrail 2): with a purpose and a case, logged, limited in number."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

import asyncpg

from shaodao.commands.facts import lock_case
from shaodao.commands.history import Entry, record
from shaodao.commands.people import ID_NUMBER_CONTEXT
from shaodao.commands.people import PHONE_CONTEXT as PERSON_PHONE_CONTEXT
from shaodao.commands.reporters import NAME_CONTEXT, PHONE_CONTEXT
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import NotFound, NotPermitted, RateLimited
from shaodao.domain.facts import CaseFacts
from shaodao.domain.sight import sees_person
from shaodao.domain.vocabulary import AssignmentRole, CaseState, CaseVisibility, RevealPurpose, Role

# Who registered the case themselves gave their contact for it.
_REPORTER = """
SELECT c.reporter_name_sealed, c.reporter_phone_sealed, c.reporter_person_id, p.grid_code, EXISTS (
    SELECT 1 FROM case_event e WHERE e.county_code = $1 AND e.case_id = $2 AND e.seq = 1 AND e.actor_role = 'RESIDENT'
) AS by_themselves
FROM case_file c LEFT JOIN person p ON p.county_code = c.county_code AND p.id = c.reporter_person_id
WHERE c.county_code = $1 AND c.id = $2
"""
_PERSON = """
SELECT name, phone_sealed, id_number_sealed, birth_date, grid_code, visibility FROM person
WHERE county_code = $1 AND id = $2
"""
# The reporter, whom it is about, and who lives with one of them.
_CONCERNED = """
SELECT EXISTS (
    SELECT 1 FROM case_file c
    JOIN person k ON k.county_code = $1 AND k.id IN (c.reporter_person_id, c.subject_person_id)
    JOIN person p ON p.county_code = $1 AND p.id = $3
    WHERE c.county_code = $1 AND c.id = $2 AND (k.id = p.id OR k.household_id = p.household_id)
)
"""
# One at a time for each login, so that uses side by side are counted too.
_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtextextended('reveal:' || $1::int::text || ':' || $2, 0))"
_USES = """
SELECT count(*) AS uses, min(at) AS oldest FROM (
    SELECT at FROM personal_data_access WHERE county_code = $1 AND login = $2 AND at > $3 ORDER BY at DESC LIMIT $4
) latest
"""
_LOG = """
INSERT INTO personal_data_access (county_code, id, account_id, login, role, subject_kind, subject_id, fields, purpose, case_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_CLOSED = frozenset({CaseState.CLOSED, CaseState.FOLLOWED_UP, CaseState.ARCHIVED})
_HANDLER_PURPOSES = frozenset({RevealPurpose.CONTACT_REPORTER, RevealPurpose.ON_SITE, RevealPurpose.EMERGENCY_RESCUE})


class SubjectKind(StrEnum):
    """Whose data: the reporter of the case 诉求人, or a person of the register 人口."""

    REPORTER = "REPORTER"
    PERSON = "PERSON"


@dataclass(frozen=True)
class RevealInput:
    """Whose data is wanted and what for. ``person_id`` names the person when the subject is PERSON."""

    subject: SubjectKind
    purpose: RevealPurpose
    case_id: UUID
    person_id: UUID | None = None


@dataclass(frozen=True)
class Revealed:
    """The data in clear. It is handed to the caller once, and is kept neither in the outcome, nor the history, nor a log."""

    outcome: Outcome
    name: str | None
    phone: str | None
    id_number: str | None = None
    birth_date: date | None = None

    @property
    def fields(self) -> list[str]:
        """Which fields there were to show."""
        shown = {
            "name": self.name, "phone": self.phone, "idNumber": self.id_number, "birthDate": self.birth_date,
        }  # fmt: skip
        return [field for field, value in shown.items() if value is not None]


async def reveal_personal_data(tx: Transaction, given: RevealInput) -> Revealed:
    """Show a reporter's or a person's data in clear; every use is a row of the access log and an event of the case.

    May be used by the dispatcher in scope, by the follow-up caller for the contact data of closed cases, by the handler of
    the LEAD unless the case is confidential, and by the grid worker for people of the own grid. A reporter of the register
    must live in the actor's scope, unless they registered the case themselves; any other person must be concerned by the
    case: its subject, or of the household of its subject or reporter. It is not to be run under an idempotency key: the
    outcome that would be kept holds nothing.

    Raises NotFound (also for what the actor may not see), NotPermitted, RateLimited.
    """
    case = await lock_case(tx, given.case_id)
    match given.subject:
        case SubjectKind.REPORTER:
            role, row = await _reporter_row(tx, case, given.purpose)
            # The log names the person, where the register knows them.
            subject_id, revealed = row["reporter_person_id"] or case.id, _reporter(tx, case, row)
        case SubjectKind.PERSON:
            subject_id, row = await _person_row(tx, given)
            role = await _person_role(tx, case, subject_id, row)
            revealed = _person(tx, case, subject_id, row)
        case _:
            assert_never(given.subject)
    await _check_rate(tx)
    await tx.connection.execute(
        _LOG, tx.county, tx.new_id(), tx.actor.account_id, tx.actor.login, str(role), str(given.subject), subject_id,
        revealed.fields, str(given.purpose), case.id, tx.now,
    )  # fmt: skip
    await record(tx, case.id, _entry(tx, given, role, revealed))
    return revealed


async def _reporter_row(tx: Transaction, case: CaseFacts, purpose: RevealPurpose) -> tuple[Role, asyncpg.Record]:
    role = _reporter_role(tx, case, purpose)
    row = await tx.connection.fetchrow(_REPORTER, tx.county, case.id)
    assert row is not None  # the case is locked
    home = row["grid_code"]
    if home is not None and not row["by_themselves"] and not any(g.covers(home) for g in tx.actor.grants_of(role)):
        raise NotPermitted("诉求人不在您的管辖范围", "the reporter does not live in your scope")
    return role, row


def _reporter_role(tx: Transaction, case: CaseFacts, purpose: RevealPurpose) -> Role:
    """The role in which the actor may see the reporter. A case out of sight is told apart from none by nobody."""
    place = case.place
    if any(grant.covers(place) for grant in tx.actor.grants_of(Role.STREET_DISPATCHER)):
        return Role.STREET_DISPATCHER
    if any(grant.covers(place) for grant in tx.actor.grants_of(Role.FOLLOW_UP)) and case.state in _CLOSED:
        return _for_purpose(Role.FOLLOW_UP, purpose is RevealPurpose.FOLLOW_UP)
    if any(a.organization_code in tx.actor.organizations for a in case.active):
        return _handler_role(tx, case, purpose)
    raise NotPermitted("您无权查看诉求人信息", "you may not see the reporter's data")


def _handler_role(tx: Transaction, case: CaseFacts, purpose: RevealPurpose) -> Role:
    leads = any(a.organization_code in tx.actor.organizations and a.role is AssignmentRole.LEAD for a in case.active)
    if not leads:
        raise NotPermitted("仅主办单位可以查看诉求人信息", "only the LEAD may see the reporter's data")
    if case.confidential:
        raise NotPermitted("诉求人要求保密", "the reporter is confidential")
    return _for_purpose(Role.DEPT_HANDLER, purpose in _HANDLER_PURPOSES)


def _for_purpose(role: Role, fits: bool) -> Role:
    if not fits:
        raise NotPermitted("此用途与您的角色不符", "the purpose does not fit your role")
    return role


async def _person_role(tx: Transaction, case: CaseFacts, person_id: UUID, person: asyncpg.Record) -> Role:
    role = _register_role(tx, case, person)
    if not await tx.connection.fetchval(_CONCERNED, tx.county, case.id, person_id):
        raise NotPermitted("此人与本案无关", "the case does not concern this person")
    return role


def _register_role(tx: Transaction, case: CaseFacts, person: asyncpg.Record) -> Role:
    normal = person["visibility"] == CaseVisibility.NORMAL
    for role in (Role.STREET_DISPATCHER, Role.GRID_WORKER):
        for grant in tx.actor.grants_of(role):
            if (
                grant.covers(person["grid_code"])
                and grant.covers(case.place)
                and (normal or role is Role.STREET_DISPATCHER)
            ):
                return role
    raise NotPermitted("您无权查看此人信息", "you may not see this person's data")


def _reporter(tx: Transaction, case: CaseFacts, row: asyncpg.Record) -> Revealed:
    name, phone = row["reporter_name_sealed"], row["reporter_phone_sealed"]
    cipher = tx.ground.cipher
    return Revealed(
        _outcome(tx, case),
        name and cipher.open(name, NAME_CONTEXT + case.id.bytes),
        phone and cipher.open(phone, PHONE_CONTEXT + case.id.bytes),
    )


async def _person_row(tx: Transaction, given: RevealInput) -> tuple[UUID, asyncpg.Record]:
    row = given.person_id and await tx.connection.fetchrow(_PERSON, tx.county, given.person_id)
    if not row or given.person_id is None or not _in_sight(tx, given.person_id, row):
        raise NotFound("Person", str(given.person_id))
    return given.person_id, row


def _in_sight(tx: Transaction, person_id: UUID, person: asyncpg.Record) -> bool:
    return sees_person(tx.actor, person_id, person["grid_code"], person["visibility"])


def _person(tx: Transaction, case: CaseFacts, person_id: UUID, row: asyncpg.Record) -> Revealed:
    cipher, phone, number = tx.ground.cipher, row["phone_sealed"], row["id_number_sealed"]
    return Revealed(
        _outcome(tx, case),
        row["name"],
        phone and cipher.open(phone, PERSON_PHONE_CONTEXT + person_id.bytes),
        number and cipher.open(number, ID_NUMBER_CONTEXT + person_id.bytes),
        row["birth_date"],
    )


def _outcome(tx: Transaction, case: CaseFacts) -> Outcome:
    return Outcome(county_code=tx.county, case_id=case.id, case_number=case.number, case_state=str(case.state))


async def _check_rate(tx: Transaction) -> None:
    limit = tx.ground.rulebook.reveals
    window = timedelta(minutes=limit.minutes)
    await tx.connection.execute(_ONE_BY_ONE, tx.county, tx.actor.login)
    row = await tx.connection.fetchrow(_USES, tx.county, tx.actor.login, tx.now - window, limit.uses)
    if row is not None and row["uses"] >= limit.uses:
        raise RateLimited(max(1, int((row["oldest"] + window - tx.now).total_seconds())))


def _entry(tx: Transaction, given: RevealInput, role: Role, revealed: Revealed) -> Entry:
    whose = "诉求人" if given.subject is SubjectKind.REPORTER else "人口档案"
    payload = {"subject": str(given.subject), "purpose": str(given.purpose), "fields": revealed.fields}
    return Entry(
        "revealPersonalData", f"{tx.actor.name}查看{whose}信息明文（{given.purpose.label}）", role=role, payload=payload
    )
