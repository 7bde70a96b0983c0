"""Who holds the desk (值班): opening a shift where nobody does, standing in, a supervisor's taking over (D1 4.1, D5 六)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.aggregate import Folded, Meta, occurred
from domain.authority import Need, Relation, Right, denied, weigh
from domain.desk import Desk, DeskState, desk_stream
from domain.directory import Directory, DirectoryKeeper
from domain.duty_calendar import period_at
from domain.errors import Conflict, NotFound, Overloaded, RuleRefused, invalid
from domain.journal import Belonging, Journal
from domain.ports import Clock, Ids, VersionConflict
from domain.requests import Request
from domain.service_desk import TRIES
from domain.terms import Role

POSTS = (Role.ASSISTANT, Role.TECHNICIAN, Role.CONTROL_ROOM)
"""Roles that hold the desk as its officer; security only stands in (D5 六)."""

Decision = Callable[[Directory, DeskState | None, datetime, Meta], Folded.Event]


class DutyDesk:
    """Opens, hands over to a stand-in, and ends shifts."""

    def __init__(self, journal: Journal, directory: DirectoryKeeper, clock: Clock, ids: Ids) -> None:
        self._journal, self._directory, self._clock, self._ids = journal, directory, clock, ids

    async def open(self, community: str, request: Request) -> DeskState:
        """上岗: take the desk where nobody holds it."""

        def decide(directory: Directory, desk: DeskState | None, at: datetime, meta: Meta) -> Folded.Event:
            roles = directory.roles(request.login, community, at)
            if not any(held.role in POSTS for held in roles):
                raise denied(Right.SHIFT, "open", roles)
            if desk is not None and desk.shift is not None:
                raise Conflict("shift", f"{desk.shift.officer} holds the desk", {"officer": desk.shift.officer})
            span = period_at(at, directory.zone(community), directory.policy_of(community).duty)
            return self._event(community, desk, Desk.ShiftOpened, at, meta, officer=request.login, period=span.period)

        return await self._do(community, request, decide)

    async def substitute(self, community: str, stand_in: str, request: Request) -> DeskState:
        """代值: the officer leaves for an emergency and somebody stands in."""

        def decide(directory: Directory, desk: DeskState | None, at: datetime, meta: Meta) -> Folded.Event:
            self._officer(directory, desk, community, request.login, "substitute", at)
            if not directory.roles(stand_in, community, at) or stand_in == request.login:
                raise invalid("/stand_in", "somebody else who works in this community stands in")
            return self._event(community, desk, Desk.OfficerSubstituted, at, meta, stand_in=stand_in)

        return await self._do(community, request, decide)

    async def return_to_post(self, community: str, request: Request) -> DeskState:
        """The officer is back."""

        def decide(directory: Directory, desk: DeskState | None, at: datetime, meta: Meta) -> Folded.Event:
            state = self._officer(directory, desk, community, request.login, "return_to_post", at)
            if state.shift is None or state.shift.stand_in is None:
                raise RuleRefused("stood_in_for", "D5 六", "nobody stands in for the officer")
            return self._event(community, desk, Desk.OfficerReturned, at, meta)

        return await self._do(community, request, decide)

    async def take_over(self, community: str, reason: str, request: Request) -> DeskState:
        """A supervisor or director ends the shift; the desk is open to be taken."""

        def decide(directory: Directory, desk: DeskState | None, at: datetime, meta: Meta) -> Folded.Event:
            roles = directory.roles(request.login, community, at)
            if weigh(Right.TAKE_OVER, roles, Relation()) is None:
                raise denied(Right.TAKE_OVER, "take_over", roles)
            if desk is None or desk.shift is None:
                raise Conflict("shift", "nobody holds the desk")
            return self._event(community, desk, Desk.ShiftTakenOver, at, meta, reason=reason)

        return await self._do(community, request, decide)

    async def holder(self, community: str, login: str) -> DeskState | None:
        """Who holds the desk, for people of the community."""
        directory = await self._directory.current()
        if not directory.roles(login, community, self._clock.now()):
            raise NotFound("community")
        state: DeskState | None = await self._journal.load(desk_stream(community))
        return state

    def _officer(
        self, directory: Directory, desk: DeskState | None, community: str, login: str, command: str, at: datetime
    ) -> DeskState:
        roles = directory.roles(login, community, at)
        mine = desk is not None and desk.shift is not None and desk.shift.officer == login
        relation = Relation(frozenset({Need.OWN}) if mine else frozenset())
        if weigh(Right.SHIFT, roles, relation) is None or desk is None:
            raise denied(Right.SHIFT, command, roles)
        return desk

    def _event(
        self, community: str, desk: DeskState | None, event: type[Folded.Event], at: datetime, meta: Meta, **data: Any
    ) -> Folded.Event:
        shift = desk.shift.id if desk and desk.shift else self._ids.new()
        version = (desk.version if desk else 0) + 1
        return occurred(event, desk_stream(community), version, at, meta, community=community, shift=shift, **data)

    async def _do(self, community: str, request: Request, decide: Decision) -> DeskState:
        directory = await self._directory.current(request.registry_version)
        at = self._clock.now()
        if not directory.roles(request.login, community, at):
            raise NotFound("community")
        belonging = Belonging(community, directory.community(community).timezone)
        for _ in range(TRIES):
            desk: DeskState | None = await self._journal.load(desk_stream(community))
            version = desk.version if desk else 0
            if request.if_match is not None and request.if_match != version:
                raise await self._journal.stale(desk_stream(community), request.if_match, version)
            event = decide(directory, desk, at, Meta(request.login, request.command_id))
            try:
                await self._journal.write([event], belonging, command=request.key)
            except VersionConflict:
                continue
            state: DeskState = await self._journal.load_at(desk_stream(community), event.originator_version)
            return state
        raise Overloaded("others were faster each time; look again")
