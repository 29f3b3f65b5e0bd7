"""What a client accepts: media types and languages."""

import pytest

from api.answers import GRAPHQL_JSON, JSON, MediaType, acceptable, prefers_english, prefers_html


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", GRAPHQL_JSON),
        ("*/*", GRAPHQL_JSON),
        ("application/*", GRAPHQL_JSON),
        ("application/json", JSON),
        ("application/json, application/graphql-response+json", GRAPHQL_JSON),
        ("application/graphql-response+json;q=0.1, application/json", JSON),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/json;charset=utf-8", JSON),
        ("application/json;charset=gbk", None),
        ('application/graphql-response+json; charset="UTF-8", application/json', GRAPHQL_JSON),
        ("application/graphql-response+json; charset=utf-16, application/json; q=0.5", JSON),
        ("application/json;q=0", None),
        ("application/json;q=much", None),
        ("application/json;q=nan", None),
        ("text/html", None),
        (",,;;=", None),
    ],
)
def test_the_media_type_that_is_accepted_most(accept: str, media_type: MediaType | None) -> None:
    assert acceptable(accept) == media_type


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*;q=0.1", JSON),
        ("application/json, text/plain, */*", JSON),
        ("application/graphql-response+json, application/json", GRAPHQL_JSON),
        ("application/json, application/graphql-response+json", GRAPHQL_JSON),
        ("application/graphql-response+json;q=0.9, application/json", JSON),
        ("application/json;q=0, */*", GRAPHQL_JSON),
    ],
)
def test_old_clients_get_the_newer_media_type_only_if_they_name_it(accept: str, media_type: MediaType) -> None:
    assert acceptable(accept, JSON) == media_type


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("text/html;q=0.5, application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_browser_is_told_by_what_it_accepts_most(accept: str, wanted: bool) -> None:
    assert prefers_html(accept) is wanted


@pytest.mark.parametrize(
    ("accept_language", "wanted"),
    [
        ("en", True),
        ("EN-us", True),
        ("de, en;q=0.5", True),
        ("zh-CN, en;q=0.9", False),
        ("en;q=0.8, zh;q=0.9", False),
        ("en, zh", False),
        ("en;q=0", False),
        ("english", False),
        ("", False),
    ],
)
def test_messages_are_chinese_unless_english_is_wanted_more(accept_language: str, wanted: bool) -> None:
    assert prefers_english(accept_language) is wanted
