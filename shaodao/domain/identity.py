"""Identity numbers 公民身份号码, social credit codes, masks, and personal data found in free text (B.6, C.7)."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal

from shaodao.domain.malformed import MalformedValueError
from shaodao.domain.vocabulary import Gender

_IDENTITY_LENGTH = 18
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"

_USCC_LENGTH = 18
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

_FULL_WIDTH = "０１２３４５６７８９Ｘｘ－"
_HALF_WIDTH = "0123456789Xx-"

# A star before a hit means the end of an earlier mask, whose open digits must not start a new hit.
_IDENTITY_PATTERN = (
    r"(?<![0-9*])[0-9]{6}[ -]?(?:18|19|20)[0-9]{2}[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12][0-9]|3[01])[ -]?"
    r"[0-9]{3}[0-9Xx](?![0-9])"
)
_PHONE_PATTERN = r"(?:1[0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{4}|0[0-9]{2,3}[ -]?[0-9]{7,8})(?![0-9])"
_PERSONAL_PATTERN = f"(?P<identity>{_IDENTITY_PATTERN})|(?<![0-9*])(?:86[ -]?)?(?P<phone>{_PHONE_PATTERN})"

IdentityNumberReason = Literal["length", "characters", "birth_date", "check_digit"]
UsccReason = Literal["length", "characters", "check_digit"]


class IdentityNumberError(MalformedValueError):
    """An identity number that GB 11643 refuses; ``reason`` says by which rule."""

    def __init__(self, reason: IdentityNumberReason) -> None:
        message, english = {
            "length": ("公民身份号码应为18位", "an identity number has 18 characters"),
            "characters": (
                "公民身份号码应为17位数字加1位数字或X",
                "an identity number is 17 digits and a digit or X",
            ),
            "birth_date": ("公民身份号码中的出生日期无效", "the birth date in the identity number is not a past date"),
            "check_digit": ("公民身份号码校验码不符", "the check digit of the identity number is wrong"),
        }[reason]
        super().__init__(message, english)
        self.reason = reason


class UsccError(MalformedValueError):
    """A unified social credit code that GB 32100 refuses; ``reason`` says by which rule."""

    def __init__(self, reason: UsccReason) -> None:
        message, english = {
            "length": ("统一社会信用代码应为18位", "a social credit code has 18 characters"),
            "characters": ("统一社会信用代码含有不允许的字符", "the social credit code holds a character not in use"),
            "check_digit": ("统一社会信用代码校验码不符", "the check character of the social credit code is wrong"),
        }[reason]
        super().__init__(message, english)
        self.reason = reason


def check_identity_number(text: str, today: date) -> str:
    """The identity number in upper case when GB 11643-1999 accepts it. The region is not checked (B.6).

    Raises IdentityNumberError, for the first rule broken of length, characters, birth date, check digit.
    """
    number = text.upper() if text.isascii() else text
    if len(number) != _IDENTITY_LENGTH:
        raise IdentityNumberError("length")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise IdentityNumberError("characters")
    if birth_date_of(number) > today:
        raise IdentityNumberError("birth_date")
    if number[-1] != _identity_check_digit(number):
        raise IdentityNumberError("check_digit")
    return number


def birth_date_of(identity_number: str) -> date:
    """The birth date in an identity number of 18 characters. Raises IdentityNumberError when it is no date."""
    try:
        return date(int(identity_number[6:10]), int(identity_number[10:12]), int(identity_number[12:14]))
    except ValueError as error:
        raise IdentityNumberError("birth_date") from error


def gender_of(identity_number: str) -> Gender:
    """The sex in a checked identity number: the 17th digit is odd for a man."""
    return Gender.MALE if int(identity_number[16]) % 2 else Gender.FEMALE


def check_uscc(text: str) -> str:
    """The unified social credit code 统一社会信用代码 in upper case when GB 32100-2015 accepts it. Raises UsccError."""
    code = text.upper() if text.isascii() else text
    if len(code) != _USCC_LENGTH:
        raise UsccError("length")
    if any(character not in _USCC_ALPHABET for character in code):
        raise UsccError("characters")
    if code[-1] != _uscc_check_character(code):
        raise UsccError("check_digit")
    return code


def mask_identity_number(text: str) -> str:
    """An identity number as it may be shown: 990101********0021 (C.7, guardrail 1)."""
    return _masked(text, shown_before=6, shown_after=4)


def mask_phone(text: str) -> str:
    """A phone number as it may be shown: 100****0001 (C.7, guardrail 1)."""
    return _masked(text, shown_before=3, shown_after=4)


def mask_name(text: str) -> str:
    """A name as public texts show it: 孙**, always two stars, so that its length is not told (C.7, guardrail 1)."""
    return f"{text[:1] if len(text) > 1 else ''}**" if text else ""


def contains_personal_pattern(text: str) -> bool:
    """Whether free text holds what looks like an identity or phone number (C.7, guardrail 4)."""
    return next(_personal_hits(text), None) is not None


def redact(text: str) -> str:
    """Free text with every identity and phone number masked."""
    pieces: list[str] = []
    end = 0
    for hit in _personal_hits(text):
        kind, mask = ("identity", mask_identity_number) if hit["identity"] else ("phone", mask_phone)
        pieces += (text[end : hit.start(kind)], mask(re.sub("[ -]", "", hit[kind])))
        end = hit.end()
    return "".join(pieces) + text[end:]


def _personal_hits(text: str) -> Iterator[re.Match[str]]:
    # The translation keeps every position, so that hits can be cut out of the original.
    return re.finditer(_PERSONAL_PATTERN, text.translate(str.maketrans(_FULL_WIDTH, _HALF_WIDTH)))


def _masked(text: str, *, shown_before: int, shown_after: int) -> str:
    hidden = len(text) - shown_before - shown_after
    if hidden <= 0:
        return "*" * len(text)
    return f"{text[:shown_before]}{'*' * hidden}{text[-shown_after:]}"


def _identity_check_digit(number: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(number, _IDENTITY_WEIGHTS, strict=False))
    return _IDENTITY_CHECKS[total % 11]


def _uscc_check_character(code: str) -> str:
    total = sum(_USCC_ALPHABET.index(character) * 3**place % 31 for place, character in enumerate(code[:-1]))
    return _USCC_ALPHABET[(31 - total % 31) % 31]
