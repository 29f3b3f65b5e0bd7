"""The field's words as enumerations: reference C.2, C.3 and C.4, each value with its Chinese term.

The value is what stands in the database, in the GraphQL schema and in a token; ``label`` is what a person reads.
"""

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A value of the field's vocabulary with its Chinese label."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class DivisionLevel(Term):
    """Level of an administrative division 行政区划 (C.2.1)."""

    PROVINCE = "PROVINCE", "省"
    CITY = "CITY", "市"
    COUNTY = "COUNTY", "县(区)"
    STREET = "STREET", "乡镇(街道)"
    COMMUNITY = "COMMUNITY", "村(社区)"


class GridKind(Term):
    """Kind of grid 网格 (C.2.1)."""

    BASE = "BASE", "基础网格"
    SPECIAL = "SPECIAL", "专属网格"
    SEA = "SEA", "海上网格"


class AreaKind(Term):
    """Kind of area, which decides the size rule of a grid (Z-05, J-02, L-05)."""

    URBAN = "URBAN", "城市"
    RURAL = "RURAL", "农村"
    FISHING = "FISHING", "渔农村"
    BUSINESS = "BUSINESS", "商圈园区"
    SEA = "SEA", "海域"


class OrgKind(Term):
    """Kind of organization 单位 (C.2.1)."""

    PARTY = "PARTY", "党委机构"
    GOV = "GOV", "政府部门"
    VERTICAL = "VERTICAL", "垂直管理"
    STREET_OFFICE = "STREET_OFFICE", "街道科室"
    COMMUNITY = "COMMUNITY", "社区"
    UTILITY = "UTILITY", "公共服务企业"
    PROPERTY = "PROPERTY", "物业"
    MASS = "MASS", "群团"
    SOCIAL = "SOCIAL", "社会组织"


class TeamKind(Term):
    """Kind of service team 服务团队 (Z-19, Z-20, Z-23, Z-12)."""

    REGULAR = "REGULAR", "常规"
    PROFESSIONAL = "PROFESSIONAL", "专业"
    THEME = "THEME", "主题"
    SEA = "SEA", "海上服务/救助"


class MemberIdentity(Term):
    """Identity of a team member (C.2.1)."""

    TOWN_CADRE = "TOWN_CADRE", "乡镇(街道)干部"
    COMMUNITY_CADRE = "COMMUNITY_CADRE", "村(社区)干部"
    GRID_WORKER = "GRID_WORKER", "网格员"
    PARTY_GROUP_HEAD = "PARTY_GROUP_HEAD", "党小组长"
    POLICE = "POLICE", "片区民警"
    DOCTOR = "DOCTOR", "片区医生"
    TEACHER = "TEACHER", "教师"
    AGRO_TECH = "AGRO_TECH", "渔农技术员"
    LAWYER = "LAWYER", "律师"
    VETERAN_CADRE = "VETERAN_CADRE", "老干部"
    YOUNG_TALENT = "YOUNG_TALENT", "青年人才"
    PARTY_MEMBER = "PARTY_MEMBER", "在职党员"
    FISHER_PARTY_MEMBER = "FISHER_PARTY_MEMBER", "渔民党员"
    BUILDING_HEAD = "BUILDING_HEAD", "楼长"
    VOLUNTEER = "VOLUNTEER", "志愿者"


class FiveDuty(Term):
    """The five duties 五个员 of a team member (Z-25)."""

    OPINION_SURVEYOR = "OPINION_SURVEYOR", "社情民意调研员"
    DISPUTE_MEDIATOR = "DISPUTE_MEDIATOR", "矛盾纠纷化解员"
    POLICY_PUBLICIST = "POLICY_PUBLICIST", "政策法规宣传员"
    DEMOCRACY_SUPERVISOR = "DEMOCRACY_SUPERVISOR", "民主制度监督员"
    CONVENIENCE_SERVANT = "CONVENIENCE_SERVANT", "惠民便民服务员"


class ResidenceKind(Term):
    """Kind of residence (C.2.1)."""

    REGISTERED = "REGISTERED", "户籍"
    FLOATING = "FLOATING", "流动"
    LEFT_BEHIND = "LEFT_BEHIND", "留守"
    OVERSEAS = "OVERSEAS", "境外"
    LODGING = "LODGING", "寄住"


class Gender(Term):
    """Sex by GB/T 2261.1."""

    MALE = "MALE", "男"
    FEMALE = "FEMALE", "女"
    UNKNOWN = "UNKNOWN", "未知"


class CareKind(Term):
    """Kind of care tag 关爱标签 (C.1.3)."""

    LIVING_ALONE = "LIVING_ALONE", "独居老人"
    EMPTY_NEST = "EMPTY_NEST", "空巢老人"
    LEFT_BEHIND = "LEFT_BEHIND", "留守"
    DISABLED_ELDER = "DISABLED_ELDER", "失能老人"
    DISABILITY = "DISABILITY", "残疾人"
    SUBSISTENCE = "SUBSISTENCE", "低保"
    SUBSISTENCE_EDGE = "SUBSISTENCE_EDGE", "低保边缘"
    EXTREME_POVERTY = "EXTREME_POVERTY", "特困人员"
    FAMILY_PLANNING = "FAMILY_PLANNING", "计生特殊家庭"
    CHILD_IN_NEED = "CHILD_IN_NEED", "困境儿童"
    MATERNITY = "MATERNITY", "孕产"


class ArchiveColor(Term):
    """Colour of the three-colour archive 三色档案 (S-07); its meaning is the project's own default."""

    RED = "RED", "红(特别困难)"
    ORANGE = "ORANGE", "橙(比较困难)"
    YELLOW = "YELLOW", "黄(一般困难)"


class CaseKind(Term):
    """Kind of case 事件/诉求 (C.2.2)."""

    CONSULT = "CONSULT", "咨询"
    HELP = "HELP", "求助"
    COMPLAINT = "COMPLAINT", "投诉"
    REPORT = "REPORT", "举报"
    SUGGESTION = "SUGGESTION", "建议"
    PRAISE = "PRAISE", "表扬"
    EVENT = "EVENT", "巡查事件"
    DISPUTE = "DISPUTE", "矛盾纠纷"
    AGENCY = "AGENCY", "代办"


class ChannelGroup(Term):
    """Group of channels through which an order comes (S-01)."""

    SELF_ORDER = "SELF_ORDER", "群众自助点单"
    CADRE_ORDER = "CADRE_ORDER", "党员干部接单寻单"
    ARCHIVE_ORDER = "ARCHIVE_ORDER", "三色档案建单"
    PATROL = "PATROL", "巡查发现"
    SYSTEM = "SYSTEM", "系统/设备"


class Channel(Term):
    """Channel of a case (C.2.2, Z-38)."""

    HOTLINE = "HOTLINE", "便民热线"
    HOTLINE_12345 = "HOTLINE_12345", "12345转办"
    QUNGONG = "QUNGONG", "群工系统"
    WECHAT = "WECHAT", "微信公众号"
    WECHAT_GROUP = "WECHAT_GROUP", "网格微信群"
    SMS = "SMS", "短信"
    WEB = "WEB", "网上办事"
    SERVICE_WINDOW = "SERVICE_WINDOW", "服务窗口"
    HOME_VISIT = "HOME_VISIT", "上门接单"
    COURTYARD = "COURTYARD", "院坝寻单"
    PEOPLE_TALK = "PEOPLE_TALK", "民情恳谈"
    HOUSEHOLD_REP = "HOUSEHOLD_REP", "户代表会议"
    OPINION_BOX = "OPINION_BOX", "意见箱/公开信箱"
    WISH_BOX = "WISH_BOX", "微心愿"
    DIARY = "DIARY", "民情日记"
    PARTY_REP = "PARTY_REP", "党代表"
    GRID_PATROL = "GRID_PATROL", "网格巡查"
    THREE_COLOR = "THREE_COLOR", "三色档案"
    SEA_TEAM = "SEA_TEAM", "海上团队"
    BEIDOU = "BEIDOU", "北斗/渔船终端"
    DEVICE = "DEVICE", "智慧设备"
    DEPARTMENT = "DEPARTMENT", "部门移送"
    SUPERIOR = "SUPERIOR", "上级交办"
    MEDIA = "MEDIA", "媒体"


class Urgency(Term):
    """Class by urgency and difficulty 急办/一般/复杂 (S-14)."""

    URGENT = "URGENT", "急办"
    GENERAL = "GENERAL", "一般"
    COMPLEX = "COMPLEX", "复杂"


class Severity(Term):
    """Severity of an event, 01 to 04 (C.2.2)."""

    EXTREMELY_SERIOUS = "EXTREMELY_SERIOUS", "特别重大"
    SERIOUS = "SERIOUS", "重大"
    LARGER = "LARGER", "较大"
    ORDINARY = "ORDINARY", "一般"


class EventScale(Term):
    """Scale of an event, 01 to 03 (C.2.2)."""

    INDIVIDUAL = "INDIVIDUAL", "个体性"
    GROUP = "GROUP", "一般群体性"
    LARGE_GROUP = "LARGE_GROUP", "重大群体性"


class CaseState(Term):
    """State of a case (C.3)."""

    REGISTERED = "REGISTERED", "已登记"
    ACCEPTED = "ACCEPTED", "已受理"
    NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理"
    ASSIGNED = "ASSIGNED", "已派单"
    HANDLING = "HANDLING", "办理中"
    SUSPENDED = "SUSPENDED", "挂账"
    VERIFYING = "VERIFYING", "待核查"
    CLOSED = "CLOSED", "已办结"
    FOLLOWED_UP = "FOLLOWED_UP", "已回访"
    REOPENED = "REOPENED", "已重办"
    MERGED = "MERGED", "已并单"
    CANCELLED = "CANCELLED", "已撤销"
    ARCHIVED = "ARCHIVED", "已归档"


class CloseKind(Term):
    """How a case was closed (C.2.2)."""

    SOLVED = "SOLVED", "已解决"
    ANSWERED = "ANSWERED", "已答复"
    EXPLAINED = "EXPLAINED", "已解释(客观无法解决)"
    AGENCY_DONE = "AGENCY_DONE", "代办完成"
    TRANSFERRED = "TRANSFERRED", "已移送法定途径"
    MEDIATED = "MEDIATED", "调解成功"
    WITHDRAWN = "WITHDRAWN", "群众撤回"
    VOID = "VOID", "作废"


class NotAcceptedReason(Term):
    """Why a case is not accepted (B.2, C.2.2)."""

    EMERGENCY_LINE = "EMERGENCY_LINE", "应转紧急专线"
    IN_LEGAL_PROCESS = "IN_LEGAL_PROCESS", "诉讼/仲裁/复议/信访等程序"
    REPEAT_NO_NEW = "REPEAT_NO_NEW", "重复无新情况"
    SECRET = "SECRET", "涉密/隐私"
    OUT_OF_SCOPE = "OUT_OF_SCOPE", "超出职责"
    UNLAWFUL = "UNLAWFUL", "违法悖俗"


class ObjectionReason(Term):
    """Why an organization objects to an assignment (C.2.2)."""

    NOT_OUR_DUTY = "NOT_OUR_DUTY", "职责不符"
    WRONG_AREA = "WRONG_AREA", "属地不符"
    INFO_MISSING = "INFO_MISSING", "信息不全"
    DUPLICATE = "DUPLICATE", "重复"
    IN_LEGAL_PROCESS = "IN_LEGAL_PROCESS", "已进入法定程序"


class Satisfaction(Term):
    """Satisfaction told in a follow-up call (C.2.2)."""

    VERY_SATISFIED = "VERY_SATISFIED", "非常满意"
    SATISFIED = "SATISFIED", "满意"
    BASICALLY_SATISFIED = "BASICALLY_SATISFIED", "基本满意"
    DISSATISFIED = "DISSATISFIED", "不满意"
    NOT_RATED = "NOT_RATED", "未评价"


class SolvedLevel(Term):
    """Whether the matter is solved, as the reporter says (C.2.2)."""

    SOLVED = "SOLVED", "解决"
    PARTIAL = "PARTIAL", "部分解决"
    UNSOLVED = "UNSOLVED", "未解决"


class CaseVisibility(Term):
    """Visibility class of a case (C.2.2)."""

    NORMAL = "NORMAL", "一般"
    CONFIDENTIAL_REPORTER = "CONFIDENTIAL_REPORTER", "举报人保密"
    RESTRICTED_MINOR = "RESTRICTED_MINOR", "涉未成年人"
    RESTRICTED_SPECIAL = "RESTRICTED_SPECIAL", "涉特殊人群"


class SolvingLevel(Term):
    """Solving level 解决层级 (C.6)."""

    GRID = "GRID", "网格"
    COMMUNITY = "COMMUNITY", "社区"
    STREET = "STREET", "街道"
    COUNTY = "COUNTY", "县(区)"
    CITY = "CITY", "市"


class WhistleKind(Term):
    """Kind of whistle 哨 (C.2.3)."""

    ROUTINE = "ROUTINE", "日常哨(群众反映突出)"
    JOINT_ENFORCEMENT = "JOINT_ENFORCEMENT", "攻坚/综合执法哨"
    EMERGENCY = "EMERGENCY", "应急哨"
    CAMPAIGN = "CAMPAIGN", "重点工作哨"
    DEPARTMENT = "DEPARTMENT", "部门哨"
    CROSS_AREA = "CROSS_AREA", "跨区联合哨"


class WhistleReason(Term):
    """Why the street cannot solve it alone (C.1.5)."""

    NO_POWER = "NO_POWER", "街道无权"
    SEVERAL_DEPARTMENTS = "SEVERAL_DEPARTMENTS", "多部门"
    EMERGENCY = "EMERGENCY", "应急"
    LONG_UNSOLVED = "LONG_UNSOLVED", "久拖"


class WhistleState(Term):
    """State of a whistle (C.4)."""

    DRAFTED = "DRAFTED", "已起草"
    PENDING_APPROVAL = "PENDING_APPROVAL", "待审批"
    REJECTED = "REJECTED", "已驳回"
    BLOWN = "BLOWN", "已吹哨"
    GATHERING = "GATHERING", "报到中"
    HANDLING = "HANDLING", "处置中"
    REPORTED = "REPORTED", "已反馈"
    VERIFIED = "VERIFIED", "核查通过"
    CLOSED = "CLOSED", "已消哨"
    EVALUATED = "EVALUATED", "已评价"
    WITHDRAWN = "WITHDRAWN", "已撤哨"


class AssignmentRole(Term):
    """Role of an organization in a case (C.2.3). INFORM needs no report."""

    LEAD = "LEAD", "主办"
    CO = "CO", "协办"
    INFORM = "INFORM", "知会"


class AssignmentState(Term):
    """State of an assignment 报到 (C.4)."""

    NOTIFIED = "NOTIFIED", "已通知"
    ACKNOWLEDGED = "ACKNOWLEDGED", "已应哨"
    OBJECTED = "OBJECTED", "异议中"
    ARRIVED = "ARRIVED", "已到场"
    HANDLING = "HANDLING", "处置中"
    REPORTED = "REPORTED", "已反馈"
    RETURNED = "RETURNED", "退回重办"
    VERIFIED = "VERIFIED", "核查通过"
    RELEASED = "RELEASED", "已离场"
    REASSIGNED = "REASSIGNED", "已改派"
    EXCUSED = "EXCUSED", "免予反馈"
    WITHDRAWN = "WITHDRAWN", "已撤回"
    READ = "READ", "已阅知"


class ReportKind(Term):
    """Kind of report 反馈 (C.1.5)."""

    PROGRESS = "PROGRESS", "阶段反馈"
    RESULT = "RESULT", "办结反馈"


class ReportResult(Term):
    """Result that an organization reports (C.1.5)."""

    SOLVED = "SOLVED", "解决"
    PARTIAL = "PARTIAL", "部分解决"
    UNSOLVED = "UNSOLVED", "未解决"
    LONG_TERM = "LONG_TERM", "转入长期"


class VerificationMethod(Term):
    """How a report was verified (C.1.5)."""

    ON_SITE = "ON_SITE", "现场"
    PHONE = "PHONE", "电话"
    PHOTO = "PHOTO", "照片"


class EvaluatorKind(Term):
    """Who rates whom (C.4: a department never rates a street)."""

    STREET = "STREET", "街道评部门"
    COUNTY_GRID_OFFICE = "COUNTY_GRID_OFFICE", "区网格办评哨"
    RESIDENT = "RESIDENT", "居民评结果"


class MessageKind(Term):
    """Kind of message (C.3, messages)."""

    RECEIPT = "RECEIPT", "登记回执"
    ACCEPTED = "ACCEPTED", "受理告知"
    NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理告知"
    EXTENSION = "EXTENSION", "延期告知"
    SUSPENSION = "SUSPENSION", "挂账告知"
    RESULT = "RESULT", "结果告知"
    MERGED = "MERGED", "并单告知"
    REOPENED = "REOPENED", "重办告知"
    WHISTLE = "WHISTLE", "吹哨通知"
    ALARM = "ALARM", "应急告警"
    MEETING = "MEETING", "会议通知"
    DEADLINE = "DEADLINE", "时限变更通知"
    SUPERVISION = "SUPERVISION", "督办通知"


class MessageState(Term):
    """State of a message."""

    PENDING = "PENDING", "待发送"
    SENT = "SENT", "已发送"
    FAILED = "FAILED", "发送失败"


class ClockKind(Term):
    """What a deadline limits (C.5 rules 1, 5 and 6)."""

    HANDLING = "HANDLING", "办理时限"
    CONTACT = "CONTACT", "联系时限"
    ACKNOWLEDGE = "ACKNOWLEDGE", "应哨时限"
    ARRIVE = "ARRIVE", "到场时限"
    FIRST_REPORT = "FIRST_REPORT", "首次反馈时限"
    PROGRESS_REPORT = "PROGRESS_REPORT", "阶段反馈时限"
    RESULT = "RESULT", "办结反馈时限"
    VERIFICATION = "VERIFICATION", "核查时限"
    CONFIRMATION = "CONFIRMATION", "补批时限"
    FOLLOW_UP = "FOLLOW_UP", "回访时限"
    OBJECTION = "OBJECTION", "异议时限"
    PROMISE = "PROMISE", "承诺期限"


class ClockState(Term):
    """State of a deadline clock (C.1.4)."""

    RUNNING = "RUNNING", "计时中"
    PAUSED = "PAUSED", "暂停"
    STOPPED = "STOPPED", "已停止"


class EscalationStage(Term):
    """Stage of the time ladder (C.6), with NO_SHOW, a wake-up that a department asked for, and a suspension's own dates."""

    REMIND = "REMIND", "提醒"
    URGE = "URGE", "催办"
    OVERDUE = "OVERDUE", "超期"
    WARN_COUNTY = "WARN_COUNTY", "县(区)网格办预警"
    SUPERVISE = "SUPERVISE", "督办"
    CIRCULAR = "CIRCULAR", "通报"
    DISTRICT_INVESTIGATION = "DISTRICT_INVESTIGATION", "区级调查"
    NO_SHOW = "NO_SHOW", "未报到"
    WAKE = "WAKE", "定时提醒"
    REVIEW = "REVIEW", "挂账复核提醒"
    RESUME = "RESUME", "到期恢复办理"


class Recipient(Term):
    """Who hears of a stage of the time ladder (C.6)."""

    HANDLER = "HANDLER", "经办人"
    DEPARTMENT_HEAD = "DEPARTMENT_HEAD", "部门负责人"
    AGENT = "AGENT", "代办人"
    STREET_DISPATCHER = "STREET_DISPATCHER", "街道指挥中心"
    STREET_LEADER = "STREET_LEADER", "街道领导"
    COUNTY_GRID_OFFICE = "COUNTY_GRID_OFFICE", "县(区)网格办"
    DISTRICT_GOVERNMENT = "DISTRICT_GOVERNMENT", "区政府"
    CITY = "CITY", "市级主管部门"


class DutyListKind(Term):
    """Kind of duty list 履职事项清单 (B.2, L-25)."""

    BASIC = "BASIC", "基本履职事项"
    ASSIST = "ASSIST", "配合履职事项"
    TAKEN_BACK = "TAKEN_BACK", "上级部门收回事项"


class AttachmentKind(Term):
    """Kind of attachment 附件 (C.1.4)."""

    BEFORE = "BEFORE", "现场前"
    DURING = "DURING", "处置中"
    AFTER = "AFTER", "处置后"
    DOCUMENT = "DOCUMENT", "文书"


class Role(Term):
    """Role of an account within a scope (C.7). Default deny."""

    RESIDENT = "RESIDENT", "居民"
    GRID_WORKER = "GRID_WORKER", "全科网格员"
    GRID_CHIEF = "GRID_CHIEF", "网格长(社区书记)"
    STREET_DISPATCHER = "STREET_DISPATCHER", "街道网格指挥中心"
    STREET_LEADER = "STREET_LEADER", "街道领导"
    FOLLOW_UP = "FOLLOW_UP", "回访员"
    DEPT_HANDLER = "DEPT_HANDLER", "部门经办人"
    COUNTY_GRID_OFFICE = "COUNTY_GRID_OFFICE", "县(区)网格办"
    SYSTEM = "SYSTEM", "系统"


class LeaderRank(Term):
    """Rank of a street leader (Z-48, C.7)."""

    LINK = "LINK", "联系领导"
    DEPUTY = "DEPUTY", "分管领导"
    CHIEF = "CHIEF", "主要领导"


class RevealPurpose(Term):
    """Purpose for which personal data may be shown in clear (C.7 guardrail 2)."""

    CONTACT_REPORTER = "CONTACT_REPORTER", "联系诉求人"
    ON_SITE = "ON_SITE", "现场处置"
    FOLLOW_UP = "FOLLOW_UP", "回访"
    EMERGENCY_RESCUE = "EMERGENCY_RESCUE", "紧急救助"
