"""Lanes: at most so many requests of one kind run at once, and only so many wait as can be answered in time.

Little's law gives the wait: with W requests running and S seconds each, one leaves every S/W seconds, so the n-th in the queue is
answered after n·S/W + S. A request for which that is longer than the patience is refused when it arrives, with the time after
which to ask again; it costs nothing else. S is measured, so the limit follows the speed of the machine, of the database and of
the commands themselves, and nobody has to tune a number of connections. A lane from which nothing has gone for a while is taken
to be as slow as that, so a frozen database is noticed before its deadlines pass.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from domain.kernel.errors import Overloaded

COMMANDS, UPLOADS, READS = 32, 32, 128
"""Requests of each kind that run at once: enough that group commit has batches and reads fill the database's connections."""

FIRST_GUESS = 0.005
"""Seconds that a request is taken to need before any was measured."""

WEIGHT = 1 / 16
"""Weight of the newest request in the mean of the times."""


class Stopping(Overloaded):
    """The server is being stopped and takes no new work."""

    def __init__(self) -> None:
        super().__init__("the server is stopping and takes no new work; repeat the request, another process may answer it")


class Unanswered(Overloaded):
    """A command was not answered by its deadline; whether it was carried out is not known."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"not answered within {seconds:g} s, and it is not known whether it was carried out; repeat it with its"
            " Idempotency-Key, so that it is carried out once"
        )


class Lane:
    """Requests of one kind. ``width``: how many run at once; ``patience``: longest time to an answer, in seconds.

    ``most``: how many may wait, whatever the patience. ``clock``: seconds, monotone.
    """

    def __init__(self, kind: str, width: int, *, patience: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.kind = kind
        self.running = 0
        self.seconds = FIRST_GUESS
        self._width = width
        self._patience = patience
        self._most = most
        self._clock = clock
        self._waiting: OrderedDict[asyncio.Future[bool], None] = OrderedDict()
        self._moved = clock()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether no request runs or waits."""
        return not self.running and not self._waiting

    def expected(self) -> float:
        """Seconds until one more request would be answered."""
        if self.running < self._width:
            return self.seconds
        queue = (self.waiting + 1) * self.seconds / self._width
        return max(queue + self.seconds, self._clock() - self._moved)

    def begin(self) -> bool:
        """Take a place without waiting; False where none is free."""
        if self.running >= self._width:
            return False
        self.running += 1
        if self.running == self._width:
            self._moved = self._clock()
        return True

    async def turn(self, gone: "asyncio.Future[None] | None" = None) -> bool:
        """Wait for a place; False where ``gone`` came first. Raises Overloaded at once where the wait would be too long."""
        if self.begin():
            return True
        if self.waiting >= self._most or self.expected() > self._patience:
            raise self._busy()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting[turn] = None
        alarm = loop.call_later(max(self._patience - self.seconds, 0.0), self._expire, turn)
        if gone is not None:
            gone.add_done_callback(lambda _: self._drop(turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None and turn.result():
                self._hand_on()
            raise
        finally:
            self._waiting.pop(turn, None)
            alarm.cancel()

    def end(self, began: float) -> None:
        """Give back a place that was taken at ``began`` (by the lane's clock)."""
        now = self._clock()
        self.seconds += WEIGHT * (now - began - self.seconds)
        self._moved = now
        self._hand_on()

    def _hand_on(self) -> None:
        """Give the place to the first that waits; without one it becomes free."""
        while self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():  # a cancelled one has not left the queue yet
                turn.set_result(True)
                return
        self.running -= 1

    def _expire(self, turn: "asyncio.Future[bool]") -> None:
        if self._waiting.pop(turn, turn) is None:
            turn.set_exception(self._busy())

    def _drop(self, turn: "asyncio.Future[bool]") -> None:
        if self._waiting.pop(turn, turn) is None:
            turn.set_result(False)

    def _busy(self) -> Overloaded:
        expected = self.expected()
        again = max(1, math.ceil(expected))
        detail = (
            f"too many {self.kind} at once: {self.running} run and {self.waiting} wait, so an answer would take {expected:.1f} s,"
            f" longer than {self._patience:g} s; repeat it after {again} s"
        )
        if self.kind == "commands":
            detail += ", with its Idempotency-Key, so that it is carried out once"
        return Overloaded(detail, again)


class Streams:
    """Live streams that are open, at most ``most``. ``ending`` is set when they have to end."""

    def __init__(self, most: int) -> None:
        self.open = 0
        self.ending = asyncio.Event()
        self._most = most

    def check(self) -> None:
        """Raise Overloaded where no further stream may be opened."""
        if self.open >= self._most:
            raise Overloaded(f"{self.open} live streams are open, which is the most; read once instead, or try again later", 30)


class Admission:
    """The lanes of a server process; commands, reads and uploads do not take each other's places.

    Uploads are commands whose body is still arriving: a slow sender must not hold a place of those that are complete.
    """

    def __init__(self, *, patience: float, queue: int, streams: int) -> None:
        self.commands = Lane("commands", COMMANDS, patience=patience, most=queue)
        self.uploads = Lane("uploads", UPLOADS, patience=patience, most=queue)
        self.reads = Lane("reads", READS, patience=patience, most=queue)
        self.streams = Streams(streams)
        self.stopping = False

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Every lane."""
        return (self.commands, self.uploads, self.reads)

    @property
    def idle(self) -> bool:
        """Whether no request runs or waits, and no stream is open."""
        return not self.streams.open and all(lane.idle for lane in self.lanes)

    def stop(self) -> None:
        """Take no new work from now on, and end the streams; what runs or waits is finished."""
        self.stopping = True
        self.streams.ending.set()
