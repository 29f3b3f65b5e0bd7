"""A page of rows with a common word is found by walking the list, of a rare one by the index of pieces; a count by the index."""

import pytest

from schema.compiler.catalogue import Catalogue, catalogue_of
from schema.compiler.words import Words
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import Role
from tests.compiling import compiled
from tests.mini_rules import RULES
from tests.mini_schema import mini_schema

WHO = Viewer("示", "示", (Grant(Role.STREET_DISPATCHER, "330902001000"),))
PAGE = '{ permits(first: 1, filter: {text: "%s"}) { nodes { id } } }'
COUNT = '{ permits(filter: {text: "%s"}) { totalCount } }'
WALKED = "CASE WHEN (t1.bigrams @> $"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(mini_schema()._schema, RULES)


@pytest.fixture(scope="module")
def words() -> Words:
    found = Words()
    rows = {"rows": 1_000_000.0, "pieces": ["占道", "积水", "井盖"], "shares": [0.1, 0.01, 0.001, 0.001, 0.1, 0.0]}
    found.learn([{"name": "mini_permit", **rows}])
    return found


@pytest.mark.parametrize(
    ("pieces", "common"),
    [
        (["占道"], True),
        (["占道", "积水"], True),
        (["井盖"], False),
        (["占道", "井盖"], False),
        (["没有"], False),
        ([], False),
    ],
)
def test_a_word_is_common_where_a_page_is_sooner_full_than_its_rows_are_found(
    words: Words, pieces: list[str], common: bool
) -> None:
    assert words.common("mini_permit", pieces) is common
    assert not words.common("mini_visit", pieces)


@pytest.mark.parametrize(("word", "walked"), [("占道", True), ("积水占道", False), ("井盖", False)])
def test_the_page_of_a_common_word_is_walked(catalogue: Catalogue, words: Words, word: str, walked: bool) -> None:
    assert (WALKED in compiled(catalogue, WHO, PAGE % word, words=words).sql) is walked
    assert WALKED not in compiled(catalogue, WHO, COUNT % word, words=words).sql
    assert WALKED not in compiled(catalogue, WHO, PAGE % word).sql


def test_a_plan_sees_in_each_request_whether_the_word_is_common(catalogue: Catalogue, words: Words) -> None:
    text = "query ($word: String!) { permits(filter: {text: $word}) { nodes { id } } }"
    _, common = compiled(catalogue, WHO, text, {"word": "占道"}, words=words).looks
    assert [common({"word": word}) for word in ("占道", "井盖", "占" * 1_000_000)] == [True, False, False]


@pytest.mark.parametrize(
    ("word", "looks", "like"),
    [
        ("占道", 0, ""),
        ("占道 经营", 0, ""),
        ("占道经营", 1, " LIKE ALL("),
        ("0001", 2, " LIKE ALL("),
        ("AbC", 2, " ILIKE ALL("),
        ("ＡｂＣ", 2, " ILIKE ALL("),
    ],
)
def test_a_second_look_is_taken_where_pieces_may_stand_apart_once_for_each_width(
    catalogue: Catalogue, word: str, looks: int, like: str
) -> None:
    sql = compiled(catalogue, WHO, COUNT % word).sql
    assert (sql.count(" ALL("), sql.count(like) if like else 0) == (looks, looks)
