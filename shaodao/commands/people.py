"""A person 人口 before they are written: what is told is checked, personal data sealed, masked and hashed (C.1.3, C.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from shaodao.commands.checking import checked_text, checked_value, optional_text
from shaodao.domain.errors import Faults
from shaodao.domain.identity import birth_date_of, check_identity_number, gender_of, mask_identity_number, mask_phone
from shaodao.domain.phones import check_phone
from shaodao.domain.rulebook import TextLimits
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CaseVisibility, Gender, ResidenceKind
from shaodao.personal_data import PersonalDataCipher

ID_NUMBER_CONTEXT = b"person.id_number:"
PHONE_CONTEXT = b"person.phone:"

RESIDENT_ID = "RESIDENT_ID"
"""Kind of identity document 居民身份证, whose number GB 11643 checks."""

HEAD_OF_HOUSEHOLD = "本人"
"""Relation to the head 与户主关系 (GB/T 4761) of the head."""

# PIPL 31 and C.7 guardrail 11: below this age a record is a child's.
_CHILD_BELOW = 14


class PersonInput(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the register. Of an identity card, birth date and sex follow from the number and need not be told."""

    name: str
    grid_code: str
    residence_kind: ResidenceKind
    id_kind: str = RESIDENT_ID
    id_number: str | None = None
    gender: Gender | None = None
    birth_date: date | None = None
    phone: str | None = None
    address: str | None = None
    household_id: UUID | None = None
    relation_to_head: str | None = None
    skills: tuple[str, ...] = ()
    visibility: CaseVisibility = CaseVisibility.NORMAL
    source: str | None = None


@dataclass(frozen=True)
class Identity:
    """What is known of a person by document."""

    id_number: str | None
    gender: Gender
    birth_date: date | None


@dataclass(frozen=True)
class CheckedPerson:
    """A person whose texts are clean, in clear: it lives in the command's memory only and is never logged."""

    name: str
    identity: Identity
    id_kind: str | None
    phone: str | None
    address: str | None
    relation_to_head: str | None
    skills: tuple[str, ...]
    visibility: CaseVisibility
    residence_kind: ResidenceKind
    source: str | None

    @property
    def is_head(self) -> bool:
        """Whether they are the head 户主 of their household."""
        return self.relation_to_head == HEAD_OF_HOUSEHOLD


def check_person(faults: Faults, given: PersonInput, limits: TextLimits, today: date) -> CheckedPerson:
    """The person with clean texts; a child's record is restricted (C.7 guardrail 11).

    Notes faults at ``name``, ``idNumber`` by GB 11643, ``gender``, ``birthDate``, ``phone`` and the texts; whether grid and
    household are there, and whether the number is registered already, the database knows.
    """
    name = checked_text(faults, "name", given.name, limits.name)
    address = optional_text(faults, "address", given.address, limits.address)
    relation = optional_text(faults, "relationToHead", given.relation_to_head, limits.name)
    source = optional_text(faults, "source", given.source, limits.name)
    id_kind = optional_text(faults, "idKind", given.id_kind, limits.name)
    skills = tuple(
        checked_text(faults, f"skills.{index}", skill, limits.name) for index, skill in enumerate(given.skills)
    )
    identity = _identity(faults, given, limits, today)
    phone = None if given.phone is None else checked_value(faults, "phone", partial(check_phone, given.phone))
    return CheckedPerson(
        name, identity, id_kind, phone, address, relation, skills, _visibility(given, identity, today), given.residence_kind,
        source,
    )  # fmt: skip


def person_columns(cipher: PersonalDataCipher, person_id: UUID, person: CheckedPerson) -> dict[str, Any]:
    """The columns of ``person`` that follow from the person alone; place, household and time are the caller's."""
    identity = person.identity
    return {
        "id": person_id, "name": person.name, "gender": str(identity.gender), "birth_date": identity.birth_date,
        "id_kind": person.id_kind, **_sealed_id_number(cipher, person_id, identity.id_number),
        **_sealed_phone(cipher, person_id, person.phone), "address": person.address,
        "residence_kind": str(person.residence_kind), "relation_to_head": person.relation_to_head,
        "skills": list(person.skills), "visibility": str(person.visibility),
        "search_bigrams": bigrams(f"{person.name} {person.address or ''}"), "source": person.source,
    }  # fmt: skip


def _identity(faults: Faults, given: PersonInput, limits: TextLimits, today: date) -> Identity:
    """What the document says; telling something else beside it is a fault."""
    if given.birth_date is not None and given.birth_date > today:
        faults.add("birthDate", "出生日期不能晚于今天", "the birth date must not lie in the future")
    told = Identity(None, given.gender or Gender.UNKNOWN, given.birth_date)
    if given.id_number is None:
        return told
    if given.id_kind != RESIDENT_ID:
        number = checked_text(faults, "idNumber", given.id_number, limits.name).upper()
        return Identity(number, told.gender, told.birth_date)
    checked = checked_value(faults, "idNumber", partial(check_identity_number, given.id_number.strip(), today))
    if checked is None:
        return told
    identity = Identity(checked, gender_of(checked), birth_date_of(checked))
    if given.gender not in (None, Gender.UNKNOWN, identity.gender):
        faults.add("gender", "性别与身份号码不符", "the sex contradicts the identity number")
    if given.birth_date not in (None, identity.birth_date):
        faults.add("birthDate", "出生日期与身份号码不符", "the birth date contradicts the identity number")
    return identity


def _visibility(given: PersonInput, identity: Identity, today: date) -> CaseVisibility:
    born = identity.birth_date
    if given.visibility is not CaseVisibility.NORMAL or born is None:
        return given.visibility
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return CaseVisibility.RESTRICTED_MINOR if age < _CHILD_BELOW else CaseVisibility.NORMAL


def _sealed_id_number(cipher: PersonalDataCipher, person_id: UUID, number: str | None) -> Mapping[str, Any]:
    return {
        "id_number_masked": number and mask_identity_number(number),
        "id_number_sealed": number and cipher.seal(number, ID_NUMBER_CONTEXT + person_id.bytes),
        "id_number_hash": number and cipher.lookup_hash(number),
    }


def _sealed_phone(cipher: PersonalDataCipher, person_id: UUID, phone: str | None) -> Mapping[str, Any]:
    return {
        "phone_masked": phone and mask_phone(phone),
        "phone_sealed": phone and cipher.seal(phone, PHONE_CONTEXT + person_id.bytes),
        "phone_hash": phone and cipher.lookup_hash(phone),
    }
