"""The reprimand of a member of staff: a warning or public criticism (警告、通报批评).

Every second one of a year costs points (D2 五.5). The HTTP paths call both kinds ``warnings``.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import ReprimandKind


@dataclass(frozen=True)
class ReprimandState(FoldedState):
    """A warning or public criticism; it no longer counts once it is withdrawn."""

    id: UUID
    version: int
    community: str = ""
    login: str = ""
    kind: ReprimandKind = ReprimandKind.WARNING
    day: date | None = None
    by: str = ""
    reason: Text | None = None
    withdrawn_by: str | None = None
    why_withdrawn: Text | None = None

    @property
    def counts(self) -> bool:
        """Whether it was given and not withdrawn."""
        return self.day is not None and self.withdrawn_by is None


@register
class Reprimand(Folded[ReprimandState]):
    """One warning or public criticism."""

    TOPIC = "reprimand"
    STATE = ReprimandState

    class Event(Folded.Event[ReprimandState]):
        """Base of a reprimand's events."""

        community: str

        def sealed_text(self, value: Private, name: str) -> Text:
            """A personal text of this event, with the references needed to open it."""
            return Text(value, self.originator_version, name)

    class ReprimandGiven(Event):
        """警告 or 通报批评, dated ``day``."""

        TOPIC = "reprimand.given"
        login: str
        kind: ReprimandKind
        day: date
        reason: Private

        def evolve(self, state: ReprimandState) -> ReprimandState:
            return state.with_(
                community=self.community,
                login=self.login,
                kind=self.kind,
                day=self.day,
                by=self.meta.actor,
                reason=self.sealed_text(self.reason, "reason"),
            )

    class ReprimandWithdrawn(Event):
        """撤销: the reprimand was given wrongly."""

        TOPIC = "reprimand.withdrawn"
        reason: Private

        def evolve(self, state: ReprimandState) -> ReprimandState:
            return state.with_(withdrawn_by=self.meta.actor, why_withdrawn=self.sealed_text(self.reason, "reason"))
