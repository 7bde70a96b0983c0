"""Cast the people of a story: a person who has the day off is replaced by a colleague of their post.

One colleague takes a person's part in the whole story where one is at work at all of its moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from adapters.demo.story import Approve, AttachText, Step, Story
from adapters.simulation.company.site import Site
from adapters.simulation.courses import steps
from adapters.simulation.courses.steps import Course
from domain.approval.waiting import Waiting
from domain.kernel.terms import Role
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry

ON_DUTY = "on_duty"
"""In place of a login: the person who answers for the desk at the step's moment."""
INSTEAD = {Role.SUPERVISOR: Role.DIRECTOR, Role.BUTLER: Role.ASSISTANT}
"""Substitute role where nobody of a role is at work."""


class Cast:
    """The people who act in one story."""

    def __init__(self, story: Story, site: Site) -> None:
        self._site = site
        self._members = {member.login: member for member in site.estate.staff}
        asked: dict[str, list[datetime]] = {}
        for step in story.steps:
            for login in _named(step):
                asked.setdefault(login, []).append(step.at)
        self._whole: dict[str, str] = {}
        for login, moments in asked.items():
            self._whole[login] = self._player(login, moments, set(self._whole.values()))

    def _player(self, login: str, moments: Sequence[datetime], taken: set[str]) -> str:
        return next((other for other in self._like(login) if other not in taken and self._there(other, moments)), login)

    def _like(self, login: str) -> list[str]:
        """The person, then colleagues of their post and area, those with most common skills first."""
        member = self._members[login]
        same = [m for m in self._site.estate.staff if (m.role, m.area) == (member.role, member.area) and m is not member]
        by_skill = sorted(same, key=lambda m: -len(set(m.skills) & set(member.skills)))
        return [login, *(m.login for m in by_skill)]

    def _there(self, login: str, moments: Sequence[datetime]) -> bool:
        return all(self._site.rota.at_work(login, moment) for moment in moments)

    def at(self, login: str, moment: datetime) -> str:
        """The person who carries out a step of ``login`` at a moment."""
        chosen = self._whole.get(login, login)
        if self._there(chosen, [moment]):
            return chosen
        instead = INSTEAD.get(self._members[login].role)
        others = self._like(login) + [m.login for m in self._site.estate.staff if m.role is instead]
        return next(other for other in others if self._there(other, [moment]))

    def worker(self, login: str) -> str:
        """The person who takes the work orders of ``login``."""
        return self._whole.get(login, login)


def _named(step: Step) -> list[str]:
    """Logins that must be at work at a step."""
    named = [] if step.who == ON_DUTY else [step.who]
    return [*named, step.do.stand_in] if isinstance(step.do, steps.Substitute) else named


@dataclass
class StoryResults:
    """Results of the stories played so far: their tickets, the tickets opened by them, the approvals requested."""

    tickets: dict[str, UUID]
    opened: dict[tuple[str, int], UUID]
    approvals: dict[str, UUID]

    def ticket(self, story: Story) -> UUID:
        """The ticket of a story."""
        if story.key not in self.tickets and story.of is not None:
            self.tickets[story.key] = self.opened[story.of]
        return self.tickets[story.key]


def played(story: Story, site: Site, into: StoryResults) -> Course:
    """Play a story as a course; each step at a random second of its minute."""
    cast = Cast(story, site)
    _book(story, site, cast)
    for step in story.steps:
        at = step.at if step.occurred_at is not None or step.exact else step.at + timedelta(seconds=site.random.randint(1, 50))
        who: steps.Who = site.at_desk if step.who == ON_DUTY else cast.at(step.who, step.at)
        outcome = yield steps.Step(at, who, partial(_deed, story, step, cast, into))
        if isinstance(outcome, Done):
            into.tickets.setdefault(story.key, outcome.state.id)
            for index, ticket in enumerate(outcome.opened):
                into.opened[story.key, index] = ticket
        elif isinstance(outcome, Waiting):
            into.approvals.setdefault(story.key, outcome.case.id)


def _deed(story: Story, step: Step, cast: Cast, into: StoryResults) -> steps.Deed:
    do: Any = step.do
    match do:
        case Approve():
            return steps.Approve(into.approvals[story.key])
        case steps.Substitute(stand_in):
            return steps.Substitute(cast.worker(stand_in))
        case steps.ReturnToPost():
            return do
        case AttachText(file_name, text):
            return steps.Keep(into.ticket(story), file_name, text)
        case BackEntry():
            worker = cast.worker(str(do.dispatched.assignee))
            return steps.Receive(
                do.model_copy(update={"dispatched": do.dispatched.model_copy(update={"assignee": worker})}), step.occurred_at
            )
        case c.Receive():
            return steps.Receive(do, step.occurred_at)
    return steps.Act(into.ticket(story), _resolved(do, cast, into), step.occurred_at, step.offline)


def _resolved(command: c.Command, cast: Cast, into: StoryResults) -> c.Command:
    """Replace the keys of other stories by their tickets, and a worker's login by that of the person cast."""
    for name in ("ticket", "duplicate_of"):
        other = getattr(command, name, None)
        if other is not None:
            command = command.model_copy(update={name: str(into.tickets[other])})
    if isinstance(command, c.Dispatch | c.Reassign) and isinstance(command.assignee, str):
        command = command.model_copy(update={"assignee": cast.worker(command.assignee)})
    return command


def _book(story: Story, site: Site, cast: Cast) -> None:
    """Book the working time of the story's people, so that the simulation gives them no other work then."""
    started: dict[str, datetime] = {}
    for step in story.steps:
        if isinstance(step.do, steps.Substitute):
            site.quiet.append((step.at - timedelta(minutes=80), step.at + timedelta(minutes=60)))
        if isinstance(step.do, c.Start | c.Resume):
            started[step.who] = step.at
        elif isinstance(step.do, c.Complete | c.Suspend) and step.who in started:
            site.book(cast.worker(step.who), started.pop(step.who), step.at + timedelta(minutes=10))
    for who, since in started.items():
        site.book(cast.worker(who), since, since + timedelta(hours=2))
