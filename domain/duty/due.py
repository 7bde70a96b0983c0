"""Who was due at the desk by the roster, and when they came (D5 二, 八)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.duty.roster import Duty, RosterState, Slot, month_of, roster_stream
from domain.kernel.aggregate import apply
from domain.people.directory import Directory
from domain.people.post import Desk, DeskState
from domain.rules.duty_calendar import period_at

EARLY = timedelta(hours=4)
"""Who was here longer before a duty than this, and does not hold the desk as it begins, had come for something else."""


def slot_at(directory: Directory, community: str, moment: datetime) -> Slot:
    """The duty period that contains a moment."""
    span = period_at(moment, directory.zone(community), directory.policy_of(community).duty)
    return Slot(span.start.date(), span.period)


def roster_at(directory: Directory, community: str, moment: datetime) -> UUID:
    """The stream of the roster that says who is due at a moment."""
    return roster_stream(community, month_of(slot_at(directory, community, moment).date))


def beginnings(roster: RosterState) -> list[Duty]:
    """The duties for which somebody has to come: those that do not follow another of the same person, and count as ground."""
    before = (None, *roster.duties)
    return [
        duty
        for last, duty in zip(before, roster.duties, strict=False)
        if duty.is_ground and (last is None or last.until != duty.starts_at or last.login != duty.login)
    ]


def in_time(due: datetime, ahead: timedelta, outages: Iterable[tuple[datetime, datetime]]) -> datetime:
    """Until when something is in time that people do in the last ``ahead`` before ``due``.

    After an outage, during which no server could have recorded it, they have as long again.
    """
    latest = due
    for began, ended in sorted(outages):
        if began <= latest and ended > due - ahead:
            latest = max(latest, ended + ahead)
    return latest


@dataclass(frozen=True, slots=True)
class DeskHistory:
    """A desk's events in order, with its state after each."""

    moments: Sequence[datetime]
    events: Sequence[Any]
    states: Sequence[DeskState]

    @classmethod
    def of(cls, events: Iterable[Any]) -> "DeskHistory":
        """Fold a desk's events."""
        found, states = list(events), list[DeskState]()
        for event in found:
            states.append(apply(states[-1] if states else None, event))
        return cls([event.timestamp for event in found], found, states)

    def at(self, moment: datetime) -> DeskState | None:
        """The desk at a moment; None before its first event."""
        place = bisect_right(self.moments, moment)
        return self.states[place - 1] if place else None

    def is_empty(self, moment: datetime) -> bool:
        """Whether nobody holds the desk at a moment."""
        desk = self.at(moment)
        return desk is None or desk.shift is None

    def taken_after(self, moment: datetime) -> datetime | None:
        """When somebody next opened the desk after a moment; None: not yet."""
        later = range(bisect_right(self.moments, moment), len(self.events))
        return next((self.moments[i] for i in later if isinstance(self.events[i], Desk.ShiftOpened)), None)

    def came(self, login: str, start: datetime, upto: datetime) -> datetime | None:
        """When a person came for the duty that begins at ``start``, as recorded by ``upto``; None: not by then.

        The officer, the stand-in and the person with the phone are at the desk. An officer who hands it over has left.
        """
        earliest = start - EARLY
        at_desk = self.at(earliest)
        here = earliest if at_desk is not None and at_desk.on_duty(login) else None
        for place in range(bisect_right(self.moments, earliest), bisect_right(self.moments, upto)):
            event, before, after = self.events[place], self.states[place - 1] if place else None, self.states[place]
            if here is not None and here <= start < event.timestamp:
                return here
            match event:
                case Desk.OfficerArrived(officer=officer, arrived_at=arrived) if officer == login:
                    here = min(here or arrived, arrived)
                case Desk.ShiftOpened() | Desk.ShiftHandedOver() | Desk.ShiftTakenOver() if _officer(before) == login:
                    here = event.timestamp if _officer(after) == login else None
                case _ if after.on_duty(login):
                    here = here or event.timestamp
        return here


def _officer(desk: DeskState | None) -> str | None:
    return desk.shift.officer if desk is not None and desk.shift is not None else None
