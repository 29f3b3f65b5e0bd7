"""Whether the contenders answer the same: the rows, their order and how many hang on each, by names that all of them know."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from bench.workload import Name

Json = Any


class AnswerFault(Exception):
    """An answer is no answer: the message says what came instead."""


def data_of(status: int, content: bytes) -> Json:
    """The ``data`` of an answer. Raises AnswerFault for another status than 200, for errors and for nothing."""
    if status != 200:
        raise AnswerFault(f"status {status}: {content[:200].decode(errors='replace')}")
    answer = orjson.loads(content)
    if answer.get("errors") or not answer.get("data"):
        raise AnswerFault(f"errors: {orjson.dumps(answer.get('errors'))[:300].decode()}")
    return answer["data"]


def facts_of(name: Name, data: Json) -> list[Any]:
    """What an answer says, in the words that both schemas share."""
    return _FACTS[name](data)


def _cases(data: Json) -> list[Any]:
    found = data["cases"] if "cases" in data else data["caseFiles"]
    rows = [
        (node["number"], node["state"], (node["grid"] or {}).get("code"), len(node["assignments"]))
        for node in found["nodes"]
    ]
    return [*rows, *([found["totalCount"]] if "totalCount" in found else [])]


def _case(data: Json) -> list[Any]:
    case = data["case"]
    reports = sum(len(assignment["reports"]) for assignment in case["assignments"])
    history = case["history"]["nodes"] if isinstance(case["history"], dict) else case["history"]
    whistles = [whistle["number"] for whistle in case["whistles"]]
    return [case["number"], [event["seq"] for event in history], whistles, len(case["assignments"]), reports]


def _people(data: Json) -> list[Any]:
    return [
        (node["name"], node["reference"], (node["household"] or {}).get("number"), len(node["careTags"]))
        for node in data["people"]["nodes"]
    ]


def _inbox(data: Json) -> list[Any]:
    return [
        (node["state"], (node["case"] or {}).get("number"), len(node["deadlines"]))
        for node in data["assignments"]["nodes"]
    ]


def _counts(data: Json) -> list[Any]:
    rows = data["caseCounts"]
    return sorted(((row["street"] or {}).get("code"), row["state"], row["count"]) for row in rows)


_FACTS: Mapping[Name, Callable[[Json], list[Any]]] = {
    "board": _cases,
    "search": _cases,
    "case": _case,
    "people": _people,
    "inbox": _inbox,
    "counts": _counts,
}


def disagreement(ours: list[Any], theirs: list[Any]) -> str | None:
    """The first difference of two answers' facts, or None."""
    if len(ours) != len(theirs):
        return f"{len(ours)} against {len(theirs)} rows"
    return next((f"{one} against {other}" for one, other in zip(ours, theirs, strict=True) if one != other), None)
