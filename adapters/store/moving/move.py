"""Move a store and its keys to another database, and close the old one when the new one is whole.

1. The log, the access log, the attachments and whatever else grows are copied while the old store serves, and compared, until
   next to nothing is missing.
2. The old store's writes are closed (:mod:`adapters.store.moving.closing`). What came meanwhile is copied, everything else is
   made equal, and both sides are compared. This stop is short: it handles what is new and what is small.
3. One transaction makes the new store one that can be opened. From then on the old one answers writes with the new place.

Killed at any point, the next run with the two stores goes on where the work stopped. A run that fails opens the old store's
writes again, unless it can't be sure that the new store is unfinished. No write is lost: writes are closed before the last
comparison begins, and opened only while nothing can open the new store.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from adapters.store.backup.store_facts import LogFacts
from adapters.store.database.database import Database, Transaction
from adapters.store.keys.key_erasure import rewrite
from adapters.store.log.opening import shown
from adapters.store.moving import closing, target
from adapters.store.moving.closing import LONG, Closing
from adapters.store.moving.sides import Place, Sides, check_master, opened
from adapters.store.moving.tables import KEYS, STORE, Table, Way
from adapters.store.moving.transfer import CopyRefused, Moving

NEARLY = 500
"""Writes are closed once a round of copying found no more new rows than this."""
ROUNDS = 5
"""Rounds of copying at most, so that a store under heavy load is moved too; also tries to make both sides equal."""

Said = Callable[[str, int, int], None]
"""Hears of progress: what is being done, how many rows are done, of how many (0: unknown)."""


@dataclass(slots=True)
class CopyReport:
    """A copy that is whole. ``tables``: rows and SHA-256 of each table, equal on both sides.

    ``resumed``: an interrupted copy was continued; ``already``: it was whole before, and nothing was copied; ``copied``: events
    that this run copied, in ``seconds``; ``stopped``: seconds during which the old store refused writes.
    """

    log: LogFacts
    resumed: bool = False
    already: bool = False
    copied: int = 0
    seconds: float = 0.0
    stopped: float = 0.0
    tables: list[tuple[str, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a copy would do. ``tables``: rows on the old and on the new side."""

    log: LogFacts
    state: target.State
    tables: Sequence[tuple[str, int, int]]


async def plan(source: Place, to: Place, master_key_file: Path) -> Plan:
    """What :func:`move` would do; writes nothing. Raises what it would refuse."""
    async with opened(source, to, master_key_file, create=False) as sides:
        tables = []
        for old, new, names in ((sides.old, sides.new, STORE), (sides.old_keys, sides.new_keys, KEYS if sides.keys_move else ())):
            for table in names:
                there = await _count(new, table) if new and sides.found.state != "empty" else 0
                tables.append((table.name, await _count(old, table), there))
        return Plan(sides.log, sides.found.state, tables)


async def move(source: Place, to: Place, master_key_file: Path, said: Said, seconds: Callable[[], float]) -> CopyReport:
    """Copy a store and its keys, compare both sides, and close the old store; ``seconds`` measures.

    Raises CopyRefused, schema.SchemaError, KeysUnusable, and errors.Overloaded where a database can't be reached.
    """
    async with opened(source, to, master_key_file, create=True) as sides:
        assert sides.new is not None
        report = CopyReport(sides.log)
        if sides.found.state == "finished":
            closed = await closing.closing_of(sides.old)
            if closed is None or closed.run != sides.found.run:
                raise CopyRefused(
                    f"{shown(to.store)} holds a copy of this store that is finished, and {shown(source.store)} was opened for"
                    " writes since: name an empty database"
                )
            await _settle(sides, closed.run)
            report.already = True
            return report
        run = secrets.token_hex(4)
        report.resumed = sides.found.state == "interrupted"
        await _begin(sides, run)
        copier = await Copier.of(sides, run, said, report)
        start = seconds()
        await copier.copy_early()
        try:
            stop = seconds()
            await copier.close()
            await copier.copy_rest()
            if sides.new_keys:
                await check_master(sides.new_keys, master_key_file)
            await target.finish_store(sides.new, run, source.store)
            report.stopped, report.seconds = seconds() - stop, seconds() - start
        except BaseException:
            await _reopen(sides, run)
            raise
        await _settle(sides, run)
        return report


async def cancel(source: Place, to: Place, master_key_file: Path) -> None:
    """Stay at the old store: open its writes again, and see to it that nothing opens the copy.

    Raises CopyRefused where writes are open, or where the new store has been written to since.
    """
    async with opened(source, to, master_key_file, create=False) as sides:
        closed = await closing.closing_of(sides.old)
        if closed is None:
            raise CopyRefused(f"writes to {shown(source.store)} are open: there is no move to cancel")
        if sides.new and sides.found.state == "finished":
            await closing.close(sides.new, STORE, Closing(closed.run, shown(source.store), done=True))
            for table in STORE:
                if table.way is Way.APPENDED and await _count(sides.old, table) != await _count(sides.new, table):
                    await closing.reopen(sides.new)
                    raise CopyRefused(f"{shown(to.store)} has been written to since the move: going back would lose that")
            await target.unfinish(sides.new, sides.log.origin)
            if sides.new_keys:
                await target.finish_keys(sides.new_keys)
                await target.unfinish_keys(sides.new_keys, sides.log.origin)
        elif sides.new and sides.found.state == "interrupted":
            await target.take_over(sides.new, "")
        await _open_old(sides)


class Copier:
    """All tables of a move, copied by one run."""

    def __init__(self, sides: Sides, run: str, said: Said, report: CopyReport, tables: Sequence[Moving]) -> None:
        self._sides = sides
        self._run = run
        self._said = said
        self._report = report
        self._tables = tables

    @classmethod
    async def of(cls, sides: Sides, run: str, said: Said, report: CopyReport) -> "Copier":
        """The tables of both sides, keys first: an event never arrives before the keys that it needs."""
        assert sides.new is not None
        fence = partial(target.fence, run=run)
        tables = []
        if sides.new_keys:
            tables += [await Moving.of(table, sides.old_keys, sides.new_keys, fence) for table in KEYS]
        tables += [await Moving.of(table, sides.old, sides.new, fence) for table in STORE]
        return cls(sides, run, said, report, tables)

    async def copy_early(self) -> None:
        """Copy and compare what grows with the store, while others write."""
        for _ in range(ROUNDS):
            found = [await self._catch_up(moving) for moving in self._appended]
            if max(found) <= NEARLY:
                break
        for moving in self._tables:
            if moving.table.early:
                for _ in range(2 if moving.table.way is Way.PIECES else 1):
                    await moving.even_out(self._telling(f"{moving.table.name}: copied and compared"), stopped=False)
        assert self._sides.new is not None
        if self._sides.new.dialect == "postgresql":
            await self._sides.new.write(_analyze, within=LONG)
        for moving in self._appended:
            await moving.compare_appended(partial(self._said, f"{moving.table.name}: compared"))

    async def close(self) -> None:
        """Close the old store's writes."""
        note = Closing(self._run, shown(self._sides.to.store))
        await closing.note(self._sides.old, note)
        await closing.close(self._sides.old, STORE, note)
        if self._sides.keys_move:
            await closing.close(self._sides.old_keys, KEYS, note)

    async def copy_rest(self) -> None:
        """Copy what came meanwhile, make everything else equal and compare both sides; writes are closed.

        Raises CopyRefused where they can't be made equal, or where somebody opened the old store's writes.
        """
        for moving in self._appended:
            await self._catch_up(moving)
            await moving.compare_appended(partial(self._said, f"{moving.table.name}: compared"))
        for moving in self._tables:
            if moving.table.way is not Way.APPENDED:
                for _ in range(ROUNDS):
                    if not await moving.even_out(self._telling(f"{moving.table.name}: compared"), stopped=True):
                        break
                else:
                    raise CopyRefused(f"{moving.table.name} changes while it is compared: see who writes to the old database")
        if self._sides.new_keys:
            # A key that was destroyed during the copy may have been copied before: remove its bytes, as an erasure does.
            await rewrite(self._sides.new_keys)
        closed = await closing.is_closed(self._sides.old, STORE, self._run)
        if not closed or await closing.closing_of(self._sides.old) != Closing(self._run, shown(self._sides.to.store)):
            raise CopyRefused("the old store was opened for writes by somebody else: copy again")
        self._report.tables = [(moving.table.name, moving.digest.rows, moving.digest.hex) for moving in self._tables]

    @property
    def _appended(self) -> list[Moving]:
        return [moving for moving in self._tables if moving.table.way is Way.APPENDED]

    async def _catch_up(self, moving: Moving) -> int:
        copied = await moving.catch_up(partial(self._said, f"{moving.table.name}: copied"))
        if moving.table.name == "events":
            self._report.copied += copied
        return copied

    def _telling(self, what: str) -> Callable[[int], None]:
        return lambda done: self._said(what, done, 0)


async def _begin(sides: Sides, run: str) -> None:
    """Make the new databases ready, or take over those of an interrupted run and open the old store, which it may have closed."""
    assert sides.new is not None
    for database, found, begin in (
        (sides.new_keys, sides.found_keys, target.begin_keys),
        (sides.new, sides.found, target.begin_store),
    ):
        if database and found.state == "empty":
            await begin(database, sides.log.origin, run)
        elif database:
            await target.take_over(database, run)
            await closing.reopen(database)  # a cancelled move closed it
    await _open_old(sides)


async def _open_old(sides: Sides, run: str = "") -> None:
    """Permit writes to the old store again: those that a run closed, or any run."""
    noted = await closing.closing_of(sides.old)
    if noted is not None and noted.run.startswith(run):
        await closing.note(sides.old, None)
    for database in (sides.old, sides.old_keys):
        await closing.reopen(database, run)


async def _settle(sides: Sides, run: str) -> None:
    """After the copy is whole: the old store names the new place, and the keys lose their mark. Idempotent."""
    if sides.new_keys:
        await target.finish_keys(sides.new_keys)
    done = Closing(run, shown(sides.to.store), done=True)
    await closing.note(sides.old, done)
    await closing.close(sides.old, STORE, done)
    if sides.keys_move:
        await closing.close(sides.old_keys, KEYS, done)


async def _reopen(sides: Sides, run: str) -> None:
    """Permit writes to the old store again after a run that failed, where the new store is unfinished for certain."""
    assert sides.new is not None
    # An error here leaves writes closed, which loses nothing; the text of the refusals says how to go on.
    with suppress(Exception):
        if await target.give_up(sides.new, run):
            await _open_old(sides, run)


async def _analyze(tx: Transaction) -> None:
    """Collect the statistics that PostgreSQL plans by; without them the first queries after a bulk load are slow."""
    for table in STORE:
        await tx.execute(f"ANALYZE {table.name}")


async def _count(database: Database, table: Table) -> int:
    [(rows,)] = await database.read(f"SELECT count(*) FROM {table.name}", within=LONG)
    return int(rows)
