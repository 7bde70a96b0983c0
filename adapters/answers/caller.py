"""Caller of a request."""

from dataclasses import dataclass

from domain.kernel.ports import CommandRecord
from domain.people.directory import Directory


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated person, and the directory as of the registry version read at authentication.

    ``key`` is the idempotency key that authentication looked for, ``earlier`` the record of the command sent with it before.
    """

    login: str
    directory: Directory
    registry_version: int
    key: str | None = None
    earlier: CommandRecord | None = None
