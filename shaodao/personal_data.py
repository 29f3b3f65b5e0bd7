"""Encryption of identity numbers and phones 个人信息加密, and the keyed hash that finds them (C.7, guardrail 1)."""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
"""Length of the master key; the sealing key and the look-up key are derived from it."""

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class PersonalDataError(Exception):
    """Personal data could not be sealed or opened; the message never holds the data."""


class UnusableKeyError(PersonalDataError):
    """The personal data key must be 32 bytes."""


class UnknownSealingError(PersonalDataError):
    """The stored bytes are no sealing this version can read."""


class CannotOpenError(PersonalDataError):
    """The sealing does not open: the key or the context is another one, or the bytes were changed."""


class PersonalDataCipher:
    """Seals texts with AES-256-GCM and hashes them with HMAC-SHA256, each under a key of its own derived by HKDF.

    A sealing is: version byte 1, nonce of 12 bytes, ciphertext with its tag of 16 bytes. Raises UnusableKeyError.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise UnusableKeyError(f"the personal data key must be {KEY_BYTES} bytes, not {len(key)}")
        self._sealing = AESGCM(derived_key(key, b"shaodao personal data sealing 1"))
        self._lookup_key = derived_key(key, b"shaodao personal data look-up 1")

    def seal(self, text: str, context: bytes) -> bytes:
        """The text encrypted under a fresh nonce. ``context`` (table, column, row) must be given again to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._sealing.encrypt(nonce, text.encode(), _VERSION + context)

    def open(self, blob: bytes, context: bytes) -> str:
        """The sealed text.

        Raises UnknownSealingError for bytes of another form, CannotOpenError for another key or context.
        """
        if blob[:1] != _VERSION or len(blob) < len(_VERSION) + _NONCE_BYTES + _TAG_BYTES:
            raise UnknownSealingError("the bytes are no sealing of version 1")
        nonce, ciphertext = blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
        try:
            return self._sealing.decrypt(nonce, ciphertext, _VERSION + context).decode()
        except InvalidTag as error:
            raise CannotOpenError("the key or the context is not the one it was sealed with") from error

    def lookup_hash(self, text: str) -> bytes:
        """32 bytes, the same for the same text under the same key; the caller brings the text to one form first."""
        return hmac.digest(self._lookup_key, text.encode(), "sha256")


def new_key() -> bytes:
    """A fresh random master key."""
    return os.urandom(KEY_BYTES)


def derived_key(key: bytes, purpose: bytes) -> bytes:
    """32 bytes for one purpose; from them nothing follows about the key or about those of another purpose."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
