"""Encryption of personal data: C.7 guardrail 1."""

import pytest

from shaodao.personal_data import (
    CannotOpenError,
    PersonalDataCipher,
    UnknownSealingError,
    UnusableKeyError,
    new_key,
)

NUMBER = "990101194103120021"
CONTEXT = b"person.id_number"


@pytest.fixture
def cipher() -> PersonalDataCipher:
    return PersonalDataCipher(bytes(range(32)))


def test_what_was_sealed_opens_again(cipher: PersonalDataCipher) -> None:
    assert cipher.open(cipher.seal("孙例兰", CONTEXT), CONTEXT) == "孙例兰"


def test_a_sealing_hides_the_text_and_never_repeats(cipher: PersonalDataCipher) -> None:
    one, other = cipher.seal(NUMBER, CONTEXT), cipher.seal(NUMBER, CONTEXT)
    assert one != other
    assert NUMBER.encode() not in one
    assert one[:1] == b"\x01"


def test_another_key_does_not_open(cipher: PersonalDataCipher) -> None:
    with pytest.raises(CannotOpenError):
        PersonalDataCipher(new_key()).open(cipher.seal(NUMBER, CONTEXT), CONTEXT)


def test_another_context_does_not_open(cipher: PersonalDataCipher) -> None:
    with pytest.raises(CannotOpenError):
        cipher.open(cipher.seal(NUMBER, CONTEXT), b"person.phone")


@pytest.mark.parametrize("place", [1, 13, -1])
def test_changed_bytes_do_not_open(cipher: PersonalDataCipher, place: int) -> None:
    changed = bytearray(cipher.seal(NUMBER, CONTEXT))
    changed[place] ^= 1
    with pytest.raises(CannotOpenError):
        cipher.open(bytes(changed), CONTEXT)


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x01" + bytes(27), b"\x02" + bytes(60)])
def test_bytes_of_another_form_are_told_apart(cipher: PersonalDataCipher, blob: bytes) -> None:
    with pytest.raises(UnknownSealingError):
        cipher.open(blob, CONTEXT)


def test_a_lookup_hash_is_the_same_only_under_the_same_key(cipher: PersonalDataCipher) -> None:
    again = PersonalDataCipher(bytes(range(32)))
    assert cipher.lookup_hash(NUMBER) == again.lookup_hash(NUMBER)
    assert cipher.lookup_hash(NUMBER) != cipher.lookup_hash("990101194103120022")
    assert cipher.lookup_hash(NUMBER) != PersonalDataCipher(new_key()).lookup_hash(NUMBER)
    assert len(cipher.lookup_hash(NUMBER)) == 32


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(UnusableKeyError):
        PersonalDataCipher(key)


def test_new_keys_differ() -> None:
    assert new_key() != new_key()
    assert len(new_key()) == 32
