"""Look-ups by a keyed hash: what is sealed can be found by those who know it whole, and by nobody else."""

from schema.compiler.parameters import Binding
from schema.errors import invalid_input, rate_limited
from schema.services import Services
from shaodao.domain.errors import RateLimited


def phone_hash(phone: str, binding: Binding) -> bytes:
    """The keyed hash of a phone number; spaces and marks between its digits do not matter.

    A mask leaves four digits to guess, so a request looks one phone up, however often it names it, and a viewer only so
    many within some minutes. Raises ClientError INVALID_INPUT and RATE_LIMITED.
    """
    services: Services = binding.services
    digits = "".join(character for character in phone if character.isascii() and character.isdigit())
    found = services.ground().cipher.lookup_hash(digits)
    if found in binding.phones:
        return found
    if binding.phones:
        raise invalid_input("phone", "一次请求只能查询一个电话号码", "a request looks one phone up")
    try:
        limit = services.ground().rulebook.phone_lookups
        services.lookups.use(binding.viewer.login, found, binding.now, limit)
    except RateLimited as error:
        raise rate_limited(error) from error
    binding.phones.add(found)
    return found
