"""综合执法: acknowledges each whistle, asks a question, arrives when it is answered, and reports, after an extension if it may."""

from shaodao.plugin import DeadlineUnit, Desk, Event, Urgency
from tests.chaos.departments.recorder import TO_THE_END, Recorder, declared, reason_of, report


async def _acknowledge_and_ask(event: Event, desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])
    await desk.ask("现场有几人受困")


async def _arrive(event: Event, desk: Desk) -> None:
    """An urgent matter is reported at once; for one that was classed anew there is more time to ask for."""
    await desk.arrive()
    if TO_THE_END not in reason_of(event):
        return
    if event.view.case.urgency is Urgency.URGENT:
        await report(event, desk)
    else:
        await desk.request_extension(DeadlineUnit.WORKING_DAY, 1, "须待管网探测")


_recorder = Recorder(
    declared("chaos_enforcement", "综合执法（演练）", ["CG"]),
    whistled=_acknowledge_and_ask, answered=_arrive, decided=report, returned=report,
)  # fmt: skip
department = _recorder.department
on_whistle = _recorder.on_whistle
on_answer = _recorder.on_answer
on_extension_decided = _recorder.on_extension_decided
on_return = _recorder.on_return
on_wake = _recorder.on_wake
on_overdue = _recorder.on_overdue
on_urge = _recorder.on_urge
on_withdrawn = _recorder.on_withdrawn
on_released = _recorder.on_released
on_case_closed = _recorder.on_case_closed
