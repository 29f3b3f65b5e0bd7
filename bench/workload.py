"""What is asked: the six operations, the rows that they are about, and each contender's way of asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import orjson

from shaodao.domain.permissions import Grant
from shaodao.domain.vocabulary import LeaderRank, Role
from shaodao.postgres.pool import connect
from shaodao.settings import Settings
from shaodao.tokens import issue, local_key

Name = Literal["board", "case", "people", "inbox", "counts", "search"]
Dialect = Literal["shaodao", "postgraphile"]

FOLDER = Path(__file__).parent
WORD = "积水"
TOKEN_LIFETIME = timedelta(hours=12)

_BUSIEST_STREET = """
SELECT county_code, street_code FROM case_file
WHERE closed_at IS NULL AND state NOT IN ('NOT_ACCEPTED', 'MERGED', 'CANCELLED')
GROUP BY county_code, street_code ORDER BY count(*) DESC, street_code LIMIT 1
"""
_LONGEST_CASE = """
SELECT c.number FROM case_file c
WHERE c.county_code = $1 AND c.street_code = $2
ORDER BY (SELECT count(*) FROM whistle w WHERE w.county_code = c.county_code AND w.case_id = c.id) > 0 DESC,
    c.last_seq DESC, c.number
LIMIT 1
"""
_FULLEST_GRID = """
SELECT grid_code FROM person WHERE county_code = $1 AND street_code = $2
GROUP BY grid_code ORDER BY count(*) DESC, grid_code LIMIT 1
"""
_BUSIEST_ORGANIZATION = """
SELECT organization_code FROM assignment WHERE county_code = $1 AND agent_id IS NULL
GROUP BY organization_code ORDER BY count(*) DESC, organization_code LIMIT 1
"""


@dataclass(frozen=True)
class Operation:
    """One of the issue's operations; ``number`` and ``title`` name it in tables."""

    name: Name
    number: int
    title: str

    def document(self, dialect: Dialect) -> str | None:
        """The GraphQL document in a contender's schema; None where there is none yet."""
        folder = FOLDER / "operations" if dialect == "shaodao" else FOLDER / "postgraphile" / "operations"
        path = folder / f"{self.name}.graphql"
        return path.read_text(encoding="utf-8") if path.exists() else None


OPERATIONS = (
    Operation("board", 1, "board: the 20 newest open cases of a street with grid, reporter and assignments"),
    Operation("case", 2, "one case by number with 50 history events, whistles, assignments and reports"),
    Operation("people", 3, "50 people of a grid, masked, with household and care tags"),
    Operation("inbox", 4, "a department's inbox: 20 assignments with case and deadlines"),
    Operation("counts", 5, "counts of a county's cases by state and division"),
    Operation("search", 6, f"the board with totalCount and the text filter {WORD}"),
)


@dataclass(frozen=True)
class Subjects:
    """The rows that the operations are about: those with the most below them."""

    county: int
    street: str
    number: str
    grid: str
    organization: str

    @property
    def county_scope(self) -> str:
        """The county's division code."""
        return f"{self.county}000000"

    def variables(self, operation: Operation, dialect: Dialect) -> dict[str, Any]:
        """The operation's variables as the contender's document names them."""
        asked = self._asked(operation)
        if dialect == "shaodao":
            return asked
        if "text" in asked:
            asked["text"] = [asked["text"]]
        if operation.name == "people":
            asked["today"] = date.today().isoformat()  # noqa: DTZ011 - tags end by the day, here and there
        return asked | {"county": self.county}

    def grant(self, operation: Operation) -> Grant:
        """What the viewer of the operation may see: its street, its organization or its county."""
        match operation.name:
            case "inbox":
                return Grant(Role.DEPT_HANDLER, self.county_scope, self.organization)
            case "counts":
                return Grant(Role.STREET_LEADER, self.county_scope, rank=LeaderRank.CHIEF)
            case _:
                return Grant(Role.STREET_DISPATCHER, self.street)

    def _asked(self, operation: Operation) -> dict[str, Any]:
        match operation.name:
            case "board":
                return {"division": self.street}
            case "search":
                return {"division": self.street, "text": WORD}
            case "case":
                return {"number": self.number}
            case "people":
                return {"grid": self.grid}
            case "inbox":
                return {"organization": self.organization}
            case "counts":
                return {"division": self.county_scope}


async def find_subjects(dsn: str) -> Subjects:
    """The rows of a loaded city that the operations are about."""
    connection = await connect(dsn)
    try:
        busiest = await connection.fetchrow(_BUSIEST_STREET)
        assert busiest is not None, "the city has open cases"
        place = busiest["county_code"], busiest["street_code"]
        return Subjects(
            *place,
            number=await connection.fetchval(_LONGEST_CASE, *place),
            grid=await connection.fetchval(_FULLEST_GRID, *place),
            organization=await connection.fetchval(_BUSIEST_ORGANIZATION, place[0]),
        )
    finally:
        await connection.close()


def token_of(settings: Settings, grant: Grant) -> str:
    """A token of this installation with one grant; it names no account, as one of a foreign issuer would."""
    return issue(
        local_key(settings.data_dir), login="bench", name="示测", grants=[grant], issuer=settings.issuer,
        audience=settings.audience, now=datetime.now(UTC), lifetime=TOKEN_LIFETIME,
    )  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A POST to ``/graphql``."""

    body: bytes
    headers: Mapping[str, str]


def request_of(operation: Operation, dialect: Dialect, subjects: Subjects, settings: Settings) -> Request | None:
    """The operation as a contender is asked for it; None where its schema cannot be."""
    document = operation.document(dialect)
    if document is None:
        return None
    body = orjson.dumps({"query": document, "variables": subjects.variables(operation, dialect)})
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if dialect == "shaodao":
        headers["Authorization"] = f"Bearer {token_of(settings, subjects.grant(operation))}"
    return Request(body, headers)
