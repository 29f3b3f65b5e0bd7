"""The demonstration county's list of admissible whistles 吹哨事项清单 (B.1) fits its whistles and registers (D.7)."""

from shaodao.demo.source import load_street
from shaodao.demo.whistle_list import item_code, load_whistle_list
from shaodao.domain.vocabulary import AssignmentRole, WhistleKind


def test_every_whistle_of_the_street_is_on_the_list() -> None:
    """D.7: W1 to W7 are all admissible."""
    street = load_street()
    categories = {case.seq: case.category for case in street.cases}
    for whistle in street.whistles:
        [lead] = [party.dept for party in whistle.assignments if party.role is AssignmentRole.LEAD]
        assert item_code(whistle.kind, categories[whistle.case_seq], lead), whistle.id
    assert item_code(WhistleKind.ROUTINE, "A13", "MZ") is None


def test_the_list_names_organizations_of_the_street_and_every_kind() -> None:
    items, known = load_whistle_list(), {one.code for one in load_street().organizations}
    assert len({item.code for item in items}) == len(items)
    assert {item.kind for item in items} == set(WhistleKind)
    for item in items:
        assert {item.lead, *item.co} <= known, item.code
        assert item.lead not in item.co
