"""Texts that people type: what is refused, and the two-character pieces by which they are searched."""

import unicodedata
from typing import Literal

from shaodao.domain.malformed import MalformedValueError

_ALLOWED_CONTROLS = "\n\t"

TextReason = Literal["nul", "surrogate", "control", "blank", "too_long"]


class TextError(MalformedValueError):
    """A text that cannot be accepted; ``reason`` says why and ``limit`` is the most characters allowed."""

    def __init__(self, reason: TextReason, limit: int) -> None:
        message, english = {
            "nul": ("文字含有空字符", "the text holds a NUL character"),
            "surrogate": ("文字编码不完整", "the text holds a lone surrogate"),
            "control": ("文字含有控制字符", "the text holds a control character"),
            "blank": ("文字不能为空", "the text must not be blank"),
            "too_long": (f"文字不能超过{limit}个字", f"the text must not exceed {limit} characters"),
        }[reason]
        super().__init__(message, english)
        self.reason = reason
        self.limit = limit


def clean_text(text: str, limit: int) -> str:
    """The text with unified line ends and no space around it; ``limit`` counts characters of that result.

    Line ends and tabs may stand inside. Raises TextError.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    for character in unified:
        _check_character(character, limit)
    cleaned = unified.strip()
    if all(unicodedata.category(character) in ("Cf", "Zs", "Zl", "Zp", "Cc") for character in cleaned):
        raise TextError("blank", limit)
    if len(cleaned) > limit:
        raise TextError("too_long", limit)
    return cleaned


def bigrams(text: str) -> list[str]:
    """The two-character pieces of a text, sorted and unique, for an index column and for a query alike.

    A text matches a word when its pieces include all of the word's. Width and case do not matter; spaces and
    punctuation part the text into runs; a run of one character is a piece by itself, so a word of one character finds
    only such runs.
    """
    return sorted({piece for run in _runs(text) for piece in _pieces(run)})


def _check_character(character: str, limit: int) -> None:
    if character == "\0":
        raise TextError("nul", limit)
    category = unicodedata.category(character)
    if category == "Cs":
        raise TextError("surrogate", limit)
    if category == "Cc" and character not in _ALLOWED_CONTROLS:
        raise TextError("control", limit)


def _runs(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character if _belongs_to_word(character) else " " for character in folded).split()


def _belongs_to_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def _pieces(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(max(len(run) - 1, 1))]
