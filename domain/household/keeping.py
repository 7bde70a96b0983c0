"""The use cases of the household register (住户名册): dwellings, people, moving in and out, keys, linked callers.

Administrators of the community may use them, and staff of the desk by the authority row "reclassify, check_item, link", which
also covers checking identities and handing over keys at a move-in.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from domain.household.commands import (
    AddDwelling,
    Address,
    CorrectContact,
    LinkCaller,
    MoveIn,
    MoveOut,
    ReceiveKeys,
    RegisterLine,
    RegisterResident,
)
from domain.household.dwelling import DwellingState
from domain.household.register import Members, RegisterKeeper
from domain.household.register_entry import RegisterEntry
from domain.household.register_lines import Entered
from domain.household.resident import Occupancy, Resident, ResidentState
from domain.kernel.aggregate import Folded, Meta, apply, occurred
from domain.kernel.errors import Conflict, NotFound, invalid
from domain.kernel.journal import decide_again
from domain.kernel.ports import PlainField
from domain.kernel.privacy import Personal, Text, normal_text
from domain.kernel.subject_file import SubjectState
from domain.people.administration import Administrator
from domain.people.office import Office
from domain.ticket.tickets import Tickets

Facts = list[tuple[type[Folded.Event], dict[str, Any]]]
"""Event classes for one person's stream, with the data of each."""
Change = Callable[[ResidentState, Members, date], Awaitable[Facts]]
"""Decides the events for a person, given the household register and the community's day."""


class Households:
    """The use cases of the household register."""

    def __init__(self, office: Office, register: RegisterKeeper, entry: RegisterEntry) -> None:
        self._office = office
        self._register = register
        self._entry = entry
        self._journal = office.journal
        self._tickets = Tickets(office.journal)

    # --- entering ---------------------------------------------------------------------------------------------------

    async def add_dwelling(self, command: AddDwelling, by: Administrator) -> DwellingState:
        """Add a dwelling. Raises Conflict if the register has its address."""
        await self._entry.authorise(command.community, [command.area], by)
        line = RegisterLine(**{name: getattr(command, name) for name in (*Address.model_fields, "area")})
        decided = await self._entry.one(command.community, line, by, lambda found: found.dwelling)
        if Entered.DWELLING not in decided.entered:
            raise Conflict("dwelling", f"{command.community} already has this dwelling", {"id": str(decided.dwelling)})
        return await self.dwelling(decided.dwelling)

    async def register(self, command: RegisterResident, by: Administrator) -> ResidentState:
        """Register a person with a dwelling of the register. Raises Conflict if the register has this person."""
        home = command.home
        dwelling = await self._at(command.community, home, "/home")
        await self._entry.authorise(command.community, [dwelling.area], by)
        said = {name: getattr(home, name) for name in MoveIn.model_fields}
        line = RegisterLine(name=command.name, phone=command.phone, **said)
        decided = await self._entry.one(command.community, line, by, lambda found: found.resident or found.dwelling)
        if decided.resident is None or not decided.entered:
            raise Conflict("resident", "this person is already registered", {"id": str(decided.resident)})
        version = max(event.originator_version for event in decided.events if event.originator_id == decided.resident)
        return await self._journal.load_at(decided.resident, version, ResidentState)

    # --- changing ---------------------------------------------------------------------------------------------------

    async def correct(self, resident: UUID, command: CorrectContact, by: Administrator) -> ResidentState:
        """Correct a person's name or phone. Earlier events keep the old text, sealed."""
        if command.name is None and command.phone is None:
            raise invalid("/name", "give a name, a phone, or both")

        async def change(person: ResidentState, _: Members, __: date) -> Facts:
            given = {"name": command.name, "phone": command.phone}
            texts = {name: _private(person, text) for name, text in given.items() if text is not None}
            return [(Resident.ContactCorrected, texts)]

        return await self._changed(resident, by, change)

    async def move_in(self, resident: UUID, command: MoveIn, by: Administrator) -> ResidentState:
        """入住.

        Raises InvalidInput if the register has no such dwelling, Conflict if the person has this tenure there already.
        """
        community = (await self.resident(resident)).community
        await self._entry.authorise(community, [None], by, what="resident", anywhere=True)
        dwelling = await self._at(community, command, "")

        async def change(person: ResidentState, _: Members, __: date) -> Facts:
            for one in await self._there(person, command):
                again = one.until is not None and command.since is not None and command.since > one.until
                if one.tenure is command.tenure and not again:
                    raise Conflict("resident", f"this person is already {one.tenure.value} there", {"occupancy": str(one.id)})
            occupancy = self._office.ids.new()
            facts: Facts = [
                (
                    Resident.MovedIn,
                    {
                        "occupancy": occupancy,
                        "tenure": command.tenure,
                        "building": dwelling.building,
                        "number": _private(person, command.dwelling),
                        "area": dwelling.area,
                        "entrance": dwelling.entrance,
                        "since": command.since,
                    },
                )
            ]
            if command.keys is not None:
                facts.append(_keys(occupancy, command.keys, command.since))
            return facts

        return await self._changed(resident, by, change, [dwelling.area])

    async def move_out(self, resident: UUID, command: MoveOut, by: Administrator) -> ResidentState:
        """迁出: end an occupancy. Raises Conflict if it has ended, InvalidInput if the last day is before the first."""

        async def change(person: ResidentState, _: Members, __: date) -> Facts:
            one = _occupancy(person, command.occupancy)
            if one.until is not None:
                raise Conflict("occupancy", f"it already ended on {one.until}")
            if one.since is not None and command.until < one.since:
                raise invalid("/until", f"must not be before the first day, {one.since}")
            return [(Resident.MovedOut, {"occupancy": one.id, "until": command.until})]

        return await self._changed(resident, by, change)

    async def receive_keys(self, resident: UUID, command: ReceiveKeys, by: Administrator) -> ResidentState:
        """锁匙交收: record further sets of keys, by default received today."""

        async def change(person: ResidentState, _: Members, today: date) -> Facts:
            one, on = _occupancy(person, command.occupancy), command.received_on or today
            if one.until is not None and one.until < on:
                raise Conflict("occupancy", f"it ended on {one.until}")
            return [_keys(one.id, command.keys, on)]

        return await self._changed(resident, by, change)

    async def link_caller(self, resident: UUID, command: LinkCaller, by: Administrator) -> ResidentState:
        """Link the caller of a ticket to this person.

        Raises Conflict if either subject was erased or the caller is linked already. The ticket's texts stay sealed under the
        caller's subject: a link never seals anything again, so it can be undone.
        """

        async def change(person: ResidentState, members: Members, _: date) -> Facts:
            ticket, caller = await self._caller(person, command.ticket)
            for subject in (caller, *person.subjects[:1]):
                file = await self._journal.load(subject, SubjectState)
                if file is not None and file.erased_at is not None:
                    raise Conflict("subject", "this person's data were erased")
            known = members.person_of(caller)
            if known is not None:
                raise Conflict("caller", "the caller is already linked to a resident", {"resident": str(known.id)})
            return [(Resident.CallerLinked, {"caller": caller, "ticket": ticket})]

        return await self._changed(resident, by, change)

    async def unlink_caller(self, resident: UUID, command: LinkCaller, by: Administrator) -> ResidentState:
        """Undo the link between a ticket's caller and this person."""

        async def change(person: ResidentState, _: Members, __: date) -> Facts:
            ticket, caller = await self._caller(person, command.ticket)
            if caller not in person.callers:
                raise Conflict("caller", "the caller is not linked to this person")
            return [(Resident.CallerUnlinked, {"caller": caller, "ticket": ticket})]

        return await self._changed(resident, by, change)

    # --- finding ----------------------------------------------------------------------------------------------------

    async def dwelling(self, dwelling: UUID) -> DwellingState:
        """Load a dwelling. Raises NotFound."""
        state = await self._journal.load(dwelling, DwellingState)
        if state is None:
            raise NotFound("dwelling")
        return state

    async def resident(self, resident: UUID) -> ResidentState:
        """Load a person. Raises NotFound."""
        state = await self._journal.load(resident, ResidentState)
        if state is None:
            raise NotFound("resident")
        return state

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _changed(
        self, resident: UUID, by: Administrator, change: Change, areas: Sequence[str | None] = ()
    ) -> ResidentState:
        """Decide a change to a person on the newest state, and write it; decide again after a lost race.

        Allowed to administrators, and to staff who may keep the register in one of the person's areas.
        """

        async def attempt() -> ResidentState:
            person = await self.resident(resident)
            belongs = [one.place.area for one in person.occupancies]
            directory = await self._entry.authorise(person.community, areas or belongs or [None], by, what="resident")
            if by.if_match is not None and by.if_match != person.version:
                raise await self._journal.stale(person.id, by.if_match, person.version)
            members = await self._register.members(person.community)
            now = self._office.clock.now()
            facts = await change(person, members, directory.day(person.community, now))
            meta = Meta(by.login, by.command_id, policy=directory.policy_of(person.community).version)
            events: list[Folded.Event] = []
            after = person
            for event, said in facts:
                events.append(occurred(event, person.id, after.version + 1, now, meta, **said))
                after = apply(after, events[-1])
            await self._entry.write(person.community, members.version, events, by, now, meta, answers_with=person.id)
            return await self._journal.load_at(person.id, after.version, ResidentState)

        return await decide_again(attempt)

    async def _at(self, community: str, address: Address, pointer: str) -> DwellingState:
        """Find the dwelling at an address. Raises InvalidInput."""
        members = await self._register.members(community)
        near = [one for one in members.dwellings.values() if (one.building, one.entrance) == (address.building, address.entrance)]
        for one, number in zip(near, await self._open([(one.id, one.number) for one in near]), strict=True):
            if number is not None and normal_text(number) == normal_text(address.dwelling):
                return one
        raise invalid(f"{pointer}/dwelling", f"{community} has no such dwelling; add it first")

    async def _there(self, person: ResidentState, address: Address) -> list[Occupancy]:
        """A person's present and past occupancies of a dwelling."""
        here = (address.building, address.entrance)
        near = [one for one in person.occupancies if (one.place.building, one.place.entrance) == here]
        numbers = await self._open([(person.id, one.number) for one in near])
        wanted = normal_text(address.dwelling)
        return [one for one, number in zip(near, numbers, strict=True) if number is not None and normal_text(number) == wanted]

    async def _open(self, texts: Sequence[tuple[UUID, Text | None]]) -> Sequence[str | None]:
        fields = [(PlainField(stream, text.version, text.name), text.value) for stream, text in texts if text is not None]
        return await self._journal.sealer.open(fields)

    async def _caller(self, person: ResidentState, ref: str) -> tuple[UUID, UUID]:
        """Find a ticket of the person's community, and the subject of its caller. Raises NotFound."""
        ticket = await self._tickets.load(await self._tickets.find(ref))
        if ticket.community != person.community or ticket.subject is None:
            raise NotFound("ticket")
        return ticket.id, ticket.subject


def _private(person: ResidentState, text: str) -> Personal:
    assert person.subject is not None
    return Personal(person.subject, text)


def _keys(occupancy: UUID, keys: int, received_on: date | None) -> tuple[type[Folded.Event], dict[str, Any]]:
    return Resident.KeysReceived, {"occupancy": occupancy, "keys": keys, "received_on": received_on}


def _occupancy(person: ResidentState, occupancy: UUID) -> Occupancy:
    found = person.occupancy(occupancy)
    if found is None:
        raise invalid("/occupancy", "this person has no such occupancy")
    return found
