"""Rules that forbid a trigger although the lifecycle table has it: by kind, assignment, suspension, quotation or time.

Each rule is here once: deciding a command refuses by it, and ``legal[]`` leaves out the triggers it forbids.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.kernel.errors import RuleRefused
from domain.kernel.terms import ChargeStatus, DutyPeriod, Kind, LimitDays, Trigger, Urgency
from domain.rules.clocks import ClockPolicy
from domain.rules.duty_calendar import period_at
from domain.rules.policy import Policy
from domain.rules.workdays import Works, in_working_days
from domain.ticket.lifecycle import KINDS, legal
from domain.ticket.persons import TicketRule
from domain.ticket.state import TicketState
from domain.ticket.workflows import WORKFLOWS


def every_day(day: date) -> bool:
    """Treat every day as a workday."""
    return True


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """What a community has in force at the moment of a decision: its time zone, policy and workdays."""

    at: datetime
    zone: ZoneInfo
    policy: Policy
    works: Works = every_day

    @property
    def clock_policy(self) -> ClockPolicy:
        """The policy of clocks that start now, its limits in 24-hour days or working days as the community chose."""
        if self.policy.limit_days is LimitDays.CALENDAR:
            return self.policy.clock_policy
        return in_working_days(self.policy.clock_policy, self.at, self.zone, self.works)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the regulations: its code, its clause, the remedy, and the condition under which it forbids.

    ``detail`` is what a refusal tells the caller: what to do first or instead. It names a limit by its setting,
    ``{follow_up.reopen_days}``; :meth:`with_limits` puts the community's value there.
    """

    code: str
    clause: str
    detail: str
    triggers: tuple[Trigger, ...]
    forbids: Callable[[TicketState, PolicyInForce], bool]

    def with_limits(self, policy: Policy) -> "Rule":
        """The rule with the limits of a policy in its ``detail``."""
        return replace(self, detail=self.detail.format(follow_up=policy.follow_up))


def missing_items(s: TicketState, needed: tuple[str, ...]) -> list[str]:
    """Checklist items not checked yet, in the order of ``needed``."""
    checked = {c.item for c in s.checklist}
    return [item for item in needed if item not in checked]


def has_open_order(s: TicketState) -> bool:
    """Whether a rectification was ordered and not confirmed."""
    return s.rectification is not None and s.rectification.confirmed_at is None


def _missing_before_dispatch(s: TicketState, _: PolicyInForce) -> bool:
    return bool(s.kind and missing_items(s, WORKFLOWS[s.kind].before_dispatch))


def _missing_before_completion(s: TicketState, _: PolicyInForce) -> bool:
    return bool(s.kind and missing_items(s, WORKFLOWS[s.kind].before_completion))


def _unanswered(s: TicketState, _: PolicyInForce) -> bool:
    return s.charge is not None and s.charge.status is ChargeStatus.QUOTED


def _charge_is(status: ChargeStatus) -> Callable[[TicketState, PolicyInForce], bool]:
    return lambda s, _: s.charge is not None and s.charge.status is status


def _too_few_attempts(s: TicketState, in_force: PolicyInForce) -> bool:
    terms = in_force.policy.follow_up
    days = {moment.astimezone(in_force.zone).date() for moment in s.follow_up_attempts}
    return len(s.follow_up_attempts) < terms.unreached_attempts or len(days) < terms.unreached_days


def _closed_long_ago(s: TicketState, in_force: PolicyInForce) -> bool:
    return s.closed_at is None or in_force.at - s.closed_at > timedelta(days=in_force.policy.follow_up.reopen_days)


def _by_day(_: TicketState, in_force: PolicyInForce) -> bool:
    return period_at(in_force.at, in_force.zone, in_force.policy.duty).period is not DutyPeriod.NIGHT


def _started(s: TicketState) -> bool:
    return s.assignment is not None and s.assignment.started


_T = Trigger
RULES: tuple[Rule, ...] = (
    Rule(
        "checklist_before_dispatch",
        "D3 一, D2 duty 8",
        "check application, drawings, deposit, commitment letter and permit before dispatching a renovation",
        (_T.DISPATCH,),
        _missing_before_dispatch,
    ),
    Rule(
        "reassign_only_while_suspended",
        "D1 4.1.2",
        "once work has started, a work order can be reassigned only while it is suspended",
        (_T.REASSIGN,),
        lambda s, _: _started(s) and s.suspended is None,
    ),
    Rule(
        "decline_before_start",
        "D5 三",
        "a work order can be declined only before work starts; suspend it, or have it reassigned",
        (_T.DECLINE,),
        lambda s, _: _started(s),
    ),
    Rule(
        "accepted_once",
        "D5 三",
        "this assignment has already been accepted; start the work",
        (_T.ACCEPT,),
        lambda s, _: s.assignment is not None and s.assignment.accepted,
    ),
    Rule(
        "started_once",
        "D5 三",
        "work on this assignment has already started; complete or suspend it",
        (_T.START,),
        lambda s, _: _started(s),
    ),
    Rule(
        "suspended_once",
        "D2 item 6",
        "the work is already suspended; resume it first",
        (_T.SUSPEND,),
        lambda s, _: s.suspended is not None,
    ),
    Rule(
        "resumed_when_suspended",
        "D2 item 6",
        "the work is not suspended; continue it without resuming",
        (_T.RESUME,),
        lambda s, _: s.suspended is None,
    ),
    Rule(
        "not_completed_while_suspended",
        "D2 item 6",
        "resume the work before completing it",
        (_T.COMPLETE,),
        lambda s, _: s.suspended is not None,
    ),
    Rule(
        "quotation_unanswered",
        "D1 4.2.1",
        "the resident must answer the quotation first",
        (_T.COMPLETE,),
        _unanswered,
    ),
    Rule(
        "complaint_needs_reply",
        "D2 item 7, duty 14",
        "reply to the complaint before completing or settling it",
        (_T.COMPLETE, _T.SETTLE),
        lambda s, _: s.kind is Kind.COMPLAINT and not s.replied,
    ),
    Rule(
        "checklist_before_completion",
        "D3 一",
        "check every item of the ticket's checklist first",
        (_T.COMPLETE,),
        _missing_before_completion,
    ),
    Rule(
        "rectification_open",
        "D2 item 13",
        "a rectification order is open; confirm it first",
        (_T.COMPLETE,),
        lambda s, _: s.kind is Kind.RENOVATION and has_open_order(s),
    ),
    Rule(
        "complaint_needs_judgement",
        "D2 items 9, 10",
        "judge the complaint before its follow-up",
        (_T.FOLLOW_UP,),
        lambda s, _: s.kind is Kind.COMPLAINT and s.judgement is None,
    ),
    Rule(
        "unreached_needs_attempts",
        "D3 一",
        "closing without a verdict needs {follow_up.unreached_attempts} attempts, on {follow_up.unreached_days} different days",
        (_T.CLOSE_UNREACHED,),
        _too_few_attempts,
    ),
    Rule(
        "reopened_in_time",
        "D3 一",
        "a ticket can be reopened within {follow_up.reopen_days} days of its end; receive a new one and link it",
        (_T.REOPEN,),
        _closed_long_ago,
    ),
    Rule(
        "deferred_at_night",
        "D5 四, 五",
        "requests can be deferred to the morning only at night",
        (_T.DEFER,),
        _by_day,
    ),
    Rule(
        "emergency_not_deferred",
        "D5 五",
        "an emergency cannot be deferred; dispatch it now",
        (_T.DEFER,),
        lambda s, _: s.urgency is Urgency.EMERGENCY,
    ),
    Rule(
        "quoted_once_accepted",
        "D1 4.2.1",
        "the resident has already accepted a quotation; settle the charge by it",
        (_T.QUOTE,),
        _charge_is(ChargeStatus.ACCEPTED),
    ),
    Rule(
        "quotation_to_answer",
        "D1 4.2.1",
        "there is no unanswered quotation; quote first",
        (_T.ACCEPT_QUOTE, _T.DECLINE_QUOTE),
        lambda s, x: not _unanswered(s, x),
    ),
    Rule(
        "charge_to_settle",
        "D1 4.2.1",
        "only a charge that the resident has accepted, and that is not settled yet, can be settled",
        (_T.SETTLE_CHARGE,),
        lambda s, x: not _charge_is(ChargeStatus.ACCEPTED)(s, x),
    ),
    Rule(
        "one_order_at_a_time",
        "D2 item 13",
        "the previous rectification order is still open; confirm it first",
        (_T.ORDER_RECTIFICATION,),
        lambda s, _: has_open_order(s),
    ),
    Rule(
        "order_to_confirm",
        "D2 item 13",
        "no rectification order is open; order a rectification first",
        (_T.CONFIRM_RECTIFICATION,),
        lambda s, _: not has_open_order(s),
    ),
)


def _kind_rule(trigger: Trigger) -> Rule:
    return Rule(
        "kind_has_no_such_step",
        "D1 4.1.1, D5 七",
        f"only these kinds of tickets take {trigger.value}: {', '.join(sorted(KINDS[trigger]))}",
        (trigger,),
        lambda s, _: s.kind is not None and s.kind not in KINDS[trigger],
    )


BY_TRIGGER: dict[Trigger, tuple[Rule, ...]] = {
    trigger: (_kind_rule(trigger), *(rule for rule in RULES if trigger in rule.triggers)) for trigger in Trigger
}


def forbidding(s: TicketState, trigger: Trigger, in_force: PolicyInForce) -> Rule | None:
    """The first rule that forbids the trigger now, with the limits in force; None if none does."""
    rule = next((rule for rule in BY_TRIGGER[trigger] if rule.forbids(s, in_force)), None)
    return None if rule is None else rule.with_limits(in_force.policy)


def legal_now(s: TicketState, in_force: PolicyInForce) -> list[Trigger]:
    """The triggers that both the table and the rules allow now, in the table's order."""
    return [trigger for trigger in legal(s.state) if forbidding(s, trigger, in_force) is None]


def refuse_by(s: TicketState, trigger: Trigger, in_force: PolicyInForce, rule: Rule) -> RuleRefused:
    """The refusal by a rule that forbids the trigger. For a checklist it names the items that are missing."""
    detail = rule.detail
    if s.kind and rule.code in ("checklist_before_dispatch", "checklist_before_completion"):
        workflow = WORKFLOWS[s.kind]
        needed = workflow.before_dispatch if trigger is Trigger.DISPATCH else workflow.before_completion
        detail = f"{detail}; missing: {', '.join(missing_items(s, needed))}"
    return refuse(s, trigger, in_force, rule.code, rule.clause, detail)


def refuse(s: TicketState, trigger: Trigger, in_force: PolicyInForce, code: str, clause: str, detail: str) -> RuleRefused:
    """Make a RuleRefused that also names the state, the trigger and the legal triggers."""
    names = [t.value for t in legal_now(s, in_force)]
    return RuleRefused(code, clause, detail, s.state.value, trigger.value, names)


def refuse_person(s: TicketState, trigger: Trigger, in_force: PolicyInForce, rule: TicketRule) -> RuleRefused:
    """The refusal by a rule about a person that is judged with the ticket's state."""
    return refuse(s, trigger, in_force, rule.code, rule.clause, rule.detail)
