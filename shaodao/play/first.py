"""Story "first": 首问负责 — one matter settled at the counter, one that needs an initial opinion and goes up (S-11 to S-13)."""

from datetime import timedelta

from shaodao.play.stage import Expected, Scene, Stage

SETTLED = Expected(case=("REGISTERED", "ACCEPTED", "CLOSED", "FOLLOWED_UP"))
SENT_UP = Expected(case=("REGISTERED", "ACCEPTED", "ASSIGNED", "HANDLING", "VERIFYING", "CLOSED"))


async def play(stage: Stage) -> None:
    """Both cases, one after the other."""
    await _at_the_counter(stage)
    await _up_to_the_street(stage)


async def _at_the_counter(stage: Stage) -> None:
    """即接即办: the first receiver answers at once; a third person calls back."""
    chief = stage.staff("尤示宁")
    async with stage.watched(
        chief,
        "registerCase",
        SETTLED,
        kind="CONSULT",
        channel="SERVICE_WINDOW",
        title="低保申请条件咨询",
        description="居民到窗口咨询低保申请条件和所需材料。",
        categoryCode="A14",
        gridCode="990101001001001",
        reporter={"name": "沈例宽", "phone": "10000010014"},
    ) as scene:
        await scene.do(chief, "acceptCase", caseId=scene.case_id)
        result = "首问责任人当场答复并发放办事指南。"
        await scene.do(chief, "settleCaseAtOnce", caseId=scene.case_id, resultText=result, closeKind="ANSWERED")
        await scene.do(
            stage.staff("毛示访"),
            "recordFollowUp",
            caseId=scene.case_id,
            channel="电话",
            contacted=True,
            responded=True,
            solved="SOLVED",
            satisfaction="VERY_SATISFIED",
        )


async def _up_to_the_street(stage: Stage) -> None:
    """No clear reply is possible: 初步受理意见, then up; the street dispatches it to its own office."""
    worker = stage.staff("周示岚")
    async with stage.watched(
        worker,
        "registerCase",
        SENT_UP,
        kind="HELP",
        channel="HOME_VISIT",
        title="望海里3幢楼道扶手松动",
        description="三至四层楼道扶手多处松动，老人上下楼不便。",
        categoryCode="A10",
        gridCode="990101001001001",
        address="望海里3幢",
        reporter={"name": "沈例宽", "phone": "10000010014"},
    ) as scene:
        opinion = "涉及公共部位维修，社区无维修资金和队伍，建议由街道城建办处理。"
        await scene.do(worker, "reportCaseUp", caseId=scene.case_id, initialOpinion=opinion)
        await _handled_by_the_street(scene)


async def _handled_by_the_street(scene: Scene) -> None:
    stage, case = scene.stage, scene.case_id
    dispatcher, office = stage.staff("吕示衡"), stage.handler("ZJ")
    await scene.do(dispatcher, "acceptCase", caseId=case)
    await scene.do(dispatcher, "classifyCase", caseId=case, urgency="COMPLEX")
    await scene.do(
        dispatcher,
        "dispatchCase",
        caseId=case,
        parties=[{"organizationCode": "ZJ", "role": "LEAD"}],
        dutyBasis="街道履职事项清单：住宅公共部位维修由住建部门负责",
    )
    assignment = (await scene.assignments())["ZJ"]["id"]
    await scene.do(office, "acknowledgeAssignment", assignmentId=assignment, persons=["戚示筑"])
    await scene.do(office, "startHandling", assignmentId=assignment)
    now = await stage.now(office)
    await scene.do(
        office,
        "reportResult",
        assignmentId=assignment,
        acceptedAt=now.isoformat(),
        talkedWith="网格员 周示岚",
        measures="加固扶手12处，更换2处",
        solveBy=(now + timedelta(days=1)).isoformat(),
        result="SOLVED",
        fields={},
    )
    await scene.do(dispatcher, "verifyReport", assignmentId=assignment, method="PHOTO", text="照片核查：扶手已加固")
    await scene.do(dispatcher, "closeCase", caseId=case, resultText="扶手已加固或更换。", closeKind="SOLVED")
