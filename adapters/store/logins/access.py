"""Tables of API tokens and of the access log. Both lie beside the event log: neither is an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from json import dumps, loads
from typing import Protocol
from uuid import UUID

from adapters.store.database.database import Database, Row, Transaction, from_micros, to_micros
from domain.kernel.ports import Access, Clock, CommandRecord


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A stored token: only its hash (SHA-256, 32 bytes), never the token. ``expires_at`` None: never expires;
    ``revoked_at`` None: not revoked."""

    id: UUID
    login: str
    token_hash: bytes
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether the token has expired."""
        return self.expires_at is not None and self.expires_at <= now

    def ended(self, now: datetime) -> bool:
        """Whether the token was revoked or has expired."""
        return self.revoked_at is not None or self.expired(now)


@dataclass(frozen=True, slots=True)
class Look:
    """What a request reads at its beginning, of one moment: its token, the registry's version, and the record of its key."""

    token: TokenRow | None
    registry: int
    earlier: CommandRecord | None = None


class Tokens(Protocol):
    """Repository of tokens. Each change counts as a change of the registry, so that every process re-reads it."""

    async def put_token(self, token: TokenRow) -> None:
        """Add a token; its id and hash must be new."""
        ...

    async def token_by_hash(self, token_hash: bytes) -> tuple[TokenRow | None, int]:
        """The token with this hash, expired or revoked ones included (None if there is none), and the registry's version."""
        ...

    async def list_tokens(self, login: str | None = None) -> Sequence[TokenRow]:
        """Tokens of a login, or of everybody (None), oldest first."""
        ...

    async def revoke_token(self, id: UUID) -> bool:
        """Revoke a token now, for every process; False where it doesn't exist or was revoked before."""
        ...


TOKEN = "t.id, t.login, t.token_hash, t.created_at, t.expires_at, t.revoked_at"
BUMP = "UPDATE counters SET value = value + 1 WHERE name = 'registry'"


class SqlTokens:
    """Tokens in the store's database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put_token(self, token: TokenRow) -> None:
        """Add a token; its id and hash must be new."""

        async def work(tx: Transaction) -> None:
            await tx.insert(
                "tokens",
                ("id", "login", "token_hash", "created_at", "expires_at", "revoked_at"),
                [
                    (
                        token.id.bytes,
                        token.login,
                        token.token_hash,
                        to_micros(token.created_at),
                        token.expires_at and to_micros(token.expires_at),
                        token.revoked_at and to_micros(token.revoked_at),
                    )
                ],
            )
            await tx.execute(BUMP)

        await self._database.write(work)

    async def token_by_hash(self, token_hash: bytes) -> tuple[TokenRow | None, int]:
        """The token with this hash, expired or revoked ones included, and the registry's version, in one query."""
        [(version, *token)] = await self._database.read(
            f"SELECT c.value, {TOKEN} FROM counters c LEFT JOIN tokens t ON t.token_hash = :hash WHERE c.name = 'registry'",
            {"hash": token_hash},
        )
        return (None if token[0] is None else token_row(tuple(token))), version

    async def list_tokens(self, login: str | None = None) -> Sequence[TokenRow]:
        """Tokens of a login, or of everybody (None), oldest first."""
        where = "" if login is None else " WHERE t.login = :login"
        rows = await self._database.read(f"SELECT {TOKEN} FROM tokens t{where} ORDER BY t.created_at, t.id", {"login": login})
        return [token_row(row) for row in rows]

    async def revoke_token(self, id: UUID) -> bool:
        """Revoke a token now, for every process; False where it doesn't exist or was revoked before."""

        async def work(tx: Transaction) -> bool:
            ended = await tx.execute(
                "UPDATE tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
                {"now": to_micros(self._clock.now()), "id": id.bytes},
            )
            if ended:
                await tx.execute(BUMP)
            return ended > 0

        return await self._database.write(work)


class SqlAccessLog:
    """The access log (domain.kernel.ports.AccessLog) in the store's database; its positions are gapless."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, access: Access) -> int:
        """Write an entry and return its position; raises errors.Overloaded where the database is unavailable."""

        async def work(tx: Transaction) -> int:
            [(position,)] = await tx.query("UPDATE counters SET value = value + 1 WHERE name = 'access_log' RETURNING value")
            await tx.insert(
                "access_log",
                ("position", "recorded_at", "who", "community", "what", "subjects", "stream_id", "detail"),
                [
                    (
                        position,
                        to_micros(access.at),
                        access.who,
                        access.community,
                        access.what,
                        dumps([str(subject) for subject in access.subjects]),
                        access.stream_id and access.stream_id.bytes,
                        dumps(dict(access.detail), ensure_ascii=False, sort_keys=True),
                    )
                ],
            )
            return int(position)

        return await self._database.write(work)

    async def read(self, after_position: int, limit: int) -> Sequence[tuple[int, Access]]:
        """Entries after a position."""
        rows = await self._database.read(
            "SELECT position, recorded_at, who, community, what, subjects, stream_id, detail FROM access_log"
            " WHERE position > :after ORDER BY position LIMIT :limit",
            {"after": after_position, "limit": limit},
        )
        return [(row[0], access_entry(row)) for row in rows]


def token_row(row: Row) -> TokenRow:
    """A row of :data:`TOKEN`."""
    id_, login, token_hash, created_at, expires_at, revoked_at = row
    return TokenRow(
        UUID(bytes=id_),
        login,
        token_hash,
        from_micros(created_at),
        None if expires_at is None else from_micros(expires_at),
        None if revoked_at is None else from_micros(revoked_at),
    )


def access_entry(row: Row) -> Access:
    """A row of the access log."""
    _, recorded_at, who, community, what, subjects, stream_id, detail = row
    return Access(
        from_micros(recorded_at),
        who,
        community,
        what,
        [UUID(subject) for subject in loads(subjects)],
        None if stream_id is None else UUID(bytes=stream_id),
        loads(detail),
    )
