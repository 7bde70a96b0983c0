"""Refusals, as one tree. They carry data and know nothing of HTTP.

Every refusal names what was refused and what would be legal; nothing is written when one is raised.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


class Refusal(Exception):
    """A command or query was refused; nothing was written."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: a JSON pointer and what would be right."""

    pointer: str
    message: str


@dataclass(eq=False)
class InvalidInput(Refusal):
    """The input itself is wrong, whatever the state of the ticket."""

    errors: Sequence[FieldError]

    def __str__(self) -> str:
        return "; ".join(f"{e.pointer}: {e.message}" for e in self.errors)


def invalid(pointer: str, message: str) -> InvalidInput:
    """An InvalidInput with one error."""
    return InvalidInput([FieldError(pointer, message)])


@dataclass(eq=False)
class TooLarge(Refusal):
    """More bytes than are taken; ``limit`` is in bytes."""

    what: str
    limit: int

    def __str__(self) -> str:
        return f"{self.what} is larger than {self.limit} bytes"


@dataclass(eq=False)
class TransitionRefused(Refusal):
    """The lifecycle table has no such transition from this state."""

    state: str
    trigger: str
    legal: Sequence[str]
    ticket: UUID | None = None

    def __str__(self) -> str:
        return f"{self.trigger} is not legal in state {self.state}; legal now: {', '.join(self.legal) or 'nothing'}"


@dataclass(eq=False)
class RuleRefused(Refusal):
    """A rule of the regulations, or of a kind of ticket, forbids it.

    ``rule`` is the rule's code, ``clause`` where it stands, ``detail`` what would satisfy it.
    """

    rule: str
    clause: str
    detail: str
    state: str = ""
    trigger: str = ""
    legal: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.rule} ({self.clause}): {self.detail}"


@dataclass(eq=False)
class NotAllowed(Refusal):
    """The caller may see the thing, but not do this with it.

    Where a rule about the person forbids what their right would give, ``rule`` is its code and ``clause`` where it stands.
    """

    command: str
    roles: Sequence[str]
    allowed_to: Sequence[str]
    detail: str = ""
    rule: str = ""
    clause: str = ""

    def __str__(self) -> str:
        have = ", ".join(self.roles) or "no role here"
        may = ", ".join(self.allowed_to) or "nobody"
        return f"{self.command} is not allowed to {have}; allowed to: {may}{'; ' + self.detail if self.detail else ''}"


@dataclass(eq=False)
class NotFound(Refusal):
    """No such thing, or none that the caller may know of: the two are answered alike."""

    what: str

    def __str__(self) -> str:
        return f"no such {self.what}"


@dataclass(eq=False)
class Unauthenticated(Refusal):
    """No valid token."""

    def __str__(self) -> str:
        return "a valid token is needed"


@dataclass(eq=False)
class StaleVersion(Refusal):
    """Someone acted in between: the version named is no longer the newest.

    ``since`` tells what happened meanwhile: (version, event topic, actor, occurred_at).
    """

    expected: int
    actual: int
    since: Sequence[tuple[int, str, str, datetime]] = ()

    def __str__(self) -> str:
        return f"version {self.expected} is stale, the newest is {self.actual}"


@dataclass(eq=False)
class KeyReused(Refusal):
    """The same idempotency key came with another body."""

    key: str

    def __str__(self) -> str:
        return "this idempotency key was used with another request; take a new key"


@dataclass(eq=False)
class InProgress(Refusal):
    """The same idempotency key is being worked on right now."""

    key: str

    def __str__(self) -> str:
        return "the same request is being worked on; ask again in a moment"


@dataclass(eq=False)
class Overloaded(Refusal):
    """The store cannot take or answer it now; nothing was written, or it is not known to be. Try again."""

    detail: str = "too many commands are waiting"
    retry_after_seconds: int = 1

    def __str__(self) -> str:
        return self.detail


@dataclass(eq=False)
class Conflict(Refusal):
    """The thing exists already, or is no longer in the state that the command needs."""

    what: str
    detail: str
    data: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}"
