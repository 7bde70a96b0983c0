"""Passwords (口令): argon2id by pwdlib, in threads, at most two at once, because each takes a core and 64 MiB for a fifth of a
second; who would have to wait too long is told so at once."""

from typing import Annotated

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError

from domain.kernel.errors import Overloaded, invalid

AT_ONCE = 2
WAITING = 20
"""Sign-ins that may wait for a thread; the next is refused."""
LEAST, MOST = 8, 200
"""Characters of a password."""


def _spoken(password: str) -> str:
    if password.strip() != password or any(ord(character) < 32 for character in password):
        raise ValueError("no control characters, no white space at either end")
    return password


Password = Annotated[str, StringConstraints(min_length=LEAST, max_length=MOST), AfterValidator(_spoken)]
_FORM: TypeAdapter[str] = TypeAdapter(Password)


def well_formed(password: str) -> str:
    """The password; raises InvalidInput without repeating it."""
    try:
        return _FORM.validate_python(password)
    except ValidationError as error:
        raise invalid("/password", error.errors()[0]["msg"]) from None


class Passwords:
    """Hashes and verifies, away from the event loop."""

    def __init__(self, hash: PasswordHash | None = None) -> None:
        self._hash = hash or PasswordHash.recommended()
        self._threads = CapacityLimiter(AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """What is kept of a password."""
        return await to_thread.run_sync(self._hash.hash, password, limiter=self._threads)

    async def verify(self, password: str, hash: str | None) -> bool:
        """Whether it is the password of a hash; without one it takes as long, and it is not. Raises Overloaded."""
        if self._threads.statistics().tasks_waiting >= WAITING:
            raise Overloaded("too many people sign in at once")
        if self._nobody is None:
            self._nobody = await self.hashed("nobody has this password")
        known = await to_thread.run_sync(self._hash.verify, password[:MOST], hash or self._nobody, limiter=self._threads)
        return known and hash is not None
