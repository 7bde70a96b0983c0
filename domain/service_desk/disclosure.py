"""The use case of disclosing a ticket's personal data to the police (公安机关查案, D2 duty 21); it takes two people."""

from datetime import datetime
from typing import Literal

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.command import TwoPersonCommand
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Folded, FoldedState, Meta, occurred
from domain.kernel.errors import Conflict, NotFound
from domain.kernel.request import Request
from domain.kernel.subject_file import SubjectFile, SubjectState
from domain.kernel.values import PoliceReference, TicketRef, Value
from domain.people.authority import Relation, Right, allow
from domain.people.directory import Directory
from domain.people.office import Office
from domain.service_desk.approved import refuse_complained_of
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets

DISCLOSE: Literal["disclose"] = "disclose"


class Disclose(Value):
    """Disclose a ticket's personal data to the police under their reference number (公安机关查案, D2 duty 21)."""

    ticket: TicketRef
    reference: PoliceReference


class Disclosure(TwoPersonCommand):
    """Requests a disclosure, and records it in the subject's file once it is approved."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal
        self._asking = Asking(office)
        self._tickets = Tickets(office.journal)

    async def ask(self, command: Disclose, request: Request) -> Waiting:
        """Request a disclosure. Raises NotFound, NotAllowed."""
        return await self._journal.once(request.key, lambda: self._asked(command, request), self._asking.answered)

    def second_person(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> None:
        """Refuse a person whom the ticket complains of."""
        assert isinstance(about, TicketState)
        refuse_complained_of(directory, about, case, login, self._office.clock.now())

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """The disclosure, as an event of the subject's stream. Raises Conflict if the subject was erased."""
        assert case.stream is not None
        ticket = await self._tickets.load(case.stream)
        assert ticket.subject is not None
        file = await self._journal.load(ticket.subject, SubjectState)
        if file is not None and file.erased_at is not None:
            raise Conflict("subject", "already erased")
        version = (file.version if file else 0) + 1
        said = {"community": case.community, "ticket": ticket.id, "reference": Disclose.model_validate_json(text).reference}
        return [occurred(SubjectFile.DisclosedToPolice, ticket.subject, version, now, meta, **said)]

    async def _asked(self, command: Disclose, request: Request) -> Waiting:
        directory = await self._office.directory.current(request.registry_version)
        ticket = await self._tickets.load(await self._tickets.find(command.ticket))
        roles = directory.roles(request.login, ticket.community, self._office.clock.now())
        if not roles:
            raise NotFound("ticket")
        allow(Right.DISCLOSE, DISCLOSE, roles, Relation())
        return await self._asking.ask(
            directory, Right.DISCLOSE, DISCLOSE, command, ticket.community, request, stream=ticket.id, subject=ticket.subject
        )
