"""``shaodao play``: plays a story of the demonstration street against a running server, through its public API only."""

import httpx
from rich.console import Console

from shaodao.play import car, first, month, night
from shaodao.play.client import RefusedByApi, reachable
from shaodao.play.stage import Stage
from shaodao.settings import Settings, StartError

STORIES = {"car": car.play, "night": night.play, "first": first.play, "month": month.play}


async def run(settings: Settings, url: str, story: str) -> int:
    """Play a story; answers the exit status: 0 only if nothing differed from what the story tells.

    Raises StartError for an unknown story or an address where nothing answers.
    """
    play = STORIES.get(story)
    if play is None:
        raise StartError(f"there is no story {story!r}; there are: {', '.join(STORIES)}")
    console = Console()
    async with httpx.AsyncClient(timeout=30) as http:
        if not await reachable(url, http):
            raise StartError(f"nothing answers at {url}; start the demonstration with: make demo")
        stage = Stage(settings, url, console, http)
        try:
            await play(stage)
        except (RefusedByApi, TimeoutError) as error:
            stage.faults.append(str(error))
    for fault in stage.faults:
        console.print(f"✗ {fault}", style="bold red")
    if not stage.faults:
        console.print(f"✓ {story}: {stage.verdict}", style="bold green")
    return 1 if stage.faults else 0
