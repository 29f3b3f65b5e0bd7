"""The check that schemathesis makes of each answer, loaded into its process by SCHEMATHESIS_HOOKS."""

from typing import Any

import schemathesis

FAILURES = {"INTERNAL_ERROR", "TIMED_OUT", "UNAVAILABLE"}
MEDIA_TYPES = ("application/json", "application/graphql-response+json")


@schemathesis.check
def answer_of_graphql(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: "schemathesis.Case[Any]"
) -> bool | None:
    """No failure of ours, and a well-formed response; mistakes of the client are told with codes."""
    assert response.status_code < 500, f"a failure of ours: {response.status_code}"
    assert response.headers["content-type"][0].startswith(MEDIA_TYPES)
    body = response.json()
    assert body.keys() <= {"data", "errors", "extensions"}
    assert "data" in body or body.get("errors"), "neither data nor errors"
    for error in body.get("errors", ()):
        assert isinstance(error["message"], str)
        assert error["extensions"]["code"] not in FAILURES, error
    return None
