"""Rules that forbid a trigger, each limit at its exact edge; and the refusal, with rule, state, trigger and legal triggers."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.kernel.terms import ChargeOutcome, ChargeStatus, Kind, State, Trigger, Urgency
from domain.ticket import guards
from domain.ticket.events import Ticket
from domain.ticket.guards import (
    BY_TRIGGER,
    PolicyInForce,
    every_day,
    forbidding,
    has_open_order,
    legal_now,
    missing_items,
    refuse,
    refuse_person,
)
from domain.ticket.lifecycle import KINDS, legal
from domain.ticket.persons import WITH_STATE, TicketRule
from domain.ticket.state import TicketState
from domain.ticket.workflows import WORKFLOWS
from tests.support.executed_anew import executed_anew
from tests.support.ticket_factory import (
    MINUTE,
    MORNING,
    NIGHT,
    POLICY,
    ZONE,
    Fact,
    classified,
    completed,
    dispatched,
    fact,
    received,
    ticket,
)

QUOTED: dict[ChargeStatus | None, list[Fact]] = {
    None: [],
    ChargeStatus.QUOTED: [fact(Ticket.ChargeQuoted)],
    ChargeStatus.ACCEPTED: [fact(Ticket.ChargeQuoted), fact(Ticket.ChargeAccepted)],
    ChargeStatus.DECLINED: [fact(Ticket.ChargeQuoted), fact(Ticket.ChargeDeclined)],
    ChargeStatus.PAID: [fact(Ticket.ChargeQuoted), fact(Ticket.ChargeAccepted), fact(Ticket.ChargeSettled)],
    ChargeStatus.WAIVED: [
        fact(Ticket.ChargeQuoted),
        fact(Ticket.ChargeAccepted),
        fact(Ticket.ChargeSettled, outcome=ChargeOutcome.WAIVED),
    ],
}
"""How far a quotation got, and the events that say so."""
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
BY_DAY = PolicyInForce(MORNING, ZONE, POLICY)
DONE = [received(), classified(), dispatched(), completed()]


def rule(state: TicketState, trigger: Trigger, at: datetime = MORNING, **terms: Any) -> str | None:
    """The code of the first rule that forbids the trigger at a moment."""
    found = forbidding(state, trigger, PolicyInForce(at, ZONE, POLICY.overridden(terms)))
    return None if found is None else found.code


def attempts(*gaps: timedelta) -> list[Fact]:
    return [fact(Ticket.FollowUpAttempted, after=gap) for gap in gaps]


@pytest.mark.parametrize(
    ("gaps", "forbids"),
    [
        ((MINUTE, DAY, DAY), False),
        ((MINUTE, DAY), True),
        ((MINUTE, DAY, MINUTE), True),
        ((MINUTE, DAY, MINUTE, DAY), False),
        ((), True),
    ],
)
def test_three_attempts_on_three_days(gaps: tuple[timedelta, ...], forbids: bool) -> None:
    expected = "unreached_needs_attempts" if forbids else None
    assert rule(ticket(*DONE, *attempts(*gaps)), Trigger.CLOSE_UNREACHED) == expected


def test_attempts_are_counted_by_the_days_of_the_community() -> None:
    """23:59 and 00:01 in Shanghai are one day in UTC; one day in Shanghai may be two in UTC."""
    start = datetime(2026, 3, 2, 23, 50, tzinfo=ZONE)
    over_midnight = ticket(*DONE, *attempts(6 * MINUTE, 2 * MINUTE, DAY), start=start)
    days = {moment.astimezone(ZONE).date() for moment in over_midnight.follow_up_attempts}
    assert days == {date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)}
    assert len({moment.astimezone(UTC).date() for moment in over_midnight.follow_up_attempts}) == 2
    assert rule(over_midnight, Trigger.CLOSE_UNREACHED) is None


def test_fewer_attempts_where_the_community_asks_for_fewer() -> None:
    terms = {"follow_up.unreached_attempts": 2, "follow_up.unreached_days": 1}
    assert rule(ticket(*DONE, *attempts(MINUTE, MINUTE)), Trigger.CLOSE_UNREACHED, **terms) is None
    assert rule(ticket(*DONE, *attempts(MINUTE)), Trigger.CLOSE_UNREACHED, **terms) == "unreached_needs_attempts"


@pytest.mark.parametrize("days", [15, 30])
def test_reopened_until_the_last_moment(days: int) -> None:
    closed = ticket(*DONE, fact(Ticket.FollowUpRecorded))
    assert closed.closed_at is not None
    last, terms = closed.closed_at + days * DAY, {"follow_up.reopen_days": days}
    assert rule(closed, Trigger.REOPEN, last, **terms) is None
    assert rule(closed, Trigger.REOPEN, last + TICK, **terms) == "reopened_in_time"
    assert rule(ticket(*DONE), Trigger.REOPEN) == "reopened_in_time"


def test_deferred_from_the_first_moment_of_the_night_to_its_last() -> None:
    """D5 二 and 五: in winter the night is from 17:30 to 08:30."""
    state = ticket(received())
    evening, morning = datetime(2026, 3, 2, 17, 30, tzinfo=ZONE), datetime(2026, 3, 3, 8, 30, tzinfo=ZONE)
    for moment, expected in (
        (evening - TICK, "deferred_at_night"),
        (evening, None),
        (morning - TICK, None),
        (morning, "deferred_at_night"),
    ):
        assert rule(state, Trigger.DEFER, moment) == expected
    emergency = ticket(received(urgency=Urgency.EMERGENCY))
    assert rule(emergency, Trigger.DEFER, NIGHT) == "emergency_not_deferred"


def test_missing_items_in_order() -> None:
    needed = WORKFLOWS[Kind.RENOVATION].before_dispatch
    state = ticket(received(), classified(Kind.RENOVATION), *(fact(Ticket.ChecklistItemChecked, item=one) for one in needed[1:3]))
    assert missing_items(state, needed) == [needed[0], *needed[3:]]
    assert missing_items(state, ()) == []
    assert rule(state, Trigger.DISPATCH) == "checklist_before_dispatch"


def test_a_checklist_holds_completion_only_where_the_kind_has_one() -> None:
    needed = WORKFLOWS[Kind.MOVE_IN].before_completion
    checks = [fact(Ticket.ChecklistItemChecked, item=one) for one in needed]
    for kind, facts, expected in (
        (Kind.MOVE_IN, checks[1:], "checklist_before_completion"),
        (Kind.MOVE_IN, checks, None),
        (Kind.REPAIR, [], None),
    ):
        assert rule(ticket(received(), classified(kind), dispatched(), *facts), Trigger.COMPLETE) == expected


def test_an_order_is_open_until_it_is_confirmed() -> None:
    facts = [received(), classified(Kind.RENOVATION)]
    ordered = [*facts, fact(Ticket.RectificationOrdered)]
    confirmed = [*ordered, fact(Ticket.RectificationConfirmed)]
    assert [has_open_order(ticket(*one)) for one in (facts, ordered, confirmed)] == [False, True, False]
    expected = [
        ("order_to_confirm", None),
        (None, "one_order_at_a_time"),
        ("order_to_confirm", None),
    ]
    for one, (confirm, order) in zip((facts, ordered, confirmed), expected, strict=True):
        assert rule(ticket(*one), Trigger.CONFIRM_RECTIFICATION) == confirm
        assert rule(ticket(*one), Trigger.ORDER_RECTIFICATION) == order


@pytest.mark.parametrize("status", QUOTED)
def test_what_a_quotation_forbids(status: ChargeStatus | None) -> None:
    state = ticket(received(), classified(), dispatched(), *QUOTED[status])
    assert (state.charge.status if state.charge else None) == status
    quoted, accepted = status is ChargeStatus.QUOTED, status is ChargeStatus.ACCEPTED
    assert rule(state, Trigger.COMPLETE) == ("quotation_unanswered" if quoted else None)
    assert rule(state, Trigger.QUOTE) == ("quoted_once_accepted" if accepted else None)
    assert rule(state, Trigger.ACCEPT_QUOTE) == (None if quoted else "quotation_to_answer")
    assert rule(state, Trigger.SETTLE_CHARGE) == (None if accepted else "charge_to_settle")


@pytest.mark.parametrize("trigger", Trigger)
def test_a_kind_takes_its_own_steps_alone(trigger: Trigger) -> None:
    first = BY_TRIGGER[trigger][0]
    assert (first.code, first.clause, first.triggers) == ("kind_has_no_such_step", "D1 4.1.1, D5 七", (trigger,))
    assert first.detail == f"only these kinds of tickets take {trigger.value}: {', '.join(sorted(KINDS[trigger]))}"
    assert not first.forbids(ticket(received()), BY_DAY)
    for kind in Kind:
        assert first.forbids(ticket(received(), classified(kind)), BY_DAY) is (kind not in KINDS[trigger])


def test_every_rule_is_asked_for_each_of_its_triggers() -> None:
    for trigger, rules in BY_TRIGGER.items():
        assert all(trigger in one.triggers for one in rules)


def test_what_is_legal_now_is_the_table_without_what_rules_forbid() -> None:
    state = ticket(received(), classified(), dispatched(), fact(Ticket.WorkOrderAccepted), fact(Ticket.WorkStarted))
    forbidden = {
        Trigger.ACCEPT_QUOTE, Trigger.DECLINE_QUOTE, Trigger.ACCEPT, Trigger.START, Trigger.DECLINE, Trigger.REASSIGN,
        Trigger.RESUME, Trigger.CHECK_ITEM, Trigger.ORDER_RECTIFICATION, Trigger.CONFIRM_RECTIFICATION, Trigger.JUDGE_COMPLAINT,
    }  # fmt: skip
    assert legal_now(state, BY_DAY) == [one for one in legal(State.DISPATCHED) if one not in forbidden]


def test_a_refusal_names_rule_state_trigger_and_what_is_legal() -> None:
    state = ticket(received(), classified())
    refusal = refuse(state, Trigger.COMPLETE, BY_DAY, "some_rule", "D9", "what would satisfy it")
    assert (refusal.rule, refusal.clause, refusal.detail) == ("some_rule", "D9", "what would satisfy it")
    assert (refusal.state, refusal.trigger) == ("classified", "complete")
    assert refusal.legal == [one.value for one in legal_now(state, BY_DAY)]


@pytest.mark.parametrize("about", WITH_STATE)
def test_a_refusal_about_a_person_is_of_its_rule(about: TicketRule) -> None:
    state = ticket(received(), classified())
    refusal = refuse_person(state, Trigger.COMPLETE, BY_DAY, about)
    assert (refusal.rule, refusal.clause, refusal.detail) == (about.code, about.clause, about.detail)
    assert (refusal.state, refusal.trigger) == ("classified", "complete")
    assert refusal.legal == [one.value for one in legal_now(state, BY_DAY)]


def test_a_refusal_gives_the_limits_in_force() -> None:
    policy = POLICY.overridden({"follow_up.reopen_days": 45})
    found = forbidding(ticket(*DONE), Trigger.REOPEN, PolicyInForce(MORNING, ZONE, policy))
    assert found is not None
    assert found.detail == "a ticket can be reopened within 45 days of its end; receive a new one and link it"
    assert (found.code, found.clause, found.triggers) == ("reopened_in_time", "D3 一", (Trigger.REOPEN,))


def test_nobody_has_a_day_off_where_no_calendar_counts() -> None:
    assert every_day(date(2026, 10, 1)) is True


def test_limits_count_the_days_the_community_chose() -> None:
    working = POLICY.overridden({"clocks.days": "working"})
    assert PolicyInForce(MORNING, ZONE, POLICY, lambda _: False).clock_policy == POLICY.clock_policy
    saturday = datetime(2026, 3, 7, 0, 0, tzinfo=ZONE)
    limits = PolicyInForce(saturday, ZONE, working, lambda day: day.weekday() < 5).clock_policy.limits
    assert limits == {
        name: limit + 2 * 1440 + (2 * 1440) * (limit > 5 * 1440) for name, limit in POLICY.clock_policy.limits.items()
    }


def test_the_rules_are_made_on_import() -> None:
    """Code that nothing else calls makes the rules; run once more, it makes those that the tests above check."""
    anew = executed_anew(guards)
    tickets = [ticket(received()), *(ticket(received(), classified(kind)) for kind in Kind)]
    tickets += [ticket(received(), classified(), dispatched(), *facts) for facts in QUOTED.values()]

    def plain(rules: Any) -> list[tuple[Any, ...]]:
        return [
            (one.code, one.clause, one.detail, one.triggers, [bool(one.forbids(state, BY_DAY)) for state in tickets])
            for one in rules
        ]

    assert {trigger: plain(rules) for trigger, rules in anew.BY_TRIGGER.items()} == {
        trigger: plain(rules) for trigger, rules in BY_TRIGGER.items()
    }
