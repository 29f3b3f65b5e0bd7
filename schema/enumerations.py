"""The field's words as GraphQL enumerations: each value is described by its Chinese term, which ``dictionary`` tells too.

The domain's own classes are the enumerations, so a word stands in one place; importing this module makes them known
to Strawberry.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from shaodao.commands.reveals import SubjectKind
from shaodao.domain import case_vocabulary, vocabulary
from shaodao.domain.coordinates import CoordinateSystem
from shaodao.domain.deadlines import DeadlineUnit, Light
from shaodao.domain.explanation import LineKind

TERMS: tuple[type[vocabulary.Term], ...] = (
    vocabulary.DivisionLevel,
    vocabulary.GridKind,
    vocabulary.AreaKind,
    vocabulary.OrgKind,
    vocabulary.TeamKind,
    vocabulary.MemberIdentity,
    vocabulary.FiveDuty,
    vocabulary.ResidenceKind,
    vocabulary.Gender,
    vocabulary.CareKind,
    vocabulary.ArchiveColor,
    vocabulary.CaseKind,
    vocabulary.ChannelGroup,
    vocabulary.Channel,
    vocabulary.Urgency,
    vocabulary.Severity,
    vocabulary.EventScale,
    vocabulary.CaseState,
    vocabulary.CloseKind,
    vocabulary.NotAcceptedReason,
    vocabulary.ObjectionReason,
    vocabulary.Satisfaction,
    vocabulary.SolvedLevel,
    vocabulary.CaseVisibility,
    vocabulary.SolvingLevel,
    vocabulary.WhistleKind,
    vocabulary.WhistleReason,
    vocabulary.WhistleState,
    vocabulary.AssignmentRole,
    vocabulary.AssignmentState,
    vocabulary.ReportKind,
    vocabulary.ReportResult,
    vocabulary.VerificationMethod,
    vocabulary.EvaluatorKind,
    vocabulary.MessageKind,
    vocabulary.MessageState,
    vocabulary.ClockKind,
    vocabulary.ClockState,
    vocabulary.EscalationStage,
    vocabulary.Recipient,
    vocabulary.DutyListKind,
    vocabulary.AttachmentKind,
    vocabulary.Role,
    vocabulary.LeaderRank,
    vocabulary.RevealPurpose,
    case_vocabulary.SuspensionKind,
    case_vocabulary.PauseReason,
    case_vocabulary.StatutoryProcedure,
    case_vocabulary.Decision,
    case_vocabulary.Approver,
    case_vocabulary.Office,
    case_vocabulary.ReviewDecision,
    case_vocabulary.ExclusionReason,
    case_vocabulary.MeetingKind,
    case_vocabulary.CommunicationKind,
    case_vocabulary.LinkDirection,
    case_vocabulary.PromiseState,
    case_vocabulary.CampaignState,
    case_vocabulary.RuleState,
    case_vocabulary.AdmissionState,
    case_vocabulary.ExportSubject,
    case_vocabulary.ExportFormat,
    case_vocabulary.LaneState,
    case_vocabulary.HoldCause,
)
"""Every vocabulary of the field (reference C.2 to C.4, C.7)."""


class TaskAction(vocabulary.Term):
    """What a task 待办 asks of the viewer."""

    ACCEPT = "ACCEPT", "待受理"
    DISPATCH = "DISPATCH", "待派单"
    APPROVE = "APPROVE", "待审批"
    CONFIRM = "CONFIRM", "待补批"
    BLOW = "BLOW", "待直吹"
    REVISE = "REVISE", "待修改报批"
    CONFIRM_ARRIVAL = "CONFIRM_ARRIVAL", "待确认到场"
    VERIFY = "VERIFY", "待核查"
    DECIDE = "DECIDE", "待裁定异议"
    EXTEND = "EXTEND", "待审批延期"
    VOID = "VOID", "待审批作废"
    EXCLUDE = "EXCLUDE", "待审批剔除"
    REVIEW = "REVIEW", "待复核回访"
    REVIEW_SUSPENSION = "REVIEW_SUSPENSION", "待复核挂账"
    DECIDE_RATING = "DECIDE_RATING", "待裁定评价异议"
    PROMISE = "PROMISE", "待兑现承诺"
    MEETING = "MEETING", "待会议决定"
    URGE = "URGE", "待督办"
    ROUTINE = "ROUTINE", "例行工作"
    EXPORT = "EXPORT", "待审批导出"
    RULE = "RULE", "待审批派单规则"
    ADMISSION = "ADMISSION", "待审批社区准入"
    CLOSE = "CLOSE", "待办结、消哨"
    RATE = "RATE", "待评部门"
    JUDGE = "JUDGE", "待评哨"
    CALL = "CALL", "待回访"
    ANSWER = "ANSWER", "待答复"
    ACKNOWLEDGE = "ACKNOWLEDGE", "待应哨"
    ARRIVE = "ARRIVE", "待到场"
    READ = "READ", "待阅知"
    REPORT = "REPORT", "待反馈"


class BoardChange(vocabulary.Term):
    """What happened to a row of a board 看板 or an inbox."""

    ENTERED = "ENTERED", "进入"
    CHANGED = "CHANGED", "变化"
    LEFT = "LEFT", "离开"


class ArrivalProof(vocabulary.Term):
    """What proves an arrival 到场 (C.4 arrive)."""

    POINT = "POINT", "定位在范围内"
    DECLARED = "DECLARED", "自报,待街道确认"
    STREET = "STREET", "街道确认"


OTHERS: Mapping[type[StrEnum], Sequence[str]] = {
    CoordinateSystem: ("WGS-84", "2000国家大地坐标系", "火星坐标系", "百度坐标系"),
    DeadlineUnit: ("分钟", "小时", "紧急小时", "工作分钟", "工作小时", "自然日", "工作日"),
    Light: ("绿灯", "黄灯", "红灯"),
    SubjectKind: ("诉求人", "人口档案"),
    LineKind: (
        "起算",
        "规则",
        "计入",
        "不计",
        "顺延",
        "到期",
        "暂定",
        "时限变更",
        "延期",
        "暂停",
        "另行确定",
        "缩短",
        "重新计算",
        "接续计算",
    ),
}
"""Enumerations of the domain that carry no terms of their own, with the Chinese of each value in order."""


def enumerations() -> Iterator[tuple[type[StrEnum], Sequence[str]]]:
    """Every enumeration with the Chinese of its values in order."""
    own: tuple[type[vocabulary.Term], ...] = (TaskAction, BoardChange, ArrivalProof)
    for term in TERMS + own:
        yield term, [value.label for value in term]
    yield from OTHERS.items()


def _describe(enumeration: type[StrEnum], labels: Sequence[str]) -> None:
    """Make the enumeration one of GraphQL's: its description is the class's own first line, a value's its Chinese."""
    summary = (enumeration.__doc__ or enumeration.__name__).strip().splitlines()[0]
    strawberry.enum(enumeration, description=summary)
    definition: StrawberryEnumDefinition = getattr(enumeration, "__strawberry_definition__")  # noqa: B009 - Strawberry set it
    for value, label in zip(definition.values, labels, strict=True):
        value.description = label


for _enumeration, _labels in enumerations():
    _describe(_enumeration, _labels)
