"""The service itself (系统): the times during which no server ran and nothing could be recorded.

Nobody is charged for not having signed in while there was nothing to sign in to. A server writes the time down as it starts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register

SERVICE = uuid5(NAMESPACE_URL, "gongdan:service")
"""The id of the stream; a store has one."""
SILENCE = timedelta(minutes=2)
"""A server that gave no sign of life for longer than this was down."""


@dataclass(frozen=True)
class ServiceState(FoldedState):
    """The service: its outages in order, each from the last sign of life to the next start."""

    id: UUID
    version: int
    outages: tuple[tuple[datetime, datetime], ...] = ()


@register
class Service(Folded[ServiceState]):
    """The service of a store."""

    TOPIC = "service"
    STATE = ServiceState

    class Event(Folded.Event[ServiceState]):
        """Base of the service's events."""

    class ServiceInterrupted(Event):
        """系统停机: from ``began_at``, the last sign of life, until the event's moment no server ran."""

        TOPIC = "service.interrupted"
        began_at: datetime

        def evolve(self, state: ServiceState) -> ServiceState:
            interrupted: ServiceState = state.with_(outages=(*state.outages, (self.began_at, self.timestamp)))
            return interrupted
