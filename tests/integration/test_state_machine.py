"""The three machines together, by random walks of the real commands on a real database.

Each step is drawn from those that a machine allows to somebody, or from all of them; after each one the invariants of C.4
are looked up in the tables. A walk goes on with a new case when one has come to its end, and leans to the actions that were
taken least, so that every action of every machine is taken in each run. ``make stress`` walks longer, and anew each time.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shaodao.commands.facts import read_assignment, read_case, read_whistle
from shaodao.commands.reporters import ReporterInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.case_machine import computed_case_state
from shaodao.domain.errors import DomainError, InvalidInput, NotFound, NotPermitted, StateConflict
from shaodao.domain.facts import INACTIVE, CaseFacts, WhistleFacts
from shaodao.domain.permissions import Viewer
from shaodao.domain.sight import sees_assignment, sees_case, sees_whistle
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseState,
    Channel,
    WhistleState,
)
from shaodao.domain.whistle_machine import IN_THE_FIELD, computed_whistle_state
from shaodao.postgres.pool import create_pool
from tests.integration.conftest import Street
from tests.integration.machine_moves import (
    ACTORS,
    COMMAND_DECIDES,
    COMMANDS,
    DISPATCHED,
    INFORMED,
    INPUT_DECIDES,
    MACHINES,
    ONWARD,
    ORGANIZATIONS,
    Move,
)
from tests.integration.whistle_steps import do, registered, viewer_of

STRESS = "SHAODAO_STRESS_WALKS"
"""How many walks of ``make stress``; without it the same few of a test run."""
WALKS, STEPS = 3, 220
RARE_AT_ONCE, ONWARD_AT_ONCE, LIFE = 4, 5, 12
ENDED = frozenset({CaseState.NOT_ACCEPTED, CaseState.MERGED, CaseState.CANCELLED, CaseState.ARCHIVED})
REPORTER = ReporterInput(name="沈例宽", phone="100-0001-0014")
REGISTRANTS = (
    ("吕示衡", Channel.HOTLINE, REPORTER), ("周示岚", Channel.GRID_PATROL, REPORTER), ("P014", Channel.WECHAT, None),
)  # fmt: skip
SEES: dict[str, Callable[[Viewer, Any], bool]] = {
    "case": sees_case, "whistle": sees_whistle, "assignment": sees_assignment,
}  # fmt: skip
REFUSALS = (NotPermitted, NotFound, StateConflict)  # not found: whoever does not see the case

TABLES = (
    "case_event", "assignment", "whistle", "whistle_party", "report", "verification", "question", "deadline", "message",
    "extension_request", "suspension", "deadline_pause", "dispatch_objection", "meeting", "follow_up", "evaluation", "promise",
    "campaign_case", "merge_link", "communication", "case_round",
)  # fmt: skip
SNAPSHOT = " UNION ALL ".join(
    ["SELECT row_to_json(t)::text AS text FROM case_file t WHERE id = $1"]
    + [f"(SELECT row_to_json(t)::text FROM {table} t WHERE case_id = $1 ORDER BY 1)" for table in TABLES]
)


def test_every_action_of_the_machines_has_its_command() -> None:
    for name, machine in MACHINES.items():
        assert {step.action for step in machine.steps} == set(COMMANDS[name])


class Walk(RuleBasedStateMachine):
    """A case from its registration on, and another one beside it for what concerns two."""

    street: Street
    loop: asyncio.Runner
    taken: Counter[tuple[str, str]]
    tried: Counter[tuple[str, str]]
    known: dict[str, list[Any]]
    refused: set[UUID]
    age: int

    @initialize(steps=st.integers(0, 24), pick=st.integers(0, 59))
    def begin(self, steps: int, pick: int) -> None:
        """A walk may begin at any stage of the case's way to its end."""
        self.another_case(steps, pick)

    def live_on(self, pick: int) -> None:
        """Another case, when this one has come to its end or has lived long enough."""
        self.age += 1
        if self.case().state in ENDED or self.age > LIFE:
            self.another_case((pick + self.tried.total()) % 25, pick)

    def another_case(self, steps: int, pick: int) -> None:
        """The walk goes on with a new case, on the street of a campaign that another one has grown."""
        self.age = 0
        neighbour = self.loop.run(registered(self.street))
        self.loop.run(do(self.street, lambda tx: COMMANDS["case"]["growCampaign"](tx, neighbour, 0)))
        self.case_id = self.loop.run(self.new_case())
        self.known.clear()
        for _ in range(steps):
            if any(self.tried[(move.machine, move.action)] == 0 for move in self.allowed()):
                break  # what was never tried is tried from here
            self.onward_step(pick)

    async def new_case(self) -> UUID:
        """A case that the dispatcher, a grid worker or the reporter has registered."""
        who, channel, reporter = REGISTRANTS[self.tried.total() % len(REGISTRANTS)]
        return await registered(self.street, who, channel=channel, reporter=reporter)

    @rule(pick=st.integers(0, 59))
    def onward_steps(self, pick: int) -> None:
        """A stretch of the ordinary way."""
        self.live_on(pick)
        for _ in range(ONWARD_AT_ONCE):
            self.onward_step(pick)

    def onward_step(self, pick: int) -> None:
        """The next step of the ordinary way: of what is allowed, what brings the case closest to its end."""
        allowed = {(move.machine, move.action): move for move in self.allowed()}
        way = sorted(ONWARD, key=lambda step: step == ("case", "draftWhistle") and pick % 2 == 1)  # or by a dispatch
        move = next((allowed[step] for step in way if step in allowed), None)
        if move is not None:
            self.try_to_take(replace(move, pick=pick))

    @rule(choice=st.integers(0, 9999), pick=st.integers(0, 59), minutes=st.integers(0, 240))
    def allowed_step(self, choice: int, pick: int, minutes: int) -> None:
        """Something that a machine allows is done, unless its input is at fault; done again with its key it stands.

        What is allowed hangs on what earlier walks took least, so that it must not decide what is drawn.
        """
        self.street.now += timedelta(minutes=minutes)
        moves = self.sorted_moves()
        if moves:
            actions = sorted({(move.machine, move.action) for move in moves})
            self.take_twice(moves, actions[choice % len(actions)], pick)

    @rule(pick=st.integers(0, 59), minutes=st.integers(0, 60))
    def rare_step(self, pick: int, minutes: int) -> None:
        """Of what is allowed, some of what was done least in this run."""
        self.live_on(pick)
        for turn in range(RARE_AT_ONCE):
            self.street.now += timedelta(minutes=minutes)
            moves = self.sorted_moves()
            if moves:
                actions = sorted({(move.machine, move.action) for move in moves})
                self.take_twice(moves, min(actions, key=lambda action: self.tried[action]), pick + turn)

    def sorted_moves(self) -> list[Move]:
        return sorted(self.allowed(), key=lambda move: (move.machine, move.action, move.who, str(move.target)))

    def take_twice(self, moves: list[Move], action: tuple[str, str], pick: int) -> None:
        """Do the action once; with its key again it changes nothing."""
        self.tried[action] += 1
        fitting = [move for move in moves if (move.machine, move.action) == action]
        turn = pick + self.tried.total()
        move = replace(fitting[turn % len(fitting)], pick=turn)
        key = uuid4().hex
        before = self.snapshot()
        outcome = self.try_to_take(move, key)
        if outcome is None:
            assert self.snapshot() == before
            return
        after = self.snapshot()
        assert after != before
        again = self.take(move, key)
        assert (again.repeated, again.assignment_state, again.case_state) == (
            True,
            outcome.assignment_state,
            outcome.case_state,
        )
        assert self.snapshot() == after

    @rule(
        who=st.sampled_from(ACTORS), pick=st.integers(0, 59),
        action=st.sampled_from([(name, action) for name, commands in COMMANDS.items() for action in commands]),
    )  # fmt: skip
    def any_step(self, who: str, pick: int, action: tuple[str, str]) -> None:
        """What a machine does not allow is refused and leaves nothing behind; what it allows is not refused for that."""
        targets = self.targets(action[0])
        if not targets:
            return
        move = Move(*action, target=targets[pick % len(targets)], who=who, pick=pick)
        allowed, before = self.allows(move), self.snapshot()
        try:
            self.take(move)
        except REFUSALS:
            assert not allowed or move.action in COMMAND_DECIDES, move
            assert self.snapshot() == before
        except InvalidInput:
            assert move.action in INPUT_DECIDES, move
        else:
            assert allowed, move

    @invariant()
    def one_lead(self) -> None:
        case = self.case()
        leads = sum(a.role is AssignmentRole.LEAD for a in case.active)
        in_the_field = any(whistle.state in IN_THE_FIELD for whistle in self.whistles())
        if case.state in DISPATCHED:
            assert leads == 1
        else:
            assert not in_the_field

    @invariant()
    def states_are_the_computed_ones(self) -> None:
        case = self.case()
        assert computed_case_state(case.state, case.active) is case.state
        for whistle in self.whistles():
            assert computed_whistle_state(whistle.state, whistle.active, whistle.remote_allowed) is whistle.state

    @invariant()
    def inform_never_blocks(self) -> None:
        for whistle in self.whistles():
            if whistle.state not in IN_THE_FIELD:
                continue
            assert whistle.owing
            if all(a.state is AssignmentState.VERIFIED for a in whistle.owing):
                assert whistle.state is WhistleState.VERIFIED

    @invariant()
    def times_are_monotone(self) -> None:
        for row in self.rows("SELECT * FROM assignment WHERE case_id = $1"):
            names = ("notified_at", "acknowledged_at", "arrived_at", "reported_at", "verified_at")
            times = [row[name] for name in names if row[name] is not None]
            assert times == sorted(times)

    @invariant()
    def the_history_has_no_gap(self) -> None:
        sequence = [row["seq"] for row in self.rows("SELECT seq FROM case_event WHERE case_id = $1 ORDER BY seq")]
        assert sequence == list(range(1, len(sequence) + 1))

    @invariant()
    def what_is_over_has_no_clock(self) -> None:
        ended = self.rows(
            """SELECT d.kind FROM deadline d JOIN assignment a ON a.id = d.assignment_id
            WHERE d.case_id = $1 AND d.state = 'RUNNING' AND a.state = ANY(array['REASSIGNED', 'EXCUSED', 'WITHDRAWN', 'VERIFIED'])"""
        )
        assert ended == []

    @invariant()
    def nobody_acknowledges_what_was_withdrawn(self) -> None:
        for brief in self.case().assignments:
            if brief.state in INACTIVE and brief.organization_code in ORGANIZATIONS and brief.id not in self.refused:
                self.refused.add(brief.id)
                with pytest.raises(StateConflict):
                    self.take(Move("assignment", "acknowledge", brief.id, brief.organization_code))

    def try_to_take(self, move: Move, key: str | None = None) -> Outcome | None:
        """Do what a machine allows. None: its command, which looks at more than the machine knows, refused it."""
        expected: tuple[type[DomainError], ...] = (InvalidInput,) if move.action in INPUT_DECIDES else ()
        expected += REFUSALS if move.action in COMMAND_DECIDES else ()
        try:
            return self.take(move, key)
        except expected:
            return None
        except DomainError as refused:
            raise AssertionError(f"{move} was refused: {refused}") from refused

    def take(self, move: Move, key: str | None = None) -> Outcome:
        """Do the move. Nothing that a department does closes the case."""
        before = self.case().state
        self.known.clear()
        outcome = self.loop.run(self.street.run(move.command, viewer_of(self.street, move.who), key))
        self.taken[(move.machine, move.action)] += not outcome.repeated
        if move.who in (*ORGANIZATIONS, INFORMED) and before is not CaseState.CLOSED:
            assert self.case().state is not CaseState.CLOSED
        return outcome

    def allowed(self) -> Iterator[Move]:
        for name, machine in MACHINES.items():
            for facts in self.facts(name):
                for who in ACTORS:
                    viewer = viewer_of(self.street, who)
                    for action in machine.available(facts, viewer) if SEES[name](viewer, facts) else ():
                        if action.allowed:
                            yield Move(name, action.name, facts.id, who)

    def allows(self, move: Move) -> bool:
        facts = next(facts for facts in self.facts(move.machine) if facts.id == move.target)
        viewer = viewer_of(self.street, move.who)
        try:
            MACHINES[move.machine].decide(move.action, facts, viewer)
        except DomainError:
            return False
        return SEES[move.machine](viewer, facts)

    def targets(self, machine: str) -> list[UUID]:
        return [facts.id for facts in self.facts(machine)]

    def facts(self, machine: str) -> list[Any]:
        return self.all_facts()[machine]

    def case(self) -> CaseFacts:
        return self.all_facts()["case"][0]  # type: ignore[no-any-return]

    def whistles(self) -> list[WhistleFacts]:
        return self.all_facts()["whistle"]

    def all_facts(self) -> dict[str, list[Any]]:
        """The facts by machine, read once after each step."""
        if not self.known:

            async def read(tx: Transaction) -> Outcome:
                self.known["case"] = [await read_case(tx, self.case_id)]
                for name, read_one in (("whistle", read_whistle), ("assignment", read_assignment)):
                    rows = await tx.connection.fetch(
                        f"SELECT id FROM {name} WHERE case_id = $1 ORDER BY id", self.case_id
                    )
                    self.known[name] = [await read_one(tx, row["id"]) for row in rows]
                return Outcome(county_code=tx.county)

            self.loop.run(self.street.run(read, viewer_of(self.street, "吕示衡")))
        return self.known

    def rows(self, statement: str) -> list[Any]:
        return self.loop.run(self.street.pool.fetch(statement, self.case_id))

    def snapshot(self) -> list[str]:
        """All that stands about the case."""
        return [row["text"] for row in self.rows(SNAPSHOT)]


def test_the_machines_keep_their_invariants(street: Street) -> None:
    """Every action of C.3 and C.4 is taken, and nothing that it does breaks what must hold."""
    walks = int(os.environ.get(STRESS, 0))
    taken: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    with asyncio.Runner() as loop:
        pool = loop.run(create_pool(street.dsn, 1))

        def walk() -> Walk:
            made = Walk()
            made.street, made.loop, made.taken = replace(street, pool=pool), loop, taken
            made.tried, made.known, made.refused = tried, {}, set()
            return made

        try:
            run_state_machine_as_test(
                walk,  # type: ignore[arg-type]  # a factory does as well as a class
                settings=settings(
                    max_examples=walks or WALKS,
                    stateful_step_count=STEPS,
                    derandomize=not walks,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    report_multiple_bugs=False,
                    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking on a database takes minutes
                ),
            )
        finally:
            loop.run(pool.close())
    if walks:
        sys.stdout.write(f"{taken.total()} steps taken: {dict(taken.most_common())}\n")
    known = {(name, action) for name, commands in COMMANDS.items() for action in commands}
    untaken = ", ".join(".".join(action) for action in sorted(known - set(taken)))
    assert untaken == "", f"not taken in {taken.total()} steps: {untaken}"
