"""The eventsourcing library over our rules: any accepted sequence of commands gives the server's state and bytes."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.application import AggregateNotFoundError
from eventsourcing.persistence import IntegrityError
from eventsourcing.utils import EnvType
from hypothesis import given
from hypothesis import strategies as st

from adapters.library.ticket_desk import EventMapper, Terms, TicketDesk
from adapters.store.log.codec import ClearText, encode
from adapters.store.log.opening import init_store, open_store
from adapters.system.system import SystemClock
from domain.kernel import terms as t
from domain.kernel.aggregate import fold
from domain.kernel.errors import Refusal, RuleRefused
from domain.kernel.ports import PlainField
from domain.kernel.privacy import Personal, Sealed
from domain.kernel.terms import Kind, Trigger
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from tests.support.clock import MORNING
from tests.support.examples import one_in
from tests.support.ticket_factory import (
    COMMUNITY,
    OTHER_TICKET,
    POLICY,
    PRICES,
    SUBJECT,
    TICKET,
    ZONE,
    CountingIds,
    history,
    meta,
    received,
    sealed,
)
from tests.ticket.commands import TICKETS
from tests.ticket.walk import START, Walk, any_step, begun, sensible_step


@dataclass
class TicketThenCounting(CountingIds):
    """Ids: the first ticket's, then those of a walk."""

    first: list[UUID] = field(default_factory=lambda: [TICKET])

    def new(self) -> UUID:
        return self.first.pop() if self.first else super().new()


def seal(place: PlainField, text: Personal) -> Sealed:
    return sealed(text.text, text.subject)


def desk(env: EnvType | None = None) -> TicketDesk:
    """A desk over the library's recorder in memory, unless ``env`` names another."""
    return TicketDesk(Terms(POLICY, ZONE, PRICES), TicketThenCounting(), seal, env)


def stored(of: TicketDesk, ticket: UUID) -> list[bytes]:
    return [event.state for event in of.recorder.select_events(ticket)]


RECEIVE = c.Receive(community=COMMUNITY, channel=t.Channel.PHONE, description="漏水", location=c.Place(area="east", building="3"))


class Both(Walk):
    """A walk through the use cases and its repetition through the library."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = desk()

    def ask(self, command: c.Command, who: tuple[str, str | None], at: datetime) -> list[Ticket.Event]:
        decided = super().ask(command, who, at)
        actor, behalf = who
        said = meta(actor, on_behalf_of=behalf)
        before = self.desk.recorder.max_notification_id()
        if isinstance(command, c.Receive) and decided:
            assert self.desk.receive(command, said, at, SUBJECT) == TICKET
        elif decided:
            assert self.desk.act(TICKET, command, said, at, TICKETS) == len(self.events)
        elif self.events:
            with pytest.raises(Refusal):
                self.desk.act(TICKET, command, said, at, TICKETS)
            assert self.desk.recorder.max_notification_id() == before
        return decided


@pytest.mark.parametrize("kind", Kind)
@one_in(2)
@given(data=st.data())
def test_the_library_agrees(kind: Kind, data: st.DataObject) -> None:
    both = begun(Both(), kind)
    for _ in range(15):
        step = sensible_step(data.draw, both)
        if data.draw(st.integers(0, 4)) == 0:
            step = any_step(data.draw, both, data.draw(st.sampled_from(Trigger)))
        both.ask(*step)
    aggregate: Ticket = both.desk.repository.get(TICKET)
    assert aggregate.state == both.state
    assert (aggregate.id, aggregate.version) == (TICKET, len(both.events))
    assert (aggregate.created_on, aggregate.modified_on) == (both.events[0].timestamp, both.events[-1].timestamp)
    assert stored(both.desk, TICKET) == [encode(event) for event in both.events]
    for version in range(1, len(both.events) + 1, 5):
        assert both.desk.ticket(TICKET, version) == fold(both.events[:version])
    children = {event.originator_id for event in both.children}
    for child in children:
        mine = [event for event in both.children if event.originator_id == child]
        assert both.desk.ticket(child) == fold(mine)
        assert stored(both.desk, child) == [encode(event) for event in mine]


def test_notifications_are_our_events() -> None:
    one = desk()
    one.receive(RECEIVE, meta(), MORNING, SUBJECT)
    one.act(TICKET, c.Classify(kind=Kind.ENQUIRY), meta(), MORNING)
    found = one.notification_log.select(1, 10)
    assert [notification.topic for notification in found] == ["ticket.received", "ticket.classified"]
    assert [one.mapper.to_domain_event(notification) for notification in found] == list(one.events.get(TICKET))


def test_refusals_come_through_and_write_nothing() -> None:
    one = desk()
    one.receive(RECEIVE, meta(), MORNING, SUBJECT)
    one.act(TICKET, c.Classify(kind=Kind.REPAIR, facility=t.Facility.PRIVATE), meta(), MORNING)
    with pytest.raises(RuleRefused, match="kind_has_no_such_step"):
        one.act(TICKET, c.Settle(resolution="?"), meta(), MORNING)
    with pytest.raises(AggregateNotFoundError):
        one.act(OTHER_TICKET, c.Note(text="?"), meta(), MORNING)
    assert len(stored(one, TICKET)) == 2


def test_of_two_at_once_one_wins() -> None:
    one = desk()
    one.receive(RECEIVE, meta(), MORNING, SUBJECT)
    late: Ticket = one.repository.get(TICKET)
    one.act(TICKET, c.Note(text="早"), meta(), MORNING)
    late.take([event for event in history([received(), received()]) if event.originator_version == 2])
    with pytest.raises(IntegrityError):
        one.save(late)
    assert len(stored(one, TICKET)) == 2


def test_no_clear_text_reaches_a_recorder() -> None:
    one = TicketDesk(Terms(POLICY, ZONE, PRICES), TicketThenCounting(), lambda _, text: text)  # type: ignore[arg-type,return-value]
    with pytest.raises((ClearText, TypeError)):
        one.receive(RECEIVE, meta(), MORNING, SUBJECT)
    assert one.recorder.max_notification_id() is None
    clear = Ticket.begin(history([received(description=Personal(SUBJECT, "漏水"))]))
    with pytest.raises(ClearText):
        one.save(clear)


@pytest.mark.parametrize("name", ["CIPHER", "COMPRESSOR"])
def test_the_library_s_ciphers_are_refused(name: str) -> None:
    setting = {"CIPHER": "eventsourcing.cipher:AESCipher", "COMPRESSOR": "zlib"}[name]
    with pytest.raises(ValueError, match="canonical"):
        desk({f"{name}_TOPIC": setting, "CIPHER_KEY": "AAAAAAAAAAAAAAAAAAAAAA=="})


def test_ids_as_texts() -> None:
    """Some recorders give ids as texts."""
    one = desk()
    one.receive(RECEIVE, meta(), MORNING, SUBJECT)
    (event,) = one.recorder.select_events(TICKET)
    as_text = type(event)(str(TICKET), 1, event.topic, event.state)
    assert isinstance(one.mapper, EventMapper)
    assert one.mapper.to_domain_event(as_text) == one.mapper.to_domain_event(event)


def test_in_a_store_beside_the_server(tmp_path: Path) -> None:
    """Equal bytes, every event's community, numbers drawn in the desk's time zone, and the open list's counter."""
    url = f"sqlite:///{tmp_path / 'gongdan.db'}"
    asyncio.run(init_store(url, "test-origin"))
    one = desk({"PERSISTENCE_MODULE": "adapters.library.recorder", "GONGDAN_STORE": url})
    try:
        walk = Walk()
        walk.ask(RECEIVE, ("li.na", None), START)
        one.receive(RECEIVE, meta(), START, SUBJECT)
        for command in (
            c.Classify(kind=Kind.MOVE_IN),
            c.CheckItem(item="flat_inspected", defects=("裂缝",)),
            c.Reclassify(kind=Kind.OTHER),
        ):
            walk.ask(command, ("li.na", None), START)
            one.act(TICKET, command, meta(), START)
        child = walk.children[0].originator_id
        assert one.ticket(TICKET) == walk.state
        assert stored(one, TICKET) == [encode(event) for event in walk.events]
        assert stored(one, child) == [encode(event) for event in walk.children]
    finally:
        one.close()
    log = asyncio.run(whole_log(url))
    assert {community for community, _, _ in log} == {COMMUNITY}
    day = next(number for _, _, number in log if number).split("-")[-2]
    assert [number for _, _, number in log] == [
        f"GD-{COMMUNITY}-{day}-0001",
        f"RH-{COMMUNITY}-{day}-0001",
        None,
        f"GD-{COMMUNITY}-{day}-0002",
        f"BX-{COMMUNITY}-{day}-0001",
        None,
        f"RC-{COMMUNITY}-{day}-0001",
    ]


async def whole_log(url: str) -> list[tuple[str, str | None, str | None]]:
    """(community, book, number) of every event."""
    store = await open_store(url, SystemClock())
    try:
        return [(event.community, event.book, event.number) for event in await store.read_log(0, 100)]
    finally:
        await store.close()
