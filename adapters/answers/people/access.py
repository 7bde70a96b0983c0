"""What opens a login to programs and browsers: API tokens (令牌) and sessions (登录会话), made, listed and ended.

Everybody lists and ends their own; an administrator of everything lists and ends all.
"""

from collections.abc import Sequence
from uuid import UUID

from adapters.accounts.tokens import SECRET_BYTES, issue, new_token, revoke_all
from adapters.composition import Gongdan
from adapters.store.logins.access import TokenRow
from adapters.store.logins.sessions import SessionRow
from adapters.system.system import entropy
from domain.kernel.errors import KeyReused, NotFound
from domain.kernel.ports import CommandKey
from domain.people.administration import Administrator
from domain.people.directory import Directory


def whose(parts: Gongdan, directory: Directory, login: str) -> str | None:
    """Whose tokens and sessions somebody sees: their own; None for everybody's."""
    return None if directory.is_admin(login, parts.clock.now()) else login


async def tokens_of(parts: Gongdan, directory: Directory, login: str) -> Sequence[TokenRow]:
    """The tokens that somebody sees, the oldest first."""
    return await parts.store.tokens.list_tokens(whose(parts, directory, login))


async def make_token(parts: Gongdan, by: Administrator, login: str, days: int | None) -> tuple[TokenRow, str]:
    """A token of a person and its secret, made by who administers everything; the same one for a repeat with the same key."""
    directory = await parts.administration.authorise(by)
    directory.person(login)
    if by.key is None:
        return await issue(parts.store, parts.clock, parts.ids, entropy, login, days)
    return await _keyed(parts, by.key, login, days)


async def _keyed(parts: Gongdan, key: CommandKey, login: str, days: int | None) -> tuple[TokenRow, str]:
    """The token of an idempotency key: the id follows from caller and key, the secret from the whole request."""
    id_ = UUID(bytes=(await parts.sealer.body_hash(f"token id\0{key.caller}\0{key.key}".encode()))[:16])
    secret = (await parts.sealer.body_hash(f"token secret\0{key.caller}\0{key.key}\0".encode() + key.body_hash))[:SECRET_BYTES]
    made, clear = new_token(id_, login, secret, parts.clock, days)
    known = next((row for row in await parts.store.tokens.list_tokens() if row.id == id_), None)
    if known is None:
        await parts.store.tokens.put_token(made)
    elif known.token_hash != made.token_hash:
        raise KeyReused(key.key)
    return known or made, clear


async def revoke_token(parts: Gongdan, directory: Directory, login: str, token: UUID) -> TokenRow:
    """End a token, in every process at once; again, it changes nothing. Raises NotFound where it is none that they see."""
    if not any(row.id == token for row in await tokens_of(parts, directory, login)):
        raise NotFound("token")
    await parts.store.tokens.revoke_token(token)
    [row] = [row for row in await parts.store.tokens.list_tokens() if row.id == token]
    return row


async def sessions_of(parts: Gongdan, directory: Directory, login: str) -> Sequence[SessionRow]:
    """The sessions that go on and that somebody sees, the newest first."""
    return await parts.sign_ins.of(whose(parts, directory, login))


async def end_session(parts: Gongdan, directory: Directory, login: str, session: UUID) -> SessionRow:
    """End a session: the next request with it is refused, in every process. Raises NotFound where it is none that they see."""
    found = next((row for row in await sessions_of(parts, directory, login) if row.id == session), None)
    if found is None:
        raise NotFound("session")
    await parts.sign_ins.end(found)
    return found


async def end_everything(parts: Gongdan, login: str) -> None:
    """End every token and session of a person, so that opening the login again doesn't bring them back."""
    await revoke_all(parts.store, login)
    await parts.sign_ins.end_all(login)
