"""The demonstration street's promises 一事一诺: when each was made, published, settled and scored, as steps and as rows."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID

from shaodao.commands import wording
from shaodao.commands.promises import due_instant, settled_sentence
from shaodao.demo.cast import by_staff, caller_of, dispatcher
from shaodao.demo.copying import Row
from shaodao.demo.identifiers import account_id, case_id, promise_id
from shaodao.demo.parts import Scene, accepted_at
from shaodao.demo.source import Case, Promise
from shaodao.demo.story import Step
from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.case_vocabulary import PromiseState
from shaodao.domain.deadlines import DeadlineUnit, Limit, overdue
from shaodao.domain.permissions import county_of
from shaodao.domain.vocabulary import Role

_TO_PROMISE = Limit(DeadlineUnit.WORKING_MINUTE, 150)
_TO_PUBLISH = Limit(DeadlineUnit.WORKING_MINUTE, 30)
_SETTLED = time(16)
_KEPT = "已按承诺兑现。"


def promises_of(scene: Scene, case: Case) -> tuple[Promise, ...]:
    """The promises that were made for the case."""
    return tuple(promise for promise in scene.street.promises if promise.case_seq == case.seq)


def made_at(scene: Scene, case: Case) -> datetime:
    """When a promise for the case was made: once it was accepted and looked at, before it had been handled."""
    accepted = accepted_at(scene, case) or case.registered_at
    return scene.opens_at(accepted, _TO_PROMISE, case.handled_at or scene.told_until)


def settled_at(promise: Promise) -> datetime | None:
    """When it was said that the promise was kept: in the afternoon of its day; None while it is open."""
    if promise.state is PromiseState.IN_PROGRESS:
        return None
    return datetime.combine(promise.due, _SETTLED, SHANGHAI)


def promise_steps(scene: Scene, case: Case) -> list[Step]:
    """The steps of the case's promises, but for a day that has passed."""
    return [step for promise in promises_of(scene, case) for step in _steps(scene, case, promise)]


def promise_rows(scene: Scene, case: Case) -> list[Row]:
    """Rows of ``promise``."""
    return [
        {
            "county_code": county_of(case.grid), "id": promise_id(promise.id), "case_id": case_id(case.seq),
            "street_code": scene.street.code, "organization_code": organization_of(scene, promise),
            "content": promise.content, "promiser_id": account_id(promise.promiser), "promiser_name": promise.promiser,
            "due_on": promise.due, "public": promise.public,
            "published_at": _published_at(scene, case) if promise.public else None, "state": promise.state,
            "overdue_at": due_instant(promise.due) if _is_overdue(scene, promise) else None,
            "settled_at": settled_at(promise), "settled_by": _settled_by(promise),
            "settle_text": _KEPT if settled_at(promise) else None, "self_score": promise.self_score,
            "citizen_score": promise.citizen_score, "made_at": made_at(scene, case),
        }
        for promise in promises_of(scene, case)
    ]  # fmt: skip


def organization_of(scene: Scene, promise: Promise) -> str | None:
    """The organization of a department's handler who promised; None for the street's own staff."""
    staff = scene.street.member_of_staff(promise.promiser)
    return staff.org if staff.role == Role.DEPT_HANDLER else None


def _steps(scene: Scene, case: Case, promise: Promise) -> Iterator[Step]:
    who, chief = promise.promiser, dispatcher(scene)
    made = f"{who}作出承诺，{wording.by_day(promise.due)}兑现"
    yield _step(scene, promise, who, made_at(scene, case), "makePromise", made, promise.content)
    if promise.public:
        published = f"{chief}公开{who}的承诺"
        yield _step(scene, promise, chief, _published_at(scene, case), "publishPromise", published)
    settled = settled_at(promise)
    if settled is None:
        return
    yield _step(scene, promise, who, settled, "settlePromise", settled_sentence(who, who, promise.state), _KEPT)
    yield from _scores(scene, promise, settled)


def _scores(scene: Scene, promise: Promise, settled: datetime) -> Iterator[Step]:
    who, caller = promise.promiser, caller_of(scene)
    if promise.self_score is not None:
        at, said = settled + timedelta(minutes=20), f"{promise.self_score}分"
        yield _step(scene, promise, who, at, "scorePromise", f"{who}自评{who}的承诺", said)
    if promise.citizen_score is not None:
        at, said = settled + timedelta(minutes=60), f"{promise.citizen_score}分"
        yield _step(scene, promise, caller, at, "scorePromise", f"{caller}代录群众对{who}的承诺的评分", said)


def _step(
    scene: Scene, promise: Promise, actor: str, at: datetime, type_: str, text: str, detail: str | None = None
) -> Step:
    payload = {"promise_id": str(promise_id(promise.id))}
    step = Step(
        at, type_, text, detail, public=True, organization=organization_of(scene, promise), payload=payload
    )  # fmt: skip
    return by_staff(scene, actor, step)


def _published_at(scene: Scene, case: Case) -> datetime:
    return scene.opens_at(made_at(scene, case), _TO_PUBLISH, case.handled_at or scene.told_until)


def _settled_by(promise: Promise) -> UUID | None:
    return None if settled_at(promise) is None else account_id(promise.promiser)


def _is_overdue(scene: Scene, promise: Promise) -> bool:
    return promise.state is PromiseState.IN_PROGRESS and overdue(scene.now, due_instant(promise.due))
