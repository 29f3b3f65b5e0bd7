"""The rulebook 规则手册: every number that the reference marks Param or [D], decoded from a preset file.

A preset is a TOML file; ``extends`` names the preset it changes, so that a street's own file holds only what differs.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from shaodao.domain.calendar import WorkTime
from shaodao.domain.deadlines import LightThresholds, Limit
from shaodao.domain.vocabulary import AreaKind, Role, SolvingLevel, Urgency, WhistleKind

Share = Annotated[float, Meta(gt=0, le=1)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a preset file; a misspelt name in it is an error, never ignored."""


class UrgencyLimits(_Section, frozen=True):
    """One limit for each class of urgency (S-14, S-15)."""

    URGENT: Limit
    GENERAL: Limit
    COMPLEX: Limit

    def of(self, urgency: Urgency) -> Limit:
        """The limit of a class."""
        return {Urgency.URGENT: self.URGENT, Urgency.GENERAL: self.GENERAL, Urgency.COMPLEX: self.COMPLEX}[urgency]


class CaseLimits(UrgencyLimits, frozen=True):
    """Handling limits of a case 办理时限 (C.5 rule 4).

    ``immediate`` is the tier above URGENT of presets that know four (B.2); a catalogue item may use it.
    """

    immediate: Limit | None = None


class WhistleLimits(_Section, frozen=True):
    """Limits of one kind of whistle (C.5 rule 5). None stands for "at the meeting time" or "by plan".

    ``acknowledge`` and ``arrive`` run from blowing, the reports from the notice. ``arrive_at_assembly``: an assembly
    time 集结时间, where the whistle names one, takes the place of ``arrive``. ``arrive_by_sea_grid``: at sea the grid's
    own limit by distance takes its place, and ``arrive`` never applies there.
    """

    acknowledge: Limit
    arrive: Limit | None = None
    arrive_at_assembly: bool = False
    arrive_by_sea_grid: bool = False
    first_report: Limit | None = None
    report_cycle: Limit | None = None
    result: Limit | None = None
    result_complex: Limit | None = None

    def result_for(self, urgency: Urgency) -> Limit | None:
        """The limit of the result: a complex case may have a longer one."""
        return self.result_complex or self.result if urgency is Urgency.COMPLEX else self.result

    def arrive_for(self, *, at_sea: bool, sea_grid_limit: Limit | None = None) -> Limit | None:
        """The limit of arriving: the ordinary one, or at sea the grid's own (C.5 rule 5, W7)."""
        return sea_grid_limit if at_sea and self.arrive_by_sea_grid else self.arrive


class WhistleBook(_Section, frozen=True):
    """The limits of every kind of whistle 哨."""

    ROUTINE: WhistleLimits
    JOINT_ENFORCEMENT: WhistleLimits
    EMERGENCY: WhistleLimits
    CAMPAIGN: WhistleLimits
    DEPARTMENT: WhistleLimits
    CROSS_AREA: WhistleLimits

    def of(self, kind: WhistleKind) -> WhistleLimits:
        """The limits of a kind."""
        return {
            WhistleKind.ROUTINE: self.ROUTINE,
            WhistleKind.JOINT_ENFORCEMENT: self.JOINT_ENFORCEMENT,
            WhistleKind.EMERGENCY: self.EMERGENCY,
            WhistleKind.CAMPAIGN: self.CAMPAIGN,
            WhistleKind.DEPARTMENT: self.DEPARTMENT,
            WhistleKind.CROSS_AREA: self.CROSS_AREA,
        }[kind]


class Ladder(_Section, frozen=True):
    """The time ladder of a case (C.6): shares of the limit, and working days after the due."""

    remind_share: Share
    urge_share: Share
    urge_share_urgent: Share
    supervise_after: Limit
    circular_after: Limit
    investigate_after: Limit

    def thresholds(self, urgency: Urgency) -> LightThresholds:
        """When the traffic light of a clock turns yellow: with the urging stage."""
        return LightThresholds(self.urge_share_urgent if urgency is Urgency.URGENT else self.urge_share)


class WhistleLadder(_Section, frozen=True):
    """How a whistle's own limits climb (C.6); factors are multiples of the limit that passed.

    ``assembly_limit``: what stands for that limit where an organization was called to an assembly time 集结时间.
    """

    emergency_head_after: Limit
    assembly_limit: Limit
    leader_factor: Annotated[float, Meta(ge=1)]
    county_factor: Annotated[float, Meta(ge=1)]
    no_show_factor: Annotated[float, Meta(ge=1)]


class Rounds(_Section, frozen=True):
    """How often something may happen again."""

    reopen: Positive
    objection: Positive
    returns_before_supervision: Positive
    extension: Positive


class WhistleListRule(StrEnum):
    """What becomes of a whistle whose matter is not on the list of admissible ones 吹哨事项清单 (B.1)."""

    REFUSE = "REFUSE"
    FLAG = "FLAG"


class OutsideDutyList(StrEnum):
    """What becomes of work for a community that its duty list 履职事项清单 does not hold (L-25, C.9 point 8)."""

    REFUSE = "REFUSE"
    FLAG = "FLAG"


class DutyListRules(_Section, frozen=True):
    """How the duty lists bind a dispatch."""

    community: OutsideDutyList


class RoutingLimits(_Section, frozen=True):
    """Bounds of routing rules 派单规则: keywords of one, and the days and cases that a dry run 试运行 looks at."""

    keywords: Positive
    dry_run_days: Positive
    dry_run_cases: Positive


class SimilarityWeights(_Section, frozen=True):
    """How much each clue counts that two cases are the same matter, in points."""

    place: NotNegative
    category: NotNegative
    time: NotNegative
    reporter: NotNegative
    text: NotNegative


class SimilarityRule(_Section, frozen=True):
    """What makes a case perhaps the same matter as another 相似诉求 (B.2: 重复诉求并单).

    ``days``: at most so far apart by registration. ``closed_days``: ended at most so long ago. ``least_score``: points
    from which it is offered. ``text_share``: the share of common words from which the texts count as alike.
    ``same_grid_share``: what the same grid is worth of the place's points where no distance is known.
    """

    days: Positive
    closed_days: Positive
    least_score: Positive
    text_share: Share
    same_grid_share: Share
    weights: SimilarityWeights


class TextLimits(_Section, frozen=True):
    """Longest texts, in characters (C.1.4)."""

    title: Positive
    description: Positive
    address: Positive
    name: Positive
    reason: Positive
    explanation: Positive
    result: Positive
    message: Positive


class RateLimit(_Section, frozen=True):
    """At most ``uses`` within any stretch of ``minutes``."""

    uses: Positive
    minutes: Positive


class BulkRules(_Section, frozen=True):
    """How much at once: cases of one bulk action, cases of one import, rows of one export and hours to fetch it (C.7, 3)."""

    cases: Positive
    imported_cases: Positive
    exported_rows: Positive
    download_hours: Positive


class FileRules(_Section, frozen=True):
    """Files 附件: what they may be, how long an address for uploading and a link for reading are good, and when what was never
    attached is thrown away.
    """

    media_types: tuple[str, ...]
    upload_minutes: Positive
    attach_hours: Positive
    link_minutes: Positive
    links: Positive


class GridSizeRule(_Section, frozen=True):
    """The usual size of a grid in households 网格规模 (Z-05, J-02, L-05). Outside it there is a warning, no refusal."""

    preset: str
    area_kind: AreaKind
    minimum_households: Positive
    maximum_households: Positive

    def __post_init__(self) -> None:
        if self.minimum_households > self.maximum_households:
            raise ValueError("a grid size rule's minimum must not exceed its maximum")

    def fits(self, households: int) -> bool:
        """Whether a number of households lies within the rule, both ends included."""
        return self.minimum_households <= households <= self.maximum_households


class GridSizes(_Section, frozen=True):
    """The known size rules, and which preset each kind of area follows; a kind without one is not checked."""

    active: dict[AreaKind, str]
    rules: tuple[GridSizeRule, ...]

    def __post_init__(self) -> None:
        for area_kind, preset in self.active.items():
            if self.rule_of(area_kind) is None:
                raise ValueError(f"no grid size rule of preset {preset!r} for {area_kind.value}")

    def rule_of(self, area_kind: AreaKind) -> GridSizeRule | None:
        """The rule that applies to a kind of area."""
        preset = self.active.get(area_kind)
        return next((rule for rule in self.rules if (rule.area_kind, rule.preset) == (area_kind, preset)), None)


class RoutineRule(_Section, frozen=True):
    """Work that the calendar brings 例行工作: on which days of the month, for each area of which level, by whom, how long.

    ``days``: a month that has no such day takes its last. ``months``: none means all. ``lasts``: day units count the day on
    which it begins. ``care_records_every_days``: only where records of care 关爱标签 are to be looked at again, each after so
    many days, or before it ends.
    """

    name: Annotated[str, Meta(pattern="^[a-z_]+$")]
    title: Annotated[str, Meta(min_length=1, max_length=50)]
    area: SolvingLevel
    roles: Annotated[tuple[Role, ...], Meta(min_length=1)]
    days: Annotated[tuple[Annotated[int, Meta(ge=1, le=31)], ...], Meta(min_length=1)]
    lasts: Limit
    months: tuple[Annotated[int, Meta(ge=1, le=12)], ...] = ()
    care_records_every_days: Positive | None = None

    def __post_init__(self) -> None:
        if self.area not in (SolvingLevel.GRID, SolvingLevel.COMMUNITY, SolvingLevel.STREET):
            raise ValueError("a routine is a grid's, a community's or a street's")


class Rulebook(_Section, frozen=True):
    """All of a street's numbers. The limits say how long, the rest how often, how far and how large."""

    name: str
    title: str
    work_time: WorkTime
    case_limits: CaseLimits
    contact_limits: UrgencyLimits
    objection_windows: UrgencyLimits
    objection_decisions: UrgencyLimits
    verification_limits: UrgencyLimits
    follow_up_limit: Limit
    confirmation_limit: Limit
    archive_after: Limit
    whistles: WhistleBook
    ladder: Ladder
    whistle_ladder: WhistleLadder
    whistle_list: WhistleListRule
    rating_objection_window: Limit
    rounds: Rounds
    duty_lists: DutyListRules
    routing: RoutingLimits
    texts: TextLimits
    similarity: SimilarityRule
    grid_sizes: GridSizes
    arrival_radius_metres: Positive
    similar_radius_metres: Positive
    idempotency_days: Positive
    longest_review_cycle_days: Positive
    repeat_days: Positive
    report_fields_bytes: Positive
    reveals: RateLimit
    phone_lookups: RateLimit
    bulk: BulkRules
    files: FileRules
    routines: tuple[RoutineRule, ...]

    def __post_init__(self) -> None:
        names = [routine.name for routine in self.routines]
        if len({*names}) != len(names):
            raise ValueError("a routine's name stands twice")

    def case_limit(self, urgency: Urgency, catalogue_limit: Limit | None = None) -> Limit:
        """The handling limit of a case: its class's, unless the catalogue item has its own (C.5 rule 4)."""
        return catalogue_limit or self.case_limits.of(urgency)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's tables with another's laid over them: tables merge name by name, other values replace."""
    result = dict(base)
    for name, value in changes.items():
        present = result.get(name)
        if isinstance(present, Mapping) and isinstance(value, Mapping):
            result[name] = merged(present, value)
        else:
            result[name] = value
    return result


def rulebook_from(tables: Mapping[str, Any]) -> Rulebook:
    """Check and type a preset's tables. Raises msgspec.ValidationError, which names the faulty entry."""
    return msgspec.convert(dict(tables), Rulebook)
