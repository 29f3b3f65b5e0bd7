"""交警: lets every whistle wait, has itself woken, and then acknowledges, unless the whistle says that nobody will 无人应哨."""

from datetime import timedelta

from shaodao.plugin import Desk, Event
from tests.chaos.departments.recorder import TO_THE_END, Recorder, declared, reason_of, report

UNANSWERED = "无人应哨"
"""In a whistle's reason: its acknowledgement is let pass, so that the clock has something to fire."""

WAKE_AFTER = timedelta(seconds=3)


async def _sleep_on_it(event: Event, desk: Desk) -> None:
    await desk.wake_after(WAKE_AFTER, "查看现场")


async def _acknowledge(event: Event, desk: Desk) -> None:
    if UNANSWERED in reason_of(event):
        return
    await desk.acknowledge(["乙示二"])
    if TO_THE_END in reason_of(event):
        await desk.arrive()
        await report(event, desk)


_recorder = Recorder(
    declared("chaos_police", "交警（演练）", ["JJ"]), whistled=_sleep_on_it, woken=_acknowledge, returned=report
)
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
