"""The key store's tables. Each key in them is wrapped by the master key and bound to its owner (a subject or an index)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.store.keys.master_key import MasterKey

SCHEMA_VERSION = 1
DDL = (
    "CREATE TABLE keyring (id BIGINT PRIMARY KEY CHECK (id = 1), schema_version BIGINT NOT NULL,"
    " master_key_id TEXT NOT NULL, generation BIGINT NOT NULL)",
    "CREATE TABLE index_keys (name TEXT PRIMARY KEY, wrapped_key BYTEA NOT NULL)",
    "CREATE TABLE subjects (subject_id BYTEA PRIMARY KEY, key_version BIGINT NOT NULL, wrapped_key BYTEA,"
    " created_at BIGINT NOT NULL, erased_at BIGINT)",
    "CREATE TABLE erasures (subject_id BYTEA PRIMARY KEY, erased_at BIGINT NOT NULL, scrubbed BIGINT NOT NULL)",
)

LOOK = "SELECT master_key_id, generation FROM keyring WHERE id = 1"
LOCK = "UPDATE keyring SET generation = generation WHERE id = 1 RETURNING master_key_id, generation"
"""Locks the keyring's row; first statement of every transaction that writes keys. It keeps writers and a rotation apart, so
that no key is wrapped by a master key that was just replaced."""
MOVE_ON = "UPDATE keyring SET generation = generation + 1 WHERE id = 1"
"""Moves the generation on; every process drops its cached keys when it reads a new generation."""
SUBJECTS = "SELECT subject_id, key_version, wrapped_key FROM subjects WHERE subject_id IN :ids"
LOOK_AT_SUBJECTS = (
    "SELECT k.master_key_id, k.generation, s.subject_id, s.key_version, s.wrapped_key"
    " FROM keyring k LEFT JOIN subjects s ON s.subject_id IN :ids WHERE k.id = 1"
)
""":data:`LOOK` and :data:`SUBJECTS` in one statement; without a subject that has a key its last three columns are null."""
PAGE = 5_000
"""Rows handled at once, so that memory stays bounded."""

BLIND_TOKEN, BODY_HASH = "blind_token", "body_hash"


@dataclass(frozen=True, slots=True, repr=False)
class SubjectKey:
    """A subject's unwrapped key (32 bytes); never stored."""

    version: int
    secret: bytes


@dataclass(frozen=True, slots=True)
class Erasure:
    """A subject whose key is destroyed or must be, and when the erasure was decided."""

    subject: UUID
    erased_at: datetime


Keys = dict[UUID, SubjectKey | None]
"""Keys by subject, None where the subject was erased."""


def bound_to_subject(subject: bytes, version: int) -> bytes:
    """Associated data of a wrapped subject key."""
    return b"gongdan subject key\0" + subject + version.to_bytes(4, "big")


def bound_to_index(name: str) -> bytes:
    """Associated data of a wrapped index key."""
    return b"gongdan index key\0" + name.encode()


def unwrap_subjects(master: MasterKey, rows: Iterable[tuple[bytes, int, bytes | None]]) -> Keys:
    """Unwrap rows of :data:`SUBJECTS`."""
    return {
        UUID(bytes=subject): None
        if wrapped is None
        else SubjectKey(version, master.unwrap(wrapped, bound_to_subject(subject, version)))
        for subject, version, wrapped in rows
    }
