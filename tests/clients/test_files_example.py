"""The program of docs/files.md runs as it stands, but for the server's address."""

import asyncio
import os
import re
from pathlib import Path

from shaodao.postgres.embedded import Cluster
from tests.clients.programs import FOLDER, node
from tests.integration.api_steps import copied, serving, settings_of
from tests.integration.file_steps import png
from tests.integration.graphql_steps import CAR

PAGE = Path(__file__).parents[2] / "docs" / "files.md"
REGISTER = (
    "mutation ($input: RegisterCaseInput!) { it: registerCase(input: $input) { ... on CasePayload { case { id } } } }"
)


async def test_a_photo_goes_up_and_is_shown(postgres: Cluster, street_template: str, tmp_path: Path) -> None:
    [program] = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    photo = tmp_path / "photo.png"
    photo.write_bytes(png("example"))
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, tmp_path)) as server:
        registered = await server.api.ask(REGISTER, {"input": CAR | {"idempotencyKey": "case"}})
        case = registered.json()["data"]["it"]["case"]["id"]
        process = await asyncio.create_subprocess_exec(
            node(), "--input-type=module", cwd=FOLDER,
            env=os.environ | {"TOKEN": server.api.token(), "CASE": case, "PHOTO": str(photo)},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(30):
            printed, _ = await process.communicate(
                program.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").encode()
            )
    assert printed.decode().strip() == "image/png true"
