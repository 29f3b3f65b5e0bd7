"""Story "night": a road collapses at night; one call blows an emergency whistle, a leader confirms in the morning (case 9 of D.6)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shaodao.play.client import Api, RefusedByApi
from shaodao.play.stage import Expected, Scene, Stage

EXPECTED = Expected(
    case=("ASSIGNED", "HANDLING", "VERIFYING", "CLOSED"),
    whistle=("BLOWN", "GATHERING", "HANDLING", "REPORTED", "VERIFIED", "CLOSED"),
)
_SHANGHAI = ZoneInfo("Asia/Shanghai")


async def play(stage: Stage) -> None:
    """Emergency: arrive first, approve later (C.9 point 7). It moves the demonstration's clock through one night."""
    dispatcher = stage.staff("吕示衡")
    await stage.move_clock(dispatcher, next_time(await stage.now(dispatcher), 3, 25))
    async with stage.watched(
        dispatcher,
        "blowEmergencyWhistle",
        EXPECTED,
        newCase={
            "kind": "EVENT",
            "channel": "GRID_PATROL",
            "title": "南槐路路面塌陷",
            "description": "南槐路中段路面塌陷约4平方米，疑似管网渗漏，夜间车流经过。",
            "categoryCode": "A10",
            "urgency": "URGENT",
            "gridCode": "990101001002004",
            "address": "南槐路中段",
        },
        reason="路面塌陷危及公共安全",
        parties=[
            {"organizationCode": "ZJ", "role": "LEAD"},
            {"organizationCode": "PS", "role": "CO"},
            {"organizationCode": "JJ", "role": "CO"},
        ],
    ) as scene:
        _say_calls(scene)
        await _gather(scene)
        await _make_safe(scene)
        await _morning(scene)


def next_time(now: datetime, hour: int, minute: int) -> datetime:
    """The next moment at which clocks in Shanghai show the time."""
    local = now.astimezone(_SHANGHAI).replace(second=0, microsecond=0)
    moment = local.replace(hour=hour, minute=minute)
    return moment if moment > local else moment + timedelta(days=1)


def _say_calls(scene: Scene) -> None:
    """What the dispatcher is told to phone."""
    console = scene.stage.console
    console.print(f"☎ 应急专线 {scene.opened['emergencyLine']}", style="bold red")
    for call in scene.opened["calls"]:
        console.print(f"☎ {call['organization']['name']} {call['dutyPhone']}", style="red")


async def _gather(scene: Scene) -> None:
    """JJ reports in by its plugin, PS by hand in time; ZJ is late, and the clock says so."""
    found, stage = await scene.assignments(), scene.stage
    works, water = stage.handler("ZJ"), stage.handler("PS")
    await scene.until("arriveAtScene", "JJ")
    await scene.do(water, "acknowledgeAssignment", assignmentId=found["PS"]["id"], persons=["葛示渠"])
    await stage.pass_time(scene.watcher, timedelta(minutes=6))
    await scene.until("deadlinePassed", "ZJ")
    await scene.do(works, "acknowledgeAssignment", assignmentId=found["ZJ"]["id"], persons=["戚示筑"])
    await scene.do(water, "arriveAtScene", assignmentId=found["PS"]["id"])
    await stage.pass_time(scene.watcher, timedelta(minutes=30))
    await scene.do(works, "arriveAtScene", assignmentId=found["ZJ"]["id"])
    late = (await scene.assignments())["ZJ"]["late"]
    if not (late["acknowledge"] and late["arrive"]):
        raise RefusedByApi(f"ZJ came late, and its assignment says {late}")


async def _make_safe(scene: Scene) -> None:
    """The departments that work by hand report; the dispatcher verifies what was done."""
    found, stage = await scene.assignments(), scene.stage
    await scene.until("reportResult", "JJ")
    await stage.pass_time(scene.watcher, timedelta(hours=1))
    await _report(scene, stage.handler("PS"), found["PS"]["id"], "关闸断水，抢修渗漏管段")
    await _report(scene, stage.handler("ZJ"), found["ZJ"]["id"], "围挡警示，回填碎石，路面临时恢复")
    for organization in ("JJ", "PS", "ZJ"):
        await scene.do(
            scene.watcher,
            "verifyReport",
            assignmentId=found[organization]["id"],
            method="PHOTO",
            text="照片核查：险情已控制",
        )


async def _report(scene: Scene, handler: Api, assignment: str, measures: str) -> None:
    now = await scene.stage.now(handler)
    given: dict[str, Any] = {
        "acceptedAt": (now - timedelta(minutes=30)).isoformat(),
        "talkedWith": "网格员 蒋示舟",
        "measures": measures,
        "solveBy": (now + timedelta(days=3)).isoformat(),
        "result": "SOLVED",
        "fields": {},
    }
    await scene.do(handler, "reportResult", assignmentId=assignment, **given)


async def _morning(scene: Scene) -> None:
    """A leader other than the issuer confirms within 24 h (C.4 confirm); then the whistle is closed."""
    stage, whistle = scene.stage, scene.opened["whistle"]["id"]
    await stage.move_clock(scene.watcher, next_time(await stage.now(scene.watcher), 8, 10))
    await scene.do(stage.staff("张示远"), "confirmWhistle", whistleId=whistle, text="情况属实，同意补批")
    result = "夜间围挡、断水、交通管制，路面已临时恢复通行。"
    await scene.do(scene.watcher, "closeWhistle", whistleId=whistle, resultText=result, closeKind="SOLVED")
