"""Key store: a key for each data subject (domain §6), apart from the log. Erasing a person means destroying their key.

The log is append-only and its events can't be deleted, so personal texts are encrypted, and destroying 32 bytes makes them
unreadable in every copy of the log. Each subject has a 256-bit key, wrapped by the master key (AES-256-GCM, bound to the subject
and the key's version). The key store is a SQLite file or a PostgreSQL database of its own (``GONGDAN_KEYS``). For the limits of
an erasure see :mod:`adapters.store.keys.key_erasure`.

Unwrapped keys are cached in memory (least recently used dropped first). Every erasure moves ``generation`` in its own
transaction, and each batch of openings compares it first: no process opens a text of a subject whose erasure was committed
before the batch began.

A request has read the registry's version at its beginning, and every order to erase moves that version in the transaction that
writes it to the log. So for a request (``as_of``) the key store compares versions instead, without a statement: where the version
moved it reads the orders from the log, and from then on has no key for these subjects, whether they are destroyed already or not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from adapters.store.database.database import Database, Row, Transaction, to_micros
from adapters.store.database.schema import has_table
from adapters.store.database.sqlite_database import SqliteDatabase
from adapters.store.keys import key_erasure, key_rotation
from adapters.store.keys.blind_tokens import BlindTokens
from adapters.store.keys.key_tables import (
    BLIND_TOKEN,
    BODY_HASH,
    DDL,
    LOCK,
    LOOK,
    LOOK_AT_SUBJECTS,
    PAGE,
    SCHEMA_VERSION,
    SUBJECTS,
    Erasure,
    Keys,
    SubjectKey,
    bound_to_index,
    bound_to_subject,
    unwrap_subjects,
)
from adapters.store.keys.master_key import KEY_BYTES, Entropy, KeysUnusable, MasterKey, load_master_key, load_master_key_named
from domain.kernel.errors import Conflict
from domain.kernel.ports import Clock


@dataclass(frozen=True, slots=True, repr=False)
class IndexKeys:
    """Keys of blind tokens and of body hashes; they belong to no subject."""

    blind_token: bytes
    body_hash: bytes


Orders = Callable[[int], Awaitable[Sequence[tuple[int, UUID]]]]
"""The erasures that the log orders after a position: their positions and subjects, in order."""


class _MasterChanged(Exception):
    """Another process rotated the master key between our reading it and our transaction."""


class KeyStore:
    """The keys of one store, opened for one process."""

    def __init__(
        self,
        database: Database,
        master_key_file: Path,
        clock: Clock,
        entropy: Entropy,
        *,
        cached_keys: int = 20_000,
        orders: Orders | None = None,
    ) -> None:
        self.database = database
        self._master_key_file = master_key_file
        self._clock = clock
        self._entropy = entropy
        self._cached_keys = cached_keys
        self._cache: OrderedDict[UUID, SubjectKey] = OrderedDict()
        self._generation = -1
        self._orders = orders
        self._ordered: set[UUID] = set()
        self._learned = self._learned_position = -1
        self._master: MasterKey | None = None
        self._index_keys: IndexKeys | None = None
        self._blind_tokens: BlindTokens | None = None
        self._waiting: list[tuple[frozenset[UUID], asyncio.Future[None]]] = []
        self._maker: asyncio.Task[None] | None = None

    async def is_new(self) -> bool:
        """Whether the database has no key store's tables."""
        return not await has_table(self.database, "keyring")

    async def create(self) -> None:
        """Create the tables and the index keys in an empty database; the master key file must exist."""
        master = await asyncio.to_thread(load_master_key, self._master_key_file)

        async def make(tx: Transaction) -> None:
            for statement in DDL:
                await tx.ddl(statement)
            await tx.insert(
                "keyring", ("id", "schema_version", "master_key_id", "generation"), [(1, SCHEMA_VERSION, master.id, 1)]
            )
            fresh = [
                (name, master.wrap(self._entropy(KEY_BYTES), bound_to_index(name), self._entropy))
                for name in (BLIND_TOKEN, BODY_HASH)
            ]
            await tx.insert("index_keys", ("name", "wrapped_key"), fresh)

        await self.database.write(make)
        if isinstance(self.database, SqliteDatabase):
            await asyncio.to_thread(self.database.path.chmod, 0o600)

    async def open(self, erased_in_log: Iterable[Erasure] = ()) -> None:
        """Check the master key, then apply the log's erasures and finish interrupted ones.

        Raises KeysUnusable for another schema version or another master key.
        """
        [(version,)] = await self.database.read("SELECT schema_version FROM keyring WHERE id = 1")
        if version != SCHEMA_VERSION:
            raise KeysUnusable(f"the key store has schema version {version}, this program knows {SCHEMA_VERSION}")
        await key_rotation.finish_rotation(self.database, self._master_key_file)
        await self.index_keys()
        await self.apply_erasures(erased_in_log)

    async def close(self) -> None:
        """Drop every cached key and close the database."""
        self._cache.clear()
        self._master = self._index_keys = self._blind_tokens = None
        await self.database.close()

    # Keys of subjects

    async def ensure(self, subjects: Collection[UUID], *, as_of: int | None = None) -> None:
        """Make a durable key for each subject that has none; concurrent callers share one transaction, as in group commit.

        Raises errors.Conflict, and makes no key for this caller, where one of the subjects was erased.
        """
        if not subjects:
            return
        if await self._cached_all(subjects, as_of) is not None:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((frozenset(subjects), done))
        if self._maker is None or self._maker.done():
            self._maker = asyncio.create_task(self._make_waiting())
        await done

    async def _make_waiting(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                refused = await self._ensure_group([subjects for subjects, _ in group])
            except Exception as error:
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                continue
            for subjects, done in group:
                if done.done():
                    continue
                if erased := subjects & refused:
                    done.set_exception(_erased(min(erased)))
                else:
                    done.set_result(None)

    async def _ensure_group(self, wanted: Sequence[frozenset[UUID]]) -> set[UUID]:
        """Make the missing keys of a group of callers; returns the erased subjects among them."""
        found = await self._keys(frozenset().union(*wanted))
        refused = {subject for subject, key in found.items() if key is None}
        missing = {subject for subjects in wanted if not subjects & refused for subject in subjects if subject not in found}
        if not missing:
            return refused
        new = {subject: SubjectKey(1, self._entropy(KEY_BYTES)) for subject in missing}
        generation, existing = await self._insert(new)
        self._remember(generation, {**new, **existing})
        return refused | {subject for subject, key in existing.items() if key is None}

    async def _insert(self, new: Mapping[UUID, SubjectKey]) -> tuple[int, Keys]:
        """Insert the keys that no other process inserted first, under the row lock that a rotation takes too."""
        created_at = to_micros(self._clock.now())

        async def insert(master: MasterKey, tx: Transaction) -> tuple[int, Keys]:
            [(master_key_id, generation)] = await tx.query(LOCK)
            if master_key_id != master.id:
                raise _MasterChanged
            existing = unwrap_subjects(master, await tx.query(SUBJECTS, {"ids": [subject.bytes for subject in new]}))
            rows = [
                (subject.bytes, key.version, master.wrap(key.secret, bound, self._entropy), created_at)
                for subject, key in new.items()
                if subject not in existing
                for bound in (bound_to_subject(subject.bytes, key.version),)
            ]
            await tx.insert("subjects", ("subject_id", "key_version", "wrapped_key", "created_at"), rows)
            return generation, existing

        while True:
            master = self._master or await self._load_master()
            try:
                return await self.database.write(partial(insert, master))
            except _MasterChanged:
                await self._load_master()

    async def for_sealing(self, subjects: Collection[UUID]) -> Mapping[UUID, SubjectKey]:
        """Keys to seal with; call :meth:`ensure` first. Raises errors.Conflict where a subject was erased.

        A cached key may be used without comparing generations: a text sealed under a key that was just destroyed is
        unreadable, which is what the erasure asks for.
        """
        keys: dict[UUID, SubjectKey] = {subject: key for subject in subjects if (key := self._cached(subject))}
        if len(keys) == len(set(subjects)):
            return keys
        for subject, key in (await self.for_opening(subjects)).items():
            if key is None:
                raise _erased(subject)
            keys[subject] = key
        return keys

    async def for_opening(self, subjects: Collection[UUID], *, as_of: int | None = None) -> Mapping[UUID, SubjectKey | None]:
        """Keys to open with; None for a subject that any process erased.

        Raises KeysUnusable for a subject that never had a key here: the key store is then lost or another log's, and the
        text must not be shown as erased.
        """
        if not subjects:
            return {}
        cached = await self._cached_all(subjects, as_of)
        if cached is not None:
            return cached
        found = await self._keys(subjects)
        for subject in subjects:
            if subject not in found:
                raise KeysUnusable(f"subject {subject} has no key in the key store: it belongs to another log, or is too old")
        return found

    async def _cached_all(self, subjects: Collection[UUID], as_of: int | None) -> dict[UUID, SubjectKey] | None:
        """The keys of all subjects from memory, as of a version of the registry; None where one is not there or was erased."""
        if as_of is None or self._orders is None:
            return None
        if as_of > self._learned:
            ordered = await self._orders(self._learned_position)
            self._ordered.update(subject for _, subject in ordered)
            for _, subject in ordered:
                self._cache.pop(subject, None)
            self._learned_position = max([self._learned_position, *(position for position, _ in ordered)])
            self._learned = max(self._learned, as_of)
        found = {subject: key for subject in subjects if (key := self._cached(subject)) and subject not in self._ordered}
        return found if len(found) == len(set(subjects)) else None

    async def _keys(self, subjects: Collection[UUID]) -> Keys:
        """Every key that exists, None where erased. Cached keys are valid only in the generation they were read in."""
        known = self._generation
        found: Keys = {subject: key for subject in subjects if (key := self._cached(subject))}
        generation, read = await self._read([subject for subject in subjects if subject not in found])
        if found and generation != known:
            found = {}
            generation, read = await self._read(list(subjects))
        self._remember(generation, read)
        ordered: Keys = dict.fromkeys(self._ordered.intersection(subjects))
        return found | read | ordered

    async def _read(self, subjects: Sequence[UUID]) -> tuple[int, Keys]:
        """The generation and the keys in it, of one moment: one statement, or one for each :data:`PAGE` of subjects."""

        async def look(tx: Transaction) -> list[Row]:
            rows: list[Row] = []
            for page in _pages(subjects):
                rows += await tx.query(LOOK_AT_SUBJECTS, {"ids": [subject.bytes for subject in page]})
            return rows

        if not subjects:
            [(_, generation)] = await self.database.read(LOOK)
            return generation, {}
        while True:
            rows = await self.database.snapshot(look)
            master_key_id, generation = rows[0][:2]
            master = self._master
            if master is None or master.id != master_key_id:
                master = await self._load_master()
            if master.id == master_key_id:
                found = [(subject, version, wrapped) for _, _, subject, version, wrapped in rows if subject is not None]
                return generation, unwrap_subjects(master, found)

    def _cached(self, subject: UUID) -> SubjectKey | None:
        key = self._cache.get(subject)
        if key is not None:
            self._cache.move_to_end(subject)
        return key

    def _remember(self, generation: int, keys: Keys) -> None:
        if generation > self._generation:
            self._cache.clear()
            self._generation = generation
        if generation == self._generation:
            self._cache.update((subject, key) for subject, key in keys.items() if key is not None)
            while len(self._cache) > self._cached_keys:
                self._cache.popitem(last=False)

    # Index keys

    async def index_keys(self) -> IndexKeys:
        """The keys of blind tokens and of body hashes."""
        if self._index_keys is None:
            while True:
                [rows, [(master_key_id, _)]] = await self.database.snapshot(
                    lambda tx: tx.queries([("SELECT name, wrapped_key FROM index_keys", {}), (LOOK, {})])
                )
                master = await self._load_master()
                if master.id == master_key_id:
                    break
            clear = {name: master.unwrap(wrapped, bound_to_index(name)) for name, wrapped in rows}
            self._index_keys = IndexKeys(clear[BLIND_TOKEN], clear[BODY_HASH])
        return self._index_keys

    async def blind_tokens(self) -> BlindTokens:
        """The maker of blind tokens; it needs no further read of the key store."""
        if self._blind_tokens is None:
            self._blind_tokens = BlindTokens((await self.index_keys()).blind_token)
        return self._blind_tokens

    # Erasure

    async def erase(self, subject: UUID) -> None:
        """Destroy a subject's key for good. Idempotent.

        Raises errors.Overloaded where another process keeps the old bytes from being removed: the subject is erased then,
        and calling again finishes the scrubbing.
        """
        await self.apply_erasures([Erasure(subject, self._clock.now())])

    async def apply_erasures(self, erasures: Iterable[Erasure]) -> int:
        """Destroy the key of each subject that still has one; returns how many. Also finishes interrupted erasures."""
        wanted = {erasure.subject: to_micros(erasure.erased_at) for erasure in erasures}
        destroyed: list[bytes] = []
        for page in _pages(list(wanted)):
            destroyed += await self._destroy([(subject.bytes, wanted[subject]) for subject in page])
            for subject in page:
                self._cache.pop(subject, None)
        await key_erasure.scrub(self.database, destroyed)
        return len(destroyed)

    async def _destroy(self, page: Sequence[tuple[bytes, int]]) -> list[bytes]:
        return await self.database.write(lambda tx: key_erasure.destroy(tx, page))

    async def erasures(self) -> Sequence[Erasure]:
        """All erasures, earliest first."""
        return await key_erasure.erased_in_keys(self.database)

    # The master key

    async def rotate_master(self) -> MasterKey:
        """Wrap every key by a new master key: see :func:`adapters.store.keys.key_rotation.rotate_master`."""
        self._master = await key_rotation.rotate_master(self.database, self._master_key_file, self._entropy)
        return self._master

    async def _load_master(self) -> MasterKey:
        """Load the master key that the key store names now."""
        [(key_id, _)] = await self.database.read(LOOK)
        while self._master is None or self._master.id != key_id:
            try:
                self._master = await asyncio.to_thread(load_master_key_named, self._master_key_file, key_id)
            except KeysUnusable:
                [(now, _)] = await self.database.read(LOOK)
                if now == key_id:
                    raise
                key_id = now  # rotated meanwhile
        return self._master


def _erased(subject: UUID) -> Conflict:
    return Conflict("data subject", "was erased; no personal data can be stored about them any more", {"subject": str(subject)})


def _pages(subjects: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (subjects[start : start + PAGE] for start in range(0, len(subjects), PAGE))
