"""The protocol of commands that wait for a second person. The composition registers every such command with the approvals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.approval.aggregate import ApprovalCase
from domain.kernel.aggregate import Folded, FoldedState, Meta
from domain.people.directory import Directory
from domain.people.person_rules import PersonRule

ANOTHER = "another person"
SECOND_PERSON: PersonRule[str, str] = PersonRule(
    "second_person", "", "a second, different person must approve", None, lambda requester, _, login: login == requester
)
"""The requester of a command may not approve it; the rule's case is the requester's login."""


def approving(command: str) -> str:
    """The name, in refusals, of deciding on a command."""
    return f"approve {command}"


class TwoPersonCommand(Protocol):
    """A command that waits for a second person: who is excluded, what it writes, and what remains to be done.

    The defaults suit a command that excludes only its requester and is finished by its events.
    """

    bumps_registry: bool = False
    """Whether its events change the directory, so that every process must read it again."""

    def second_person(self, directory: Directory, case: ApprovalCase, about: FoldedState | None, login: str) -> None:
        """Refuse a person whom the row entitles but who is concerned; ``about``: what the command is about. Raises NotAllowed."""
        return

    async def effects(
        self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta
    ) -> Sequence[Folded.Event]:
        """The events of the command in ``text`` (JSON). Raises a Refusal if it is no longer legal."""
        ...

    async def finish(self, case: ApprovalCase) -> None:
        """Do what the commit cannot include. Must be idempotent: it runs after the approval and at every repeat of it."""
        return
