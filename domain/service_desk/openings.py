"""Openings: the triggers and assignees open to a person on a ticket now, and the person's relation to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.kernel.errors import NotAllowed
from domain.kernel.terms import AssigneeType, Trigger, Urgency
from domain.people.assignee import Assignee
from domain.people.authority import Held, Mode, Need, Relation, Right, right_of, weigh
from domain.people.directory import Directory
from domain.people.office import ASSIGNABLE, Office, self_or_security
from domain.people.person_rules import conflict
from domain.ticket import commands as c
from domain.ticket.decisions import assignee_of
from domain.ticket.guards import PolicyInForce, legal_now
from domain.ticket.persons import PERSON_RULES, WITH_RIGHTS, TicketRule
from domain.ticket.state import TicketState


def policy_in_force(directory: Directory, community: str, at: datetime) -> PolicyInForce:
    """The circumstances of a decision in a community: moment, time zone, policy and workdays."""
    return PolicyInForce(at, directory.zone(community), directory.policy_of(community), directory.works_in(community))


def check_person(state: TicketState, trigger: Trigger, login: str, roles: Sequence[Held]) -> None:
    """Refuse a person whom a rule keeps from a trigger, whatever their right. Raises NotAllowed."""
    rule = conflict(WITH_RIGHTS, state, trigger, login)
    if rule is not None:
        raise person_refused(rule, trigger, roles)


def person_refused(rule: TicketRule, trigger: Trigger, roles: Sequence[Held]) -> NotAllowed:
    """The refusal by a rule that is judged with rights. It names ``note``, which stays open to everyone who may write one."""
    return rule.refusal(trigger.value, (held.role.value for held in roles), [Trigger.NOTE.value])


class Openings:
    """Computes what a person may do on tickets."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def relation(
        self,
        directory: Directory,
        login: str,
        state: TicketState,
        now: datetime,
        command: c.Command | None = None,
        occurred_at: datetime | None = None,
        *,
        on_duty: bool | None = None,
    ) -> Relation:
        """The needs that hold between a person and a ticket, for a command or for reading (``command`` None).

        ``on_duty`` says whether they hold the community's desk, if this request has read that already.
        """
        area = state.location.area if state.location else None
        relation = await self._office.standing(directory, login, state.community, area, now, occurred_at, on_duty)
        if state.urgency is Urgency.EMERGENCY:
            relation = await self._with_emergency(relation, login, state.community)
        holds = set(relation.holds)
        if _owns(directory, login, state):
            holds.add(Need.OWN)
        if isinstance(command, c.LinkTicket):
            holds.add(Need.LINK)
        if isinstance(command, c.Dispatch | c.Reassign):
            assignee = assignee_of(command)
            person = assignee.type is AssigneeType.PERSON
            if person and self_or_security(directory, login, state.community, assignee.id, now):
                holds.add(Need.TO_SELF_OR_SECURITY)
        return Relation(frozenset(holds), area)

    async def legal(
        self, directory: Directory, login: str, state: TicketState, now: datetime, *, on_duty: bool | None = None
    ) -> list[Trigger]:
        """The triggers that lifecycle, rules and authority allow a person on a ticket now."""
        roles = directory.roles(login, state.community, now)
        relation = await self.relation(directory, login, state, now, on_duty=on_duty)
        anyone = replace(relation, holds=relation.holds | {Need.LINK, Need.TO_SELF_OR_SECURITY})
        found = []
        for trigger in legal_now(state, policy_in_force(directory, state.community, now)):
            if conflict(PERSON_RULES, state, trigger, login) is not None:
                continue
            standing = anyone if trigger in (Trigger.LINK, Trigger.DISPATCH, Trigger.REASSIGN) else relation
            if weigh(right_of(trigger), roles, standing) in (Mode.FULL, Mode.SECOND):
                found.append(trigger)
        return found

    async def carriers(
        self,
        directory: Directory,
        login: str,
        community: str,
        now: datetime,
        *,
        emergency: bool = False,
        on_duty: bool | None = None,
        stands_in: bool | None = None,
    ) -> list[Assignee]:
        """The people, teams and contractors to whom a person may give a work order, or that of an emergency, in a community.

        ``on_duty`` and ``stands_in`` say how they hold the desk, if this request has read that already.
        """
        standing = await self._office.standing(directory, login, community, None, now, on_duty=on_duty)
        if emergency:
            standing = await self._with_emergency(standing, login, community, stands_in)
        roles = directory.roles(login, community, now)
        near = replace(standing, holds=standing.holds | {Need.TO_SELF_OR_SECURITY})
        found = []
        for other in directory.people:
            relation = near if self_or_security(directory, login, community, other, now) else standing
            able = any(held.role in ASSIGNABLE for held in directory.roles(other, community, now))
            if able and weigh(Right.DISPATCH, roles, relation) in (Mode.FULL, Mode.SECOND):
                found.append(Assignee(AssigneeType.PERSON, other))
        if weigh(Right.DISPATCH, roles, standing) in (Mode.FULL, Mode.SECOND):
            here = directory.community(community)
            found += [Assignee(AssigneeType.TEAM, code) for code in here.teams]
            found += [Assignee(AssigneeType.CONTRACTOR, code) for code in here.contractors]
        return found

    async def _with_emergency(self, relation: Relation, login: str, community: str, stands_in: bool | None = None) -> Relation:
        """A relation to an emergency, in which a stand-in has rights of their own."""
        holds = {*relation.holds, Need.EMERGENCY}
        if stands_in is None:
            stands_in = Need.ON_DUTY in holds and await self._office.stands_in(login, community)
        if stands_in:
            holds.add(Need.STANDS_IN)
        return replace(relation, holds=frozenset(holds))


def _owns(directory: Directory, login: str, state: TicketState) -> bool:
    if state.assignment is None:
        return False
    assignee = state.assignment.assignee
    if assignee.type is AssigneeType.CONTRACTOR:
        return state.assignment.dispatched_by == login
    return login in directory.members(state.community, assignee)
