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
    """The last state of each changed row: its encoded values by key, None for a deleted row.

    ``words``: changed texts; ``tokens``: their blind tokens in that order, once made.
    """

    rows: dict[Table[Any], dict[Key, Row | None]] = field(default_factory=dict)
    words: dict[tuple[Table[TokenRow], UUID, str], Words] = field(default_factory=dict)
    tokens: Sequence[frozenset[bytes]] = ()

    def add(self, writes: Iterable[Write]) -> None:
        """Add the writes of one stream, in order; a later write of a key replaces an earlier one."""
        for write in writes:
            if isinstance(write, Put):
                values = write.table.encode(write.row)
                self.rows.setdefault(write.table, {})[write.table.key_of(values)] = values
            elif isinstance(write, Words):
                self._add_words(write)
            else:
                self.rows.setdefault(write.table, {})[write.key] = None

    def _add_words(self, words: Words) -> None:
        place = (words.table, words.stream, words.field)
        before = self.words.get(place)
        self.words[place] = words if before is None else words._replace(fresh=before.fresh)

    def merge(self, other: "Changes") -> None:
        """Add the changes of another stream."""
        for table, rows in other.rows.items():
            self.rows.setdefault(table, {}).update(rows)
        self.words.update(other.words)

    def token_rows(self) -> dict[Table[TokenRow], list[TokenRow]]:
        """The token rows to insert, by table."""
        found: dict[Table[TokenRow], list[TokenRow]] = {}
        for words, tokens in zip(self.words.values(), self.tokens, strict=True):
            if words.text is not None:
                stream, field_, subject = words.stream, words.field, words.text.value.subject
                about = (subject, words.community, words.first_position)
                found.setdefault(words.table, []).extend(TokenRow(stream, field_, token, *about) for token in sorted(tokens))
        return found


class RowTables:
    """The tables of one table set; ``version`` is part of their names."""

    def __init__(self, view: View, version: str) -> None:
        self.view = view
        self.version = version
        tables = [*(table.name for table in view.tables), *(tally.name for tally in view.tallies)]
        self.names: Mapping[str, str] = {name: f"{name}_v{version}" for name in tables}

    async def create(self, tx: Transaction) -> None:
        """Create the tables with their primary keys; :meth:`index` comes after the build, since inserting is faster without."""
        for table in self.view.tables:
            columns = ", ".join(f"{c.name} {c.type}{'' if c.null else ' NOT NULL'}" for c in table.columns)
            await tx.ddl(f"CREATE TABLE {self.names[table.name]} ({columns}, PRIMARY KEY ({', '.join(table.key)}))")
        for tally in self.view.tallies:
            columns = ", ".join(f"{c.name} {c.type} NOT NULL" for c in tally.columns)
            key = ", ".join(tally.by)
            await tx.ddl(f"CREATE TABLE {self.names[tally.name]} ({columns}, n BIGINT NOT NULL, PRIMARY KEY ({key}))")

    async def index(self, tx: Transaction) -> None:
        """Create the indexes, count the rows for the tallies, and collect the planner's statistics (ANALYZE)."""
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

    def counted(self, tally: Tally, where: str = "") -> str:
        """SQL that counts the rows of a tally anew; ``where`` is a condition on them."""
        by, of = ", ".join(tally.by), self.names[tally.of.name]
        conditions = " AND ".join([*([where] if where else []), *([f"{tally.length} >= 0"] if tally.length else [])])
        return f"SELECT {by}, CAST(count(*) AS BIGINT) FROM {of}{' WHERE ' + conditions if conditions else ''} GROUP BY {by}"

    async def _count(self, tx: Transaction, tally: Tally, counts: Iterable[tuple[Key, int]]) -> None:
        """Add to a tally's counts."""
        name, columns = self.names[tally.name], ", ".join(tally.by)
        values = ", ".join(f":{column}" for column in tally.by)
        sql = (
            f"INSERT INTO {name} ({columns}, n) VALUES ({values}, :n) ON CONFLICT ({columns})"
            f" DO UPDATE SET n = {name}.n + excluded.n"
        )
        added = [{**dict(zip(tally.by, key, strict=True)), "n": n} for key, n in counts]
        if added:
            await tx.execute_many(sql, added)

    async def clear(self, tx: Transaction, stream: UUID) -> None:
        """Delete every row of a stream."""
        for tally in self.view.tallies:
            rows = await tx.query(self.counted(tally, f"{tally.of.stream} = :stream"), {"stream": stream.bytes})
            await self._count(tx, tally, ((tuple(key), -n) for *key, n in rows))
        for table in self.view.tables:
            await tx.execute(f"DELETE FROM {self.names[table.name]} WHERE {table.stream} = :stream", {"stream": stream.bytes})

    async def write(self, tx: Transaction, changes: Changes) -> None:
        """Write the changes of a fold: a few statements a table, for a batch of any size."""
        await self._replace(tx, changes)
        for table in self.view.tables:
            if table.erased:
                await self._forget(tx, table, changes)
        for tally in self.view.tallies:
            new = (values for values in changes.rows.get(tally.of, {}).values() if values is not None)
            await self._count(tx, tally, sorted(tally.counts(new).items()))

    async def load(self, tx: Transaction, fresh: Changes, further: Changes) -> None:
        """Write in a build: ``fresh`` are changes of streams that have no row here yet, ``further`` those of others.

        The tokens of erased subjects stay until :meth:`finish`: to find them needs the indexes.
        """
        for table, rows in fresh.rows.items():
            there = [values for values in rows.values() if values is not None]
            await tx.load(self.names[table.name], table.names, there)
        for table, tokens in fresh.token_rows().items():
            await tx.load(self.names[table.name], table.names, [table.encode(row) for row in tokens])
        await self._replace(tx, further)

    async def finish(self, tx: Transaction) -> None:
        """Create the indexes after the last :meth:`load`, and delete the tokens of erased subjects."""
        await self.index(tx)
        for table in self.view.tables:
            if table.erased:
                name = self.names[table.name]
                await tx.execute(f"DELETE FROM {name} WHERE subject IN (SELECT subject FROM {self.names[table.erased]})")

    async def _replace(self, tx: Transaction, changes: Changes) -> None:
        for table, rows in changes.rows.items():
            gone = [key for key, values in rows.items() if values is None]
            await self._delete(tx, table, table.key, gone)
            there = [values for values in rows.values() if values is not None]
            await self._insert(tx, table, there)
        stale: dict[Table[TokenRow], list[Key]] = {}
        for words in changes.words.values():
            if not words.fresh:
                stale.setdefault(words.table, []).append((words.stream.bytes, words.field))
        for table, places in stale.items():
            await self._delete(tx, table, ("stream", "field"), places)
        for table, tokens in changes.token_rows().items():
            await self._insert(tx, table, [table.encode(row) for row in tokens])

    async def _insert(self, tx: Transaction, table: Table[Any], rows: Sequence[Row]) -> None:
        if rows:
            await tx.insert(self.names[table.name], table.names, rows, key=table.key)

    async def _delete(self, tx: Transaction, table: Table[Any], columns: Sequence[str], keys: Sequence[Key]) -> None:
        if keys:
            where = " AND ".join(f"{column} = :{column}" for column in columns)
            sql = f"DELETE FROM {self.names[table.name]} WHERE {where}"
            await tx.execute_many(sql, [dict(zip(columns, key, strict=True)) for key in keys])

    async def _forget(self, tx: Transaction, table: Table[TokenRow], changes: Changes) -> None:
        """Delete token rows of erased subjects: this batch may hold an erasure, or a text of a subject erased before it."""
        subjects = {words.text.value.subject.bytes for words in changes.words.values() if words.text is not None}
        for other, rows in changes.rows.items():
            if other.row is ErasedRow:
                subjects.update(key[0] for key in rows)
        if subjects:
            await tx.execute(
                f"DELETE FROM {self.names[table.name]} WHERE subject IN :subjects"
                f" AND subject IN (SELECT subject FROM {self.names[table.erased]})",
                {"subjects": list(subjects)},
            )
