"""Loading departments where a hanging or ending import can be ended: each is tried in another process first."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from shaodao.departments import DepartmentError, LoadedDepartment, UnknownDepartment, load_source
from shaodao.plugin import DepartmentSettings
from shaodao.spawning import receive_orders, spawn


@dataclass(frozen=True)
class ProbeLimits:
    """Seconds that an import may take: of all departments ``together`` in one process, which is cheaper, then ``alone``.

    One that fails together is found by itself.
    """

    together: float = 5.0
    alone: float = 10.0


@dataclass(frozen=True)
class ProbeOrders:
    """Which departments to load, and with what settings."""

    sources: Sequence[str]
    settings: DepartmentSettings


class Finding(msgspec.Struct):
    """What the probe found wrong with a department; nothing where ``error`` is empty."""

    error: str = ""
    unknown: bool = False


async def load_probed(
    sources: Sequence[str], settings: DepartmentSettings, limits: ProbeLimits | None = None
) -> tuple[list[LoadedDepartment], dict[str, str]]:
    """The departments that load, and the errors of those that do not, by source.

    Raises UnknownDepartment for a name that there is not.
    """
    loaded: list[LoadedDepartment] = []
    errors: dict[str, str] = {}
    for source, finding in zip(sources, await _probe_all(sources, settings, limits or ProbeLimits()), strict=True):
        if finding.unknown:
            raise UnknownDepartment(finding.error)
        try:
            if finding.error:
                raise DepartmentError(finding.error)
            loaded.append(load_source(source, settings))
        except DepartmentError as error:
            errors[source] = str(error)
    return loaded, errors


async def _probe_all(sources: Sequence[str], settings: DepartmentSettings, limits: ProbeLimits) -> list[Finding]:
    if not sources:
        return []
    together = await _probe(ProbeOrders(sources, settings), limits.together)
    if isinstance(together, list):
        return together
    return list(await asyncio.gather(*(_probe_one(source, settings, limits.alone) for source in sources)))


async def _probe_one(source: str, settings: DepartmentSettings, seconds: float) -> Finding:
    told = await _probe(ProbeOrders((source,), settings), seconds)
    return told[0] if isinstance(told, list) else Finding(f"department {source}: its import {told}")


async def _probe(orders: ProbeOrders, seconds: float) -> list[Finding] | str:
    """A finding for each department, or what became of the process."""
    process, link = await spawn("shaodao.probing", orders)
    try:
        async with asyncio.timeout(seconds):
            told = await asyncio.get_running_loop().sock_recv(link, 1 << 20)
            if told:
                return msgspec.msgpack.decode(told, type=list[Finding])
            return f"ends the process, with status {await process.wait()}"
    except TimeoutError:
        return f"does not end within {seconds:g} seconds"
    finally:
        link.close()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def main() -> None:
    """The probe: load departments and tell how that went."""
    orders, link = receive_orders()
    link.send(msgspec.msgpack.encode([_found(source, orders.settings) for source in orders.sources]))


def _found(source: str, settings: DepartmentSettings) -> Finding:
    try:
        load_source(source, settings)
    except DepartmentError as error:
        return Finding(str(error)[:2000], isinstance(error, UnknownDepartment))
    return Finding()


if __name__ == "__main__":
    main()
