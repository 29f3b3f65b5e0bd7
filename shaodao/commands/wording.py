"""How sentences for residents and for the history name times and changes."""

from datetime import date, datetime

from shaodao.domain.calendar import SHANGHAI
from shaodao.domain.deadlines import last_day
from shaodao.domain.explanation import due_moment
from shaodao.domain.vocabulary import ClockKind, EscalationStage, Term


def until(due_at: datetime) -> str:
    """An exclusive due instant as people say it: "10月15日前" means by the end of that day, hours are told to the minute."""
    local = due_at.astimezone(SHANGHAI)
    if local.hour or local.minute:
        return f"{local.month}月{local.day}日{local:%H:%M}前"
    return by_day(last_day(due_at))


def by_day(day: date) -> str:
    """By the end of a day: "10月15日前"."""
    return f"{day.month}月{day.day}日前"


def change(before: Term, after: Term) -> str:
    """From what to what: "由“一般”改为“急办”"."""
    return f"由“{before.label}”改为“{after.label}”"


def stage_sentence(stage: EscalationStage, whose: str, clock: ClockKind, due_at: datetime) -> str:
    """What the history says of a stage of the ladder (C.6): whose limit it is, which, and what is done about it."""
    limit, due = f"{whose}{clock.label}", due_moment(due_at)
    return {
        EscalationStage.REMIND: f"提醒：{limit}已过半（{due}到期），尚未开始办理",
        EscalationStage.URGE: f"催办：{limit}即将到期（{due}到期），请抓紧办理",
        EscalationStage.OVERDUE: f"{limit}已过（{due}到期），超期",
        EscalationStage.WARN_COUNTY: f"{limit}已超期（{due}到期），报县(区)网格办预警",
        EscalationStage.SUPERVISE: f"{limit}已超期（{due}到期），未见反馈，发督办单，抄送街道领导",
        EscalationStage.CIRCULAR: f"{limit}已超期（{due}到期），列入通报名单，计入考核",
        EscalationStage.DISTRICT_INVESTIGATION: f"{limit}已超期（{due}到期），提请区政府调查督办",
        EscalationStage.NO_SHOW: f"{whose}逾期仍未报到，记为未报到",
    }[stage]


def overdue_sentence(promiser_name: str, due_on: date) -> str:
    """What the history says of a promise whose day has passed."""
    return f"{promiser_name}的承诺到期未兑现（承诺{by_day(due_on)}兑现）"
