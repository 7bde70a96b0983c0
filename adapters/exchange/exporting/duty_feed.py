"""A person's duties as an iCalendar feed (RFC 5545), for the calendar programs of telephones."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid5

from icalendar import Calendar, Event

from adapters.labels.labels import label
from domain.people.directory import Directory
from domain.people.staff import PersonState
from projections.duty.duty_coverage import DueRow

REFRESH = timedelta(hours=1)
"""The refresh interval that calendar programs are asked to keep."""


def duty_feed(person: PersonState, duties: Iterable[DueRow], directory: Directory) -> bytes:
    """A person's feed. A duty's UID holds the login: once the duty passes to another person, it disappears from this feed."""
    calendar = Calendar()
    calendar.add("prodid", "-//Gongdan//Duty roster//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"值班 {person.name}")
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for duty in duties:
        calendar.add_component(_event(duty, directory))
    return bytes(calendar.to_ical())


def _event(duty: DueRow, directory: Directory) -> Event:
    event = Event()
    event.add("uid", str(uuid5(duty.roster, f"{duty.day} {duty.period} {duty.login}")))
    event.add("dtstamp", duty.changed_at)
    event.add("last-modified", duty.changed_at)
    event.add("sequence", duty.version)
    event.add("dtstart", duty.starts_at)
    event.add("dtend", duty.until)
    event.add("summary", f"{label(duty.period)}值班 · {directory.community(duty.community).name}")
    event.add("location", "客户服务中心")
    event.add("transp", "OPAQUE")
    return event
