"""The reporter of a case 诉求人: name and phone sealed, masked and hashed (C.7 guardrails 1 and 5)."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shaodao.commands.checking import checked_text, checked_value
from shaodao.commands.transaction import Transaction
from shaodao.domain.errors import Faults
from shaodao.domain.identity import mask_name, mask_phone
from shaodao.domain.phones import check_phone
from shaodao.domain.sight import sees_person
from shaodao.domain.vocabulary import CaseVisibility, Role

NAME_CONTEXT = b"case_file.reporter_name:"
PHONE_CONTEXT = b"case_file.reporter_phone:"
PERSON_PHONE_CONTEXT = b"person.phone:"
NO_SUCH_PERSON = ("没有此人员", "there is no such person")

_PERSON = "SELECT name, phone_sealed, grid_code, visibility FROM person WHERE county_code = $1 AND id = $2"
_NAME = "SELECT reporter_name_sealed FROM case_file WHERE county_code = $1 AND id = $2"


class ReporterInput(msgspec.Struct, frozen=True, kw_only=True):
    """Who reports: a name and a phone, a person of the register, or nobody by name (``anonymous`` 匿名).

    ``confidential`` 保密: the identity never goes to the party complained about, nor to departments.
    """

    name: str | None = None
    phone: str | None = None
    person_id: UUID | None = None
    anonymous: bool = False
    confidential: bool = False


@dataclass(frozen=True)
class Reporter:
    """A checked reporter in clear. It lives in the command's memory only and is never logged."""

    name: str | None = None
    phone: str | None = None
    person_id: UUID | None = None
    anonymous: bool = False
    confidential: bool = False
    visibility: CaseVisibility = CaseVisibility.NORMAL
    """Of the person's record in the register, if there is one."""

    @property
    def reachable(self) -> bool:
        """Whether somebody can be called back."""
        return self.phone is not None or self.person_id is not None


async def reporter_of(tx: Transaction, faults: Faults, given: ReporterInput | None, role: Role) -> Reporter:
    """The reporter that an input names; a resident who reports is their own person.

    A person whom the actor does not see is to the actor none: a case is no way to read the register by. Notes faults at
    ``reporter.name``, ``reporter.phone``, ``reporter.personId`` and ``reporter.anonymous``.
    """
    given = given or ReporterInput()
    limit = tx.ground.rulebook.texts.name
    name = checked_text(faults, "reporter.name", given.name, limit) if given.name is not None else None
    phone = None if given.phone is None else checked_value(faults, "reporter.phone", partial(check_phone, given.phone))
    person_id = _person_of(tx, faults, given, role)
    if given.anonymous:
        if name or phone or person_id:
            faults.add(
                "reporter.anonymous", "匿名登记不能记录身份，可改用保密", "anonymous names nobody; use confidential"
            )
        return Reporter(anonymous=True, confidential=given.confidential)
    told = Reporter(name, phone, person_id, confidential=given.confidential)
    return told if person_id is None else await _from_register(tx, faults, person_id, told)


def _person_of(tx: Transaction, faults: Faults, given: ReporterInput, role: Role) -> UUID | None:
    if role is not Role.RESIDENT:
        return given.person_id
    if given.person_id not in (None, tx.actor.person_id):
        faults.add("reporter.personId", *NO_SUCH_PERSON)
    return tx.actor.person_id


async def seen_person(tx: Transaction, person_id: UUID) -> asyncpg.Record | None:
    """The record of a person whom the actor sees: name, sealed phone, visibility; None for any other."""
    row = await tx.connection.fetchrow(_PERSON, tx.county, person_id)
    if row is None or not sees_person(tx.actor, person_id, row["grid_code"], row["visibility"]):
        return None
    return row


async def _from_register(tx: Transaction, faults: Faults, person_id: UUID, told: Reporter) -> Reporter:
    """What the input leaves out is taken from the person's record."""
    row = await seen_person(tx, person_id)
    if row is None:
        faults.add("reporter.personId", *NO_SUCH_PERSON)
        return told
    phone = told.phone
    if phone is None and row["phone_sealed"] is not None:
        phone = tx.ground.cipher.open(row["phone_sealed"], PERSON_PHONE_CONTEXT + person_id.bytes)
    visibility = CaseVisibility[row["visibility"]]
    return replace(told, name=told.name or row["name"], phone=phone, visibility=visibility)


def columns_of(tx: Transaction, case_id: UUID, reporter: Reporter) -> dict[str, Any]:
    """The reporter's columns of ``case_file``."""
    cipher, name, phone = tx.ground.cipher, reporter.name, reporter.phone
    return {
        "reporter_anonymous": reporter.anonymous,
        "reporter_name_masked": name and mask_name(name),
        "reporter_name_sealed": name and cipher.seal(name, NAME_CONTEXT + case_id.bytes),
        "reporter_phone_masked": phone and mask_phone(phone),
        "reporter_phone_sealed": phone and cipher.seal(phone, PHONE_CONTEXT + case_id.bytes),
        "reporter_phone_hash": phone and cipher.lookup_hash(phone),
        "reporter_person_id": reporter.person_id,
    }


def name_in_clear(tx: Transaction, case_id: UUID, sealed: bytes | None) -> str | None:
    """The reporter's name, to be looked for in texts that must not tell it."""
    return None if sealed is None else tx.ground.cipher.open(sealed, NAME_CONTEXT + case_id.bytes)


async def tells_the_reporter(tx: Transaction, case_id: UUID, text: str) -> bool:
    """Whether a text names the case's reporter: nothing of that is made public (C.7 guardrail 4)."""
    name = name_in_clear(tx, case_id, await tx.connection.fetchval(_NAME, tx.county, case_id))
    return name is not None and len(name) > 1 and name in text
