"""SLA clocks (时限) as pure folds over a ticket's events (D2 items 5–8, 13).

A :class:`Timeline` keeps the moments that clocks depend on; :func:`readings` computes the status of every clock at a moment T.
Days are 24-hour days, limits are whole minutes. A clock is breached strictly after its due moment, and does not run during a
suspension for one of its pausing reasons.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.kernel.terms import ClockName, ClockStatus, Facility, Kind, SuspendReason


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """Limits in minutes and pausing reasons, by clock. The event that starts a clock keeps its policy."""

    version: str
    limits: Mapping[ClockName, int]
    pauses: Mapping[ClockName, tuple[SuspendReason, ...]]


@dataclass(frozen=True, slots=True)
class Cycle:
    """One round of work: from receipt, reopening or rework to completion."""

    started_at: datetime
    policy: ClockPolicy
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suspension:
    """A span of suspended work; without ``ended_at`` it lasts."""

    reason: SuspendReason
    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RectificationOrder:
    """A rectification order (限期整改) with its own deadline."""

    ordered_at: datetime
    due_at: datetime
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of one ticket that its clocks depend on."""

    cycles: tuple[Cycle, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    orders: tuple[RectificationOrder, ...] = ()
    replied_at: datetime | None = None
    stopped_at: datetime | None = None
    major_works_due_at: datetime | None = None

    def begin(self, at: datetime, policy: ClockPolicy) -> "Timeline":
        """Start a new cycle at receipt, reopening or rework."""
        return replace(self, cycles=(*self.cycles, Cycle(at, policy)))

    def end_work(self, at: datetime) -> "Timeline":
        """End the cycle at completion or settlement; this also stops a reply clock that still runs."""
        return replace(self.replied(at), cycles=(*self.cycles[:-1], replace(self.cycles[-1], ended_at=at)))

    def replied(self, at: datetime) -> "Timeline":
        """Stop the reply clock at the first answer to the resident (D2 item 7); later answers change nothing."""
        return self if self.replied_at else replace(self, replied_at=at)

    def suspend(self, at: datetime, reason: SuspendReason) -> "Timeline":
        """Open a suspension."""
        return replace(self, suspensions=(*self.suspensions, Suspension(reason, at)))

    def resume(self, at: datetime) -> "Timeline":
        """Close the open suspension, if there is one."""
        if not self.suspensions or self.suspensions[-1].ended_at:
            return self
        return replace(self, suspensions=(*self.suspensions[:-1], replace(self.suspensions[-1], ended_at=at)))

    def order(self, at: datetime, due_at: datetime) -> "Timeline":
        """Start the clock of a rectification order."""
        return replace(self, orders=(*self.orders, RectificationOrder(at, due_at)))

    def confirm(self, at: datetime) -> "Timeline":
        """Stop the clock of the latest rectification order."""
        return replace(self, orders=(*self.orders[:-1], replace(self.orders[-1], confirmed_at=at)))

    def stop(self, at: datetime) -> "Timeline":
        """Stop every clock; the ticket is cancelled."""
        return replace(self.resume(at), stopped_at=at)


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock's status at a moment. For a paused clock, ``due_at`` assumes that the pause ends at that moment."""

    clock: ClockName
    status: ClockStatus
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None = None
    breached_at: datetime | None = None


def work_clock(kind: Kind | None, facility: Facility | None) -> ClockName | None:
    """The clock of the repair itself, by the facility; ``None`` for other kinds and until the repair is classified."""
    return None if kind is not Kind.REPAIR or facility is None else WORK_CLOCKS[facility]


WORK_CLOCKS = {
    Facility.PRIVATE: ClockName.REPAIR,
    Facility.PUBLIC_MINOR: ClockName.PUBLIC_MINOR,
    Facility.PUBLIC_SEVERE: ClockName.PUBLIC_SEVERE,
}


def readings(timeline: Timeline, kind: Kind | None, facility: Facility | None, at: datetime) -> list[Reading]:
    """Read every clock of a ticket at ``at``, which must not lie before its last event; one reading for each cycle or order."""
    found: list[Reading] = []
    if timeline.cycles and kind in (None, Kind.REPAIR, Kind.COMPLAINT):
        first = timeline.cycles[0]
        stopped = _earliest(timeline.replied_at, timeline.stopped_at)
        limit = timedelta(minutes=first.policy.limits[ClockName.REPLY])
        found.append(_read(ClockName.REPLY, first.started_at, limit, stopped, (), at))
    name = work_clock(kind, facility)
    if name and not (name is ClockName.REPAIR and timeline.major_works_due_at):
        for cycle in timeline.cycles:
            pausing = cycle.policy.pauses.get(name, ())
            spans = [(s.started_at, s.ended_at) for s in timeline.suspensions if s.reason in pausing]
            limit = timedelta(minutes=cycle.policy.limits[name])
            stopped = _earliest(cycle.ended_at, timeline.stopped_at)
            found.append(_read(name, cycle.started_at, limit, stopped, spans, at))
    if kind in (Kind.RENOVATION, Kind.INSPECTION):
        for order in timeline.orders:
            stopped = _earliest(order.confirmed_at, timeline.stopped_at)
            found.append(_read(ClockName.RECTIFY, order.ordered_at, order.due_at - order.ordered_at, stopped, (), at))
    return found


def latest(found: Iterable[Reading]) -> list[Reading]:
    """The last reading of each clock, which is the one shown."""
    by_name: dict[ClockName, Reading] = {}
    for reading in found:
        by_name[reading.clock] = reading
    return list(by_name.values())


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _read(
    clock: ClockName,
    started_at: datetime,
    limit: timedelta,
    stopped_at: datetime | None,
    pauses: Sequence[tuple[datetime, datetime | None]],
    at: datetime,
) -> Reading:
    """Read one clock at ``at``, given its pauses in order of time."""
    end = at if stopped_at is None or stopped_at > at else stopped_at
    due = started_at + limit
    paused_now = False
    # Each pause moves the due moment, so whether the next pause begins in time must be asked of the moved moment: a pause
    # that begins after it finds the clock breached, and a breach is not undone.
    for begin, finish in pauses:
        begin = max(begin, started_at)
        over = end if finish is None or finish > end else finish
        if begin > end or begin > due or over < begin:
            continue
        due += over - begin
        paused_now = finish is None or finish > at
    breached = end > due
    if breached:
        status = ClockStatus.BREACHED
    elif stopped_at is not None and stopped_at <= at:
        status = ClockStatus.MET
    else:
        status = ClockStatus.PAUSED if paused_now else ClockStatus.RUNNING
    stopped = stopped_at if stopped_at and stopped_at <= at else None
    return Reading(clock, status, started_at, due, stopped, due if breached else None)
