"""Staff (人员): logins with dated roles in communities and areas; only grants in force count."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.terms import Role

SCOPE = "person"
"""Scope in which logins are reserved."""
EVERYWHERE = "*"
"""The community of a company-wide grant."""
COMPANY_ROLES = (Role.APPRAISER, Role.AUDITOR, Role.PRIVACY_OFFICER, Role.HR, Role.FINANCE, Role.ADMIN)
"""Roles that can be granted company-wide; an appraiser always acts in every community."""


def person_stream(login: str) -> UUID:
    """The id of a person's stream, derived from the login so that a login is added only once."""
    return uuid5(NAMESPACE_URL, f"gongdan:person:{login}")


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a community, possibly for one area, from a day to a day, both included, in the community's time zone."""

    id: UUID
    role: Role
    community: str
    area: str | None
    valid_from: date
    valid_to: date | None = None

    def in_force(self, community: str, day: date) -> bool:
        """Whether it applies in a community on a day."""
        here = self.community in (community, EVERYWHERE) or self.role is Role.APPRAISER
        return here and self.covers(day)

    def covers(self, day: date) -> bool:
        """Whether it includes a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class PersonState(FoldedState):
    """A member of staff; ``feed`` is the SHA-256 (hex) of the secret in the address of their duty calendar."""

    id: UUID
    version: int
    login: str = ""
    name: str = ""
    enabled: bool = True
    grants: tuple[Grant, ...] = ()
    feed: str | None = None


@register
class Person(Folded[PersonState]):
    """A member of staff."""

    TOPIC = "person"
    STATE = PersonState

    class Event(Folded.Event[PersonState]):
        """Base of a person's events."""

    class PersonAdded(Event):
        """A person received a login."""

        TOPIC = "person.added"
        login: str
        name: str

        def evolve(self, state: PersonState) -> PersonState:
            return state.with_(login=self.login, name=self.name)

    class RoleGranted(Event):
        """A dated role was granted."""

        TOPIC = "person.role_granted"
        grant: Grant

        def evolve(self, state: PersonState) -> PersonState:
            return state.with_(grants=(*state.grants, self.grant))

    class GrantEnded(Event):
        """A grant ends after a day; a past day ends it at once."""

        TOPIC = "person.grant_ended"
        grant: UUID
        valid_to: date

        def evolve(self, state: PersonState) -> PersonState:
            ended = tuple(replace(g, valid_to=self.valid_to) if g.id == self.grant else g for g in state.grants)
            return state.with_(grants=ended)

    class PersonDisabled(Event):
        """The login was disabled: its tokens and its calendar address stop working at once."""

        TOPIC = "person.disabled"

        def evolve(self, state: PersonState) -> PersonState:
            disabled: PersonState = state.with_(enabled=False, feed=None)
            return disabled

    class PersonEnabled(Event):
        """The login works again, with new tokens."""

        TOPIC = "person.enabled"

        def evolve(self, state: PersonState) -> PersonState:
            enabled: PersonState = state.with_(enabled=True)
            return enabled

    class CalendarFeedIssued(Event):
        """日历订阅: the duty calendar got a new, unguessable address, of which only the hash is stored; the old one ended."""

        TOPIC = "person.calendar_feed_issued"
        hash: str

        def evolve(self, state: PersonState) -> PersonState:
            return state.with_(feed=self.hash)

    class CalendarFeedRevoked(Event):
        """The address of the duty calendar stopped working."""

        TOPIC = "person.calendar_feed_revoked"

        def evolve(self, state: PersonState) -> PersonState:
            revoked: PersonState = state.with_(feed=None)
            return revoked
