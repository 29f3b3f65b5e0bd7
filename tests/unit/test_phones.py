"""Phone numbers are brought to one form, so that the keyed hash finds them however they were typed."""

import pytest

from shaodao.domain.phones import PhoneError, check_phone


@pytest.mark.parametrize(
    "text",
    ["10000010014", "100-0001-0014", "100 0001 0014", "+86 100 0001 0014", "008610000010014", "１００-0001-0014"],
)
def test_one_form_of_a_number(text: str) -> None:
    assert check_phone(text) == "10000010014"


def test_an_area_code_stays() -> None:
    assert check_phone("(0580)2000001") == "05802000001"


@pytest.mark.parametrize("text", ["", "123456", "1234567890123", "12a45678", "\0", "+1 555 0100 200 300", "٠١٢٣٤٥٦٧٨"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(PhoneError):
        check_phone(text)
