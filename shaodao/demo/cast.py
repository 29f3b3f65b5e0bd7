"""Who acts in the demonstration street's stories, and a step taken by one of them."""

from dataclasses import replace

from shaodao.demo.parts import Scene, settled_at_once
from shaodao.demo.source import Case
from shaodao.demo.story import Step
from shaodao.domain.case_vocabulary import Office
from shaodao.domain.clock_changes import Decider
from shaodao.domain.vocabulary import Channel, LeaderRank, Role

_AT_THE_CENTRE = frozenset({Channel.HOTLINE, Channel.SMS, Channel.SERVICE_WINDOW, Channel.WECHAT})


def dispatcher(scene: Scene) -> str:
    """Name of the duty chief 值班长 of the street's centre."""
    return _with_role(scene, Role.STREET_DISPATCHER)


def leader(scene: Scene) -> str:
    """Name of the street's deputy leader 分管领导, who rates departments here."""
    return next(one.name for one in scene.street.staff if one.rank == "DEPUTY")


def caller_of(scene: Scene) -> str:
    """Name of the follow-up caller 回访员."""
    return _with_role(scene, Role.FOLLOW_UP)


def judge_of(scene: Scene) -> str:
    """Name of the member of the county grid office who judges whistles 评哨."""
    return _with_role(scene, Role.COUNTY_GRID_OFFICE)


def first_receiver(scene: Scene, case: Case) -> str:
    """Who took the case in 首接人: as stored, else the centre for its own channels, else the grid's worker."""
    if case.first_receiver is not None:
        return case.first_receiver
    return dispatcher(scene) if case.channel in _AT_THE_CENTRE else scene.worker(case)


def accepter(scene: Scene, case: Case) -> str:
    """Who accepted the case 受理: the first receiver who settled it at once, else the duty chief."""
    return first_receiver(scene, case) if settled_at_once(case) else dispatcher(scene)


def person_of(scene: Scene, case: Case) -> str | None:
    """Number of the resident who reported the case, if the register knows the person."""
    return case.reporter if any(person.id == case.reporter for person in scene.street.people) else None


def by_staff(scene: Scene, name: str, step: Step) -> Step:
    """The step as taken by a member of staff, in the role that the person has."""
    return replace(step, actor=name, role=Role[scene.street.member_of_staff(name).role])


def _with_role(scene: Scene, role: Role) -> str:
    return next(one.name for one in scene.street.staff if one.role == role)


def decider(scene: Scene, name: str) -> Decider:
    """A member of staff as who decides about a deadline: the office by role and rank, and the name."""
    staff = scene.street.member_of_staff(name)
    if staff.role == Role.COUNTY_GRID_OFFICE:
        return Decider(Office.COUNTY_GRID_OFFICE, name)
    if staff.role == Role.STREET_LEADER:
        return Decider(Office.STREET_CHIEF if staff.rank is LeaderRank.CHIEF else Office.STREET_DEPUTY, name)
    return Decider(Office.STREET_DISPATCHER, name)
