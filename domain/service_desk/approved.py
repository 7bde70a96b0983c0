"""Ticket commands that waited for a second person (需第二人审批): receipts, back-entries and every step."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.approval.aggregate import ApprovalCase
from domain.approval.command import ANOTHER, TwoPersonCommand, approving
from domain.kernel.aggregate import Meta
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


def refuse_complained_of(ticket: TicketState, case: ApprovalCase, login: str) -> None:
    """Refuse a second person the ticket complains of."""
    if NOT_COMPLAINED_OF.concerns(ticket, Trigger.NOTE, login):  # not even a note is approved by them
        raise NOT_COMPLAINED_OF.refusal(approving(case.command), [login], [ANOTHER])


class ApprovedReceipt(TwoPersonCommand):
    """A new ticket, received or back-entered, whose entry was so late that it took two."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._deciding = Deciding(office)

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Event]:
        """The events of the ticket, at the moment judged at the request."""
        model = BackEntry if case.command == BACK_ENTRY else c.Receive
        subject = case.arguments.subject if case.arguments else self._office.ids.new()
        return self._deciding.new(directory, model.model_validate_json(text), case.occurred_at or now, meta, subject)


class ApprovedStep(TwoPersonCommand):
    """One step on a ticket, decided on the state the ticket has by now."""

    def __init__(self, office: Office) -> None:
        self._tickets = Tickets(office.journal)
        self._deciding = Deciding(office)

    async def second_person(self, directory: Directory, case: ApprovalCase, login: str) -> None:
        """Refuse somebody the ticket complains of."""
        assert case.stream is not None
        refuse_complained_of(await self._tickets.load(case.stream), case, login)

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Event]:
        """The events of the step, at the moment judged at the request, or now."""
        assert case.stream is not None
        state = await self._tickets.load(case.stream)
        command = c.COMMANDS[Trigger(case.command)].model_validate_json(text)
        at = case.occurred_at or max(now, state.occurred_at or now)
        return await self._deciding.on(directory, state, command, at, replace(meta, on_behalf_of=contractor_of(state, command)))


def ticket_commands(office: Office) -> Mapping[str, TwoPersonCommand]:
    """The commands of the service desk that may wait for a second person, by the name their approvals bear."""
    step, receipt = ApprovedStep(office), ApprovedReceipt(office)
    steps: dict[str, TwoPersonCommand] = {trigger.value: step for trigger in c.COMMANDS}
    return {**steps, Trigger.RECEIVE.value: receipt, BACK_ENTRY: receipt}
