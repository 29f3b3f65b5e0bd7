"""交警: lets every whistle wait, has itself woken, and then acknowledges, unless the whistle says that nobody will 无人应哨."""

from datetime import timedelta

from shaodao.plugin import Desk, Event
from tests.chaos.departments.recorder import Recorder, declared

UNANSWERED = "无人应哨"
"""In a whistle's reason: its acknowledgement is let pass, so that the clock has something to fire."""

WAKE_AFTER = timedelta(seconds=3)


async def _sleep_on_it(event: Event, desk: Desk) -> None:
    await desk.wake_after(WAKE_AFTER, "查看现场")


async def _acknowledge(event: Event, desk: Desk) -> None:
    whistle = event.view.whistle
    assert whistle is not None, "only a whistle calls this department"
    if UNANSWERED not in whistle.reason:
        await desk.acknowledge(["乙示二"])


_recorder = Recorder(declared("chaos_police", "交警（演练）", ["JJ"]), whistled=_sleep_on_it, woken=_acknowledge)
department = _recorder.department
on_whistle = _recorder.on_whistle
on_answer = _recorder.on_answer
on_urge = _recorder.on_urge
on_overdue = _recorder.on_overdue
on_wake = _recorder.on_wake
