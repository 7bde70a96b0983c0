"""Lanes: so many run, the others wait in order, and what would wait too long is refused at once."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.web.admission.lanes import FIRST_GUESS, Lane
from domain.kernel.errors import Overloaded

pytestmark = pytest.mark.anyio


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lane(width: int = 2, patience: float = 60.0, most: int = 100, clock: Clock | None = None) -> Lane:
    return Lane("commands", width, patience=patience, most=most, clock=clock or Clock())


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def slow(one: Lane, clock: Clock, seconds: float) -> None:
    """Let many requests of so many seconds go through an empty lane, so that they are its measure."""
    for _ in range(200):
        assert one.begin()
        began = clock.now
        clock.now += seconds
        one.end(began)


@given(st.lists(st.sampled_from(["arrive", "end", "cancel"]), max_size=60), st.integers(1, 4))
async def test_no_more_than_the_width_run_and_those_who_wait_run_in_order(steps: Sequence[str], width: int) -> None:
    one = lane(width)
    begun: list[int] = []
    tasks: dict[int, asyncio.Task[None]] = {}

    async def request(number: int) -> None:
        assert await one.turn()
        begun.append(number)

    running: list[int] = []
    waiting: list[int] = []
    cancelled: set[int] = set()
    for number, step in enumerate(steps):
        if step == "arrive":
            tasks[number] = asyncio.ensure_future(request(number))
            waiting.append(number)
        elif step == "end" and running:
            running.pop(0)
            one.end(100.0)
        elif step == "cancel" and len(waiting) > 0:
            cancelled.add(waiting[-1])
            tasks[waiting.pop()].cancel()
        await settled()
        while len(running) < width and waiting:
            running.append(waiting.pop(0))
        assert (one.running, one.waiting) == (len(running), len(waiting))
    assert begun == [number for number in tasks if number in begun], "in the order of arrival"
    assert len(begun) == len(tasks) - len(waiting) - len(cancelled)
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert one.waiting == 0


async def test_a_turn_given_to_one_who_is_cancelled_at_that_moment_goes_to_the_next() -> None:
    one = lane(1)
    assert one.begin()
    first, second = (asyncio.ensure_future(one.turn()) for _ in range(2))
    await settled()
    one.end(100.0)
    first.cancel()
    assert await second
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (one.running, one.waiting) == (1, 0)


async def test_what_would_be_answered_too_late_is_refused_at_once_with_the_time_to_come_again() -> None:
    clock = Clock()
    one = lane(2, patience=5.0, clock=clock)
    await slow(one, clock, 2.0)
    assert one.seconds == pytest.approx(2.0, rel=0.01)
    assert one.begin()
    assert one.begin()
    waiting = [asyncio.ensure_future(one.turn()) for _ in range(3)]  # answered after 1 + 2, 2 + 2 and 3 + 2 seconds
    await settled()
    assert one.expected() == pytest.approx(6.0, rel=0.01)
    with pytest.raises(Overloaded) as refused:
        await one.turn()
    assert refused.value.retry_after_seconds == 6
    assert "repeat it after 6 s, with its Idempotency-Key" in str(refused.value)
    assert one.waiting == 3
    for task in waiting:
        task.cancel()


async def test_a_free_place_is_given_however_slow_the_last_were() -> None:
    clock = Clock()
    one = lane(2, patience=1.0, clock=clock)
    await slow(one, clock, 30.0)
    assert await one.turn()


async def test_a_lane_in_which_nothing_moves_refuses_before_any_deadline_has_passed() -> None:
    clock = Clock()
    one = lane(1, patience=0.4, clock=clock)
    assert one.begin()
    assert one.expected() < 0.1
    clock.now += 0.5
    with pytest.raises(Overloaded):
        await one.turn()


async def test_one_who_waited_as_long_as_was_promised_is_refused() -> None:
    one = lane(1, patience=FIRST_GUESS * 3)
    assert one.begin()
    with pytest.raises(Overloaded):
        await one.turn()
    assert (one.running, one.waiting) == (1, 0)
    one.end(100.0)
    assert one.idle


async def test_no_more_wait_than_the_queue_holds() -> None:
    one = lane(1, most=2)
    assert one.begin()
    waiting = [asyncio.ensure_future(one.turn()) for _ in range(2)]
    await settled()
    with pytest.raises(Overloaded):
        await one.turn()
    for task in waiting:
        task.cancel()


async def test_who_has_gone_gets_no_turn() -> None:
    one = lane(1)
    assert one.begin()
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(one.turn(gone))
    behind = asyncio.ensure_future(one.turn())
    await settled()
    gone.set_result(None)
    assert await waiting is False
    one.end(100.0)
    assert await behind
    assert one.running == 1
