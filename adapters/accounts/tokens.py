"""Issue API tokens (令牌) for the API and the command line; the store keeps only their hash."""

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from adapters.store.keys.master_key import Entropy
from adapters.store.log.opening import Store
from adapters.store.logins.access import TokenRow
from domain.kernel.ports import Clock, Ids

SECRET_BYTES = 32


def clear_secret(secret: bytes) -> str:
    """A secret of 32 bytes as 43 characters that need no escaping in a URL."""
    return urlsafe_b64encode(secret).decode().rstrip("=")


def secret_digest(name: str) -> str:
    """SHA-256 of a secret in a URL, in hexadecimal: the stored form."""
    return sha256(name.encode()).hexdigest()


def clear_token(secret: bytes) -> str:
    """The clear token that its holder sends: ``gd_`` and 43 characters."""
    return "gd_" + clear_secret(secret)


def token_hash(token: str) -> bytes:
    """SHA-256 of a clear token. A plain hash is enough: 32 random bytes can't be guessed."""
    return sha256(token.encode()).digest()


def new_token(id: UUID, login: str, secret: bytes, clock: Clock, days: int | None) -> tuple[TokenRow, str]:
    """Make a token's row and its clear token, valid for ``days`` from now (None: until revoked)."""
    token, now = clear_token(secret), clock.now()
    expires_at = None if days is None else now + timedelta(days=days)
    return TokenRow(id, login, token_hash(token), now, expires_at), token


async def revoke_all(store: Store, login: str) -> None:
    """Revoke every token of a person, so that reopening the login does not revive them."""
    for row in await store.tokens.list_tokens(login):
        await store.tokens.revoke_token(row.id)


async def issue(store: Store, clock: Clock, ids: Ids, entropy: Entropy, login: str, days: int | None) -> tuple[TokenRow, str]:
    """Issue and store a token for a person; returns its row and the clear token, which can't be read again later."""
    row, token = new_token(ids.new(), login, entropy(SECRET_BYTES), clock, days)
    await store.tokens.put_token(row)
    return row, token
