"""The Desk of the test kit.

Every action is checked by the platform's transition table and kept for the test to read.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from msgspec.structs import replace

from shaodao.domain.assignment_machine import OPEN
from shaodao.domain.coordinates import to_cgcs2000
from shaodao.domain.errors import Faults
from shaodao.domain.geometry import distance_metres
from shaodao.domain.rulebook import TextLimits
from shaodao.domain.text import TextError, clean_text
from shaodao.plugin import (
    AssignmentView,
    AttachmentMetadata,
    CoordinateSystem,
    DeadlineUnit,
    DepartmentSettings,
    InvalidInput,
    Json,
    NotPermitted,
    ObjectionReason,
    Point,
    Report,
    ReportResult,
    StateConflict,
)
from shaodao.testing.assignment import Assignment, Done, ProgressReport, Question, handler


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
            if not persons or not all(person.strip() for person in persons):
                raise InvalidInput.at("persons", "须写明到场人员", "at least one person must be named")
            self._take("acknowledge", acknowledged_at=self.now, persons=tuple(persons))

        self._once("acknowledge", effect, persons=tuple(persons))

    async def read(self) -> None:
        self._once("read", lambda: self._take("read"))

    async def arrive(self, point: Point | None = None, crs: CoordinateSystem = CoordinateSystem.CGCS2000) -> None:
        def effect() -> None:
            self._take("arrive", arrived_at=self.now, acknowledged_at=self.view.acknowledged_at or self.now)
            self._assignment.arrival_proof = self._proof(point, crs)
            self._assignment.settle()

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
        def effect() -> None:
            faults = Faults()
            self._check_text(faults, "measures", measures)
            self._check_times(faults, accepted_at=accepted_at, solve_by=solve_by)
            faults.check()
            self._take("reportProgress", started_at=self.view.started_at or self.now)
            self._assignment.progress.append(ProgressReport(measures, talked_with, accepted_at, solve_by))

        self._once("report_progress", effect, measures=measures, talked_with=talked_with)

    async def report_result(self, report: Report) -> None:
        def effect() -> None:
            fields = self._checked(report)
            self._take("reportResult", started_at=self.view.started_at or self.now, reported_at=self.now)
            self._assignment.reports.append(report)
            self._assignment.report_fields.append(fields)

        self._once("report_result", effect, report=report)

    async def object(self, reason_kind: ObjectionReason, text: str) -> None:
        self._once("object", lambda: self._later("raiseObjection"), reason_kind=reason_kind, text=text)

    async def ask(self, text: str) -> None:
        def effect() -> None:
            faults = Faults()
            self._check_text(faults, "text", text)
            faults.check()
            self._take("ask")
            self._assignment.questions.append(Question(text))

        self._once("ask", effect, text=text)

    async def request_extension(self, unit: DeadlineUnit, amount: int, reason: str) -> None:
        self._once(
            "request_extension", lambda: self._later("requestExtension"), unit=unit, amount=amount, reason=reason
        )

    async def attach(self, attachment: AttachmentMetadata) -> UUID:
        def effect() -> UUID:
            self._require_open("attach")
            identifier = uuid4()
            self._assignment.attachments.append(replace(attachment, id=identifier))
            return identifier

        kept: UUID = self._once("attach", effect, attachment=attachment)
        return kept

    async def remember(self, name: str, value: Json) -> None:
        self._once("remember", lambda: self._assignment.memory.__setitem__(name, value), name=name, value=value)

    async def recall(self, name: str) -> Json:
        return self._assignment.memory.get(name)

    async def wake_after(self, delay: timedelta, note: str) -> None:
        def effect() -> None:
            if delay <= timedelta():
                raise InvalidInput.at("delay", "须大于零", "must be above zero")
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

    def _take(self, action: str, **changes: Any) -> None:
        assignment = self._assignment
        assignment.take(action, handler(assignment.view))
        assignment.view = replace(assignment.view, **changes)
        assignment.settle()

    def _later(self, action: str) -> None:
        # The platform's tables do not know these actions yet, so the kit refuses them as the platform does.
        raise NotPermitted("本版本尚不支持此操作", f"this version of the platform does not know {action} yet")

    def _require_open(self, action: str) -> None:
        if self.view.state not in OPEN:
            english = f"{action} is not allowed in state {self.view.state}"
            raise StateConflict("任务已结束", english, state=str(self.view.state), version=self._assignment.version)

    def _proof(self, point: Point | None, crs: CoordinateSystem) -> str:
        place = self.view.case.point
        if point is None or place is None:
            return "DECLARED"
        near = distance_metres(to_cgcs2000(point, crs), place) <= self._ground.arrival_radius_metres
        return "POINT" if near else "DECLARED"

    def _checked(self, report: Report) -> dict[str, Any]:
        """The report's fields as plain JSON values.

        InvalidInput names every fault of the four elements and the form.
        """
        faults = Faults()
        self._check_text(faults, "measures", report.measures)
        self._check_text(faults, "talkedWith", report.talked_with)
        self._check_times(faults, accepted_at=report.accepted_at, solve_by=report.solve_by)
        if report.result in (ReportResult.UNSOLVED, ReportResult.LONG_TERM) and not (report.explanation or "").strip():
            faults.add("explanation", "未解决须说明原因", "is required for a matter that is not solved")
        fields: dict[str, Any] = {}
        try:
            fields = self._ground.validate(self.view.organization_code, report.fields)
        except InvalidInput as invalid:
            faults.faults.extend(invalid.faults)
        faults.check()
        return fields

    def _check_text(self, faults: Faults, path: str, text: str) -> None:
        try:
            clean_text(text, self._ground.texts.result)
        except TextError as error:
            faults.add(path, error.message, error.english)

    def _check_times(self, faults: Faults, *, accepted_at: datetime | None, solve_by: datetime | None) -> None:
        for path, moment in (("acceptedAt", accepted_at), ("solveBy", solve_by)):
            if moment is not None and moment.utcoffset() is None:
                faults.add(path, "时间须带时区", "the time carries no zone")
                return
        if accepted_at is not None and accepted_at > self.now:
            faults.add("acceptedAt", "不能晚于现在", "must not lie in the future")
