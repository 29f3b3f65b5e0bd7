"""Pages of other sites, as their browsers tell of them; and what a browser sends only after a preflight."""

import pytest

from api.sites import Sites, was_preflighted

SITES = Sites.of(["https://app.example"])
HOST = {"host": "shaodao.example:8000"}


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-mode": "cors"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://proxied.example"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "Cross-Site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://shaodao.example:8000"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://app.example"}, False),
        ({"origin": "http://shaodao.example:8000"}, False),
        ({"origin": "https://SHAODAO.example:8000"}, False),
        ({"origin": "https://app.example"}, False),
        ({"origin": "http://app.example"}, True),
        ({"origin": "https://app.example.evil.example"}, True),
        ({"origin": "http://shaodao.example"}, True),
        ({"origin": "http://shaodao.example:8000.evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
    ],
)
def test_a_page_of_another_site_is_known_by_its_browser(headers: dict[str, str], foreign: bool) -> None:
    told = {name.encode(): value.encode() for name, value in (HOST | headers).items()}
    assert SITES.foreign(told) is foreign


def test_without_a_host_no_origin_is_ours() -> None:
    assert SITES.foreign({b"origin": b"http://shaodao.example"})


@pytest.mark.parametrize(
    ("name", "value", "preflighted"),
    [
        ("content-type", "application/json", True),
        ("content-type", "Application/JSON; charset=utf-8", True),
        ("content-type", "text/plain; a=application/json", False),
        ("content-type", "text/plain", False),
        ("content-type", "application/x-www-form-urlencoded", False),
        ("content-type", "multipart/form-data; boundary=x", False),
        ("content-type", "", False),
        ("accept", "application/json", False),
        ("accept-language", "graphql-require-preflight", False),
        ("graphql-require-preflight", "", True),
        ("apollo-require-preflight", "1", True),
    ],
)
def test_what_a_browser_asks_for_before(name: str, value: str, preflighted: bool) -> None:
    assert was_preflighted({name.encode(): value.encode()}) is preflighted
