"""The lifecycle of an aggregate: a table of transitions, and a ``transitions`` Machine made from it.

Decisions, ``legal[]``, reference pages and diagrams read the table. Replay does not: each event names its own target state
(``TARGET`` beside ``TOPIC``), so a table changed tomorrow leaves yesterday's histories unchanged. That table and events agree
today is checked when the table is made and at every decision (:meth:`Lifecycle.agreed`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

from transitions import EventData, Machine

from domain.kernel.aggregate import Folded
from domain.kernel.errors import TransitionRefused

St = TypeVar("St", bound=StrEnum)
Tr = TypeVar("Tr", bound=StrEnum)
Decided = TypeVar("Decided", bound=Sequence[Folded.Event])
NOT_YET = "none"
"""The Machine's name for a stream without events."""


class Leading(Protocol):
    """An event of an aggregate with a lifecycle."""

    TOPIC: ClassVar[str]
    TARGET: ClassVar[Any]
    """Target state; None keeps the state. An event with several outcomes overrides ``target`` instead."""

    @property
    def target(self) -> StrEnum | None:
        """Target state of this event; None keeps the state."""
        ...


@dataclass(frozen=True, slots=True)
class Row(Generic[St, Tr]):
    """A transition from ``sources`` by ``trigger`` to ``target`` (None keeps the state), with the ``event`` it yields.

    The source None means a stream without events. ``outcome`` distinguishes two rows of one trigger.
    """

    trigger: Tr
    sources: tuple[St | None, ...]
    target: St | None
    event: type[Leading]
    outcome: str = ""

    def as_data(self) -> dict[str, object]:
        """The row as plain data; ``to`` is "same" if the state stays."""
        return {
            "trigger": self.trigger.value,
            "from": [source.value for source in self.sources if source],
            "to": self.target.value if self.target else "same",
            "events": [self.event.__name__],
        }


class Lifecycle(Generic[St, Tr]):
    """A table of transitions.

    ``machine`` is the authority; ``steps`` and ``legal`` are computed from it once, for the hot path.
    """

    def __init__(self, states: type[St], triggers: type[Tr], table: Sequence[Row[St, Tr]], terminal: Sequence[St]) -> None:
        self.states, self.triggers, self.table, self.terminal = tuple(states), tuple(triggers), tuple(table), tuple(terminal)
        for row in self.table:
            if not row.outcome and row.event.TARGET is not row.target:
                raise AssertionError(f"{row.event.TOPIC} leads to {row.event.TARGET}, its row to {row.target}")
        self.machine = self._machine()
        steps: dict[tuple[St | None, Tr], tuple[St, ...]] = {}
        for name, event in self.machine.events.items():
            for source, ways in event.transitions.items():
                found = None if source == NOT_YET else states(source)
                steps[found, triggers(name)] = tuple(states(str(way.dest)) for way in ways)
        self.steps: Mapping[tuple[St | None, Tr], tuple[St, ...]] = MappingProxyType(steps)
        """(state, trigger) → possible target states, the usual one first."""
        self._legal = {state: tuple(t for t in self.triggers if (state, t) in steps) for state in (None, *self.states)}

    def _machine(self) -> Machine:
        names = [NOT_YET, *(state.value for state in self.states)]
        machine = Machine(model=None, states=names, initial=NOT_YET, auto_transitions=False, send_event=True)
        for row in self.table:
            for source in row.sources:
                name = source.value if source else NOT_YET
                target = row.target.value if row.target else name
                machine.add_transition(row.trigger.value, name, target, conditions=_says(row.outcome) if row.outcome else None)
        return machine

    def legal(self, state: St | None) -> tuple[Tr, ...]:
        """The legal triggers in a state (None: a stream without events), in the order of their enumeration."""
        return self._legal[state]

    def step(self, state: St | None, trigger: Tr) -> tuple[St, ...]:
        """The target states of ``trigger`` from ``state``. Raises TransitionRefused with the legal triggers."""
        try:
            return self.steps[state, trigger]
        except KeyError:
            legal = [t.value for t in self.legal(state)]
            raise TransitionRefused(state.value if state else NOT_YET, trigger.value, legal) from None

    def agreed(self, state: St | None, trigger: Tr, stream: UUID, decided: Decided) -> Decided:
        """Return the events after checking their targets against the table.

        Raises AssertionError, which is a programming error.
        """
        for event in decided:
            if event.originator_id == stream:
                target = cast(Leading, event).target or state
                if target not in self.steps[state, trigger]:
                    raise AssertionError(f"{event.TOPIC} leads from {state} to {target}, {trigger.value} does not")
        return decided

    def as_data(self) -> dict[str, object]:
        """The table as plain data; ``initial`` is a list if a stream may begin in several states."""
        initial = [row.target.value for row in self.table if None in row.sources and row.target]
        return {
            "states": [state.value for state in self.states],
            "initial": initial[0] if len(initial) == 1 else initial,
            "terminal": [state.value for state in self.terminal],
            "transitions": [row.as_data() for row in self.table],
        }


def _says(outcome: str) -> Callable[[EventData], bool]:
    """A Machine condition that selects the row with the given outcome: ``follow_up(outcome="dissatisfied")``."""
    return lambda event: bool(event.kwargs.get("outcome") == outcome)
