"""Limits and where they come from, in Chinese words that a resident can read (C.5 rules 2 to 5)."""

from typing import assert_never

from shaodao.domain.deadlines import DeadlineUnit, Limit
from shaodao.domain.vocabulary import Urgency, WhistleKind

_OF_URGENCY = ("case_limits", "contact_limits")


def rule_text(limit: Limit | None, rule: str) -> str:
    """By which limit a clock is counted and how; ``rule`` names where that comes from, as the clock's row has it."""
    if limit is None:
        return _set_by(rule)
    return f"{_source(rule)}时限{limit_text(limit)}，{_manner(limit)}"


def limit_text(limit: Limit) -> str:
    """A limit in Chinese, such as 5个工作日."""
    return f"{limit.amount}{_unit_text(limit.unit)}"


def _unit_text(unit: DeadlineUnit) -> str:
    return {
        DeadlineUnit.MINUTE: "分钟",
        DeadlineUnit.CLOCK_HOUR: "小时",
        DeadlineUnit.EMERGENCY_HOUR: "个紧急工作时",
        DeadlineUnit.WORKING_MINUTE: "分钟(工作时间)",
        DeadlineUnit.WORKING_HOUR: "个工作时",
        DeadlineUnit.NATURAL_DAY: "个自然日",
        DeadlineUnit.WORKING_DAY: "个工作日",
    }[unit]


def _source(rule: str) -> str:
    """Whose limit it is; nothing where the clock's own kind says it."""
    section, _, of = rule.partition(".")
    of = of.partition(".")[0]
    if section in _OF_URGENCY and of in Urgency.__members__:
        return f"按“{Urgency[of].label}”类的"
    if section == "whistles" and of in WhistleKind.__members__:
        return f"按{WhistleKind[of].label}的"
    return {"catalogue": "按派单规则的", "dispatch": "按派单的"}.get(section, "")


def _manner(limit: Limit) -> str:
    match limit.unit:
        case DeadlineUnit.MINUTE | DeadlineUnit.CLOCK_HOUR | DeadlineUnit.EMERGENCY_HOUR:
            return "自当时连续计算，遇节假日不顺延"
        case DeadlineUnit.WORKING_MINUTE | DeadlineUnit.WORKING_HOUR:
            return "自当时起只计工作时间"
        case DeadlineUnit.NATURAL_DAY:
            return "当日不计，末日遇非工作日顺延"
        case DeadlineUnit.WORKING_DAY:
            return "当日不计，只计工作日"
        case _:
            assert_never(limit.unit)


def _set_by(rule: str) -> str:
    """What a clock without a limit of its own is due by."""
    if rule.endswith(".result"):
        return "不单独计算时限，按案件办理时限或方案确定的时间到期"
    if rule.endswith(".arrive"):
        return "以集结时间为准"
    return "以承诺的日期为准" if rule == "promise" else "以指定的时间为准"
