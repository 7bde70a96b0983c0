"""API tokens (令牌): made here for the API and the command line; the store keeps only their hash."""

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
    """A secret of 32 bytes as 43 characters that stand in an address as they are."""
    return urlsafe_b64encode(secret).decode().rstrip("=")


def secret_digest(name: str) -> str:
    """What is kept of a secret in an address, in hexadecimal."""
    return sha256(name.encode()).hexdigest()


def clear_token(secret: bytes) -> str:
    """The token that its holder sends: ``gd_`` and 43 characters."""
    return "gd_" + clear_secret(secret)


def token_hash(token: str) -> bytes:
    """What the store keeps; a token is random enough for a plain hash."""
    return sha256(token.encode()).digest()


def new_token(id: UUID, login: str, secret: bytes, clock: Clock, days: int | None) -> tuple[TokenRow, str]:
    """A token of a secret, valid for ``days`` from now (None: until revoked)."""
    token, now = clear_token(secret), clock.now()
    expires_at = None if days is None else now + timedelta(days=days)
    return TokenRow(id, login, token_hash(token), now, expires_at), token


async def revoke_all(store: Store, login: str) -> None:
    """End every token of a person, so that opening the login again doesn't bring them back."""
    for row in await store.tokens.list_tokens(login):
        await store.tokens.revoke_token(row.id)


async def issue(store: Store, clock: Clock, ids: Ids, entropy: Entropy, login: str, days: int | None) -> tuple[TokenRow, str]:
    """A new token of a person, kept; the clear token is shown once and never again."""
    row, token = new_token(ids.new(), login, entropy(SECRET_BYTES), clock, days)
    await store.tokens.put_token(row)
    return row, token
