"""What every command takes: one connection in one transaction, the actor, the time, and the ground it stands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import asyncpg
import msgspec
from uuid_utils.compat import uuid7

from shaodao.domain.calendar import SHANGHAI, Calendar
from shaodao.domain.case_vocabulary import HoldCause
from shaodao.domain.permissions import Viewer
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.vocabulary import AssignmentRole, WhistleKind
from shaodao.personal_data import PersonalDataCipher

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:  # asyncpg's classes are generic in the stubs only
    Connection = asyncpg.Connection


@dataclass(frozen=True)
class Matter:
    """What a department's declaration is held against: an assignment's role, the case's narrowest code and category,
    and the whistle's kind, None for a plain dispatch 派单.
    """

    role: AssignmentRole
    division_code: str
    category_code: str | None
    whistle_kind: WhistleKind | None


class ReportForms(Protocol):
    """The departments and their report forms: the host's face that commands need."""

    def department_of(self, organization_code: str) -> str | None:
        """Name of the plugin that serves the organization; None: it works by hand in the API."""
        ...

    def answering(self, organization_code: str, matter: Matter) -> str | None:
        """Name of the plugin that serves the organization and declares to answer such a matter; None: it goes by hand."""
        ...

    def validate(self, organization_code: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as checked by the form's schema; raises InvalidInput with paths below ``fields``."""
        ...


@dataclass(frozen=True)
class Ground:
    """What commands stand on besides the database: the numbers, the calendar, the keys, the departments' forms."""

    rulebook: Rulebook
    calendar: Calendar
    cipher: PersonalDataCipher
    forms: ReportForms


class DutyCall(msgspec.Struct, frozen=True):
    """An organization to phone: what ``blowEmergencyWhistle`` answers with."""

    organization_code: str
    organization_name: str
    duty_phone: str | None


class DeliveryHold(msgspec.Struct, frozen=True):
    """What keeps a department from hearing of anything: ``redeliverDelivery`` answers with it.

    ``until``: when it is tried again at the earliest; None while an operator's pause lasts, whose reason is ``said``.
    """

    cause: HoldCause
    until: datetime | None = None
    said: str | None = None


class Outcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The committed outcome of a command: what was touched and where it stands now. Kept for a repeated command."""

    county_code: int
    case_id: UUID | None = None
    case_number: str | None = None
    case_state: str | None = None
    whistle_id: UUID | None = None
    whistle_state: str | None = None
    assignment_id: UUID | None = None
    assignment_state: str | None = None
    record_id: UUID | None = None
    record_code: str | None = None
    grid_code: str | None = None
    calls: tuple[DutyCall, ...] = ()
    emergency_line: str | None = None
    hold: DeliveryHold | None = None
    cursor: str | None = None
    repeated: bool = False


@dataclass(frozen=True)
class Keeping:
    """Under what an outcome is kept for a repeated command: its key, the command's name, a digest of all it was given."""

    key: str
    command: str
    fingerprint: bytes


@dataclass
class Transaction:
    """One command's transaction. Nothing inside commits; the edge that opened it does (architecture: Two paths)."""

    connection: Connection
    actor: Viewer
    now: datetime
    county: int
    ground: Ground
    epoch: int = 1
    keeping: Keeping | None = None
    """None: the outcome is not kept, or is kept already."""
    last_event: tuple[int, UUID] | None = None
    """(xid, event id) of the newest event written here."""
    owed: set[str] = field(default_factory=set)
    """Departments that are owed a delivery by this transaction."""

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return self.now.astimezone(SHANGHAI).date()

    def new_id(self) -> UUID:
        """A fresh UUIDv7."""
        return uuid7()

    @property
    def cursor(self) -> str | None:
        """The feed cursor of the newest event written here."""
        return None if self.last_event is None else f"{self.epoch}.{self.last_event[0]}.{self.last_event[1]}"
