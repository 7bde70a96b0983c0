"""Play courses in the order of time, each step through the use cases of the server. A refusal is an error here."""

import heapq
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from adapters.simulation.company.site import Site
from adapters.simulation.courses import steps
from adapters.simulation.courses.steps import STALE, Course, Deed, Step
from domain.approval.waiting import Waiting
from domain.duty.handover_sheet import StaleSheet
from domain.kernel.errors import Refusal
from domain.kernel.request import Request
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.state import TicketState


@dataclass(order=True)
class _Due:
    at: datetime
    order: int
    site: Site = field(compare=False)
    course: Course = field(compare=False)
    step: Step = field(compare=False)


class Player:
    """Agenda of the courses' next steps, carried out in the order of their moments."""

    def __init__(self, gongdan: Gongdan) -> None:
        self.gongdan = gongdan
        self._agenda: list[_Due] = []
        self._order = 0

    def begin(self, site: Site, course: Course) -> None:
        """Begin a course: take its first step into the agenda."""
        self._advance(site, course, None, None)

    @property
    def next_at(self) -> datetime | None:
        """The moment of the next step; None when all courses have ended."""
        return self._agenda[0].at if self._agenda else None

    def request(self, login: str) -> Request:
        """Make the request of a step's command."""
        return Request(login, self.gongdan.ids.new())

    async def step(self, *, refusals: bool = False) -> Refusal | None:
        """Carry out the next step without reading the clock.

        ``refusals``: end the course of a refused step and return the Refusal, instead of raising it.
        """
        due = heapq.heappop(self._agenda)
        due.site.now = due.at
        try:
            outcome = await self._do(due.site, due.step)
        except Refusal as refusal:
            if not refusals:
                refusal.add_note(f"at {due.at.astimezone(due.site.zone):%m-%d %H:%M:%S}: {due.step}")
                raise
            due.course.close()
            return refusal
        self._advance(due.site, due.course, outcome, due.at)
        return None

    def _advance(self, site: Site, course: Course, outcome: Any, at: datetime | None) -> None:
        try:
            step = course.send(outcome)
        except StopIteration:
            return
        self._order += 1
        due = step.at if at is None else max(step.at, at)
        heapq.heappush(self._agenda, _Due(due, self._order, site, course, step))

    async def _do(self, site: Site, step: Step) -> Any:
        deed: Deed = step.do() if callable(step.do) else step.do
        if isinstance(deed, steps.Wait):
            return None
        if isinstance(deed, steps.Begin):
            self.begin(site, deed.course)
            return None
        who = step.who() if callable(step.who) else step.who
        outcome = await self._carried_out(site, who, deed)
        if isinstance(outcome, Done):
            site.note(outcome.state)
            site.received += isinstance(deed, steps.Receive) + len(outcome.opened)
            for opened in outcome.opened:
                site.note(await self.gongdan.desk.load(opened))
        return outcome

    async def _carried_out(self, site: Site, who: str, deed: Any) -> Done | Waiting | Any:
        gongdan, request = self.gongdan, self.request(who)
        match deed:
            case steps.Receive(command, occurred_at):
                asked = replace(request, occurred_at=occurred_at)
                if isinstance(command, BackEntry):
                    return await gongdan.desk.back_enter(command, asked)
                return await gongdan.desk.receive(command, asked)
            case steps.Act(ticket, command, occurred_at, offline):
                return await gongdan.desk.act(str(ticket), command, replace(request, occurred_at=occurred_at, offline=offline))
            case steps.Keep(ticket, file_name, text):
                return await gongdan.desk.act(str(ticket), await self._kept(ticket, file_name, text), request)
            case steps.Ask(of):
                return await of(gongdan, request)
            case steps.Approve(approval):
                answer = await gongdan.approvals.approve(approval, request)
                about = await gongdan.journal.load(answer.case.stream, TicketState) if answer.case.stream is not None else None
                if about is not None:
                    site.note(about)
                return answer
            case _:
                return await self._on_duty(site, deed, request)

    async def _on_duty(self, site: Site, deed: Any, request: Request) -> Any:
        duty = self.gongdan.duty
        if isinstance(deed, steps.OpenDesk):
            opened = await duty.open(site.estate.code, request)
            site.officer, site.shift = request.login, opened.state.id
            return opened
        if isinstance(deed, steps.Review):
            urged = [str(ticket) for ticket in deed.urge]
            read = await duty.review(deed.shift, request, remarks=deed.remarks, urge=urged, message=deed.message)
            for ticket in deed.urge:
                site.note(await self.gongdan.desk.load(ticket))
            return read
        shift = site.shift
        assert shift is not None, "nobody holds the desk"
        match deed:
            case steps.Extend():
                return await duty.extend(shift, request)
            case steps.LogLine(text, about):
                return await duty.log(shift, text, None if about is None else str(about), request)
            case steps.Substitute(stand_in):
                done = await duty.substitute(shift, stand_in, request)
                site.stand_in = stand_in
                return done
            case steps.ReturnToPost():
                done = await duty.return_to_post(shift, request)
                site.stand_in, site.leaving = None, False
                return done
            case steps.SwitchPhone(answered_by):
                done = await duty.switch_phone(shift, answered_by, request)
                site.phone_with = answered_by
                return done
            case steps.Arrive():
                return await duty.arrive(shift, request)
            case steps.TakeOver(reason):
                done = await duty.take_over(shift, reason, request)
                self._ended(site, shift)
                return done
            case steps.PrepareSheet(equipment, records, remarks):
                return await duty.prepare_handover(shift, request, equipment=dict(equipment), records=records, remarks=remarks)
            case steps.Dispute(reason):
                return await duty.dispute(shift, reason, request)
            case _:
                return await self._signed(site, shift, deed, request)

    async def _signed(self, site: Site, shift: UUID, deed: Any, request: Request) -> Any:
        duty = self.gongdan.duty
        try:
            if isinstance(deed, steps.SignOut):
                return await duty.sign_out(shift, request)
            assert isinstance(deed, steps.SignIn)
            signed = await duty.sign_in(shift, request)
        except StaleSheet:
            return STALE
        self._ended(site, shift)
        site.officer, site.shift = request.login, signed.state.next_shift
        return signed

    @staticmethod
    def _ended(site: Site, shift: UUID) -> None:
        site.ended.append(shift)
        site.officer = site.shift = site.stand_in = site.phone_with = None
        site.leaving = False

    async def _kept(self, ticket: UUID, file_name: str, text: str) -> c.Attach:
        state = await self.gongdan.desk.load(ticket)
        assert state.subject is not None

        async def content() -> AsyncIterator[bytes]:
            yield text.encode()

        kept = await self.gongdan.attachments.store(state.subject, ticket, content(), "text/plain")
        return c.Attach(name=kept.name, content_type=kept.content_type, size=kept.size, file_name=file_name)
