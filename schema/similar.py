"""casesLike: what is perhaps the same matter as one that somebody is telling, before it is registered (reference C.3 register)."""

from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from schema.compiler.parameters import Binding, to_postgres
from schema.database import borrowed
from schema.errors import invalid_input
from schema.ids import decode_as
from schema.mutations.shared_inputs import PointInput, point_of
from schema.reading import Context
from schema.types.hashes import phone_hash
from schema.types.similar_cases import SimilarCase, checked_first
from shaodao.commands.places import Place, Whereabouts, canonical_point, grid_at, locate
from shaodao.commands.similar_cases import ToldMatter, candidates_for, similar_cases
from shaodao.commands.transaction import Connection, Ground, Transaction
from shaodao.domain.coordinates import Point
from shaodao.domain.errors import Faults
from shaodao.domain.permissions import county_of
from shaodao.domain.rules import RULES

Info: TypeAlias = strawberry.Info[Context, None]


@strawberry.input(description="A matter as it is being told, with the fields of a registration that are known by now.")
class MatterInput:
    title: str | None = strawberry.field(default=None, description="Title.")
    description: str | None = strawberry.field(default=None, description="What it is about.")
    address: str | None = strawberry.field(default=None, description="Address.")
    category_code: str | None = strawberry.field(default=None, description="Code of the category 诉求分类.")
    point: PointInput | None = strawberry.field(default=None, description="Where it is.")
    grid_code: str | None = strawberry.field(default=None, description="Fifteen-digit code of the grid.")
    division_code: str | None = strawberry.field(
        default=None, description="Twelve-digit code of the community or street; by default the viewer's street."
    )
    reporter_phone: str | None = strawberry.field(
        default=None,
        description="The reporter's whole phone, found by its keyed hash; for the dispatcher, others' is not compared.",
    )
    reporter_person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Global identifier of the reporter in the register."
    )

    @property
    def text(self) -> str:
        """The words that are compared."""
        return "\n".join(filter(None, (self.title, self.description, self.address)))


async def cases_like(
    info: Info,
    matter: Annotated[MatterInput, strawberry.argument(description="The matter as it is being told.")],
    first: Annotated[int, strawberry.argument(description="How many, 1 to 20.")] = 5,
) -> list[SimilarCase]:
    """The cases like the matter that the viewer sees; none for who takes no cases in. Raises ClientError."""
    context, wanted = info.context, checked_first(first)
    if not context.viewer.grants_of(*RULES["similar_case"]):
        return []
    _check_texts(matter)
    phone, person = _phone(context, matter), _person(matter)
    ground: Ground = context.services.ground()
    async with borrowed(context.database) as connection:
        place, point, county = await _place(connection, context, ground, matter)
        told = ToldMatter(
            place.street_code, place.grid_code, point, matter.category_code, matter.text, phone, person
        )  # fmt: skip
        found = await candidates_for(connection, county, told, context.now, ground.rulebook)
    return [SimilarCase.of(one) for one in similar_cases(found, context.viewer, ground.rulebook)[:wanted]]


def _check_texts(matter: MatterInput) -> None:
    """Refuse what PostgreSQL takes for no text: NUL and lone surrogates."""
    for name, given in (
        ("title", matter.title), ("description", matter.description), ("address", matter.address),
        ("categoryCode", matter.category_code), ("gridCode", matter.grid_code), ("divisionCode", matter.division_code),
    ):  # fmt: skip
        try:
            to_postgres(given, "text")
        except ValueError as error:
            raise invalid_input(f"matter.{name}", "值无效", "not a text") from error


def _phone(context: Context, matter: MatterInput) -> bytes | None:
    """The hash of the phone, counted as every look-up is (C.7 guardrail 1)."""
    if not matter.reporter_phone or not context.viewer.grants_of(*RULES["case_by_phone"]):
        return None
    binding = Binding(
        context.viewer, context.counties, context.now, {}, services=context.services, phones=context.phones
    )
    return phone_hash(matter.reporter_phone, binding)


def _person(matter: MatterInput) -> UUID | None:
    if matter.reporter_person_id is None:
        return None
    try:
        return UUID(decode_as(matter.reporter_person_id, "Person", shared=False).key)
    except ValueError as error:
        raise invalid_input("matter.reporterPersonId", "值无效", "not an identifier of a person") from error


async def _place(
    connection: Connection, context: Context, ground: Ground, matter: MatterInput
) -> tuple[Place, Point | None, int]:
    """Where the matter is, found as a registration finds it, with its county. Raises ClientError at the first fault."""
    county, faults = _county(context, matter), Faults()
    tx = Transaction(connection, context.viewer, context.now, county, ground)
    point = canonical_point(faults, "point", point_of(matter.point))
    place = await locate(
        tx, faults, Whereabouts(point, await grid_at(tx, point), matter.grid_code, matter.division_code)
    )
    for fault in faults.faults:
        raise invalid_input(f"matter.{fault.path}", fault.message, fault.english)
    assert place is not None  # a place that was not found is a fault
    return place, point, county


def _county(context: Context, matter: MatterInput) -> int:
    """The county of the place's code where it is one of the viewer's, else the viewer's first."""
    for code in (matter.grid_code, matter.division_code):
        if code is not None and len(code) >= 6 and code[:6].isascii() and code[:6].isdigit():
            county = county_of(code)
            if county in context.counties:
                return county
    return context.counties[0]
