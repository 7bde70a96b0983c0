"""Bring a table's rows to another database, in bounded batches, and compare both sides row by row.

Every transaction that writes first checks that this run may still write (``fence``): a run that was suspended while another
took over writes nothing more.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.store.database.database import Database, Row, Transaction
from adapters.store.moving.closing import LONG
from adapters.store.moving.tables import Table, Way

MOST_ROWS = 5_000
MOST_BYTES = 4 * 2**20
"""Bounds of a batch. The bytes are aimed at: the size of the next rows is guessed from that of the last."""

Fence = Callable[[Transaction], Awaitable[None]]


class CopyRefused(Exception):
    """The copy was refused or could not be finished; the message gives the reason and what to do."""


@dataclass(slots=True)
class Digest:
    """Count and SHA-256 of a table's rows in the order of their key, equal on both databases."""

    rows: int = 0
    _sum: Any = field(default_factory=hashlib.sha256, repr=False)

    def add(self, rows: Sequence[Row]) -> None:
        """Add the next rows."""
        self.rows += len(rows)
        self._sum.update("".join([f"{row!r}\n" for row in rows]).encode())

    @property
    def hex(self) -> str:
        """The SHA-256 so far."""
        return str(self._sum.hexdigest())


class Moving:
    """One table on both sides."""

    def __init__(self, table: Table, source: Database, target: Database, columns: Sequence[str], fence: Fence) -> None:
        self.table = table
        self.digest = Digest()
        self.compared_upto = 0
        self._source = source
        self._target = target
        self._columns = columns
        self._fence = fence

    @classmethod
    async def of(cls, table: Table, source: Database, target: Database, fence: Fence) -> "Moving":
        """A table whose columns are read from the new database."""
        return cls(table, source, target, await columns_of(target, table.name), fence)

    # Tables whose rows are only added

    async def last(self, database: Database) -> int:
        """The last position (0: none)."""
        [(position,)] = await database.read(f"SELECT coalesce(max(position), 0) FROM {self.table.name}", within=LONG)
        return int(position)

    async def catch_up(self, said: Callable[[int, int], None]) -> int:
        """Copy every row after the new database's last position; returns how many. Reads the next batch while one is written."""
        upto, first = await self.last(self._source), await self.last(self._target)
        done = 0
        pages = _Pages(self._source, self.table, self._columns, (upto,))
        rows = await pages.after((first,))
        while rows:
            following, _ = await asyncio.gather(pages.after(self._key(rows[-1])), self._load(rows))
            done += len(rows)
            said(rows[-1][0] - first, upto - first)
            rows = following
        return done

    async def compare_appended(self, said: Callable[[int, int], None]) -> None:
        """Compare the rows that were not compared yet, on both sides, and look for gaps in their positions (numbers have some).

        Raises CopyRefused at the first difference.
        """
        upto, first = await self.last(self._target), self.compared_upto
        ours = _Pages(self._source, self.table, self._columns, (upto,))
        theirs = _Pages(self._target, self.table, self._columns, (upto,))
        while True:
            after, limit = (self.compared_upto,), ours.limit
            rows, copied = await asyncio.gather(ours.after(after, limit), theirs.after(after, limit))
            if rows != copied:
                raise self._differs(rows, copied)
            if not rows:
                break
            if self.table.name != "numbers" and rows[-1][0] - self.compared_upto != len(rows):
                raise CopyRefused(f"{self.table.name} has gaps after position {self.compared_upto}: restore a backup first")
            self.digest.add(copied)
            self.compared_upto = rows[-1][0]
            said(self.compared_upto - first, upto - first)

    def _differs(self, rows: Sequence[Row], copied: Sequence[Row]) -> CopyRefused:
        different = next((a for a, b in zip(rows, copied, strict=False) if a != b), None)
        at = different or (rows or copied)[min(len(rows), len(copied))]
        return CopyRefused(
            f"{self.table.name} at position {at[0]} differs on the two sides: empty the new database and copy again"
        )

    async def _load(self, rows: Sequence[Row]) -> None:
        async def work(tx: Transaction) -> None:
            await self._fence(tx)
            await tx.load(self.table.name, self._columns, rows)

        await self._target.write(work, within=LONG)

    # Tables whose rows change or go

    async def even_out(self, said: Callable[[int], None], *, stopped: bool) -> int:
        """Make the new side equal to the old one; returns how many rows that took. With 0 the digest is that of both sides.

        ``stopped``: writes are closed, so time matters, and every piece was compared before: keys and sizes of pieces suffice.
        """
        self.digest = Digest()
        light = stopped and self.table.way is Way.PIECES
        changed = 0
        async for page in self._pages(light):
            if page.changed or page.surplus:
                await (self._apply_pieces(page) if light else self._replace([page.rows[key] for key in page.changed]))
                await self._remove(page.surplus)
                changed += len(page.changed) + len(page.surplus)
            self.digest.add(list(page.rows.values()))
            said(self.digest.rows)
        return changed

    async def _pages(self, light: bool) -> "AsyncIterator[_Page]":
        """Both sides in the order of the key, page by page of the old one; the last page also takes what only the new one has."""
        columns = [c if c in self.table.key or not light else f"length({c})" for c in self._columns]
        ours = _Pages(self._source, self.table, columns)
        after: Row | None = None
        while True:
            rows = await ours.after(after)
            upto = self._key(rows[-1]) if rows else None
            copied = await _Pages(self._target, self.table, columns, upto).after(after, None)
            old, new = {self._key(row): row for row in rows}, {self._key(row): row for row in copied}
            yield _Page(old, [key for key, row in old.items() if new.get(key) != row], [key for key in new if key not in old])
            if upto is None:
                return
            after = upto

    async def _apply_pieces(self, page: "_Page") -> None:
        """Copy pieces a few at a time, read them back and compare. Raises CopyRefused where they differ."""
        for start in range(0, len(page.changed), 16):
            keys = page.changed[start : start + 16]
            rows = [await self._row(self._source, key) for key in keys]
            await self._replace(rows)
            if [await self._row(self._target, key) for key in keys] != rows:
                raise CopyRefused(f"{self.table.name} was not stored as it was written: see to the disk of the new database")

    async def _row(self, database: Database, key: Row) -> Row:
        where = " AND ".join(f"{column} = :{column}" for column in self.table.key)
        sql = f"SELECT {', '.join(self._columns)} FROM {self.table.name} WHERE {where}"
        [row] = await database.read(sql, dict(zip(self.table.key, key, strict=True)), within=LONG)
        return row

    async def _replace(self, rows: Sequence[Row]) -> None:
        async def work(tx: Transaction) -> None:
            await self._fence(tx)
            await tx.insert(self.table.name, self._columns, rows, key=self.table.key)

        if rows:
            await self._target.write(work, within=LONG)

    async def _remove(self, keys: Sequence[Row]) -> None:
        where = " AND ".join(f"{column} = :{column}" for column in self.table.key)

        async def work(tx: Transaction) -> None:
            await self._fence(tx)
            params = [dict(zip(self.table.key, key, strict=True)) for key in keys]
            await tx.execute_many(f"DELETE FROM {self.table.name} WHERE {where}", params)

        if keys:
            await self._target.write(work, within=LONG)

    def _key(self, row: Row) -> Row:
        """A row's key."""
        places = [list(self._columns).index(column) for column in self.table.key]
        return tuple(row[place] for place in places)


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows of the old side by key, the keys of those that the new side lacks or has otherwise, and keys only the new side has."""

    rows: Mapping[Row, Row]
    changed: Sequence[Row]
    surplus: Sequence[Row]


class _Pages:
    """Reads a table in the order of its key, in pages of about :data:`MOST_BYTES`, up to the key ``upto``."""

    def __init__(self, database: Database, table: Table, columns: Sequence[str], upto: Row | None = None) -> None:
        self.limit = 16
        """Rows of the next page, guessed from the last one."""
        self._database = database
        self._table = table
        self._columns = columns
        self._upto = upto

    async def after(self, key: Row | None, limit: int | None = 0) -> list[Row]:
        """The next rows after a key (None: from the start); ``limit``: at most so many, None: all, 0: a page."""
        most = self.limit if limit == 0 else limit
        own = ", ".join(self._table.key)
        bounds: list[str] = []
        params: dict[str, Any] = {}
        for name, sign, values in (("after", ">", key), ("upto", "<=", self._upto)):
            if values is not None:
                bounds.append(f"({own}) {sign} ({', '.join(f':{name}_{i}' for i in range(len(values)))})")
                params |= {f"{name}_{i}": value for i, value in enumerate(values)}
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
        sql = f"SELECT {', '.join(self._columns)} FROM {self._table.name}{where} ORDER BY {own}"
        rows = await self._database.read(sql if most is None else f"{sql} LIMIT {most}", params, within=LONG)
        if rows:
            size = sum(len(value) for row in rows for value in row if isinstance(value, bytes | str)) // len(rows) + 1
            self.limit = max(1, min(MOST_ROWS, MOST_BYTES // size))
        return rows


async def columns_of(database: Database, table: str) -> list[str]:
    """Columns of a table, in order."""
    sql = {
        "sqlite": "SELECT name FROM pragma_table_info(:table) ORDER BY cid",
        "postgresql": "SELECT attname::text FROM pg_attribute"
        " WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    }
    return [name for (name,) in await database.read(sql[database.dialect], {"table": table})]
