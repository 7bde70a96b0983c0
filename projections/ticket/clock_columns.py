"""Clocks (时限) as columns, from which a clock's reading at any later moment follows without the events.

Rows keep moments, never "breached": otherwise a row would have to change although nothing happened.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.kernel.terms import ClockName, ClockStatus
from domain.rules.clocks import Reading, latest, readings
from domain.ticket.state import TicketState
from projections.engine.tables import NEVER, micros


class ClockColumns(NamedTuple):
    """One clock of a ticket. While it is paused, ``due_at`` is the due moment as if the pause had not begun."""

    clock: ClockName
    started_at: datetime
    due_at: datetime
    paused_at: datetime | None
    stopped_at: datetime | None

    def at(self, moment: datetime) -> Reading:
        """The reading at a moment not before the ticket's last event, equal to that of :func:`domain.rules.clocks.readings`."""
        if self.stopped_at is not None:
            late = self.stopped_at > self.due_at
            status = ClockStatus.BREACHED if late else ClockStatus.MET
            return Reading(self.clock, status, self.started_at, self.due_at, self.stopped_at, self.due_at if late else None)
        if self.paused_at is not None:
            due = self.due_at + (moment - self.paused_at)
            return Reading(self.clock, ClockStatus.PAUSED, self.started_at, due)
        if moment > self.due_at:
            return Reading(self.clock, ClockStatus.BREACHED, self.started_at, self.due_at, None, self.due_at)
        return Reading(self.clock, ClockStatus.RUNNING, self.started_at, self.due_at)

    @property
    def runs(self) -> bool:
        """Whether it is neither stopped nor paused."""
        return self.stopped_at is None and self.paused_at is None


class Clocks(NamedTuple):
    """A ticket's clocks, the last started of each; ``work`` is repair, public_minor or public_severe."""

    reply: ClockColumns | None = None
    work: ClockColumns | None = None
    rectify: ClockColumns | None = None

    @property
    def present(self) -> list[ClockColumns]:
        """The clocks that the ticket has."""
        return [clock for clock in self if clock is not None]


SLOTS = {ClockName.REPLY: "reply", ClockName.RECTIFY: "rectify"}


def clocks_of(s: TicketState) -> Clocks:
    """The clocks after the ticket's last event."""
    if s.occurred_at is None:
        return Clocks()
    found = latest(readings(s.timeline, s.kind, s.facility, s.occurred_at))
    return Clocks(**{SLOTS.get(reading.clock, "work"): _columns(reading, s, s.occurred_at) for reading in found})


def cycles_of(s: TicketState) -> Sequence[ClockColumns]:
    """Every clock that ever ran for the ticket, in the order of :func:`domain.rules.clocks.readings`."""
    at = s.occurred_at
    return () if at is None else tuple([_columns(reading, s, at) for reading in readings(s.timeline, s.kind, s.facility, at)])


def _columns(reading: Reading, s: TicketState, at: datetime) -> ClockColumns:
    if reading.status is not ClockStatus.PAUSED:
        return ClockColumns(reading.clock, reading.started_at, reading.due_at, None, reading.stopped_at)
    since = max(s.timeline.suspensions[-1].started_at, reading.started_at)
    return ClockColumns(reading.clock, reading.started_at, reading.due_at - (at - since), since, None)


def readings_at(clocks: Iterable[ClockColumns | None], moment: datetime) -> list[Reading]:
    """The readings of the clocks that are present."""
    return [clock.at(moment) for clock in clocks if clock is not None]


def next_due(clocks: Clocks) -> int:
    """The first due moment of a running clock, in microseconds; NEVER if none runs. Sorting by it puts overdue tickets first."""
    return min((micros(clock.due_at) for clock in clocks.present if clock.runs), default=NEVER)


def breach_at(clocks: Clocks) -> datetime | None:
    """The moment after which some clock reads breached if nothing happens; None if none will."""
    due = (c.due_at for c in clocks.present if c.runs or (c.stopped_at is not None and c.stopped_at > c.due_at))
    return min(due, default=None)


def runs_until(clocks: Clocks) -> datetime | None:
    """The moment up to which some clock reads running if nothing happens; None if none does."""
    return max((c.due_at for c in clocks.present if c.runs), default=None)


def is_paused(clocks: Clocks) -> bool:
    """Whether some clock is paused."""
    return any(c.paused_at is not None for c in clocks.present)
