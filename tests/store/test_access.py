"""Tokens and the access log, on every store."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.store.log.opening import Store
from adapters.store.logins.access import TokenRow
from domain.kernel.ports import Access
from tests.store.log.event_logs import NOON, Stores, event, of

pytestmark = pytest.mark.anyio


async def test_a_token_is_found_by_its_hash_with_the_registry_version(store: Store) -> None:
    token = TokenRow(uuid4(), "li", b"h" * 32, NOON, NOON + timedelta(days=90))
    assert await store.tokens.token_by_hash(token.token_hash) == (None, 0)
    await store.tokens.put_token(token)
    assert await store.tokens.token_by_hash(token.token_hash) == (token, 1)
    await store.append(of(event(), bumps_registry=True))
    assert await store.tokens.token_by_hash(b"x" * 32) == (None, 2)


async def test_tokens_are_listed_oldest_first(store: Store) -> None:
    old = TokenRow(uuid4(), "wang", b"1" * 32, NOON)
    new = TokenRow(uuid4(), "li", b"2" * 32, NOON + timedelta(seconds=1))
    await store.tokens.put_token(new)
    await store.tokens.put_token(old)
    assert await store.tokens.list_tokens() == [old, new]
    assert await store.tokens.list_tokens("li") == [new]


async def test_a_token_ends_once(stores: Stores, store: Store) -> None:
    token = TokenRow(uuid4(), "li", b"h" * 32, NOON)
    await store.tokens.put_token(token)
    stores.clock.move(seconds=5)
    assert await store.tokens.revoke_token(token.id)
    assert not await store.tokens.revoke_token(token.id)
    assert not await store.tokens.revoke_token(uuid4())
    ended = replace(token, revoked_at=NOON + timedelta(seconds=5))
    assert await store.tokens.token_by_hash(token.token_hash) == (ended, 2)


async def test_a_revoked_token_is_seen_at_once_by_another_process(shared: Stores) -> None:
    here, there = await shared.open(), await shared.open()
    token = TokenRow(uuid4(), "li", b"h" * 32, NOON)
    await here.tokens.put_token(token)
    assert await there.tokens.token_by_hash(token.token_hash) == (token, 1)
    await here.tokens.revoke_token(token.id)
    seen, version = await there.tokens.token_by_hash(token.token_hash)
    assert seen is not None
    assert (seen.revoked_at, version) == (NOON, 2)


async def test_the_access_log_has_gapless_positions_of_its_own(store: Store) -> None:
    await store.append(of(event()))
    looks = [
        Access(NOON, "li", "yinhu", "ticket.open", [uuid4(), uuid4()], uuid4(), {"reason": "回访"}),
        Access(NOON, "wang", "yinhu", "search", []),
    ]
    assert [await store.access_log.record(look) for look in looks] == [1, 2]
    assert await store.access_log.read(0, 10) == [(1, looks[0]), (2, looks[1])]
    assert [position for position, _ in await store.access_log.read(1, 10)] == [2]
    assert [position for position, _ in await store.access_log.read(0, 1)] == [1]


async def test_access_is_recorded_by_many_at_once(shared: Stores) -> None:
    openings = [await shared.open(), await shared.open()]
    look = Access(NOON, "li", "yinhu", "ticket.open")
    positions = await asyncio.gather(*(openings[i % 2].access_log.record(look) for i in range(40)))
    assert sorted(positions) == list(range(1, 41))
