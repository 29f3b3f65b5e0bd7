"""The Desk of the test kit.

Every action is checked by the platform's transition table and kept for the test to read.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from msgspec.structs import replace

from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE, OPEN
from shaodao.domain.coordinates import to_cgcs2000
from shaodao.domain.deadlines import Limit, overdue
from shaodao.domain.facts import INACTIVE
from shaodao.domain.geometry import distance_metres
from shaodao.domain.objections import window_passed
from shaodao.domain.rulebook import TextLimits
from shaodao.plugin import (
    AssignmentView,
    AttachmentKind,
    AttachmentMetadata,
    CoordinateSystem,
    DeadlineUnit,
    DepartmentSettings,
    InvalidInput,
    Json,
    ObjectionReason,
    Point,
    Report,
    StateConflict,
)
from shaodao.testing.assignment import Assignment, Done, ExtensionAsked, Objection, ProgressReport, Question, handler
from shaodao.testing.checks import (
    check_attachment,
    check_extension,
    check_fact,
    check_persons,
    check_progress,
    check_result,
    check_text,
    described,
)

LONGEST_WAIT = timedelta(days=366)
"""Farthest ahead that a department may ask to be woken."""


class Ground(Protocol):
    """What a desk needs of its street."""

    settings: DepartmentSettings

    @property
    def now(self) -> datetime: ...

    @property
    def texts(self) -> TextLimits: ...

    @property
    def arrival_radius_metres(self) -> int: ...

    def wake(self, assignment: Assignment, delay: timedelta, note: str) -> None: ...

    def objection_window(self, assignment: Assignment) -> datetime: ...

    def validate(self, organization_code: str, fields: object) -> dict[str, Any]: ...


class StreetDesk:
    """A ``shaodao.plugin.Desk`` over an ``Assignment``. Under one ``key``, the n-th action of a name is done once."""

    def __init__(self, ground: Ground, assignment: Assignment, key: str) -> None:
        self._ground = ground
        self._assignment = assignment
        self._key = key
        self._counts: Counter[str] = Counter()

    @property
    def settings(self) -> DepartmentSettings:
        return self._ground.settings

    @property
    def view(self) -> AssignmentView:
        return self._assignment.view

    @property
    def now(self) -> datetime:
        return self._ground.now

    async def acknowledge(self, persons: Sequence[str]) -> None:
        def effect() -> None:
            self._decide("acknowledge")
            check_persons(persons, self._ground.texts)
            self._take("acknowledge", acknowledged_at=self.now, persons=tuple(persons))

        self._once("acknowledge", effect, persons=tuple(persons))

    async def read(self) -> None:
        self._once("read", lambda: self._take("read"))

    async def arrive(self, point: Point | None = None, crs: CoordinateSystem = CoordinateSystem.CGCS2000) -> None:
        def effect() -> None:
            self._decide("arrive")
            self._assignment.arrival_proof = self._proof(point, crs)
            self._take("arrive", arrived_at=self.now, acknowledged_at=self.view.acknowledged_at or self.now)

        self._once("arrive", effect, point=point, crs=crs)

    async def start(self) -> None:
        self._once("start", lambda: self._take("start", started_at=self.now))

    async def report_progress(
        self,
        measures: str,
        *,
        talked_with: str | None = None,
        accepted_at: datetime | None = None,
        solve_by: datetime | None = None,
    ) -> None:
        report = ProgressReport(measures, talked_with, accepted_at, solve_by)

        def effect() -> None:
            self._decide("reportProgress")
            check_progress(report, self._ground.texts, self.now)
            self._take("reportProgress", started_at=self.view.started_at or self.now)
            self._assignment.progress.append(report)

        self._once("report_progress", effect, report=report)

    async def report_result(self, report: Report) -> None:
        def effect() -> None:
            self._decide("reportResult")
            fields = self._checked_fields(report)
            self._take("reportResult", started_at=self.view.started_at or self.now, reported_at=self.now)
            self._assignment.reports.append(report)
            self._assignment.report_fields.append(fields)

        self._once("report_result", effect, report=report)

    async def object(self, reason_kind: ObjectionReason, text: str) -> None:
        def effect() -> None:
            self._decide("raiseObjection")
            self._refuse_late_objection()
            check_text("text", text, self._ground.texts.explanation)
            self._take("raiseObjection")
            made = self._assignment.objections
            made.append(Objection(reason_kind, text, len(made) + 1, self.now))

        self._once("object", effect, reason_kind=reason_kind, text=text)

    async def ask(self, text: str) -> None:
        def effect() -> None:
            self._decide("ask")
            check_text("text", text, self._ground.texts.explanation)
            self._take("ask")
            self._assignment.questions.append(Question(text))

        self._once("ask", effect, text=text)

    async def request_extension(self, unit: DeadlineUnit, amount: int, reason: str) -> None:
        def effect() -> None:
            self._assignment.decide_request()
            check_extension(amount, reason, self._ground.texts)
            self._assignment.extensions.append(ExtensionAsked(Limit(unit, amount), reason))

        self._once("request_extension", effect, unit=unit, amount=amount, reason=reason)

    async def attach_file(
        self, kind: AttachmentKind, name: str, content: bytes, *, taken_at: datetime | None = None, point: Point | None = None
    ) -> UUID:  # fmt: skip
        attachment = described(kind, name, content, taken_at, point)

        def effect() -> UUID:
            identifier = self._keep(attachment)
            self._assignment.files[identifier] = content
            return identifier

        kept: UUID = self._once("attach_file", effect, attachment=attachment)
        return kept

    async def attach(self, attachment: AttachmentMetadata) -> UUID:
        kept: UUID = self._once("attach", lambda: self._keep(attachment), attachment=attachment)
        return kept

    async def remember(self, name: str, value: Json) -> None:
        def effect() -> None:
            check_fact(name, value, self._ground.texts)
            self._assignment.memory[name.strip()] = value

        self._once("remember", effect, name=name, value=value)

    async def recall(self, name: str) -> Json:
        return self._assignment.memory.get(name.strip())

    async def wake_after(self, delay: timedelta, note: str) -> None:
        def effect() -> None:
            self._refuse_when(self.view.state in INACTIVE)
            if not timedelta() < delay <= LONGEST_WAIT:
                english = f"must be above zero, at most {LONGEST_WAIT.days} days"
                raise InvalidInput.at("delay", f"须大于零且不超过{LONGEST_WAIT.days}天", english)
            check_text("note", note, self._ground.texts.reason)
            self._ground.wake(self._assignment, delay, note)

        self._once("wake_after", effect, delay=delay, note=note)

    def _once(self, action: str, effect: Callable[[], Any], **arguments: Any) -> Any:
        """Do the effect, unless this delivery did it before: then it stands as it was."""
        self._counts[action] += 1
        key = f"{self._key}:{action}:{self._counts[action]}"
        done = self._assignment.done_keys
        if key not in done:
            done[key] = effect()
            self._assignment.actions.append(Done(action, arguments, self.now))
        return done[key]

    def _keep(self, attachment: AttachmentMetadata) -> UUID:
        self._refuse_when(self.view.state not in OPEN)
        check_attachment(attachment, self._ground.texts, self.now)
        identifier = uuid4()
        self._assignment.attachments.append(replace(attachment, id=identifier))
        return identifier

    def _decide(self, action: str) -> None:
        """Whether the transition table allows the action now; the platform asks this before it looks at arguments."""
        ASSIGNMENT_MACHINE.decide(action, self._assignment.facts(), handler(self.view))

    def _take(self, action: str, **changes: Any) -> None:
        assignment = self._assignment
        assignment.take(action, handler(assignment.view))
        assignment.view = replace(assignment.view, **changes)
        assignment.settle()

    def _refuse_late_objection(self) -> None:
        until = self._ground.objection_window(self._assignment)
        if overdue(self.now, until):
            passed, facts = window_passed(until), self._assignment.facts()
            ASSIGNMENT_MACHINE.conflict(passed.message, passed.english, facts, handler(self.view))

    def _refuse_when(self, over: bool) -> None:
        if over:
            state, version = str(self.view.state), self._assignment.version
            raise StateConflict("任务已结束", "the assignment is over", state=state, version=version)

    def _proof(self, point: Point | None, crs: CoordinateSystem) -> str:
        scene, radius = self.view.case.point, self._ground.arrival_radius_metres
        if point is None or scene is None:
            return "DECLARED"
        away = distance_metres(to_cgcs2000(point, crs), scene)
        return "DECLARED" if away > radius else "POINT"

    def _checked_fields(self, report: Report) -> dict[str, Any]:
        """The report's fields as plain JSON values; InvalidInput names every fault of the four elements and the form."""
        fields, form_faults = {}, None
        try:
            fields = self._ground.validate(self.view.organization_code, report.fields)
        except InvalidInput as invalid:
            form_faults = invalid
        missing = self._assignment.photo_missing
        check_result(report, form_faults, self._ground.texts, self.now, photo_missing=missing)
        return fields
