"""Rows of the demonstration street's households, people, care tags and vessels. Personal data is sealed here (C.7)."""

from collections.abc import Mapping
from datetime import date, datetime

from shaodao.demo.copying import Row
from shaodao.demo.identifiers import account_id, household_id, person_id, stable_id, vessel_id
from shaodao.demo.source import Grid, Person, Street
from shaodao.domain.identity import check_identity_number, mask_identity_number, mask_phone
from shaodao.domain.permissions import county_of
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CareKind, CaseVisibility, Gender, ResidenceKind
from shaodao.personal_data import PersonalDataCipher

_SOURCE = "示例数据"


def household_rows(street: Street, now: datetime) -> list[Row]:
    """Rows of ``household``: its head is the first of its people who is not a ward; the grid's worker is its contact."""
    grids = {grid.code: grid for grid in street.grids}
    return [_household_row(street, number, people, grids, now) for number, people in _households(street).items()]


def person_rows(street: Street, cipher: PersonalDataCipher, now: datetime) -> list[Row]:
    """Rows of ``person``: identity number and phone sealed, hashed for look-up, and masked for showing."""
    heads = {_head(people).id for people in _households(street).values()}
    return [
        {
            **_person_row(street, person, now),
            **_identity_columns(person, cipher, now.date()),
            **_phone_columns(person, cipher),
            "relation_to_head": "本人" if person.id in heads else None,
        }
        for person in street.people
    ]


def care_tag_rows(street: Street) -> list[Row]:
    """Rows of ``care_tag``; a minor's tags are as restricted as the minor."""
    kinds = {kind.label: kind for kind in CareKind}
    return [
        {
            "county_code": county_of(person.grid), "id": stable_id("care tag", f"{person.id}:{label}"),
            "person_id": person_id(person.id), "kind": kinds[label], "street_code": street.code,
            "community_code": person.grid[:12], "grid_code": person.grid, "visibility": _visibility(person),
            "valid_from": date(street.meta.as_of.year, 1, 1),
        }
        for person in street.people
        for label in person.care_tags
    ]  # fmt: skip


def vessel_rows(street: Street) -> list[Row]:
    """Rows of ``vessel``, with the owner's household."""
    return [
        {
            "county_code": county_of(vessel.grid), "id": vessel_id(vessel.reg), "registration": vessel.reg,
            "street_code": street.code, "community_code": vessel.grid[:12], "grid_code": vessel.grid,
            "owner_household_id": _household_of(street.person(vessel.owner)), "owner_person_id": person_id(vessel.owner),
            "operation_mode": vessel.operation_mode, "crew_count": vessel.crew, "beidou_number": vessel.beidou,
        }
        for vessel in street.vessels
    ]  # fmt: skip


def _households(street: Street) -> dict[str, list[Person]]:
    households: dict[str, list[Person]] = {}
    for person in street.people:
        if person.household is not None:
            households.setdefault(person.household, []).append(person)
    return households


def _head(people: list[Person]) -> Person:
    return next(person for person in people if person.guardian is None)


def _household_of(person: Person) -> object:
    return None if person.household is None else household_id(person.household)


def _household_row(street: Street, number: str, people: list[Person], grids: Mapping[str, Grid], now: datetime) -> Row:
    head = _head(people)
    members = {person.id for person in people}
    return {
        "county_code": county_of(head.grid), "id": household_id(number), "number": number, "address": head.address,
        "street_code": street.code, "community_code": head.grid[:12], "grid_code": head.grid,
        "head_person_id": person_id(head.id), "member_count": len(people),
        "contact_worker_id": account_id(grids[head.grid].grid_worker),
        "sea_grid_code": next((vessel.grid for vessel in street.vessels if vessel.owner in members), None),
        "created_at": now,
    }  # fmt: skip


def _person_row(street: Street, person: Person, now: datetime) -> Row:
    return {
        "county_code": county_of(person.grid), "id": person_id(person.id), "reference": person.id, "name": person.name,
        "gender": _by_label(Gender, person.gender), "birth_date": person.birth, "address": person.address,
        "residence_kind": _by_label(ResidenceKind, person.residence_kind), "street_code": street.code,
        "community_code": person.grid[:12], "grid_code": person.grid, "household_id": _household_of(person),
        "skills": list(person.skills), "archive_color": person.three_color, "archive_reason": person.three_color_reason,
        "visibility": _visibility(person), "search_bigrams": bigrams(f"{person.name} {person.address}"),
        "source": _SOURCE, "collected_at": now,
    }  # fmt: skip


def _identity_columns(person: Person, cipher: PersonalDataCipher, today: date) -> Row:
    number = check_identity_number(person.id_number, today)
    return {
        "id_number_masked": mask_identity_number(number), "id_number_hash": cipher.lookup_hash(number),
        "id_number_sealed": cipher.seal(number, b"person.id_number:" + person_id(person.id).bytes),
    }  # fmt: skip


def _phone_columns(person: Person, cipher: PersonalDataCipher) -> Row:
    phone = person.phone
    return {
        "phone_masked": phone and mask_phone(phone), "phone_hash": phone and cipher.lookup_hash(phone),
        "phone_sealed": phone and cipher.seal(phone, b"person.phone:" + person_id(person.id).bytes),
    }  # fmt: skip


def _visibility(person: Person) -> CaseVisibility:
    return CaseVisibility.RESTRICTED_MINOR if person.restricted else CaseVisibility.NORMAL


def _by_label(terms: type[Gender] | type[ResidenceKind], label: str) -> Gender | ResidenceKind:
    return next(term for term in terms if term.label == label)
