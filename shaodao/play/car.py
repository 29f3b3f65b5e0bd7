"""Story "car": five abandoned cars on a pavement, a joint enforcement whistle, two departments report in (case 1 of D.6)."""

from shaodao.play.stage import Expected, Scene, Stage

EXPECTED = Expected(
    case=("REGISTERED", "ACCEPTED", "ASSIGNED", "HANDLING", "VERIFYING", "HANDLING", "VERIFYING", "CLOSED", "FOLLOWED_UP"),
    whistle=(
        "DRAFTED", "PENDING_APPROVAL", "BLOWN", "GATHERING", "HANDLING", "REPORTED", "HANDLING", "REPORTED", "VERIFIED",
        "CLOSED", "EVALUATED",
    ),
)  # fmt: skip


async def play(stage: Stage) -> None:
    """The whole loop 街道吹哨、部门报到. Raises RefusedByApi or TimeoutError when a step does not go through."""
    dispatcher = stage.staff("吕示衡")
    async with stage.watched(
        dispatcher,
        "registerCase",
        EXPECTED,
        kind="COMPLAINT",
        channel="HOTLINE",
        title="望海里周边5辆僵尸车长期占道",
        description="2辆小轿车、3辆摩托车长期停放在望海里9幢外人行道，妨碍通行。",
        gridCode="990101001001001",
        address="望海里9幢外人行道",
        point={"longitude": 122.903, "latitude": 28.221, "crs": "CGCS2000"},
        reporter={"personId": await person_id(stage)},
    ) as scene:
        await _take_in(scene)
        whistle = await _blow(scene)
        await _report_in(scene)
        await _close(scene, whistle)
        await _rate(scene, whistle)


async def person_id(stage: Stage) -> str:
    """Global id of the resident P014, as the resident's own view tells it."""
    people = await stage.resident("P014").query("{ people(first: 1) { nodes { id } } }")
    identifier: str = people["people"]["nodes"][0]["id"]
    return identifier


async def _take_in(scene: Scene) -> None:
    dispatcher, case = scene.watcher, scene.case_id
    await scene.do(dispatcher, "classifyCase", caseId=case, categoryCode="A13", urgency="GENERAL")
    await scene.do(dispatcher, "acceptCase", caseId=case)


async def _blow(scene: Scene) -> str:
    """Draft, submit, approve; answers the whistle's id."""
    dispatcher, leader = scene.watcher, scene.stage.staff("张示远")
    drafted = await scene.do(
        dispatcher,
        "draftWhistle",
        caseId=scene.case_id,
        kind="JOINT_ENFORCEMENT",
        reasonKind="NO_POWER",
        reason="街道无拖移执法权",
        selfEffort="网格员张贴告知、电话联系车主，多次劝导未果",
        dutyBasis="街道履职事项清单：占道车辆清理须由综合执法、交警实施",
        place="望海里9幢外人行道",
        parties=[{"organizationCode": "CG", "role": "LEAD"}, {"organizationCode": "JJ", "role": "CO"}],
    )
    whistle: str = drafted["whistle"]["id"]
    await scene.do(dispatcher, "submitWhistle", whistleId=whistle)
    await scene.do(leader, "approveWhistle", whistleId=whistle, text="同意吹哨")
    return whistle


async def _report_in(scene: Scene) -> None:
    """Both departments acknowledge, arrive and report through their plugins; one report is returned and done again."""
    for organization in ("CG", "JJ"):
        await scene.until("reportResult", organization)
    found, dispatcher = await scene.assignments(), scene.watcher
    await scene.do(
        dispatcher,
        "returnReport",
        assignmentId=found["CG"]["id"],
        method="ON_SITE",
        text="复查仍有1辆摩托车未清移，请继续处置",
    )
    await scene.until("reportResult", "CG", times=2)
    for organization in ("CG", "JJ"):
        await scene.do(
            dispatcher,
            "verifyReport",
            assignmentId=found[organization]["id"],
            method="ON_SITE",
            text="现场核查：车辆已清移，通道畅通",
        )


async def _close(scene: Scene, whistle: str) -> None:
    """消哨 closes the case; then a third person calls the reporter."""
    result = "通知车主自行清移2辆，依法拖移3辆，通道恢复畅通。"
    await scene.do(scene.watcher, "closeWhistle", whistleId=whistle, resultText=result, closeKind="SOLVED")
    await scene.do(
        scene.stage.staff("毛示访"),
        "recordFollowUp",
        caseId=scene.case_id,
        channel="电话",
        contacted=True,
        responded=True,
        solved="SOLVED",
        satisfaction="SATISFIED",
    )


async def _rate(scene: Scene, whistle: str) -> None:
    """Both sides are assessed: the street rates each department, the county judges whether the whistle was proper."""
    leader, county = scene.stage.staff("张示远"), scene.stage.staff("曹示度")
    for organization, mark in (("CG", 95), ("JJ", 92)):
        await scene.do(
            leader,
            "rateDepartment",
            whistleId=whistle,
            organizationCode=organization,
            scores={"reportIn": mark, "handling": mark, "result": mark},
        )
    await scene.do(scene.stage.resident("P014"), "rateResult", caseId=scene.case_id, satisfaction="SATISFIED")
    await scene.do(county, "judgeWhistle", whistleId=whistle, proper=True, comment="多部门事项，吹哨得当")
