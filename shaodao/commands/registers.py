"""The register of households and people 户、人口 and their care tags (reference C.1.3, C.7)."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.checking import checked_text, optional_text
from shaodao.commands.people import PersonInput, check_person, person_columns
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import Faults, InvalidInput, NotFound, NotPermitted
from shaodao.domain.permissions import Viewer
from shaodao.domain.sight import sees_person
from shaodao.domain.vocabulary import CareKind, CaseVisibility, Role

_ADULT_CARE = frozenset({Role.GRID_WORKER, Role.GRID_CHIEF})
_GRID = "SELECT street_code, community_code FROM grid WHERE county_code = $1 AND code = $2"
_HOUSEHOLD = "SELECT grid_code FROM household WHERE county_code = $1 AND id = $2"
_PERSON = "SELECT street_code, community_code, grid_code, visibility FROM person WHERE county_code = $1 AND id = $2"
_REGISTER_HOUSEHOLD = """
INSERT INTO household (
    county_code, id, number, address, street_code, community_code, grid_code, contact_worker_id, sea_grid_code, created_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_PERSON_COLUMNS = (
    "id", "name", "gender", "birth_date", "id_kind", "id_number_masked", "id_number_sealed", "id_number_hash",
    "phone_masked", "phone_sealed", "phone_hash", "address", "residence_kind", "relation_to_head", "skills", "visibility",
    "search_bigrams", "source",
)  # fmt: skip
# In the order of _PERSON_COLUMNS, then place, household and time.
_REGISTER_PERSON = """
INSERT INTO person (
    county_code, id, name, gender, birth_date, id_kind, id_number_masked, id_number_sealed, id_number_hash, phone_masked,
    phone_sealed, phone_hash, address, residence_kind, relation_to_head, skills, visibility, search_bigrams, source,
    street_code, community_code, grid_code, household_id, collected_at
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
)
"""
_JOIN_HOUSEHOLD = """
UPDATE household SET member_count = member_count + 1, head_person_id = CASE WHEN $4 THEN coalesce(head_person_id, $3) ELSE head_person_id END
WHERE county_code = $1 AND id = $2
"""
_ADD_TAG = """
INSERT INTO care_tag (
    county_code, id, person_id, kind, evidence, street_code, community_code, grid_code, visibility, valid_from, valid_to
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_TAKEN = {
    "household_number_key": ("number", "户号已登记", "the household number is registered already"),
    "person_id_number_key": ("idNumber", "无法按此登记，请联系街道指挥中心核对", "cannot be registered so; ask the dispatch centre"),
}  # fmt: skip
_REGISTERED = ("idNumber", "该证件号码已登记", "the identity number is registered already")
_BY_ID_NUMBER = "SELECT id, grid_code, visibility FROM person WHERE county_code = $1 AND id_number_hash = $2"


class HouseholdInput(msgspec.Struct, frozen=True, kw_only=True):
    """A household: its number 户号, address and grid; ``sea_grid_code`` when its vessel works at sea."""

    number: str
    address: str
    grid_code: str
    contact_worker_id: UUID | None = None
    sea_grid_code: str | None = None


class CareTagInput(msgspec.Struct, frozen=True, kw_only=True):
    """A care tag 关爱标签 with its evidence and the days it holds, both included."""

    person_id: UUID
    kind: CareKind
    evidence: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


async def register_household(tx: Transaction, given: HouseholdInput) -> Outcome:
    """Register a household 户; the outcome names it by ``record_id``.

    Raises NotPermitted outside the actor's scope, InvalidInput at ``number`` (also when it is taken), ``address``,
    ``gridCode`` and ``seaGridCode``.
    """
    faults, limits = Faults(), tx.ground.rulebook.texts
    number = checked_text(faults, "number", given.number, limits.name)
    address = checked_text(faults, "address", given.address, limits.address)
    grid = await _grid(tx, faults, "gridCode", given.grid_code)
    if given.sea_grid_code is not None:
        await _grid(tx, faults, "seaGridCode", given.sea_grid_code)
    faults.check()
    _check_scope(tx, given.grid_code)
    household_id = tx.new_id()
    await _insert(
        tx, _REGISTER_HOUSEHOLD, tx.county, household_id, number, address, grid["street"], grid["community"], given.grid_code,
        given.contact_worker_id, given.sea_grid_code, tx.now,
    )  # fmt: skip
    return Outcome(county_code=tx.county, record_id=household_id, grid_code=given.grid_code)


async def register_person(tx: Transaction, given: PersonInput) -> Outcome:
    """Register a person 人口; the outcome names them by ``record_id``.

    Identity number and phone are sealed, masked for showing and hashed for look-up; a child's record is restricted (C.7
    guardrail 11). Raises NotPermitted outside the actor's scope, and InvalidInput with every faulty field: ``idNumber`` by GB
    11643 or when it is registered already, ``phone``, ``gridCode``, ``householdId``, ``gender``, ``birthDate``, texts.
    """
    faults = Faults()
    person = check_person(faults, given, tx.ground.rulebook.texts, tx.today)
    grid = await _grid(tx, faults, "gridCode", given.grid_code)
    await _check_household(tx, faults, given)
    faults.check()
    _check_scope(tx, given.grid_code)
    await _check_unregistered(tx, person.identity.id_number)
    person_id = tx.new_id()
    columns = person_columns(tx.ground.cipher, person_id, person)
    await _insert(
        tx, _REGISTER_PERSON, tx.county, *(columns[name] for name in _PERSON_COLUMNS), grid["street"], grid["community"],
        given.grid_code, given.household_id, tx.now,
    )  # fmt: skip
    if given.household_id is not None:
        await tx.connection.execute(_JOIN_HOUSEHOLD, tx.county, given.household_id, person_id, person.is_head)
    return Outcome(county_code=tx.county, record_id=person_id, grid_code=given.grid_code)


async def add_care_tag(tx: Transaction, given: CareTagInput) -> Outcome:
    """Add a care tag 关爱标签 to a person; it is as restricted as the person. The outcome names it by ``record_id``.

    Raises NotFound for a person that the actor may not see, InvalidInput at ``evidence`` and ``validTo``.
    """
    row = await tx.connection.fetchrow(_PERSON, tx.county, given.person_id)
    if row is None or not _sees(tx, row):
        raise NotFound("Person", str(given.person_id))
    faults = Faults()
    evidence = optional_text(faults, "evidence", given.evidence, tx.ground.rulebook.texts.reason)
    since = given.valid_from or tx.today
    if given.valid_to is not None and given.valid_to < since:
        faults.add("validTo", "截止日期不能早于起始日期", "it must not end before it begins")
    faults.check()
    tag_id = tx.new_id()
    await tx.connection.execute(
        _ADD_TAG, tx.county, tag_id, given.person_id, str(given.kind), evidence, row["street_code"], row["community_code"],
        row["grid_code"], row["visibility"], since, given.valid_to,
    )  # fmt: skip
    return Outcome(county_code=tx.county, record_id=tag_id, grid_code=row["grid_code"])


def _check_scope(tx: Transaction, grid_code: str) -> None:
    grants = tx.actor.grants_of(Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER)
    if not any(grant.covers(grid_code) for grant in grants):
        raise NotPermitted(
            "您的角色或范围不能登记此网格的户和人口", "your role or scope does not reach this grid's register"
        )


def _sees(tx: Transaction, person: asyncpg.Record) -> bool:
    """Whether the actor sees the person: restricted records are the dispatcher's alone (permissions, "person")."""
    restricted = person["visibility"] != CaseVisibility.NORMAL
    return any(
        grant.covers(person["grid_code"]) and not (restricted and grant.role in _ADULT_CARE)
        for grant in tx.actor.grants_of(Role.GRID_WORKER, Role.GRID_CHIEF, Role.STREET_DISPATCHER)
    )


async def _grid(tx: Transaction, faults: Faults, path: str, code: str) -> Mapping[str, str]:
    row = await tx.connection.fetchrow(_GRID, tx.county, code)
    if row is None:
        faults.add(path, "没有此网格", "there is no such grid")
        return {}
    return {"street": row["street_code"], "community": row["community_code"]}


async def _check_household(tx: Transaction, faults: Faults, given: PersonInput) -> None:
    if given.household_id is None:
        return
    grid_code = await tx.connection.fetchval(_HOUSEHOLD, tx.county, given.household_id)
    if grid_code is None:
        faults.add("householdId", "没有此户", "there is no such household")
    elif grid_code != given.grid_code:
        faults.add("householdId", "该户不在此网格", "the household lies in another grid")


async def _check_unregistered(tx: Transaction, number: str | None) -> None:
    """Refuse a number that is registered; that it is, is told to those only who see the person."""
    row = number and await tx.connection.fetchrow(_BY_ID_NUMBER, tx.county, tx.ground.cipher.lookup_hash(number))
    if row:
        raise InvalidInput.at(*already_registered(tx.actor, row))


def already_registered(actor: Viewer, person: asyncpg.Record) -> tuple[str, str, str]:
    """Path, message and English for a number that the person (id, grid_code, visibility) has: told to who sees them."""
    seen = sees_person(actor, person["id"], person["grid_code"], person["visibility"])
    return _REGISTERED if seen else _TAKEN["person_id_number_key"]


async def _insert(tx: Transaction, statement: str, *values: object) -> None:
    """Insert a row; a number that is taken, also by somebody at the same moment, is a fault of its field."""
    try:
        await tx.connection.execute(statement, *values)
    except asyncpg.UniqueViolationError as error:
        path, message, english = _TAKEN[error.constraint_name or ""]
        raise InvalidInput.at(path, message, english) from error
