"""Read a simulated store whole, and assert what must hold of every one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from adapters.composition import opened
from adapters.simulation.company.estate import Member
from adapters.simulation.company.site import Site
from adapters.system.settings import Settings
from domain.approval.aggregate import ApprovalCase
from domain.duty.shift import Shift
from domain.household.resident import Resident
from domain.kernel.ports import PlainField, StoredEvent
from domain.kernel.privacy import Private
from domain.kernel.sealing import seal_fields
from domain.kernel.terms import Tenure
from domain.rules.policy import Policy
from domain.ticket.events import Ticket
from domain.ticket.state import TicketState

SCREENFUL = 20
"""Tickets or lines that one sees at once."""


@dataclass
class Ran:
    """All events with their opened texts, and the tickets' present states."""

    now: datetime
    sites: Sequence[Site]
    policy: Policy
    stored: list[StoredEvent]
    events: list[Any]
    texts: list[dict[str, str]]
    states: dict[UUID, TicketState]
    approvals: list[Any]

    @property
    def tickets_events(self) -> Iterator[tuple[StoredEvent, Any]]:
        """Events of tickets, in the order of the log."""
        for stored, event in zip(self.stored, self.events, strict=True):
            if isinstance(event, Ticket.Event):
                yield stored, event

    def site(self, community: str) -> Site:
        """The estate that runs as a community."""
        return next(site for site in self.sites if site.estate.code == community)


async def read(settings: Settings, now: datetime, sites: Sequence[Site]) -> Ran:
    """Read a store whole."""
    async with opened(settings) as parts:
        stored = list(await parts.store.read_log(0, 1_000_000))
        events = [parts.journal.codec.decode(one) for one in stored]
        fields: list[tuple[PlainField, Private]] = [
            (PlainField(one.stream_id, one.version, name), text)
            for one, event in zip(stored, events, strict=True)
            for name, text in seal_fields(event)
        ]
        opened_texts: dict[tuple[UUID, int], dict[str, str]] = defaultdict(dict)
        for (field, _), text in zip(fields, await parts.sealer.open(fields), strict=True):
            opened_texts[field.stream_id, field.version][field.name] = text or ""
        texts = [opened_texts[one.stream_id, one.version] for one in stored]
        tickets = {e.originator_id for e in events if isinstance(e, Ticket.TicketReceived)}
        states = {ticket: await parts.desk.load(ticket) for ticket in tickets}
        asked = [one.stream_id for one in stored if one.topic == "approval.requested"]
        approvals = [await parts.journal.existing(stream, ApprovalCase) for stream in asked]
        policy = (await parts.directory.current()).policy
        return Ran(now, sites, policy, stored, events, texts, states, approvals)


def somebody_holds_the_desk(ran: Ran) -> None:
    """One officer at a time; between two there is a sheet both signed, but for a recorded gap."""
    held: dict[str, UUID | None] = {}
    for stored, event in zip(ran.stored, ran.events, strict=True):
        if stored.topic == "desk.shift_opened":
            assert held.get(stored.community) is None
            held[stored.community] = event.shift
        elif stored.topic == "desk.shift_handed_over":
            assert held[stored.community] == event.follows
            held[stored.community] = event.shift
        elif stored.topic == "desk.shift_taken_over":
            held[stored.community] = None
    for site in ran.sites:
        assert held[site.estate.code] == site.shift is not None
        officer, day = site.officer, site.rota.day(ran.now)
        assert officer is not None
        near = [day - 1, day, day + 1]
        assert officer in {site.rota.night_officer(d) for d in near} | {a for d in near for a in site.rota.assistants(d)}


def whoever_acts_is_at_work(ran: Ran) -> None:
    """By the rota, at the moment the act was recorded; the company's people by day."""
    people: dict[str, tuple[Site, Member]] = {m.login: (site, m) for site in ran.sites for m in site.estate.staff}
    for stored, event in zip(ran.stored, ran.events, strict=True):
        if event.meta.actor not in people or not (stored.topic.startswith(("ticket.", "shift.", "desk.", "approval."))):
            continue
        site, member = people[event.meta.actor]
        if site.estate.code != stored.community:
            assert member.company
        assert site.rota.at_work(member.login, stored.recorded_at), (
            member.login,
            stored.topic,
            f"{stored.recorded_at.astimezone(site.zone):%m-%d %H:%M:%S}",
        )


def recorded_as_it_happened(ran: Ran) -> None:
    """recorded_at follows what happened by a moment, but for late, offline and back entries."""
    recorded = [stored.recorded_at for stored in ran.stored]
    assert recorded == sorted(recorded)
    assert recorded[-1] <= ran.now.astimezone(UTC) + timedelta(seconds=1)
    for stored, event in ran.tickets_events:
        late = stored.recorded_at - event.timestamp
        assert timedelta(0) <= late <= (timedelta(hours=24) if event.meta.back_entered else timedelta(hours=1))
        if not (event.meta.back_entered or event.meta.offline_entered):
            assert late < timedelta(seconds=2)


def by_ticket(ran: Ran) -> dict[UUID, list[Any]]:
    """The events of each ticket."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    for _, event in ran.tickets_events:
        found[event.originator_id].append(event)
    return found


def durations_are_plausible(ran: Ran) -> None:
    """A visit takes five minutes to an hour and a half, unless it waited; nobody does two things at once for long."""
    for events in by_ticket(ran).values():
        for before, after in pairwise(events):
            assert before.timestamp <= after.timestamp
        kinds = {type(event) for event in events}
        if {Ticket.WorkSuspended, Ticket.ChecklistItemChecked, Ticket.RectificationOrdered} & kinds:
            continue
        starts = [e.timestamp for e in events if isinstance(e, Ticket.WorkStarted)]
        ends = [e.timestamp for e in events if isinstance(e, Ticket.RepairCompleted)]
        for start, end in zip(starts, ends, strict=False):
            assert timedelta(minutes=5) <= end - start <= timedelta(minutes=130), events[0]


def nobody_follows_up_own_work(ran: Ran) -> None:
    """But for what was settled at the desk on the spot."""
    for events in by_ticket(ran).values():
        workers: set[str] = set()
        for event in events:
            if isinstance(event, Ticket.RepairCompleted | Ticket.SettledAtDesk):
                workers.add(event.meta.actor)
            elif isinstance(event, Ticket.FollowUpRecorded) and event.method != "on_the_spot":
                assert event.meta.actor not in workers


def every_shift_ends_with_two_signatures(ran: Ran) -> None:
    """Or was taken over, or goes on."""
    shifts: dict[UUID, list[Any]] = defaultdict(list)
    for event in ran.events:
        if isinstance(event, Shift.Event):
            shifts[event.originator_id].append(event)
    going_on = 0
    for events in shifts.values():
        signed_out = [e.hash for e in events if isinstance(e, Shift.SignedOut)]
        signed_in = [e.hash for e in events if isinstance(e, Shift.SignedIn)]
        if any(isinstance(e, Shift.ShiftTakenOver) for e in events):
            assert signed_in == []
        elif signed_in:
            assert signed_in == signed_out[-1:]
        else:
            going_on += 1
    assert going_on == len(ran.sites)


def nothing_is_said_twice_in_a_screenful(ran: Ran) -> None:
    """Of what tickets are about and how they ended, and of the lines of a duty log."""
    for community in {stored.community for stored in ran.stored if stored.community}:
        for name, most in (("description", SCREENFUL), ("resolution", SCREENFUL // 2), ("text", SCREENFUL // 2)):
            said = [
                texts[name]
                for stored, texts in zip(ran.stored, ran.texts, strict=True)
                if stored.community == community and name in texts
            ]
            for start in range(max(1, len(said) - most + 1)):
                page = Counter(said[start : start + most])
                assert page.most_common(1)[0][1] == 1 if page else True, page.most_common(1)


def callers_are_mostly_known_and_every_home_has_an_owner(ran: Ran) -> None:
    """The roll (住户名册) was entered before the first call."""
    phones: set[str] = set()
    owned: Counter[tuple[str, str | None, str]] = Counter()
    homes: set[tuple[str, str | None, str]] = set()
    callers: list[str] = []
    for event, text in zip(ran.events, ran.texts, strict=True):
        if isinstance(event, Resident.ResidentRegistered):
            assert not callers
            phones.add(text["phone"])
        elif isinstance(event, Resident.MovedIn):
            homes.add((event.building, event.entrance, text["number"]))
            owned[event.building, event.entrance, text["number"]] += event.tenure is Tenure.OWNER
        elif isinstance(event, Ticket.TicketReceived) and "reporter_phone" in text:
            callers.append(text["reporter_phone"])
    assert all(owned[home] for home in homes)
    known = sum(phone in phones for phone in callers)
    assert known > len(callers) / 3


ALWAYS = (
    somebody_holds_the_desk,
    whoever_acts_is_at_work,
    recorded_as_it_happened,
    durations_are_plausible,
    nobody_follows_up_own_work,
    every_shift_ends_with_two_signatures,
    nothing_is_said_twice_in_a_screenful,
    callers_are_mostly_known_and_every_home_has_an_owner,
)
"""What must hold of any simulated store."""
