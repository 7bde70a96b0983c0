"""Beside the courses: several clients at one ticket, repeats, erasures, rights that come and go, rebuilds, imports."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from adapters.simulation.company.site import Site
from adapters.store.keys.master_key import RotationRunning
from domain.finding import commands as findings
from domain.kernel.errors import NotAllowed, NotFound, Overloaded, Refusal
from domain.kernel.ports import PlainField
from domain.kernel.privacy import Private
from domain.kernel.request import Request
from domain.kernel.sealing import seal_fields
from domain.kernel.terms import (
    CancelReason,
    Channel,
    EscalationLevel,
    Facility,
    FollowUpMethod,
    Kind,
    LinkRelation,
    Role,
    SuspendReason,
    WaiveReason,
)
from domain.people.administration import Administrator
from domain.service_desk.erasure import Erase
from domain.service_desk.importing import ForeignCase, ForeignFile
from domain.service_desk.importing import Happening as Entry
from domain.ticket import commands as c
from tests.seeds.clients import Clients, Sent
from tests.seeds.cluster import Lost

Act = Callable[[], Awaitable[None]]


@dataclass(eq=False)
class Mischief:
    """What clients do at the tickets of one site."""

    clients: Clients
    random: Random
    site: Site
    tickets: list[UUID] = field(default_factory=list)
    erased: dict[UUID, UUID] = field(default_factory=dict)
    imported: int = 0
    administering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def go_on(self, times: int) -> None:
        """Do one thing after the other, at most so many ``times``."""
        acts: list[tuple[Act, int]] = [
            (self.receive, 10), (self.act, 30), (self.note_on_any, 8), (self.repeat, 12), (self.erase, 3), (self.read, 6),
            (self.finding, 4), (self.rights, 4), (self.take_in, 2),
            (self.rebuild, 1), (self.stop_a_server, 1), (self.rotate_keys, 1),
        ]  # fmt: skip
        for _ in range(times):
            await asyncio.sleep(self.random.expovariate(1 / 0.03))
            [act] = self.random.choices([act for act, _ in acts], [weight for _, weight in acts])
            with suppress(Refusal):
                await act()

    # --- tickets --------------------------------------------------------------------------------------------------

    async def receive(self) -> None:
        """Receive a ticket of a new caller."""
        number = self.random.randrange(10_000)
        reporter = c.Reporter(name=f"来电人{number:04}", phone=f"1390013{number:04}")
        location = c.Place(area=self.random.choice(self.site.estate.homes), public_place="大堂")
        command = c.Receive(
            community=self.site.estate.code,
            channel=Channel.PHONE,
            description=f"第{number}号来电：灯不亮",
            location=location,
            reporter=reporter,
        )
        done = await self.clients.send(self._anybody(), "receive", lambda g, asked: g.desk.receive(command, asked))
        self.tickets.append(done.state.id)

    async def act(self) -> None:
        """Take a step on a ticket that others work on too; it may well be refused."""
        if not self.tickets:
            await self.receive()
            return
        ticket = self.random.choice(self.tickets[-6:])
        command = self._command()
        name = command.trigger.value
        await self.clients.send(self._anybody(), name, lambda g, asked: g.desk.act(str(ticket), command, asked))

    async def note_on_any(self) -> None:
        """Write a note on a ticket that a course works on."""
        if self.site.open:
            ticket = self.random.choice(list(self.site.open))
            command = c.Note(text=f"住户再次来电 {self.random.randrange(1000)}")
            await self.clients.send(self._manager(), "note", lambda g, asked: g.desk.act(str(ticket), command, asked))

    def _command(self) -> c.Command:
        random = self.random
        technician = random.choice(self.site.estate.of(Role.TECHNICIAN)).login
        later = self.site.now + timedelta(hours=random.randint(1, 30))
        return random.choice(
            [
                c.Classify(kind=Kind.REPAIR, facility=Facility.PUBLIC_MINOR, category="lighting"),
                c.Classify(kind=random.choice((Kind.ENQUIRY, Kind.COMPLAINT, Kind.ASSISTANCE))),
                c.Dispatch(assignee=technician),
                c.Reassign(assignee=technician),
                c.Accept(),
                c.Start(),
                c.Suspend(reason=SuspendReason.AWAITING_PARTS),
                c.Resume(),
                c.Complete(resolution="已更换灯管"),
                c.Settle(resolution="已当面解释"),
                c.FollowUp(satisfied=random.random() < 0.7, rating=5, method=FollowUpMethod.PHONE),
                c.Reopen(reason="又坏了"),
                c.Cancel(reason=CancelReason.WITHDRAWN),
                c.Reply(message="已安排师傅上门"),
                c.Schedule(appointment_at=later),
                c.Escalate(reason="多次报修", level=EscalationLevel.SUPERVISOR),
                c.Urge(message="请尽快处理"),
                c.Note(text="门禁卡一并检查"),
                c.LinkTicket(ticket=str(random.choice(self.tickets)), relation=LinkRelation.FOLLOWS_FROM),
                c.ApproveMajorWorks(agreed_due_at=later + timedelta(days=9), reason="整栋换线"),
            ]
        )

    # --- repeats --------------------------------------------------------------------------------------------------

    async def repeat(self) -> None:
        """Send a command again that was acknowledged, as a client does that did not hear of it."""
        known = [one for one in self.clients.sent[-40:] if one.is_acknowledged and one.name not in SEVERAL and one.name.islower()]
        if known:
            await self.clients.repeat(self.random.choice(known))

    # --- two people -----------------------------------------------------------------------------------------------

    async def erase(self) -> None:
        """Erase the caller of a ticket, by two people; afterwards no server shows what the caller said."""
        ticket = self.random.choice(self.tickets) if self.tickets else None
        if ticket is None or ticket in self.erased:
            return
        director = self._one(Role.DIRECTOR)
        officer = self._one(Role.PRIVACY_OFFICER)
        command = Erase(ticket=str(ticket), reason="request")
        asked = await self.clients.send(director, "erase", lambda g, request: g.erasure.ask(command, request))
        case = asked.case.id
        await self.look(ticket)
        await self.clients.send(officer, "approve", lambda g, request: g.approvals.approve(case, request))
        self.erased[ticket] = case
        await self.look(ticket)

    async def look(self, ticket: UUID) -> None:
        """Read a ticket's texts on each server; those of an erased caller must be gone."""
        for server in self.clients.cluster.serving():
            gone = ticket in self.erased
            try:
                over_http = self.random.random() < 0.5
                texts = await server.call(lambda g, look=over_http: personal_texts(g, ticket, look=look))  # type: ignore[misc]
            except (Lost, Overloaded):
                continue
            if gone:
                assert not any(texts), f"{server.name} still shows an erased caller's words"

    # --- findings -------------------------------------------------------------------------------------------------

    async def finding(self) -> None:
        """Record a finding, and confirm or waive it."""
        command = findings.RecordFinding(
            community=self.site.estate.code, item=str(self.random.randint(1, 20)), date=_day(self.site), note="巡查发现"
        )
        supervisor, director = self._one(Role.SUPERVISOR), self._one(Role.DIRECTOR)
        recorded = await self.clients.send(supervisor, "record", lambda g, asked: g.findings.record(command, asked))
        finding = recorded.state.id
        decision: findings.FindingCommand = findings.WaiveFinding(reason=WaiveReason.OTHER, note="首次提醒")
        if self.random.random() < 0.5:
            decision = findings.ConfirmFinding()
        await self.clients.send(director, "decide", lambda g, asked: g.findings.act(finding, decision, asked))

    # --- rights ---------------------------------------------------------------------------------------------------

    async def rights(self) -> None:
        """Disable the auditor and enable them again; each is effective at once, on every server."""
        login = self._one(Role.AUDITOR)
        async with self.administering:
            await self.clients.send("operator", "disable", lambda g, asked: g.administration.disable(login, _operator(asked)))
            await self._may(login, False)
            await self.clients.send("operator", "enable", lambda g, asked: g.administration.enable(login, _operator(asked)))
            await self._may(login, True)

    async def _may(self, login: str, expected: bool) -> None:
        ticket = self.tickets[0] if self.tickets else None
        if ticket is None:
            return
        for server in self.clients.cluster.serving():
            try:
                await server.call(lambda g: g.inquiries.ticket(login, str(ticket), personal=False))
                may = True
            except (NotFound, NotAllowed):
                may = False
            except (Lost, Overloaded):
                continue
            assert may is expected, f"on {server.name} {login} {'may' if may else 'may not'} read"

    # --- operators ------------------------------------------------------------------------------------------------

    async def rebuild(self) -> None:
        """Rebuild a read model while it is followed; Overloaded: another process rebuilds it, since this one was suspended."""
        server = await self.clients.cluster.any()

        async def rebuilt(gongdan: Gongdan) -> str:
            status = self.random.choice(await gongdan.projections.status())
            await gongdan.projections.rebuild(status.name)
            return status.name

        try:
            name = await asyncio.wait_for(server.call(rebuilt), 20)
        except (Lost, Overloaded, TimeoutError) as trouble:
            self.clients.trace.note(f"rebuild: {type(trouble).__name__}")
        else:
            self.clients.trace.note(f"rebuild {name}")

    async def rotate_keys(self) -> None:
        """Rotate the master key."""
        server = await self.clients.cluster.any()
        try:
            await server.call(lambda g: g.keys.rotate_master())
        except (Lost, Overloaded, RotationRunning) as trouble:
            self.clients.trace.note(f"rotate: {type(trouble).__name__}")
        else:
            self.clients.trace.note("rotate")

    async def take_in(self) -> None:
        """Import a foreign file, again where it was interrupted; no case goes in twice."""
        self.imported += 1
        code, now = self.site.estate.code, self.site.now
        director, supervisor = self._one(Role.DIRECTOR), self._one(Role.SUPERVISOR)
        file = ForeignFile(code, f"file {self.imported}", f"{self.imported:064x}", "sample", "0" * 64)
        receive = c.Receive(community=code, channel=Channel.PHONE, description="旧台账", reporter=c.Reporter(name="旧住户"))
        entry = Entry("Created", now - timedelta(days=40), (), c.Note(text="旧台账备注"))
        cases = [ForeignCase(f"{self.imported}-{case}", case, (entry,), receive) for case in range(1, 4)]

        async def taken(gongdan: Gongdan) -> list[Any]:
            begun = await gongdan.imports.begin(file, supervisor, director)
            return [await begun.take([case]) for case in cases]

        for _ in range(30):
            server = await self.clients.cluster.any()
            try:
                outcomes = await server.call(taken)
            except (Lost, Overloaded):
                await asyncio.sleep(0.2)
            else:
                verdicts = [outcome.verdict.value for batch in outcomes for outcome in batch]
                self.clients.trace.note(f"import {self.imported}: {verdicts}")
                assert "refused" not in verdicts, outcomes
                return

    async def stop_a_server(self) -> None:
        """Stop a server as SIGTERM does."""
        server = await self.clients.cluster.any()
        self.clients.trace.note(f"stop {server.name}")
        server.stopping.set()

    async def read(self) -> None:
        """Read after writing: what was acknowledged is there on each server, and in the read models that waited for it."""
        known = [one for one in self.clients.sent[-20:] if one.is_acknowledged and one.name == "receive"]
        if not known:
            return
        command = self.random.choice(known)
        server = await self.clients.cluster.any()
        try:
            await server.call(lambda g: seen(g, command))
        except (Lost, Overloaded) as trouble:
            self.clients.trace.note(f"read: {type(trouble).__name__}")

    # --- people ---------------------------------------------------------------------------------------------------

    def _anybody(self) -> str:
        roles = (Role.ASSISTANT, Role.SUPERVISOR, Role.DIRECTOR, Role.TECHNICIAN)
        return self.random.choice(self.site.estate.of(self.random.choices(roles, (4, 3, 2, 3))[0])).login

    def _manager(self) -> str:
        return self._one(Role.SUPERVISOR)

    def _one(self, role: Role) -> str:
        return self.site.estate.of(role)[0].login


SEVERAL = ("disable", "enable")
"""Commands whose repeats the use case leaves to its caller, who answers with the record."""


def _day(site: Site) -> date:
    return site.now.astimezone(site.zone).date()


def _operator(asked: Request) -> Administrator:
    return Administrator("operator", asked.command_id, operator=True, key=asked.key)


async def personal_texts(gongdan: Gongdan, ticket: UUID, *, look: bool = False) -> list[str | None]:
    """The texts that belong to the ticket's caller, opened; None where the key is gone. ``look``: as a request over HTTP does."""
    state = await gongdan.desk.load(ticket)
    stored = await gongdan.store.read_stream(ticket)
    fields: list[tuple[PlainField, Private]] = [
        (PlainField(one.stream_id, one.version, name), text)
        for one in stored
        for name, text in seal_fields(gongdan.journal.codec.decode(one))
        if text.subject == state.subject
    ]
    if look:
        version = await gongdan.store.registry_version()
        return list(await gongdan.sealer.open(fields, as_of=version))
    return list(await gongdan.sealer.open(fields))


async def seen(gongdan: Gongdan, command: Sent) -> None:
    """A received ticket: at least as far as was answered, and in the directory of tickets."""
    done = command.answer
    state = await gongdan.desk.load(done.state.id)
    assert state.version >= done.state.version, "an acknowledged event is not there"
    if await gongdan.projections.wait_for("ticket_directory", done.position, 5.0):
        row = await gongdan.projections.ticket(done.state.id)
        assert row is not None, "a ticket that the read model has passed is not in it"
