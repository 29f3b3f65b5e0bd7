"""A command that comes again: the first outcome whatever would come of it now, and another command's key refused."""

import asyncio

import pytest

from shaodao.commands.cases import accept
from shaodao.commands.registration import register, register_first
from shaodao.commands.running import Repetition
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.errors import IdempotencyConflict, InvalidInput, StateConflict
from tests.integration.case_steps import case_input
from tests.integration.conftest import Street


async def registered(street: Street, key: str | None = None) -> Outcome:
    return await street.run(lambda tx: register(tx, case_input()), street.viewer("吕示衡"), key)


async def registered_alone(street: Street, key: str) -> Outcome:
    """As the mutation does: the statement is the transaction."""
    return await street.runner.run(
        lambda tx: register(tx, case_input()), actor=street.viewer("吕示衡"), county=street.county, now=street.now,
        repetition=Repetition(key, "registerCase", None), one_statement=True,
    )  # fmt: skip


async def accepted(street: Street, case: Outcome, key: str | None = None) -> Outcome:
    assert case.case_id is not None
    case_id = case.case_id
    return await street.run(lambda tx: accept(tx, case_id), street.viewer("吕示衡"), key)


async def test_a_repeated_command_gives_its_outcome_where_the_state_no_longer_allows_it(street: Street) -> None:
    case = await registered(street)
    first, again = await accepted(street, case, "k-1"), await accepted(street, case, "k-1")
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.case_state, again.case_number, again.cursor) == ("ACCEPTED", case.case_number, first.cursor)
    with pytest.raises(StateConflict):
        await accepted(street, case, "k-2")


async def test_the_same_step_at_once_is_done_once(street: Street) -> None:
    case = await registered(street)
    outcomes = await asyncio.gather(*(accepted(street, case, "k-1") for _ in range(6)))
    assert sum(not outcome.repeated for outcome in outcomes) == 1
    assert {outcome.case_state for outcome in outcomes} == {"ACCEPTED"}
    count = await street.pool.fetchval("SELECT count(*) FROM case_event WHERE case_id = $1", case.case_id)
    assert count == 2


async def test_a_registration_is_kept_whole_with_its_number_and_cursor(street: Street) -> None:
    first, again = await registered(street, "k-1"), await registered(street, "k-1")
    assert again.repeated
    assert (again.case_id, again.case_number, again.cursor) == (first.case_id, first.case_number, first.cursor)
    assert first.cursor is not None
    assert await street.pool.fetchval("SELECT last FROM case_counter") == 1


async def test_a_command_that_goes_on_after_a_registration_keeps_what_it_came_to(street: Street) -> None:
    async def goes_on(tx: Transaction) -> Outcome:
        outcome = await register_first(tx, case_input())
        outcome.record_code = "more"
        return outcome

    first = await street.run(goes_on, street.viewer("吕示衡"), "k-1")
    again = await street.run(goes_on, street.viewer("吕示衡"), "k-1")
    assert (again.repeated, again.record_code, again.case_number) == (True, "more", first.case_number)


async def test_news_is_told_once(street: Street) -> None:
    await registered(street, "k-1")
    told = street.announcer.announced
    await registered(street, "k-1")
    assert street.announcer.announced == told


async def test_the_key_of_another_command_is_refused_even_where_this_one_would_be(street: Street) -> None:
    async def faulty(tx: Transaction) -> Outcome:
        raise InvalidInput.at("title", "测试", "test")

    await registered(street, "k-1")
    viewer = street.viewer("吕示衡")
    with pytest.raises(IdempotencyConflict):
        await street.runner.run(
            faulty, actor=viewer, county=street.county, now=street.now, repetition=Repetition("k-1", "other", None)
        )
    with pytest.raises(InvalidInput):
        await street.run(faulty, viewer, "k-2")


async def test_a_registration_that_is_its_own_transaction_is_whole_or_not_at_all(street: Street) -> None:
    outcomes = await asyncio.gather(*(registered_alone(street, f"k-{number % 4}") for number in range(12)))
    assert sum(not outcome.repeated for outcome in outcomes) == 4
    numbers = {(outcome.case_number or "")[-4:] for outcome in outcomes}
    assert numbers == {"0001", "0002", "0003", "0004"}
    for table in ("case_file", "case_event", "message", "command_outcome"):
        assert await street.pool.fetchval(f"SELECT count(*) FROM {table}") == 4


async def test_a_registration_under_another_commands_key_writes_nothing(street: Street) -> None:
    case = await registered(street)
    await accepted(street, case, "k-1")
    with pytest.raises(IdempotencyConflict):
        await registered_alone(street, "k-1")
    assert await street.pool.fetchval("SELECT count(*) FROM case_file") == 1
    assert await street.pool.fetchval("SELECT last FROM case_counter") == 1
