"""The office (办公室): the journal, directory, clock and ids of all desks, and a person's relation to a case."""

from datetime import datetime

from domain.kernel.journal import Journal
from domain.kernel.ports import Clock, Ids
from domain.kernel.terms import DutyPeriod, Role
from domain.people.authority import TABLE, Need, Relation, Right
from domain.people.directory import Directory, DirectoryKeeper
from domain.people.post import DeskState, desk_stream
from domain.rules.duty_calendar import period_at

ASSIGNABLE = tuple(role for role, cell in TABLE[Right.WORK].items() if cell != "–")
"""Roles that can carry work orders: those with a cell in the row of work, security among them."""


class Office:
    """The dependencies that all desks share."""

    def __init__(self, journal: Journal, directory: DirectoryKeeper, clock: Clock, ids: Ids) -> None:
        self.journal = journal
        self.directory = directory
        self.clock = clock
        self.ids = ids

    async def desk(self, community: str) -> DeskState | None:
        """A community's desk, with the shift that holds it now; None if nobody ever took it."""
        return await self.journal.load(desk_stream(community), DeskState)

    async def holds_desk(self, login: str, community: str) -> bool:
        """Whether a person is on duty at a community's desk now."""
        desk = await self.desk(community)
        return desk is not None and desk.on_duty(login)

    async def stands_in(self, login: str, community: str) -> bool:
        """Whether a person stands in for the officer of a community's desk now."""
        desk = await self.desk(community)
        return desk is not None and desk.shift is not None and desk.shift.stand_in == login

    async def standing(
        self,
        directory: Directory,
        login: str,
        community: str,
        area: str | None,
        now: datetime,
        occurred_at: datetime | None = None,
        on_duty: bool | None = None,
    ) -> Relation:
        """The needs that hold for a person in a community and area: on duty now, and night at the moment of the step.

        ``on_duty`` says whether they hold the community's desk, if this request has read that already.
        """
        holds: set[Need] = set()
        if await self.holds_desk(login, community) if on_duty is None else on_duty:
            holds.add(Need.ON_DUTY)
        span = period_at(min(occurred_at or now, now), directory.zone(community), directory.policy_of(community).duty)
        if span.period is DutyPeriod.NIGHT:
            holds.add(Need.NIGHT)
        return Relation(frozenset(holds), area)


def self_or_security(directory: Directory, login: str, community: str, other: str, now: datetime) -> bool:
    """Whether ``other`` is the login itself or a security guard, whom the technician on duty may send to any matter (D5 四)."""
    return other == login or any(held.role is Role.SECURITY for held in directory.roles(other, community, now))
