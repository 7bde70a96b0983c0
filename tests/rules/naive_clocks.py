"""A model of the SLA clocks that counts minute by minute, for events on whole minutes.

A clock counts one for each minute in which it runs. It is breached once it has counted more than its limit. Its due moment is the
last at which it would still be within its limit, if it ran on without a pause.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Seen = tuple[int, str, dict[str, Any]]
"""(minute, name of the event, payload)."""
STARTS = {"TicketReceived", "TicketReopened"}
WORK = {"private": "repair", "public_minor": "public_minor", "public_severe": "public_severe"}


@dataclass
class Clock:
    """A stopwatch: the minutes at which it was started (with the index of the starting event), stopped and paused."""

    name: str
    start: int
    place: int
    limit: int
    pausing: tuple[str, ...] = ()
    stop: int | None = None
    paused: set[int] = field(default_factory=set)
    waiting: bool = False


def readings(events: list[Seen], now: int) -> list[tuple[str, str, int, int, int | None, int | None]]:
    """Read every clock at ``now``: (clock, status, started, due, stopped, breached), in minutes."""
    kind, facility, major = None, None, False
    for _, name, said in events:
        if name in ("TicketClassified", "TicketReclassified"):
            kind, facility = said["kind"], said["facility"]
        major = major or name == "MajorWorksApproved"
    found = []
    for clock in clocks(events, now, kind, facility):
        if clock.name == "repair" and major:
            continue
        found.append(read(clock, now))
    return found


def clocks(events: list[Seen], now: int, kind: str | None, facility: str | None) -> Iterator[Clock]:
    """Run every clock of the ticket's kind up to now."""
    if kind in (None, "repair", "complaint"):
        policy = events[0][2]["clock_policy"]
        yield ran(Clock("reply", events[0][0], 0, policy.limits["reply"]), events, now, answers)
    if kind == "repair" and facility is not None:
        name = WORK[facility]
        for place, (minute, event, said) in enumerate(events):
            if event in STARTS or (event == "FollowUpRecorded" and not said["satisfied"]):
                policy = said["clock_policy"]
                clock = Clock(name, minute, place, policy.limits[name], tuple(policy.pauses[name]))
                yield ran(clock, events, now, lambda event, _: event in ("RepairCompleted", "SettledAtDesk"))
    if kind in ("renovation", "inspection"):
        for place, (minute, event, said) in enumerate(events):
            if event == "RectificationOrdered":
                clock = Clock("rectify", minute, place, said["due_at"] - minute)
                yield ran(clock, events, now, lambda event, _: event == "RectificationConfirmed")


def answers(event: str, said: dict[str, Any]) -> bool:
    """Whether an event is an answer to the resident (D2 item 7)."""
    if event in ("WorkOrderDispatched", "WorkOrderReassigned"):
        return said["appointment_at"] is not None
    if event == "TicketDeferred":
        return bool(said["told_resident"])
    return event in ("ResidentReplied", "AppointmentMade", "RepairCompleted", "SettledAtDesk")


def ran(clock: Clock, events: list[Seen], now: int, stops: Any) -> Clock:
    """Walk minute by minute up to now, applying each event."""
    happening = deque(enumerate(events))
    for minute in range(events[0][0], now + 1):
        while happening and happening[0][1][0] <= minute:
            place, (_, event, said) = happening.popleft()
            if event == "WorkSuspended":
                clock.waiting = said["reason"] in clock.pausing
            elif event in ("WorkResumed", "WorkOrderDispatched", "WorkOrderReassigned", "WorkOrderDeclined", "TicketCancelled"):
                clock.waiting = False
            if clock.stop is None and place > clock.place and (stops(event, said) or event == "TicketCancelled"):
                clock.stop = minute
        if clock.waiting and minute >= clock.start and clock.stop is None:
            clock.paused.add(minute)
    return clock


def read(clock: Clock, now: int) -> tuple[str, str, int, int, int | None, int | None]:
    """Read one stopwatch."""
    end = now if clock.stop is None else clock.stop
    counted, minute, due = 0, clock.start, clock.start
    while True:
        if counted <= clock.limit:
            due = minute
        else:
            break
        if minute >= end or minute not in clock.paused:
            counted += 1
        minute += 1
    if end > due:
        status = "breached"
    elif clock.stop is not None:
        status = "met"
    else:
        status = "paused" if clock.waiting else "running"
    return clock.name, status, clock.start, due, clock.stop, due if end > due else None
