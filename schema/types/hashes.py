"""Look-ups by a keyed hash: what is sealed can be found by those who know it whole, and by nobody else."""

from schema.compiler.parameters import Binding


def phone_hash(phone: str, binding: Binding) -> bytes:
    """The keyed hash of a phone number; spaces and marks between its digits do not matter."""
    digits = "".join(character for character in phone if character.isascii() and character.isdigit())
    found: bytes = binding.services.ground().cipher.lookup_hash(digits)
    return found
