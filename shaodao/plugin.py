"""The only module of the platform that a department 部门 imports: what it declares, what it hears, what it may do.

A department is a module (or an object) with functions marked ``hookimpl``; the hooks stand in ``shaodao.hookspecs``.
Each hook gets an event, which tells what happened, and a ``Desk``, through which the department acts on that one
assignment 报到. The same code runs in the platform's worker, in a worker of the department's own network, and in the
test kit ``shaodao.testing``.
"""

from asyncio import AbstractEventLoop, run_coroutine_threadsafe
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

import msgspec
import pluggy
from msgspec import Meta

from shaodao.domain.coordinates import CoordinateSystem, Point
from shaodao.domain.deadlines import DeadlineUnit
from shaodao.domain.errors import DomainError as DeskError
from shaodao.domain.errors import Fault, InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    AttachmentKind,
    CaseKind,
    ClockKind,
    CloseKind,
    ObjectionReason,
    ReportResult,
    Term,
    Urgency,
    WhistleKind,
    WhistleReason,
)

__all__ = [
    "AnswersFor",
    "AssignmentDeadlines",
    "AssignmentRole",
    "AssignmentState",
    "AssignmentView",
    "AttachmentKind",
    "AttachmentMetadata",
    "CaseClosed",
    "CaseKind",
    "CaseView",
    "ClockKind",
    "CloseKind",
    "Contact",
    "CoordinateSystem",
    "DeadlineUnit",
    "DeliveryKey",
    "Department",
    "DepartmentSettings",
    "Desk",
    "DeskError",
    "Dispatched",
    "Event",
    "ExtensionDecided",
    "Fault",
    "Host",
    "InvalidInput",
    "Json",
    "Meta",
    "NotFound",
    "NotPermitted",
    "ObjectionDecided",
    "ObjectionReason",
    "OtherOrganization",
    "Overdue",
    "Point",
    "QuestionAnswered",
    "Refuse",
    "Released",
    "Report",
    "ReportResult",
    "ReportReturned",
    "StateConflict",
    "Term",
    "TryLater",
    "Urged",
    "Urgency",
    "WhistleBlown",
    "WhistleKind",
    "WhistleReason",
    "WhistleView",
    "Withdrawn",
    "Woken",
    "hookimpl",
    "wait",
]

PROJECT = "shaodao"
"""The project's name in pluggy, shared by specifications and implementations."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a department as the implementation of the hook of the same name."""

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | dict[str, Json] | None"
"""A value that JSON can hold."""

ResultT = TypeVar("ResultT")


# What a department declares.


class AnswersFor(msgspec.Struct, frozen=True, kw_only=True):
    """Which assignments a department answers through its plugin; the others are handled by hand. Empty means every one.

    ``whistle_kinds`` does not limit plain dispatches 派单. ``divisions`` holds division codes of 12 digits, each with
    all that lies in it; ``categories`` holds codes of appeal categories such as ``A13`` (C.2.4).
    """

    whistle_kinds: tuple[WhistleKind, ...] = ()
    categories: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()
    roles: tuple[AssignmentRole, ...] = ()


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """A department's declaration of itself 部门登记, stored at registration.

    ``name`` is unique among departments and lower case with underscores; ``organizations`` are the codes of those
    served, each by one department only. ``form`` is a dataclass or msgspec Struct: the fields that a result report
    办结反馈 carries beside the four elements (C.4); titles come from ``Meta(title=…)``, and enum values made from
    ``Term`` carry theirs.
    """

    name: str
    title: str
    version: str
    organizations: tuple[str, ...]
    form: type[Any]
    answers_for: AnswersFor = AnswersFor()


class DepartmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the host lays down for its departments, the same in every hook as ``desk.settings``.

    ``field_crew`` (SHAODAO_FIELD_CREW) asks for a simulated crew that answers within seconds, for demonstrations. A file
    ``<name of the department>.toml`` in ``rules_dir`` replaces the rules file that the department ships.
    """

    field_crew: bool = False
    rules_dir: Path | None = None

    def rules_file(self, name: str, shipped: Path) -> Path:
        """The rules file of the department of this name: the host's own where there is one, else the one it ships."""
        own = None if self.rules_dir is None else self.rules_dir / f"{name}.toml"
        return own if own is not None and own.is_file() else shipped


# What a department sees.


class Contact(msgspec.Struct, frozen=True):
    """A person to speak to.

    A colleague with the work phone, or a reporter with name and phone masked: 孙**, 100****0001 (C.7 guardrail 1).
    """

    name: str
    phone: str


class AttachmentMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file 附件.

    ``size`` in bytes, ``sha256`` as 64 lower-case hexadecimal digits.

    ``point`` is CGCS2000. ``id`` is given by the platform; leave it out when attaching.
    """

    kind: AttachmentKind
    name: str
    media_type: str
    size: int
    sha256: str
    taken_at: datetime | None = None
    point: Point | None = None
    id: UUID | None = None


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """What a department sees of the case 事件: no more than the assignment needs (C.7).

    ``reporter`` is None for an anonymous reporter and, whatever else is known, for a confidential case 保密 (C.7
    guardrail 5). ``point`` is CGCS2000; ``on_site_contact`` is the grid worker 网格员.
    """

    number: str
    kind: CaseKind
    title: str
    description: str
    urgency: Urgency
    registered_at: datetime
    street_code: str
    category_code: str | None = None
    category_name: str | None = None
    community_code: str | None = None
    grid_code: str | None = None
    address: str | None = None
    point: Point | None = None
    occurred_at: datetime | None = None
    on_site_contact: Contact | None = None
    reporter: Contact | None = None
    attachments: tuple[AttachmentMetadata, ...] = ()


class WhistleView(msgspec.Struct, frozen=True, kw_only=True):
    """The whistle 哨 by which the assignment came. ``assemble_at`` is the time to meet at ``place`` 集结时间."""

    number: str
    kind: WhistleKind
    reason_kind: WhistleReason | None
    reason: str
    blown_at: datetime
    place: str | None = None
    assemble_at: datetime | None = None
    remote_allowed: bool = False


class AssignmentDeadlines(msgspec.Struct, frozen=True, kw_only=True):
    """The organization's own deadlines 时限, as exclusive instants (C.5 rule 2); None where there is none."""

    acknowledge: datetime | None = None
    arrive: datetime | None = None
    first_report: datetime | None = None
    result: datetime | None = None


class OtherOrganization(msgspec.Struct, frozen=True):
    """Another organization in the same case: its name and state and nothing more (C.4 invariants)."""

    code: str
    name: str
    role: AssignmentRole
    state: AssignmentState


class AssignmentView(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment 报到 as its organization sees it. ``whistle`` is None for a plain dispatch 派单.

    ``returned_count`` tells how often a report was returned 退回. ``duty_chief_phone`` is the duty phone of the
    street's command centre 值班长. ``evidence_required``: the result is reported only after a photo of it 处置后照片.
    """

    assignment_id: UUID
    organization_code: str
    organization_name: str
    role: AssignmentRole
    state: AssignmentState
    case: CaseView
    whistle: WhistleView | None
    deadlines: AssignmentDeadlines
    notified_at: datetime
    arrival_required: bool = True
    evidence_required: bool = False
    duty_chief_phone: str | None = None
    others: tuple[OtherOrganization, ...] = ()
    persons: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    reported_at: datetime | None = None
    returned_count: int = 0

    @property
    def only_informed(self) -> bool:
        """Whether the organization is only informed 知会: it reads, and owes no report (C.2.3)."""
        return self.role is AssignmentRole.INFORM


# What a department hears.


class DeliveryKey(msgspec.Struct, frozen=True):
    """Names one delivery. It may come twice, after a crash.

    The key is the same then, and so is the effect of its actions.
    """

    department: str
    organization_code: str
    case_number: str
    seq: int

    def __str__(self) -> str:
        return f"{self.department}:{self.organization_code}:{self.case_number}:{self.seq}"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What every event tells: its key, when it happened, and the assignment as it stood when the hook was called."""

    key: DeliveryKey
    at: datetime
    view: AssignmentView


class WhistleBlown(Event, frozen=True, kw_only=True):
    """The street blew a whistle 吹哨 for this organization, or added it to a blown one 增派.

    ``view.whistle`` is set.
    """


class Dispatched(Event, frozen=True, kw_only=True):
    """The case was dispatched 派单 to this organization without a whistle."""


class ReportReturned(Event, frozen=True, kw_only=True):
    """The street returned the report 退回重办."""

    reason: str
    returned_count: int


class QuestionAnswered(Event, frozen=True, kw_only=True):
    """The street answered a question 答复."""

    question: str
    answer: str


class Urged(Event, frozen=True, kw_only=True):
    """The clock urges 催办 the organization, ``text`` says why: nobody has begun, a limit is nearly used up, or it passed (C.6)."""

    text: str
    clock: ClockKind | None = None
    due_at: datetime | None = None


class Overdue(Event, frozen=True, kw_only=True):
    """A deadline of the organization has passed 超期; ``no_show`` marks the flag 未报到 (C.4)."""

    clock: ClockKind
    due_at: datetime
    no_show: bool = False


class ExtensionDecided(Event, frozen=True, kw_only=True):
    """A requested extension 延期 was decided; ``due_at`` is the new due when it was granted."""

    granted: bool
    reason: str
    due_at: datetime | None = None


class ObjectionDecided(Event, frozen=True, kw_only=True):
    """An objection 派单异议 was decided.

    When accepted, the assignment is REASSIGNED; else it stands, ACKNOWLEDGED, or ARRIVED if somebody had come.
    """

    accepted: bool
    reason: str


class Withdrawn(Event, frozen=True, kw_only=True):
    """The assignment is over without a report.

    The whistle or the case was withdrawn 撤哨, or the organization excused 免予反馈.
    """

    reason: str


class Released(Event, frozen=True, kw_only=True):
    """The street released the organization 离场: its report is verified."""


class CaseClosed(Event, frozen=True, kw_only=True):
    """The case was closed 办结."""

    close_kind: CloseKind
    result: str | None = None


class Woken(Event, frozen=True, kw_only=True):
    """The time that ``desk.wake_after`` asked for has come; ``note`` is what was given there."""

    note: str


# What a department may do.


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A result report 办结反馈: the four elements (B.1), the result and the form.

    The elements are 受理时间、与谁沟通、解决措施、解决时限. ``solve_by`` is when the measures are done: the time of the report for a matter that is settled. ``explanation`` is
    required unless ``result`` is SOLVED. ``fields`` is an instance of the department's form.
    """

    accepted_at: datetime
    talked_with: str
    measures: str
    solve_by: datetime
    result: ReportResult
    fields: Any
    explanation: str | None = None


class Desk(Protocol):
    """One organization's desk for one assignment. Every action is a command that the platform checks and records.

    Refusals are raised as DeskError: StateConflict (not in this state; carries what is allowed), NotPermitted,
    NotFound, InvalidInput (with the paths of the faulty fields). Inside a hook, each action carries the event's key:
    when the hook is delivered again, an action that was done stands as it was done and is not done twice.
    """

    @property
    def settings(self) -> DepartmentSettings:
        """What the host lays down for the department."""
        ...

    @property
    def view(self) -> AssignmentView:
        """The assignment as it stands after this desk's last action."""
        ...

    @property
    def now(self) -> datetime:
        """The platform's time, aware. A department takes no other clock, so that a test can move it."""
        ...

    async def acknowledge(self, persons: Sequence[str]) -> None:
        """Acknowledge 应哨, naming at least one person who comes."""
        ...

    async def read(self) -> None:
        """Mark an INFORM assignment as read 阅知."""
        ...

    async def arrive(self, point: Point | None = None, crs: CoordinateSystem = CoordinateSystem.CGCS2000) -> None:
        """Report in 到场报到.

        A point near the case proves it, one far away is refused; without a point the street confirms the arrival.
        """
        ...

    async def start(self) -> None:
        """Start handling 开始处置; a report implies it."""
        ...

    async def report_progress(
        self,
        measures: str,
        *,
        talked_with: str | None = None,
        accepted_at: datetime | None = None,
        solve_by: datetime | None = None,
    ) -> None:
        """Report how it goes 阶段反馈."""
        ...

    async def report_result(self, report: Report) -> None:
        """Report the result 反馈办结."""
        ...

    async def object(self, reason_kind: ObjectionReason, text: str) -> None:
        """Object to the assignment 派单异议, within the objection window; in an emergency after arriving 先到场、后争议.

        ``on_objection_decided`` brings the ruling. After two rounds the assignment is directed and stands.
        """
        ...

    async def ask(self, text: str) -> None:
        """Ask the street for what is missing 补充信息; ``on_answer`` brings the answer."""
        ...

    async def request_extension(self, unit: DeadlineUnit, amount: int, reason: str) -> None:
        """Request an extension 延期 of the case's deadline, which moves the result's along (C.5 rule 7).

        By the LEAD alone, before it is due, one request at a time, and not in an URGENT case; else StateConflict or
        NotPermitted. ``on_extension_decided`` brings the decision.
        """
        ...

    async def attach_file(
        self, kind: AttachmentKind, name: str, content: bytes, *, taken_at: datetime | None = None, point: Point | None = None
    ) -> UUID:  # fmt: skip
        """Attach a file with its bytes, which the platform keeps; gives the attachment's id.

        What it is is told by its content: else than a picture, a PDF, a video or an office document it is InvalidInput at
        ``content``, and so is a file over the platform's limit. ``point`` is CGCS2000.
        """
        ...

    async def attach(self, attachment: AttachmentMetadata) -> UUID:
        """Attach the metadata of a file that stays in the department's own system; gives the attachment's id."""
        ...

    async def remember(self, name: str, value: Json) -> None:
        """Keep a small fact with the assignment, such as the department's own case number.

        A second value replaces the first.
        """
        ...

    async def recall(self, name: str) -> Json:
        """A fact kept by ``remember``, or None."""
        ...

    async def wake_after(self, delay: timedelta, note: str) -> None:
        """Have ``on_wake`` delivered with ``note`` after ``delay``; it comes also after a restart of the platform."""
        ...


class Host(Protocol):
    """The host of a department, for what comes from outside a hook: a callback of the department's own system."""

    async def desk(self, assignment: UUID, key: str | None = None) -> Desk:
        """A desk for an assignment of this department's organizations; raises NotFound for any other.

        ``key`` names the callback: repeated with the same key, its actions stand as they were done the first time.
        """
        ...


class TryLater(Exception):
    """A hook raises it to have the same event delivered again after ``delay``; it counts as no failure."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay
        self.reason = reason


class Refuse(Exception):
    """A hook raises it when it will not answer this event: recorded on the case, never delivered again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HookThread:
    """The thread in which a host runs one call of a plain ``def`` hook. Only ``wait`` and the host use it."""

    current: ContextVar["HookThread"] = ContextVar("shaodao_hook_thread")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.abandoned = False


def wait(action: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Do a desk's action from a hook that is a plain ``def``: ``wait(desk.start())``.

    Raises what the action raises, and RuntimeError where no host waits for the hook: outside a thread of the host, or
    after the time limit.
    """
    thread = HookThread.current.get(None)
    if thread is None or thread.abandoned:
        action.close()
        raise RuntimeError("wait() works only in a plain def hook, within the host's time limit; async hooks use await")
    return run_coroutine_threadsafe(action, thread.loop).result()
