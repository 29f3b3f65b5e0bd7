"""Hostile requests against a server process: each is answered or cut as it should be, and somebody else is answered all the while.

``make bench-hostile`` measures the same things; here times are bounds that only a server that stands still would break.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bench.attacks import ANSWERED_WITHIN, Attack, Target, attacks
from bench.bystander import Bystander, standing_by
from bench.hostile import BYSTANDER, HOSTILE, token_of
from bench.served import served
from shaodao.postgres.embedded import Cluster
from shaodao.serving import allow_open_files
from tests.integration.api_steps import copied, settings_of
from tests.integration.conftest import ground, street_template  # noqa: F401 - fixtures

pytestmark = pytest.mark.asyncio(loop_scope="module")

ATTACKS = tuple(attacks())
SLACK = 2.0
"""Seconds that a machine with other work may add to an attack that is cut by the clock."""


@dataclass(frozen=True)
class Scene:
    """A server process, somebody hostile, and somebody else."""

    target: Target
    bystander: Bystander


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    postgres: Cluster,
    street_template: str,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    allow_open_files()
    async with copied(postgres, street_template) as dsn:
        settings = settings_of(dsn, tmp_path_factory.mktemp("data"))
        with served(dsn, settings.data_dir) as server:
            target = Target(server.port, token_of(settings, HOSTILE))
            with standing_by(server.port, token_of(settings, BYSTANDER)) as bystander:
                yield Scene(target, bystander)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_it_is_answered_or_cut_and_others_are_answered(scene: Scene, attack: Attack) -> None:
    begun = time.monotonic()
    result = await attack.run(scene.target)
    assert result.expected, result.outcomes
    assert result.seconds < attack.within + SLACK
    scene.bystander.await_more()
    waited = scene.bystander.waited(begun)
    assert len(waited) >= 5
    assert waited[-1] < ANSWERED_WITHIN
