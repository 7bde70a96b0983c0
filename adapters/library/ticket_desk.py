"""Tickets for programs of the eventsourcing library: a mapper for our event bytes, and an Application that applies our rules.

    desk = TicketDesk(Terms(policy, ZoneInfo("Asia/Shanghai"), prices), ids, seal)
    ticket = desk.receive(Receive(…), meta, at, subject)
    desk.act(ticket, Dispatch(assignee="wang"), meta, at)
    desk.repository.get(ticket).state

As in the server, ``domain.ticket.decisions.decide`` decides commands, events apply themselves by ``evolve``, and the codec makes
their bytes. With ``PERSISTENCE_MODULE=adapters.library.recorder`` it can write to a store while a server uses it. Authority,
idempotency keys and append conditions are left out: they belong to the server's use cases (``domain.service_desk.desk``).
Snapshots are off, since a ticket has few events.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent
from eventsourcing.utils import EnvType

from adapters.library.recorder import Columns, StoreRecorder
from adapters.store.log.codec import decode, encode, topic_of
from domain.kernel.aggregate import Folded, Meta
from domain.kernel.ports import Ids, PlainField
from domain.kernel.privacy import Personal, Sealed
from domain.kernel.sealing import seal_fields, with_sealed
from domain.rules.policy import Policy
from domain.rules.price_list import PriceList
from domain.rules.workdays import Works
from domain.ticket import commands as c
from domain.ticket.decisions import Circumstances, decide
from domain.ticket.events import Ticket
from domain.ticket.guards import PolicyInForce, every_day
from domain.ticket.state import TicketState

Seal = Callable[[PlainField, Personal], Sealed]
"""Seals one personal text, bound to stream, version and field; the subject's key must be durable before."""


class EventMapper(Mapper[UUID]):
    """The library's mapper over our codec, so the bytes equal the server's.

    The library's ciphers and compressors are refused (ValueError): event bytes are canonical, and personal texts are sealed one
    by one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.cipher or self.compressor:
            raise ValueError("event bytes are canonical: neither CIPHER_TOPIC nor COMPRESSOR_TOPIC can be used")

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Encode an event; raises codec.ClearText where a personal text is not sealed."""
        event = cast(Folded.Event, domain_event)
        return StoredEvent(event.originator_id, event.originator_version, topic_of(type(event)), encode(event))

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Decode an event, upcast to its newest class version."""
        stream = stored_event.originator_id
        if not isinstance(stream, UUID):
            stream = UUID(stream)
        return decode(stored_event.topic, stream, stored_event.originator_version, stored_event.state)


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings that decisions depend on: the policy in force, the time zone, the prices, the workdays."""

    policy: Policy
    zone: ZoneInfo
    prices: PriceList
    works: Works = every_day


@dataclass
class _Saving(threading.local):
    """The community whose events this thread is saving."""

    community: str = field(default="")


class TicketDesk(Application[UUID]):
    """Service desk commands over the library's repository, mapper and recorder."""

    name = "tickets"
    env: ClassVar[dict[str, str]] = {"MAPPER_TOPIC": "adapters.library.ticket_desk:EventMapper"}

    def __init__(self, terms: Terms, ids: Ids, seal: Seal, env: EnvType | None = None) -> None:
        super().__init__(env)
        self.terms = terms
        self.ids = ids
        self.seal = seal
        self._saving = _Saving()
        if isinstance(self.recorder, StoreRecorder):
            self.recorder.clear_columns = self._columns

    def receive(self, command: c.Receive, meta: Meta, at: datetime, subject: UUID) -> UUID:
        """Receive a ticket (接单) whose personal texts are about ``subject``; returns its id. Raises the errors of ``decide``."""
        ticket_id = self.ids.new()
        decided = self._sealed(decide(None, command, self._circumstances(meta, at, {}, ticket_id, subject)))
        self._save(command.community, Ticket.begin(decided))
        return ticket_id

    def act(
        self, ticket_id: UUID, command: c.Command, meta: Meta, at: datetime, tickets: Mapping[str, UUID] | None = None
    ) -> int:
        """Carry out a command on a ticket; returns the new version. ``tickets``: other tickets that it names, by id or number.

        Raises the errors of ``decide``, the library's AggregateNotFoundError, and its IntegrityError after a concurrent change.
        """
        ticket: Ticket = self.repository.get(ticket_id)
        state = ticket.state
        subject = cast(UUID, state.subject)
        decided = self._sealed(decide(state, command, self._circumstances(meta, at, tickets or {}, ticket_id, subject)))
        streams: dict[UUID, list[Ticket.Event]] = {}
        for event in decided:
            streams.setdefault(event.originator_id, []).append(event)
        ticket.take(streams.pop(ticket_id, []))
        self._save(state.community, ticket, *(Ticket.begin(events) for events in streams.values()))
        return ticket.version

    def ticket(self, ticket_id: UUID, version: int | None = None) -> TicketState:
        """The state of a ticket at a version (None: the newest)."""
        ticket: Ticket = self.repository.get(ticket_id, version=version)
        return ticket.state

    def _circumstances(
        self, meta: Meta, at: datetime, tickets: Mapping[str, UUID], ticket_id: UUID, subject: UUID
    ) -> Circumstances:
        terms = self.terms
        said = replace(meta, policy=meta.policy or terms.policy.version)
        return Circumstances(
            PolicyInForce(at, terms.zone, terms.policy, terms.works), said, self.ids, terms.prices, tickets, ticket_id, subject
        )

    def _sealed(self, events: Sequence[Ticket.Event]) -> list[Ticket.Event]:
        return [self._seal(event) for event in events]

    def _seal(self, event: Ticket.Event) -> Ticket.Event:
        place = event.originator_id, event.originator_version
        clear = [(name, text) for name, text in seal_fields(event) if isinstance(text, Personal)]
        return with_sealed(event, {name: self.seal(PlainField(*place, name), text) for name, text in clear})

    def _save(self, community: str, *tickets: Ticket) -> None:
        self._saving.community = community
        self.save(*tickets)

    def _columns(self, stored: StoredEvent) -> Columns:
        """The clear columns of an event that this thread is about to write."""
        event = cast(Folded.Event, self.mapper.to_domain_event(stored))
        return self._saving.community, event.book, self.terms.zone.key, event.changes_open_list
