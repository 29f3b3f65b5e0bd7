"""综合执法: acknowledges each whistle, asks a question, and arrives when it is answered."""

from shaodao.plugin import Desk, Event
from tests.chaos.departments.recorder import Recorder, declared


async def _acknowledge_and_ask(event: Event, desk: Desk) -> None:
    await desk.acknowledge(["甲示一"])
    await desk.ask("现场有几人受困")


async def _arrive(event: Event, desk: Desk) -> None:
    await desk.arrive()


_recorder = Recorder(
    declared("chaos_enforcement", "综合执法（演练）", ["CG"]), whistled=_acknowledge_and_ask, answered=_arrive
)
department = _recorder.department
on_whistle = _recorder.on_whistle
on_answer = _recorder.on_answer
on_urge = _recorder.on_urge
on_overdue = _recorder.on_overdue
on_wake = _recorder.on_wake
