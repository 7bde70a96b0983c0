"""People who must not take a trigger on a ticket whatever their right (回避): because of a complaint, or of their own work."""

from domain.kernel.terms import Kind, Trigger
from domain.people.person_rules import PersonRule
from domain.ticket.state import TicketState

TicketRule = PersonRule[TicketState, Trigger]

ON_THE_SPOT_KINDS = (Kind.ENQUIRY, Kind.ASSISTANCE, Kind.VISIT, Kind.OTHER)


def did_the_work(s: TicketState, login: str | None) -> bool:
    """Whether a person, or a contractor as ``contractor:…``, started, completed or settled the work."""
    return login in s.workers


def settled_on_the_spot(s: TicketState, login: str) -> bool:
    """Whether a person settled it at the desk, and may therefore follow it up on the spot (D5 七)."""
    return s.kind in ON_THE_SPOT_KINDS and s.settled_on_the_spot_by == login


NOT_COMPLAINED_OF: TicketRule = PersonRule(
    "not_complained_of",
    "D2 items 9, 10",
    "people the complaint is about may only add a note; let another person take this step",
    frozenset(Trigger) - {Trigger.NOTE},
    lambda s, _, login: login in s.complained_of,
)
FOLLOW_UP_BY_ANOTHER: TicketRule = PersonRule(
    "follow_up_by_another",
    "D3 一",
    "a person who did not do the work must make the follow-up",
    frozenset({Trigger.FOLLOW_UP, Trigger.ATTEMPT_FOLLOW_UP, Trigger.CLOSE_UNREACHED}),
    lambda s, trigger, login: did_the_work(s, login) and not (trigger is Trigger.FOLLOW_UP and settled_on_the_spot(s, login)),
)
WITH_RIGHTS = (NOT_COMPLAINED_OF,)
"""Judged with a person's rights, before the ticket's state: a refusal is NotAllowed."""
WITH_STATE = (FOLLOW_UP_BY_ANOTHER,)
"""Judged by ``decide``, after lifecycle and guards: a refusal is RuleRefused."""
PERSON_RULES = (*WITH_RIGHTS, *WITH_STATE)
"""All rows; the legal triggers of a person leave out what one of them forbids."""
