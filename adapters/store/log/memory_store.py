"""The event log in lists and dicts: the outcomes of the SQL store without its durability. For tests of the layers above."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.store.database.database import EPOCH
from adapters.store.log.append import COMMANDS_KEPT, REGISTRY, Facts, check_form, decide, wanted
from adapters.store.log.wakeups import Wakeups
from adapters.store.logins.access import Look, TokenRow
from domain.kernel.ports import Access, Append, Appended, Clock, CommandRecord, Head, NumberTaken, ReserveName, StoredEvent


class MemoryTokens:
    """Tokens in a dict."""

    def __init__(self, clock: Clock) -> None:
        self.registry = 0
        self._clock = clock
        self._tokens: dict[UUID, TokenRow] = {}

    async def put_token(self, token: TokenRow) -> None:
        """Add a token; its id and hash must be new (ValueError)."""
        if any(token.id == other.id or token.token_hash == other.token_hash for other in self._tokens.values()):
            raise ValueError("a token with this id or hash exists already")
        self._tokens[token.id] = token
        self.registry += 1

    async def token_by_hash(self, token_hash: bytes) -> tuple[TokenRow | None, int]:
        """The token with this hash, expired or revoked ones included (None if there is none), and the registry's version."""
        found = (token for token in self._tokens.values() if token.token_hash == token_hash)
        return next(found, None), self.registry

    async def list_tokens(self, login: str | None = None) -> Sequence[TokenRow]:
        """Tokens of a login, or of everybody (None), oldest first."""
        tokens = [token for token in self._tokens.values() if login is None or token.login == login]
        return sorted(tokens, key=lambda token: (token.created_at, token.id))

    async def revoke_token(self, id: UUID) -> bool:
        """Revoke a token now; False where it doesn't exist or was revoked before."""
        token = self._tokens.get(id)
        if token is None or token.revoked_at is not None:
            return False
        self._tokens[id] = replace(token, revoked_at=self._clock.now())
        self.registry += 1
        return True


class MemoryAccessLog:
    """The access log as a list."""

    def __init__(self) -> None:
        self._entries: list[Access] = []

    async def record(self, access: Access) -> int:
        """Write an entry and return its position."""
        self._entries.append(access)
        return len(self._entries)

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        """Entries after a position."""
        entries = self._entries[after_position : after_position + limit]
        return list(enumerate(entries, after_position + 1))


class MemoryStore:
    """The log (domain.kernel.ports.EventLog) in memory."""

    database = None
    waiting = 0

    def __init__(self, clock: Clock, origin: str) -> None:
        self.origin = origin
        self.tokens = MemoryTokens(clock)
        self.access_log = MemoryAccessLog()
        self._clock = clock
        self._log: list[StoredEvent] = []
        self._streams: dict[UUID, list[StoredEvent]] = {}
        self._commands: dict[tuple[str, str], CommandRecord] = {}
        self._counters: dict[str, int] = {}
        self._numbers: dict[str, NumberTaken] = {}
        self._names: dict[tuple[str, str], tuple[ReserveName, int]] = {}
        self._wakeups = Wakeups(self._position)

    async def append(self, append: Append) -> Appended:
        """Write all events at once, or raise AppendRefused."""
        check_form(append)
        recorded_at = max(self._clock.now(), self._log[-1].recorded_at) if self._log else self._clock.now()
        needs = wanted([append], recorded_at)
        facts = Facts(
            len(self._log),
            {id_: len(self._streams[id_]) for id_ in needs.streams if id_ in self._streams},
            {key: self._commands[key] for key in needs.commands if key in self._commands},
            {REGISTRY: self.tokens.registry} | {name: self._counters[name] for name in needs.counters if name in self._counters},
            {name: self._names[name][1] for name in needs.names if name in self._names},
        )
        decision = decide([append], facts, recorded_at)
        [outcome] = decision.outcomes
        if not isinstance(outcome, Appended):
            raise outcome
        self._log.extend(decision.events)
        for event in decision.events:
            self._streams.setdefault(event.stream_id, []).append(event)
        self._commands.update({(record.caller, record.key): record for record in decision.commands})
        self._counters.update(decision.counters)
        self._numbers.update({taken.number: taken for taken in decision.numbers})
        self._names.update({(name.scope, name.name): (name, position) for name, position in decision.names})
        self.tokens.registry += decision.registry_bumps
        self._wakeups.announce(len(self._log))
        return outcome

    async def read_stream(
        self, stream_id: UUID, *, after_version: int = 0, upto_version: int | None = None, upto_position: int | None = None
    ) -> Sequence[StoredEvent]:
        """A stream's events in order of version."""
        return [
            event
            for event in self._streams.get(stream_id, [])
            if event.version > after_version
            and (upto_version is None or event.version <= upto_version)
            and (upto_position is None or event.position <= upto_position)
        ]

    async def read_streams(self, after: Mapping[UUID, int]) -> Mapping[UUID, Sequence[StoredEvent]]:
        """The events of several streams, of each those after its version, in order of version; one read for all of them."""
        return {stream: await self.read_stream(stream, after_version=version) for stream, version in after.items()}

    async def read_numbered(self, number: str) -> Sequence[StoredEvent]:
        """All events, in order of version, of the stream that took a number (void numbers included); none where none did."""
        taken = self._numbers.get(number)
        return [] if taken is None else list(self._streams[taken.stream_id])

    async def read_log(self, after_position: int, limit: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, at most ``limit``."""
        return self._log[after_position : after_position + limit]

    async def head(self) -> Head:
        """The end of the log."""
        return Head(self.origin, len(self._log), self._log[-1].recorded_at if self._log else EPOCH)

    async def position_at(self, recorded_at: datetime) -> int:
        """The last position recorded at or before a moment (0 if none)."""
        return bisect_right(self._log, recorded_at, key=lambda event: event.recorded_at)

    async def find_command(self, caller: str, key: str) -> CommandRecord | None:
        """The command record of an idempotency key, None after :data:`COMMANDS_KEPT`."""
        record = self._commands.get((caller, key))
        return record if record is not None and record.recorded_at >= self._clock.now() - COMMANDS_KEPT else None

    async def look(self, token_hash: bytes, key: str | None) -> Look:
        """The token with this hash, the registry's version, and the record of its login's command ``key``."""
        token, registry = await self.tokens.token_by_hash(token_hash)
        return Look(token, registry, await self.find_command(token.login, key) if token and key is not None else None)

    async def numbers_of(self, stream_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[NumberTaken]]:
        """The numbers each of these streams took, in log order."""
        return {id_: [n for n in self._numbers.values() if n.stream_id == id_] for id_ in stream_ids}

    async def stream_of_number(self, number: str) -> UUID | None:
        """The stream that took this number (void numbers included)."""
        taken = self._numbers.get(number)
        return None if taken is None else taken.stream_id

    async def read_named(self, scopes: Sequence[str], after_position: int) -> Sequence[StoredEvent]:
        """Events after a position, in order, of every stream that holds a name reserved in one of the scopes."""
        named = {name.stream_id for name, _ in self._names.values() if name.scope in scopes}
        return [event for event in self._log[after_position:] if event.stream_id in named]

    async def registry_version(self) -> int:
        """Counts appends that changed communities, people, roles or tokens."""
        return self.tokens.registry

    def appended(self, after_position: int, timeout: float) -> AsyncIterator[int]:
        """Yields the head position whenever it has moved past ``after_position``, at the latest every ``timeout`` seconds."""
        return self._wakeups.beyond(after_position, timeout)

    async def close(self) -> None:
        """End every :meth:`appended` iterator."""
        await self._wakeups.close()

    async def __aenter__(self) -> "MemoryStore":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _position(self) -> int:
        return len(self._log)
