"""The assignee of a work order."""

from dataclasses import dataclass

from domain.kernel.terms import AssigneeType


@dataclass(frozen=True, slots=True)
class Assignee:
    """The assignee of a work order: a person's login, or the code of a team or contractor."""

    type: AssigneeType
    id: str
