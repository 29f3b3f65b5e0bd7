"""The three machines together, by random walks of the real commands on a real database.

Each step is drawn from those that a machine allows to somebody, or from all of them; after each one the invariants of C.4
are looked up in the tables.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shaodao.commands import (
    assignments,
    cases,
    emergencies,
    evaluations,
    follow_ups,
    questions,
    reports,
    verifications,
    whistle_closing,
    whistle_parties,
    whistles,
)
from shaodao.commands.dispatching import PartyInput
from shaodao.commands.emergencies import EmergencyInput
from shaodao.commands.evaluations import Scores
from shaodao.commands.facts import lock_assignment, lock_case, lock_whistle
from shaodao.commands.follow_ups import FollowUpInput
from shaodao.commands.reports import ProgressInput
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.assignment_machine import ASSIGNMENT_MACHINE
from shaodao.domain.case_machine import CASE_MACHINE, computed_case_state
from shaodao.domain.errors import DomainError, InvalidInput, NotPermitted, StateConflict
from shaodao.domain.facts import INACTIVE, AssignmentFacts, CaseFacts, WhistleFacts
from shaodao.domain.machine import Machine
from shaodao.domain.vocabulary import (
    AssignmentRole,
    AssignmentState,
    CaseState,
    Channel,
    CloseKind,
    NotAcceptedReason,
    Satisfaction,
    SolvedLevel,
    Urgency,
    VerificationMethod,
    WhistleKind,
    WhistleState,
)
from shaodao.domain.whistle_machine import IN_THE_FIELD, WHISTLE_MACHINE, computed_whistle_state
from shaodao.postgres.pool import create_pool
from tests.integration.conftest import Street
from tests.integration.whistle_steps import BASIS, CO, INFORM, LEAD, registered, report_input, viewer_of, whistle_input

INFORMED = "SF"
ORGANIZATIONS = ("CG", "JJ", "GA", "SC")
ACTORS = ("吕示衡", "张示远", "孔示明", "周示岚", "尤示宁", "曹示度", "毛示访", "P014", *ORGANIZATIONS, INFORMED)
DISPATCHED = frozenset({CaseState.ASSIGNED, CaseState.HANDLING, CaseState.VERIFYING})
INPUT_DECIDES = frozenset({"addDepartment", "changeLead", "rateDepartment", "dispatch", "classify"})
"""Steps that may be refused by their input although the machine allows them."""
ON_SITE = VerificationMethod.ON_SITE
MACHINES: dict[str, Machine[Any, Any]] = {"case": CASE_MACHINE, "whistle": WHISTLE_MACHINE, "assignment": ASSIGNMENT_MACHINE}


@dataclass(frozen=True)
class Move:
    """A step of one of the machines on one thing, by somebody; ``pick`` chooses where the input leaves a choice."""

    machine: str
    action: str
    target: UUID
    who: str
    pick: int = 0

    def command(self, tx: Transaction) -> Awaitable[Outcome]:
        """The real command."""
        return COMMANDS[self.machine][self.action](tx, self.target, self.pick)


def parties(pick: int) -> list[PartyInput]:
    lead = ORGANIZATIONS[pick % 4]
    others = [PartyInput(ORGANIZATIONS[(pick + 1) % 4], CO)] if pick % 2 else []
    informed = [PartyInput(INFORMED, INFORM)] if pick % 3 == 0 else []
    return [PartyInput(lead, LEAD), *others, *informed]


def one_of(pick: int) -> str:
    return ORGANIZATIONS[pick % 4]


KINDS = (WhistleKind.ROUTINE, WhistleKind.EMERGENCY, WhistleKind.JOINT_ENFORCEMENT, WhistleKind.CAMPAIGN)
FOLLOW_UP = FollowUpInput(
    channel=Channel.HOTLINE, contacted=True, responded=True, solved=SolvedLevel.SOLVED, satisfaction=Satisfaction.SATISFIED
)  # fmt: skip

Command = Callable[[Transaction, UUID, int], Awaitable[Outcome]]
COMMANDS: dict[str, dict[str, Command]] = {
    "case": {
        "accept": lambda tx, it, _: cases.accept(tx, it),
        "refuse": lambda tx, it, _: cases.refuse(tx, it, reason=NotAcceptedReason.OUT_OF_SCOPE, explanation="不属街道职责"),
        "objectToRefusal": lambda tx, it, _: cases.object_to_refusal(tx, it, text="属街道职责"),
        "settleAtOnce": lambda tx, it, _: cases.settle_at_once(tx, it, result_text="已答复", close_kind=CloseKind.ANSWERED),
        "reportUp": lambda tx, it, _: cases.report_up(tx, it, initial_opinion="需部门处置"),
        "classify": lambda tx, it, pick: cases.classify(tx, it, urgency=list(Urgency)[pick % 3], reason="核实后调整"),
        "dispatch": lambda tx, it, pick: cases.dispatch(tx, it, parties=parties(pick), duty_basis=BASIS),
        "draftWhistle": lambda tx, it, pick: whistles.draft(
            tx, it, whistle_input(KINDS[pick % 4], parties=parties(pick), remote_allowed=pick % 5 == 0)
        ),
        "blowEmergencyWhistle": lambda tx, it, pick: emergencies.blow_emergency(
            tx, it, None, EmergencyInput("情况紧急", parties=parties(pick))
        ),
        "close": lambda tx, it, _: cases.close(tx, it, close_kind=CloseKind.SOLVED, result_text="已解决"),
        "recordFollowUp": lambda tx, it, _: follow_ups.record_follow_up(tx, it, FOLLOW_UP),
        "rateResult": lambda tx, it, _: follow_ups.rate_result(tx, it, satisfaction=Satisfaction.SATISFIED),
        "withdraw": lambda tx, it, _: cases.withdraw(tx, it, reason="已自行解决"),
    },
    "whistle": {
        "revise": lambda tx, it, pick: whistles.revise(tx, it, whistle_input(KINDS[pick % 4], parties=parties(pick))),
        "submit": lambda tx, it, _: whistles.submit(tx, it),
        "approve": lambda tx, it, _: whistles.approve(tx, it),
        "reject": lambda tx, it, _: whistles.reject(tx, it, "单部门事项"),
        "sendBack": lambda tx, it, _: whistles.send_back(tx, it, "写明街道已做工作"),
        "blowEmergency": lambda tx, it, _: emergencies.blow_drafted_emergency(tx, it),
        "confirm": lambda tx, it, _: whistles.confirm(tx, it),
        "addDepartment": lambda tx, it, pick: whistle_parties.add_department(tx, it, PartyInput(one_of(pick), CO), "增援"),
        "changeLead": lambda tx, it, pick: whistle_parties.change_lead(
            tx, it, one_of(pick), "职责更近", excuse_former=pick % 3 == 1
        ),
        "withdraw": lambda tx, it, _: whistle_closing.withdraw(tx, it, "已无必要"),
        "close": lambda tx, it, _: whistle_closing.close(tx, it, "已解决", CloseKind.SOLVED),
        "rateDepartment": lambda tx, it, pick: evaluations.rate_department(tx, it, one_of(pick), Scores(90, 80, 70)),
        "judge": lambda tx, it, pick: evaluations.judge(tx, it, pick % 2 == 0),
    },
    "assignment": {
        "acknowledge": lambda tx, it, _: assignments.acknowledge(tx, it, ["张示岗"], for_person=phoned(tx)),
        "read": lambda tx, it, _: assignments.read(tx, it),
        "arrive": lambda tx, it, _: assignments.arrive(tx, it, for_person=phoned(tx)),
        "confirmArrival": lambda tx, it, _: assignments.confirm_arrival(tx, it),
        "start": lambda tx, it, _: assignments.start(tx, it),
        "reportProgress": lambda tx, it, _: reports.report_progress(tx, it, ProgressInput("正在办理")),
        "reportResult": lambda tx, it, _: reports.report_result(tx, it, report_input(tx.now)),
        "fileFieldCheck": lambda tx, it, pick: verifications.file_field_check(tx, it, ON_SITE, pick % 2 == 0, "已看现场"),
        "verify": lambda tx, it, _: verifications.verify(tx, it, ON_SITE, "属实"),
        "returnReport": lambda tx, it, _: verifications.return_report(tx, it, ON_SITE, "未办妥"),
        "excuse": lambda tx, it, _: assignments.excuse(tx, it, "无需办理"),
        "ask": lambda tx, it, _: questions.ask(tx, it, "能否提供联系方式？"),
        "answer": lambda tx, it, _: questions.answer(tx, it, None, "见附件"),
        "release": lambda tx, it, _: assignments.release(tx, it),
    },
}


def phoned(tx: Transaction) -> str | None:
    return None if tx.actor.organizations else "张示岗"


def test_every_action_of_the_machines_has_its_command() -> None:
    for name, machine in MACHINES.items():
        assert {step.action for step in machine.steps} == set(COMMANDS[name])


class Walk(RuleBasedStateMachine):
    """A case from its registration on."""

    street: Street
    loop: asyncio.Runner

    @initialize(accepted=st.booleans())
    def begin(self, accepted: bool) -> None:
        self.case_id = self.loop.run(registered(self.street))
        if accepted:
            self.take(Move("case", "accept", self.case_id, "吕示衡"))

    @rule(data=st.data(), pick=st.integers(0, 59), minutes=st.integers(0, 240))
    def allowed_step(self, data: st.DataObject, pick: int, minutes: int) -> None:
        """Something that a machine allows is done, unless its input is at fault; done again with its key it stands."""
        self.street.now += timedelta(minutes=minutes)
        moves = sorted(self.allowed(), key=lambda move: (move.machine, move.action, move.who, str(move.target)))
        actions = sorted({(move.machine, move.action) for move in moves})
        if not actions:
            return
        action = data.draw(st.sampled_from(actions))
        fitting = [move for move in moves if (move.machine, move.action) == action]
        move = replace(fitting[pick % len(fitting)], pick=pick)
        key = uuid4().hex
        before = self.snapshot()
        try:
            outcome = self.take(move, key)
        except InvalidInput:
            assert move.action in INPUT_DECIDES, move
            assert self.snapshot() == before
            return
        except DomainError as refused:
            raise AssertionError(f"{move} was refused: {refused}") from refused
        after = self.snapshot()
        assert after != before
        again = self.take(move, key)
        assert (again.repeated, again.assignment_state, again.case_state) == (True, outcome.assignment_state, outcome.case_state)
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
        except (NotPermitted, StateConflict):
            assert not allowed, move
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
            if brief.state in INACTIVE and brief.organization_code in ORGANIZATIONS:
                with pytest.raises(StateConflict):
                    self.take(Move("assignment", "acknowledge", brief.id, brief.organization_code))

    def take(self, move: Move, key: str | None = None) -> Outcome:
        """Do the move. Nothing that a department does closes the case."""
        before = self.case().state
        outcome = self.loop.run(self.street.run(move.command, viewer_of(self.street, move.who), key))
        if move.who in (*ORGANIZATIONS, INFORMED) and before is not CaseState.CLOSED:
            assert self.case().state is not CaseState.CLOSED
        return outcome

    def allowed(self) -> Iterator[Move]:
        for name, machine in MACHINES.items():
            for facts in self.facts(name):
                for who in ACTORS:
                    viewer = viewer_of(self.street, who)
                    for action in machine.available(facts, viewer):
                        if action.allowed:
                            yield Move(name, action.name, facts.id, who)

    def allows(self, move: Move) -> bool:
        facts = next(facts for facts in self.facts(move.machine) if facts.id == move.target)
        try:
            MACHINES[move.machine].decide(move.action, facts, viewer_of(self.street, move.who))
        except DomainError:
            return False
        return True

    def targets(self, machine: str) -> list[UUID]:
        return [facts.id for facts in self.facts(machine)]

    def facts(self, machine: str) -> list[Any]:
        found: dict[str, Callable[[], list[Any]]] = {
            "case": lambda: [self.case()], "whistle": self.whistles, "assignment": self.assignments
        }  # fmt: skip
        return found[machine]()

    def case(self) -> CaseFacts:
        return self.read(lambda tx: lock_case(tx, self.case_id))  # type: ignore[no-any-return]

    def whistles(self) -> list[WhistleFacts]:
        rows = self.rows("SELECT id FROM whistle WHERE case_id = $1 ORDER BY id")
        return [self.read(lambda tx, row=row: lock_whistle(tx, row["id"])) for row in rows]

    def assignments(self) -> list[AssignmentFacts]:
        rows = self.rows("SELECT id FROM assignment WHERE case_id = $1 ORDER BY id")
        return [self.read(lambda tx, row=row: lock_assignment(tx, row["id"])) for row in rows]

    def read(self, query: Callable[[Transaction], Awaitable[Any]]) -> Any:
        found: list[Any] = []

        async def keep(tx: Transaction) -> Outcome:
            found.append(await query(tx))
            return Outcome(county_code=tx.county)

        self.loop.run(self.street.run(keep, viewer_of(self.street, "吕示衡")))
        return found[0]

    def rows(self, statement: str) -> list[Any]:
        return self.loop.run(self.street.pool.fetch(statement, self.case_id))

    def snapshot(self) -> list[str]:
        """All that stands about the case."""
        tables = ("case_event", "assignment", "whistle", "whistle_party", "report", "verification", "question", "deadline", "message")
        queries = ["SELECT row_to_json(t)::text AS text FROM case_file t WHERE id = $1"]
        queries += [f"SELECT row_to_json(t)::text AS text FROM {table} t WHERE case_id = $1 ORDER BY 1" for table in tables]
        return [row["text"] for query in queries for row in self.rows(query)]


def test_the_machines_keep_their_invariants(street: Street) -> None:
    with asyncio.Runner() as loop:
        pool = loop.run(create_pool(street.dsn, 1))

        def walk() -> Walk:
            made = Walk()
            made.street, made.loop = replace(street, pool=pool), loop
            return made

        try:
            run_state_machine_as_test(  # type: ignore[no-untyped-call]
                walk,
                settings=settings(
                    max_examples=12,
                    stateful_step_count=30,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    report_multiple_bugs=False,
                    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking on a database takes minutes
                ),
            )
        finally:
            loop.run(pool.close())
