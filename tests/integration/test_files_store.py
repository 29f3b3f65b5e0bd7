"""Where files lie: a folder, or an S3-compatible store; and what becomes of uploads that nobody attaches."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from obstore.store import MemoryStore, S3Store

from shaodao.commands.attaching import Target
from shaodao.commands.attachments import AttachmentInput, attach
from shaodao.commands.running import Command
from shaodao.delivery.sweeping import Sweeper
from shaodao.doctor import files as examined
from shaodao.domain.vocabulary import AttachmentKind
from shaodao.files import FileStore, below, file_store, key_of
from shaodao.postgres.embedded import Cluster
from shaodao.settings import Settings, StartError
from tests.integration.api_steps import code_of, copied, opened, settings_of
from tests.integration.case_steps import registered
from tests.integration.conftest import Street
from tests.integration.file_steps import intake_of, png
from tests.integration.graphql_steps import CAR
from tests.integration.test_http_files import REGISTER, act, announced, sent

BUCKET = "shaodao-files"
SERVER = """
import boto3, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(Bucket="shaodao-files")
print(f"http://{host}:{port}", flush=True)
input()
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3-compatible server with a bucket."""
    keys = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "hidden"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], env=os.environ | keys, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield next(line.strip() for line in process.stdout if re.match("http://", line))
        finally:
            process.terminate()


def settings_for(folder: Path, **environment: str) -> Settings:
    return Settings.from_environment({"SHAODAO_DATA_DIR": str(folder), **environment})


def settings_in_s3(folder: Path, address: str, bucket: str = BUCKET) -> Settings:
    return settings_for(
        folder, SHAODAO_FILES=f"s3://{bucket}/street", SHAODAO_FILES_ENDPOINT=address, SHAODAO_FILES_KEY_ID="user",
        SHAODAO_FILES_SECRET="hidden",
    )  # fmt: skip


async def whole(store: FileStore, key: str, start: int = 0, end: int = 10**9) -> bytes:
    return b"".join([chunk async for chunk in await store.read(key, start, end)])


async def roundtrip(store: FileStore) -> None:
    identifier, content = UUID(int=7), png("a", 6_000_000)  # longer than one part of S3's
    key = key_of(990101, identifier, "0" * 64)
    await store.put(key, content)
    assert await whole(store, key, 0, len(content)) == content
    assert await whole(store, key, 3, 9) == content[3:9]
    await store.put(key_of(990101, identifier, "1" * 64), b"other")
    await store.delete_below(below(990101, identifier))
    with pytest.raises(FileNotFoundError):
        await store.read(key, 0, 1)
    await store.check()


async def test_a_folder_keeps_files(tmp_path: Path) -> None:
    await roundtrip(file_store(settings_for(tmp_path)))
    assert (tmp_path / "files").is_dir()
    other = settings_for(tmp_path, SHAODAO_FILES=str(tmp_path / "shared" / "photos"))
    await roundtrip(file_store(other))
    assert (tmp_path / "shared" / "photos").is_dir()


async def test_an_s3_compatible_store_keeps_files(s3: str, tmp_path: Path) -> None:
    store = file_store(settings_in_s3(tmp_path, s3))
    await roundtrip(store)
    await store.put("990101/x", b"here")
    raw = S3Store(
        BUCKET, config={"endpoint": s3, "region": "us-east-1", "access_key_id": "user", "secret_access_key": "hidden"},
        client_options={"allow_http": True},
    )  # fmt: skip
    found = await raw.get_async("street/990101/x")
    assert bytes(await found.bytes_async()) == b"here"
    assert not (tmp_path / "files").exists()


async def test_a_store_that_is_gone_is_told_soon_and_as_that(
    postgres: Cluster, street_template: str, tmp_path: Path
) -> None:
    async with copied(postgres, street_template) as dsn:
        gone = settings_of(
            dsn,
            tmp_path,
            files="s3://gone",
            files_endpoint="http://127.0.0.1:1",
            files_key_id="user",
            files_secret="hidden",
        )
        async with opened(gone) as api:
            case = (await act(api, REGISTER, **CAR))["case"]["id"]
            upload = await announced(api, case, png())
            answer = await sent(api, upload, png())
    assert (answer.status_code, code_of(answer)) == (503, "UNAVAILABLE")


async def test_doctor_says_whether_files_can_be_kept(s3: str, tmp_path: Path) -> None:
    assert (await examined(settings_for(tmp_path))).mend is None
    well = await examined(settings_in_s3(tmp_path, s3))
    assert (well.found, well.mend) == ("s3://shaodao-files/street", None)
    missing = await examined(settings_in_s3(tmp_path, s3, "no-such-bucket"))
    assert missing.mend is not None
    assert "hidden" not in f"{missing.found}{missing.mend}"
    (tmp_path / "file").touch()
    blocked = await examined(settings_for(tmp_path, SHAODAO_FILES=str(tmp_path / "file")))
    assert blocked.mend is not None
    half = settings_for(tmp_path, SHAODAO_FILES="s3://bucket", SHAODAO_FILES_KEY_ID="user")
    assert "SecretAccessKey" in str((await examined(half)).mend)
    with pytest.raises(StartError, match="SHAODAO_FILES"):
        file_store(settings_for(tmp_path, SHAODAO_FILES=str(tmp_path / "file" / "below")))


async def test_what_nobody_attaches_is_thrown_away_in_time(street: Street) -> None:
    case_id, actor = await registered(street), street.viewer("吕示衡")
    store = FileStore(MemoryStore(), "memory")
    intake = replace(intake_of(street), store=store)
    target = Target(case_id=case_id)
    kept, left = [
        await intake.take(actor, street.county, target, "a.png", png(text), text) for text in ("kept", "left")
    ]
    given = AttachmentInput(AttachmentKind.BEFORE, "a.png")
    outcome = await street.run(lambda tx: attach(tx, target, given, upload_id=kept), actor)
    assert outcome.record_id == kept
    sweeper = Sweeper(street.pool, store, lambda: street.now)

    async def there() -> list[str]:
        shas = await street.pool.fetch("SELECT id, sha256 FROM upload_seen")
        found = []
        for row in shas:
            try:
                await store.read(key_of(street.county, row["id"], row["sha256"]), 0, 1)
                found.append(row["id"])
            except FileNotFoundError:
                pass
        return found

    await street.pool.execute("CREATE TABLE upload_seen AS SELECT id, sha256 FROM upload")
    await sweeper.one_pass()
    assert set(await there()) == {kept, left}
    street.now += timedelta(hours=street.ground.rulebook.files.attach_hours)
    late: Command = lambda tx: attach(tx, target, given, upload_id=left)  # noqa: E731 - it is run as a command
    with pytest.raises(Exception, match="Upload"):
        await street.run(late, actor)
    await sweeper.one_pass()
    assert await there() == [kept]
    assert await street.pool.fetchval("SELECT count(*) FROM upload") == 0
