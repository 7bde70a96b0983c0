"""An event loop that a seed drives: virtual time, a drawn order of what is ready, and the work of threads in its own thread.

Nothing sleeps: when nothing is ready, time moves to the next timer. Work for an executor runs whole at a drawn moment, as many
jobs at once as the executor has threads; its answer arrives at a later drawn moment. So other tasks run between a commit and the
moment its caller knows of it, as they do with threads.

:class:`Host` is a process of the operating system within the simulation. :func:`kill` ends one as SIGKILL does: what it has not
begun never happens, what was committed stays, and no clean-up reaches the store.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, TypeVar, cast

T = TypeVar("T")

QUICK = 0.0003
"""Mean seconds until a job begins, and until its answer arrives."""

STALLED = 0.05
"""Mean seconds of the jobs that the machine keeps waiting, one in a hundred."""


@dataclass(eq=False)
class Host:
    """A simulated process: the tasks begun in it, in their order, whether it lives, and until when it is suspended.

    While it is suspended (SIGSTOP) its threads do nothing and no answer reaches it; its tasks get as far as their next question.
    """

    name: str
    alive: bool = True
    wakes_at: float = 0.0
    tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    def begin(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
        """Begin a task in this process; tasks that it begins belong to the process too."""
        context = copy_context()
        context.run(HOST.set, self)
        return asyncio.get_running_loop().create_task(work, name=name, context=context)


HOST: ContextVar[Host | None] = ContextVar("host", default=None)
"""The simulated process that code runs in; None: the simulation itself."""


class Drawn:
    """The ready callbacks, taken in a drawn order; the part of a deque that the event loop uses."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._waiting: list[asyncio.Handle] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, handle: asyncio.Handle) -> None:
        """Add a callback."""
        self._waiting.append(handle)

    def popleft(self) -> asyncio.Handle:
        """Take any callback."""
        waiting = self._waiting
        at = int(self._random.random() * len(waiting))
        waiting[at], waiting[-1] = waiting[-1], waiting[at]
        return waiting.pop()

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()


@dataclass(eq=False, slots=True)
class Job:
    """Work for an executor's thread, and the future of its answer."""

    answer: "asyncio.Future[Any]"
    work: Callable[[], Any]
    host: Host | None

    @property
    def is_wanted(self) -> bool:
        """Whether a thread would still begin it: its process lives, and nobody has cancelled it."""
        return not self.answer.cancelled() and (self.host is None or self.host.alive)


@dataclass(eq=False)
class Lane:
    """An executor: its free threads and the jobs that wait for one."""

    free: int
    waiting: deque[Job] = field(default_factory=deque)


class SeededLoop(asyncio.BaseEventLoop):
    """The loop. Library loops draw the order too, but run no executor's work, or need a newer Python than ours."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self._now = 0.0
        self._lanes: dict[Any, Lane] = {}
        # What BaseEventLoop expects of its subclasses: a queue, a selector, and what the selector's events mean.
        self._ready = Drawn(random)
        self._selector = self
        self._clock_resolution = 1e-6
        self.set_task_factory(cast(Any, _begun))

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        """Let time pass instead of waiting for sockets."""
        if timeout is None:
            raise RuntimeError("nothing is ready and no timer runs: everybody waits for somebody else")
        self._now += timeout
        return []

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        """Run the work of an executor's thread at a drawn moment, in this thread."""
        host, answer = HOST.get(), self.create_future()
        if host is not None and not host.alive:
            answer.cancel()
            return answer
        lane = self._lanes.get(executor)
        if lane is None:
            lane = self._lanes[executor] = Lane(getattr(executor, "_max_workers", 4))
        lane.waiting.append(Job(answer, partial(func, *args), host))
        self._begin_jobs(lane)
        return answer

    def _begin_jobs(self, lane: Lane) -> None:
        while lane.free and lane.waiting:
            lane.free -= 1
            self.call_later(self._a_moment(), self._carry_out, lane, lane.waiting.popleft())

    def _carry_out(self, lane: Lane, job: Job) -> None:
        if job.host is not None and job.host.wakes_at > self._now:
            self.call_at(job.host.wakes_at, self._carry_out, lane, job)
            return
        result, error = None, None
        if job.is_wanted:
            try:
                result = job.work()
            except Exception as raised:
                error = raised
            self.call_later(self._a_moment(), self._answer, job, result, error)
        lane.free += 1
        self._begin_jobs(lane)

    def _answer(self, job: Job, result: Any, error: Exception | None) -> None:
        if job.answer.done() or not job.is_wanted:
            return
        if job.host is not None and job.host.wakes_at > self._now:
            self.call_at(job.host.wakes_at, self._answer, job, result, error)
        elif error is None:
            job.answer.set_result(result)
        else:
            job.answer.set_exception(error)

    def _a_moment(self) -> float:
        return self._random.expovariate(1 / (STALLED if self._random.random() < 0.01 else QUICK))


def _begun(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **options: Any) -> "asyncio.Task[T]":
    """Begin a task, and note it with its process."""
    context = options.get("context")
    host = HOST.get() if context is None else context.get(HOST)
    task = asyncio.Task(work, loop=loop, **options)
    if host is not None:
        if len(host.tasks) > 200:
            host.tasks = [one for one in host.tasks if not one.done()]
        host.tasks.append(task)
    return task


async def kill(host: Host) -> None:
    """End a simulated process at once; returns when no task of it is left."""
    host.alive = False
    for _ in range(10_000):
        living = [task for task in host.tasks if not task.done()]
        if not living:
            return
        for task in living:
            task.cancel()
        await asyncio.sleep(0.001)
    raise RuntimeError(f"these tasks of {host.name} can't be ended: {living}")
