"""Attachments (附件): pictures, films, recordings and texts about a resident, sealed under the subject's key.

They are rows of the store's database beside the log, in chunks of 64 KiB. Each chunk is sealed and written as it arrives, so an
upload of any size takes the memory of a few chunks. Attachment key = HKDF-SHA256(subject key, stream | upload | key version).
Each chunk is sealed by AES-256-GCM and bound to the upload, the chunk's index and whether it is the last, so that a missing,
swapped or added chunk does not open. The name is the SHA-256 of the whole ciphertext: the event holds it, so the proofs cover
the content.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.store.database.database import Database, Transaction, Unavailable, from_micros, to_micros
from adapters.store.files.content_types import HEAD_BYTES, TEXT, TextCheck, content_type
from adapters.store.keys.key_tables import SubjectKey
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import KEY_BYTES, NONCE_BYTES, Entropy
from domain.kernel.errors import Conflict, NotFound, TooLarge, invalid
from domain.kernel.ports import Clock

MAX_BYTES = 20 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
ABANDONED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attachment:
    """Facts about an attachment that need no key. ``name``: SHA-256 of its ciphertext, hex; ``size``: clear bytes."""

    name: str
    content_type: str
    size: int
    subject: UUID
    stream_id: UUID
    created_at: datetime


@dataclass(eq=False)
class AttachmentDamaged(Exception):
    """The stored chunks differ from those that were uploaded under this name."""

    name: str

    def __str__(self) -> str:
        return f"attachment {self.name} is damaged: its chunks are not those that were stored"


class Attachments:
    """Attachments of one store."""

    most_bytes = MAX_BYTES
    """How large an attachment may be."""

    def __init__(self, database: Database, keys: KeyStore, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._entropy = entropy

    async def store(self, subject: UUID, stream_id: UUID, content: AsyncIterable[bytes], declared_type: str = "") -> Attachment:
        """Seal and store the content; removes it again where this raises.

        errors.InvalidInput: the content is empty, of a type that is not accepted, or not of the declared type.
        errors.TooLarge: more than :data:`MAX_BYTES`. errors.Conflict: the subject was erased.
        """
        # The last chunk, the attachment's row and the end of the upload are one transaction: an attachment is complete or
        # absent. Chunks of an upload that broke off are found by attachment_uploads and swept.
        await self._keys.ensure([subject])
        key = (await self._keys.for_sealing([subject]))[subject]
        upload = Upload(self._entropy(16), subject, stream_id, key, self._entropy)
        try:
            async with aclosing(rechunked(content)) as chunks:
                async for chunk, last in chunks:
                    row = upload.seal(chunk, last, declared_type)
                    if not last:
                        await self._keep(upload, row)
            return await self._finish(upload, row)
        except BaseException:
            with suppress(Unavailable):
                await self._forget([upload.id])
            raise

    async def _keep(self, upload: "Upload", row: tuple[bytes, int, bytes]) -> None:
        async def keep(tx: Transaction) -> None:
            if row[1] == 0:
                await tx.insert("attachment_uploads", ("upload_id", "started_at"), [(upload.id, to_micros(self._clock.now()))])
            await tx.insert("attachment_chunks", _CHUNK, [row])

        await self._database.write(keep)

    async def _finish(self, upload: "Upload", row: tuple[bytes, int, bytes]) -> Attachment:
        done = upload.finished(self._clock.now())

        async def finish(tx: Transaction) -> None:
            if row[1] > 0 and not await tx.execute(_END_UPLOAD, {"id": upload.id}):
                raise Conflict("attachment", f"the upload took longer than {ABANDONED_AFTER} and was abandoned; send it again")
            await tx.insert("attachment_chunks", _CHUNK, [row])
            await tx.insert(
                "attachments",
                ("name", "upload_id", "stream_id", "subject_id", "key_version", "content_type", "size", "chunks", "created_at"),
                [
                    (
                        done.name,
                        upload.id,
                        done.stream_id.bytes,
                        done.subject.bytes,
                        upload.key.version,
                        done.content_type,
                        done.size,
                        row[1] + 1,
                        to_micros(done.created_at),
                    )
                ],
            )

        await self._database.write(finish)
        return done

    async def find(self, name: str) -> Attachment:
        """The facts about an attachment; raises errors.NotFound."""
        return (await self._find(name)).attachment

    async def open(self, name: str) -> tuple[Attachment, AsyncIterator[bytes]]:
        """An attachment and its clear content, chunk by chunk.

        Raises errors.NotFound where it doesn't exist or its subject was erased; the iterator raises AttachmentDamaged.
        """
        stored = await self._find(name)
        subject = stored.attachment.subject
        key = (await self._keys.for_opening([subject]))[subject]
        if key is None:
            raise NotFound("attachment")
        if key.version != stored.key_version:
            raise AttachmentDamaged(name)
        return stored.attachment, self._content(stored, key)

    async def _content(self, stored: "Stored", key: SubjectKey) -> AsyncIterator[bytes]:
        cipher = AESGCM(_attachment_key(key, stored.attachment.stream_id, stored.upload_id))
        digest = sha256()
        for index in range(stored.chunks):
            rows = await self._database.read(
                "SELECT sealed FROM attachment_chunks WHERE upload_id = :id AND chunk = :chunk",
                {"id": stored.upload_id, "chunk": index},
            )
            if not rows:
                raise AttachmentDamaged(stored.attachment.name)
            sealed: bytes = rows[0][0]
            digest.update(sealed)
            bound = _bound_to(stored.upload_id, index, index == stored.chunks - 1)
            try:
                clear = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
            except (InvalidTag, ValueError) as error:
                raise AttachmentDamaged(stored.attachment.name) from error
            if index == stored.chunks - 1 and digest.hexdigest() != stored.attachment.name:
                raise AttachmentDamaged(stored.attachment.name)
            yield clear

    async def _find(self, name: str) -> "Stored":
        if not re.fullmatch("[0-9a-f]{64}", name):
            raise NotFound("attachment")
        rows = await self._database.read(
            "SELECT content_type, size, subject_id, stream_id, created_at, upload_id, key_version, chunks"
            " FROM attachments WHERE name = :name",
            {"name": name},
        )
        if not rows:
            raise NotFound("attachment")
        [(type_, size, subject, stream_id, created_at, upload_id, key_version, chunks)] = rows
        found = Attachment(name, type_, size, UUID(bytes=subject), UUID(bytes=stream_id), from_micros(created_at))
        return Stored(found, upload_id, key_version, chunks)

    async def discard(self, name: str) -> None:
        """Remove an attachment whose event was refused."""
        await self._forget([(await self._find(name)).upload_id])

    async def sweep(self) -> int:
        """Remove the chunks of uploads that began :data:`ABANDONED_AFTER` ago and were not finished; returns how many."""
        before = to_micros(self._clock.now() - ABANDONED_AFTER)
        rows = await self._database.read(
            "SELECT upload_id FROM attachment_uploads WHERE started_at < :before", {"before": before}
        )
        await self._forget([upload_id for (upload_id,) in rows])
        return len(rows)

    async def _forget(self, uploads: list[bytes]) -> None:
        async def forget(tx: Transaction) -> None:
            for table in ("attachments", "attachment_chunks", "attachment_uploads"):
                await tx.execute(f"DELETE FROM {table} WHERE upload_id IN :ids", {"ids": uploads})

        if uploads:
            await self._database.write(forget)


@dataclass(frozen=True, slots=True)
class Stored:
    """An attachment and how to find and open its chunks."""

    attachment: Attachment
    upload_id: bytes
    key_version: int
    chunks: int


class Upload:
    """An upload in progress: checks and seals its chunks in order."""

    def __init__(self, id: bytes, subject: UUID, stream_id: UUID, key: SubjectKey, entropy: Entropy) -> None:
        self.id = id
        self.key = key
        self._subject = subject
        self._stream_id = stream_id
        self._cipher = AESGCM(_attachment_key(key, stream_id, id))
        self._entropy = entropy
        self._digest = sha256()
        self._chunks = 0
        self._size = 0
        self._content_type = ""
        self._text = TextCheck()

    def seal(self, chunk: bytes, last: bool, declared_type: str) -> tuple[bytes, int, bytes]:
        """Return the next row of attachment_chunks; raises errors.InvalidInput where the content is not accepted."""
        if self._chunks == 0:
            if not chunk:
                raise invalid("/file", "the file is empty")
            self._content_type = content_type(chunk[:HEAD_BYTES], declared_type)
        if self._content_type == TEXT:
            self._text.feed(chunk, last)
        nonce = self._entropy(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, chunk, _bound_to(self.id, self._chunks, last))
        self._digest.update(sealed)
        self._chunks += 1
        self._size += len(chunk)
        return self.id, self._chunks - 1, sealed

    def finished(self, now: datetime) -> Attachment:
        """The finished attachment, once the last chunk is sealed."""
        return Attachment(self._digest.hexdigest(), self._content_type, self._size, self._subject, self._stream_id, now)


async def rechunked(content: AsyncIterable[bytes]) -> AsyncGenerator[tuple[bytes, bool], None]:
    """Cut content into chunks of :data:`CHUNK_BYTES`, each with whether it is the last.

    Raises errors.TooLarge as soon as more than :data:`MAX_BYTES` arrived.
    """
    waiting = bytearray()
    size = 0
    async for piece in content:
        size += len(piece)
        if size > MAX_BYTES:
            raise TooLarge("attachment", MAX_BYTES)
        waiting += piece
        while len(waiting) > CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES]), False
            del waiting[:CHUNK_BYTES]
    yield bytes(waiting), True


_CHUNK = ("upload_id", "chunk", "sealed")
_END_UPLOAD = "DELETE FROM attachment_uploads WHERE upload_id = :id"


def _attachment_key(key: SubjectKey, stream_id: UUID, upload_id: bytes) -> bytes:
    info = b"gongdan attachment 1\0" + stream_id.bytes + upload_id + key.version.to_bytes(4, "big")
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key.secret)


def _bound_to(upload_id: bytes, index: int, last: bool) -> bytes:
    return upload_id + index.to_bytes(4, "big") + (b"\1" if last else b"\0")
