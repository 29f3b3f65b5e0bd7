"""The gate: each limit by itself, and what is far below them all."""

from dataclasses import replace

import pytest
from graphql import build_schema

from api.gate import gated_preparation
from schema.documents import Refused
from shaodao.limits import Limits

SCHEMA = build_schema("type Query { a(n: Int, s: String): Query b: Int c: Int }")
SMALL = Limits(
    characters=200,
    tokens=60,
    depth=3,
    aliases=3,
    fields=8,
    fragments=2,
    root_fields=4,
    directives=2,
    variables=2,
    digits=5,
)


def refused(document: str, limits: Limits = SMALL) -> tuple[str, str]:
    """The stage and the message of the only error."""
    with pytest.raises(Refused) as caught:
        gated_preparation(SCHEMA, limits)(document)
    [error] = caught.value.errors
    assert error.extensions is not None
    assert error.extensions["code"] == "DOCUMENT_TOO_LARGE"
    return caught.value.stage, error.message.removeprefix("The document is over the limit of ")


@pytest.mark.parametrize(
    ("document", "stage", "limit"),
    [
        ("{ b }" + " " * 200, "parse", "200 characters."),
        ("{ " + "b " * 60 + "}", "parse", "60 tokens."),
        ("{ a { a { a { b } } } }", "validate", "3 levels."),
        ("{ w: b x: b y: b z: b }", "validate", "3 aliases."),
        ("{ a { b c b } a { b c b } a { b } }", "validate", "8 fields."),
        ("{ b b b b b }", "validate", "4 root fields."),
        ("{ ...F ...F ...F } fragment F on Query { b c }", "validate", "4 root fields."),
        ("{ b ...F } fragment F on Query { b } fragment G on Query { b } fragment H on Query { b }", "validate", "2 fragments."),
        ("{ b @skip(if: true) @skip(if: true) @skip(if: true) }", "validate", "2 directives."),
        ("query ($a: Int, $b: Int, $c: Int) { b }", "validate", "2 variables."),
        ("{ a(n: 123456) { b } }", "validate", "5 digits in a number."),
        ("{ a(n: 1.234567) { b } }", "validate", "5 digits in a number."),
    ],
)  # fmt: skip
def test_each_limit_is_told(document: str, stage: str, limit: str) -> None:
    assert refused(document) == (stage, limit)


def test_fragments_are_counted_unfolded() -> None:
    nested = "{ a { ...F ...F } } fragment F on Query { a { ...G ...G } } fragment G on Query { b }"
    assert refused(nested, replace(SMALL, fields=6)) == ("validate", "6 fields.")
    assert refused(nested.replace("{ b }", "{ a { b } }"))[1] == "3 levels."


def test_comparing_fields_ends() -> None:
    document = "{" + " ".join("a { b }" for _ in range(30)) + "}"
    assert refused(document, Limits(comparisons=100)) == ("validate", "100 comparisons of fields.")


def test_values_and_types_nested_beyond_the_parser_are_told() -> None:
    for document in (
        "{ a(n: " + "[" * 300 + "]" * 300 + ") { b } }",
        "query ($a: " + "[" * 300 + "]" * 300 + ") { b }",
    ):
        assert refused(document, Limits()) == ("parse", "200 levels.")


def test_what_is_within_the_limits_passes() -> None:
    document = "query ($n: Int) { x: a(n: $n) { ...F b @skip(if: false) } } fragment F on Query { c }"
    assert gated_preparation(SCHEMA, SMALL)(document).definitions


def test_a_nul_is_no_text() -> None:
    with pytest.raises(Refused) as caught:
        gated_preparation(SCHEMA, SMALL)('{ a(s: "x\\u0000") { b } }')
    assert caught.value.errors[0].extensions == {"code": "INVALID_TEXT"}
    assert caught.value.errors[0].nodes


def test_a_chain_of_deep_fragments_is_told_as_too_deep() -> None:
    deep = " ".join(f"fragment F{n} on Query {{ {'a { ' * 120}...F{n + 1}{' }' * 120} }}" for n in range(10))
    assert refused("{ ...F0 } " + deep + " fragment F10 on Query { b }", Limits()) == ("validate", "15 levels.")
