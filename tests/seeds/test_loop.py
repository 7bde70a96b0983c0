"""The loop that a seed drives: time, order, work for threads, and simulated processes that die."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TypeVar

import pytest

from tests.seeds.loop import HOST, Host, SeededLoop, kill

T = TypeVar("T")


def ran(main: Callable[[], Awaitable[T]], seed: int = 1) -> T:
    loop = SeededLoop(Random(seed))
    try:
        return loop.run_until_complete(main())
    finally:
        loop.close()


def test_time_passes_without_waiting() -> None:
    async def days() -> float:
        await asyncio.sleep(3 * 86_400)
        return asyncio.get_running_loop().time()

    assert ran(days) == pytest.approx(3 * 86_400)


async def _orders() -> list[int]:
    found: list[int] = []

    async def note(number: int) -> None:
        for _ in range(3):
            found.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(note(number) for number in range(5)))
    return found


def test_the_seed_draws_the_order() -> None:
    orders = {tuple(ran(_orders, seed)) for seed in range(10)}
    assert len(orders) == 10
    assert all(ran(_orders, seed) == ran(_orders, seed) for seed in range(10))


def test_an_executor_has_as_many_threads_as_it_says() -> None:
    """Jobs of one thread keep their order; those of several don't."""

    async def numbers(threads: int) -> list[int]:
        found: list[int] = []
        with ThreadPoolExecutor(threads) as executor:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(executor, found.append, number) for number in range(20)))
        return found

    assert all(sorted(ran(lambda: numbers(1), seed)) == list(range(20)) for seed in range(5))
    assert any(ran(lambda: numbers(4), seed) != list(range(20)) for seed in range(5))


def test_everybody_waiting_is_an_error() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    loop = SeededLoop(Random(1))
    with pytest.raises(RuntimeError, match="nothing is ready"):
        loop.run_until_complete(wait())
    [left] = asyncio.all_tasks(loop)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(left)
    loop.close()


def test_a_killed_process_does_nothing_more() -> None:
    """What its thread has done stays, what it has not begun never happens, and its clean-up reaches nothing."""
    done: list[str] = []

    async def process() -> None:
        try:
            await asyncio.to_thread(done.append, "committed")
            await asyncio.sleep(60)
            await asyncio.to_thread(done.append, "never begun")
        finally:
            await asyncio.to_thread(done.append, "cleaned up")

    async def main() -> None:
        host = Host("server")
        task = host.begin(process(), "process")
        await asyncio.sleep(30)
        assert (done, HOST.get()) == (["committed"], None)
        await kill(host)
        assert task.cancelled()
        await asyncio.sleep(120)

    ran(main)
    assert done == ["committed"]
