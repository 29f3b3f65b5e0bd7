"""Presets of numbers: C.5 rules 4 to 6, C.6, Z-05, J-02, L-05."""

from pathlib import Path

import pytest

from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.rulebook import Rulebook
from shaodao.domain.vocabulary import AreaKind, Urgency, WhistleKind
from shaodao.presets import RulebookError, load_rulebook, preset_names

HOUR, NATURAL, WORKING = DeadlineUnit.CLOCK_HOUR, DeadlineUnit.NATURAL_DAY, DeadlineUnit.WORKING_DAY


@pytest.fixture(scope="module")
def shimahe() -> Rulebook:
    return load_rulebook("shimahe")


def test_the_three_presets_are_shipped() -> None:
    assert preset_names() == ("beijing-tier", "natural", "shimahe")
    assert [load_rulebook(name).name for name in preset_names()] == list(preset_names())


@pytest.mark.parametrize(
    ("preset", "urgent", "general", "complex_"),
    [
        ("shimahe", Limit(HOUR, 24), Limit(WORKING, 5), Limit(WORKING, 10)),
        ("natural", Limit(NATURAL, 1), Limit(NATURAL, 5), Limit(NATURAL, 10)),
        ("beijing-tier", Limit(HOUR, 24), Limit(NATURAL, 7), Limit(NATURAL, 15)),
    ],
)
def test_case_limits_by_urgency(preset: str, urgent: Limit, general: Limit, complex_: Limit) -> None:
    rulebook = load_rulebook(preset)
    assert [rulebook.case_limit(urgency) for urgency in Urgency] == [urgent, general, complex_]


def test_the_tier_of_two_hours_stands_above_urgent() -> None:
    assert load_rulebook("beijing-tier").case_limits.immediate == Limit(HOUR, 2)


def test_a_catalogue_limit_overrides_the_class(shimahe: Rulebook) -> None:
    assert shimahe.case_limit(Urgency.COMPLEX, Limit(WORKING, 15)) == Limit(WORKING, 15)


def test_limits_of_an_emergency_whistle(shimahe: Rulebook) -> None:
    limits = shimahe.whistles.of(WhistleKind.EMERGENCY)
    assert limits.acknowledge == Limit(DeadlineUnit.MINUTE, 5)
    assert limits.arrive_for(at_sea=False) == Limit(DeadlineUnit.MINUTE, 30)
    assert (limits.first_report, limits.report_cycle) == (Limit(HOUR, 2), Limit(HOUR, 4))
    assert limits.result_for(Urgency.URGENT) == Limit(HOUR, 24)


def test_at_sea_the_thirty_minutes_never_apply(shimahe: Rulebook) -> None:
    limits = shimahe.whistles.of(WhistleKind.EMERGENCY)
    assert limits.arrive_for(at_sea=True) is None
    assert limits.arrive_for(at_sea=True, sea_grid_limit=Limit(HOUR, 3)) == Limit(HOUR, 3)


def test_limits_of_a_routine_whistle(shimahe: Rulebook) -> None:
    limits = shimahe.whistles.of(WhistleKind.ROUTINE)
    assert limits.acknowledge == Limit(DeadlineUnit.WORKING_HOUR, 4)
    assert limits.arrive_for(at_sea=True) == Limit(WORKING, 1)
    assert [limits.result_for(urgency) for urgency in (Urgency.GENERAL, Urgency.COMPLEX)] == [
        Limit(WORKING, 5),
        Limit(WORKING, 10),
    ]


def test_a_campaign_is_limited_by_its_plan(shimahe: Rulebook) -> None:
    limits = shimahe.whistles.of(WhistleKind.CAMPAIGN)
    assert limits.arrive_at_assembly
    assert limits.arrive is None
    assert limits.result_for(Urgency.COMPLEX) is None


def test_every_kind_of_whistle_has_limits(shimahe: Rulebook) -> None:
    assert all(shimahe.whistles.of(kind).acknowledge for kind in WhistleKind)


def test_limits_of_rule_6(shimahe: Rulebook) -> None:
    assert shimahe.contact_limits.of(Urgency.URGENT) == Limit(HOUR, 2)
    assert shimahe.contact_limits.of(Urgency.COMPLEX) == Limit(WORKING, 1)
    assert shimahe.objection_windows.of(Urgency.URGENT) == Limit(DeadlineUnit.WORKING_HOUR, 2)
    assert shimahe.verification_limits.of(Urgency.URGENT) == Limit(HOUR, 4)
    assert shimahe.follow_up_limit == Limit(WORKING, 3)
    assert shimahe.confirmation_limit == Limit(HOUR, 24)


def test_the_light_follows_the_ladder(shimahe: Rulebook) -> None:
    assert shimahe.ladder.thresholds(Urgency.URGENT).yellow == 0.75
    assert shimahe.ladder.thresholds(Urgency.GENERAL).yellow == 0.8


@pytest.mark.parametrize(
    ("area_kind", "households", "fits"),
    [
        (AreaKind.URBAN, 300, True),
        (AreaKind.URBAN, 501, False),
        (AreaKind.RURAL, 132, True),
        (AreaKind.FISHING, 99, False),
    ],
)
def test_grid_sizes(shimahe: Rulebook, area_kind: AreaKind, households: int, fits: bool) -> None:
    rule = shimahe.grid_sizes.rule_of(area_kind)
    assert rule is not None
    assert rule.fits(households) is fits


def test_a_sea_grid_has_no_size_rule(shimahe: Rulebook) -> None:
    assert shimahe.grid_sizes.rule_of(AreaKind.SEA) is None


def test_a_file_of_ones_own_holds_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('extends = "natural"\nname = "own"\n[rounds]\nreopen = 5\n[grid_sizes.active]\nRURAL = "jingle"\n')
    rulebook = load_rulebook(str(path))
    assert (rulebook.name, rulebook.rounds.reopen, rulebook.rounds.objection) == ("own", 5, 2)
    assert rulebook.case_limit(Urgency.GENERAL) == Limit(NATURAL, 5)
    rule = rulebook.grid_sizes.rule_of(AreaKind.RURAL)
    assert rule is not None
    assert rule.maximum_households == 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "shimahe"\narival_radius_metres = 3\n', "arival_radius_metres"),
        ('extends = "shimahe"\n[case_limits]\nURGENT = { unit = "WEEK", amount = 1 }\n', "case_limits.URGENT.unit"),
        ('extends = "shimahe"\nfollow_up_limit = { unit = "WORKING_DAY", amount = 0 }\n', "follow_up_limit"),
        ('extends = "shimahe"\n[grid_sizes.active]\nURBAN = "nowhere"\n', "nowhere"),
        (
            'extends = "shimahe"\n[grid_sizes]\nactive = {}\n'
            'rules = [{ preset = "own", area_kind = "URBAN", minimum_households = 5, maximum_households = 4 }]\n',
            "must not exceed",
        ),
        ('extends = "elsewhere"\n', "shipped are"),
        ("extends = 3\n", "name of a preset"),
        ('name = "alone"\n', "missing required field"),
        ("name = \n", "own.toml"),
    ],
)
def test_a_faulty_file_is_refused_with_its_entry(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(RulebookError, match=said):
        load_rulebook(str(path))


@pytest.mark.parametrize("name", ["nothing", "nothing.toml", "../shimahe"])
def test_a_rulebook_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(RulebookError, match=r"nothing|shimahe"):
        load_rulebook(name)
