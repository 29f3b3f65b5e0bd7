"""双考核: how streets found the departments, and the county the streets' whistles (reference B.1 第33条, C.8). No ranking (C.9 point 12)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import asyncpg

from shaodao.commands.transaction import Connection
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.permissions import Viewer, county_of
from shaodao.domain.vocabulary import Role

# What was corrected upon an objection counts as corrected. A rating taken over from elsewhere may have the whole score alone.
_DEPARTMENTS = """
SELECT r.organization_code AS code, count(*) AS ratings,
    coalesce(sum(r.report_in), 0) AS report_in, count(r.report_in) AS report_in_scored,
    coalesce(sum(r.handling), 0) AS handling, count(r.handling) AS handling_scored,
    coalesce(sum(r.result), 0) AS result, count(r.result) AS result_scored,
    sum(coalesce(r.report_in + r.handling + r.result, 3 * r.score)) AS scores
FROM (
    SELECT e.organization_code, coalesce(e.corrected_report_in_score, e.report_in_score) AS report_in,
        coalesce(e.corrected_handling_score, e.handling_score) AS handling,
        coalesce(e.corrected_result_score, e.result_score) AS result, coalesce(e.corrected_score, e.score) AS score
    FROM evaluation e JOIN whistle w ON w.county_code = $1 AND w.county_code = e.county_code AND w.id = e.whistle_id
    WHERE e.county_code = $1 AND e.evaluator_kind = 'STREET' AND w.blown_at >= $2 AND w.blown_at < $3
        AND ($4::text IS NULL OR w.street_code = $4)
) r
GROUP BY r.organization_code ORDER BY r.organization_code
"""
_STREETS = """
SELECT w.street_code AS code, count(*) AS blown, count(j.id) AS judged,
    count(*) FILTER (WHERE coalesce(j.corrected_proper, j.proper)) AS proper,
    sum(coalesce(j.corrected_completeness_score, j.completeness_score)) AS completeness,
    count(coalesce(j.corrected_completeness_score, j.completeness_score)) AS completeness_scored,
    sum(coalesce(j.corrected_timeliness_score, j.timeliness_score)) AS timeliness,
    count(coalesce(j.corrected_timeliness_score, j.timeliness_score)) AS timeliness_scored
FROM whistle w LEFT JOIN evaluation j ON j.county_code = $1 AND j.county_code = w.county_code AND j.whistle_id = w.id
    AND j.evaluator_kind = 'COUNTY_GRID_OFFICE'
WHERE w.county_code = $1 AND w.blown_at >= $2 AND w.blown_at < $3 AND ($4::text IS NULL OR w.street_code = $4)
GROUP BY w.street_code ORDER BY w.street_code
"""


@dataclass(frozen=True)
class Quotient:
    """A rate or a mean with what it is made of; without a denominator it is None, never 0 or 100 (C.8)."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The numerator by the denominator."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True)
class DepartmentAssessment:
    """An organization's ratings by the streets: the mean of each score and of all three, from 0 to 100."""

    organization_code: str
    ratings: int
    report_in: Quotient
    handling: Quotient
    result: Quotient
    mean: Quotient


@dataclass(frozen=True)
class StreetAssessment:
    """A street's whistles by the county: ``fitness`` proper ÷ blown, and the means of two scores, from 0 to 100."""

    street_code: str
    judged: int
    fitness: Quotient
    completeness: Quotient
    timeliness: Quotient


@dataclass(frozen=True)
class DoubleAssessment:
    """Both sides, each in the order of the codes."""

    departments: tuple[DepartmentAssessment, ...]
    streets: tuple[StreetAssessment, ...]


async def double_assessment(connection: Connection, viewer: Viewer, first: date, last: date) -> DoubleAssessment | None:
    """Both sides for the whistles blown from the first day to the last, in Shanghai; None for a viewer who may not ask.

    A street leader sees the own street's ratings and whistles, the county grid office those of its county.
    """
    counties = {county_of(g.scope) for g in viewer.grants_of(Role.COUNTY_GRID_OFFICE) if g.level == "COUNTY"}
    streets = {g.scope for g in viewer.grants_of(Role.STREET_LEADER) if g.level == "STREET"}
    scopes: set[tuple[int, str | None]] = {(county, None) for county in counties}
    scopes |= {(county_of(street), street) for street in streets if county_of(street) not in counties}
    if not scopes:
        return None
    begins, ends = _midnight(first), _midnight(last + timedelta(days=1))
    departments, judged = list[DepartmentAssessment](), list[StreetAssessment]()
    for county, street in sorted(scopes, key=str):
        departments += map(_department, await connection.fetch(_DEPARTMENTS, county, begins, ends, street))
        judged += map(_street, await connection.fetch(_STREETS, county, begins, ends, street))
    return DoubleAssessment(tuple(departments), tuple(judged))


def _department(row: "asyncpg.Record") -> DepartmentAssessment:
    return DepartmentAssessment(
        row["code"], row["ratings"], Quotient(row["report_in"], row["report_in_scored"]),
        Quotient(row["handling"], row["handling_scored"]), Quotient(row["result"], row["result_scored"]),
        Quotient(row["scores"], 3 * row["ratings"]),
    )  # fmt: skip


def _street(row: "asyncpg.Record") -> StreetAssessment:
    return StreetAssessment(
        row["code"], row["judged"], Quotient(row["proper"], row["blown"]),
        Quotient(row["completeness"] or 0, row["completeness_scored"]),
        Quotient(row["timeliness"] or 0, row["timeliness_scored"]),
    )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
