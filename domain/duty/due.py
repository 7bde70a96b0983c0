"""Who was due at the desk by the roster, and when they came (D5 二, 八)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.duty.roster import Slot, month_of, roster_stream
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


def came(desk: Sequence[Any], login: str, start: datetime, upto: datetime) -> datetime | None:
    """When a person came for the duty that begins at ``start``, by the desk's events up to a moment; None: not by then.

    The officer, the stand-in and the person with the phone are at the desk. An officer who hands it over has left.
    """
    here: datetime | None = None
    before: DeskState | None = None
    for event in desk:
        if event.timestamp > upto:
            break
        after = apply(before, event)
        if event.timestamp > start and here is not None and here <= start and (_at_desk(before, login) or start - here <= EARLY):
            return here
        match event:
            case Desk.ShiftOpened() | Desk.ShiftHandedOver() | Desk.ShiftTakenOver() if _held(before) == login != _held(after):
                here = None
            case Desk.OfficerArrived(officer=officer, arrived_at=arrived) if officer == login:
                here = min(here or arrived, arrived)
            case _ if after.on_duty(login):
                here = here or event.timestamp
        before = after
    return here if here is not None and (here > start or _at_desk(before, login) or start - here <= EARLY) else None


def _held(desk: DeskState | None) -> str | None:
    return desk.shift.officer if desk is not None and desk.shift is not None else None


def _at_desk(desk: DeskState | None, login: str) -> bool:
    return desk is not None and desk.on_duty(login)
