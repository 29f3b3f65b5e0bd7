"""Typed texts: bad input of every kind, and search by two-character pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shaodao.domain.text import TextError, bigrams, clean_text


def test_space_around_goes_and_line_ends_are_unified() -> None:
    assert clean_text("  井盖缺失\r\n请速来\t。 \r", 100) == "井盖缺失\n请速来\t。"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("井\0盖", "nul"),
        ("井\ud800盖", "surrogate"),
        ("井\x1b[31m盖", "control"),
        ("井\x85盖", "control"),
        ("", "blank"),
        (" \n\t\u3000 ", "blank"),
        ("\u200b\u200d", "blank"),
        ("井" * 101, "too_long"),
    ],
)
def test_a_faulty_text_is_refused_with_its_fault(text: str, reason: str) -> None:
    with pytest.raises(TextError) as caught:
        clean_text(text, 100)
    assert caught.value.reason == reason


def test_the_limit_counts_characters_not_bytes() -> None:
    assert clean_text(" " + "𠮷" * 100 + " ", 100) == "𠮷" * 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("下水管道", ["下水", "水管", "管道"]),
        ("A区17号", ["17", "7号", "a区", "区1"]),
        ("犬,扑人", ["扑人", "犬"]),
        ("Ａ Straße", ["a", "as", "ra", "ss", "st", "tr", "se"]),
        ("啊啊啊啊", ["啊啊"]),
        ("……", []),
    ],
)
def test_pieces(text: str, expected: list[str]) -> None:
    assert bigrams(text) == sorted(set(expected))


@given(text=st.text(alphabet="下水管道堵塞AB１2", min_size=2, max_size=20), data=st.data())
def test_a_word_within_a_text_is_always_found(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 2))
    end = data.draw(st.integers(start + 2, len(text)))
    assert set(bigrams(text[start:end])) <= set(bigrams(text))


@given(st.text(max_size=40))
def test_an_accepted_text_is_stable(text: str) -> None:
    try:
        cleaned = clean_text(text, 40)
    except TextError:
        return
    assert clean_text(cleaned, 40) == cleaned
    assert cleaned.encode()
