"""Promises 一事一诺 (reference Z-49, B-10): made for a case, made public, kept or not by a day, scored by both sides."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from shaodao.commands import clocks, wording
from shaodao.commands.case_steps import case_outcome, decide_case
from shaodao.commands.checking import checked_text, only_text, optional_text
from shaodao.commands.facts import take_case
from shaodao.commands.history import Entry, actor_name, record
from shaodao.commands.reporters import tells_the_reporter
from shaodao.commands.transaction import Outcome, Transaction
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_machine import CASE_MACHINE
from shaodao.domain.case_vocabulary import PromiseState
from shaodao.domain.deadlines import Due
from shaodao.domain.errors import Faults, InvalidInput, NotFound, NotPermitted
from shaodao.domain.facts import CaseFacts
from shaodao.domain.identity import contains_personal_pattern
from shaodao.domain.machine import is_account
from shaodao.domain.publishing import obstacle
from shaodao.domain.sight import sees_case, sees_promise
from shaodao.domain.vocabulary import ClockKind, Role

_MAKE = """
INSERT INTO promise (
    county_code, id, case_id, street_code, organization_code, content, promiser_id, promiser_name, due_on, public,
    published_at, state, made_at
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'IN_PROGRESS', $12)
"""
_CASE_OF = "SELECT case_id FROM promise WHERE county_code = $1 AND id = $2"
_READ = """
SELECT id, organization_code, content, promiser_id, promiser_name, due_on, public, state, self_score, citizen_score
FROM promise WHERE county_code = $1 AND id = $2
"""
_PUBLISH = "UPDATE promise SET public = true, published_at = $3 WHERE county_code = $1 AND id = $2"
_SETTLE = """
UPDATE promise SET state = $4, settled_at = $3, settled_by = $5, settle_text = $6 WHERE county_code = $1 AND id = $2
"""
_SCORE = """
UPDATE promise SET self_score = coalesce($3, self_score), citizen_score = coalesce($4, citizen_score)
WHERE county_code = $1 AND id = $2
"""
_TOUCH = "UPDATE case_file SET version = version + 1, updated_at = $3 WHERE county_code = $1 AND id = $2"

_LONGEST = timedelta(days=3660)
"""A day farther off is a slip of the pen: nobody promises for ten years."""
_BEST = 100


@dataclass(frozen=True)
class _Promise:
    """A promise as it stands under its case's lock, and the case."""

    case: CaseFacts
    id: UUID
    organization_code: str | None
    content: str
    promiser_id: UUID | None
    promiser_name: str
    due_on: date
    public: bool
    state: str
    self_score: int | None
    citizen_score: int | None

    @property
    def open(self) -> bool:
        """Whether it is neither kept nor broken."""
        return self.state == PromiseState.IN_PROGRESS


@dataclass(frozen=True)
class _Draft:
    """A promise that was checked; ``organization_code`` is that of a department's handler."""

    content: str
    due_on: date
    promiser_id: UUID | None
    promiser_name: str
    organization_code: str | None


def due_instant(due_on: date) -> datetime:
    """The instant (exclusive) at which a promise for a day is overdue: that day's end in Shanghai."""
    return datetime.combine(due_on + timedelta(days=1), time(), SHANGHAI)


def settled_sentence(who: str, promiser_name: str, state: PromiseState) -> str:
    """What the history says of a promise that was kept, or not, in the words of the one who says so."""
    whose = "本人" if who == promiser_name else f"{promiser_name}的"
    return f"{who}确认{whose}承诺{state.label}"


async def make(
    tx: Transaction, case_id: UUID, *, content: str, due_on: date, public: bool = False, promiser_name: str | None = None,
    expected_version: int | None = None,
) -> Outcome:  # fmt: skip
    """Promise the reporter something by a day 作出承诺; the clock tracks it (Z-49).

    The promiser is the actor, with the organization if the actor acts for one; the dispatcher may record the promise of
    somebody without an account as ``promiser_name``. ``public``: published at once, by whoever may ``publish``. Raises
    InvalidInput at ``content``, ``dueOn`` and ``promiserName``, NotPermitted, StateConflict.
    """
    facts = await decide_case(tx, "makePromise", case_id, expected_version)
    role = CASE_MACHINE.acting_role("makePromise", facts, tx.actor)
    draft = _checked(tx, facts, role, content, due_on, promiser_name, public)
    if public:
        _check_publishing(tx, facts)
        if await tells_the_reporter(tx, case_id, draft.content):
            raise InvalidInput.at("content", "写明了诉求人姓名，不能公开", "it names the reporter and cannot be public")
    promise_id = tx.new_id()
    await tx.connection.execute(
        _MAKE, tx.county, promise_id, case_id, facts.street_code, draft.organization_code, draft.content, draft.promiser_id,
        draft.promiser_name, draft.due_on, public, tx.now if public else None, tx.now,
    )  # fmt: skip
    await clocks.start_at(
        tx, ClockKind.PROMISE, case_id, Due(due_instant(due_on), provisional=False, counted=()), "promise",
        organization_code=draft.organization_code, case_round=facts.round, promise_id=promise_id,
    )  # fmt: skip
    text = f"{draft.promiser_name}作出承诺，{wording.by_day(due_on)}兑现{'，向社会公开' if public else ''}"
    return await _finish(
        tx, facts, "makePromise", text, promise_id, organization_code=draft.organization_code, detail=draft.content
    )


async def publish(tx: Transaction, promise_id: UUID, *, expected_version: int | None = None) -> Outcome:
    """Make a promise public 公开承诺: everybody on the platform reads it, not the case that it was made for.

    Raises NotFound, NotPermitted, and StateConflict for one that is public, that holds an identity or phone number or the
    reporter's name, or that stands on a confidential or restricted case or a dispute.
    """
    promise = await _lock(tx, promise_id, "publishPromise", expected_version)
    _check_publishing(tx, promise.case)
    if promise.public:
        CASE_MACHINE.conflict("承诺已公开", "the promise is public", promise.case, tx.actor)
    if any(map(contains_personal_pattern, (promise.content, promise.promiser_name))):
        CASE_MACHINE.conflict(
            "承诺内容含证件号或电话号码，不能公开", "the promise holds an identity or phone number", promise.case, tx.actor
        )  # fmt: skip
    if await tells_the_reporter(tx, promise.case.id, promise.content):
        CASE_MACHINE.conflict(
            "承诺内容写明了诉求人姓名，不能公开", "the promise names the reporter", promise.case, tx.actor
        )
    await tx.connection.execute(_PUBLISH, tx.county, promise_id, tx.now)
    text = f"{tx.actor.name}公开{promise.promiser_name}的承诺"
    return await _finish(
        tx, promise.case, "publishPromise", text, promise_id, organization_code=promise.organization_code
    )


async def settle(
    tx: Transaction, promise_id: UUID, *, fulfilled: bool, text: str, expected_version: int | None = None
) -> Outcome:
    """Say that a promise was kept 兑现, or that it was not, and how; its clock stops.

    By the promiser, the promiser's organization or the dispatcher. Raises NotFound, InvalidInput at ``text``,
    NotPermitted, StateConflict for one that is settled.
    """
    promise = await _lock(tx, promise_id, "settlePromise", expected_version)
    if not (_is_promiser(tx, promise) or _is_dispatcher(tx, promise.case)):
        raise NotPermitted(
            "只有承诺人、承诺单位或指挥中心可以确认", "only the promiser, their organization or the dispatcher may"
        )
    if not promise.open:
        CASE_MACHINE.conflict("承诺已确认过", "the promise was settled already", promise.case, tx.actor)
    said = only_text("text", text, tx.ground.rulebook.texts.explanation)
    state = PromiseState.FULFILLED if fulfilled else PromiseState.UNFULFILLED
    await tx.connection.execute(_SETTLE, tx.county, promise_id, tx.now, str(state), tx.actor.account_id, said)
    await clocks.stop(tx, promise.case.id, ClockKind.PROMISE, promise_id=promise_id)
    sentence = settled_sentence(tx.actor.name, promise.promiser_name, state)
    return await _finish(
        tx, promise.case, "settlePromise", sentence, promise_id, organization_code=promise.organization_code, detail=said,
        payload={"state": str(state)},
    )  # fmt: skip


async def score(
    tx: Transaction, promise_id: UUID, *, score: int, citizen: bool, expected_version: int | None = None
) -> Outcome:
    """Score a settled promise from 0 to 100, once from each side 双向打分 (B-10).

    ``citizen`` false: by the promiser or the promiser's organization. True: by the case's reporter, or on the reporter's
    word by the dispatcher or the follow-up caller, who is not the promiser. Raises NotFound, InvalidInput at ``score``,
    NotPermitted, StateConflict while it is open or when that side has scored.
    """
    promise = await _lock(tx, promise_id, "scorePromise", expected_version)
    _check_scorer(tx, promise, citizen=citizen)
    if promise.open:
        CASE_MACHINE.conflict("承诺尚未确认兑现情况", "the promise is not settled yet", promise.case, tx.actor)
    if (promise.citizen_score if citizen else promise.self_score) is not None:
        CASE_MACHINE.conflict("已评分", "that side has scored the promise", promise.case, tx.actor)
    if not 0 <= score <= _BEST:
        raise InvalidInput.at("score", f"分数须在0到{_BEST}之间", f"a score lies between 0 and {_BEST}")
    await tx.connection.execute(
        _SCORE, tx.county, promise_id, None if citizen else score, score if citizen else None
    )  # fmt: skip
    role = CASE_MACHINE.acting_role("scorePromise", promise.case, tx.actor) or Role.RESIDENT
    text = _scored(actor_name(tx, role), promise, citizen=citizen, on_word=role is not Role.RESIDENT)
    return await _finish(
        tx, promise.case, "scorePromise", text, promise_id, organization_code=promise.organization_code, detail=f"{score}分",
        payload={"citizen": citizen, "score": score},
    )  # fmt: skip


async def _lock(tx: Transaction, promise_id: UUID, action: str, expected_version: int | None) -> _Promise:
    """Lock the promise's case, read the promise, ask the machine. NotFound also for one that the actor does not see.

    The case's version is told last: whoever reads a public promise need not see its case.
    """
    case_id = await tx.connection.fetchval(_CASE_OF, tx.county, promise_id)
    if case_id is None:
        raise NotFound("Promise", str(promise_id))
    facts, row = await take_case(tx, case_id), await tx.connection.fetchrow(_READ, tx.county, promise_id)
    assert facts is not None
    assert row is not None
    promise = _Promise(facts, **dict(row))
    if not sees_promise(tx.actor, facts, organization_code=promise.organization_code, public=promise.public):
        raise NotFound("Promise", str(promise_id))
    CASE_MACHINE.decide(action, facts, tx.actor)
    CASE_MACHINE.expect(expected_version, facts, tx.actor)
    return promise


def _checked(
    tx: Transaction, facts: CaseFacts, role: Role | None, content: str, due_on: date, promiser_name: str | None, public: bool
) -> _Draft:  # fmt: skip
    faults, limits = Faults(), tx.ground.rulebook.texts
    text = checked_text(faults, "content", content, limits.reason)
    named = optional_text(faults, "promiserName", promiser_name, limits.name)
    if named is not None and role is not Role.STREET_DISPATCHER:
        faults.add("promiserName", "只有指挥中心可以代为登记承诺", "only the dispatcher records another one's promise")
    if due_on < tx.today:
        faults.add("dueOn", "承诺期限不能早于今天", "the day must not lie in the past")
    if due_on > tx.today + _LONGEST:
        faults.add("dueOn", "承诺期限过远", "the day lies too far ahead")
    for path, said in (("content", text), ("promiserName", named or "")):
        if public and contains_personal_pattern(said):
            faults.add(
                path, "含证件号或电话号码，不能公开", "it holds an identity or phone number and cannot be public"
            )
    faults.check()
    return _Draft(
        text, due_on, None if named else tx.actor.account_id, named or tx.actor.name, _organization(tx, facts, role)
    )


def _organization(tx: Transaction, facts: CaseFacts, role: Role | None) -> str | None:
    """The organization for which a department's handler promises: one that works on the case."""
    if role is not Role.DEPT_HANDLER:
        return None
    own = (a.organization_code for a in facts.active if a.agent_id is None)
    return next(code for code in own if code in tx.actor.organizations)


def _check_publishing(tx: Transaction, facts: CaseFacts) -> None:
    """Only the dispatcher publishes, and never what was promised in a case of which nothing is published (C.7)."""
    if not CASE_MACHINE.permits(CASE_MACHINE.step("publishPromise"), facts, tx.actor):
        raise NotPermitted("公开承诺须由指挥中心办理", "the dispatcher makes promises public")
    if obstacle(facts.kind, facts.visibility, facts.confidential) is not None:
        CASE_MACHINE.conflict(
            "保密、限制查看或调解类案件，其承诺不能公开",
            "a promise of a confidential or restricted case, or of a dispute, is not made public",
            facts,
            tx.actor,
        )


def _is_dispatcher(tx: Transaction, facts: CaseFacts) -> bool:
    return any(grant.covers(facts.place) for grant in tx.actor.grants_of(Role.STREET_DISPATCHER))


def _is_promiser(tx: Transaction, promise: _Promise) -> bool:
    """The promiser or somebody of the promiser's organization; the dispatcher for a promiser without an account."""
    if promise.promiser_id is None:
        return _is_dispatcher(tx, promise.case)
    return is_account(tx.actor, promise.promiser_id) or promise.organization_code in tx.actor.organizations


def _check_scorer(tx: Transaction, promise: _Promise, *, citizen: bool) -> None:
    if not citizen:
        if not _is_promiser(tx, promise):
            raise NotPermitted(
                "自评须由承诺人或承诺单位作出", "the promiser or their organization scores their own side"
            )
        return
    recorders = (*tx.actor.grants_of(Role.STREET_DISPATCHER), *tx.actor.grants_of(Role.FOLLOW_UP))
    is_reporter = tx.actor.person_id is not None and tx.actor.person_id == promise.case.reporter_person_id
    records = sees_case(tx.actor, promise.case) and any(grant.covers(promise.case.place) for grant in recorders)
    if not (is_reporter or records) or is_account(tx.actor, promise.promiser_id):
        raise NotPermitted(
            "群众评分须由诉求人作出，或由指挥中心、回访员代录",
            "the reporter scores, or the dispatcher or caller on their word",
        )


def _scored(who: str, promise: _Promise, *, citizen: bool, on_word: bool) -> str:
    """Who scored, for the history; the number is for staff."""
    if not citizen:
        return f"{who}自评{promise.promiser_name}的承诺"
    return f"{who}{'代录群众对' if on_word else '评价'}{promise.promiser_name}的承诺{'的评分' if on_word else ''}"


async def _finish(
    tx: Transaction, facts: CaseFacts, action: str, text: str, promise_id: UUID, *, organization_code: str | None,
    detail: str | None = None, payload: dict[str, Any] | None = None,
) -> Outcome:  # fmt: skip
    await tx.connection.execute(_TOUCH, tx.county, facts.id, tx.now)
    entry = Entry(
        action, text, detail=detail, public=True, organization_code=organization_code, from_state=str(facts.state),
        to_state=str(facts.state), payload={"promise_id": str(promise_id), **(payload or {})},
        role=CASE_MACHINE.acting_role(action, facts, tx.actor),
    )  # fmt: skip
    await record(tx, facts.id, entry)
    return await case_outcome(tx, facts.id, promise_id)
