"""Sealed texts open where they belong, and nowhere else."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.keys.key_tables import SubjectKey
from adapters.store.keys.sealing import SealBroken, open_text, seal_text
from domain.kernel.errors import Conflict
from domain.kernel.ports import PlainField, Sealer
from domain.kernel.privacy import Personal, Sealed
from tests.store.keys.key_stores import KeyStores, sealer

FIELDS = st.builds(PlainField, st.uuids(), st.integers(1, 2**40), st.text(max_size=30))
KEYS = st.builds(SubjectKey, st.just(1), st.binary(min_size=32, max_size=32))


@given(KEYS, FIELDS, st.uuids(), st.text(st.characters(), max_size=200))
def test_what_is_sealed_opens_to_the_same_text(key: SubjectKey, field: PlainField, subject: UUID, text: str) -> None:
    sealed = seal_text(key, field, Personal(subject, text), os.urandom)
    assert (sealed.subject, sealed.key_version, len(sealed.nonce)) == (subject, 1, 12)
    assert open_text(key, field, sealed) == text
    if len(text) > 2:
        assert text.encode(errors="surrogatepass") not in sealed.ciphertext


@given(KEYS, FIELDS, st.data())
def test_a_sealed_text_opens_nowhere_else_and_under_no_other_key(key: SubjectKey, field: PlainField, data: st.DataObject) -> None:
    sealed = seal_text(key, field, Personal(uuid4(), "王小明"), os.urandom)
    other = data.draw(FIELDS)
    elsewhere = data.draw(
        st.sampled_from(
            [
                replace(field, stream_id=other.stream_id),
                replace(field, version=other.version),
                replace(field, name=other.name),
            ]
        )
    )
    if elsewhere != field:
        with pytest.raises(SealBroken):
            open_text(key, elsewhere, sealed)
    with pytest.raises(SealBroken):
        open_text(SubjectKey(1, sha256(key.secret).digest()), field, sealed)
    with pytest.raises(SealBroken):
        open_text(SubjectKey(2, key.secret), field, sealed)


@given(KEYS, FIELDS, st.text(max_size=20), st.data())
def test_any_changed_bit_is_noticed(key: SubjectKey, field: PlainField, text: str, data: st.DataObject) -> None:
    sealed = seal_text(key, field, Personal(uuid4(), text), os.urandom)
    part = data.draw(st.sampled_from(["nonce", "ciphertext"]))
    value = bytearray(getattr(sealed, part))
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = Sealed(sealed.subject, 1, *(bytes(value) if part == p else getattr(sealed, p) for p in ("nonce", "ciphertext")))
    with pytest.raises(SealBroken) as broken:
        open_text(key, field, changed)
    assert str(field.stream_id) in str(broken.value)


@given(KEYS, FIELDS)
def test_the_same_text_never_looks_the_same(key: SubjectKey, field: PlainField) -> None:
    text = Personal(uuid4(), "王小明")
    assert seal_text(key, field, text, os.urandom) != seal_text(key, field, text, os.urandom)


def test_a_cut_off_text_is_broken_not_erased() -> None:
    key, field = SubjectKey(1, bytes(32)), PlainField(uuid4(), 1, "name")
    with pytest.raises(SealBroken):
        open_text(key, field, Sealed(uuid4(), 1, b"", b""))


# The port


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[KeyStores]:
    stores = KeyStores(tmp_path / "keys.db", tmp_path / "master.key")
    yield stores
    await stores.close()


@pytest.mark.anyio
async def test_the_port_seals_what_is_clear_and_opens_it_in_another_process(stores: KeyStores) -> None:
    one: Sealer = sealer(await stores.new())
    subjects, stream = [uuid4() for _ in range(40)], uuid4()
    await one.ensure_subjects(subjects)
    clear = [(PlainField(stream, 1, f"field {i}"), Personal(subject, f"text {i}")) for i, subject in enumerate(subjects * 4)]
    sealed = await one.seal(clear)
    assert all(isinstance(text, Sealed) for text in sealed)
    items = [(field, text) for (field, _), text in zip(clear, sealed, strict=True)]
    assert await one.seal(items) == sealed
    other: Sealer = sealer(await stores.again())
    for process in (one, other):
        assert await process.open(items) == [text.text for _, text in clear]
        assert await process.open(items[:3]) == ["text 0", "text 1", "text 2"]
        assert await process.open(clear[:2]) == ["text 0", "text 1"]
        assert await process.open([]) == []


@pytest.mark.anyio
async def test_an_erased_subject_opens_to_none_in_every_process_and_the_others_stay(stores: KeyStores) -> None:
    keys = await stores.new()
    one, other = sealer(keys), sealer(await stores.again())
    gone, here, field = uuid4(), uuid4(), PlainField(uuid4(), 1, "name")
    await one.ensure_subjects([gone, here])
    sealed = await one.seal([(field, Personal(gone, "王小明")), (field, Personal(here, "李四"))])
    items = [(field, text) for text in sealed]
    assert await other.open(items) == await one.open(items) == ["王小明", "李四"]
    await keys.erase(gone)
    assert await other.open(items) == await one.open(items) == [None, "李四"]
    with pytest.raises(Conflict, match="erased"):
        await other.ensure_subjects([here, gone])
    with pytest.raises(Conflict, match="erased"):
        await one.seal([(field, Personal(gone, "again"))])


@pytest.mark.anyio
async def test_body_hashes_are_keyed_and_agree_between_processes(stores: KeyStores, tmp_path: Path) -> None:
    one, other = sealer(await stores.new()), sealer(await stores.again())
    foreign_stores = KeyStores(tmp_path / "foreign.db", tmp_path / "foreign.key")
    foreign = sealer(await foreign_stores.new())
    assert await one.body_hash(b"{}") == await other.body_hash(b"{}") != await one.body_hash(b"{ }")
    assert len(await one.body_hash(b"")) == 32
    assert await one.body_hash(b"{}") != await foreign.body_hash(b"{}")
    await foreign_stores.close()
