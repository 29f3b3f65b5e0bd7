"""Who asks in the benchmark, with their tokens, and what they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.city.places import Staff, build_counties
from bench.city.preset import Preset
from shaodao import tokens
from shaodao.commands.transaction import Connection
from shaodao.domain.permissions import Viewer
from shaodao.settings import Settings

LIFETIME = timedelta(days=30)
LEAD_DEPARTMENT = "CG"
"""The department of the benchmark: the one that is called most."""

_LONG = """
SELECT number FROM case_file WHERE county_code = $1 AND street_code = $2
ORDER BY last_seq DESC, registered_at DESC, id DESC LIMIT $3
"""
_LARGEST_GRID = """
SELECT code FROM grid WHERE county_code = $1 AND street_code = $2 ORDER BY person_count DESC, code LIMIT 1
"""


@dataclass(frozen=True)
class Cast:
    """The viewers of the benchmark: all of the county of the largest street, which is the benchmark's."""

    county: int
    street: str
    organization: str
    dispatcher: Staff
    leader: Staff
    worker: Staff
    officer: Staff
    handler: Staff

    @property
    def viewers(self) -> Mapping[str, Viewer]:
        """By what they are called in the benchmark."""
        named = ("dispatcher", "leader", "worker", "officer", "handler")
        return {name: getattr(self, name).viewer for name in named}

    def tokens(self, settings: Settings, now: datetime) -> Mapping[str, str]:
        """A token for each, signed with the key in the data folder of the settings. Raises StartError."""
        key = tokens.local_key(settings.data_dir)
        return {
            name: tokens.issue(
                key, login=viewer.login, name=viewer.name, grants=viewer.grants, issuer=settings.issuer,
                audience=settings.audience, now=now, lifetime=LIFETIME,
            )
            for name, viewer in self.viewers.items()
        }  # fmt: skip


@dataclass(frozen=True)
class Landmarks:
    """What the benchmark asks for: a populous grid, and cases with long histories, the longest first."""

    grid: str
    case_numbers: tuple[str, ...]


def cast_of(preset: Preset) -> Cast:
    """The viewers in the city of the preset; they do not depend on the number of cases."""
    county = build_counties(preset)[0]
    street = county.streets[0]
    return Cast(
        county.code, street.code, county.departments[LEAD_DEPARTMENT].code, street.dispatchers[0], street.deputy,
        street.grids[0].worker, county.officer, county.handlers[LEAD_DEPARTMENT],
    )  # fmt: skip


async def landmarks_of(connection: Connection, cast: Cast, cases: int = 10) -> Landmarks:
    """Look up the landmarks of the benchmark's street in a loaded city."""
    grid = await connection.fetchval(_LARGEST_GRID, cast.county, cast.street)
    rows = await connection.fetch(_LONG, cast.county, cast.street, cases)
    return Landmarks(grid, tuple(row["number"] for row in rows))
