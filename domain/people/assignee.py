"""Whom a work order is given to."""

from dataclasses import dataclass

from domain.kernel.terms import AssigneeType


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who carries the work order: a person's login, a team's or a contractor's code."""

    type: AssigneeType
    id: str
