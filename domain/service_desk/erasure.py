"""The use case of erasing a person (个人信息删除); it takes two people.

Each of the person's subjects gets an event of its own.
"""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import model_validator

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.command import TwoPersonCommand
from domain.approval.waiting import Waiting
from domain.household.register import RegisterKeeper
from domain.household.resident import ResidentState
from domain.kernel.aggregate import Folded, FoldedState, Meta, occurred
from domain.kernel.errors import Conflict, NotFound
from domain.kernel.ports import KeyDestroyer
from domain.kernel.request import Request
from domain.kernel.subject_file import SubjectFile, SubjectState
from domain.kernel.terms import ApprovalState
from domain.kernel.values import Code, TicketRef, Value
from domain.people.authority import Relation, Right, allow
from domain.people.directory import Directory
from domain.people.office import Office
from domain.service_desk.approved import refuse_complained_of
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets

ERASE: Literal["erase"] = "erase"


class Erase(Value):
    """Destroy the keys of a person (个人信息删除): the subject of a ticket, or a resident of the household register.

    This includes callers linked to the resident. ``reason`` is a code, because it stays readable.
    """

    ticket: TicketRef | None = None
    resident: UUID | None = None
    reason: Code

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ticket is None) is (self.resident is None):
            raise ValueError("give either a ticket or a resident")
        return self


class Erasure(TwoPersonCommand):
    """Requests an erasure, orders it once it is approved, and destroys the keys."""

    def __init__(self, office: Office, register: RegisterKeeper, keys: KeyDestroyer) -> None:
        self._office = office
        self._journal = office.journal
        self._asking = Asking(office)
        self._tickets = Tickets(office.journal)
        self._register = register
        self._keys = keys

    async def ask(self, command: Erase, request: Request) -> Waiting:
        """Request an erasure. Raises NotFound, NotAllowed."""
        return await self._journal.once(request.key, lambda: self._asked(command, request), self._asking.answered)

    def second_person(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> None:
        """Refuse a person whom the ticket complains of."""
        if isinstance(about, TicketState):
            refuse_complained_of(directory, about, case, login, self._office.clock.now())

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """The events that order a person's keys destroyed: for their own subject and for every linked caller's.

        The first event names the other subjects; those erased before are left out. Raises Conflict if none is left.
        """
        command = Erase.model_validate_json(text)
        subjects = await self._subjects(command, case)
        files = {subject: await self._journal.load(subject, SubjectState) for subject in subjects}
        living = {subject: file for subject, file in files.items() if file is None or file.erased_at is None}
        if not living:
            raise Conflict("subject", "already erased")
        first, *others = living
        said = {"community": case.community, "reason": command.reason, "ticket": case.stream, "resident": command.resident}
        return [
            occurred(
                SubjectFile.SubjectErased,
                subject,
                (file.version if file else 0) + 1,
                now,
                meta,
                together=tuple(others) if others and subject == first else None,
                **said,
            )
            for subject, file in living.items()
        ]

    async def finish(self, case: ApprovalCase) -> None:
        """Destroy the keys that an approved erasure orders destroyed.

        The key store is separate from the log, so one commit cannot include both. The order is written first and the keys are
        destroyed after it; if a process ends in between, the next repeat or the start of the next process destroys them.
        """
        if case.status is ApprovalState.APPROVED and case.result is not None:
            file = await self._journal.existing(case.result, SubjectState)
            for subject in (case.result, *file.together):
                await self._keys.erase(subject)

    async def _asked(self, command: Erase, request: Request) -> Waiting:
        directory = await self._office.directory.current(request.registry_version)
        stream = subject = None
        if command.ticket is not None:
            ticket = await self._tickets.load(await self._tickets.find(command.ticket))
            community, stream, subject = ticket.community, ticket.id, ticket.subject
        else:
            assert command.resident is not None
            community = (await self._resident(command.resident)).community
        roles = directory.roles(request.login, community, self._office.clock.now())
        if not roles:
            raise NotFound("ticket" if command.ticket is not None else "resident")
        allow(Right.ERASE, ERASE, roles, Relation())
        return await self._asking.ask(directory, Right.ERASE, ERASE, command, community, request, stream=stream, subject=subject)

    async def _subjects(self, command: Erase, case: ApprovalCase) -> tuple[UUID, ...]:
        """All subjects of the person: the ticket's or the resident's, with linked callers."""
        if command.resident is not None:
            return (await self._resident(command.resident)).subjects
        assert case.stream is not None
        about = (await self._tickets.load(case.stream)).subject
        assert about is not None
        person = (await self._register.members(case.community)).person_of(about)
        return tuple(dict.fromkeys((about, *(person.subjects if person else ()))))

    async def _resident(self, resident: UUID) -> ResidentState:
        state = await self._journal.load(resident, ResidentState)
        if state is None:
            raise NotFound("resident")
        return state
