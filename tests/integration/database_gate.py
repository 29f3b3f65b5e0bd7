"""A way to the database that can be shut and opened again, as when the database is gone for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit


@asynccontextmanager
async def gate_to(dsn: str, folder: Path) -> AsyncIterator[tuple[str, "Gate"]]:
    """A way to the database that can be shut: its DSN, and what shuts it."""
    gate = Gate(parse_qs(urlsplit(dsn).query)["host"][0] + "/.s.PGSQL.5432", str(folder / ".s.PGSQL.5432"))
    await gate.open()
    try:
        yield urlsplit(dsn)._replace(query=f"host={quote(str(folder))}").geturl(), gate
    finally:
        await gate.shut()


@dataclass
class Gate:
    """Passes everything between a socket of its own and that of PostgreSQL until it is shut."""

    target: str
    path: str
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Let connections through."""
        self.flowing.set()
        self.server = await asyncio.start_unix_server(self._connected, self.path)

    async def shut(self) -> None:
        """Cut what is connected, and let nobody in."""
        self.server.close()
        self.flowing.set()
        for writer in self.writers:
            writer.transport.abort()
        Path(self.path).unlink(missing_ok=True)
        await asyncio.sleep(0)

    def freeze(self) -> None:
        """Keep what is connected, and pass nothing on any more, as when the network is cut in silence."""
        self.flowing.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind = await asyncio.open_unix_connection(self.target)
        self.writers += [writer, behind]
        with suppress(OSError):
            await asyncio.gather(self._pass(reader, behind), self._pass(behind_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self.flowing.wait()
            writer.write(data)
        writer.close()
