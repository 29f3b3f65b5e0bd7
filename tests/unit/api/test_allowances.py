"""Each principal's bucket of cost: full at first, emptied by operations, filled by time, and nobody else's concern."""

import pytest

from api.allowances import REMEMBERED, Allowances


@pytest.fixture
def allowances() -> Allowances:
    return Allowances(per_second=10, burst=100)


def test_a_full_bucket_is_emptied_and_fills_with_time(allowances: Allowances) -> None:
    assert [allowances.take("a", 40, 0), allowances.take("a", 40, 0)] == [0, 0]
    assert allowances.take("a", 40, 0) == pytest.approx(2)
    assert allowances.take("a", 40, 1.9) == pytest.approx(0.1)
    assert allowances.take("a", 40, 2) == 0


def test_it_never_holds_more_than_the_burst(allowances: Allowances) -> None:
    allowances.take("a", 1, 0)
    assert allowances.take("a", 100, 1_000_000) == 0
    assert allowances.take("a", 1, 1_000_000) > 0


def test_principals_do_not_share(allowances: Allowances) -> None:
    assert allowances.take("a", 100, 0) == allowances.take("b", 100, 0) == 0
    assert allowances.take("a", 1, 0) > 0


def test_what_costs_more_than_a_bucket_holds_waits_for_a_full_one_and_leaves_a_debt(allowances: Allowances) -> None:
    assert allowances.take("a", 300, 0) == 0
    assert allowances.take("a", 10, 0) == pytest.approx(21)
    assert allowances.take("a", 10, 21) == 0


def test_without_a_rate_nobody_is_held_back() -> None:
    assert Allowances(per_second=0, burst=0).take("a", 10**9, 0) == 0


def test_it_remembers_a_bounded_number(allowances: Allowances) -> None:
    for number in range(REMEMBERED + 10):
        allowances.take(str(number), 100, 0)
    assert len(allowances._levels) == REMEMBERED
    assert allowances.take("0", 100, 0) == 0
