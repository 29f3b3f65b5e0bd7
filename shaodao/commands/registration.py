"""Registering a case 登记 (reference C.3): whoever tells it and wherever it is, the report is never lost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import orjson

from shaodao.commands import clocks, filing, wording
from shaodao.commands.checking import check_past, checked_text, optional_text
from shaodao.commands.filing import NewCase, Sentence
from shaodao.commands.history import actor_name
from shaodao.commands.places import NEAR, Place, PointInput, Whereabouts, canonical_point, grid_holding, locate
from shaodao.commands.reporters import (
    NO_SUCH_PERSON,
    Reporter,
    ReporterInput,
    columns_of,
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
from shaodao.domain.vocabulary import (
    CaseKind,
    CaseState,
    CaseVisibility,
    Channel,
    ClockKind,
    EventScale,
    Role,
    Severity,
    Urgency,
)

_CATEGORY = "SELECT active FROM categories WHERE code = $1"
# What every case is asked for, in one statement.
_KNOWN = f"""
SELECT coalesce((SELECT active FROM categories WHERE code = $5), $5 IS NULL) AS category_in_use, coalesce((
    SELECT json_agg(json_build_object(
        'code', code, 'street_code', street_code, 'community_code', community_code, 'boundary_geojson', boundary_geojson::text
    ) ORDER BY code) FROM ({NEAR}) near
), '[]') AS near
"""
_ACCOUNT_IN_USE = "SELECT enabled FROM accounts WHERE id = $1"
_ORGANIZATION_EXISTS = "SELECT EXISTS (SELECT 1 FROM organizations WHERE code = $1)"
_VESSEL_EXISTS = "SELECT EXISTS (SELECT 1 FROM vessel WHERE county_code = $1 AND id = $2)"
_NO_CATEGORY = ("没有此诉求分类或已停用", "there is no such category in use")


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

    @property
    def searched(self) -> str:
        """What the case is searched by."""
        return "\n".join((self.title, self.description, self.address or ""))


@dataclass(frozen=True)
class Draft:
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
    """Register a case 登记 and nothing else: all is written, its kept outcome too, in the one statement that numbers it.

    Its clocks start now, the registering account is its first receiver 首接人, the reporter gets a receipt. The grid is the
    one whose polygon holds the point, else the one named, else unknown and flagged.

    Raises InvalidInput, naming every faulty field at once, and NotPermitted outside the actor's scope.
    """
    draft = await check_registration(tx, given)
    outcome = _outcome(tx, draft)
    outcome.case_number = await filing.file(tx, _new_case(tx, draft), outcome)
    return outcome


async def register_first(tx: Transaction, given: CaseInput) -> Outcome:
    """Register a case as ``register`` does, where the command goes on with it; the caller adds to the outcome.

    From here to the commit nobody else in the street gets a number.
    """
    return await register_checked(tx, await check_registration(tx, given))


async def register_checked(tx: Transaction, draft: Draft) -> Outcome:
    """As ``register_first``, for what ``check_registration`` found good in this transaction."""
    outcome = _outcome(tx, draft)
    outcome.case_number = await filing.file(tx, _new_case(tx, draft), None)
    return outcome


def _outcome(tx: Transaction, draft: Draft) -> Outcome:
    return Outcome(county_code=tx.county, case_id=draft.id, case_state=str(CaseState.REGISTERED))


async def check_category(tx: Transaction, faults: Faults, code: str | None) -> None:
    """Note a fault at ``categoryCode`` for a category that does not exist or is out of use."""
    if code is not None and not await tx.connection.fetchval(_CATEGORY, code):
        faults.add("categoryCode", *_NO_CATEGORY)


async def _check_known(tx: Transaction, faults: Faults, category_code: str | None, point: Point | None) -> Place | None:
    """The grid that holds the point; with it the category is checked, as ``check_category`` does."""
    at = (None, None) if point is None else (point.longitude, point.latitude)
    row = await tx.connection.fetchrow(_KNOWN, tx.county, *at, tx.today, category_code)
    assert row is not None
    if not row["category_in_use"]:
        faults.add("categoryCode", *_NO_CATEGORY)
    return None if point is None else grid_holding(orjson.loads(row["near"]), point)


async def check_registration(tx: Transaction, given: CaseInput) -> Draft:
    """What ``register`` would write. Writes nothing, and raises what it would."""
    faults = Faults()
    words = _words(tx, faults, given)
    check_past(faults, "occurredAt", given.occurred_at, tx.now)
    point = canonical_point(faults, "point", given.point)
    holding = await _check_known(tx, faults, given.category_code, point)
    subject_visibility = await _check_subjects(tx, faults, given)
    whereabouts = Whereabouts(point, holding, given.grid_code, given.division_code, given.vessel_id)
    place = await locate(tx, faults, whereabouts)
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
    return Draft(tx.new_id(), given, words, place, point, reporter, role, reckoned, subject_visibility)


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


def _new_case(tx: Transaction, draft: Draft) -> NewCase:
    given, title, until = draft.given, draft.words.title, wording.until(draft.due.at)
    return NewCase(
        id=draft.id, street_code=draft.place.street_code, columns=_columns(tx, draft), text=draft.words.searched,
        clocks=_clocks(tx, draft), role=draft.role,
        event=Sentence(f"{actor_name(tx, draft.role)}登记案件", f"（{given.channel.label}）"),
        payload={"channel": str(given.channel), "urgency": str(given.urgency)},
        receipt=Sentence(f"您反映的“{title}”已登记，编号", f"，预计{until}办结。"),
    )  # fmt: skip


def _columns(tx: Transaction, draft: Draft) -> dict[str, Any]:
    given, words, place = draft.given, draft.words, draft.place
    return {
        "community_code": place.community_code,
        "grid_code": place.grid_code,
        "grid_unknown": place.grid_code is None,
        "kind": str(given.kind),
        "channel_group": str(CHANNEL_GROUPS[given.channel]),
        "channel": str(given.channel),
        "title": words.title,
        "description": words.description,
        "category_code": given.category_code,
        "component_code": words.component,
        "urgency": str(given.urgency),
        "severity": _name(given.severity),
        "scale": _name(given.scale),
        "level": str(first_level(given.channel, draft.role)),
        "visibility": str(draft.visibility),
        "confidential": draft.confidential,
        "public": given.public,
        "address": words.address,
        "point": _pair(draft.point),
        "point_given": given.point and given.point.given,
        "occurred_at": given.occurred_at,
        "subject_person_id": given.subject_person_id,
        "vessel_id": given.vessel_id,
        "first_receiver_id": _first_receiver(tx, draft),
        "due_at": draft.due.at,
        "due_provisional": draft.due.provisional,
        "source_reference": words.reference,
        "reporter_account_id": tx.actor.account_id if draft.role is Role.RESIDENT else None,
        "created_by": tx.actor.account_id,
        "accused_name": words.accused,
        "accused_organization_code": given.accused and given.accused.organization_code,
    } | columns_of(tx, draft.id, draft.reporter)


def _first_receiver(tx: Transaction, draft: Draft) -> UUID | None:
    """A resident's own report has no first receiver until somebody accepts it."""
    return None if draft.role is Role.RESIDENT else draft.given.first_receiver_id or tx.actor.account_id


def _clocks(tx: Transaction, draft: Draft) -> dict[ClockKind, clocks.Reckoning]:
    """The handling clock starts at registration (C.5 rule 1), the contact clock where somebody can be contacted (rule 6)."""
    rulebook, urgency = tx.ground.rulebook, draft.given.urgency
    handling = clocks.Reckoning(tx.now, draft.due, rulebook.case_limit(urgency), f"case_limits.{urgency}")
    if not draft.reporter.reachable:
        return {ClockKind.HANDLING: handling}
    limit = rulebook.contact_limits.of(urgency)
    reckoned = due(tx.now, limit, tx.ground.calendar, rulebook.work_time)
    contact = clocks.Reckoning(tx.now, reckoned, limit, f"contact_limits.{urgency}")
    return {ClockKind.HANDLING: handling, ClockKind.CONTACT: contact}


def _name(term: Severity | EventScale | None) -> str | None:
    return None if term is None else str(term)


def _pair(point: Point | None) -> tuple[float, float] | None:
    return None if point is None else (point.longitude, point.latitude)
