"""Manifests of trusted documents as their tools write them, and what a request may ask for by identifier."""

from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from api.trusted_documents import TrustedDocuments, load_trusted_documents
from schema.documents import Refused
from shaodao.settings import StartError

BOARD, CASE = "query Board { cases { totalCount } }", "query Case { viewer { name } }"


def manifest(folder: Path, content: object, name: str = "manifest.json") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
    return path


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def refusal(documents: TrustedDocuments, identifier: str | None, text: str | None) -> str:
    with pytest.raises(Refused) as caught:
        documents.text(identifier, text)
    [error] = caught.value.errors
    return str((error.extensions or {})["code"])


def test_texts_by_identifier_are_the_manifest_of_relay_and_codegen(tmp_path: Path) -> None:
    documents = load_trusted_documents([manifest(tmp_path, {"e2f1": BOARD})], only=True)
    assert documents.text("e2f1", None) == BOARD


def test_a_list_of_operations_is_the_manifest_of_apollo(tmp_path: Path) -> None:
    operation = {"id": "b1", "name": "Board", "type": "query", "body": BOARD}
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]}
    assert load_trusted_documents([manifest(tmp_path, content)], only=True).text("b1", None) == BOARD


def test_several_manifests_serve_together(tmp_path: Path) -> None:
    paths = [manifest(tmp_path, {"1": BOARD}, "a.json"), manifest(tmp_path, {"1": BOARD, "2": CASE}, "b.json")]
    documents = load_trusted_documents(paths, only=True)
    assert [documents.text("1", None), documents.text("2", None)] == [BOARD, CASE]


@pytest.mark.parametrize("identifier", [hashed(BOARD), f"sha256:{hashed(BOARD)}"])
def test_a_hash_names_its_document_whatever_its_identifier(identifier: str) -> None:
    assert TrustedDocuments({"e2f1": BOARD}).text(identifier, None) == BOARD


@pytest.mark.parametrize(
    "content",
    [
        b"{", [], None, {"1": 2}, {"": BOARD}, {"1": ""}, {"format": "apollo-persisted-query-manifest"},
        {"format": "apollo-persisted-query-manifest", "operations": [{"id": "1"}]},
        {"format": "apollo-persisted-query-manifest", "operations": ["x"]},
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_named(tmp_path: Path, content: object) -> None:
    with pytest.raises(StartError, match=r"manifest\.json"):
        load_trusted_documents([manifest(tmp_path, content)], only=False)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"none\.json: the manifest cannot be read"):
        load_trusted_documents([tmp_path / "none.json"], only=False)


def test_an_identifier_names_one_document(tmp_path: Path) -> None:
    paths = [manifest(tmp_path, {"1": BOARD}, "a.json"), manifest(tmp_path, {"1": CASE}, "b.json")]
    with pytest.raises(StartError, match=r"b\.json: '1' names another document"):
        load_trusted_documents(paths, only=False)


def test_trusting_none_is_a_mistake() -> None:
    with pytest.raises(StartError, match="SHAODAO_TRUSTED_ONLY needs manifests"):
        load_trusted_documents([], only=True)


def test_an_unknown_identifier_is_told() -> None:
    assert refusal(TrustedDocuments({"1": BOARD}), "2", None) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_text_beside_its_hash_is_run() -> None:
    documents = TrustedDocuments()
    assert documents.text(hashed(BOARD), BOARD) == BOARD
    assert documents.text(f"sha256:{hashed(BOARD)}", BOARD) == BOARD


@pytest.mark.parametrize("identifier", ["1", hashed(CASE), "sha256:", ""])
def test_a_text_beside_another_identifier_is_refused(identifier: str) -> None:
    assert refusal(TrustedDocuments({"1": BOARD}), identifier, CASE + " ") == "PERSISTED_QUERY_MISMATCH"


def test_trusted_documents_alone_are_run_where_only_they_are() -> None:
    documents = TrustedDocuments({"1": BOARD}, only=True)
    assert documents.text(None, BOARD) == BOARD
    assert refusal(documents, None, CASE) == "DOCUMENT_NOT_TRUSTED"
    assert refusal(documents, hashed(CASE), CASE) == "DOCUMENT_NOT_TRUSTED"
