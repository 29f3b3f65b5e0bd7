"""The words of a case's later life: what delays it, who disputes it, what follows from it (reference C.1.4, C.1.5, C.3)."""

from shaodao.domain.vocabulary import Term


class SuspensionKind(Term):
    """Why a case is suspended 挂账 (C.1.4)."""

    OBJECTIVE = "OBJECTIVE", "客观原因"
    SEASON = "SEASON", "季节原因"
    ENGINEERING = "ENGINEERING", "工程原因"
    POLICY = "POLICY", "政策原因"
    LEGACY = "LEGACY", "历史遗留"


class PauseReason(Term):
    """Why the handling clock pauses while the work goes on (C.5 rule 9). Waiting for a department is no reason."""

    STATUTORY_PROCEDURE = "STATUTORY_PROCEDURE", "等待法定程序"
    RESIDENT_MATERIAL = "RESIDENT_MATERIAL", "等待群众补充材料"


class StatutoryProcedure(Term):
    """A procedure whose time is not the department's (C.5 rule 9)."""

    TESTING = "TESTING", "检测"
    APPRAISAL = "APPRAISAL", "鉴定"
    PUBLIC_NOTICE = "PUBLIC_NOTICE", "公告"
    HEARING = "HEARING", "听证"


class Decision(Term):
    """What came of a request 审批结果."""

    GRANTED = "GRANTED", "同意"
    REFUSED = "REFUSED", "不同意"


class Approver(Term):
    """Who decides, by level: an extension, a suspension (C.5 rule 7), an objection (C.4)."""

    STREET_DEPUTY = "STREET_DEPUTY", "街道分管领导"
    STREET_CHIEF = "STREET_CHIEF", "街道主要领导"
    STREET = "STREET", "街道"
    COUNTY_GRID_OFFICE = "COUNTY_GRID_OFFICE", "县(区)网格办"


class Office(Term):
    """Who decides about a deadline, as a resident reads it: the office, not the person (explainDeadline)."""

    STREET_DISPATCHER = "STREET_DISPATCHER", "街道指挥中心"
    STREET_DEPUTY = "STREET_DEPUTY", "街道分管领导"
    STREET_CHIEF = "STREET_CHIEF", "街道主要领导"
    COUNTY_GRID_OFFICE = "COUNTY_GRID_OFFICE", "县(区)网格办"
    SYSTEM = "SYSTEM", "系统"


class ReviewDecision(Term):
    """What the review of an unsolved or dissatisfied follow-up decides (C.3 reopen)."""

    REOPEN = "REOPEN", "重办"
    NO_REOPEN = "NO_REOPEN", "不重办"


class ExclusionReason(Term):
    """Why a follow-up is left out of the rates 剔除 (B.2)."""

    UNREASONABLE = "UNREASONABLE", "不合理诉求"
    UNLAWFUL = "UNLAWFUL", "不合法诉求"
    OUT_OF_SCOPE = "OUT_OF_SCOPE", "超出职责"
    MALICIOUS_REPEAT = "MALICIOUS_REPEAT", "恶意重复"
    NO_CONTACT = "NO_CONTACT", "无法联系"
    POLICY = "POLICY", "政策不允许"


class CommunicationKind(Term):
    """Kind of communication with the reporter 沟通记录 (C.1.4, S-18, J-21)."""

    CONTACT = "CONTACT", "联系"
    EXPLANATION = "EXPLANATION", "解释"
    TIME_TOLD = "TIME_TOLD", "告知时间"
    RESULT_TOLD = "RESULT_TOLD", "告知结果"


class MeetingKind(Term):
    """Kind of meeting that takes up a case: 联席会议 (C.4), 民情研判 (J-16)."""

    JOINT = "JOINT", "联席会议"
    STUDY = "STUDY", "民情研判"


class LinkDirection(Term):
    """Which side of a joint whistle of two counties 跨区联合哨 a street is on (C.2.3)."""

    INVITING = "INVITING", "邀请方"
    INVITED = "INVITED", "受邀方"


class PromiseState(Term):
    """State of a promise 一事一诺 (Z-49)."""

    IN_PROGRESS = "IN_PROGRESS", "履行中"
    FULFILLED = "FULFILLED", "已兑现"
    UNFULFILLED = "UNFULFILLED", "未兑现"


class CampaignState(Term):
    """State of a campaign 专项整治 (S-21)."""

    RUNNING = "RUNNING", "进行中"
    ENDED = "ENDED", "已结束"


class RuleState(Term):
    """State of a version of a routing rule 派单规则."""

    PROPOSED = "PROPOSED", "待审批"
    IN_FORCE = "IN_FORCE", "生效中"
    REJECTED = "REJECTED", "未采纳"
    SUPERSEDED = "SUPERSEDED", "已被新版本取代"
    RETIRED = "RETIRED", "已停用"


class AdmissionState(Term):
    """State of a request to place work on communities 社区准入 (L-25 to L-29)."""

    REQUESTED = "REQUESTED", "待审批"
    GRANTED = "GRANTED", "准入"
    REFUSED = "REFUSED", "不准入"


class ExportSubject(Term):
    """What is exported 导出 (C.7 guardrail 3)."""

    CASES = "CASES", "案件"
    PEOPLE = "PEOPLE", "人口"


class ExportFormat(Term):
    """Format of an exported file."""

    CSV = "CSV", "CSV文本"
    XLSX = "XLSX", "XLSX工作簿"


class LaneState(Term):
    """How the delivery at the head of a lane stands 投递状态."""

    WAITING = "WAITING", "等待投递"
    RUNNING = "RUNNING", "投递中"
    RETRYING = "RETRYING", "失败待重试"
    PARKED = "PARKED", "已搁置"


class HoldCause(Term):
    """Why a department hears of nothing for now 暂缓投递原因."""

    PAUSED = "PAUSED", "人工暂停"
    BREAKER = "BREAKER", "连续失败暂缓"
