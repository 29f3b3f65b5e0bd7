"""evaluationSummary: 双考核 of departments and streets with numerators and denominators (reference C.8, C.9 point 12)."""

from datetime import date
from typing import Annotated

import strawberry

from schema.database import borrowed
from schema.declarations import StoredRef
from schema.errors import invalid_input
from schema.mapping import stored
from schema.routing import Info
from schema.types.divisions import Division
from schema.types.organizations import Organization
from shaodao import double_assessment as assessment


@strawberry.type(description="A rate or a mean with what it is made of.")
class Quotient:
    numerator: int = strawberry.field(description="Numerator.")
    denominator: int = strawberry.field(description="Denominator.")
    value: float | None = strawberry.field(description="The one by the other; null where the denominator is 0.")

    @classmethod
    def of(cls, quotient: assessment.Quotient) -> "Quotient":
        """As clients see it."""
        return cls(numerator=quotient.numerator, denominator=quotient.denominator, value=quotient.value)


@strawberry.type(description="How streets rated an organization; means from 0 to 100, corrected scores as corrected.")
class DepartmentAssessment:
    organization: Organization | None = stored(description="The organization.")
    ratings: int = strawberry.field(description="How often it was rated.")
    report_in: Quotient = strawberry.field(description="Mean of 报到效率.")
    handling: Quotient = strawberry.field(description="Mean of 办理情况.")
    result: Quotient = strawberry.field(description="Mean of 结果满意度.")
    mean: Quotient = strawberry.field(description="Mean of the three.")


@strawberry.type(description="How the county judged a street's whistles.")
class StreetAssessment:
    street: Division | None = stored(description="The street.")
    judged: int = strawberry.field(description="How many of its whistles were judged.")
    fitness: Quotient = strawberry.field(description="Proper ones by blown ones 吹哨准确率.")
    completeness: Quotient = strawberry.field(description="Mean of 要素完整, from 0 to 100, of those scored.")
    timeliness: Quotient = strawberry.field(description="Mean of 核查及时, from 0 to 100, of those scored.")


@strawberry.type(description="双考核: both sides of the whistles blown in a period, by code; nobody is ranked.")
class EvaluationSummary:
    departments: list[DepartmentAssessment] = strawberry.field(description="The organizations that were rated.")
    streets: list[StreetAssessment] = strawberry.field(description="The streets that blew whistles.")


async def evaluation_summary(
    info: Info,
    from_: Annotated[date, strawberry.argument(name="from", description="First day of blowing, in Shanghai.")],
    to: Annotated[date, strawberry.argument(description="Last day.")],
) -> EvaluationSummary | None:
    """Both sides for the viewer's street or county; None for whoever is neither. Raises ClientError."""
    if from_ > to:
        raise invalid_input("to", "不能早于起始日", "must not lie before the first day")
    if not (from_.year >= 2000 and to.year <= 2200):
        raise invalid_input("from", "年份超出范围", "the year is out of range")
    async with borrowed(info.context.database) as connection:
        found = await assessment.double_assessment(connection, info.context.viewer, from_, to)
    if found is None:
        return None
    return EvaluationSummary(
        departments=[_department(one) for one in found.departments], streets=[_street(one) for one in found.streets]
    )


def _department(one: assessment.DepartmentAssessment) -> DepartmentAssessment:
    made = DepartmentAssessment(
        ratings=one.ratings, report_in=Quotient.of(one.report_in), handling=Quotient.of(one.handling),
        result=Quotient.of(one.result), mean=Quotient.of(one.mean),
    )  # fmt: skip
    made.organization = StoredRef("Organization", None, one.organization_code)  # type: ignore[assignment]  # read after the resolver
    return made


def _street(one: assessment.StreetAssessment) -> StreetAssessment:
    made = StreetAssessment(
        judged=one.judged, fitness=Quotient.of(one.fitness), completeness=Quotient.of(one.completeness),
        timeliness=Quotient.of(one.timeliness),
    )  # fmt: skip
    made.street = StoredRef("Division", None, one.street_code)  # type: ignore[assignment]  # read after the resolver
    return made
