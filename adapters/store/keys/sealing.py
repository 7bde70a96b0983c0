"""Seal personal texts (domain §6): no event, row or log line on disk holds one in the clear.

Field key = HKDF-SHA256(subject key, stream | field | key version); AES-256-GCM with a random 12-byte nonce; associated data =
stream | version | field. A key of its own for each field lets one ticket be disclosed without the others. The associated data
keeps a sealed text from opening in another event, version or field.
"""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.store.keys.key_tables import SubjectKey
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import KEY_BYTES, NONCE_BYTES, Entropy
from domain.kernel.ports import PlainField
from domain.kernel.privacy import Personal, Private, Sealed

_MANY = 64
"""Batches of at least this many texts are opened in a thread, so as not to block the event loop (about 5 µs a text)."""


@dataclass(eq=False)
class SealBroken(Exception):
    """A sealed text does not open: it was changed, or moved from another field. Never shown as erased."""

    stream_id: UUID
    version: int
    field: str

    def __str__(self) -> str:
        return f"the seal of {self.field} in version {self.version} of {self.stream_id} is broken"


class SubjectSealer:
    """The Sealer port over the key store."""

    def __init__(self, keys: KeyStore, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    async def ensure_subjects(self, subjects: Sequence[UUID], *, as_of: int | None = None) -> None:
        """Make a durable key for each subject that has none; raises errors.Conflict where one was erased."""
        await self._keys.ensure(subjects, as_of=as_of)

    async def seal(self, items: Sequence[tuple[PlainField, Private]]) -> Sequence[Private]:
        """Seal each clear text, and leave sealed ones as they are; raises errors.Conflict where a subject was erased."""
        keys = await self._keys.for_sealing({text.subject for _, text in items if isinstance(text, Personal)})
        return [
            seal_text(keys[text.subject], field, text, self._entropy) if isinstance(text, Personal) else text
            for field, text in items
        ]

    async def open(self, items: Sequence[tuple[PlainField, Private]], *, as_of: int | None = None) -> Sequence[str | None]:
        """Open each text; None where the subject was erased, by any process. Raises SealBroken."""
        keys = await self._keys.for_opening({text.subject for _, text in items if isinstance(text, Sealed)}, as_of=as_of)
        if len(items) < _MANY:
            return _open_all(keys, items)
        return await asyncio.to_thread(_open_all, keys, items)

    async def body_hash(self, body: bytes) -> bytes:
        """HMAC-SHA256 of a request's body under the body-hash key (32 bytes).

        Keyed, since a body holds personal data and a plain hash of a short body could be guessed.
        """
        return hmac.digest((await self._keys.index_keys()).body_hash, body, "sha256")


def seal_text(key: SubjectKey, field: PlainField, text: Personal, entropy: Entropy) -> Sealed:
    """Seal one text under its subject's key."""
    nonce = entropy(NONCE_BYTES)
    cipher = AESGCM(_field_key(key, field))
    ciphertext = cipher.encrypt(nonce, text.text.encode(errors="surrogatepass"), _bound_to(field))
    return Sealed(text.subject, key.version, nonce, ciphertext)


def open_text(key: SubjectKey, field: PlainField, text: Sealed) -> str:
    """Open one text; raises SealBroken."""
    if text.key_version != key.version:
        raise SealBroken(field.stream_id, field.version, field.name)
    try:
        clear = AESGCM(_field_key(key, field)).decrypt(text.nonce, text.ciphertext, _bound_to(field))
    except (InvalidTag, ValueError) as error:
        raise SealBroken(field.stream_id, field.version, field.name) from error
    return clear.decode(errors="surrogatepass")


def _open_all(keys: Mapping[UUID, SubjectKey | None], items: Sequence[tuple[PlainField, Private]]) -> Sequence[str | None]:
    opened: list[str | None] = []
    for field, text in items:
        if isinstance(text, Sealed):
            key = keys[text.subject]
            opened.append(None if key is None else open_text(key, field, text))
        elif isinstance(text, Personal):
            opened.append(text.text)
        else:
            raise TypeError(f"{type(text).__name__} is neither clear nor sealed")
    return opened


def _field_key(key: SubjectKey, field: PlainField) -> bytes:
    info = b"gongdan field 1\0" + field.stream_id.bytes + key.version.to_bytes(4, "big") + field.name.encode()
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key.secret)


def _bound_to(field: PlainField) -> bytes:
    return field.stream_id.bytes + field.version.to_bytes(8, "big") + field.name.encode()
