"""What each organization did in a case of the demonstration street, and when: a whistle's times are stored, a dispatch's derived."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from shaodao.commands.transaction import Ground
from shaodao.demo.catalogue import Catalogue, CatalogueItem
from shaodao.demo.identifiers import assignment_id
from shaodao.demo.source import Case, CaseParty, Return, Street, Whistle, WhistleParty
from shaodao.demo.timeline import between
from shaodao.domain.deadlines import DeadlineUnit, Limit, due
from shaodao.domain.vocabulary import AssignmentRole, AssignmentState, Urgency

_AT_DESK = Limit(DeadlineUnit.WORKING_MINUTE, 40)
_PREPARED = Limit(DeadlineUnit.WORKING_MINUTE, 90)
_LONG_WORK = timedelta(hours=6)

REPORTED = frozenset({AssignmentState.REPORTED, AssignmentState.VERIFIED})
STARTED = REPORTED | {AssignmentState.HANDLING}


@dataclass(frozen=True)
class Scene:
    """The street with its times as they are to be loaded, and what its rows are reckoned with."""

    street: Street
    catalogue: Catalogue
    ground: Ground
    now: datetime

    @property
    def told_until(self) -> datetime:
        """The moment that the stories are told at: nothing derived happens after it."""
        return self.street.meta.as_of

    def whistle(self, case: Case) -> Whistle | None:
        """The case's whistle, if it has one."""
        return next((one for one in self.street.whistles if one.id == case.whistle), None)

    def item(self, case: Case) -> CatalogueItem | None:
        """The item of the dispatch catalogue that the case's words fit."""
        text = case.title + case.description
        items = (one for one in self.catalogue.catalogue if one.category == case.category)
        return next((one for one in items if not one.keywords or any(word in text for word in one.keywords)), None)

    def name_of(self, organization_code: str) -> str:
        """The organization's name."""
        return next(one.name for one in self.street.organizations if one.code == organization_code)

    def is_vertical(self, organization_code: str) -> bool:
        """Whether the organization is a vertical unit 垂管."""
        return any(one.code == organization_code and one.kind == "VERTICAL" for one in self.street.organizations)

    def worker(self, case: Case) -> str:
        """Name of the worker of the case's grid."""
        return next(grid.grid_worker for grid in self.street.grids if grid.code == case.grid)

    def handler(self, case: Case, organization_code: str) -> str:
        """Who acts for an organization: whoever settled the case at once, else its handler."""
        handlers = (one.name for one in self.street.staff if one.handled == organization_code)
        return case.first_receiver or next(handlers)

    def opens_at(self, start: datetime, limit: Limit, not_after: datetime) -> datetime:
        """So much work time after ``start``, but never beyond ``not_after``: nights and holidays are waited out."""
        reckoned = due(start, limit, self.ground.calendar, self.ground.rulebook.work_time)
        return min(reckoned.at, not_after)


@dataclass(frozen=True)
class Part:
    """One organization's part in a case: its assignment with every time it has reached."""

    case: Case
    organization: str
    handler: str
    role: AssignmentRole
    state: AssignmentState
    notified_at: datetime
    whistle: Whistle | None = None
    acknowledged_at: datetime | None = None
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    progress_at: datetime | None = None
    latest_at: datetime | None = None
    first_reported_at: datetime | None = None
    returned: Return | None = None
    reported_at: datetime | None = None
    verified_at: datetime | None = None
    objected_at: datetime | None = None
    reassigned_at: datetime | None = None
    score: int | None = None
    remark: str | None = None

    @property
    def id(self) -> UUID:
        """Id of the assignment."""
        return assignment_id(self.case.seq, self.organization)


def settled_at_once(case: Case) -> bool:
    """Whether the first receiver settled it 即接即办: the file names a first receiver for no other case."""
    return case.first_receiver is not None


def accepted_at(scene: Scene, case: Case) -> datetime | None:
    """When the case was accepted 受理; None for one that never was."""
    if case.not_accepted_reason is not None:
        return None
    whistle = scene.whistle(case)
    if whistle is not None and case.urgency is Urgency.URGENT:
        return whistle.blown_at
    return between(case.registered_at, _next_known(scene, case), 0.1, timedelta(minutes=15))


def dispatched_at(scene: Scene, case: Case) -> datetime:
    """When the organizations of the case were first notified: by the whistle, else by a dispatch."""
    whistle = scene.whistle(case)
    if whistle is not None:
        return whistle.blown_at
    return between(case.registered_at, _next_known(scene, case), 0.2, timedelta(minutes=45))


def parts_of(scene: Scene, case: Case) -> tuple[Part, ...]:
    """The parts of the case's organizations, in the file's order."""
    whistle = scene.whistle(case)
    called = {party.dept: party for party in whistle.assignments} if whistle else {}
    return tuple(
        _called(scene, case, party, whistle, called[party.dept])
        if whistle is not None and party.dept in called
        else _dispatched(scene, case, party)
        for party in case.assignments
    )


def suspended_at(case: Case) -> datetime | None:
    """When the case was suspended 挂账."""
    return None if case.suspension is None else case.suspension.from_


def _next_known(scene: Scene, case: Case) -> datetime:
    """The first stored time after a dispatch; the end of the story for a case that nothing has happened to yet."""
    whistle = scene.whistle(case)
    blown = None if whistle is None else whistle.blown_at
    known = (suspended_at(case), blown, case.handled_at)
    return min((moment for moment in known if moment is not None), default=scene.told_until)


def _called(scene: Scene, case: Case, party: CaseParty, whistle: Whistle, times: WhistleParty) -> Part:
    returned = next((one for one in whistle.returns if one.dept == party.dept), None)
    long = times.reported_at is None or times.reported_at - times.arrived_at > _LONG_WORK
    return Part(
        case, party.dept, scene.handler(case, party.dept), party.role, party.state, whistle.blown_at, whistle,
        acknowledged_at=times.acknowledged_at, arrived_at=times.arrived_at, started_at=times.arrived_at,
        progress_at=times.arrived_at + timedelta(minutes=40) if long else None,
        first_reported_at=_first_reported_at(times, returned),
        returned=returned, reported_at=times.reported_at, verified_at=times.verified_at, score=times.score_by_street,
        latest_at=_latest_at(scene, case, party), remark=whistle.note if times.late_arrival else None,
    )  # fmt: skip


def _first_reported_at(times: WhistleParty, returned: Return | None) -> datetime | None:
    """A report that was returned came in some hours before."""
    return None if returned is None else max(times.arrived_at, returned.at - timedelta(hours=4))


def _dispatched(scene: Scene, case: Case, party: CaseParty) -> Part:
    notified = _notified_at(scene, case, party)
    until = suspended_at(case) or case.handled_at or scene.told_until
    acknowledged = scene.opens_at(notified, _AT_DESK, between(notified, until, 0.3, until - notified))
    started = scene.opens_at(acknowledged, _PREPARED, between(notified, until, 0.5, until - notified))
    part = Part(
        case, party.dept, scene.handler(case, party.dept), party.role, party.state, notified,
        acknowledged_at=acknowledged, started_at=started if party.state in STARTED else None,
        progress_at=between(started, until, 0.5, timedelta(hours=2)) if party.state is AssignmentState.HANDLING else None,
        reported_at=_reported_at(case, party, started, until), verified_at=_verified_at(case, party), latest_at=_latest_at(scene, case, party),
    )  # fmt: skip
    return _objecting(case, part) if party.state is AssignmentState.REASSIGNED else part


def _notified_at(scene: Scene, case: Case, party: CaseParty) -> datetime:
    """An organization that took over from one that objected was notified by the decision."""
    if case.dispute is not None and party.state is not AssignmentState.REASSIGNED:
        return case.dispute.decided_at
    return dispatched_at(scene, case)


def _reported_at(case: Case, party: CaseParty, started: datetime, until: datetime) -> datetime | None:
    if party.state not in REPORTED:
        return None
    if party.role is AssignmentRole.LEAD and case.handled_at is not None:
        return case.handled_at
    return between(started, until, 0.6, until - started)


def _latest_at(scene: Scene, case: Case, party: CaseParty) -> datetime | None:
    """The LEAD of an open case that the file has words of said them last, shortly before the story's end or its pause."""
    if party.state is not AssignmentState.HANDLING or party.role is not AssignmentRole.LEAD or case.result is None:
        return None
    return (suspended_at(case) or scene.told_until) - timedelta(hours=1)


def _verified_at(case: Case, party: CaseParty) -> datetime | None:
    return case.closed_at if party.state is AssignmentState.VERIFIED else None


def _objecting(case: Case, part: Part) -> Part:
    dispute = case.dispute
    if dispute is None:
        return part
    objected = max(part.notified_at, dispute.decided_at - timedelta(minutes=80))
    return replace(part, acknowledged_at=None, started_at=None, objected_at=objected, reassigned_at=dispute.decided_at)
