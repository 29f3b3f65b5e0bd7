"""``make chaos`` for a quarter of a minute, by a seed that kills a server, PostgreSQL and a worker, and freezes a department."""

from pathlib import Path

from tests.chaos.running import Plan, run, summary

PLAN = Plan(seed=8934, seconds=12, clients=4, cases_followed=5, pause=2)


async def test_nothing_is_missing_doubled_or_out_of_order(open_folder: Path) -> None:
    said: list[str] = []
    findings, disturber = await run(PLAN, open_folder, said.append)

    told = "\n".join([f"seed {PLAN.seed}", *said, str(summary(findings, disturber)), *findings.faults])
    assert not findings.faults, told
    assert disturber.comebacks.seconds["server"], told
    assert disturber.comebacks.seconds["department"], told
