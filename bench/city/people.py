"""Households, people and care tags of a grid. Who lives where follows from the numbers alone, so that a case can name its
reporter without asking the database. Names carry 例, identity numbers lie on prefix 9901xx, phones begin with 100."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from bench.city.identifiers import CARE_TAG, HOUSEHOLD, PERSON, identifier, scattered
from bench.city.places import Grid, made_up_name
from bench.city.wording import ROADS, Pieces
from shaodao.domain.identity import mask_identity_number, mask_phone
from shaodao.personal_data import PersonalDataCipher

MOST_MEMBERS = 8
HOUSEHOLD_COLUMNS = (
    "county_code", "id", "number", "address", "street_code", "community_code", "grid_code", "head_person_id", "member_count",
    "contact_worker_id", "created_at",
)  # fmt: skip
PERSON_COLUMNS = (
    "county_code", "id", "name", "gender", "birth_date", "id_number_masked", "id_number_sealed", "id_number_hash",
    "phone_masked", "phone_sealed", "phone_hash", "address", "residence_kind", "street_code", "community_code", "grid_code",
    "household_id", "relation_to_head", "archive_color", "archive_reason", "visibility", "search_bigrams", "source",
    "collected_at",
)  # fmt: skip
CARE_TAG_COLUMNS = (
    "county_code", "id", "person_id", "kind", "evidence", "street_code", "community_code", "grid_code", "visibility", "valid_from",
)  # fmt: skip

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Days of birth of three generations: the first, and how many. No two overlap, so that numbers of two never meet.
_ELDERS = (date(1934, 1, 1), 9_000)
_ADULTS = (date(1960, 1, 1), 13_000)
_CHILDREN = (date(2008, 1, 1), 6_500)
_STEP = 7919  # prime to all three counts
_APART = 613  # days between the births of two members of a generation
_ORDERS_OF_PLACE = 120
_SOURCE = "示例数据"
_RESIDENCES = ("REGISTERED",) * 13 + ("FLOATING",) * 5 + ("LEFT_BEHIND", "LODGING")
_COLORS = ("RED", "ORANGE", "YELLOW")


@dataclass(frozen=True, slots=True)
class Resident:
    """A person by the number of the household 户 in the city and the place in it; the head stands at place 0."""

    household: int
    place: int

    @property
    def number(self) -> int:
        """Their number in the city."""
        return self.household * MOST_MEMBERS + self.place

    @property
    def id(self) -> UUID:
        """Id in the register."""
        return identifier(PERSON, self.number)

    @property
    def name(self) -> str:
        """Such as 王例安; children and elders bear the head's surname."""
        own = made_up_name(self.number, "例", 2)
        return own if self.place < 2 else made_up_name(self.household * MOST_MEMBERS, "例", 1)[0] + own[1:]

    @property
    def phone(self) -> str:
        """Eleven digits that nobody can dial."""
        return f"100{self.number:08}"

    @property
    def is_elder(self) -> bool:
        """Of a grandparents' age: also the heads of a quarter of the households, and who lives with them."""
        return scattered(self.household, 11) % 4 == 0 if self.place < 2 else self.place > 3

    @property
    def is_child(self) -> bool:
        """Under age, or hardly more."""
        return self.place in (2, 3)

    @property
    def is_male(self) -> bool:
        """Whether a man; a head's spouse is of the other sex."""
        return (
            bool(scattered(self.household, 3 + self.place) & 1)
            if self.place != 1
            else not Resident(self.household, 0).is_male
        )

    def identity_number(self, county: int) -> tuple[str, date]:
        """An identity number with a right check digit that nobody else of the county has, and the day of birth in it."""
        first, days = _ELDERS if self.is_elder else _CHILDREN if self.is_child else _ADULTS
        born = first + timedelta(days=(self.household * _STEP + self.place * _APART) % days)
        order = 10 + self.place * _ORDERS_OF_PLACE + self.household // days * 2
        order += (order & 1) != self.is_male
        body = f"{county}{born:%Y%m%d}{order:03}"
        return body + _CHECKS[sum(map(int.__mul__, map(int, body), _WEIGHTS)) % 11], born


class Register:
    """Makes the rows of grids. ``now``: when everything was collected."""

    def __init__(self, cipher: PersonalDataCipher, pieces: Pieces, now: datetime) -> None:
        self._cipher = cipher
        self._pieces = pieces
        self._now = now

    def rows_of(self, grid: Grid) -> "GridRows":
        """Everything that lives in the grid."""
        rows = GridRows([], [], [])
        for offset, members in enumerate(_member_counts(grid)):
            number = grid.first_household + offset
            address = address_of(number)
            rows.households.append(self._household(grid, number, offset, address, members))
            for place in range(members):
                self._add_person(rows, grid, Resident(number, place), address, members)
        return rows

    def _household(self, grid: Grid, number: int, offset: int, address: str, members: int) -> tuple[Any, ...]:
        return (
            grid.county, identifier(HOUSEHOLD, number), f"{grid.code}-{offset + 1:04}", address, grid.street, grid.community,
            grid.code, Resident(number, 0).id, members, grid.worker.id, self._now,
        )  # fmt: skip

    def _add_person(self, rows: "GridRows", grid: Grid, resident: Resident, address: str, members: int) -> None:
        id_, name = resident.id, resident.name
        number, born = resident.identity_number(grid.county)
        phone = None if resident.is_child else resident.phone
        tag = _care(resident, members)
        restricted = "RESTRICTED_MINOR" if tag == "CHILD_IN_NEED" else "NORMAL"
        color = _COLORS[resident.number % 3] if tag and resident.number % 4 == 0 else None
        cipher = self._cipher
        rows.people.append((
            grid.county, id_, name, "MALE" if resident.is_male else "FEMALE", born, mask_identity_number(number),
            cipher.seal(number, b"person.id_number:" + id_.bytes), cipher.lookup_hash(number), phone and mask_phone(phone),
            phone and cipher.seal(phone, b"person.phone:" + id_.bytes), phone and cipher.lookup_hash(phone), address,
            _RESIDENCES[resident.household % 20], grid.street, grid.community, grid.code,
            identifier(HOUSEHOLD, resident.household), _relation(resident), color, color and "家庭困难", restricted,
            self._pieces.of(name, address), _SOURCE, self._now,
        ))  # fmt: skip
        if tag is not None:
            rows.care_tags.append((
                grid.county, identifier(CARE_TAG, resident.number), id_, tag, "社区走访核实", grid.street, grid.community,
                grid.code, restricted, date(self._now.year, 1, 1),
            ))  # fmt: skip


@dataclass(frozen=True)
class GridRows:
    """Rows in the order of the columns above."""

    households: list[tuple[Any, ...]]
    people: list[tuple[Any, ...]]
    care_tags: list[tuple[Any, ...]]


def address_of(household: int) -> str:
    """The address of a household, such as 望海路12号3幢402室."""
    building, room = divmod(household, 30)
    road, house = divmod(building, 40)
    return f"{ROADS[road % len(ROADS)]}{house + 1}号{road // len(ROADS) % 9 + 1}幢{room // 5 + 1}{room % 5 + 1:02}室"


def reporter_in(grid: Grid, chance: float) -> Resident:
    """A head of a household of the grid, by a number from 0 to less than 1."""
    return Resident(grid.first_household + int(chance * grid.households), 0)


def _member_counts(grid: Grid) -> Iterator[int]:
    """How many people each household has, one at least; together they are the grid's people."""
    counts = [1] * grid.households
    chance = random.Random(grid.number)  # noqa: S311 - chance that can be repeated
    left = grid.people - grid.households
    while left:
        place = int(chance.random() * grid.households)
        if counts[place] < MOST_MEMBERS:
            counts[place] += 1
            left -= 1
    return iter(counts)


def _relation(resident: Resident) -> str:
    if resident.place == 0:
        return "本人"
    if resident.place == 1:
        return "配偶"
    if resident.is_child:
        return "子" if resident.is_male else "女"
    return "父母"


def _care(resident: Resident, members: int) -> str | None:
    """The care tag that about one of twenty has."""
    chance = scattered(resident.number, 5) % 100
    if resident.is_child:
        return "CHILD_IN_NEED" if chance < 1 else None
    if resident.is_elder:
        kinds = ("LIVING_ALONE" if members == 1 else "EMPTY_NEST", "DISABLED_ELDER", "SUBSISTENCE")
        return kinds[0] if chance < 8 else kinds[1] if chance < 10 else kinds[2] if chance < 12 else None
    return "DISABILITY" if chance < 2 else "SUBSISTENCE" if chance < 3 else None
