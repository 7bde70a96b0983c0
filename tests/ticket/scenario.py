"""given(facts).when(command).then(events | refusal): the form of tests of the ticket's rules.

A scenario also checks that the decided events survive encoding, and that a refusal names the legal triggers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.store.log.codec import decode, encode, topic_of
from domain.kernel.aggregate import fold
from domain.kernel.errors import InvalidInput, Refusal, RuleRefused, TransitionRefused
from domain.kernel.privacy import Private
from domain.rules.policy import Policy
from domain.ticket import commands as c
from domain.ticket.decisions import decide
from domain.ticket.events import Ticket
from domain.ticket.guards import legal_now
from domain.ticket.state import TicketState
from tests.support.clock import MORNING
from tests.support.ticket_factory import MINUTE, POLICY, Fact, circumstances, history, seal, text_of


@dataclass(frozen=True)
class Given:
    """The events so far."""

    events: list[Ticket.Event]
    start: datetime

    def when(
        self,
        command: c.Command,
        *,
        actor: str = "li.na",
        after: timedelta = MINUTE,
        at: datetime | None = None,
        on_behalf_of: str | None = None,
        readings: Policy = POLICY,
        tickets: Mapping[str, UUID] | None = None,
    ) -> "Outcome":
        """``actor`` sends a command, ``after`` the last event or ``at`` a moment."""
        state: TicketState | None = fold(self.events) if self.events else None
        moment = at or (self.events[-1].timestamp + after if self.events else self.start)
        x = circumstances(moment, actor, on_behalf_of=on_behalf_of, readings=readings, tickets=tickets)
        try:
            decided = decide(state, command, x)
        except Refusal as refused:
            legal = [trigger.value for trigger in legal_now(state, x.in_force)] if state else ["receive"]
            return Outcome(self.events, [], refused, legal)
        return Outcome(self.events, decided, None, [])


@dataclass(frozen=True)
class Outcome:
    """The answer to a command."""

    before: list[Ticket.Event]
    events: list[Ticket.Event]
    refused: Refusal | None
    legal: list[str]

    def then(self, *expected: tuple[type[Any], Mapping[str, Any]] | type[Any]) -> TicketState:
        """Assert acceptance with these events (classes, or ``event(class, field=…)``); returns the ticket's state after them."""
        assert self.refused is None, f"refused: {self.refused}"
        wanted = [one if isinstance(one, tuple) else (one, {}) for one in expected]
        assert [type(event).__name__ for event in self.events] == [kind.__name__ for kind, _ in wanted]
        for event, (_, said) in zip(self.events, wanted, strict=True):
            assert {name: _plain(getattr(event, name)) for name in said} == {name: _plain(value) for name, value in said.items()}
        sealed = [seal(event) for event in self.events]
        for event in sealed:
            assert decode(topic_of(type(event)), event.originator_id, event.originator_version, encode(event)) == event
        ticket = (self.before or self.events)[0].originator_id
        state: TicketState = fold([*self.before, *(event for event in sealed if event.originator_id == ticket)])
        return state

    def breaks(self, rule: str, *, says: str = "") -> None:
        """Assert that a rule forbade it, naming the rule, its clause, the state and the legal triggers."""
        assert isinstance(self.refused, RuleRefused), f"not refused by a rule: {self.refused or self.events}"
        assert self.refused.rule == rule
        assert self.refused.clause.startswith("D")
        assert self.refused.state
        assert list(self.refused.legal) == self.legal
        assert says in self.refused.detail

    def illegal(self) -> None:
        """Assert that the lifecycle table has no such transition; the refusal names the legal triggers."""
        assert isinstance(self.refused, TransitionRefused), f"not refused by the table: {self.refused or self.events}"
        assert list(self.refused.legal) == self.legal

    def invalid(self, *pointers: str) -> None:
        """Assert that the command's data are wrong at this pointer."""
        assert isinstance(self.refused, InvalidInput), f"not refused as invalid: {self.refused or self.events}"
        assert [error.pointer for error in self.refused.errors] == list(pointers)


def given(*facts: Fact, start: datetime = MORNING) -> Given:
    """A ticket with this history; no ticket without facts."""
    return Given(history(facts, start=start), start)


def event(kind: type[Any], /, **said: Any) -> tuple[type[Any], Mapping[str, Any]]:
    """An expected event by some of its fields; personal texts are given in the clear."""
    return kind, said


def _plain(value: Any) -> Any:
    return text_of(value) if isinstance(value, Private) else value
