"""Every field of every type is asked for as every kind of viewer: it compiles, runs, and is what the schema says."""

import pytest

from schema.compiler.catalogue import catalogue_of
from schema.faults import mapping_faults
from tests.integration.asking import Desk, desk_of
from tests.integration.conftest import Street
from tests.walking import every_document


@pytest.fixture
async def desk(street: Street) -> Desk:
    return await desk_of(street)


def test_the_mapping_has_no_faults(desk: Desk) -> None:
    assert mapping_faults(catalogue_of(desk.service.graphql)) == []


@pytest.mark.parametrize(
    "who",
    [
        "dispatcher", "grid worker", "grid chief", "deputy leader", "follow-up caller", "county office", "handler of CG",
        "resident", "nobody",
    ],
)  # fmt: skip
async def test_everything_can_be_asked_for(desk: Desk, who: str) -> None:
    viewer = desk.people[who]
    for document in every_document(desk.service.graphql):
        await desk.ask(document, viewer)
