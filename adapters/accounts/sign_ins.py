"""Sign-in to the pages (登录): passwords, and sessions kept on the server, so that ending one takes effect in every process.

The browser holds a random secret, the store its hash. A session ends by signing out, by a change of password, by closing the
login, after :data:`IDLE` without use, and :data:`LIFETIME` after it began.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from adapters.accounts.passwords import Passwords, well_formed
from adapters.store.database.database import Database
from adapters.store.keys.master_key import Entropy
from adapters.store.logins.sessions import SessionRow, SessionTables
from domain.kernel.ports import Clock, Ids

IDLE = timedelta(hours=12)
LIFETIME = timedelta(days=30)
SEEN = timedelta(minutes=5)
"""How often at most the last use of a session is written; a write for every request would be too many."""
SECRET_BYTES = 32


def new_secret(entropy: Entropy) -> str:
    """A new secret for a session's cookie: 32 random bytes as 43 characters."""
    return urlsafe_b64encode(entropy(SECRET_BYTES)).decode().rstrip("=")


def secret_hash(secret: str) -> bytes:
    """SHA-256 of a session's secret. A plain hash is enough: 32 random bytes can't be guessed."""
    return sha256(secret.encode()).digest()


Session = SessionRow
"""A session as the store keeps it, without its secret."""


class SignIns:
    """Passwords and sessions of a store."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, entropy: Entropy) -> None:
        self._tables = SessionTables(database)
        self._clock, self._ids, self._entropy = clock, ids, entropy
        self.passwords = Passwords()

    async def set_password(self, login: str, password: str) -> None:
        """Set a person's password and end their sessions. Raises InvalidInput."""
        await self.put_hash(login, await self.passwords.hashed(well_formed(password)))

    async def put_hash(self, login: str, hash: str) -> None:
        """Set a person's password by its hash and end their sessions."""
        await self._tables.put_password(login, hash, self._clock.now())

    async def knows(self, login: str, password: str) -> bool:
        """Whether this is the person's password; takes equally long where the login doesn't exist. Raises Overloaded."""
        return await self.passwords.verify(password, await self._tables.password_hash(login))

    async def begin(self, login: str) -> str:
        """Begin a session; returns the secret for its cookie."""
        secret, now = new_secret(self._entropy), self._clock.now()
        await self._tables.put_session(SessionRow(self._ids.new(), login, secret_hash(secret), now, now))
        return secret

    async def current(self, secret: str) -> tuple[SessionRow | None, int]:
        """The session of a cookie, None where it has ended, and the registry's version. Records the session's use."""
        session, version = await self._tables.session_by_hash(secret_hash(secret))
        now = self._clock.now()
        if session is None or session.ended_at is not None:
            return None, version
        if now - session.seen_at > IDLE or now - session.created_at > LIFETIME:
            return None, version
        if now - session.seen_at > SEEN:
            await self._tables.seen(session.id, now)
        return session, version

    async def of(self, login: str | None) -> Sequence[SessionRow]:
        """Open sessions of a person or of everybody (None), newest first."""
        now = self._clock.now()
        found = await self._tables.sessions_of(login)
        return [row for row in found if now - row.seen_at <= IDLE and now - row.created_at <= LIFETIME]

    async def end(self, session: SessionRow) -> None:
        """End a session."""
        await self._tables.end(session.id, self._clock.now())

    async def end_all(self, login: str) -> int:
        """End every session of a person; returns how many."""
        return await self._tables.end_all(login, self._clock.now())

    async def sweep(self) -> None:
        """Delete sessions last used more than :data:`LIFETIME` ago."""
        await self._tables.sweep(self._clock.now() - LIFETIME)
