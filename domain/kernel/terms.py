"""The vocabulary (术语): every code that is stored, shown or sent, as closed enumerations.

Codes are stored; labels are shown and are in ``adapters/labels``. Names are the field's standard English; docstrings and comments
give the Chinese terms.

Long because a vocabulary is one list, and each term gives its Chinese name.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What a ticket is about (D1 3.2, 4.1.1; D4)."""

    REPAIR = "repair"  # 报修
    COMPLAINT = "complaint"  # 投诉
    ASSISTANCE = "assistance"  # 求助
    ENQUIRY = "enquiry"  # 咨询
    RENOVATION = "renovation"  # 装修申请
    MOVE_IN = "move_in"  # 入伙
    INSPECTION = "inspection"  # 巡检整改
    VISIT = "visit"  # 走访征询
    OTHER = "other"  # 其他


class Channel(StrEnum):
    """How the request reached the centre (D1 4.1.1, 4.1.3; D2 items 9 and 10 for ``company``)."""

    PHONE = "phone"
    WALK_IN = "walk_in"
    WRITTEN = "written"
    BUTLER = "butler"
    CONTROL_ROOM = "control_room"
    COMPANY = "company"
    INSPECTION = "inspection"
    PORTAL = "portal"
    OPEN311 = "open311"


class Urgency(StrEnum):
    """Emergencies (应急情况) cannot be deferred to the morning (D5 五)."""

    NORMAL = "normal"
    EMERGENCY = "emergency"


class Facility(StrEnum):
    """Whose thing is broken, and how badly. It determines the clock (D2 items 5, 6, 8)."""

    PRIVATE = "private"
    PUBLIC_MINOR = "public_minor"
    PUBLIC_SEVERE = "public_severe"


class State(StrEnum):
    """States of a ticket (工单状态)."""

    RECEIVED = "received"  # 已接单
    CLASSIFIED = "classified"  # 已分类
    DISPATCHED = "dispatched"  # 已派单
    REPAIRED = "repaired"  # 已完工
    FOLLOWED_UP = "followed_up"  # 已回访
    CANCELLED = "cancelled"  # 已取消


class Trigger(StrEnum):
    """Everything that can be done to a ticket; the API writes them with dashes."""

    RECEIVE = "receive"
    CLASSIFY = "classify"
    RECLASSIFY = "reclassify"
    DISPATCH = "dispatch"
    REASSIGN = "reassign"
    DECLINE = "decline"
    ACCEPT = "accept"
    START = "start"
    SUSPEND = "suspend"
    RESUME = "resume"
    COMPLETE = "complete"
    SETTLE = "settle"
    FOLLOW_UP = "follow_up"
    ATTEMPT_FOLLOW_UP = "attempt_follow_up"
    CLOSE_UNREACHED = "close_unreached"
    REOPEN = "reopen"
    CANCEL = "cancel"
    REPLY = "reply"
    SCHEDULE = "schedule"
    DEFER = "defer"
    ESCALATE = "escalate"
    URGE = "urge"
    QUOTE = "quote"
    ACCEPT_QUOTE = "accept_quote"
    DECLINE_QUOTE = "decline_quote"
    SETTLE_CHARGE = "settle_charge"
    CHECK_ITEM = "check_item"
    ORDER_RECTIFICATION = "order_rectification"
    CONFIRM_RECTIFICATION = "confirm_rectification"
    APPROVE_MAJOR_WORKS = "approve_major_works"
    JUDGE_COMPLAINT = "judge_complaint"
    LINK = "link"
    ATTACH = "attach"
    CORRECT = "correct"
    NOTE = "note"


class Role(StrEnum):
    """Roles of people who act on tickets (D1 3, D4, D5)."""

    ASSISTANT = "assistant"  # 客户助理/客服管理员
    BUTLER = "butler"  # 私人管家
    TECHNICIAN = "technician"  # 维修技工/水电维修员
    CONTROL_ROOM = "control_room"  # 中控室
    SECURITY = "security"  # 安护
    SUPERVISOR = "supervisor"  # 客服主管/管理处副主任
    DIRECTOR = "director"  # 管理处主任/总管
    FINANCE = "finance"  # 财物管理员
    HR = "hr"  # 行政主管
    APPRAISER = "appraiser"  # 公司考评、巡查、审批
    AUDITOR = "auditor"  # 审计
    PRIVACY_OFFICER = "privacy_officer"  # 个人信息保护
    ADMIN = "admin"  # 系统管理: accounts and configuration, no business right


class Book(StrEnum):
    """Numbered books (记录册, D1 4.1.1); the value is the prefix of its numbers."""

    INTAKE = "GD"  # every ticket, at receipt
    REPAIR = "BX"  # 报修记录
    COMPLAINT = "TS"  # 投诉记录
    DAILY = "RC"  # 日常事务登记表
    RENOVATION = "ZX"  # 装修
    MOVE_IN = "RH"  # 入伙
    INSPECTION = "XJ"  # 巡检
    VISIT = "ZF"  # 走访


class SuspendReason(StrEnum):
    """Reasons for suspended work (挂起); some pause a clock (D2 item 6)."""

    AWAITING_PARTS = "awaiting_parts"
    AWAITING_STAFF = "awaiting_staff"
    AWAITING_RESIDENT = "awaiting_resident"
    AWAITING_APPROVAL = "awaiting_approval"


class CompletionOutcome(StrEnum):
    """How a work order ended: done or not carried out."""

    DONE = "done"
    NOT_CARRIED_OUT = "not_carried_out"


class FollowUpMethod(StrEnum):
    """How the resident was asked for a verdict (回访方式)."""

    PHONE = "phone"
    VISIT = "visit"
    ON_THE_SPOT = "on_the_spot"


class CancelReason(StrEnum):
    """Reasons to end a ticket without work."""

    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    INVALID = "invalid"
    QUOTE_DECLINED = "quote_declined"


class EscalationLevel(StrEnum):
    """Steps of reporting upward (上报, D1 4.1.2), lowest first; never downward."""

    SUPERVISOR = "supervisor"
    DIRECTOR = "director"
    COMPANY = "company"


class AssigneeType(StrEnum):
    """Who may carry a work order (维修工作单)."""

    PERSON = "person"
    TEAM = "team"
    CONTRACTOR = "contractor"


class ChargeStatus(StrEnum):
    """States of a charge, from quotation to settlement (有偿服务)."""

    QUOTED = "quoted"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    PAID = "paid"
    WAIVED = "waived"


class ChargeOutcome(StrEnum):
    """How an accepted charge was settled."""

    PAID = "paid"
    WAIVED = "waived"


class ComplaintSeverity(StrEnum):
    """轻微 or 严重 (D2 items 9 and 10)."""

    MINOR = "minor"
    SERIOUS = "serious"


class ComplaintFault(StrEnum):
    """Whose fault a complaint was (D2 items 9 and 10: 属管理处责任)."""

    OFFICE = "office"
    RESIDENT = "resident"
    THIRD_PARTY = "third_party"
    NONE = "none"


class LinkRelation(StrEnum):
    """How a ticket is related to another one."""

    DEFECT_OF = "defect_of"
    FOLLOWS_FROM = "follows_from"
    SAME_CAUSE = "same_cause"


class CorrectionReason(StrEnum):
    """登记错误 counts as an error of the register (D2 item 28); new information does not."""

    REGISTER_ERROR = "register_error"
    NEW_INFORMATION = "new_information"


class ClockName(StrEnum):
    """Deadlines of D2 items 5–8, and of a rectification order (限期整改)."""

    REPLY = "reply"
    REPAIR = "repair"
    PUBLIC_MINOR = "public_minor"
    PUBLIC_SEVERE = "public_severe"
    RECTIFY = "rectify"


class ClockStatus(StrEnum):
    """A clock's reading at a moment."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


class ApprovalState(StrEnum):
    """States of a command that waits for a second person."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    FAILED = "failed"
    EXPIRED = "expired"


class DutyPeriod(StrEnum):
    """Periods of the day's duty (D5 二)."""

    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    NIGHT = "night"


class ShiftStatus(StrEnum):
    """States of a shift (班次), from taking the desk to the supervisor's review (D1 4.1.3, 4.1.4)."""

    ON_DUTY = "on_duty"  # 当值
    HANDING_OVER = "handing_over"  # 交接中
    HANDED_OVER = "handed_over"  # 已交班
    REVIEWED = "reviewed"  # 已查阅


class ShiftTrigger(StrEnum):
    """Everything that can be done to a shift; the API writes them with dashes."""

    OPEN = "open"
    EXTEND = "extend"
    LOG = "log"
    SUBSTITUTE = "substitute"
    CONFIRM_STAND_IN = "confirm_stand_in"
    RETURN_TO_POST = "return_to_post"
    SWITCH_PHONE = "switch_phone"
    ARRIVE = "arrive"
    PREPARE_HANDOVER = "prepare_handover"
    SIGN_OUT = "sign_out"
    SIGN_IN = "sign_in"
    DISPUTE = "dispute"
    TAKE_OVER = "take_over"
    REVIEW = "review"


class ShiftEnd(StrEnum):
    """How a shift ended: signed by both, or taken over by a supervisor."""

    SIGNED = "signed"
    TAKEN_OVER = "taken_over"


class Tenure(StrEnum):
    """What a person is to a dwelling: three different things, of which one person may be several."""

    OWNER = "owner"  # 业主
    RESIDENT = "resident"  # 住户
    TENANT = "tenant"  # 租户


class ReminderKind(StrEnum):
    """What the system reminds of."""

    CLOCK_NEAR = "clock_near"  # 时限将至
    CLOCK_BREACHED = "clock_breached"  # 已超时
    HANDOVER_UNSIGNED = "handover_unsigned"  # 未按时办理移交
    DESK_EMPTY = "desk_empty"  # 值班空岗
    DUTY_COVERED = "duty_covered"  # 顶班
    STAND_IN_UNCONFIRMED = "stand_in_unconfirmed"  # 代值未确认


class RosterChange(StrEnum):
    """How a duty on a published roster (值班表) passes to another person."""

    SWAP = "swap"  # 换班
    LEAVE = "leave"  # 请假，由他人顶班


class DutyLog(StrEnum):
    """The book of a line of the duty log (D5 三, 四)."""

    WORK_JOURNAL = "work_journal"  # 工作日志, by day
    NIGHT_LOG = "night_log"  # 夜间值班记录表


class Condition(StrEnum):
    """Condition of an item of equipment at the handover (设备设施状况)."""

    GOOD = "good"
    FAULTY = "faulty"
    MISSING = "missing"
    NOT_CHECKED = "not_checked"


class LimitDays(StrEnum):
    """Days in which a clock's limit is counted (时限按日历日或工作日计)."""

    CALENDAR = "calendar"
    WORKING = "working"


class DaySource(StrEnum):
    """Where the information about a workday comes from (工作日历)."""

    OVERRIDE = "override"  # two people of the company
    PUBLISHED = "published"  # 国务院办公厅
    PROVISIONAL = "provisional"  # the year's make-up days are not known yet


class FindingStatus(StrEnum):
    """States of a finding (考评事项; D2)."""

    PROPOSED = "proposed"  # 系统提出
    RECORDED = "recorded"  # 已记录
    CONFIRMED = "confirmed"  # 已确认
    WAIVED = "waived"  # 不予扣分
    CONTESTED = "contested"  # 申诉中
    UPHELD = "upheld"  # 维持
    REVOKED = "revoked"  # 撤销
    WITHDRAWN = "withdrawn"  # 系统撤回


class FindingTrigger(StrEnum):
    """Everything that can be done to a finding; only the system proposes and withdraws."""

    PROPOSE = "propose"
    RECORD = "record"
    CONFIRM = "confirm"
    WAIVE = "waive"
    CONTEST = "contest"
    UPHOLD = "uphold"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"


class FindingCause(StrEnum):
    """Why the system proposes a finding. The rule book says as which item (D2)."""

    REPLY_LATE = "reply_late"  # 超时未答复
    REPAIR_LATE = "repair_late"  # 超时未修复
    PUBLIC_MINOR_LATE = "public_minor_late"  # 公共设施一般损坏超时未修复
    PUBLIC_SEVERE_LATE = "public_severe_late"  # 公共设施严重损坏超时未修复
    COMPANY_COMPLAINT_MINOR = "company_complaint_minor"  # 向公司合理投诉，轻微
    COMPANY_COMPLAINT_SERIOUS = "company_complaint_serious"  # 向公司合理投诉，属管理处责任，严重
    RECTIFICATION_LATE = "rectification_late"  # 违章装修逾期未整改
    INSPECTION_LATE = "inspection_late"  # 公司巡检逾期未整改
    HANDOVER_UNSIGNED = "handover_unsigned"  # 未按时办理移交
    DESK_EMPTY = "desk_empty"  # 值班空岗
    DUTY_LATE = "duty_late"  # 未按时到岗
    REGISTER_ERROR = "register_error"  # 登记错误


class WaiveReason(StrEnum):
    """Why a finding is not charged (不予扣分)."""

    SELF_HANDLED = "self_handled"  # 管理处已自行处理 (D2 item 17)
    EXCEPTED = "excepted"  # 规定除外
    NOT_ESTABLISHED = "not_established"  # 事实不成立
    DUPLICATE = "duplicate"  # 重复
    OTHER = "other"  # 其他


class ReprimandKind(StrEnum):
    """Kinds of reprimand of a member of staff (D2 五.5)."""

    WARNING = "warning"  # 警告
    PUBLIC_CRITICISM = "public_criticism"  # 通报批评


class EvaluationKind(StrEnum):
    """Kinds of evaluation, by evaluator (考评形式; D2 二)."""

    SELF = "self"  # 自评
    PEER = "peer"  # 互评
    RESIDENTS = "residents"  # 住户评议
    SUPERIOR = "superior"  # 上级鉴定


class ProbationResult(StrEnum):
    """The result of a probation (D2 五.2)."""

    RUNNING = "running"  # 试用中
    AWAITING_EXAMINATION = "awaiting_examination"  # 待考核
    PASSED = "passed"  # 试用合格
    FAILED = "failed"  # 试用不合格


class AppraisalStatus(StrEnum):
    """Whether a period's tally may still change (考评状态)."""

    OPEN = "open"  # 未月结
    PARTLY_CLOSED = "partly_closed"  # 部分月结
    CLOSED = "closed"  # 已月结
