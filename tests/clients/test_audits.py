"""The server audits of the npm package graphql-http, which know the drafts before the September 2026 edition."""

from pathlib import Path

import pytest

from shaodao.postgres.embedded import Cluster
from shaodao.setting_values import InvalidStatus
from tests.clients.programs import Line, node, run
from tests.integration.api_steps import copied, serving, settings_of

AUDITS = 61

CHANGED = {
    "47DE", "80D8",  # application/json to who names no type: now the server's choice
    "572B", "FDE2", "7B9B",  # 200 for every answer in application/json: now the statuses of graphql-response+json
    "86EE",  # 400 for variables that do not fit: now 422
    "423L", "3E3A",  # 400 for a request that is not well-formed: now 422
    *(f"{group}{number}" for group in ("LKJ", "6C0", "476", "58B") for number in range(4)),  # the same
}  # fmt: skip
"""What the September 2026 edition has otherwise."""


@pytest.fixture(autouse=True)
def _programs() -> None:
    node()


async def audited(postgres: Cluster, template: str, folder: Path, status: InvalidStatus) -> list[Line]:
    """What the audits find where that is the status of what does not validate."""
    async with (
        copied(postgres, template) as dsn,
        serving(settings_of(dsn, folder, invalid_status=status)) as server,
    ):
        address = f"http://127.0.0.1:{server.port}/graphql"
        return await run("audits.mjs", {"URL": address, "TOKEN": server.api.token()})


async def test_a_server_for_old_clients_passes_all(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    found = await audited(postgres, street_template, tmp_path, 400)
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len(found) == AUDITS


async def test_by_the_standard_none_fails_but_those_that_it_changed(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    found = await audited(postgres, street_template, tmp_path, 422)
    failed = [audit for audit in found if audit["status"] != "ok"]
    assert [audit for audit in failed if audit["status"] == "error"] == []
    assert {audit["id"] for audit in failed} == CHANGED
