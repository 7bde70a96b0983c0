"""Facts of the log in memory, true while its head is where this process left it; and an append that relies on them.

Every change of a stream's version, of a number's counter and of an open list is an append, and every append moves the head. So a
process that finds the head where it left it may decide a batch on what it remembers, without reading a fact. Idempotency keys and
names are taken for new; where one is not, a unique constraint of its table refuses the rows. The rules remain in
:mod:`adapters.store.log.append`: they decide here on remembered facts. Whenever the head moved, a fact is not remembered, a
constraint is violated or an append would be refused, nothing is written, and the batch is decided on facts read under the head's
lock.

On PostgreSQL such an append is one statement that commits by itself. Its row lock on the head waits for other writers and then
compares the position again on the newest row, which is all that it reads.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.store.database.database import from_micros, to_micros
from adapters.store.log.append import REGISTRY, Decision, Facts, Wanted, decide, wanted
from domain.kernel.ports import Append, Appended

STREAMS, COUNTERS = 50_000, 5_000
"""How many streams' versions and how many counters are remembered."""
DOUBTS = 64
"""How many batches at most are decided on facts that are read, after another process moved the head."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A batch decided on remembered facts, all of it accepted: the head it relies on, and the rows to write."""

    position: int
    last: int
    facts: Facts
    decision: Decision


class KnownFacts:
    """The facts as this process left them, with the head's position and ``recorded_at`` (µs)."""

    def __init__(self) -> None:
        self.position = -1
        self.last = 0
        self._versions: OrderedDict[UUID, int] = OrderedDict()
        self._counters: OrderedDict[str, int] = OrderedDict()
        self._doubts = self._doubting = 0

    def foresee(self, batch: Sequence[Append], now: int) -> Foreseen | None:
        """Decide a batch on what is remembered; None where a fact is not known, or an append would be refused.

        ``now`` is the clock's moment in µs.
        """
        if self._doubting:
            self._doubting -= 1
            return None
        if self.position < 0:
            return None
        recorded_at = from_micros(max(now, self.last))
        facts = self._facts(batch, wanted(batch, recorded_at))
        if facts is None:
            return None
        decision = decide(batch, facts, recorded_at)
        if not all(isinstance(outcome, Appended) for outcome in decision.outcomes):
            return None
        return Foreseen(self.position, self.last, facts, decision)

    def confirm(self, position: int, last: int, facts: Facts, needs: Wanted, decision: Decision) -> None:
        """Remember the facts after a commit that left the head at ``position``, recorded at ``last`` (µs)."""
        self.position, self.last = position, last
        _keep(self._versions, {stream: facts.versions.get(stream, 0) for stream in needs.streams}, STREAMS)
        _keep(self._counters, dict.fromkeys(needs.counters, 0) | facts.counters, COUNTERS)
        if decision.registry_bumps and REGISTRY not in facts.counters:
            self._counters.pop(REGISTRY, None)

    def refute(self) -> None:
        """Forget everything: another process moved the head. The more often in a row, the longer nothing is foreseen."""
        self.forget()
        self._doubts = min(2 * self._doubts + 1, DOUBTS)
        self._doubting = self._doubts

    def trust(self) -> None:
        """Note that the head was where this process left it."""
        self._doubts = 0

    def forget(self) -> None:
        """Forget everything."""
        self.position = -1
        self._versions.clear()
        self._counters.clear()

    def _facts(self, batch: Sequence[Append], needs: Wanted) -> Facts | None:
        made = {event.stream_id for append in batch for event in append.events if event.version == 1}
        versions = {stream: self._versions.get(stream, 0 if stream in made else None) for stream in needs.streams}
        counters = {name: self._counters.get(name) for name in needs.counters}
        facts = Facts(self.position)
        for stream, version in versions.items():
            if version is None:
                return None
            facts.versions[stream] = version
        for name, value in counters.items():
            if value is None:
                return None
            facts.counters[name] = value
        return facts


def _keep(memory: OrderedDict[Any, int], values: Mapping[Any, int], most: int) -> None:
    for key, value in values.items():
        memory[key] = value
        memory.move_to_end(key)
    while len(memory) > most:
        memory.popitem(last=False)


def one_statement(foreseen: Foreseen, channel: str) -> tuple[str, Sequence[Any]] | None:
    """The PostgreSQL statement that writes a foreseen batch if the head is where it should be; it returns a row if so.

    None for a batch that reserves names or changes the registry, which is rare.
    """
    decision = foreseen.decision
    if decision.names or decision.registry_bumps:
        return None
    last = decision.events[-1]
    parts = [
        "WITH moved AS (UPDATE head SET position = %s, recorded_at = %s WHERE id = 1 AND position = %s AND recorded_at = %s"
        " RETURNING recorded_at)"
    ]
    params: list[Any] = [last.position, to_micros(last.recorded_at), foreseen.position, foreseen.last]
    for table, columns, types, rows, tail in _rows(decision):
        arrays = ", ".join(f"%s::{type_}[]" for type_ in types)
        parts.append(
            f"{table}_rows AS (INSERT INTO {table} ({columns}) SELECT u.*{'' if table in UNDATED else ', moved.recorded_at'}"
            f" FROM moved, unnest({arrays}) u{tail})"
        )
        params += [list(column) for column in zip(*rows, strict=True)]
    params += [channel, str(last.position)]
    return f"{', '.join(parts)} SELECT pg_notify(%s, %s) FROM moved", params


UNDATED = ("numbers", "counters")
"""Tables without ``recorded_at``."""


def _rows(decision: Decision) -> Iterator[tuple[str, str, Sequence[str], Sequence[Sequence[Any]], str]]:
    """Of each table with new rows: name, columns, types of the columns without recorded_at, rows, and the end of the INSERT."""
    yield (
        "events",
        "position, stream_id, version, topic, community, book, state, recorded_at",
        ("bigint", "bytea", "bigint", "text", "text", "text", "bytea"),
        [(e.position, e.stream_id.bytes, e.version, e.topic, e.community, e.book, e.state) for e in decision.events],
        "",
    )
    if decision.commands:
        yield (
            "commands",
            "caller, key, body_hash, stream_id, version, position, recorded_at",
            ("text", "text", "bytea", "bytea", "bigint", "bigint"),
            [(c.caller, c.key, c.body_hash, c.stream_id.bytes, c.version, c.position) for c in decision.commands],
            "",
        )
    if decision.numbers:
        yield (
            "numbers",
            "number, book, community, day, sequence, position, stream_id",
            ("text", "text", "text", "text", "bigint", "bigint", "bytea"),
            [(n.number, n.book, n.community, n.day, n.sequence, n.position, n.stream_id.bytes) for n in decision.numbers],
            "",
        )
    if decision.counters:
        yield (
            "counters",
            "name, value",
            ("text", "bigint"),
            list(decision.counters.items()),
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
