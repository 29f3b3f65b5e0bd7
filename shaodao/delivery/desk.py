"""The desk of one organization for one assignment: each action is a command, checked and recorded by the core (C.4)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg

from shaodao.commands import assignments, attachments, desk_facts, extensions, objections, questions, reports
from shaodao.commands.attaching import Target
from shaodao.commands.attachments import AttachmentInput
from shaodao.commands.checking import only_json
from shaodao.commands.facts import lock_assignment
from shaodao.commands.history import Entry, record
from shaodao.commands.places import PointInput
from shaodao.commands.reports import ProgressInput, ReportInput
from shaodao.commands.running import Command, CommandRunner, Repetition, connection_of
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.delivery.lanes import Delivery, is_held
from shaodao.delivery.pace import Now
from shaodao.delivery.views import read_fact, read_view
from shaodao.domain.errors import InvalidInput, StateConflict
from shaodao.domain.files import FileRefused
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from shaodao.intake import Intake
from shaodao.plugin import (
    AssignmentView,
    AttachmentKind,
    AttachmentMetadata,
    CoordinateSystem,
    DeadlineUnit,
    DepartmentSettings,
    Json,
    ObjectionReason,
    Point,
    Report,
)


@dataclass(frozen=True)
class Seat:
    """Whose desk it is: a department acting for one of its organizations on one assignment.

    ``key`` names the occasion, a delivery or a callback: the n-th action of a name under one key is done once. ``delivery``:
    what its hook acts for, None for a callback.
    """

    department: str
    organization_code: str
    county: int
    assignment_id: UUID
    key: str
    delivery: Delivery | None = None

    def viewer(self, name: str) -> Viewer:
        """The department as the commands know it: the handler of this organization in this county, and no more."""
        grant = Grant(Role.DEPT_HANDLER, county_scope(self.county), self.organization_code)
        return Viewer(login=f"department:{self.department}", name=name, grants=(grant,))

    def under_lease(self, command: Command) -> Command:
        """The command, refused when the delivery has passed to another: what it did before stands, and is not done again."""
        delivery = self.delivery
        if delivery is None:
            return command

        async def held(tx: Transaction) -> Outcome:
            if not await is_held(tx.connection, delivery):
                raise StateConflict(
                    "该通知已转由另一进程办理", "the delivery has passed to another worker, or was settled",
                    state="FENCED", version=0,
                )  # fmt: skip
            return await command(tx)

        return held


@dataclass(frozen=True)
class Office:
    """What every desk of a process works with."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    runner: CommandRunner
    settings: DepartmentSettings
    now: Now
    intake: Intake


class PlatformDesk:
    """A ``shaodao.plugin.Desk`` on the platform's own database."""

    def __init__(self, office: Office, seat: Seat, view: AssignmentView) -> None:
        self._office = office
        self._seat = seat
        self._view = view
        self._counts: Counter[str] = Counter()

    @property
    def settings(self) -> DepartmentSettings:
        """What the host lays down for the department."""
        return self._office.settings

    @property
    def view(self) -> AssignmentView:
        """The assignment as it stands after this desk's last action."""
        return self._view

    @property
    def now(self) -> datetime:
        """The platform's time."""
        return self._office.now()

    async def acknowledge(self, persons: Sequence[str]) -> None:
        """应哨."""
        await self._do("acknowledge", partial(assignments.acknowledge, assignment_id=self._id, persons=tuple(persons)))

    async def read(self) -> None:
        """阅知."""
        await self._do("read", partial(assignments.read, assignment_id=self._id))

    async def arrive(self, point: Point | None = None, crs: CoordinateSystem = CoordinateSystem.CGCS2000) -> None:
        """到场报到."""
        place = _as_given(point, crs)
        await self._do("arrive", partial(assignments.arrive, assignment_id=self._id, point=place))

    async def start(self) -> None:
        """开始处置."""
        await self._do("start", partial(assignments.start, assignment_id=self._id))

    async def report_progress(
        self, measures: str, *, talked_with: str | None = None, accepted_at: datetime | None = None,
        solve_by: datetime | None = None,
    ) -> None:  # fmt: skip
        """阶段反馈."""
        given = ProgressInput(measures=measures, talked_with=talked_with, accepted_at=accepted_at, solve_by=solve_by)
        await self._do("report_progress", partial(reports.report_progress, assignment_id=self._id, given=given))

    async def report_result(self, report: Report) -> None:
        """反馈办结."""
        ground = self._office.runner.ground()
        only_json("fields", report.fields, ground.rulebook.report_fields_bytes)
        # The form's own instance becomes plain values here; the command checks these again.
        given = ReportInput(
            accepted_at=report.accepted_at, talked_with=report.talked_with, measures=report.measures,
            solve_by=report.solve_by, result=report.result, explanation=report.explanation,
            fields=ground.forms.validate(self._seat.organization_code, report.fields),
        )  # fmt: skip
        await self._do("report_result", partial(reports.report_result, assignment_id=self._id, given=given))

    async def object(self, reason_kind: ObjectionReason, text: str) -> None:
        """派单异议."""
        raised = partial(objections.raise_objection, assignment_id=self._id, reason_kind=reason_kind, text=text)
        await self._do("object", raised)

    async def ask(self, text: str) -> None:
        """补充信息."""
        await self._do("ask", partial(questions.ask, assignment_id=self._id, text=text))

    async def request_extension(self, unit: DeadlineUnit, amount: int, reason: str) -> None:
        """延期."""
        asked = partial(
            extensions.request_for_assignment, assignment_id=self._id, unit=unit, amount=amount, reason=reason
        )  # fmt: skip
        await self._do("request_extension", asked)

    async def attach(self, attachment: AttachmentMetadata) -> UUID:
        """上传附件的信息."""
        point = _as_given(attachment.point, CoordinateSystem.CGCS2000)
        given = AttachmentInput(
            attachment.kind, attachment.name, attachment.media_type, attachment.size, attachment.sha256,
            attachment.taken_at, point,
        )  # fmt: skip
        outcome = await self._do("attach", partial(attachments.add_attachment, assignment_id=self._id, given=given))
        assert outcome.record_id is not None, "an attachment has an id"
        return outcome.record_id

    async def attach_file(
        self, kind: AttachmentKind, name: str, content: bytes, *, taken_at: datetime | None = None, point: Point | None = None
    ) -> UUID:  # fmt: skip
        """上传附件."""
        given = AttachmentInput(kind, name, taken_at=taken_at, point=_as_given(point, CoordinateSystem.CGCS2000))
        upload_id = await self._upload(name, content)
        attached = partial(attachments.add_attachment, assignment_id=self._id, given=given, upload_id=upload_id)
        outcome = await self._do("attach_file", attached)
        assert outcome.record_id is not None, "an attachment has an id"
        return outcome.record_id

    async def remember(self, name: str, value: Json) -> None:
        """Keep a small fact with the assignment."""
        await self._do("remember", partial(desk_facts.remember, assignment_id=self._id, name=name, value=value))

    async def recall(self, name: str) -> Json:
        """A fact kept by ``remember``, or None."""
        async with self._office.pool.acquire() as lent:
            return await read_fact(connection_of(lent), self._seat.county, self._id, name)

    async def wake_after(self, delay: timedelta, note: str) -> None:
        """定时提醒."""
        await self._do("wake_after", partial(desk_facts.wake_after, assignment_id=self._id, delay=delay, note=note))

    @property
    def _id(self) -> UUID:
        return self._seat.assignment_id

    async def _upload(self, name: str, content: bytes) -> UUID:
        """The id of an upload with this content. Raises InvalidInput."""
        seat, nth = self._seat, self._counts["attach_file"] + 1
        actor, target = seat.viewer(self._view.organization_name), Target(assignment_id=self._id)
        try:
            return await self._office.intake.take(
                actor, seat.county, target, name, content, f"{seat.key}:attach_file:{nth}"
            )
        except FileRefused as refused:
            raise InvalidInput.at("content", refused.message, refused.english) from None

    async def _do(self, action: str, command: Command) -> Outcome:
        """Run the command, unless this occasion did it before, and look at the assignment anew."""
        self._counts[action] += 1
        key = f"{self._seat.key}:{action}:{self._counts[action]}"
        try:
            outcome = await self._run(command, key, action)
        except StateConflict as conflict:
            if self._seat.delivery is None:
                await self._run(partial(self._note_refusal, action, conflict.message), f"{key}:refused", "noteRefusal")
            raise
        async with self._office.pool.acquire() as lent:
            self._view = await read_view(connection_of(lent), self._seat.county, self._id)
        return outcome

    async def _run(self, command: Command, key: str, action: str) -> Outcome:
        return await self._office.runner.run(
            self._seat.under_lease(command), actor=self._seat.viewer(self._view.organization_name),
            county=self._seat.county, now=self._office.now(), repetition=Repetition(key, action, None),
        )  # fmt: skip

    async def _note_refusal(self, action: str, reason: str, tx: Transaction) -> Outcome:
        """Tell on the case that the department's own system came with something when the matter had moved on.

        In a hook the courier tells it, when the hook lets the refusal through.
        """
        case = (await lock_assignment(tx, self._id)).case
        entry = Entry(
            "callbackRefused", f"{self._view.organization_name}的系统回传未被接受：{reason}",
            organization_code=self._seat.organization_code, assignment_id=self._id,
            from_state=str(case.state), to_state=str(case.state), payload={"action": action},
        )  # fmt: skip
        await record(tx, case.id, entry)
        return Outcome(county_code=tx.county, case_id=case.id, assignment_id=self._id)


def county_scope(county: int) -> str:
    """The division code of a county, 12 digits."""
    return f"{county:06d}000000"


def _as_given(point: Point | None, crs: CoordinateSystem) -> PointInput | None:
    if point is None:
        return None
    return PointInput(longitude=point.longitude, latitude=point.latitude, crs=str(crs))
