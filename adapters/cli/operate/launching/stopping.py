"""A bound on how long a process may take to end after SIGTERM."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DRAIN, CANCEL, FORCE, KILL = 0.6, 0.7, 0.95, 0.98
"""Parts of the time: after the first, begun requests are cancelled; after the second, connections are closed; after the third a
process ends itself by force, with status 1, which loses nothing acknowledged; after the fourth its supervisor kills it."""


class Bound:
    """Ends the process by force when most of ``seconds`` after :meth:`begin` have passed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._timer = threading.Timer(seconds * FORCE, os._exit, (1,))
        self._timer.daemon = True
        self._begun = False

    def begin(self) -> None:
        """Begin the time; a second call changes nothing."""
        if not self._begun:
            self._begun = True
            self._timer.start()

    def lift(self) -> None:
        """Let the process go on: it has stopped what had to stop."""
        self._timer.cancel()


@contextmanager
def bounded(seconds: float) -> Iterator[Bound]:
    """Hold a bound that is lifted at the end of the block."""
    bound = Bound(seconds)
    try:
        yield bound
    finally:
        bound.lift()
