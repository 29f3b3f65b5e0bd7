"""The divisions, grids, organizations and staff of a city. Everything is invented: prefix 9901, staff names with 示."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from bench.city.identifiers import ACCOUNT, identifier, scattered
from bench.city.preset import Preset, apportioned
from shaodao.domain.permissions import Grant, Viewer
from shaodao.domain.vocabulary import LeaderRank, OrgKind, Role

CITY = "990100000000"
COUNTY_NAMES = ("临澜区", "望岬区", "听潮县", "礁门县")
_STREET_FIRST = "望听临观怀迎枕朝"
_STREET_SECOND = "潮澜屿汐矶浦"
_COMMUNITY_FIRST = "槐桐枫柏榆梅兰竹菊荷"
_COMMUNITY_SECOND = "荫安和宁里园"
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
_GIVEN = "安宁和平远舟帆澜禾川溪岚朴原屿汐沧衡正明度谨访序慈锋途筑康清云穗业助渠航恕律修源"
_GRIDS_IN_COMMUNITY = 8

DEPARTMENTS = (
    ("CG", "综合行政执法局", OrgKind.GOV), ("JJ", "公安分局交警大队", OrgKind.GOV), ("GA", "公安分局", OrgKind.GOV),
    ("XF", "消防救援大队", OrgKind.VERTICAL), ("ZJ", "住房和城乡建设局", OrgKind.GOV), ("PS", "供排水公司", OrgKind.UTILITY),
    ("SC", "市场监督管理局", OrgKind.VERTICAL), ("HB", "生态环境分局", OrgKind.VERTICAL), ("MZ", "民政局", OrgKind.GOV),
    ("RS", "人力资源和社会保障局", OrgKind.GOV), ("WJ", "卫生健康局", OrgKind.GOV), ("SF", "司法局", OrgKind.GOV),
    ("YY", "海洋与渔业局", OrgKind.GOV), ("NY", "农业农村局", OrgKind.GOV), ("FG", "发展改革和经信局", OrgKind.GOV),
    ("CL", "残疾人联合会", OrgKind.MASS), ("GD", "供电公司", OrgKind.UTILITY),
)  # fmt: skip
"""The departments of each county: code, name, kind."""

GRID_OFFICE = ("WG", "网格化服务管理办公室", OrgKind.GOV)


@dataclass(frozen=True)
class Staff:
    """A member of staff with the grant of their role."""

    number: int
    login: str
    grant: Grant
    organization: str

    @cached_property
    def id(self) -> UUID:
        """Id of the account."""
        return identifier(ACCOUNT, self.number)

    @cached_property
    def name(self) -> str:
        """Such as 周示岚."""
        return made_up_name(self.number, "示", 1)

    @property
    def viewer(self) -> Viewer:
        """As whom they ask."""
        return Viewer(self.login, self.name, (self.grant,), account_id=self.id)


@dataclass(frozen=True)
class Organization:
    """An organization 单位 with its duty phone."""

    code: str
    name: str
    kind: OrgKind
    level: str
    division: str
    duty_phone: str


@dataclass(frozen=True)
class Grid:
    """A grid 网格 with its people; its households are numbered through the city from ``first_household`` on."""

    number: int
    code: str
    name: str
    street: str
    community: str
    worker: Staff
    chief: Staff
    first_household: int
    households: int
    people: int

    @property
    def county(self) -> int:
        """The county's code."""
        return int(self.code[:6])

    @property
    def corner(self) -> tuple[float, float]:
        """South-west corner, in open water: the grids stand in a square of square cells."""
        return round(122.9 + self.number % 50 * 0.006, 6), round(28.2 + self.number // 50 * 0.006, 6)


@dataclass(frozen=True)
class Street:
    """A street 乡镇(街道) with its staff; ``weight`` is its share of everything."""

    code: str
    name: str
    county: int
    weight: float
    center: Organization
    dispatchers: tuple[Staff, ...]
    deputy: Staff
    chief: Staff
    caller: Staff
    communities: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]

    @property
    def staff(self) -> Iterator[Staff]:
        """Everybody of the street."""
        yield from (*self.dispatchers, self.deputy, self.chief, self.caller)
        yield from {grid.chief.number: grid.chief for grid in self.grids}.values()
        yield from (grid.worker for grid in self.grids)


@dataclass(frozen=True)
class County:
    """A county 县(区) with its departments by their letters, such as CG, and whoever acts for them."""

    code: int
    name: str
    office: Organization
    officer: Staff
    departments: dict[str, Organization]
    handlers: dict[str, Staff]
    streets: tuple[Street, ...]

    @property
    def division(self) -> str:
        """Its code of twelve digits."""
        return f"{self.code}000000"


def made_up_name(number: int, mark: str, longest: int) -> str:
    """A name with the mark 示 of staff or 例 of residents in it, and at most ``longest`` characters after that."""
    chance = scattered(number, 7)
    given = _GIVEN[chance // 64 % len(_GIVEN)]
    if longest > 1 and chance & 1:
        given += _GIVEN[chance // 8192 % len(_GIVEN)]
    return f"{_SURNAMES[chance // 2 % len(_SURNAMES)]}{mark}{given}"


def build_counties(preset: Preset) -> tuple[County, ...]:
    """The counties of a city. The first street of the first county is the largest."""
    return tuple(_Builder(preset).counties())


class _Builder:
    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.random = random.Random(preset.seed)  # noqa: S311 - chance that can be repeated
        self.people_employed = 0
        self.phones = 0
        self.grids = self.households = 0
        self.weights = self._street_weights()
        self.grid_counts = iter(apportioned(preset.grids, self.weights, least=2))
        sizes = [self.random.uniform(0.6, 1.6) for _ in range(preset.grids)]
        self.household_counts = apportioned(preset.households, sizes, least=1)
        extra = apportioned(preset.people - preset.households, self.household_counts)
        self.people_counts = [own + more for own, more in zip(self.household_counts, extra, strict=True)]

    def counties(self) -> Iterator[County]:
        weights = iter(self.weights)
        for index, streets in enumerate(self.preset.streets):
            yield self._county(990101 + index, COUNTY_NAMES[index], [next(weights) for _ in range(streets)])

    def _street_weights(self) -> list[float]:
        count = sum(self.preset.streets)
        weights = [self.preset.skew ** (1 - rank / max(count - 1, 1)) for rank in range(count)]
        largest, rest = weights[0], weights[1:]
        self.random.shuffle(rest)
        return [largest, *rest]

    def _county(self, code: int, name: str, weights: Sequence[float]) -> County:
        division = f"{code}000000"
        office = self._organization(
            f"{GRID_OFFICE[0]}-{code}", name + GRID_OFFICE[1], GRID_OFFICE[2], "COUNTY", division
        )
        departments = {
            letters: self._organization(f"{letters}-{code}", name + title, kind, "COUNTY", division)
            for letters, title, kind in DEPARTMENTS
        }
        handlers = {
            letters: self._employed(
                f"handler.{one.code.lower()}", Grant(Role.DEPT_HANDLER, division, one.code), one.code
            )
            for letters, one in departments.items()
        }
        officer = self._employed(f"office.{code}", Grant(Role.COUNTY_GRID_OFFICE, division), office.code)
        streets = tuple(self._street(code, place, weight) for place, weight in enumerate(weights, 1))
        return County(code, name, office, officer, departments, handlers, streets)

    def _street(self, county: int, place: int, weight: float) -> Street:
        code = f"{county}{place:03}000"
        name = f"{_STREET_FIRST[place % 8]}{_STREET_SECOND[(place + county) % 6]}街道"
        center = self._organization(f"JD-{code[:9]}", f"{name}网格指挥中心", OrgKind.STREET_OFFICE, "STREET", code)

        def employed(what: str, grant: Grant) -> Staff:
            return self._employed(f"{what}.{code[:9]}", grant, center.code)

        grids = next(self.grid_counts)
        communities = [
            (f"{code[:9]}{one:03}", f"{_COMMUNITY_FIRST[one % 10]}{_COMMUNITY_SECOND[(one // 10 + place) % 6]}社区")
            for one in range(1, (grids - 1) // _GRIDS_IN_COMMUNITY + 2)
        ]
        return Street(
            code, name, county, weight, center,
            tuple(employed(f"dispatcher{one}", Grant(Role.STREET_DISPATCHER, code)) for one in (1, 2, 3)),
            employed("deputy", Grant(Role.STREET_LEADER, code, rank=LeaderRank.DEPUTY)),
            employed("chief", Grant(Role.STREET_LEADER, code, rank=LeaderRank.CHIEF)),
            employed("caller", Grant(Role.FOLLOW_UP, code)),
            tuple(communities), tuple(self._grids(code, communities, grids, center.code)),
        )  # fmt: skip

    def _grids(
        self, street: str, communities: Sequence[tuple[str, str]], count: int, organization: str
    ) -> Iterator[Grid]:
        chiefs = {
            code: self._employed(f"chief.{code}", Grant(Role.GRID_CHIEF, code), organization) for code, _ in communities
        }
        for index in range(count):
            community, name = communities[index // _GRIDS_IN_COMMUNITY]
            place = index % _GRIDS_IN_COMMUNITY + 1
            code = f"{community}{place:03}"
            number, first = self.grids, self.households
            self.grids += 1
            self.households += self.household_counts[number]
            yield Grid(
                number, code, f"{name.removesuffix('社区')}第{place}网格", street, community,
                self._employed(f"worker.{code}", Grant(Role.GRID_WORKER, code), organization), chiefs[community],
                first, self.household_counts[number], self.people_counts[number],
            )  # fmt: skip

    def _employed(self, login: str, grant: Grant, organization: str) -> Staff:
        self.people_employed += 1
        return Staff(self.people_employed, login, grant, organization)

    def _organization(self, code: str, name: str, kind: OrgKind, level: str, division: str) -> Organization:
        self.phones += 1
        return Organization(code, name, kind, level, division, f"1009{self.phones:07}")
