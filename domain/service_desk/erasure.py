"""Erasing somebody (个人信息删除): every subject that is the same person, each with an event of its own."""

from datetime import datetime
from uuid import UUID

from domain.approval.commands import Erase
from domain.household.resident import ResidentState
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import Conflict, NotFound
from domain.kernel.journal import Journal
from domain.kernel.subject_file import SubjectFile, SubjectState
from domain.service_desk.desk import ServiceDesk


async def erased(
    desk: ServiceDesk, command: Erase, community: str, ticket: UUID | None, at: datetime, meta: Meta
) -> list[Folded.Event]:
    """What orders the keys of a person destroyed: whom a ticket is about, or a resident, with every caller linked to them.

    The first event names the other subjects; those erased before are left out. Raises Conflict where nobody is left.
    """
    if command.resident is not None:
        subjects = (await resident_of(desk.journal, command.resident)).subjects
    else:
        assert ticket is not None
        about = (await desk.load(ticket)).subject
        assert about is not None
        person = (await desk.roll.members(community)).person_of(about)
        subjects = tuple(dict.fromkeys((about, *(person.subjects if person else ()))))
    files = {subject: await desk.journal.load(subject, SubjectState) for subject in subjects}
    living = {subject: file for subject, file in files.items() if file is None or file.erased_at is None}
    if not living:
        raise Conflict("subject", "was erased already")
    first, *others = living
    said = {"community": community, "reason": command.reason, "ticket": ticket, "resident": command.resident}
    return [
        occurred(
            SubjectFile.SubjectErased,
            subject,
            (file.version if file else 0) + 1,
            at,
            meta,
            together=tuple(others) if others and subject == first else None,
            **said,
        )
        for subject, file in living.items()
    ]


async def resident_of(journal: Journal, resident: UUID) -> ResidentState:
    """A person of a roll by id; NotFound where there is none."""
    state = await journal.load(resident, ResidentState)
    if state is None:
        raise NotFound("resident")
    return state
