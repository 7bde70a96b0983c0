"""Pages for auditors: the event stream (事件流) with its filters in the address, and the process (流程): transitions taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.answers.ticket.happenings import REOPENED, REWORK, begin_of, check_audits, stream_named, walked
from adapters.pages.frame.moments import day_in
from adapters.pages.frame.visitor import TheVisitor, Visitor
from adapters.pages.sentences.event_words import doers
from adapters.pages.sentences.ticket_sentences import sentence
from adapters.pages.ticket.state_diagram import BOX, HEIGHT, WIDTH, diagram, key
from domain.duty import lifecycle as shift_lifecycle
from domain.kernel.errors import NotFound, invalid
from domain.kernel.terms import Book, State
from domain.ticket import lifecycle
from domain.ticket.events import Ticket
from projections.ticket.event_stream import EVENT_STREAM, EventRow, events
from projections.ticket.lived_process import process

router = APIRouter(include_in_schema=False)

PAGE = 50
"""Most events on a page."""


def _topics() -> Mapping[str, tuple[StrEnum, tuple[str, ...]]]:
    """Make the choices of the type filter, by the trigger's name in addresses: the trigger, and the topics of its events."""
    found: dict[str, tuple[StrEnum, tuple[str, ...]]] = {}
    for row in lifecycle.TABLE:
        found[row.trigger.value.replace("_", "-")] = (row.trigger, (row.event.TOPIC,))
    for on_shift in shift_lifecycle.TABLE:
        found[f"shift-{on_shift.trigger.value.replace('_', '-')}"] = (on_shift.trigger, (on_shift.event.TOPIC,))
    return MappingProxyType(found)


TYPES = _topics()
WORD_OF = MappingProxyType({topic: word for word, topics in TYPES.values() for topic in topics})
"""Trigger by topic."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in words, and the number of the ticket whose page shows it."""

    row: EventRow
    word: StrEnum
    doer: str
    said: str
    number: str | None


@dataclass(frozen=True, slots=True)
class EventFilters:
    """Filters of the event stream, as the address has them."""

    type: str
    person: str
    ticket: str
    since: str
    until: str

    def address(self, **more: object) -> str:
        """Make the address of another page with these filters."""
        said = {"type": self.type, "person": self.person, "ticket": self.ticket, "from": self.since, "to": self.until, **more}
        return "/events?" + urlencode({name: value for name, value in said.items() if value})


@router.get("/events")
async def show_events(
    visitor: TheVisitor,
    type: str = "",
    person: str = "",
    ticket: str = "",
    since: Annotated[str, Query(alias="from")] = "",
    until: Annotated[str, Query(alias="to")] = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """List the events that match the filters, the latest first."""
    community = await _audited(visitor, "events")
    asked = EventFilters(type, person, ticket.strip(), since, until)
    topics: tuple[str, ...] = ()
    if type:
        if type not in TYPES:
            raise invalid("/query/type", "no such event")
        topics = TYPES[type][1]
    stream = await stream_named(visitor.desk, asked.ticket)
    here, first, last = visitor.directory, _day("from", since), _day("to", until)
    found = await events(
        visitor.gongdan.projections.reader(EVENT_STREAM.name),
        community,
        topics=topics,
        person=person or None,
        stream=stream,
        since=begin_of(here, community, first, "/query/from") if first else None,
        until=begin_of(here, community, last, "/query/to") + timedelta(days=1) if last else None,
        before=before,
        limit=PAGE,
    )
    people = [one for one in visitor.directory.people.values() if visitor.directory.roles(one.login, community, visitor.now)]
    return visitor.page(
        "ticket/events.html",
        asked=asked,
        types=TYPES,
        people=people,
        told=await _lines(visitor, found.items),
        older=asked.address(before=found.items[-1].position) if found.more else None,
        paged=before is not None,
    )


@router.get("/process")
async def show_process(visitor: TheVisitor, on: str = "") -> Response:
    """Show how often each transition was taken by the end of a day, and each state's tickets and median stay."""
    community = await _audited(visitor, "process")
    today = visitor.now.astimezone(visitor.zone).date()
    day = min(_day("on", on) or today, today)
    end = begin_of(visitor.directory, community, day, "/query/on") + timedelta(days=1)
    found = await process(visitor.gongdan.projections.reader(EVENT_STREAM.name), community, end)
    counts = walked(found)
    return visitor.page(
        "ticket/process.html",
        found=found,
        day=day,
        today=today,
        earlier=day - timedelta(days=1),
        later=day + timedelta(days=1) if day < today else None,
        states=State,
        picture=diagram(visitor, {key(edge): str(count) for edge, count in counts.items()}, found.standing),
        size=(WIDTH, HEIGHT, *BOX),
        walked=[key(edge) for edge, count in counts.items() if count],
        ways=[(edge, count) for edge, count in counts.items() if count],
        words=diagram(visitor),
        keyed=key,
        total=sum(found.standing.values()),
        rework=counts[REWORK],
        reopened=counts[REOPENED],
        lasted=lambda stay: lasted(visitor, stay),
    )


def lasted(visitor: Visitor, stay: timedelta) -> str:
    """Format a duration in its two largest units."""
    minutes = int(stay.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return visitor.say("{d} 天 {h} 小时", d=days, h=hours)
    return visitor.say("{h} 小时 {m} 分", h=hours, m=rest) if hours else visitor.say("{m} 分", m=rest)


async def _audited(visitor: Visitor, what: str) -> str:
    """Require the right to audit all of the community shown; returns it, raises NotFound or NotAllowed."""
    if visitor.community is None:
        raise NotFound("community")
    await check_audits(visitor.gongdan, visitor.directory, visitor.login, visitor.community, what)
    return visitor.community


async def _lines(visitor: Visitor, rows: Sequence[EventRow]) -> list[EventLine]:
    journal = visitor.gongdan.journal
    taken = await journal.log.numbers_of(list({row.stream for row in rows}))
    first: dict[UUID, int] = {}
    for row in rows:
        first[row.stream] = min(row.version, first.get(row.stream, row.version))
    streams = await journal.log.read_streams({stream: version - 1 for stream, version in first.items()})
    found = []
    for row in rows:
        event: Any = journal.codec.decode(streams[row.stream][row.version - first[row.stream]])
        number = next((one.number for one in taken.get(row.stream, ()) if one.book == Book.INTAKE), None)
        word = WORD_OF[row.topic]
        said = sentence(event, visitor) if isinstance(event, Ticket.Event) else visitor.label(word)
        found.append(EventLine(row, word, doers(visitor, event.meta), said, number))
    return found


def _day(name: str, text: str) -> date | None:
    """Parse a day of the address; None for an empty one; raises InvalidInput."""
    day = day_in(text, f"/query/{name}")
    if day is not None and not 1970 <= day.year < 2200:
        raise invalid(f"/query/{name}", "lies outside the years 1970 to 2199")
    return day
