"""Who was back in time after PostgreSQL, as ``make chaos`` judges it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.chaos.comebacks import Comebacks, Outage, Watched
from tests.chaos.fleet import Refusal

READS, WRITES = {"feedCursor": "1.2.3"}, {"registerCase": {"cursor": "1.2.4"}}


def comebacks(tmp_path: Path, answer_after: float = 0, writes: Mapping[str, object] = WRITES) -> Comebacks:
    """What is known of servers that answer after so many seconds, and what they answer to a command."""

    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(answer_after)
        return httpx.Response(200, json={"data": writes if b"mutation" in request.content else READS})

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    (tmp_path / "heard").touch()
    return Comebacks(tmp_path / "heard", "", http)


@pytest.mark.parametrize(("asked_after", "late"), [(9.0, []), (9.95, ["server after 10"])])
async def test_back_is_who_has_answered_in_time_not_who_was_asked_in_time(
    tmp_path: Path, asked_after: float, late: list[str]
) -> None:
    made = comebacks(tmp_path, answer_after=0.1)
    await made.await_all([Watched("server", 1, url="http://server")], Outage(0, monotonic() - asked_after))
    assert [told.partition(".")[0] for told in made.late] == late
    assert len(made.seconds["server"]) == 1


async def test_a_server_that_reads_and_does_not_write_is_not_back(tmp_path: Path) -> None:
    made = comebacks(tmp_path, writes={"registerCase": {"code": "UNAVAILABLE"}})
    await made.await_all([Watched("server", 1, url="http://server")], Outage(0, monotonic() - 29.9))
    assert made.late == ["server after inf s"]


async def test_a_department_is_back_when_its_own_process_calls_a_hook(tmp_path: Path) -> None:
    made, watched = comebacks(tmp_path), Watched("police of one", 7, department="police")
    own = b'{"hook":"on_whistle","department":"police","worker":7}\n'
    made.heard.write_bytes(own)
    waiting = asyncio.create_task(made.await_all([watched], Outage(0, monotonic())))
    await asyncio.sleep(0)
    with made.heard.open("ab") as heard:
        heard.write(b'{"hook":"on_wake","department":"police","worker":8}\n')
        heard.write(b'{"hook":"on_wake","department":"city","worker":7}\n')
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.2)
    with made.heard.open("ab") as heard:
        heard.write(own)
    await waiting
    assert (made.late, len(made.seconds["department"])) == ([], 1)


async def test_who_never_comes_back_is_late(tmp_path: Path) -> None:
    made = comebacks(tmp_path)
    await made.await_all([Watched("police of one", 7, department="police")], Outage(0, monotonic() - 29.9))
    assert made.late == ["police of one after inf s"]


def test_a_start_may_be_refused_only_while_postgresql_is_gone(tmp_path: Path) -> None:
    made = comebacks(tmp_path)
    made.outages.append(Outage(gone=10, back=12))
    before, during, after = Refusal("a", 1, 8, 9.9), Refusal("b", 1, 9, 10.1), Refusal("c", 3, 12.1, 13)
    assert made.needless([before, during, after]) == [before, after]
