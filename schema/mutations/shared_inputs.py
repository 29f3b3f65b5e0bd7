"""Inputs that several nouns share: points and the parties of a dispatch. Their fields are named as the commands' faults are."""

from collections.abc import Sequence

import strawberry

from shaodao.commands import dispatching, places
from shaodao.domain.coordinates import CoordinateSystem
from shaodao.domain.vocabulary import AssignmentRole


@strawberry.input(description="A position 位置 in degrees, as it was measured.")
class PointInput:
    longitude: float = strawberry.field(description="Longitude 经度, -180 to 180.")
    latitude: float = strawberry.field(description="Latitude 纬度, -90 to 90.")
    crs: CoordinateSystem | None = strawberry.field(
        default=None, description="Coordinate system 坐标系; a point without one is refused (B.9). Kept in CGCS2000."
    )

    def point(self) -> places.PointInput:
        """The position for a command, which finds fault with a missing coordinate system."""
        return places.PointInput(longitude=self.longitude, latitude=self.latitude, crs=str(self.crs or ""))


@strawberry.input(description="An organization 单位 and the role that it gets.")
class PartyInput:
    organization_code: str = strawberry.field(description="Code of the organization, such as `CG`.")
    role: AssignmentRole = strawberry.field(description="LEAD 主办 (exactly one), CO 协办 or INFORM 知会.")

    def party(self) -> dispatching.PartyInput:
        """The party for a command."""
        return dispatching.PartyInput(self.organization_code, self.role)


def point_of(given: PointInput | None) -> places.PointInput | None:
    """The position for a command, if one was given."""
    return None if given is None else given.point()


def parties_of(given: Sequence[PartyInput]) -> tuple[dispatching.PartyInput, ...]:
    """The parties for a command."""
    return tuple(party.party() for party in given)
