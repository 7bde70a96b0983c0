"""Hash and verify passwords (口令) by argon2id (pwdlib).

In threads, at most :data:`AT_ONCE` at a time: each takes a core and 64 MiB for a fifth of a second, so a flood of sign-ins could
exhaust the machine. Beyond :data:`WAITING` queued sign-ins the next is refused at once.
"""

from typing import Annotated

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError

from domain.kernel.errors import Overloaded, invalid

AT_ONCE = 2
WAITING = 20
"""Sign-ins that may wait for a thread; the next is refused."""
LEAST, MOST = 8, 200
"""Shortest and longest password, in characters."""


def _spoken(password: str) -> str:
    if password.strip() != password or any(ord(character) < 32 for character in password):
        raise ValueError("control characters, and white space at either end, are not allowed")
    return password


Password = Annotated[str, StringConstraints(min_length=LEAST, max_length=MOST), AfterValidator(_spoken)]
_FORM: TypeAdapter[str] = TypeAdapter(Password)


def well_formed(password: str) -> str:
    """Check a new password's form and return it; raises InvalidInput, whose text does not contain the password."""
    try:
        return _FORM.validate_python(password)
    except ValidationError as error:
        raise invalid("/password", error.errors()[0]["msg"]) from None


class Passwords:
    """Hashes and verifies passwords in threads, off the event loop."""

    def __init__(self, hash: PasswordHash | None = None) -> None:
        self._hash = hash or PasswordHash.recommended()
        self._threads = CapacityLimiter(AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """The hash to store for a password."""
        return await to_thread.run_sync(self._hash.hash, password, limiter=self._threads)

    async def verify(self, password: str, hash: str | None) -> bool:
        """Whether a password has this hash; False without a hash. Raises Overloaded.

        Without a hash a made-up one is verified, so that the time of the answer does not reveal which logins exist.
        """
        if self._threads.statistics().tasks_waiting >= WAITING:
            raise Overloaded("too many people sign in at once")
        if self._nobody is None:
            self._nobody = await self.hashed("nobody has this password")
        known = await to_thread.run_sync(self._hash.verify, password[:MOST], hash or self._nobody, limiter=self._threads)
        return known and hash is not None
