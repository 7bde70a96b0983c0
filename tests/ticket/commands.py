"""Strategies for any command on a ticket, over a small world in which names and codes recur."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.kernel import terms as t
from domain.kernel.terms import Trigger
from domain.ticket import commands as c
from tests.support.ticket_factory import COMMUNITY, OTHER_TICKET, TICKET, uid
from tests.ticket.model import CODES, TEXTS

TICKETS = {"other": OTHER_TICKET, "third": uid(0xC3), "itself": TICKET}
"""What commands call other tickets; ``unknown`` is none."""
ACTORS = ("li.na", "wang", "zhao")

refs = st.sampled_from(["other", "third", "itself", "unknown"])
words = st.sampled_from(["漏水", "已处理", "a\u202eb", "字" * 4000])
actors = st.sampled_from(ACTORS)
behalves = st.none() | st.sampled_from([None, None, "acme"])
places = st.builds(
    c.Place,
    area=st.sampled_from([None, "east"]),
    building=st.sampled_from([None, "3"]),
    dwelling=st.sampled_from([None, "1201"]),
    public_place=st.sampled_from([None, None, "广场"]),
)
reporters = st.builds(c.Reporter, name=st.sampled_from([None, "王小明"]), phone=st.sampled_from([None, "13812345678"]))
assignees = st.sampled_from(["wang", "zhao"]) | st.builds(
    c.AssigneeRef, type=st.sampled_from(t.AssigneeType), id=st.sampled_from(["wang", "acme"])
)
ITEMS = (
    *("application", "drawings", "deposit", "commitment_letter", "permit_issued", "accepted", "deposit_settled"),
    *("identity_checked", "documents_signed", "keys_handed_over", "meters_read", "flat_inspected", "surprise"),
)
CORRECTED = (*TEXTS, *CODES, "kind", "surprise")
VALUES: dict[str, list[str | None]] = {
    "channel": ["phone", "walk_in", "fax", None],
    "urgency": ["normal", "emergency", "very", None],
    "reporter.phone": ["13812345678", "13912345678", None],
}


near = st.sampled_from([-1, 0, 1, 60, 3000])
"""A moment just before, at, or after the command's, in minutes."""
MOMENTS = ("appointment_at", "due_at", "agreed_due_at")


def paired(kind: t.Kind) -> st.SearchStrategy[tuple[t.Kind, t.Facility | None]]:
    """Draw a kind with a facility, mostly one that belongs to it."""
    usual = list(t.Facility) if kind is t.Kind.REPAIR else [None]
    return st.tuples(st.just(kind), st.sampled_from([*usual, *usual, *usual, None, t.Facility.PRIVATE]))


classes = st.sampled_from(t.Kind).flatmap(paired)
lines = st.builds(c.QuoteLine, code=st.sampled_from(["replace_tap", "replace_valve", "gold_tap"]), quantity=st.integers(1, 9))
corrections = st.sampled_from(CORRECTED).flatmap(
    lambda field: st.tuples(st.just(field), st.sampled_from(VALUES.get(field, ["x1", "x2", None])))
)

FIELDS: dict[Trigger, dict[str, st.SearchStrategy[Any]]] = {
    Trigger.RECEIVE: {
        "community": st.just(COMMUNITY),
        "channel": st.sampled_from(t.Channel),
        "description": words,
        "location": st.none() | places,
        "reporter": st.none() | reporters,
        "urgency": st.sampled_from([t.Urgency.NORMAL, t.Urgency.NORMAL, t.Urgency.EMERGENCY]),
    },
    Trigger.CLASSIFY: {"class": classes, "category": st.sampled_from([None, "plumbing"])},
    Trigger.RECLASSIFY: {"class": classes, "category": st.sampled_from([None, "plumbing"])},
    Trigger.DISPATCH: {"assignee": assignees, "appointment_at": st.none() | near},
    Trigger.REASSIGN: {"assignee": assignees, "appointment_at": st.none() | near},
    Trigger.DECLINE: {"reason": words},
    Trigger.SUSPEND: {"reason": st.sampled_from(t.SuspendReason)},
    Trigger.COMPLETE: {"resolution": words, "outcome": st.sampled_from(t.CompletionOutcome)},
    Trigger.SETTLE: {"resolution": words},
    Trigger.FOLLOW_UP: {
        "satisfied": st.booleans(),
        "method": st.sampled_from(t.FollowUpMethod),
        "rating": st.none() | st.integers(1, 5),
        "comment": st.none() | words,
    },
    Trigger.ATTEMPT_FOLLOW_UP: {"method": st.sampled_from(t.FollowUpMethod)},
    Trigger.REOPEN: {"reason": words},
    Trigger.CANCEL: {"reason": st.sampled_from(t.CancelReason), "duplicate_of": st.none() | refs},
    Trigger.REPLY: {"message": words},
    Trigger.SCHEDULE: {"appointment_at": near},
    Trigger.DEFER: {"told_resident": st.booleans()},
    Trigger.ESCALATE: {
        "reason": words,
        "level": st.none() | st.sampled_from(t.EscalationLevel),
        "department": st.none() | st.just("engineering"),
    },
    Trigger.URGE: {"message": st.none() | words},
    Trigger.QUOTE: {"lines": st.lists(lines, min_size=1, max_size=2)},
    Trigger.SETTLE_CHARGE: {
        "outcome": st.sampled_from(t.ChargeOutcome),
        "method": st.none() | st.just("wechat"),
        "receipt": st.none() | st.just("R-1"),
    },
    Trigger.CHECK_ITEM: {
        "item": st.sampled_from(ITEMS),
        "evidence": st.none() | words,
        "defects": st.lists(words, max_size=2),
    },
    Trigger.ORDER_RECTIFICATION: {"what": words, "due_at": near, "scorecard_item": st.none() | st.just("13")},
    Trigger.APPROVE_MAJOR_WORKS: {"agreed_due_at": near, "reason": words},
    Trigger.JUDGE_COMPLAINT: {
        "reasonable": st.booleans(),
        "severity": st.none() | st.sampled_from(t.ComplaintSeverity),
        "fault": st.none() | st.sampled_from(t.ComplaintFault),
        "complained_of": st.sampled_from([(), ("wang",), ("zhao", "wang")]),
    },
    Trigger.LINK: {"ticket": refs, "relation": st.sampled_from(t.LinkRelation)},
    Trigger.ATTACH: {
        "name": st.just("ab" * 32),
        "content_type": st.just("image/png"),
        "size": st.integers(0, 10),
        "file_name": st.none() | st.just("照片.png"),
    },
    Trigger.CORRECT: {"correction": corrections, "reason": st.sampled_from(t.CorrectionReason)},
    Trigger.NOTE: {"text": words},
}
PAYLOADS = {trigger: st.fixed_dictionaries(FIELDS.get(trigger, {})) for trigger in Trigger}


def command_of(trigger: Trigger, drawn: dict[str, Any], at: datetime) -> c.Command:
    """Build a command from the drawn payload, said at a moment; well-formed, but not always sensible."""
    said = {
        name: at + timedelta(minutes=value) if name in MOMENTS and value is not None else value for name, value in drawn.items()
    }
    if "class" in said:
        said["kind"], said["facility"] = said.pop("class")
    if "correction" in said:
        said["field"], said["value"] = said.pop("correction")
    return c.COMMANDS[trigger](**said)
