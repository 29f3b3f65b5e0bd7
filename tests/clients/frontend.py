"""The programs of docs/http.md, built as a frontend builds them: graphql-codegen and tsc, relay-compiler and Babel, Apollo's manifest."""

import asyncio
import json
import shutil
from pathlib import Path

from tests.clients.programs import FOLDER, finished
from tests.integration.documented import ROOT, files

PAGE = ROOT / "docs" / "http.md"
WRITTEN_FOR = "127.0.0.1:8000"

PROGRAMS = {"fetch": "fetch.js", "apollo": "apollo.js", "urql": "built/urql.js", "relay": "relay.js"}
MANIFESTS = ("documents.json", "persisted-query-manifest.json", "gql/persisted-documents.json", "relay-documents.json")

STRICT = {
    "compilerOptions": {
        "strict": True, "noUncheckedIndexedAccess": True, "exactOptionalPropertyTypes": True, "target": "es2022",
        "module": "nodenext", "allowJs": True, "skipLibCheck": True, "types": ["node"], "outDir": "built",
    },
    "files": ["urql.ts"],
}  # fmt: skip


async def build(folder: Path) -> None:
    """Lay out the files of the page, and build them. AssertionError with what a tool says when it fails."""
    for name, text in files(PAGE).items():
        (folder / name).write_text(text)
    shutil.copy(ROOT / "schema" / "schema.graphql", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "tsconfig.json").write_text(json.dumps(STRICT))
    (folder / "relay-documents.json").write_text("{}")
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    await asyncio.gather(_typed(folder), _relay(folder), _tool(folder, "generate-persisted-query-manifest"))


def aimed(built: Path, folder: Path, port: int) -> Path:
    """A copy of what was built, for a server on a port."""
    shutil.copytree(built, folder, symlinks=True)
    for script in (*folder.glob("*.js"), *folder.glob("built/*.js")):
        script.write_text(script.read_text().replace(WRITTEN_FOR, f"127.0.0.1:{port}"))
    return folder


async def _typed(folder: Path) -> None:
    await _tool(folder, "graphql-codegen", "--config", "codegen.ts")
    await _tool(folder, "tsc", "--project", ".")


async def _relay(folder: Path) -> None:
    await _tool(folder, "relay-compiler", "relay.config.json")
    await finished(str(FOLDER / "babel.mjs"), "relay.js", folder=folder)


async def _tool(folder: Path, name: str, *arguments: str) -> None:
    await finished(f"node_modules/.bin/{name}", *arguments, folder=folder)
