"""Registering a case 登记 (reference C.3): whoever tells it and wherever it is, the report is never lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from shaodao.commands import clocks, messages, wording
from shaodao.commands.checking import check_past, checked_text, optional_text
from shaodao.commands.history import Entry, actor_name, record
from shaodao.commands.numbering import number_at_the_end, number_pieces, provisional_number
from shaodao.commands.places import Place, PointInput, Whereabouts, canonical_point, locate
from shaodao.commands.reporters import (
    NO_SUCH_PERSON,
    Reporter,
    ReporterInput,
    columns_of,
    repeats_of,
    reporter_of,
    seen_person,
)
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import may_register
from shaodao.domain.channels import CHANNEL_GROUPS, RESIDENT_CHANNELS, first_level
from shaodao.domain.coordinates import Point
from shaodao.domain.deadlines import Due, due
from shaodao.domain.errors import Faults, NotPermitted
from shaodao.domain.identity import contains_personal_pattern
from shaodao.domain.publishing import obstacle
from shaodao.domain.sight import strictest
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import (
    CaseKind,
    CaseState,
    CaseVisibility,
    Channel,
    ClockKind,
    EventScale,
    MessageKind,
    Role,
    Severity,
    Urgency,
)

_CATEGORY = "SELECT active FROM categories WHERE code = $1"
_ACCOUNT_IN_USE = "SELECT enabled FROM accounts WHERE id = $1"
_ORGANIZATION_EXISTS = "SELECT EXISTS (SELECT 1 FROM organizations WHERE code = $1)"
_VESSEL_EXISTS = "SELECT EXISTS (SELECT 1 FROM vessel WHERE county_code = $1 AND id = $2)"
_REGISTER = """
INSERT INTO case_file (
    county_code, id, number, street_code, community_code, grid_code, grid_unknown, kind, channel_group, channel, title,
    description, category_code, component_code, urgency, severity, scale, state, level, visibility, confidential, public,
    address, point, point_given, occurred_at, registered_at, subject_person_id, vessel_id, first_receiver_id, due_at,
    due_provisional, source_reference, reporter_repeats, search_bigrams, reporter_anonymous, reporter_name_masked,
    reporter_name_sealed, reporter_phone_masked, reporter_phone_sealed, reporter_phone_hash, reporter_person_id,
    reporter_account_id, created_at, updated_at, created_by, accused_name, accused_organization_code
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25::jsonb,
    $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $27, $27, $44, $45, $46
)
"""


class AccusedInput(msgspec.Struct, frozen=True, kw_only=True):
    """The party complained about 被反映方: a name, an organization of the platform, or both."""

    name: str | None = None
    organization_code: str | None = None


class CaseInput(msgspec.Struct, frozen=True, kw_only=True):
    """What is told when a case is registered. The place is found from the point, else from the codes.

    ``first_receiver_id``: who was asked first 首问 (S-11), where that is not who registers; the dispatcher and the chief may
    say so. ``accused``: an organization that is accused is never called to handle the case.
    """

    kind: CaseKind
    channel: Channel
    title: str
    description: str
    urgency: Urgency = Urgency.GENERAL
    category_code: str | None = None
    component_code: str | None = None
    severity: Severity | None = None
    scale: EventScale | None = None
    point: PointInput | None = None
    grid_code: str | None = None
    division_code: str | None = None
    address: str | None = None
    occurred_at: datetime | None = None
    reporter: ReporterInput | None = None
    visibility: CaseVisibility = CaseVisibility.NORMAL
    public: bool = False
    subject_person_id: UUID | None = None
    vessel_id: UUID | None = None
    source_reference: str | None = None
    first_receiver_id: UUID | None = None
    accused: AccusedInput | None = None


@dataclass(frozen=True)
class _Words:
    """The texts of a case, cleaned."""

    title: str
    description: str
    address: str | None
    component: str | None
    reference: str | None
    accused: str | None

    def pieces(self, number_pieces: list[str]) -> list[str]:
        """The pieces by which the case is searched."""
        texts = "\n".join((self.title, self.description, self.address or ""))
        return sorted({*bigrams(texts), *number_pieces})


@dataclass(frozen=True)
class _Draft:
    """A checked case before it is written."""

    id: UUID
    given: CaseInput
    words: _Words
    place: Place
    point: Point | None
    reporter: Reporter
    role: Role
    due: Due
    subject_visibility: CaseVisibility

    @property
    def visibility(self) -> CaseVisibility:
        """The strictest of what was given, the confidential reporter's, and the records of the reporter and the subject."""
        own = CaseVisibility.CONFIDENTIAL_REPORTER if self.confidential else CaseVisibility.NORMAL
        return strictest(own, self.given.visibility, self.reporter.visibility, self.subject_visibility)

    @property
    def confidential(self) -> bool:
        """Whether the reporter is kept from departments."""
        return _confidential(self.given)


async def register(tx: Transaction, given: CaseInput) -> Outcome:
    """Register a case 登记: its clocks start now, the registering account is its first receiver 首接人, the reporter gets a receipt.

    The grid is the one whose polygon holds the point, else the one named, else unknown and flagged. The number is taken at
    the end of the transaction; until then texts carry the case's id in its place, and the outcome has none. A caller that
    does more in the same transaction adds to this outcome and hands it on.

    Raises InvalidInput, naming every faulty field at once, and NotPermitted outside the actor's scope.
    """
    draft = await _checked(tx, given)
    await _write(tx, draft)
    await _start_clocks(tx, draft)
    number = provisional_number(draft.id)
    entry = Entry(
        "registerCase", f"{actor_name(tx, draft.role)}登记案件{number}（{given.channel.label}）", public=True, role=draft.role,
        to_state=str(CaseState.REGISTERED), payload={"channel": str(given.channel), "urgency": str(given.urgency)},
    )  # fmt: skip
    await record(tx, draft.id, entry)
    receipt = f"您反映的“{draft.words.title}”已登记，编号{number}，预计{wording.until(draft.due.at)}办结。"
    await messages.tell_reporter(tx, draft.id, MessageKind.RECEIPT, receipt)
    outcome = Outcome(county_code=tx.county, case_id=draft.id, case_state=str(CaseState.REGISTERED))
    number_at_the_end(tx, draft.id, draft.place.street_code, outcome)
    return outcome


async def check_registration(tx: Transaction, given: CaseInput) -> None:
    """Raise what ``register`` would, and write nothing."""
    await _checked(tx, given)


async def check_category(tx: Transaction, faults: Faults, code: str | None) -> None:
    """Note a fault at ``categoryCode`` for a category that does not exist or is out of use."""
    if code is not None and not await tx.connection.fetchval(_CATEGORY, code):
        faults.add("categoryCode", "没有此诉求分类或已停用", "there is no such category in use")


async def _checked(tx: Transaction, given: CaseInput) -> _Draft:
    faults = Faults()
    words = _words(tx, faults, given)
    check_past(faults, "occurredAt", given.occurred_at, tx.now)
    await check_category(tx, faults, given.category_code)
    subject_visibility = await _check_subjects(tx, faults, given)
    point = canonical_point(faults, "point", given.point)
    place = await locate(tx, faults, Whereabouts(point, given.grid_code, given.division_code, given.vessel_id))
    role = _check_actor(tx, may_register(tx.actor, None if place is None else place.code))
    reporter = await reporter_of(tx, faults, given.reporter, role)
    await _check_first_receiver(tx, faults, given, role)
    await _check_accused(tx, faults, given, words)
    if role is Role.RESIDENT:
        _check_resident(faults, given)
    elif given.public:
        _check_public(faults, given, strictest(given.visibility, reporter.visibility, subject_visibility))
    if _confidential(given):
        _check_unnamed(faults, words, reporter)
    faults.check()
    assert place is not None  # a place that was not found is a fault
    rulebook = tx.ground.rulebook
    reckoned = due(tx.now, rulebook.case_limit(given.urgency), tx.ground.calendar, rulebook.work_time)
    return _Draft(tx.new_id(), given, words, place, point, reporter, role, reckoned, subject_visibility)


def _check_actor(tx: Transaction, role: Role | None) -> Role:
    if role is None:
        raise NotPermitted("您的角色或范围不能在此登记案件", f"{tx.actor.login} may not register a case there")
    return role


def _words(tx: Transaction, faults: Faults, given: CaseInput) -> _Words:
    limits = tx.ground.rulebook.texts
    return _Words(
        checked_text(faults, "title", given.title, limits.title),
        checked_text(faults, "description", given.description, limits.description),
        optional_text(faults, "address", given.address, limits.address),
        optional_text(faults, "componentCode", given.component_code, limits.name),
        optional_text(faults, "sourceReference", given.source_reference, limits.name),
        optional_text(faults, "accusedParty.name", given.accused.name, limits.name) if given.accused else None,
    )


async def _check_subjects(tx: Transaction, faults: Faults, given: CaseInput) -> CaseVisibility:
    """Note faults for a person or vessel that is not there, to the actor; answers the visibility of the person's record."""
    person, vessel = given.subject_person_id, given.vessel_id
    if vessel is not None and not await tx.connection.fetchval(_VESSEL_EXISTS, tx.county, vessel):
        faults.add("vesselId", "没有此渔船", "there is no such vessel")
    if person is None:
        return CaseVisibility.NORMAL
    row = await seen_person(tx, person)
    if row is None:
        faults.add("subjectPersonId", *NO_SUCH_PERSON)
        return CaseVisibility.NORMAL
    return CaseVisibility[row["visibility"]]


async def _check_first_receiver(tx: Transaction, faults: Faults, given: CaseInput, role: Role) -> None:
    if given.first_receiver_id is None:
        return
    if role not in (Role.STREET_DISPATCHER, Role.GRID_CHIEF):
        faults.add("firstReceiverId", "登记人即首接人", "who registers is the first receiver")
    elif not await tx.connection.fetchval(_ACCOUNT_IN_USE, given.first_receiver_id):
        faults.add("firstReceiverId", "没有此工作人员或已停用", "there is no such account in use")


async def _check_accused(tx: Transaction, faults: Faults, given: CaseInput, words: _Words) -> None:
    if given.accused is None:
        return
    code = given.accused.organization_code
    if code is not None and not await tx.connection.fetchval(_ORGANIZATION_EXISTS, code):
        faults.add("accusedParty.organizationCode", f"没有代码为 {code} 的单位", f"there is no organization {code}")
    if code is None and words.accused is None:
        faults.add("accusedParty", "请写明姓名或单位", "name the person or the organization")


def _check_resident(faults: Faults, given: CaseInput) -> None:
    """What only staff decide: who may see a case, whether it is published, and which channel they heard it through."""
    if given.visibility is not CaseVisibility.NORMAL:
        faults.add("visibility", "须由工作人员确定", "staff decide it; ask for confidence with reporter.confidential")
    if given.public:
        faults.add("public", "须由工作人员确定", "staff decide it")
    if given.channel not in RESIDENT_CHANNELS:
        faults.add("channel", "居民不能使用此渠道", "not a channel that residents use themselves")


def _check_public(faults: Faults, given: CaseInput, visibility: CaseVisibility) -> None:
    never = obstacle(given.kind, visibility, _confidential(given))
    if never is not None:
        faults.add("public", *never)


def _confidential(given: CaseInput) -> bool:
    asked = given.reporter is not None and given.reporter.confidential
    return asked or given.visibility is CaseVisibility.CONFIDENTIAL_REPORTER


def _check_unnamed(faults: Faults, words: _Words, reporter: Reporter) -> None:
    """Departments read these texts: of a confidential reporter they must not tell who it is (C.7 guardrails 4 and 5)."""
    for path, text in (("title", words.title), ("description", words.description), ("address", words.address or "")):
        named = reporter.name is not None and len(reporter.name) > 1 and reporter.name in text
        if named or contains_personal_pattern(text):
            faults.add(
                path, "诉求人要求保密，不能写明其姓名、电话或证件号码", "tells who the confidential reporter is: leave it out"
            )  # fmt: skip


async def _write(tx: Transaction, draft: _Draft) -> None:
    given, words, place = draft.given, draft.words, draft.place
    pieces = words.pieces(number_pieces(tx, place.street_code))
    reporter = columns_of(tx, draft.id, draft.reporter)
    await tx.connection.execute(
        _REGISTER, tx.county, draft.id, provisional_number(draft.id), place.street_code, place.community_code, place.grid_code,
        place.grid_code is None, str(given.kind), str(CHANNEL_GROUPS[given.channel]), str(given.channel), words.title,
        words.description, given.category_code, words.component, str(given.urgency), _name(given.severity), _name(given.scale),
        str(CaseState.REGISTERED), str(first_level(given.channel, draft.role)), str(draft.visibility), draft.confidential, given.public,
        words.address, _pair(draft.point), given.point and given.point.given, given.occurred_at, tx.now,
        given.subject_person_id, given.vessel_id, _first_receiver(tx, draft), draft.due.at, draft.due.provisional,
        words.reference, await repeats_of(tx, draft.reporter, given.category_code), pieces, *_in_order(reporter),
        tx.actor.account_id if draft.role is Role.RESIDENT else None, tx.actor.account_id,
        words.accused, given.accused and given.accused.organization_code,
    )  # fmt: skip


def _in_order(reporter: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("anonymous", "name_masked", "name_sealed", "phone_masked", "phone_sealed", "phone_hash", "person_id")
    return tuple(reporter[f"reporter_{name}"] for name in names)


def _first_receiver(tx: Transaction, draft: _Draft) -> UUID | None:
    """A resident's own report has no first receiver until somebody accepts it."""
    return None if draft.role is Role.RESIDENT else draft.given.first_receiver_id or tx.actor.account_id


async def _start_clocks(tx: Transaction, draft: _Draft) -> None:
    """The handling clock starts at registration (C.5 rule 1), the contact clock where somebody can be contacted (rule 6)."""
    rulebook, urgency = tx.ground.rulebook, draft.given.urgency
    handling = clocks.Reckoning(tx.now, draft.due, rulebook.case_limit(urgency), f"case_limits.{urgency}")
    reckonings = {ClockKind.HANDLING: handling}
    if draft.reporter.reachable:
        limit = rulebook.contact_limits.of(urgency)
        reckoned = due(tx.now, limit, tx.ground.calendar, rulebook.work_time)
        reckonings[ClockKind.CONTACT] = clocks.Reckoning(tx.now, reckoned, limit, f"contact_limits.{urgency}")
    await clocks.start_several(tx, draft.id, reckonings)


def _name(term: Severity | EventScale | None) -> str | None:
    return None if term is None else str(term)


def _pair(point: Point | None) -> tuple[float, float] | None:
    return None if point is None else (point.longitude, point.latitude)
