"""Bugs to plant: mistakes that an engine like this one can have, each as a patch of our code that seeds must find.

A simulation that finds nothing may be blind. Each bug breaks one promise in a few lines.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5

from adapters.processing.managers import ProcessManagers
from adapters.projecting.folding import following, streams
from adapters.projecting.tables.catalogue import Catalogue
from adapters.store.database.database import Transaction
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys.keys import KeyStore
from adapters.store.log import append as appending
from adapters.store.log.sql_store import SqlStore
from domain.kernel.errors import Overloaded
from domain.people.directory import DirectoryKeeper
from domain.process import reminding
from tests.seeds.faults import FaultyDatabase
from tests.seeds.loop import HOST

Patches = tuple[Any, ...]


class _Rehearsed(Exception):
    """Carries a result out of a transaction that is rolled back."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


def acknowledged_before_the_commit() -> Patches:
    """The log is written after its caller was answered."""

    async def write_log(self: SqliteDatabase, fn: Callable[[Transaction], Any], *, within: float = 5.0) -> Any:
        async def rehearse(tx: Transaction) -> None:
            raise _Rehearsed(await fn(tx))

        try:
            await self.write(rehearse, within=within)
        except _Rehearsed as rehearsed:
            late = asyncio.ensure_future(self.write(fn, within=within))
            late.add_done_callback(lambda done: done.cancelled() or done.exception())
            return rehearsed.result

    return (patch.object(FaultyDatabase, "write_log", write_log),)


def a_repeat_carried_out_again() -> Patches:
    """The log does not look for the key of a command."""
    refused = appending.refused

    def careless(append: Any, facts: Any, recorded_at: Any) -> Any:
        facts.commands = {}
        return refused(append, facts, recorded_at)

    async def find_command(self: SqlStore, caller: str, key: str) -> None:
        return None

    return patch.object(appending, "refused", careless), patch.object(SqlStore, "find_command", find_command)


def a_number_left_out() -> Patches:
    """A number is drawn for an append that is refused afterwards."""
    draw = appending.draw

    def careless(event: Any, book: str, facts: Any, recorded_at: Any, decision: Any) -> str:
        if facts.position % 5 == 0:
            counter = appending.number_counter(appending.number_prefix(event, recorded_at)[0])
            facts.counters[counter] = facts.counters.get(counter, 0) + 1
        return draw(event, book, facts, recorded_at, decision)

    return (patch.object(appending, "draw", careless),)


def a_follower_that_skips_an_event() -> Patches:
    """The last event of a batch is lost where the batch has several."""
    whole = streams.of_taken_streams

    def careless(events: Sequence[Any], takes: Any) -> list[Any]:
        found = whole(events, takes)
        return found[:-1] if len(found) > 2 else found

    return (patch.object(following, "of_taken_streams", careless),)


def keys_that_survive_an_erasure() -> Patches:
    """A process trusts its cached keys without looking whether another process has erased somebody."""
    keys = KeyStore._keys

    async def careless(self: KeyStore, subjects: Any) -> Any:
        cached = {subject: key for subject in subjects if (key := self._cached(subject))}
        missing = [subject for subject in subjects if subject not in cached]
        return {**cached, **(await keys(self, missing) if missing else {})}

    return (patch.object(KeyStore, "_keys", careless),)


def rights_that_survive_their_end() -> Patches:
    """A process looks only every other second whether rights have changed."""
    current = DirectoryKeeper.current

    async def careless(self: DirectoryKeeper, version: int | None = None) -> Any:
        cached = HOST.get() is not None and self._directory.people and int(asyncio.get_running_loop().time()) % 2
        return self._directory if cached else await current(self, version)

    return (patch.object(DirectoryKeeper, "current", careless),)


def reminders_without_a_cause() -> Patches:
    """A reminder's stream follows from the number of looks and not from its cause."""
    looks = iter(range(10**9))

    def stream(about: UUID, kind: Any, key: str = "") -> UUID:
        return uuid5(about, f"{kind}:{key}:{next(looks)}")

    return (patch.object(reminding, "reminder_stream", stream),)


def proposals_forgotten_on_trouble() -> Patches:
    """A process passes over a subject that it could not look at because the database was busy."""
    examine = ProcessManagers.examine

    async def careless(self: ProcessManagers, process: Any, subjects: Any, known: Any = None) -> Any:
        try:
            return await examine(self, process, subjects, known)
        except Overloaded:
            return {}

    return (patch.object(ProcessManagers, "examine", careless),)


def a_follower_without_fencing() -> Patches:
    """A follower writes though another has taken its read models."""

    async def moved(self: Catalogue, tx: Transaction, sets: Any, holder: str, old: int, new: int) -> None:
        for name, version in sets:
            await tx.execute(
                "UPDATE projections SET position = :new, updated_at = :now WHERE name = :name AND version = :version",
                {"new": new, "now": self._now(), "name": name, "version": version},
            )

    return (patch.object(Catalogue, "moved", moved),)


BUGS: tuple[Callable[[], Patches], ...] = (
    acknowledged_before_the_commit,
    a_repeat_carried_out_again,
    a_number_left_out,
    a_follower_that_skips_an_event,
    keys_that_survive_an_erasure,
    rights_that_survive_their_end,
    reminders_without_a_cause,
    proposals_forgotten_on_trouble,
    a_follower_without_fencing,
)


@contextmanager
def planted(bug: Callable[[], Patches]) -> Iterator[None]:
    """Plant a bug for a while."""
    patches = bug()
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()
