"""Deciding (受理判定): the events of a ticket command, after checking the people and things it names."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.kernel.aggregate import Meta
from domain.kernel.errors import invalid
from domain.kernel.ports import PlainField
from domain.people.directory import Directory
from domain.people.office import ASSIGNABLE, Office
from domain.service_desk.openings import policy_in_force
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry, steps_of
from domain.ticket.decisions import Circumstances, Event, assignee_of, decide, decide_back_entry
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets


class Deciding:
    """Gathers a command's circumstances and decides it; writes nothing."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._tickets = Tickets(office.journal)

    async def on(self, directory: Directory, state: TicketState, command: c.Command, at: datetime, meta: Meta) -> list[Event]:
        """The events of a command on a ticket."""
        community = state.community
        if isinstance(command, c.Dispatch | c.Reassign):
            directory.check_assignee(community, assignee_of(command), ASSIGNABLE, at)
        if isinstance(command, c.Classify | c.JudgeComplaint):
            directory.check_people(community, command.complained_of, "/complained_of", at)
        if isinstance(command, c.Correct) and command.field == "location.area" and command.value is not None:
            _check_area(directory, community, command.value, "/value")
        tickets: dict[str, UUID] = {}
        ref = command.ticket if isinstance(command, c.LinkTicket) else getattr(command, "duplicate_of", None)
        if ref is not None:
            other = await self._tickets.of_community(ref, community)
            tickets = {ref: other.id} if other else {}
        circumstances = self._circumstances(directory, community, at, meta, tickets, state.id, state.subject or state.id)
        if isinstance(command, c.CheckItem) and command.defects:
            circumstances = replace(circumstances, household=await self._household(state))
        return decide(state, command, circumstances)

    def new(self, directory: Directory, command: c.Receive | BackEntry, at: datetime, meta: Meta, subject: UUID) -> list[Event]:
        """The events of a new ticket whose texts belong to ``subject``."""
        self._check_new(directory, command, at)
        x = self._circumstances(directory, command.community, at, meta, {}, self._office.ids.new(), subject)
        if isinstance(command, BackEntry):
            return decide_back_entry(steps_of(command, at), x)
        return decide(None, command, x)

    async def _household(self, state: TicketState) -> dict[str, str]:
        """The reporter and dwelling, opened, because they are sealed again for each ticket opened for a defect."""
        named = [(name, getattr(state, name)) for name in ("dwelling", "reporter_name", "reporter_phone")]
        texts = [(name, text) for name, text in named if text is not None]
        fields = [(PlainField(state.id, text.version, text.name), text.value) for _, text in texts]
        opened = await self._office.journal.sealer.open(fields)
        return {name: clear for (name, _), clear in zip(texts, opened, strict=True) if clear is not None}

    def _circumstances(
        self,
        directory: Directory,
        community: str,
        at: datetime,
        meta: Meta,
        tickets: dict[str, UUID],
        ticket_id: UUID,
        subject: UUID,
    ) -> Circumstances:
        in_force, prices = policy_in_force(directory, community, at), directory.prices_of(community)
        return Circumstances(in_force, meta, self._office.ids, prices, tickets, ticket_id, subject)

    def _check_new(self, directory: Directory, command: c.Receive | BackEntry, at: datetime) -> None:
        community = command.community
        if command.location and command.location.area is not None:
            _check_area(directory, community, command.location.area, "/location/area")
        directory.check_people(community, command.complained_of, "/complained_of", at)
        if isinstance(command, BackEntry):
            now = self._office.clock.now()
            for name in ("classified", "dispatched", "completed"):
                then = getattr(command, name)
                if then is not None and then.occurred_at > now:
                    raise invalid(f"/{name}/occurred_at", f"must not be in the future; now is {now.isoformat()}")
            directory.check_assignee(community, assignee_of(command.dispatched), ASSIGNABLE, at)
            directory.check_people(community, command.classified.complained_of, "/classified/complained_of", at)


def _check_area(directory: Directory, community: str, area: str, pointer: str) -> None:
    areas = directory.community(community).areas
    if area not in areas:
        raise invalid(pointer, f"no such area in {community}; areas: {', '.join(areas) or 'none'}")
