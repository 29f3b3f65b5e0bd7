"""Splitting SQL into statements."""

import pytest

from shaodao.postgres.statements import Statement, UnfinishedStatement, split_statements


def texts(source: str) -> list[str]:
    return [statement.text for statement in split_statements(source)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT ';'",
        "SELECT 'it''s; here'",
        r"SELECT E'it\'s; here'",
        r"SELECT 'a\'",
        'SELECT ";" FROM "a;""b"',
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN; PERFORM 1; END $$",
        "DO $body$ BEGIN PERFORM $$;$$; END $body$",
        "SELECT 1 -- one; two",
        "SELECT /* a; /* nested; */ b; */ 1",
        "SELECT $1, a$b$c",
        "SELECT '哨；到;'",
    ],
)
def test_a_semicolon_inside_ends_nothing(statement: str) -> None:
    assert texts(f"{statement}\n;SELECT 2;") == [statement, "SELECT 2"]


def test_lines_are_those_of_the_statement_not_of_its_comment() -> None:
    source = "-- what follows; makes a table\n\nCREATE TABLE a (b int);\n/* and\nthen */ SELECT 1"
    assert list(split_statements(source)) == [Statement("CREATE TABLE a (b int)", 3), Statement("SELECT 1", 5)]


def test_empty_statements_and_comments_alone_are_nothing() -> None:
    assert texts(";;\n-- only a remark\n; /* another */") == []


@pytest.mark.parametrize(
    "source", ["SELECT 1;\nSELECT /* open", "SELECT 1;\nCREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END"]
)
def test_what_cannot_be_split_is_named_by_line(source: str) -> None:
    with pytest.raises(UnfinishedStatement) as caught:
        texts(source)
    assert caught.value.line == 2
