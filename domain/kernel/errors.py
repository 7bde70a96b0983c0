"""Refusals as one class hierarchy. They carry data and know nothing of HTTP.

A refusal names what was refused and, where it helps, what would be legal. When one is raised, nothing was written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


class Refusal(Exception):
    """A command or query was refused; nothing was written."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error in the input: a JSON pointer and the remedy."""

    pointer: str
    message: str


@dataclass(eq=False)
class InvalidInput(Refusal):
    """The input is wrong, whatever the state of the ticket."""

    errors: Sequence[FieldError]

    def __str__(self) -> str:
        return "; ".join(f"{e.pointer}: {e.message}" for e in self.errors)


def invalid(pointer: str, message: str) -> InvalidInput:
    """An InvalidInput with one error."""
    return InvalidInput([FieldError(pointer, message)])


@dataclass(eq=False)
class TooLarge(Refusal):
    """More bytes than allowed; ``limit`` is in bytes."""

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
    """A rule of the regulations forbids the command.

    ``rule`` is the rule's code, ``clause`` its place in the regulations, ``detail`` the remedy: what to do first or instead.
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
    """The caller may see the thing but may not do this with it."""

    command: str
    roles: Sequence[str]
    allowed_to: Sequence[str]
    detail: str = ""
    rule: str = ""
    clause: str = ""

    def __str__(self) -> str:
        have = f"to {', '.join(self.roles)}" if self.roles else "without a role here"
        may = ", ".join(self.allowed_to) or "nobody"
        return f"{self.command} is not allowed {have}; allowed to: {may}{'; ' + self.detail if self.detail else ''}"


@dataclass(eq=False)
class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of: both get one answer, so that it reveals nothing."""

    what: str

    def __str__(self) -> str:
        return f"no such {self.what}"


@dataclass(eq=False)
class Unauthenticated(Refusal):
    """There is no valid token."""

    def __str__(self) -> str:
        return "a valid token is needed"


@dataclass(eq=False)
class StaleVersion(Refusal):
    """The version that the caller saw is no longer the newest.

    ``since`` lists what happened meanwhile: (version, event topic, actor, occurred_at).
    """

    expected: int
    actual: int
    since: Sequence[tuple[int, str, str, datetime]] = ()

    def __str__(self) -> str:
        return f"version {self.expected} is stale; the newest is {self.actual}"


@dataclass(eq=False)
class KeyReused(Refusal):
    """The idempotency key was used with another body."""

    key: str

    def __str__(self) -> str:
        return "this idempotency key was used with another request; use a new key"


@dataclass(eq=False)
class InProgress(Refusal):
    """A request with this idempotency key is being carried out."""

    key: str

    def __str__(self) -> str:
        return "this request is already being carried out; try again in a moment"


@dataclass(eq=False)
class Overloaded(Refusal):
    """The store cannot handle the request now; nothing was written, or that is unknown. Try again."""

    detail: str = "too many commands are waiting"
    retry_after_seconds: int = 1

    def __str__(self) -> str:
        return self.detail


@dataclass(eq=False)
class Conflict(Refusal):
    """The thing already exists, or is no longer in the state that the command requires."""

    what: str
    detail: str
    data: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}"
