"""Aggregates: a state, the events that change it, and eventsourcing's Aggregate over the same functions.

Each event class changes the state in ``evolve``. Replay never refuses, reads no clock and consults no lifecycle table. The server
uses :func:`fold`; the library's Aggregate and repository reach ``evolve`` through ``mutate``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, cast
from uuid import UUID

from eventsourcing.domain import AggregateEvent, BaseAggregate
from typing_extensions import TypeVar

from domain.kernel.terms import Book


@dataclass(frozen=True)
class Meta:
    """Metadata of an event.

    ``actor`` is a login or ``system:…``. ``on_behalf_of`` names a contractor or an ``external:`` person whose step was entered.
    ``second_person`` approved the command. ``command_id`` is the request's; correlation and causation ids connect a chain of
    events. ``back_entered`` and ``offline_entered`` flag an event that was recorded later than it happened (补录).
    """

    actor: str
    command_id: UUID
    on_behalf_of: str | None = None
    second_person: str | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    back_entered: bool = False
    offline_entered: bool = False
    policy: str | None = None


@dataclass(frozen=True)
class FoldedState:
    """Base of states: immutable values, changed by ``with_``."""

    id: UUID
    version: int

    def with_(self, **changes: Any) -> Self:
        """Copy the state with some fields replaced. Raises TypeError for an unknown field.

        dataclasses.replace would do, but calls ``__init__``, which makes replay several times slower.
        """
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.__dict__.update(changes)
        # Every field is in __dict__ already, so only a foreign name makes it longer; cheaper than comparing the names.
        if len(new.__dict__) != len(self.__dict__):
            unknown = ", ".join(sorted(changes.keys() - self.__dict__.keys()))
            raise TypeError(f"{type(self).__name__} has no field {unknown}")
        return new


S = TypeVar("S", bound=FoldedState, default=Any)
"""The state of an aggregate. ``Folded`` and ``Folded.Event`` without a parameter stand for any aggregate."""
_S = TypeVar("_S", bound=FoldedState, default=Any)  # a nested class has a variable of its own


class Folded(BaseAggregate[UUID], Generic[S]):
    """An aggregate whose state is a fold of its events.

    Like the library's Aggregate it extends BaseAggregate, but without the generic ``Created`` event.
    """

    STATE: ClassVar[type[FoldedState]]
    state: S

    class Event(AggregateEvent, Generic[_S]):
        """Base of events; ``timestamp`` is the moment in the world (occurred_at)."""

        TOPIC: ClassVar[str]
        changes_open_list: ClassVar[bool] = False
        """Whether the event changes the community's handover sheet (工作移交表)."""
        changes_registry: ClassVar[bool] = False
        """Whether every process must hear of the event before it answers its next request."""

        meta: Meta

        @property
        def book(self) -> Book | None:
            """The book in which the event takes a number. The store draws it, gapless per community, book and day (D1 4.1.1)."""
            return None

        @property
        def occurred_at(self) -> datetime:
            """The moment in the world."""
            return self.timestamp

        def evolve(self, state: _S) -> _S:
            """The state after this event."""
            raise NotImplementedError

        def mutate(self, aggregate: Any) -> Any:
            """Create or advance the library's aggregate."""
            owner = OWNERS[type(self)]
            if aggregate is None:
                aggregate = owner.__new__(owner)
                aggregate.__base_init__(self.originator_id, self.originator_version, self.timestamp)
                aggregate.state = apply(None, self)
                return aggregate
            return super().mutate(aggregate)

        def apply(self, aggregate: Any) -> None:
            """Advance the library's aggregate, after its own checks."""
            aggregate.state = apply(aggregate.state, self)

    @classmethod
    def events(cls) -> dict[str, type["Folded.Event"]]:
        """The event classes of this aggregate, by topic."""
        return {
            found.TOPIC: found
            for found in vars(cls).values()
            if isinstance(found, type) and issubclass(found, Folded.Event) and "TOPIC" in vars(found)
        }

    def take(self, decided: Iterable["Folded.Event"]) -> None:
        """Append decided events to the library's pending events."""
        for event in decided:
            event.mutate(self)
            self.pending_events.append(event)

    @classmethod
    def begin(cls, decided: Iterable["Folded.Event"]) -> Self:
        """Make a new aggregate from decided events."""
        first, *rest = decided
        made: Self = first.mutate(None)
        made.pending_events.append(first)
        made.take(rest)
        return made


OWNERS: dict[type[Folded.Event], type[Folded]] = {}
TOPICS: dict[str, type[Folded.Event]] = {}


def register(aggregate: type[Folded]) -> type[Folded]:
    """Class decorator that registers an aggregate's events by their topics."""
    for topic, event in aggregate.events().items():
        OWNERS[event] = aggregate
        TOPICS[topic] = event
    return aggregate


def apply(state: S | None, event: Folded.Event[S]) -> S:
    """The state after an event, with its version."""
    if state is None:
        state = cast(S, OWNERS[type(event)].STATE(id=event.originator_id, version=0))
    evolved = event.evolve(state)
    if evolved is state:
        evolved = state.with_()
    evolved.__dict__["version"] = event.originator_version
    return evolved


def fold(events: Iterable[Folded.Event[S]], state: S | None = None) -> S:
    """The state after all events, starting from ``state`` (None: from nothing). Raises ValueError if there is neither."""
    for event in events:
        state = apply(state, event)
    if state is None:
        raise ValueError("no event, no state")
    return state


E = TypeVar("E", bound=Folded.Event)


def occurred(event: type[E], stream: UUID, version: int, at: datetime, meta: Meta, /, **data: Any) -> E:
    """Make an event: ``version`` of ``stream``, at the moment ``at`` in the world."""
    make: Any = event
    made: E = make(originator_id=stream, originator_version=version, timestamp=at, meta=meta, **data)
    return made


def payload_fields(event: type[Folded.Event]) -> list[str]:
    """Names of an event's own fields, without metadata."""
    base = {"originator_id", "originator_version", "timestamp", "meta"}
    return [f.name for f in fields(event) if f.name not in base]
