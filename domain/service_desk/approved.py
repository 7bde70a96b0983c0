"""Ticket commands that waited for a second person (需第二人审批): receipts, back-entries and all steps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.approval.aggregate import ApprovalCase
from domain.approval.command import ANOTHER, TwoPersonCommand, approving
from domain.kernel.aggregate import FoldedState, Meta
from domain.kernel.terms import Trigger
from domain.people.directory import Directory
from domain.people.office import Office
from domain.service_desk.deciding import Deciding
from domain.service_desk.desk import BACK_ENTRY, contractor_of
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.decisions import Event
from domain.ticket.persons import NOT_COMPLAINED_OF
from domain.ticket.state import TicketState
from domain.ticket.tickets import Tickets


def refuse_complained_of(directory: Directory, ticket: TicketState, case: ApprovalCase, login: str, now: datetime) -> None:
    """Refuse a second person whom the ticket complains of."""
    if NOT_COMPLAINED_OF.concerns(ticket, Trigger.NOTE, login):  # they may not approve even a note
        roles = directory.roles(login, case.community, now)
        raise NOT_COMPLAINED_OF.refusal(approving(case.command), (held.role.value for held in roles), [ANOTHER])


class ApprovedReceipt(TwoPersonCommand):
    """A new ticket, received or back-entered, that was entered so late that it took two people."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._deciding = Deciding(office)

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Event]:
        """The ticket's events, at the moment judged at the request."""
        model = BackEntry if case.command == BACK_ENTRY else c.Receive
        subject = case.arguments.subject if case.arguments else self._office.ids.new()
        return self._deciding.new(directory, model.model_validate_json(text), case.occurred_at or now, meta, subject)


class ApprovedStep(TwoPersonCommand):
    """A step on a ticket, decided on the ticket's state at the approval."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._tickets = Tickets(office.journal)
        self._deciding = Deciding(office)

    def second_person(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> None:
        """Refuse a person whom the ticket complains of."""
        assert isinstance(about, TicketState)
        refuse_complained_of(directory, about, case, login, self._office.clock.now())

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Event]:
        """The step's events, at the moment judged at the request, or now."""
        assert case.stream is not None
        state = await self._tickets.load(case.stream)
        command = c.COMMANDS[Trigger(case.command)].model_validate_json(text)
        at = case.occurred_at or max(now, state.occurred_at or now)
        return await self._deciding.on(directory, state, command, at, replace(meta, on_behalf_of=contractor_of(state, command)))


def ticket_commands(office: Office) -> Mapping[str, TwoPersonCommand]:
    """The service desk's commands that may wait for a second person, by name."""
    step, receipt = ApprovedStep(office), ApprovedReceipt(office)
    steps: dict[str, TwoPersonCommand] = {trigger.value: step for trigger in c.COMMANDS}
    return {**steps, Trigger.RECEIVE.value: receipt, BACK_ENTRY: receipt}
