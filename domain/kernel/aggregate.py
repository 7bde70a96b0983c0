"""The one way aggregates work here: a state, events that evolve it, and the library's Aggregate over the same functions.

Each event class says in ``evolve`` what it does to the state; replay never refuses, never reads a clock and never consults
the lifecycle table. :func:`fold` is what the server uses; ``eventsourcing``'s Aggregate and repository reach the same
``evolve`` through ``mutate``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, cast
from uuid import UUID

from eventsourcing.domain import AggregateEvent, BaseAggregate
from typing_extensions import TypeVar

from domain.kernel.terms import Book


@dataclass(frozen=True, slots=True)
class Meta:
    """What every event says of its making.

    ``actor`` is a login, or ``system:…``; ``on_behalf_of`` names a contractor or an ``external:`` person whose step was
    entered; ``second_person`` approved it. ``command_id`` is the request; correlation and causation tie a chain together.
    ``back_entered`` and ``offline_entered`` flag moments that lie before their recording (补录).
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
    """Base of states: immutable values, replaced by ``with_``."""

    id: UUID
    version: int

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields replaced (like dataclasses.replace, several times faster).

        Raises TypeError where a name is no field.
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
"""The state of an aggregate. ``Folded`` and ``Folded.Event`` without it are those of any aggregate."""
_S = TypeVar("_S", bound=FoldedState, default=Any)  # a nested class has a variable of its own


class Folded(BaseAggregate[UUID], Generic[S]):
    """An aggregate whose state is a fold of its events.

    It is built on the library's BaseAggregate, as the library's Aggregate is, but has no generic ``Created`` event.
    """

    STATE: ClassVar[type[FoldedState]]
    state: S

    class Event(AggregateEvent, Generic[_S]):
        """Base of events: ``timestamp`` is the moment it happened in the world (occurred_at)."""

        TOPIC: ClassVar[str]
        changes_open_list: ClassVar[bool] = False
        """Whether it changes what is on the handover sheet (工作移交表) of the community."""

        meta: Meta

        @property
        def book(self) -> Book | None:
            """The numbered book it takes a number in; the store draws it, gapless per community, book and day (D1 4.1.1)."""
            return None

        @property
        def occurred_at(self) -> datetime:
            """When it happened in the world."""
            return self.timestamp

        def evolve(self, state: _S) -> _S:
            """The state after this event."""
            raise NotImplementedError

        def mutate(self, aggregate: Any) -> Any:
            """The library's entry: make or advance the aggregate by ``evolve``."""
            owner = OWNERS[type(self)]
            if aggregate is None:
                aggregate = owner.__new__(owner)
                aggregate.__base_init__(self.originator_id, self.originator_version, self.timestamp)
                aggregate.state = apply(None, self)
                return aggregate
            return super().mutate(aggregate)

        def apply(self, aggregate: Any) -> None:
            """The library's hook, called after its own checks."""
            aggregate.state = apply(aggregate.state, self)

    @classmethod
    def events(cls) -> dict[str, type["Folded.Event"]]:
        """Every event class of this aggregate by topic."""
        return {
            found.TOPIC: found
            for found in vars(cls).values()
            if isinstance(found, type) and issubclass(found, Folded.Event) and "TOPIC" in vars(found)
        }

    def take(self, decided: Iterable["Folded.Event"]) -> None:
        """Add events that ``decide`` yielded to the library's pending events."""
        for event in decided:
            event.mutate(self)
            self.pending_events.append(event)

    @classmethod
    def begin(cls, decided: Iterable["Folded.Event"]) -> Self:
        """A new aggregate from the events that ``decide`` yielded for it."""
        first, *rest = decided
        made: Self = first.mutate(None)
        made.pending_events.append(first)
        made.take(rest)
        return made


OWNERS: dict[type[Folded.Event], type[Folded]] = {}
TOPICS: dict[str, type[Folded.Event]] = {}


def register(aggregate: type[Folded]) -> type[Folded]:
    """Make the aggregate's events known by topic; used as a class decorator."""
    for topic, event in aggregate.events().items():
        OWNERS[event] = aggregate
        TOPICS[topic] = event
    return aggregate


def apply(state: S | None, event: Folded.Event[S]) -> S:
    """evolve(state, event): the state after the event, with its version."""
    if state is None:
        state = cast(S, OWNERS[type(event)].STATE(id=event.originator_id, version=0))
    evolved = event.evolve(state)
    if evolved is state:
        evolved = state.with_()
    evolved.__dict__["version"] = event.originator_version
    return evolved


def fold(events: Iterable[Folded.Event[S]], state: S | None = None) -> S:
    """The state after all events, from ``state`` (None: from nothing); raises ValueError where there is neither."""
    for event in events:
        state = apply(state, event)
    if state is None:
        raise ValueError("no event, no state")
    return state


E = TypeVar("E", bound=Folded.Event)


def occurred(event: type[E], stream: UUID, version: int, at: datetime, meta: Meta, /, **data: Any) -> E:
    """A new event: ``version`` of ``stream``, at the moment ``at`` in the world."""
    make: Any = event
    made: E = make(originator_id=stream, originator_version=version, timestamp=at, meta=meta, **data)
    return made


def payload_fields(event: type[Folded.Event]) -> list[str]:
    """The names of what an event says beyond its metadata."""
    base = {"originator_id", "originator_version", "timestamp", "meta"}
    return [f.name for f in fields(event) if f.name not in base]
