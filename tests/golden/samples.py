"""The values that golden files must decode to: one event of every class, and of every version ever written.

To add one, put the event below (a ticket's payload into ``tests/support/ticket_factory.py``), then run ``python -m
tests.golden.write``. After a new version of a class, its older versions stay in :func:`older`, in the form that upcasting gives
them.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from adapters.store.log.codec import class_version, topic_of
from domain.appraisal.evaluation import Evaluation
from domain.appraisal.figure import Figure
from domain.appraisal.probation import Probation
from domain.appraisal.reprimand import Reprimand
from domain.approval.aggregate import Approval
from domain.duty.handover_sheet import Equipment, SheetTicket
from domain.duty.roster import Duty, Passed, Roster
from domain.duty.shift import Shift
from domain.finding.events import DecidedPoints, Finding
from domain.household.dwelling import Dwelling
from domain.household.register import HouseholdRegister
from domain.household.resident import Resident
from domain.kernel.aggregate import Folded
from domain.kernel.subject_file import SubjectFile
from domain.kernel.terms import (
    AssigneeType,
    ClockName,
    ClockStatus,
    Condition,
    DutyLog,
    DutyPeriod,
    EscalationLevel,
    EvaluationKind,
    FindingCause,
    Kind,
    ReminderKind,
    ReprimandKind,
    Role,
    RosterChange,
    State,
    Tenure,
    Urgency,
    WaiveReason,
)
from domain.people.assignee import Assignee
from domain.people.community import Community
from domain.people.post import Desk
from domain.people.staff import Grant, Person
from domain.process.reminder import Reminder
from domain.process.service import Service
from domain.rules.clocks import Reading
from domain.rules.scorecard import Severity
from domain.tally.months_closed import AppraisalBook
from domain.ticket.events import Ticket
from tests.support.ticket_factory import COMMAND, OTHER_TICKET, SUBJECT, TICKET, fact, history, meta, sample_events, sealed, uid

STREAM = TICKET
AT = datetime(2026, 3, 2, 1, 0, 0, 1, tzinfo=UTC)
GRANT = Grant(uid(0x61), Role.BUTLER, "garden", "east", date(2026, 3, 1), date(2026, 12, 31))

OTHERS: Mapping[type[Folded.Event], Mapping[str, Any]] = {
    Community.CommunityRegistered: {"code": "garden", "name": "中心花园", "timezone": "Asia/Shanghai"},
    Community.AreaAdded: {"area": "east", "name": "东区"},
    Community.TeamFormed: {"team": "electricians", "members": ("wang", "zhao")},
    Community.ContractorRegistered: {"contractor": "acme", "name": "安居维修"},
    Community.SettingsChanged: {"settings": {"clocks.reply_minutes": 1440, "duty.night_post": None}},
    Community.PriceListPublished: {"text": 'version = "2026-2"\n[services]\n'},
    Community.RuleBookPublished: {"text": 'version = "2027"\n', "rule_book": "2027", "from_month": "2027-01"},
    Community.CalendarOverridden: {"date": date(2026, 10, 8), "works": False, "reason": "台风停工"},
    Person.PersonAdded: {"login": "li.na", "name": "李娜"},
    Person.RoleGranted: {"grant": GRANT},
    Person.GrantEnded: {"grant": GRANT.id, "valid_to": date(2026, 6, 30)},
    Person.PersonDisabled: {},
    Person.PersonEnabled: {},
    Person.CalendarFeedIssued: {"hash": "cd" * 32},
    Person.CalendarFeedRevoked: {},
    Approval.ApprovalRequested: {
        "community": "garden",
        "right": "approve_major_works",
        "command": "approve_major_works",
        "arguments": sealed("{}"),
        "expires_at": datetime(2026, 3, 3, 1, 0, tzinfo=UTC),
        "stream": OTHER_TICKET,
        "area": "east",
        "command_occurred_at": AT,
    },
    Approval.ApprovalGranted: {"community": "garden", "result": OTHER_TICKET},
    Approval.ApprovalRejected: {"community": "garden", "reason": sealed("材料不全")},
    Approval.ApprovalFailed: {"community": "garden", "refusal": "transition-refused"},
    Approval.ApprovalExpired: {"community": "garden"},
    Desk.ShiftOpened: {"community": "garden", "shift": uid(0x71), "officer": "wang", "period": DutyPeriod.NIGHT},
    Desk.OfficerSubstituted: {"community": "garden", "shift": uid(0x71), "stand_in": "chen"},
    Desk.OfficerReturned: {"community": "garden", "shift": uid(0x71)},
    Desk.OfficerArrived: {"community": "garden", "shift": uid(0x71), "officer": "li.na", "arrived_at": AT},
    Desk.ShiftTakenOver: {"community": "garden", "shift": uid(0x71), "names_due": True},
    Desk.ShiftHandedOver: {
        "community": "garden",
        "shift": uid(0x72),
        "officer": "li.na",
        "period": DutyPeriod.MORNING,
        "follows": uid(0x71),
    },
    Reminder.ReminderRaised: {
        "community": "garden",
        "kind": ReminderKind.CLOCK_BREACHED,
        "about": OTHER_TICKET,
        "level": EscalationLevel.SUPERVISOR,
        "login": "wang",
        "clock": ClockName.REPAIR,
        "due_at": AT,
    },
    Reminder.ReminderEscalated: {"community": "garden", "level": EscalationLevel.DIRECTOR},
    Reminder.ReminderSettled: {"community": "garden"},
    Service.ServiceInterrupted: {"began_at": AT},
    Roster.RosterPublished: {
        "community": "garden",
        "month": "2026-03",
        "duties": (Duty(date(2026, 3, 2), DutyPeriod.NIGHT, "wang", AT, AT, is_ground=True),),
    },
    Roster.RosterChanged: {
        "community": "garden",
        "month": "2026-03",
        "kind": RosterChange.LEAVE,
        "duties": (Passed(date(2026, 3, 2), DutyPeriod.NIGHT, "wang", "chen"),),
        "reason": sealed("病假"),
    },
    Desk.PhoneSwitched: {"community": "garden", "shift": uid(0x71), "answered_by": "ma"},
    Shift.ShiftOpened: {
        "community": "garden",
        "officer": "wang",
        "post": Role.TECHNICIAN,
        "period": DutyPeriod.NIGHT,
        "starts_at": AT,
        "until": AT,
        "arrived_at": AT,
        "late_minutes": 3,
        "follows": uid(0x70),
        "names_due": True,
    },
    Shift.ShiftExtended: {"period": DutyPeriod.NOON, "until": AT, "cover": True, "absent": "li.na"},
    Shift.LineLogged: {"log": DutyLog.NIGHT_LOG, "text": sealed("巡楼一遍，无异常。"), "ticket": OTHER_TICKET},
    Shift.OfficerSubstituted: {"stand_in": None, "named": sealed("保安队长"), "awaits": True},
    Shift.StandInConfirmed: {},
    Shift.OfficerReturned: {},
    Shift.OfficerArrived: {"officer": "li.na", "arrived_at": AT},
    Shift.PhoneSwitched: {"answered_by": "ma"},
    Shift.HandoverPrepared: {
        "position": 17,
        "tickets": (
            SheetTicket(
                OTHER_TICKET,
                "GD-garden-20260302-0001",
                State.CLASSIFIED,
                3,
                Urgency.NORMAL,
                (Reading(ClockName.REPAIR, ClockStatus.BREACHED, AT, AT, None, AT),),
                Kind.REPAIR,
                "BX-garden-20260302-0001",
                AT,
            ),
        ),
        "equipment": (Equipment("telephone", Condition.GOOD), Equipment("torch", Condition.MISSING)),
        "records": ("night_log",),
        "remarks": sealed("钥匙柜少一把备用钥匙。"),
    },
    Shift.SignedOut: {"hash": "ab" * 32},
    Shift.SignedIn: {"hash": "ab" * 32, "next_shift": uid(0x72)},
    Shift.HandoverDisputed: {"hash": "ab" * 32, "reason": sealed("对讲机不在位")},
    Shift.ShiftTakenOver: {"reason": sealed("接班人员未到岗")},
    Shift.ShiftReviewed: {"read_upto": 40, "urged": (OTHER_TICKET,), "remarks": sealed("已阅")},
    Finding.FindingProposed: {
        "community": "garden",
        "cause": FindingCause.RECTIFICATION_LATE,
        "item": "13",
        "day": date(2026, 3, 2),
        "rule_book": "default",
        "area": "east",
        "quantity": 2,
        "severity": Severity.NORMAL,
        "parties": ("wang",),
        "doubled": True,
        "overdue_days": 7,
        "tickets": (OTHER_TICKET,),
        "shifts": (uid(0x71),),
        "reading": Reading(ClockName.RECTIFY, ClockStatus.BREACHED, AT, AT, None, AT),
    },
    Finding.FindingRecorded: {
        "community": "garden",
        "item": "46",
        "day": date(2026, 3, 2),
        "rule_book": "default",
        "area": "east",
        "quantity": 2,
        "severity": Severity.EGREGIOUS,
        "parties": ("wang",),
        "doubled": True,
        "overdue_days": 7,
        "amount_fen": 300_000,
        "points": DecidedPoints(Decimal("1.5"), Decimal("0.5")),
        "tickets": (OTHER_TICKET,),
        "shifts": (uid(0x71),),
        "attachments": ("ab" * 32,),
        "note": sealed("值班时看小说"),
    },
    Finding.FindingConfirmed: {
        "community": "garden",
        "rule_book": "default",
        "booked_month": "2026-04",
        "parties": ("wang",),
        "severity": Severity.NORMAL,
        "quantity": 1,
        "amount_fen": 100,
        "points": DecidedPoints(Decimal(2), Decimal("0.5")),
    },
    Finding.FindingWaived: {"community": "garden", "reason": WaiveReason.SELF_HANDLED, "note": sealed("已批评教育")},
    Finding.FindingContested: {"community": "garden", "grounds": sealed("当日已与住户约定时间")},
    Finding.FindingUpheld: {"community": "garden", "reason": sealed("约定时间晚于时限")},
    Finding.FindingRevoked: {"community": "garden", "reason": sealed("住户证实已按时答复")},
    Finding.FindingWithdrawn: {
        "community": "garden",
        "reading": Reading(ClockName.REPAIR, ClockStatus.MET, AT, AT, AT),
    },
    AppraisalBook.FindingEntered: {"community": "garden", "month": "2026-03", "finding": OTHER_TICKET},
    AppraisalBook.FindingStruck: {"community": "garden", "month": "2026-03", "finding": OTHER_TICKET},
    AppraisalBook.FigureEntered: {"community": "garden", "month": "2026-03", "figure": OTHER_TICKET},
    AppraisalBook.ReprimandEntered: {"community": "garden", "month": "2026-03", "reprimand": OTHER_TICKET},
    AppraisalBook.ReprimandStruck: {"community": "garden", "month": "2026-03", "reprimand": OTHER_TICKET},
    AppraisalBook.MonthClosed: {
        "community": "garden",
        "month": "2026-03",
        "rule_book": "default",
        "hash": "ab" * 32,
        "position": 4711,
        "tally": '{"month":"2026-03","people":[]}',
    },
    Figure.FigureReported: {
        "community": "garden",
        "metric": "resident_card_rate",
        "period": "2026-03",
        "value": Decimal("0.915"),
        "rule_book": "default",
        "area": "east",
    },
    Reprimand.ReprimandGiven: {
        "community": "garden",
        "login": "wang",
        "kind": ReprimandKind.PUBLIC_CRITICISM,
        "day": date(2026, 3, 2),
        "reason": sealed("擅自离岗"),
    },
    Reprimand.ReprimandWithdrawn: {"community": "garden", "reason": sealed("查明当日请假")},
    Probation.ProbationSet: {"community": "garden", "login": "wang", "start": date(2026, 3, 1), "end": date(2026, 5, 31)},
    Probation.ProbationExamined: {"community": "garden", "day": date(2026, 6, 1), "passed": True, "score": 86},
    Evaluation.EvaluationRecorded: {
        "community": "garden",
        "login": "wang",
        "kind": EvaluationKind.PEER,
        "period": "2026-Q1",
        "score": 92,
        "remarks": sealed("乐于助人"),
    },
    Dwelling.DwellingAdded: {
        "community": "garden",
        "subject": SUBJECT,
        "building": "3",
        "number": sealed("1201"),
        "area": "east",
        "entrance": "2",
    },
    Resident.ResidentRegistered: {
        "community": "garden",
        "subject": SUBJECT,
        "name": sealed("王小明"),
        "phone": sealed("13812345678"),
    },
    Resident.ContactCorrected: {"name": sealed("王晓明"), "phone": sealed("13912345678")},
    Resident.MovedIn: {
        "occupancy": uid(0x81),
        "tenure": Tenure.TENANT,
        "building": "3",
        "number": sealed("1201"),
        "area": "east",
        "entrance": "2",
        "since": date(2026, 3, 1),
    },
    Resident.MovedOut: {"occupancy": uid(0x81), "until": date(2027, 2, 28)},
    Resident.KeysReceived: {"occupancy": uid(0x81), "keys": 3, "received_on": date(2026, 3, 1)},
    Resident.CallerLinked: {"caller": uid(0x82), "ticket": OTHER_TICKET},
    Resident.CallerUnlinked: {"caller": uid(0x82), "ticket": OTHER_TICKET},
    HouseholdRegister.RegisterChanged: {
        "community": "garden",
        "dwellings": 12,
        "residents": 30,
        "changed": 2,
        "source": "ab" * 32,
    },
    SubjectFile.SubjectErased: {"community": "garden", "ticket": OTHER_TICKET, "reason": "request"},
    SubjectFile.DisclosedToPolice: {"community": "garden", "ticket": OTHER_TICKET, "reference": "公(2026)12号"},
}
"""Payloads of the events of the other aggregates."""


def made(kind: type[Any], data: Mapping[str, Any]) -> Folded.Event:
    """An event with every field of its metadata filled."""
    said = meta(
        on_behalf_of="acme",
        second_person="zhao",
        correlation_id=SUBJECT,
        causation_id=COMMAND,
        back_entered=True,
        offline_entered=True,
    )
    event: Folded.Event = kind(originator_id=STREAM, originator_version=7, timestamp=AT, meta=said, **data)
    return event


def current() -> dict[tuple[str, int], Folded.Event]:
    """An event of every class, by topic and the version in which it is written."""
    events = [*sample_events().values(), *(made(kind, data) for kind, data in OTHERS.items())]
    return {(topic_of(type(event)), class_version(type(event))): event for event in events}


def older() -> dict[tuple[str, int], Folded.Event]:
    """Events of older versions, as upcast today."""
    wang = Assignee(AssigneeType.PERSON, "wang")
    return {
        ("ticket.dispatched", 1): history([fact(Ticket.WorkOrderDispatched, assignee=wang)])[0],
        ("desk.shift_taken_over", 1): made(Desk.ShiftTakenOver, {**OTHERS[Desk.ShiftTakenOver], "names_due": False}),
        ("desk.shift_taken_over", 2): made(Desk.ShiftTakenOver, {**OTHERS[Desk.ShiftTakenOver], "names_due": False}),
        ("roster.published", 1): made(
            Roster.RosterPublished,
            {**OTHERS[Roster.RosterPublished], "duties": (Duty(date(2026, 3, 2), DutyPeriod.NIGHT, "wang", AT, AT),)},
        ),
        ("desk.officer_substituted", 1): made(Desk.OfficerSubstituted, OTHERS[Desk.OfficerSubstituted]),
        ("shift.substituted", 1): made(Shift.OfficerSubstituted, {"stand_in": "chen"}),
        ("shift.extended", 1): made(Shift.ShiftExtended, {"period": DutyPeriod.NOON, "until": AT}),
        ("shift.opened", 1): made(Shift.ShiftOpened, {**OTHERS[Shift.ShiftOpened], "names_due": False}),
    }


def name_of(topic: str, version: int) -> str:
    """The golden file of an event."""
    return f"{topic}.v{version}.json"
