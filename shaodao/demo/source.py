"""The demonstration street 示例街道 as data: ``street.json``, decoded and typed (reference part D; everything is invented).

Times are aware, in Shanghai time; polygons are GeoJSON in CGCS2000.
"""

from collections.abc import Iterable
from datetime import date, datetime
from importlib.resources import files
from typing import Any, TypeVar

import msgspec

from shaodao.domain.case_vocabulary import PromiseState
from shaodao.domain.deadlines import Limit
from shaodao.domain.vocabulary import (
    AreaKind,
    AssignmentRole,
    AssignmentState,
    CaseKind,
    CaseState,
    CaseVisibility,
    Channel,
    ChannelGroup,
    DivisionLevel,
    FiveDuty,
    GridKind,
    LeaderRank,
    MemberIdentity,
    OrgKind,
    Role,
    Satisfaction,
    SolvedLevel,
    TeamKind,
    Urgency,
    WhistleKind,
    WhistleState,
)

Found = TypeVar("Found")


class Meta(msgspec.Struct, frozen=True):
    """What the file is, and the moment that its stories are told at."""

    fictional: bool
    as_of: datetime
    note: str


class Division(msgspec.Struct, frozen=True):
    """An administrative division 行政区划 (D.1)."""

    code: str
    name: str
    level: DivisionLevel
    parent: str | None = None


class Organization(msgspec.Struct, frozen=True):
    """An organization 单位 (D.3); ``division`` is given where it is not the county's or, for JD, the street's."""

    code: str
    name: str
    level: str
    kind: OrgKind
    duty_phone: str
    uscc: str | None = None
    division: str | None = None


class Grid(msgspec.Struct, frozen=True):
    """A grid 网格 (D.2). ``arrive_minutes`` is ours, for sea grids: reference C.5 rule 5 sets it by distance."""

    code: str
    name: str
    kind: GridKind
    community: str
    households: int
    area_kind: AreaKind
    grid_worker: str
    boundary: dict[str, Any]
    valid_from: date
    merchants: int | None = None
    vessels: int | None = None
    operation_mode: str | None = None
    sea_area: str | None = None
    fleet_group: str | None = None
    arrive_minutes: int | None = None


class Staff(msgspec.Struct, frozen=True):
    """A member of staff 工作人员 (D.4); ``role`` may be one that the platform does not know yet.

    ``handles``: the organization that a community's chief acts for beside the own role.
    """

    login: str
    name: str
    role: str
    org: str
    scope: str
    phone: str
    label: str
    rank: LeaderRank | None = None
    handles: str | None = None

    @property
    def handled(self) -> str | None:
        """Code of the organization whose assignments this one handles 经办."""
        return self.org if self.role == Role.DEPT_HANDLER else self.handles


class Person(msgspec.Struct, frozen=True):
    """A resident 居民 (D.5) with identity number and phone in clear: both are sealed when loaded."""

    id: str
    name: str
    gender: str
    birth: date
    id_number: str
    grid: str
    address: str
    residence_kind: str
    phone: str | None = None
    three_color: str | None = None
    three_color_reason: str | None = None
    care_tags: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    household: str | None = None
    restricted: bool = False
    guardian: str | None = None


class Vessel(msgspec.Struct, frozen=True):
    """A fishing vessel 渔船."""

    reg: str
    grid: str
    operation_mode: str
    owner: str
    crew: int
    beidou: str


class Member(msgspec.Struct, frozen=True):
    """A member of a team, by the staff's name."""

    name: str
    identity: MemberIdentity
    duty: FiveDuty


class Team(msgspec.Struct, frozen=True):
    """A service team 服务团队."""

    code: str
    name: str
    kind: TeamKind
    leader: str
    grid: str | None = None
    field: str | None = None
    members: tuple[Member, ...] = ()


class CaseParty(msgspec.Struct, frozen=True):
    """An organization of a case with its role and where its assignment stands."""

    dept: str
    role: AssignmentRole
    state: AssignmentState


class FollowUp(msgspec.Struct, frozen=True):
    """What a follow-up call heard 回访."""

    contacted: bool
    solved: SolvedLevel | None = None
    satisfaction: Satisfaction | None = None


class Extension(msgspec.Struct, frozen=True):
    """An extension 延期."""

    state: str
    unit: str
    amount: int
    reason: str
    requested_at: datetime
    approved_by: str


class Suspension(msgspec.Struct, frozen=True):
    """A suspension 挂账."""

    kind: str
    reason: str
    from_: datetime
    review_every_days: int
    planned_resume: date
    approved_by: str


class Reclassification(msgspec.Struct, frozen=True):
    """An urgent case made safe and classed anew (C.5 rule 8)."""

    from_: Urgency
    to: Urgency
    at: datetime
    reason: str
    approved_by: str


class Dispute(msgspec.Struct, frozen=True):
    """A dispatch objection 派单异议."""

    by: str
    reason: str
    decision: str
    decided_at: datetime


class Review(msgspec.Struct, frozen=True):
    """A review of a follow-up that heard dissatisfaction."""

    decision: str
    by: str
    reason: str


class Case(msgspec.Struct, frozen=True):
    """A case 案件 (D.6) as it stands at the street's reference time."""

    seq: int
    registered_at: datetime
    title: str
    description: str
    kind: CaseKind
    channel_group: ChannelGroup
    channel: Channel
    category: str
    urgency: Urgency
    limit: Limit
    due_at_original: datetime
    due_at: datetime
    grid: str
    reporter: str
    state: CaseState
    assignments: tuple[CaseParty, ...]
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    result: str | None = None
    follow_up: FollowUp | None = None
    whistle: str | None = None
    reopened_at: datetime | None = None
    reopen_due: datetime | None = None
    rework_count: int = 0
    person: str | None = None
    visibility: CaseVisibility = CaseVisibility.NORMAL
    extension: Extension | None = None
    suspension: Suspension | None = None
    interim_measure: str | None = None
    reclassified: Reclassification | None = None
    dispute: Dispute | None = None
    review: Review | None = None
    vessel: str | None = None
    component_code: str | None = None
    merged_into: int | None = None
    not_accepted_reason: str | None = None
    first_receiver: str | None = None
    agent: str | None = None
    mediation: dict[str, Any] | None = None
    meeting: str | None = None


class WhistleParty(msgspec.Struct, frozen=True):
    """An organization called by a whistle, with its times and what the street thinks of it."""

    dept: str
    role: AssignmentRole
    acknowledged_at: datetime
    arrived_at: datetime
    reported_at: datetime | None = None
    verified_at: datetime | None = None
    late_arrival: bool = False
    score_by_street: int | None = None


class Return(msgspec.Struct, frozen=True):
    """A report that was returned 退回."""

    dept: str
    at: datetime
    reason: str


class Whistle(msgspec.Struct, frozen=True):
    """A whistle 哨 (D.7)."""

    id: str
    case_seq: int
    kind: WhistleKind
    drafted_by: str
    approved_by: str
    blown_at: datetime
    reason: str
    state: WhistleState
    assignments: tuple[WhistleParty, ...]
    note: str | None = None
    returns: tuple[Return, ...] = ()
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


class Promise(msgspec.Struct, frozen=True):
    """A promise 一事一诺 made for a case, by a member of staff (D.8)."""

    id: str
    case_seq: int
    content: str
    promiser: str
    due: date
    public: bool
    state: PromiseState
    self_score: int | None = None
    citizen_score: int | None = None


class Campaign(msgspec.Struct, frozen=True):
    """A campaign 专项整治 that grew from a case, and is over (D.8)."""

    id: str
    name: str
    from_case: int
    start: date
    end: date
    found: int
    cleared: int


class Meeting(msgspec.Struct, frozen=True):
    """A meeting 民主恳谈 of the street (D.8); only those that a case names are loaded."""

    id: str
    topic: str
    date: date
    present: tuple[str, ...] = ()
    lead_dept: str | None = None
    themes: tuple[str, ...] = ()
    answered_on_the_spot: int | None = None


class Street(msgspec.Struct, frozen=True):
    """The whole street."""

    meta: Meta
    divisions: tuple[Division, ...]
    organizations: tuple[Organization, ...]
    grids: tuple[Grid, ...]
    staff: tuple[Staff, ...]
    people: tuple[Person, ...]
    vessels: tuple[Vessel, ...]
    teams: tuple[Team, ...]
    cases: tuple[Case, ...]
    whistles: tuple[Whistle, ...]
    promises: tuple[Promise, ...]
    campaigns: tuple[Campaign, ...]
    meetings: tuple[Meeting, ...]

    def member_of_staff(self, name: str) -> Staff:
        """The member of staff with this name. Raises KeyError."""
        return _named(name, (staff for staff in self.staff if staff.name == name))

    def person(self, reference: str) -> Person:
        """The resident with this number, such as P014. Raises KeyError."""
        return _named(reference, (person for person in self.people if person.id == reference))

    @property
    def code(self) -> str:
        """Division code of the street."""
        return _named("STREET", (one.code for one in self.divisions if one.level is DivisionLevel.STREET))

    @property
    def county(self) -> str:
        """Division code of the county."""
        return _named("COUNTY", (one.code for one in self.divisions if one.level is DivisionLevel.COUNTY))


def load_street() -> Street:
    """The demonstration street from its data file."""
    return msgspec.json.decode(files(__package__).joinpath("street.json").read_bytes(), type=Street)


def _named(name: str, found: Iterable[Found]) -> Found:
    for one in found:
        return one
    raise KeyError(name)
