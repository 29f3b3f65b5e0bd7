"""Trusted documents: those that the builds of the frontends put into manifests, asked for by identifier instead of text.

Manifests as Relay, graphql-codegen and Apollo write them are read. Identifiers are taken as they stand there, for each tool
hashes in its own way; besides, ``sha256:`` and the text's hash name a document (GraphQL over HTTP, draft of appendix A).
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog
from graphql import GraphQLError

from schema.documents import Prepare, Refused
from shaodao.settings import StartError

APOLLO_FORMAT = "apollo-persisted-query-manifest"
HASH_PREFIX = "sha256:"

_log = structlog.get_logger(__name__)

_TrustCode = Literal["PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_MISMATCH", "DOCUMENT_NOT_TRUSTED"]


class ManifestError(StartError):
    """A manifest cannot be used; the message names the file and says what is wrong with it."""


class TrustedDocuments:
    """The documents of all manifests, by identifier. ``only``: no others are run."""

    def __init__(self, texts: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        self.texts = texts or {}
        self.only = only
        self._trusted = frozenset(self.texts.values())
        self._named = {HASH_PREFIX + _hash(text): text for text in self._trusted} | dict(self.texts)

    def text(self, identifier: str | None, given: str | None) -> str:
        """The document that a request asks for by an identifier, a text, or both. Raises Refused.

        With both, the identifier must be that of the text: so a client that tried the hash alone (Apollo's automatic
        persisted queries) may send both after PERSISTED_QUERY_NOT_FOUND.
        """
        if identifier is not None:
            given = self._identified(identifier, given)
        assert given is not None, "a request has a text or an identifier"
        if self.only and given not in self._trusted:
            raise _refused("DOCUMENT_NOT_TRUSTED", "This server runs the documents of its manifests only.")
        return given

    def _identified(self, identifier: str, given: str | None) -> str:
        found = self._named.get(identifier) or self._named.get(HASH_PREFIX + identifier)
        if given is None:
            if found is None:
                # Apollo Client looks for this very message, or for the code.
                raise _refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            return found
        if given != found and identifier.removeprefix(HASH_PREFIX) != _hash(given):
            raise _refused("PERSISTED_QUERY_MISMATCH", "The identifier is not that of the document.")
        return given


def load_trusted_documents(manifests: Sequence[Path], *, only: bool) -> TrustedDocuments:
    """Read manifests. Raises StartError for one that cannot be read, or an identifier of two documents."""
    if only and not manifests:
        raise StartError("SHAODAO_TRUSTED_ONLY needs manifests: name them with SHAODAO_TRUSTED_DOCUMENTS.")
    texts: dict[str, str] = {}
    for path in manifests:
        for identifier, text in _entries(path):
            if texts.setdefault(identifier, text) != text:
                raise ManifestError(f"{path}: {identifier!r} names another document in a manifest before it")
    return TrustedDocuments(texts, only=only)


def warn_of_unfit(documents: TrustedDocuments, prepare: Prepare) -> None:
    """Log the documents that this server will refuse: of an app of another version, perhaps. The others serve."""
    for identifier, text in documents.texts.items():
        try:
            prepare(text)
        except Refused as refused:
            _log.warning("trusted_document_unfit", identifier=identifier, error=refused.errors[0].message)


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    try:
        content: Any = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ManifestError(f"{path}: the manifest cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"{path}: the manifest is no JSON: {error}") from error
    pairs = _apollo(content) if isinstance(content, dict) and content.get("format") == APOLLO_FORMAT else _flat(content)
    for identifier, text in pairs:
        if not isinstance(identifier, str) or not isinstance(text, str) or not identifier or not text:
            raise ManifestError(f"{path}: each document must have an identifier and a text")
        yield identifier, text


def _apollo(content: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """generate-persisted-query-manifest: a list of operations with ``id`` and ``body``."""
    operations = content.get("operations")
    for each in operations if isinstance(operations, list) else [None]:
        yield (each.get("id"), each.get("body")) if isinstance(each, dict) else (None, None)


def _flat(content: Any) -> Iterator[tuple[Any, Any]]:
    """relay-compiler (``persistConfig``) and graphql-codegen (``persistedDocuments``): texts by identifier."""
    yield from content.items() if isinstance(content, dict) else [(None, None)]


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _refused(code: _TrustCode, message: str) -> Refused:
    return Refused("validate", (GraphQLError(message, extensions={"code": code}),))
