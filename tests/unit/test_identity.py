"""GB 11643, GB 32100, masks and patterns: B.6 and C.7 guardrails 1 and 4."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shaodao.domain.identity import (
    IdentityNumberError,
    UsccError,
    birth_date_of,
    check_identity_number,
    check_uscc,
    contains_personal_pattern,
    gender_of,
    mask_identity_number,
    mask_name,
    mask_phone,
    redact,
)
from shaodao.domain.vocabulary import Gender

TODAY = date(2026, 11, 20)
WOMAN = "990101194103120021"


def test_a_right_number_is_accepted() -> None:
    assert check_identity_number(WOMAN, TODAY) == WOMAN
    assert birth_date_of(WOMAN) == date(1941, 3, 12)
    assert gender_of(WOMAN) is Gender.FEMALE


def test_a_small_x_becomes_a_capital_one() -> None:
    assert check_identity_number("11010519491231002x", TODAY) == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("", "length"),
        (WOMAN[:-1], "length"),
        (WOMAN + "1", "length"),
        ("99010119410312002A", "characters"),
        ("9901011941031200X1", "characters"),
        ("９９０１０１１９４１０３１２００２１", "characters"),
        ("990101194102300021", "birth_date"),
        ("990101202611210021", "birth_date"),
        ("990101000003120021", "birth_date"),
        ("990101194103120022", "check_digit"),
    ],
)
def test_a_wrong_number_is_refused_with_the_rule(number: str, reason: str) -> None:
    with pytest.raises(IdentityNumberError) as caught:
        check_identity_number(number, TODAY)
    assert caught.value.reason == reason
    assert number == "" or number not in caught.value.message + caught.value.english


@given(place=st.integers(0, 17), digit=st.integers(0, 9))
def test_one_wrong_digit_is_always_found(place: int, digit: int) -> None:
    changed = f"{WOMAN[:place]}{digit}{WOMAN[place + 1 :]}"
    if changed != WOMAN:
        with pytest.raises(IdentityNumberError):
            check_identity_number(changed, TODAY)


@pytest.mark.parametrize("code", ["11990101MB9A00001T", "11990101MB9A00002X", "91350100m000100y43"])
def test_a_right_social_credit_code_is_accepted(code: str) -> None:
    assert check_uscc(code) == code.upper()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("11990101MB9A00001", "length"),
        ("11990101MB9A0000IT", "characters"),
        ("11990101MB9A00001X", "check_digit"),
    ],
)
def test_a_wrong_social_credit_code_is_refused_with_the_rule(code: str, reason: str) -> None:
    with pytest.raises(UsccError) as caught:
        check_uscc(code)
    assert caught.value.reason == reason


def test_masks_of_guardrail_1() -> None:
    assert mask_identity_number(WOMAN) == "990101********0021"
    assert mask_phone("10000010001") == "100****0001"
    assert mask_name("孙例兰") == "孙**"


def test_masks_hide_short_values_whole() -> None:
    assert mask_phone("12345") == "*****"
    assert mask_name("孙") == "**"
    assert mask_name("") == ""


@pytest.mark.parametrize(
    "text",
    [
        f"身份证{WOMAN}号",
        "990101 19410312 0021",
        "11010519491231002x",
        "请打10000010001找我",
        "+86 100-0001-0001",
        "０５８０－１２３４５６７",
        "固话0580 1234567",
        "10000010001wechat",
        f"{WOMAN}abc",
    ],
)
def test_personal_patterns_are_found_and_masked(text: str) -> None:
    assert contains_personal_pattern(text)
    assert not contains_personal_pattern(redact(text))
    assert "*" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "案件990101001-20261009-0001已受理",
        "网格990101001001001",
        "2026-11-20 10:00 之前",
        "单位11990101MB9A00001T",
        "请拨打12345或12395",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_redaction_keeps_the_rest_of_the_text() -> None:
    assert redact(f"我是{WOMAN},电话10000010001。") == "我是990101********0021,电话100****0001。"


@given(st.text(alphabet="0123456789 -*xX例＋８", max_size=60))
def test_nothing_personal_is_left_after_redaction(text: str) -> None:
    assert not contains_personal_pattern(redact(text))
