"""JSON and requests: strictly decoded, bounded in depth and size."""

import pytest

from api.bad_requests import BadRequestError
from api.requests import OperationRequest, RequestReader, request_of
from api.sites import Sites
from shaodao.limits import Limits

LIMITS = Limits()
decode = RequestReader(LIMITS, Sites()).decode


def test_a_request_has_its_parts() -> None:
    given = {"query": "{a}", "operationName": "", "variables": {"b": 1}, "extensions": {}, "other": 1}
    assert request_of(given) == OperationRequest("{a}", None, {"b": 1})


def test_depth_and_size_end_at_their_limits() -> None:
    assert decode("[" * LIMITS.json_depth + "]" * LIMITS.json_depth)
    with pytest.raises(BadRequestError, match="deeper than 64"):
        decode("[" * (LIMITS.json_depth + 1) + "]" * (LIMITS.json_depth + 1))
    assert len(decode("[" + "1," * (LIMITS.json_members - 1) + "1]")) == LIMITS.json_members
    with pytest.raises(BadRequestError) as caught:
        decode("[" + "1," * LIMITS.json_members + "1]")
    assert caught.value.status == 413


@pytest.mark.parametrize("text", ["", "{", "nan", "01", "'a'", '"\\udc00"', '"\t"', "1 2", "[1,]", "//"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        decode(text)
    assert (caught.value.status, caught.value.code) == (400, "MALFORMED_JSON")


def test_the_variable_with_a_nul_is_named() -> None:
    with pytest.raises(BadRequestError, match=r"variables\.a\.1\.b holds"):
        request_of({"query": "{a}", "variables": {"a": [{"b": "x"}, {"b": "\0"}]}})
