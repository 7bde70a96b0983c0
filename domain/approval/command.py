"""The protocol of commands that wait for a second person; the composition hands every one of them to the approvals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.approval.aggregate import ApprovalCase
from domain.kernel.aggregate import Folded, Meta
from domain.people.directory import Directory
from domain.people.person_rules import PersonRule

ANOTHER = "another person"
SECOND_PERSON: PersonRule[str, str] = PersonRule(
    "second_person", "", "a second, different person approves", None, lambda requester, _, login: login == requester
)
"""Who asked for a command does not approve it; the case of the rule is the requester's login."""


def approving(command: str) -> str:
    """How deciding on a command is named in refusals."""
    return f"approve {command}"


class TwoPersonCommand(Protocol):
    """A command that waits for a second person: who must not be that person, what it writes, and what is left to finish.

    The defaults suit a command that excludes nobody but its requester and is done once its events are written.
    """

    bumps_registry: bool = False
    """Whether its events change the directory, which every process then reads anew."""

    async def second_person(self, directory: Directory, case: ApprovalCase, login: str) -> None:
        """Refuse (NotAllowed) a second person who is entitled by the row, but concerned."""
        return

    async def effects(
        self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta
    ) -> Sequence[Folded.Event]:
        """The events that the command of a JSON text leads to; raises a Refusal where it is no longer legal."""
        ...

    async def finish(self, case: ApprovalCase) -> None:
        """Do what can't be part of the commit; called after the approval and on every repeat of it, so it must be repeatable."""
        return
