"""The tables of one table set: create, index, and write the changes of a fold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.store.database.database import Row, Transaction
from projections.engine.tables import Table
from projections.engine.tallies import Tally
from projections.engine.view import ErasedRow, Put, TokenRow, View, Words, Write

Key = tuple[Any, ...]


@dataclass(slots=True)
class Changes:
    """What a fold of one stream's steps changes: the last state of each changed row, its values by key, None for a deleted one.

    ``words``: changed texts by table and field; ``tokens``: their blind tokens in that order, once made. ``first``: the position
    of the first step. ``begun``: it is the stream's first event of all, so that no row of the stream is there yet.
    """

    rows: dict[Table[Any], dict[Key, Row | None]] = field(default_factory=dict)
    words: dict[tuple[Table[TokenRow], str], Words] = field(default_factory=dict)
    tokens: Sequence[frozenset[bytes]] = ()
    first: int = 0
    begun: bool = False

    def add(self, writes: Iterable[Write]) -> None:
        """Add writes, in order; a later write of a key replaces an earlier one."""
        known = self.rows
        for write in writes:
            if isinstance(write, Words):
                self._add_words(write)
                continue
            table = write.table
            rows = known.get(table)
            if rows is None:
                rows = known[table] = {}
            if isinstance(write, Put):
                values = table.encode(write.row)
                rows[table.key_of(values)] = values
            else:
                rows[write.key] = None

    def _add_words(self, words: Words) -> None:
        place = (words.table, words.field)
        before = self.words.get(place)
        self.words[place] = words if before is None else words._replace(fresh=before.fresh)


class Merged:
    """The changes of several streams together: rows by table and key, None for a deleted one, and texts with their tokens."""

    def __init__(self, streams: Iterable[Changes]) -> None:
        self.rows: dict[Table[Any], dict[Key, Row | None]] = {}
        self.texts: list[tuple[Words, frozenset[bytes]]] = []
        for changes in streams:
            for table, rows in changes.rows.items():
                self.rows.setdefault(table, {}).update(rows)
            self.texts.extend(zip(changes.words.values(), changes.tokens, strict=True))

    def token_rows(self) -> dict[Table[TokenRow], list[Row]]:
        """The token rows to insert, by table, as stored values."""
        found: dict[Table[TokenRow], list[Row]] = {}
        for words, tokens in self.texts:
            if words.text is not None:
                about = (words.text.value.subject.bytes, words.community, words.first_position)
                stream, field_ = words.stream.bytes, words.field
                found.setdefault(words.table, []).extend([(stream, field_, token, *about) for token in sorted(tokens)])
        return found


class RowTables:
    """The tables of one table set; ``version`` is part of their names."""

    def __init__(self, view: View, version: str) -> None:
        self.view = view
        self.version = version
        tables = [*(table.name for table in view.tables), *(tally.name for tally in view.tallies)]
        self.names: Mapping[str, str] = {name: f"{name}_v{version}" for name in tables}

    async def create(self, tx: Transaction) -> None:
        """Create the tables without keys and indexes; :meth:`index` comes after the build, since inserting is faster without."""
        for table in self.view.tables:
            columns = ", ".join(f"{c.name} {c.type}{'' if c.null else ' NOT NULL'}" for c in table.columns)
            await tx.ddl(f"CREATE TABLE {self.names[table.name]} ({columns})")
        for tally in self.view.tallies:
            columns = ", ".join(f"{c.name} {c.type} NOT NULL" for c in tally.columns)
            key = ", ".join(tally.by)
            await tx.ddl(f"CREATE TABLE {self.names[tally.name]} ({columns}, n BIGINT NOT NULL, PRIMARY KEY ({key}))")

    async def index(self, tx: Transaction) -> None:
        """Create keys and indexes, count the rows for the tallies, and collect the planner's statistics (ANALYZE)."""
        await self.key(tx, self.view.tables)
        for table in self.view.tables:
            name = self.names[table.name]
            for i, index in enumerate(table.indexes, start=1):
                where = f" WHERE {index.where}" if index.where else ""
                await tx.ddl(f"CREATE INDEX {name}_{i} ON {name} ({', '.join(index.columns)}){where}")
            await tx.ddl(f"ANALYZE {name}")
        for tally in self.view.tallies:
            await tx.execute(f"DELETE FROM {self.names[tally.name]}")
            await tx.execute(f"INSERT INTO {self.names[tally.name]} ({', '.join(tally.by)}, n) {self.counted(tally)}")
            await tx.ddl(f"ANALYZE {self.names[tally.name]}")

    async def key(self, tx: Transaction, tables: Iterable[Table[Any]]) -> None:
        """Create the keys of tables that have none yet: a row can be replaced from then on."""
        for table in tables:
            name = self.names[table.name]
            await tx.ddl(f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_key ON {name} ({', '.join(table.key)})")

    def counted(self, tally: Tally, where: str = "") -> str:
        """SQL that counts the rows of a tally anew; ``where`` is a condition on them."""
        by, of = ", ".join(tally.by), self.names[tally.of.name]
        conditions = " AND ".join([*([where] if where else []), *([f"{tally.length} >= 0"] if tally.length else [])])
        return f"SELECT {by}, CAST(count(*) AS BIGINT) FROM {of}{' WHERE ' + conditions if conditions else ''} GROUP BY {by}"

    async def _count(self, tx: Transaction, tally: Tally, counts: Iterable[Row]) -> None:
        """Add to a tally's counts; the last value of each row is the number to add."""
        await tx.insert(self.names[tally.name], (*tally.by, "n"), [*counts], key=tally.by, adding="n")

    async def clear(self, tx: Transaction, stream: UUID) -> None:
        """Delete every row of a stream."""
        for tally in self.view.tallies:
            rows = await tx.query(self.counted(tally, f"{tally.of.stream} = :stream"), {"stream": stream.bytes})
            await self._count(tx, tally, ((*key, -n) for *key, n in rows))
        for table in self.view.tables:
            await tx.execute(f"DELETE FROM {self.names[table.name]} WHERE {table.stream} = :stream", {"stream": stream.bytes})

    async def write(self, tx: Transaction, fresh: Merged, further: Merged) -> None:
        """Write the changes of a fold: a few statements a table, for a batch of any size.

        ``fresh`` are changes of streams that have no row here yet, ``further`` those of others.
        """
        await self._load(tx, fresh)
        await self._replace(tx, further)
        for table in self.view.tables:
            if table.erased:
                await self._forget(tx, table, (fresh, further))
        for tally in self.view.tallies:
            new = (row for part in (fresh, further) for row in part.rows.get(tally.of, {}).values() if row is not None)
            await self._count(tx, tally, sorted((*key, n) for key, n in tally.counts(new).items()))

    async def load(self, tx: Transaction, fresh: Merged, further: Merged) -> None:
        """Write in a build, where a table has a key only from its first ``further`` change on.

        The tokens of erased subjects stay until :meth:`finish`: to find them needs the indexes.
        """
        await self._load(tx, fresh)
        await self.key(tx, {*further.rows, *(words.table for words, _ in further.texts)})
        await self._replace(tx, further)

    async def finish(self, tx: Transaction) -> None:
        """Create the indexes after the last :meth:`load`, and delete the tokens of erased subjects."""
        await self.index(tx)
        for table in self.view.tables:
            if table.erased:
                name = self.names[table.name]
                await tx.execute(f"DELETE FROM {name} WHERE subject IN (SELECT subject FROM {self.names[table.erased]})")

    async def _load(self, tx: Transaction, fresh: Merged) -> None:
        for table, rows in fresh.rows.items():
            there = [values for values in rows.values() if values is not None]
            await tx.load(self.names[table.name], table.names, there)
        for table, tokens in fresh.token_rows().items():
            await tx.load(self.names[table.name], table.names, tokens)

    async def _replace(self, tx: Transaction, changes: Merged) -> None:
        for table, rows in changes.rows.items():
            gone = [key for key, values in rows.items() if values is None]
            await self._delete(tx, table, table.key, gone)
            there = [values for values in rows.values() if values is not None]
            await self._insert(tx, table, there)
        stale: dict[Table[TokenRow], list[Key]] = {}
        for words, _ in changes.texts:
            if not words.fresh:
                stale.setdefault(words.table, []).append((words.stream.bytes, words.field))
        for table, places in stale.items():
            await self._delete(tx, table, ("stream", "field"), places)
        for table, tokens in changes.token_rows().items():
            await self._insert(tx, table, tokens)

    async def _insert(self, tx: Transaction, table: Table[Any], rows: Sequence[Row]) -> None:
        if rows:
            await tx.insert(self.names[table.name], table.names, rows, key=table.key)

    async def _delete(self, tx: Transaction, table: Table[Any], columns: Sequence[str], keys: Sequence[Key]) -> None:
        if keys:
            await tx.delete(self.names[table.name], columns, keys)

    async def _forget(self, tx: Transaction, table: Table[TokenRow], parts: Iterable[Merged]) -> None:
        """Delete token rows of erased subjects: this batch may hold an erasure, or a text of a subject erased before it."""
        subjects = set[bytes]()
        for changes in parts:
            subjects.update(words.text.value.subject.bytes for words, _ in changes.texts if words.text is not None)
            for other, rows in changes.rows.items():
                if other.row is ErasedRow:
                    subjects.update(key[0] for key in rows)
        if subjects:
            await tx.execute(
                f"DELETE FROM {self.names[table.name]} WHERE subject IN :subjects"
                f" AND subject IN (SELECT subject FROM {self.names[table.erased]})",
                {"subjects": list(subjects)},
            )
