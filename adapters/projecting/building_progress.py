"""How far a build of a read model has come, how fast it is, and when it is expected to end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.projecting.tables.catalogue import BUILDING, TableSet


@dataclass(frozen=True, slots=True)
class Progress:
    """A build that has read the log up to ``position``.

    ``rate``: events a second since this process first saw the build; ``seconds_left`` follows from it. Both are None until the
    build has moved. Indexing and verification come after the last event.
    """

    position: int
    rate: float | None = None
    seconds_left: float | None = None


class Builds:
    """Observes the builds of other processes too: the catalogue tells where each is, and when it got there."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, datetime, int]] = {}

    def observe(self, name: str, sets: Sequence[TableSet], head: int) -> Progress | None:
        """The progress of a view's build, given all its sets; None if none is being built."""
        found = next((one for one in reversed(sets) if one.status == BUILDING), None)
        if found is None:
            self._first.pop(name, None)
            return None
        version, since, began = self._first.get(name, ("", found.updated_at, found.position))
        if version != found.version:
            since, began = found.updated_at, found.position
            self._first[name] = found.version, since, began
        took, moved = (found.updated_at - since).total_seconds(), found.position - began
        if took <= 0 or moved <= 0:
            return Progress(found.position)
        rate = moved / took
        return Progress(found.position, rate, max(0, head - found.position) / rate)
