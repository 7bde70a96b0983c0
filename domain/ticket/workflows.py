"""Differences between kinds of ticket: the book, the checklist, and when it must be complete (D1 4.1.1, D3 一, D4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.kernel.terms import Book, Kind


@dataclass(frozen=True, slots=True)
class Workflow:
    """A kind's book, and the checklist items required before dispatch and before completion."""

    book: Book
    before_dispatch: tuple[str, ...] = ()
    before_completion: tuple[str, ...] = ()

    @property
    def checklist(self) -> tuple[str, ...]:
        """All items of the kind's checklist, in order."""
        return self.before_dispatch + self.before_completion


FLAT_INSPECTED = "flat_inspected"

WORKFLOWS: Mapping[Kind, Workflow] = MappingProxyType(
    {
        Kind.REPAIR: Workflow(Book.REPAIR),
        Kind.COMPLAINT: Workflow(Book.COMPLAINT),
        Kind.ASSISTANCE: Workflow(Book.DAILY),
        Kind.ENQUIRY: Workflow(Book.DAILY),
        Kind.OTHER: Workflow(Book.DAILY),
        Kind.RENOVATION: Workflow(
            Book.RENOVATION,
            before_dispatch=("application", "drawings", "deposit", "commitment_letter", "permit_issued"),
            before_completion=("accepted", "deposit_settled"),
        ),
        Kind.MOVE_IN: Workflow(
            Book.MOVE_IN,
            before_completion=(
                "identity_checked",
                "documents_signed",
                "keys_handed_over",
                "meters_read",
                FLAT_INSPECTED,
            ),
        ),
        Kind.INSPECTION: Workflow(Book.INSPECTION),
        Kind.VISIT: Workflow(Book.VISIT),
    }
)
