"""Cases that are perhaps the same matter 相似诉求 (reference C.3 register): found by place, reporter and category, then compared.

The candidates are read by indexes and bounded; which of them the viewer sees, and how like they are, is decided here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import msgspec

from shaodao.commands.transaction import Connection
from shaodao.domain.case_machine import OPEN
from shaodao.domain.coordinates import Point
from shaodao.domain.permissions import Viewer
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.sight import SeenRow, sees
from shaodao.domain.similarity import Likeness, Similarity, similarity
from shaodao.domain.text import bigrams
from shaodao.domain.vocabulary import CaseState

_FOUND: LiteralString = """
    SELECT o.id FROM case_file o
    WHERE o.county_code {county} AND o.county_code = {t}.county_code AND o.street_code = {t}.street_code AND o.id <> {t}.id
        AND o.registered_at >= {t}.registered_at - make_interval(days => {similar_days})
        AND o.registered_at <= {t}.registered_at + make_interval(days => {similar_days})
        AND (
            o.state IN ('REGISTERED', 'ACCEPTED', 'ASSIGNED', 'HANDLING', 'SUSPENDED', 'VERIFYING', 'REOPENED') OR (
                o.state IN ('CLOSED', 'FOLLOWED_UP', 'ARCHIVED')
                AND o.closed_at >= {now} - make_interval(days => {similar_closed_days})
            )
        )
        AND {clue}
    ORDER BY o.registered_at DESC, o.id DESC LIMIT 40
"""
_REACH: LiteralString = "{similar_metres} / 111320 / greatest(cos(radians({t}.point[1])), 0.01)"
_CLUES: tuple[LiteralString, ...] = (
    "o.grid_code = {t}.grid_code",
    "o.point <@ box(point({t}.point[0] + " + _REACH + ", {t}.point[1] + {similar_metres} / 111320),"
    " point({t}.point[0] - " + _REACH + ", {t}.point[1] - {similar_metres} / 111320))",
    "o.reporter_phone_hash = {t}.reporter_phone_hash",
    "o.reporter_person_id = {t}.reporter_person_id",
    "o.category_code = {t}.category_code",
)
_CANDIDATES: LiteralString = " UNION ".join("(" + _FOUND.replace("{clue}", clue) + ")" for clue in _CLUES)
# Pieces that begin with a digit are of the numbers of cases and houses, and say nothing of the matter.
SIMILAR_FACTS: LiteralString = (
    """(SELECT coalesce(json_agg(row_to_json(candidate)), '[]') FROM (
    SELECT o.id, o.county_code, o.number, o.title, o.state, o.registered_at, o.street_code, o.community_code, o.grid_code,
        o.visibility, o.confidential, o.reporter_person_id, o.first_receiver_id, o.agent_id, o.county_informed_at,
        o.accused_organization_code,
        abs(extract(epoch FROM o.registered_at - {t}.registered_at))::float8 AS seconds_apart,
        111320 * sqrt(
            power((o.point[0] - {t}.point[0]) * cos(radians({t}.point[1])), 2) + power(o.point[1] - {t}.point[1], 2)
        ) AS metres,
        coalesce(o.grid_code = {t}.grid_code, false) AS same_grid,
        coalesce(o.category_code = {t}.category_code, false) AS same_category,
        coalesce(o.reporter_phone_hash = {t}.reporter_phone_hash, false) AS same_phone,
        coalesce(o.reporter_person_id = {t}.reporter_person_id, false) AS same_person,
        coalesce((
            SELECT count(*) FROM (
                SELECT piece FROM unnest(o.search_bigrams) piece INTERSECT SELECT piece FROM unnest(own.pieces) piece
            ) shared
        )::float8 / nullif(least(cardinality(own.pieces), (
            SELECT count(*) FROM unnest(o.search_bigrams) piece WHERE piece COLLATE "C" >= ':'
        )), 0), 0) AS text_share
    FROM (
        SELECT array(SELECT piece FROM unnest({t}.search_bigrams) piece WHERE piece COLLATE "C" >= ':') AS pieces
    ) own
    CROSS JOIN ("""
    + _CANDIDATES
    + """) found
    JOIN case_file o ON o.county_code {county} AND o.county_code = {t}.county_code AND o.id = found.id
) candidate)"""
)
"""The candidates for a row, as JSON that ``Candidate`` decodes: ``{t}`` is the row, ``{now}`` the time, ``{county}`` binds a
county; ``{similar_days}``, ``{similar_closed_days}`` and ``{similar_metres}`` are the rulebook's."""

_OF_MATTER = f"""
SELECT {
    SIMILAR_FACTS.replace("{t}", "m")
    .replace("{county}", "= $1")
    .replace("{now}", "$2")
    .replace("{similar_days}", "$3::int")
    .replace("{similar_closed_days}", "$4::int")
    .replace("{similar_metres}", "$5::float8")
}
FROM (
    SELECT $1::int AS county_code, '00000000-0000-0000-0000-000000000000'::uuid AS id, $2::timestamptz AS registered_at,
        $6::text AS street_code, $7::text AS grid_code, $8::text AS category_code,
        CASE WHEN $9::float8 IS NOT NULL THEN point($9::float8, $10::float8) END AS point,
        $11::bytea AS reporter_phone_hash, $12::uuid AS reporter_person_id, $13::text[] AS search_bigrams
) m
"""


@dataclass(frozen=True)
class ToldMatter:
    """A matter before it is registered, as it is told: where it is, what it is about, who tells it."""

    street_code: str
    grid_code: str | None = None
    point: Point | None = None
    category_code: str | None = None
    text: str = ""
    phone_hash: bytes | None = None
    person_id: UUID | None = None


class Candidate(msgspec.Struct, frozen=True):
    """A case that may be the same matter, with what it has in common with it, and the columns that rules ask about."""

    id: UUID
    county_code: int
    number: str
    title: str
    state: CaseState
    registered_at: datetime
    street_code: str
    visibility: str
    confidential: bool
    seconds_apart: float
    same_grid: bool
    same_category: bool
    same_phone: bool
    same_person: bool
    text_share: float
    community_code: str | None = None
    grid_code: str | None = None
    reporter_person_id: UUID | None = None
    first_receiver_id: UUID | None = None
    agent_id: UUID | None = None
    county_informed_at: datetime | None = None
    accused_organization_code: str | None = None
    metres: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it was closed, lately."""
        return self.state not in OPEN

    @property
    def row(self) -> SeenRow:
        """The case as rules ask about it."""
        place = self.grid_code or self.community_code or self.street_code
        return SeenRow(place, msgspec.structs.asdict(self), {"assignment": ()})


@dataclass(frozen=True)
class SimilarCase:
    """A case that is perhaps the same matter, and why."""

    case: Candidate
    similarity: Similarity


async def candidates_for(
    connection: Connection, county: int, matter: ToldMatter, now: datetime, rulebook: Rulebook
) -> list[Candidate]:
    """The candidates for a matter that is no case yet."""
    point, rule = matter.point, rulebook.similarity
    found = await connection.fetchval(
        _OF_MATTER, county, now, rule.days, rule.closed_days, rulebook.similar_radius_metres, matter.street_code,
        matter.grid_code, matter.category_code, point and point.longitude, point and point.latitude, matter.phone_hash,
        matter.person_id, bigrams(matter.text),
    )  # fmt: skip
    return msgspec.json.decode(found, type=list[Candidate])


def similar_cases(candidates: Iterable[Candidate], viewer: Viewer, rulebook: Rulebook) -> Sequence[SimilarCase]:
    """Those of the candidates that the viewer sees and that are like enough, the likest first, of equals the newest.

    That it is the same reporter by phone counts for those alone who may look a phone up (C.7 guardrail 1).
    """
    found = _compared(candidates, viewer, rulebook)
    newest = sorted(found, key=lambda one: (one.case.registered_at, one.case.id), reverse=True)
    return sorted(newest, key=lambda one: one.similarity.score, reverse=True)


def _compared(candidates: Iterable[Candidate], viewer: Viewer, rulebook: Rulebook) -> Iterator[SimilarCase]:
    for candidate in candidates:
        row = candidate.row
        if not sees(viewer, "similar_case", row):
            continue
        by_phone = candidate.same_phone and sees(viewer, "case_by_phone", row)
        likeness = Likeness(
            timedelta(seconds=candidate.seconds_apart), candidate.metres, candidate.same_grid, candidate.same_category,
            by_phone or candidate.same_person, candidate.text_share,
        )  # fmt: skip
        found = similarity(likeness, rulebook.similarity, rulebook.similar_radius_metres)
        if found is not None:
            yield SimilarCase(candidate, found)
