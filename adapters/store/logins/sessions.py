"""Tables of passwords and of the pages' sessions. Rows in the database, so that every process sees a sign-out at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.store.database.database import Database, Row, Transaction, from_micros, to_micros


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A stored session: only the hash of its secret (SHA-256, 32 bytes). ``ended_at`` is None while it may be used."""

    id: UUID
    login: str
    secret_hash: bytes
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None


SESSION = "s.id, s.login, s.secret_hash, s.created_at, s.seen_at, s.ended_at"


class SessionTables:
    """Repository of password hashes and sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_password(self, login: str, hash: str, at: datetime) -> None:
        """Store a person's password hash, and end all their sessions: those began with the old password."""

        async def work(tx: Transaction) -> None:
            await tx.insert("passwords", ("login", "hash", "changed_at"), [(login, hash, to_micros(at))], key=("login",))
            await _end(tx, "login = :login", {"login": login, "at": to_micros(at)})

        await self._database.write(work)

    async def password_hash(self, login: str) -> str | None:
        """A person's password hash; None where no password was set."""
        rows = await self._database.read("SELECT hash FROM passwords WHERE login = :login", {"login": login})
        return str(rows[0][0]) if rows else None

    async def put_session(self, session: SessionRow) -> None:
        """Add a session; its id and hash must be new."""

        async def work(tx: Transaction) -> None:
            row = (
                session.id.bytes,
                session.login,
                session.secret_hash,
                to_micros(session.created_at),
                to_micros(session.seen_at),
                session.ended_at and to_micros(session.ended_at),
            )
            await tx.insert("sessions", ("id", "login", "secret_hash", "created_at", "seen_at", "ended_at"), [row])

        await self._database.write(work)

    async def session_by_hash(self, secret_hash: bytes) -> tuple[SessionRow | None, int]:
        """The session with this hash, ended ones included, and the registry's version, in one query."""
        [(version, *session)] = await self._database.read(
            f"SELECT c.value, {SESSION} FROM counters c LEFT JOIN sessions s ON s.secret_hash = :hash WHERE c.name = 'registry'",
            {"hash": secret_hash},
        )
        return (None if session[0] is None else _session(tuple(session))), version

    async def sessions_of(self, login: str | None) -> Sequence[SessionRow]:
        """Sessions not ended, of a person or of everybody (None), newest first."""
        where = "s.ended_at IS NULL" if login is None else "s.login = :login AND s.ended_at IS NULL"
        rows = await self._database.read(
            f"SELECT {SESSION} FROM sessions s WHERE {where} ORDER BY s.created_at DESC, s.id",
            {} if login is None else {"login": login},
        )
        return [_session(row) for row in rows]

    async def seen(self, id: UUID, at: datetime) -> None:
        """Record that a session was used at a moment."""

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE sessions SET seen_at = :at WHERE id = :id AND seen_at < :at", {"id": id.bytes, "at": to_micros(at)}
            )

        await self._database.write(work)

    async def end(self, id: UUID, at: datetime) -> bool:
        """End a session for every process; False where it doesn't exist or had ended."""

        async def work(tx: Transaction) -> int:
            return await _end(tx, "id = :id", {"id": id.bytes, "at": to_micros(at)})

        return await self._database.write(work) > 0

    async def end_all(self, login: str, at: datetime) -> int:
        """End every session of a person; returns how many."""

        async def work(tx: Transaction) -> int:
            return await _end(tx, "login = :login", {"login": login, "at": to_micros(at)})

        return await self._database.write(work)

    async def sweep(self, before: datetime) -> None:
        """Delete sessions last used before a moment."""

        async def work(tx: Transaction) -> None:
            await tx.execute("DELETE FROM sessions WHERE seen_at < :before", {"before": to_micros(before)})

        await self._database.write(work)


async def _end(tx: Transaction, which: str, params: dict[str, object]) -> int:
    return await tx.execute(f"UPDATE sessions SET ended_at = :at WHERE {which} AND ended_at IS NULL", params)


def _session(row: Row) -> SessionRow:
    id_, login, secret_hash, created_at, seen_at, ended_at = row
    ended = None if ended_at is None else from_micros(ended_at)
    return SessionRow(UUID(bytes=id_), login, secret_hash, from_micros(created_at), from_micros(seen_at), ended)
