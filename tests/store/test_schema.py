"""Schema versions: an unknown one is refused, an old one is migrated."""

import asyncio
from pathlib import Path

import pytest

from adapters.store.database import schema
from adapters.store.database.database import Transaction
from adapters.store.log.opening import init_store, migrate_store, open_database, open_store
from tests.store.log.event_logs import Stores, event, of
from tests.support.clock import SetClock

pytestmark = pytest.mark.anyio


async def set_version(url: str, version: int) -> None:
    database = await open_database(url)

    async def work(tx: Transaction) -> None:
        await tx.execute("UPDATE meta SET value = :version WHERE key = 'schema_version'", {"version": str(version)})

    await database.write(work)
    await database.close()


async def test_a_store_keeps_its_origin(shared: Stores) -> None:
    assert (await (await shared.open()).head()).origin == "test-origin"


async def test_a_store_that_is_not_there_is_refused(tmp_path: Path, fresh_postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path}/none.db", fresh_postgres_url):
        with pytest.raises(schema.SchemaMissing, match="gongdan init"):
            await open_store(url, SetClock())
        with pytest.raises(schema.SchemaMissing):
            await migrate_store(url)
    assert not list(await asyncio.to_thread(tmp_path.iterdir))


async def test_a_second_init_touches_nothing(shared: Stores) -> None:
    store = await shared.open()
    await store.append(of(event()))
    with pytest.raises(schema.SchemaExists):
        await init_store(shared.url, "another")
    assert (await store.head()).position == 1


async def test_a_newer_schema_is_refused(shared: Stores) -> None:
    await set_version(shared.url, schema.newest() + 1)
    with pytest.raises(schema.SchemaTooNew):
        await shared.open()
    with pytest.raises(schema.SchemaTooNew):
        await migrate_store(shared.url)


async def test_an_older_schema_is_moved_forward(shared: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    made = schema.newest()
    step = schema.Migration(made + 1, "a new table", ("CREATE TABLE added (id BIGINT PRIMARY KEY, what TEXT)",))
    monkeypatch.setattr(schema, "SCHEMA", [*schema.SCHEMA, step])
    with pytest.raises(schema.SchemaOld, match="gongdan migrate"):
        await shared.open()
    assert await migrate_store(shared.url) == (made, made + 1)
    assert await migrate_store(shared.url) == (made + 1, made + 1)
    store = await shared.open()
    assert store.database is not None
    assert await store.database.read("SELECT id, what FROM added") == []


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    assert [step.version for step in schema.SCHEMA] == list(range(1, schema.newest() + 1))


async def test_a_password_is_not_shown(fresh_postgres_url: str) -> None:
    url = fresh_postgres_url.replace("gongdan@", "gongdan:secret@")
    with pytest.raises(schema.SchemaMissing) as refusal:
        await open_store(url, SetClock())
    assert "secret" not in str(refusal.value)


async def test_other_urls_are_refused() -> None:
    with pytest.raises(ValueError, match="postgresql"):
        await open_store("mysql://somewhere", SetClock())
