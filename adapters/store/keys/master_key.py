"""The master key: the one secret outside every database and every backup.

It is in a file of mode 0600 (``GONGDAN_MASTER_KEY_FILE``) and wraps every key in the key store (AES-256-GCM). The key store is
useless without this file; with the file lost, all personal data is lost. Keep a copy apart.

    gongdan-master-key 1
    id: 8f0c…          16 hex digits derived from the key, so that a damaged or foreign file is noticed
    key: …             32 bytes, base64
"""

import fcntl
import hmac
import os
import stat
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Entropy = Callable[[int], bytes]

KEY_BYTES = 32
NONCE_BYTES = 12
_HEADER = "gongdan-master-key 1"


class KeysUnusable(Exception):
    """The key store or the master key can't be used; the message gives the reason and the remedy."""


class RotationRunning(KeysUnusable):
    """Another process is rotating the master key."""


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """A master key; ``id`` names it without revealing it."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"MasterKey(id={self.id})"

    def wrap(self, key: bytes, bound_to: bytes, entropy: Entropy) -> bytes:
        """Wrap a key: nonce and AES-256-GCM ciphertext, with ``bound_to`` as associated data."""
        nonce = entropy(NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, key, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """Unwrap a key; raises KeysUnusable where it was changed, swapped, or wrapped by another master key."""
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)
        except InvalidTag as error:
            raise KeysUnusable(
                f"a key in the key store does not open under master key {self.id}: it was changed or swapped"
            ) from error


def master_key(secret: bytes) -> MasterKey:
    """A master key from its 32 bytes."""
    return MasterKey(hmac.digest(secret, b"gongdan master key id", "sha256")[:8].hex(), secret)


def create_master_key(path: Path, entropy: Entropy) -> MasterKey:
    """Create a master key file, mode 0600, durable before this returns; raises KeysUnusable where the file exists."""
    key = master_key(entropy(KEY_BYTES))
    text = f"{_HEADER}\nid: {key.id}\nkey: {b64encode(key.secret).decode()}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # the whole file appears at once, or not at all
    except FileExistsError as error:
        raise KeysUnusable(f"{path} exists already and is not overwritten; it may be the only copy of a key") from error
    finally:
        os.unlink(temporary)
    sync_directory(path.parent)
    return key


def load_master_key(path: Path) -> MasterKey:
    """Read a master key file; raises KeysUnusable where it is missing, damaged, or accessible to other users."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise KeysUnusable(f"no master key at {path}: put the copy back, or make a new store with `gongdan init`") from error
    with os.fdopen(descriptor, "r", encoding="utf-8", errors="replace") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeysUnusable(f"{path} is not a file")
        if stat.S_IMODE(status.st_mode) & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise KeysUnusable(f"{path} has mode {mode:04o}, so others may use it: `chmod 600 {path}` (only its owner may)")
        lines = file.read(1024).splitlines()
    return _parse(path, lines)


def _parse(path: Path, lines: list[str]) -> MasterKey:
    if len(lines) != 3 or lines[0] != _HEADER or not lines[1].startswith("id: ") or not lines[2].startswith("key: "):
        raise KeysUnusable(f"{path} is not a master key file of this version")
    try:
        secret = b64decode(lines[2][len("key: ") :], validate=True)
    except Base64Error as error:
        raise KeysUnusable(f"{path} is damaged: its key is not base64") from error
    key = master_key(secret)
    if len(secret) != KEY_BYTES or lines[1] != f"id: {key.id}":
        raise KeysUnusable(f"{path} is damaged: key and id do not belong together")
    return key


def successor(path: Path) -> Path:
    """Path of the next master key while a rotation runs."""
    return path.with_name(path.name + ".new")


def load_master_key_named(path: Path, key_id: str) -> MasterKey:
    """Load the master key with this id: from the file, or from the second file of an unfinished rotation.

    Raises KeysUnusable where neither holds it.
    """
    first = load_master_key(path)
    if first.id == key_id:
        return first
    for candidate in (successor(path), path):  # a rotation may be renaming right now
        with suppress(FileNotFoundError):
            candidate.stat()
            key = load_master_key(candidate)
            if key.id == key_id:
                return key
    raise KeysUnusable(f"the key store is wrapped by master key {key_id}, but {path} holds {first.id}: put that file back")


@contextmanager
def rotating(path: Path) -> Iterator[None]:
    """Hold the rotation lock of a master key file; raises RotationRunning where another process holds it."""
    # The folder is locked, not the file: the rotation replaces the file, and a lock would stay on the old one.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RotationRunning("a rotation of the master key is running; wait for its end") from error
        yield
    finally:
        os.close(descriptor)


def promote_successor(path: Path, key_id: str) -> None:
    """Rename the next master key over the old one if its id is ``key_id``; call within :func:`rotating`."""
    following = successor(path)
    if following.exists() and load_master_key(following).id == key_id:
        os.replace(following, path)
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Sync a directory, which makes files renamed or created in it durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
