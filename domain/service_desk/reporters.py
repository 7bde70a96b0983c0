"""The reporter of a new ticket: a caller, or a person of the household register (住户名册), whose data are filled in."""

from datetime import date
from uuid import UUID

from domain.household.resident import ResidentState
from domain.kernel.errors import invalid
from domain.kernel.journal import Journal
from domain.kernel.ports import Ids, PlainField
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry


async def reported(command: c.Receive | BackEntry, journal: Journal, today: date, ids: Ids) -> tuple[c.Receive | BackEntry, UUID]:
    """The command with its reporter filled in, and the subject of its texts.

    A caller gets a new subject; a resident has their own. If no place is given and the resident lives in one dwelling, the ticket
    is about that dwelling. Raises InvalidInput for someone who is not in the community's register, or was erased.
    """
    if command.reporter is None or command.reporter.resident_id is None:
        return command, ids.new()
    person = await journal.load(command.reporter.resident_id, ResidentState)
    if person is None or person.community != command.community or person.subject is None:
        raise invalid("/reporter/resident_id", f"no such resident in {command.community}")
    homes = [one for one in person.occupancies if one.current(today)] if command.location is None else []
    texts = [person.name, person.phone, *(one.number for one in homes)]
    fields = [(PlainField(person.id, text.version, text.name), text.value) for text in texts if text is not None]
    opened = iter(await journal.sealer.open(fields))
    name, phone, *numbers = [next(opened) if text is not None else None for text in texts]
    if name is None:
        raise invalid("/reporter/resident_id", "the resident was erased")
    at = [(one.place, number) for one, number in zip(homes, numbers, strict=True)]
    places = {c.Place(area=p.area, building=p.building, entrance=p.entrance, dwelling=number) for p, number in at}
    location = places.pop() if len(places) == 1 else command.location
    found = {"reporter": c.Reporter(name=name, phone=phone), "location": location}
    return command.model_copy(update=found), person.subject
