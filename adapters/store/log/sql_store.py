"""The event log in a database, SQLite or PostgreSQL, in SQL that both understand."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from sqlite3 import IntegrityError
from uuid import UUID

from psycopg.errors import UniqueViolation

from adapters.store.database.database import DEADLINE, EPOCH, Database, Transaction, from_micros, to_micros
from adapters.store.database.postgres_database import PostgresDatabase
from adapters.store.log.append import COMMANDS_KEPT, Decision, Facts, Outcome, Wanted, decide, wanted
from adapters.store.log.group_commit import CAPACITY, GroupCommit
from adapters.store.log.known_facts import Foreseen, KnownFacts, one_statement
from adapters.store.log.listening import CHANNEL, listen
from adapters.store.log.rows import EVENT, command_record, stored_events
from adapters.store.log.wakeups import Wakeups
from adapters.store.logins.access import TOKEN, Look, SqlAccessLog, SqlTokens, token_row
from domain.kernel.ports import Append, Appended, Clock, CommandRecord, Head, NumberTaken, StoredEvent

PRUNED_AT_ONCE = 500
"""About how many expired command records one append transaction deletes."""

PRUNE_EVERY = timedelta(minutes=1)
"""How often expired command records are looked for, unless the last look left some."""

LOCK_HEAD = {
    "sqlite": "SELECT position, recorded_at FROM head",  # BEGIN IMMEDIATE holds the lock
    "postgresql": "SELECT position, recorded_at FROM head WHERE id = 1 FOR UPDATE",
}


class SqlStore:
    """The log (domain.kernel.ports.EventLog), with the tokens and the access log of its database."""

    def __init__(
        self, database: Database, clock: Clock, origin: str, *, capacity: int = CAPACITY, deadline: float = DEADLINE
    ) -> None:
        self.database = database
        self.origin = origin
        self.tokens = SqlTokens(database, clock)
        self.access_log = SqlAccessLog(database)
        self._clock = clock
        self._prune_from = EPOCH
        self._known = KnownFacts()
        self._group = GroupCommit(self._write_batch, capacity=capacity, deadline=deadline)
        self._wakeups = Wakeups(self._position)
        self._listener = asyncio.create_task(listen(database, self._wakeups.announce))

    async def append(self, append: Append) -> Appended:
        """Write all events in one commit, or raise AppendRefused or errors.Overloaded (full queue, deadline passed)."""
        return await self._group.append(append)

    async def read_stream(
        self, stream_id: UUID, *, after_version: int = 0, upto_version: int | None = None, upto_position: int | None = None
    ) -> Sequence[StoredEvent]:
        """A stream's events in order of version."""
        bounds = "e.stream_id = :stream_id AND e.version > :after_version"
        if upto_version is not None:
            bounds += " AND e.version <= :upto_version"
        if upto_position is not None:
            bounds += " AND e.position <= :upto_position"
        rows = await self.database.read(
            f"{EVENT} WHERE {bounds} ORDER BY e.version",
            {
                "stream_id": stream_id.bytes,
                "after_version": after_version,
                "upto_version": upto_version,
                "upto_position": upto_position,
            },
        )
        return stored_events(rows)

    async def read_streams(self, after: Mapping[UUID, int]) -> Mapping[UUID, Sequence[StoredEvent]]:
        """The events of several streams, of each those after its version, in order of version; one read for all of them."""
        found: dict[UUID, list[StoredEvent]] = {stream: [] for stream in after}
        if not found:
            return found
        groups: dict[int, list[bytes]] = {}
        for stream, version in after.items():
            groups.setdefault(version, []).append(stream.bytes)
        bounds = [f"(e.stream_id IN :ids_{i} AND e.version > :after_{i})" for i in range(len(groups))]
        params: dict[str, object] = {}
        for i, (version, ids) in enumerate(groups.items()):
            params |= {f"ids_{i}": ids, f"after_{i}": version}
        for event in stored_events(await self.database.read(f"{EVENT} WHERE {' OR '.join(bounds)} ORDER BY e.version", params)):
            found[event.stream_id].append(event)
        return found

    async def read_numbered(self, number: str) -> Sequence[StoredEvent]:
        """All events, in order of version, of the stream that took a number (void numbers included); none where none did."""
        rows = await self.database.read(
            f"{EVENT} WHERE e.stream_id = (SELECT stream_id FROM numbers WHERE number = :number) ORDER BY e.version",
            {"number": number},
        )
        return stored_events(rows)

    async def read_log(self, after_position: int, limit: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, at most ``limit``."""
        rows = await self.database.read(
            f"{EVENT} WHERE e.position > :after ORDER BY e.position LIMIT :limit",
            {"after": after_position, "limit": limit},
        )
        return stored_events(rows)

    async def head(self) -> Head:
        """The end of the log."""
        [(position, recorded_at)] = await self.database.read("SELECT position, recorded_at FROM head")
        return Head(self.origin, position, from_micros(recorded_at))

    async def position_at(self, recorded_at: datetime) -> int:
        """The last position recorded at or before a moment (0 if none)."""
        rows = await self.database.read(
            "SELECT position FROM events WHERE recorded_at <= :at ORDER BY recorded_at DESC, position DESC LIMIT 1",
            {"at": to_micros(recorded_at)},
        )
        return int(rows[0][0]) if rows else 0

    async def find_command(self, caller: str, key: str) -> CommandRecord | None:
        """The command record of an idempotency key, None after :data:`COMMANDS_KEPT`."""
        rows = await self.database.read(
            "SELECT caller, key, body_hash, stream_id, version, position, recorded_at FROM commands"
            " WHERE caller = :caller AND key = :key AND recorded_at >= :since",
            {"caller": caller, "key": key, "since": to_micros(self._clock.now() - COMMANDS_KEPT)},
        )
        return command_record(rows[0]) if rows else None

    async def look(self, token_hash: bytes, key: str | None) -> Look:
        """The token with this hash, the registry's version, and the record of its login's command ``key``: one statement."""
        if key is None:
            return Look(*await self.tokens.token_by_hash(token_hash))
        [row] = await self.database.read(
            f"SELECT c.value, {TOKEN}, m.caller, m.key, m.body_hash, m.stream_id, m.version, m.position, m.recorded_at"
            " FROM counters c LEFT JOIN tokens t ON t.token_hash = :hash"
            " LEFT JOIN commands m ON m.key = :key AND m.caller = t.login AND m.recorded_at >= :since WHERE c.name = 'registry'",
            {"hash": token_hash, "key": key, "since": to_micros(self._clock.now() - COMMANDS_KEPT)},
        )
        token, record = row[1:7], row[7:]
        return Look(None if token[0] is None else token_row(token), row[0], None if record[0] is None else command_record(record))

    async def numbers_of(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[NumberTaken]]:
        """The numbers each of these streams took, in log order."""
        rows = await self.database.read(
            "SELECT number, book, community, day, sequence, position, stream_id FROM numbers"
            " WHERE stream_id IN :ids ORDER BY position",
            {"ids": [stream_id.bytes for stream_id in stream_ids]},
        )
        taken: dict[UUID, list[NumberTaken]] = {stream_id: [] for stream_id in stream_ids}
        for number, book, community, day, sequence, position, stream_id in rows:
            stream = UUID(bytes=stream_id)
            taken[stream].append(NumberTaken(number, book, community, day, sequence, position, stream))
        return taken

    async def stream_of_number(self, number: str) -> UUID | None:
        """The stream that took this number (void numbers included)."""
        rows = await self.database.read("SELECT stream_id FROM numbers WHERE number = :number", {"number": number})
        return UUID(bytes=rows[0][0]) if rows else None

    async def read_named(self, scopes: Sequence[str], after_position: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, of every stream that holds a name reserved in one of the scopes."""
        rows = await self.database.read(
            f"{EVENT} WHERE e.stream_id IN (SELECT stream_id FROM names WHERE scope IN :scopes)"
            " AND e.position > :after ORDER BY e.position",
            {"scopes": list(scopes), "after": after_position},
        )
        return stored_events(rows)

    async def registry_version(self) -> int:
        """Counts appends that changed communities, people, roles or tokens."""
        [(value,)] = await self.database.read("SELECT value FROM counters WHERE name = 'registry'")
        return int(value)

    @property
    def waiting(self) -> int:
        """How many appends are queued."""
        return self._group.waiting

    def appended(self, after_position: int, timeout: float) -> AsyncIterator[int]:
        """Yields the head position whenever it has moved past ``after_position``, at the latest every ``timeout`` seconds."""
        return self._wakeups.beyond(after_position, timeout)

    async def close(self) -> None:
        """Write the queued appends, end every :meth:`appended` iterator and close the database."""
        await self._group.close()
        await self._wakeups.close()
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener
        await self.database.close()

    async def __aenter__(self) -> "SqlStore":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _position(self) -> int:
        [(position,)] = await self.database.read("SELECT position FROM head")
        return int(position)

    async def _write_batch(self, batch: Sequence[Append], again: bool, within: float) -> Sequence[Outcome]:
        """Write a batch: on remembered facts where they hold, else on facts read under the head's lock."""
        foreseen = None if again else self._known.foresee(batch, to_micros(self._clock.now()))
        try:
            if foreseen is not None and await self._write_foreseen(foreseen, within):
                decision = foreseen.decision
                last = decision.events[-1]
                self._known.trust()
                needs = wanted(batch, last.recorded_at)
                self._known.confirm(last.position, to_micros(last.recorded_at), foreseen.facts, needs, decision)
                self._wakeups.announce(last.position)
                return decision.outcomes
            return await self._write_read(batch, again, within)
        except BaseException:
            self._known.forget()
            raise

    async def _write_foreseen(self, foreseen: Foreseen, within: float) -> bool:
        """Write a batch that was decided on remembered facts; False, with nothing written, where these don't hold."""
        if foreseen.decision.events[-1].recorded_at >= self._prune_from:
            return False
        if isinstance(self.database, PostgresDatabase):
            statement = one_statement(foreseen, CHANNEL)
            if statement is None:
                return False
            try:
                written = await self.database.write_alone(*statement, within=within)
            except UniqueViolation:
                return False
            if not written:
                self._known.refute()
            return bool(written)

        async def write(tx: Transaction) -> bool:
            if await tx.query(LOCK_HEAD[tx.dialect]) != [(foreseen.position, foreseen.last)]:
                return False
            await save(tx, foreseen.decision, only_new=True)
            return True

        try:
            done = await self.database.write_log(write, within=within)
        except IntegrityError:
            return False
        if not done:
            self._known.refute()
        return done

    async def _write_read(self, batch: Sequence[Append], again: bool, within: float) -> Sequence[Outcome]:
        """Write a batch in one transaction: lock the head, read the facts, decide, save."""

        async def work(tx: Transaction) -> tuple[int, int, Facts, Wanted, Decision, list[Outcome]]:
            # The head's row is the one lock of the log: taken first, it serialises all writers, so positions are gapless
            # and nobody can commit position 8 before position 7. ``recorded_at`` never runs backwards: a clock set back
            # keeps the last event's time.
            [(position, last)] = await tx.query(LOCK_HEAD[tx.dialect])
            recorded_at = from_micros(max(to_micros(self._clock.now()), last))
            known = await written_before(tx, batch) if again else {}
            fresh = [append for i, append in enumerate(batch) if i not in known]
            needs = wanted(fresh, recorded_at)
            facts = await read_facts(tx, needs, position)
            decision = decide(fresh, facts, recorded_at)
            if decision.events:
                await save(tx, decision)
                await self._prune(tx, recorded_at)
                last = to_micros(recorded_at)
            decided = iter(decision.outcomes)
            outcomes = [known[i] if i in known else next(decided) for i in range(len(batch))]
            return position + len(decision.events), last, facts, needs, decision, outcomes

        position, last, facts, needs, decision, outcomes = await self.database.write_log(work, within=within)
        if position - len(decision.events) != self._known.position:
            self._known.forget()
        self._known.confirm(position, last, facts, needs, decision)
        self._wakeups.announce(position)
        return outcomes

    async def _prune(self, tx: Transaction, recorded_at: datetime) -> None:
        """Delete expired command records, a few in each transaction; once none is left, look again after a minute."""
        if recorded_at >= self._prune_from:
            deleted = await tx.execute(
                "DELETE FROM commands WHERE recorded_at IN"
                " (SELECT recorded_at FROM commands WHERE recorded_at < :before ORDER BY recorded_at LIMIT :most)",
                {"before": to_micros(recorded_at - COMMANDS_KEPT), "most": PRUNED_AT_ONCE},
            )
            if deleted < PRUNED_AT_ONCE:
                self._prune_from = recorded_at + PRUNE_EVERY


async def read_facts(tx: Transaction, needs: Wanted, position: int) -> Facts:
    """Read the facts that :func:`decide` needs; the transaction holds the head's lock."""
    facts = Facts(position, versions=await read_versions(tx, sorted(needs.streams)))
    if needs.commands:
        rows = await tx.query(
            "SELECT caller, key, body_hash, stream_id, version, position, recorded_at FROM commands WHERE key IN :keys",
            {"keys": [key for _, key in needs.commands]},
        )
        facts.commands = {(row[0], row[1]): command_record(row) for row in rows}
    if needs.counters:
        rows = await tx.query("SELECT name, value FROM counters WHERE name IN :names", {"names": list(needs.counters)})
        facts.counters = dict(rows)
    if needs.names:
        rows = await tx.query(
            "SELECT scope, name, position FROM names WHERE name IN :names", {"names": [name for _, name in needs.names]}
        )
        facts.names = {(scope, name): taken_at for scope, name, taken_at in rows}
    return facts


async def read_versions(tx: Transaction, streams: Sequence[UUID]) -> dict[UUID, int]:
    """The newest version of each stream that exists: one index probe a stream, one round trip a batch."""
    if tx.dialect == "postgresql":
        rows = await tx.query(
            "SELECT id, (SELECT max(version) FROM events WHERE stream_id = id) FROM unnest(CAST(:ids AS BYTEA[])) AS id",
            {"ids": [stream.bytes for stream in streams]},
        )
        return {UUID(bytes=stream): version for stream, version in rows if version is not None}
    probe = "SELECT max(version) FROM events WHERE stream_id = :id"
    answers = await tx.queries([(probe, {"id": stream.bytes}) for stream in streams])
    return {stream: row[0] for stream, [row] in zip(streams, answers, strict=True) if row[0] is not None}


async def written_before(tx: Transaction, batch: Sequence[Append]) -> dict[int, Appended]:
    """Appends of a batch that are in the log already, by index: a commit succeeded and its answer was lost.

    An append is recognised by its first event's stream, version and state bytes. These hold the command's own id, so no
    other command can have written them, and an append is written whole or not at all.
    """
    known: dict[int, Appended] = {}
    for i, append in enumerate(batch):
        first = append.events[0]
        rows = await tx.query(
            f"{EVENT} WHERE e.position >= (SELECT position FROM events WHERE stream_id = :id AND version = :version"
            " AND state = :state) ORDER BY e.position LIMIT :count",
            {"id": first.stream_id.bytes, "version": first.version, "state": first.state, "count": len(append.events)},
        )
        if rows:
            known[i] = Appended(stored_events(rows))
    return known


async def save(tx: Transaction, decision: Decision, *, only_new: bool = False) -> None:
    """Write the rows of a decision: one statement a table, for a batch of any size.

    ``only_new``: fail at a command record that is there already, even an expired one, instead of replacing it.
    """
    last = decision.events[-1]
    recorded_at = to_micros(last.recorded_at)
    await tx.insert(
        "events",
        ("position", "stream_id", "version", "topic", "community", "recorded_at", "book", "state"),
        [(e.position, e.stream_id.bytes, e.version, e.topic, e.community, recorded_at, e.book, e.state) for e in decision.events],
    )
    if decision.commands:
        await tx.insert(
            "commands",
            ("caller", "key", "body_hash", "stream_id", "version", "position", "recorded_at"),
            [(c.caller, c.key, c.body_hash, c.stream_id.bytes, c.version, c.position, recorded_at) for c in decision.commands],
            key=() if only_new else ("caller", "key"),
        )
    if decision.numbers:
        await tx.insert(
            "numbers",
            ("number", "book", "community", "day", "sequence", "position", "stream_id"),
            [(n.number, n.book, n.community, n.day, n.sequence, n.position, n.stream_id.bytes) for n in decision.numbers],
        )
    if decision.names:
        await tx.insert(
            "names",
            ("scope", "name", "stream_id", "position"),
            [(r.scope, r.name, r.stream_id.bytes, position) for r, position in decision.names],
        )
    if decision.counters:
        await tx.insert("counters", ("name", "value"), list(decision.counters.items()), key=("name",))
    if decision.registry_bumps:
        await tx.execute("UPDATE counters SET value = value + :n WHERE name = 'registry'", {"n": decision.registry_bumps})
    await tx.execute(
        "UPDATE head SET position = :position, recorded_at = :recorded_at WHERE id = 1",
        {"position": last.position, "recorded_at": recorded_at},
    )
    if tx.dialect == "postgresql":
        await tx.query("SELECT pg_notify(:channel, CAST(:position AS TEXT))", {"channel": CHANNEL, "position": last.position})
