"""Service report (服务月报): a community's month in figures, counted from rows that each belong to one ticket.

A ticket counts in the month of its receipt. A clock counts in the month that decided it: if met, where it was stopped; if
breached, where it was due; if the ticket was cancelled in time, nowhere. Verdicts and completions count in the month they were
made, and a rating counts whatever the verdict. Kind and category are the ticket's present ones.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, cast
from uuid import UUID

from domain.kernel.terms import Channel, ClockName, Kind
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState
from projections.engine.tables import Index, Table, micros
from projections.engine.view import Drop, Params, Put, Reader, Seen, Step, View, Write
from projections.ticket.clock_columns import ClockColumns, cycles_of

TOP = 10
"""Number of categories listed."""


class Fact(StrEnum):
    """Countable kinds of events."""

    COMPLETED = "completed"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    UNREACHED = "unreached"
    REOPENED = "reopened"
    CANCELLED = "cancelled"


class ReceivedRow(NamedTuple):
    """A ticket, with the attributes it is counted by."""

    ticket: UUID
    community: str
    received_at: datetime
    kind: Kind | None
    category: str | None
    channel: Channel
    back_entered: bool


class FactRow(NamedTuple):
    """A countable event. ``again`` says that the ticket had been reworked or reopened before."""

    ticket: UUID
    version: int
    community: str
    fact: Fact
    at: datetime
    again: bool
    rating: int | None


class WorkRow(NamedTuple):
    """A person whose work a completion or verdict is about."""

    ticket: UUID
    version: int
    person: str
    community: str
    fact: Fact
    at: datetime
    rating: int | None


class ClockRow(NamedTuple):
    """One clock of a ticket; ``cycle`` numbers the ticket's clocks."""

    ticket: UUID
    cycle: int
    community: str
    clock: ClockColumns


RECEIVED = Table(
    "service_received", ReceivedRow, key=("ticket",), stream="ticket", indexes=(Index(("community", "received_at")),)
)
FACTS = Table("service_facts", FactRow, key=("ticket", "version"), stream="ticket", indexes=(Index(("community", "at")),))
WORK = Table("service_work", WorkRow, key=("ticket", "version", "person"), stream="ticket", indexes=(Index(("community", "at")),))
CLOCKS = Table(
    "service_clocks",
    ClockRow,
    key=("ticket", "cycle"),
    stream="ticket",
    indexes=(Index(("community", "clock_due_at")), Index(("community", "clock_stopped_at"), "clock_stopped_at IS NOT NULL")),
)


def fact_of(event: Ticket.Event) -> Fact | None:
    """The fact that an event counts as; None for others."""
    match event:
        case Ticket.RepairCompleted() | Ticket.SettledAtDesk():
            return Fact.COMPLETED
        case Ticket.FollowUpRecorded():
            return Fact.SATISFIED if event.satisfied else Fact.DISSATISFIED
        case Ticket.ClosedUnreached():
            return Fact.UNREACHED
        case Ticket.TicketReopened():
            return Fact.REOPENED
        case Ticket.TicketCancelled():
            return Fact.CANCELLED
        case _:
            return None


def fold(steps: Sequence[Step]) -> Iterable[Write]:
    """Write every fact, and the last state of the ticket and its clocks."""
    first, last = steps[0].before, steps[-1].after
    s: TicketState = last.state
    received = _received(last)
    if first is None or _received(first) != received:
        yield Put(RECEIVED, received)
    for step in steps:
        yield from _facts(step)
    known, clocks = _counted(first) if first else {}, _counted(last)
    for cycle, clock in clocks.items():
        if known.get(cycle) != clock:
            yield Put(CLOCKS, ClockRow(s.id, cycle, s.community, clock))
    for cycle in known:
        if cycle not in clocks:
            yield Drop(CLOCKS, (s.id.bytes, cycle))


def _counted(seen: Seen) -> Mapping[int, ClockColumns]:
    """The ticket's clocks by number, without those that its cancellation stopped in time: they were neither met nor breached."""
    called_off = seen.state.timeline.stopped_at
    return {
        cycle: clock
        for cycle, clock in enumerate(seen.once(cycles_of))
        if called_off is None or clock.stopped_at != called_off or called_off > clock.due_at
    }


def _received(seen: Seen) -> ReceivedRow:
    s: TicketState = seen.state
    at = s.received_at or seen.first_recorded_at
    return ReceivedRow(s.id, s.community, at, s.kind, s.category, s.channel, seen.back_entered)


def _facts(step: Step) -> Iterable[Write]:
    event, s = step.after.event, step.after.state
    fact = fact_of(event)
    if fact is None:
        return
    before: TicketState | None = step.before.state if step.before else None
    again = before is not None and len(before.timeline.cycles) > 1
    rating = event.rating if isinstance(event, Ticket.FollowUpRecorded) else None
    version, at = event.originator_version, event.timestamp
    yield Put(FACTS, FactRow(s.id, version, s.community, fact, at, again, rating))
    if fact is Fact.COMPLETED:
        people: tuple[str, ...] = (event.meta.on_behalf_of or event.meta.actor,)
    elif fact in (Fact.SATISFIED, Fact.DISSATISFIED) and before is not None:
        people = before.workers
    else:
        people = ()
    for person in people:
        yield Put(WORK, WorkRow(s.id, version, person, s.community, fact, at, rating))


SERVICE_REPORT = View("service_report", 2, (RECEIVED, FACTS, WORK, CLOCKS), ("ticket.",), fold)


@dataclass(frozen=True, slots=True)
class Decided:
    """Numbers of clocks met and breached."""

    met: int = 0
    breached: int = 0


@dataclass
class PersonFigures:
    """One person's, team member's or contractor's work: completions, and the verdicts on their work."""

    completed: int = 0
    satisfied: int = 0
    dissatisfied: int = 0
    rated: int = 0
    rating_sum: int = 0


@dataclass
class Report:
    """A community's figures from one moment up to, not including, another, at ``position``."""

    community: str
    position: int
    received: int = 0
    back_entered: int = 0
    by_kind: Mapping[Kind | None, int] = field(default_factory=dict)
    by_channel: Mapping[Channel, int] = field(default_factory=dict)
    by_kind_and_channel: Mapping[tuple[Kind | None, Channel], int] = field(default_factory=dict)
    categories: Sequence[tuple[Kind | None, str, int]] = ()
    facts: Mapping[Fact, int] = field(default_factory=dict)
    first_time: int = 0
    ratings: Mapping[int, int] = field(default_factory=dict)
    clocks: Mapping[ClockName, Decided] = field(default_factory=dict)
    people: Mapping[str, PersonFigures] = field(default_factory=dict)


_SPAN = "community = :community AND {at} >= :since AND {at} < :until"
_RECEIVED = _SPAN.format(at="received_at")
_AT = _SPAN.format(at="at")
STATEMENTS = (
    f"SELECT kind, channel, count(*), sum(back_entered) FROM {{service_received}} WHERE {_RECEIVED} GROUP BY kind, channel",
    "SELECT kind, category, count(*) FROM {service_received}"
    f" WHERE {_RECEIVED} AND category IS NOT NULL GROUP BY kind, category",
    f"SELECT fact, again, rating, count(*) FROM {{service_facts}} WHERE {_AT} GROUP BY fact, again, rating",
    "SELECT clock_clock, count(*) FROM {service_clocks}"
    f" WHERE {_SPAN.format(at='clock_stopped_at')} AND clock_stopped_at <= clock_due_at GROUP BY clock_clock",
    "SELECT clock_clock, count(*) FROM {service_clocks}"
    f" WHERE {_SPAN.format(at='clock_due_at')} AND (clock_stopped_at > clock_due_at"
    " OR (clock_stopped_at IS NULL AND clock_paused_at IS NULL AND clock_due_at < :now)) GROUP BY clock_clock",
    "SELECT person, fact, count(*), count(rating), coalesce(sum(rating), 0) FROM {service_work}"
    f" WHERE {_AT} GROUP BY person, fact",
)
"""Statements over one community and one span of time; table names are in braces."""


async def report(reader: Reader, community: str, since: datetime, until: datetime, *, now: datetime) -> Report:
    """The figures of a span of time, with clocks read at ``now``."""
    params: Params = {
        "community": community,
        "since": micros(since),
        "until": micros(until),
        "now": micros(now),
    }
    answer = await reader.read([(sql, params) for sql in STATEMENTS])
    volumes, categories, facts, met, breached, work = answer.results
    found = Report(community, answer.position)
    by_kind: Counter[Kind | None] = Counter()
    by_channel: Counter[Channel] = Counter()
    both: Counter[tuple[Kind | None, Channel]] = Counter()
    for kind, channel, count, back_entered in volumes:
        pair = Kind(kind) if kind else None, Channel(channel)
        by_kind[pair[0]] += count
        by_channel[pair[1]] += count
        both[pair] += count
        found.received += count
        found.back_entered += int(back_entered)
    found.by_kind, found.by_channel, found.by_kind_and_channel = by_kind, by_channel, both
    often = sorted(categories, key=lambda row: (-row[2], row[0] or "", row[1]))[:TOP]
    found.categories = [(Kind(kind) if kind else None, category, count) for kind, category, count in often]
    counted: Counter[Fact] = Counter()
    ratings: Counter[int] = Counter()
    for name, again, rating, count in facts:
        fact = Fact(name)
        counted[fact] += count
        if fact is Fact.SATISFIED:
            found.first_time += 0 if again else count
        if rating is not None:
            ratings[rating] += count
    found.facts, found.ratings = counted, ratings
    kept: dict[str, int] = dict(cast(Any, met))
    late: dict[str, int] = dict(cast(Any, breached))
    found.clocks = {ClockName(c): Decided(kept.get(c, 0), late.get(c, 0)) for c in ClockName if c in kept or c in late}
    people: defaultdict[str, PersonFigures] = defaultdict(PersonFigures)
    for person, name, count, rated, rating_sum in work:
        figures = people[person]
        setattr(figures, name, getattr(figures, name) + count)
        figures.rated += rated
        figures.rating_sum += int(rating_sum)
    found.people = dict(sorted(people.items()))
    return found
