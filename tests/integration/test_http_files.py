"""Files over HTTP: announced, sent, attached and read by links; and everything that a client can do wrong on the way."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from schema.ids import decode
from shaodao.host import utc_now
from shaodao.key_files import personal_data_key
from shaodao.links import Links, Purpose
from shaodao.postgres.embedded import Cluster
from tests.integration.api_steps import DISPATCHER, Api, code_of, copied, execute, opened, serving, settings_of
from tests.integration.file_steps import docx, pdf, png
from tests.integration.graphql_steps import CAR

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKER = "周示岚"
KEYS = count()
PROBLEM = "__typename ... on Problem { code message } ... on InvalidInput { faults { path } }"
REGISTER = (
    "mutation ($input: RegisterCaseInput!) { it: registerCase(input: $input) { ... on CasePayload { case { id } } } }"
)
UPLOAD = f"""mutation ($input: RequestUploadInput!) {{ it: requestUpload(input: $input) {{ {PROBLEM}
  ... on UploadPayload {{ uploadId method url headers {{ name value }} expiresAt }} }} }}"""
ATTACH = f"""mutation ($input: AddAttachmentInput!) {{ it: addAttachment(input: $input) {{ {PROBLEM}
  ... on AttachmentPayload {{ attachment {{ id name mediaType size sha256 stored }} outcome {{ repeated }} }} }} }}"""
LINKS = f"""mutation ($input: RequestDownloadsInput!) {{ it: requestDownloads(input: $input) {{ {PROBLEM}
  ... on DownloadsPayload {{ downloads {{ url expiresAt attachment {{ name }} }} }} }} }}"""
PREFLIGHT = {"graphql-require-preflight": "1"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("data")
    async with copied(postgres, street_template) as dsn, opened(settings_of(dsn, folder)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def case(api: Api) -> str:
    return str((await act(api, REGISTER, **CAR))["case"]["id"])


async def act(api: Api, document: str, who: str = DISPATCHER, **given: Any) -> dict[str, Any]:
    given.setdefault("idempotencyKey", f"key-{next(KEYS)}")
    answer = await api.ask(document, {"input": given}, who=who)
    return dict(answer.json()["data"]["it"])


async def announced(api: Api, case: str, content: bytes, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"caseId": case, "name": "现场.png", "size": len(content)} | more
    answer = await act(api, UPLOAD, **given)
    assert "url" in answer, answer
    return answer


async def sent(api: Api, upload: dict[str, Any], content: bytes, **headers: str) -> httpx.Response:
    return await api.client.put(upload["url"], content=content, headers={"accept-language": "en", **headers})


async def attached(api: Api, case: str, content: bytes, name: str = "现场.png") -> dict[str, Any]:
    upload = await announced(api, case, content)
    assert (await sent(api, upload, content)).status_code == 200
    added = await act(api, ATTACH, caseId=case, uploadId=upload["uploadId"], kind="BEFORE", name=name)
    return dict(added["attachment"])


async def link_to(api: Api, attachment: str, who: str = DISPATCHER) -> str:
    answer = await act(api, LINKS, who, attachmentIds=[attachment])
    return str(answer["downloads"][0]["url"])


def files_kept(api: Api) -> int:
    folder = api.settings.data_dir / "files"
    return sum(1 for path in folder.rglob("*") if path.is_file())


def links(api: Api) -> Links:
    return Links(personal_data_key(api.settings), utc_now)


def made_link(api: Api, purpose: Purpose, identifier: str, minutes: int = 5) -> str:
    found = decode(identifier)
    assert found.county is not None
    return links(api).issue(purpose, found.county, UUID(found.key), "x", timedelta(minutes=minutes)).token


async def test_a_photo_is_sent_attached_and_shown(api: Api, case: str) -> None:
    content = png("望海里")
    upload = await announced(api, case, content, mediaType="image/png", sha256=hashlib.sha256(content).hexdigest())
    assert upload["method"] == "PUT"
    assert upload["headers"] == [{"name": "Content-Type", "value": "image/png"}]
    stored = await sent(api, upload, content)
    assert stored.json() == {
        "mediaType": "image/png", "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    added = await act(api, ATTACH, caseId=case, uploadId=upload["uploadId"], kind="BEFORE", name="门前 “车”.png")
    attachment = added["attachment"]
    assert attachment | {"id": ""} == {"id": "", "name": "门前 “车”.png", "stored": True, **stored.json()}

    shown = await api.client.get(await link_to(api, attachment["id"]))
    assert (shown.status_code, shown.content) == (200, content)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline; filename*=UTF-8''%E9%97%A8%E5%89%8D%20%E2%80%9C")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "no-store"


async def test_the_same_bytes_twice_are_stored_once_and_others_not_at_all(api: Api, case: str) -> None:
    content = png("once")
    upload = await announced(api, case, content)
    before = files_kept(api)
    answers = [await sent(api, upload, content) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    other = await sent(api, upload, png("Once"))
    assert (other.status_code, code_of(other)) == (409, "UPLOAD_CONFLICT")
    assert files_kept(api) == before + 1


async def test_of_two_contents_at_once_one_stays(api: Api, case: str) -> None:
    contents = [png("aa"), png("bb")]
    upload = await announced(api, case, contents[0])
    before = files_kept(api)
    answers = await asyncio.gather(*(sent(api, upload, content) for content in contents))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert files_kept(api) == before + 1
    first = next(content for content, answer in zip(contents, answers, strict=True) if answer.status_code == 200)
    added = await act(api, ATTACH, caseId=case, uploadId=upload["uploadId"], kind="DURING", name="a.png")
    assert (await api.client.get(await link_to(api, added["attachment"]["id"]))).content == first


async def test_a_repeated_request_gives_a_new_address_for_the_same_upload(api: Api, case: str) -> None:
    content = png("again")
    first = await announced(api, case, content, idempotencyKey="offline-1")
    again = await announced(api, case, content, idempotencyKey="offline-1")
    assert first["uploadId"] == again["uploadId"]
    assert (await sent(api, again, content)).status_code == 200
    given = {
        "caseId": case, "uploadId": first["uploadId"], "kind": "DURING", "name": "a.png", "idempotencyKey": "offline-2",
    }  # fmt: skip
    added, repeated = [await act(api, ATTACH, **given) for _ in range(2)]
    assert (added["outcome"]["repeated"], repeated["outcome"]["repeated"]) == (False, True)
    assert added["attachment"] == repeated["attachment"]


@pytest.mark.parametrize(
    ("announces", "content", "status", "code"),
    [
        ({}, b"<html><script>alert(1)</script>", 415, "FILE_TYPE_NOT_ALLOWED"),
        ({}, b"MZ" + b"\0" * 200, 415, "FILE_TYPE_NOT_ALLOWED"),
        ({}, b"PK\3\4" + b"\0" * 200, 415, "FILE_TYPE_NOT_ALLOWED"),
        ({}, b"GIF89a" + b"\0" * 20, 415, "FILE_TYPE_NOT_ALLOWED"),
        ({"size": 10}, png(), 422, "FILE_MISMATCH"),
        ({"size": 5_000}, png(), 422, "FILE_MISMATCH"),
        ({"sha256": "0" * 64}, png(), 422, "FILE_MISMATCH"),
        ({"mediaType": "image/jpeg"}, png(), 422, "FILE_MISMATCH"),
        ({"size": 1}, b"", 415, "FILE_TYPE_NOT_ALLOWED"),
    ],
    ids=["page", "program", "archive", "gif", "too long", "too short", "hash", "type", "empty"],
)
async def test_bytes_that_are_not_taken(
    api: Api, case: str, announces: dict[str, Any], content: bytes, status: int, code: str
) -> None:
    upload, before = await announced(api, case, content, **announces), files_kept(api)
    answer = await sent(api, upload, content)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert files_kept(api) == before
    added = await act(api, ATTACH, caseId=case, uploadId=upload["uploadId"], kind="BEFORE", name="a.png")
    assert added["code"] == "STATE_CONFLICT"


@pytest.mark.parametrize(("content", "media_type"), [(pdf(), "application/pdf"), (docx(), "wordprocessingml")])
async def test_documents_are_saved_and_not_shown(api: Api, case: str, content: bytes, media_type: str) -> None:
    attachment = await attached(api, case, content, "告知书<script>.html")
    assert media_type in attachment["mediaType"]
    shown = await api.client.get(await link_to(api, attachment["id"]))
    assert shown.headers["content-disposition"].startswith("attachment; ")
    assert media_type in shown.headers["content-type"]


async def test_what_is_too_large_is_refused_before_it_is_read(api: Api, case: str) -> None:
    most = api.settings.limits.file_bytes
    refused = await act(api, UPLOAD, caseId=case, name="a.png", size=most + 1)
    assert [fault["path"] for fault in refused["faults"]] == ["size"]
    upload = await announced(api, case, png())
    read = []

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            read.append(1)
            yield b"\x89PNG\r\n\x1a\n" * 100

    told = await sent(api, upload, b"", **{"content-length": str(most + 1)})
    assert (told.status_code, code_of(told)) == (413, "FILE_TOO_LARGE")
    streamed = await api.client.put(upload["url"], content=endless())
    assert (streamed.status_code, code_of(streamed)) == (422, "FILE_MISMATCH")


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "长" * 10_000}, ["name"]),
        ({"name": "a\0.png"}, ["name"]),
        ({"size": 0}, ["size"]),
        ({"size": -1}, ["size"]),
        ({"mediaType": "text/html"}, ["mediaType"]),
        ({"sha256": "A" * 64}, ["sha256"]),
        ({"name": "", "size": 0, "mediaType": "", "sha256": ""}, ["name", "size", "mediaType", "sha256"]),
        ({"caseId": None}, ["caseId"]),
        ({"caseId": "Grid:990101:1"}, ["caseId"]),
    ],
)
async def test_a_faulty_announcement(api: Api, case: str, given: dict[str, Any], paths: list[str]) -> None:
    if "\0" in given.get("name", ""):
        answer = await api.ask(UPLOAD, {"input": {"idempotencyKey": "nul", "caseId": case, "size": 9, **given}})
        assert (answer.status_code, code_of(answer)) == (422, "INVALID_TEXT")
        return
    base: dict[str, Any] = {"caseId": case, "name": "a.png", "size": 9}
    refused = await act(api, UPLOAD, **base | given)
    assert [fault["path"] for fault in refused["faults"]] == paths


async def test_a_name_is_a_name_and_no_path(api: Api, case: str) -> None:
    attachment = await attached(api, case, png("path"), "../../etc/passwd")
    assert attachment["name"] == "../../etc/passwd"
    shown = await api.client.get(await link_to(api, attachment["id"]))
    assert shown.headers["content-disposition"] == "inline; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"
    folder = api.settings.data_dir / "files"
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in folder.rglob("*"))
    assert folder.stat().st_mode & 0o077 == 0


async def test_addresses_that_are_not_good(api: Api, case: str) -> None:
    content = png("address")
    upload = await announced(api, case, content)
    token = upload["url"].rpartition("/")[2]
    attachment = await attached(api, case, content)
    none = "Upload:990101:00000000-0000-0000-0000-000000000007"
    for path, status, code in (
        (f"/uploads/{token[:-3]}AAA", 403, "LINK_INVALID"),
        ("/uploads/x", 403, "LINK_INVALID"),
        (f"/uploads/{made_link(api, Purpose.DOWNLOAD, upload['uploadId'])}", 403, "LINK_INVALID"),
        (f"/uploads/{made_link(api, Purpose.UPLOAD, upload['uploadId'], -1)}", 410, "LINK_EXPIRED"),
        (f"/uploads/{made_link(api, Purpose.UPLOAD, none)}", 404, "NOT_FOUND"),
    ):
        answer = await api.client.put(path, content=content)
        assert (answer.status_code, code_of(answer)) == (status, code), path
    for path, status, code in (
        (f"/files/{token}", 403, "LINK_INVALID"),
        (f"/files/{api.token()}", 403, "LINK_INVALID"),
        (f"/files/{made_link(api, Purpose.DOWNLOAD, attachment['id'], -1)}", 410, "LINK_EXPIRED"),
        (f"/files/{made_link(api, Purpose.DOWNLOAD, none)}", 404, "NOT_FOUND"),
    ):
        answer = await api.client.get(path)
        assert (answer.status_code, code_of(answer)) == (status, code), path
    assert (await api.client.get("/files/..%2f..%2fsecret")).status_code == 404
    assert (await api.client.get(upload["url"])).status_code == 405


async def test_an_upload_is_attached_once_by_who_asked_for_it_and_where_it_was_asked_for(api: Api, case: str) -> None:
    content = png("mine")
    upload = await announced(api, case, content)
    given = {"caseId": case, "uploadId": upload["uploadId"], "kind": "BEFORE", "name": "a.png"}
    assert (await act(api, ATTACH, **given))["code"] == "STATE_CONFLICT"  # the bytes have not come
    assert (await sent(api, upload, content)).status_code == 200
    assert (await act(api, ATTACH, "尤示宁", **given))["code"] == "NOT_FOUND"
    other = (await act(api, REGISTER, **CAR | {"title": "另一件"}))["case"]["id"]
    assert (await act(api, ATTACH, **given | {"caseId": other}))["code"] == "NOT_FOUND"
    both = await act(api, ATTACH, **given, mediaType="image/png", size=1, sha256="0" * 64)
    assert [fault["path"] for fault in both["faults"]] == ["uploadId"]
    assert (await act(api, ATTACH, **given))["attachment"]["stored"]
    assert (await act(api, ATTACH, **given))["code"] == "STATE_CONFLICT"


async def test_nobody_announces_a_file_who_may_not_attach_it(api: Api, case: str) -> None:
    given: dict[str, Any] = {"caseId": case, "name": "a.png", "size": 9}
    assert (await act(api, UPLOAD, "毛示访", **given))["code"] in ("NOT_FOUND", "NOT_PERMITTED")
    assert (await act(api, UPLOAD, "CG", **given))["code"] == "NOT_FOUND"


async def test_a_file_of_another_system_has_no_link(api: Api, case: str) -> None:
    described: dict[str, Any] = {"mediaType": "image/jpeg", "size": 9, "sha256": "0" * 64}
    added = await act(api, ATTACH, caseId=case, kind="DOCUMENT", name="a.jpg", **described)
    assert added["attachment"]["stored"] is False
    refused = await act(api, LINKS, attachmentIds=[added["attachment"]["id"]])
    assert [fault["path"] for fault in refused["faults"]] == ["attachmentIds.0"]


@pytest.mark.parametrize("ids", [[], ["x"] * 51, ["x"], ["Case:990101:00000000-0000-0000-0000-000000000007"]])
async def test_faulty_ids_of_links(api: Api, ids: list[str]) -> None:
    assert (await act(api, LINKS, attachmentIds=ids))["code"] == "INVALID_INPUT"


async def test_a_part_of_a_file(api: Api, case: str) -> None:
    content = png("range")
    url = await link_to(api, (await attached(api, case, content))["id"])
    size = len(content)
    for asked, status, part in (
        ("bytes=0-9", 206, content[:10]),
        ("bytes=10-", 206, content[10:]),
        ("bytes=-5", 206, content[-5:]),
        (f"bytes=1-{size * 9}", 206, content[1:]),
        ("bytes=0-1,3-4", 200, content),
        ("bytes=5-2", 416, None),
        ("bytes=-0", 416, None),
        (f"bytes={size}-", 416, None),
        ("lines=1-2", 200, content),
    ):
        answer = await api.client.get(url, headers={"range": asked})
        assert answer.status_code == status, asked
        if part is not None:
            assert answer.content == part
            assert answer.headers["content-length"] == str(len(part))
    first = await api.client.get(url, headers={"range": "bytes=2-3"})
    assert first.headers["content-range"] == f"bytes 2-3/{size}"
    other = await api.client.get(url, headers={"range": "bytes=2-3", "if-range": '"other"'})
    assert other.status_code == 200
    head = await api.client.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")


async def test_links_are_logged_and_end_with_the_account(api: Api, case: str) -> None:
    attachment = (await attached(api, case, png("log")))["id"]
    url = await link_to(api, attachment, WORKER)
    assert (await api.client.get(url)).status_code == 200
    dsn = str(api.settings.database_url)
    key = decode(attachment).key
    await execute(
        dsn, f"DO $$ BEGIN ASSERT (SELECT count(*) FROM file_access WHERE attachment_id = '{key}') = 1; END $$"
    )
    await execute(dsn, f"UPDATE accounts SET enabled = false WHERE name = '{WORKER}'")
    try:
        assert (await api.client.get(url)).status_code == 404
    finally:
        await execute(dsn, f"UPDATE accounts SET enabled = true WHERE name = '{WORKER}'")


async def test_bytes_that_are_lost_are_not_there(api: Api, case: str) -> None:
    attachment = await attached(api, case, png("lost"))
    for path in (api.settings.data_dir / "files").rglob(attachment["sha256"]):
        path.unlink()
    answer = await api.client.get(await link_to(api, attachment["id"]))
    assert (answer.status_code, code_of(answer)) == (404, "NOT_FOUND")


async def test_an_upload_that_breaks_off_can_be_sent_again(
    postgres: Cluster, street_template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    async with copied(postgres, street_template) as dsn, serving(settings_of(dsn, folder)) as server:
        case = (await act(server.api, REGISTER, **CAR))["case"]["id"]
        content = png("broken", 50_000)
        upload = await announced(server.api, case, content)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = f"PUT {upload['url']} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content[:20_000])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await sent(server.api, upload, content)).status_code == 200
        assert files_kept(server.api) == 1


async def multipart(
    api: Api, operations: Any, places: Any, files: dict[str, bytes], preflight: bool = True, **more: str
) -> httpx.Response:
    def text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    parts: list[Any] = [(name, (None, text(value))) for name, value in (("operations", operations), ("map", places))]
    parts += [(name, (None, value)) for name, value in more.items()]
    parts += [(name, ("a.png", content, "image/png")) for name, content in files.items()]
    headers = api.headers(**(PREFLIGHT if preflight else {}))
    return await api.client.post("/graphql", files=parts, headers=headers)


def operation(case: str, **more: Any) -> dict[str, Any]:
    given = {
        "caseId": case, "kind": "AFTER", "name": "小.png", "file": None, "idempotencyKey": f"key-{next(KEYS)}", **more,
    }  # fmt: skip
    return {"query": ATTACH, "variables": {"input": given}}


PLACE = {"0": ["variables.input.file"]}


async def test_a_small_photo_in_the_request_itself(api: Api, case: str) -> None:
    content, asked = png("small"), operation(case)
    first = await multipart(api, asked, PLACE, {"0": content})
    added = first.json()["data"]["it"]
    assert added["attachment"]["stored"]
    assert (await api.client.get(await link_to(api, added["attachment"]["id"]))).content == content
    before = files_kept(api)
    again = (await multipart(api, asked, PLACE, {"0": content})).json()["data"]["it"]
    assert (again["outcome"]["repeated"], again["attachment"]) == (True, added["attachment"])
    assert files_kept(api) == before
    other = (await multipart(api, asked, PLACE, {"0": png("other")})).json()["data"]["it"]
    assert other["code"] == "IDEMPOTENCY_CONFLICT"


async def test_a_small_file_that_is_not_taken(api: Api, case: str) -> None:
    answer = (await multipart(api, operation(case), PLACE, {"0": b"<html>"})).json()["data"]["it"]
    assert (answer["code"], [fault["path"] for fault in answer["faults"]]) == ("INVALID_INPUT", ["file"])


async def test_a_form_that_was_not_preflighted_is_refused(api: Api, case: str) -> None:
    answer = await multipart(api, operation(case), PLACE, {"0": png()}, preflight=False)
    assert (answer.status_code, code_of(answer)) == (403, "CROSS_SITE")


@pytest.mark.parametrize(
    ("operations", "places", "files", "status"),
    [
        ("{", PLACE, {"0": png()}, 400),
        ("[]", PLACE, {"0": png()}, 422),
        ("1", PLACE, {"0": png()}, 422),
        (None, "{", {"0": png()}, 400),
        (None, "[]", {"0": png()}, 422),
        (None, {}, {"0": png()}, 422),
        (None, PLACE, {}, 422),
        (None, PLACE, {"1": png()}, 422),
        (None, {"0": "variables.input.file"}, {"0": png()}, 422),
        (None, {"0": []}, {"0": png()}, 422),
        (None, {"0": [7]}, {"0": png()}, 422),
        (None, {"0": ["variables"]}, {"0": png()}, 422),
        (None, {"0": ["query"]}, {"0": png()}, 422),
        (None, {"0": [""]}, {"0": png()}, 422),
        (None, {"0": ["variables.input.name"]}, {"0": png()}, 422),
        (None, {"0": ["variables.input.name.0"]}, {"0": png()}, 422),
        (None, {"0": ["variables.input.file.x"]}, {"0": png()}, 422),
        (None, {"0": ["variables.nobody.file"]}, {"0": png()}, 422),
        (None, {"0": ["variables.input.file", "variables.input.file"]}, {"0": png()}, 422),
        (None, {"0": ["variables.input.kind"]}, {"0": png()}, 422),
        (None, PLACE, {"0": b"." * 2_000_000}, 413),
    ],
)
async def test_a_wrong_form_is_the_clients_mistake(
    api: Api, case: str, operations: Any, places: Any, files: dict[str, bytes], status: int
) -> None:
    answer = await multipart(api, operations or operation(case), places, files)
    assert answer.status_code == status, answer.text


async def test_parts_that_are_no_form(api: Api, case: str) -> None:
    assert (await multipart(api, operation(case), PLACE, {"0": png()}, extra="x")).status_code == 400
    for content_type, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=b", b"no part"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}'),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: nothing\r\n\r\n{}\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b; charset=nonsense",
         b'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}\r\n--b--\r\n'),
    ):  # fmt: skip
        headers = api.headers(content_type=content_type, **PREFLIGHT)
        answer = await api.client.post("/graphql", content=body, headers=headers)
        assert answer.status_code in (400, 422), (content_type, body, answer.text)


async def test_a_file_is_no_string_of_json(api: Api, case: str) -> None:
    answer = await api.ask(ATTACH, operation(case, file="x")["variables"])
    assert (answer.status_code, code_of(answer)) == (422, "BAD_USER_INPUT")
