"""Use cases of API tokens (令牌) and sessions (登录会话): make, list, end.

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


def whose(gongdan: Gongdan, directory: Directory, login: str) -> str | None:
    """Login whose tokens and sessions a person may see: their own; None for all."""
    return None if directory.is_admin(login, gongdan.clock.now()) else login


async def tokens_of(gongdan: Gongdan, directory: Directory, login: str) -> Sequence[TokenRow]:
    """List the tokens that a person may see, the oldest first."""
    return await gongdan.store.tokens.list_tokens(whose(gongdan, directory, login))


async def make_token(gongdan: Gongdan, by: Administrator, login: str, days: int | None) -> tuple[TokenRow, str]:
    """Make a token of a person, valid for ``days`` (None: until revoked); returns it with its secret.

    Only an administrator of everything may. A repeat with one idempotency key gets one token and one secret.
    """
    directory = await gongdan.administration.authorise(by)
    directory.person(login)
    if by.key is None:
        return await issue(gongdan.store, gongdan.clock, gongdan.ids, entropy, login, days)
    return await _keyed(gongdan, by.key, login, days)


async def _keyed(gongdan: Gongdan, key: CommandKey, login: str, days: int | None) -> tuple[TokenRow, str]:
    """Derive the token of an idempotency key, its id from caller and key, its secret from the whole request.

    The secret is stored nowhere but by its hash; derived by the store's own key, a repeat can show it again. Another request
    under the key derives another secret, and so is recognised.
    """
    id_ = UUID(bytes=(await gongdan.sealer.body_hash(f"token id\0{key.caller}\0{key.key}".encode()))[:16])
    secret = (await gongdan.sealer.body_hash(f"token secret\0{key.caller}\0{key.key}\0".encode() + key.body_hash))[:SECRET_BYTES]
    made, clear = new_token(id_, login, secret, gongdan.clock, days)
    known = next((row for row in await gongdan.store.tokens.list_tokens() if row.id == id_), None)
    if known is None:
        await gongdan.store.tokens.put_token(made)
    elif known.token_hash != made.token_hash:
        raise KeyReused(key.key)
    return known or made, clear


async def revoke_token(gongdan: Gongdan, directory: Directory, login: str, token: UUID) -> TokenRow:
    """Revoke a token in every process at once; idempotent. Raises NotFound where the person may not see such a token."""
    if not any(row.id == token for row in await tokens_of(gongdan, directory, login)):
        raise NotFound("token")
    await gongdan.store.tokens.revoke_token(token)
    [row] = [row for row in await gongdan.store.tokens.list_tokens() if row.id == token]
    return row


async def sessions_of(gongdan: Gongdan, directory: Directory, login: str) -> Sequence[SessionRow]:
    """List the live sessions that a person may see, the newest first."""
    return await gongdan.sign_ins.of(whose(gongdan, directory, login))


async def end_session(gongdan: Gongdan, directory: Directory, login: str, session: UUID) -> SessionRow:
    """End a session: every process refuses its next request. Raises NotFound where the person may not see such a session."""
    found = next((row for row in await sessions_of(gongdan, directory, login) if row.id == session), None)
    if found is None:
        raise NotFound("session")
    await gongdan.sign_ins.end(found)
    return found


async def end_everything(gongdan: Gongdan, login: str) -> None:
    """End every token and session of a person, so that enabling the login again does not revive them."""
    await revoke_all(gongdan.store, login)
    await gongdan.sign_ins.end_all(login)
