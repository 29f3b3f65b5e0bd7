"""Phone numbers 电话号码 as people type them, brought to the one form that is sealed, hashed and looked up."""

import re
import unicodedata

from shaodao.domain.malformed import MalformedValueError

_SEPARATORS = re.compile(r"[\s()\-]+")
_COUNTRY = re.compile(r"^(?:\+|00)86")
_NUMBER = re.compile(r"[0-9]{7,12}")


class PhoneError(MalformedValueError):
    """A text that is no phone number of 7 to 12 digits, area code included."""

    def __init__(self) -> None:
        super().__init__("电话号码应为7至12位数字", "a phone number has 7 to 12 digits")


def check_phone(text: str) -> str:
    """The digits of a phone number; full width, spaces, hyphens, brackets and China's country code do not matter.

    Raises PhoneError.
    """
    digits = _COUNTRY.sub("", _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)))
    if not _NUMBER.fullmatch(digits) or not digits.isascii():
        raise PhoneError
    return digits
