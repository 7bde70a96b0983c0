"""The appraisal book (考评台账): one stream per community with each change to a month's tally and each month's close (D2 五).

A finding that begins or ceases to count is entered here in the commit that decides it, and a month is closed here. Both writers
expect the book's last version. So of a late finding and a close that race, one must decide again: no month closes over a tally
that just changed, and no finding enters a month that just closed.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.periods import Month


def book_stream(community: str) -> UUID:
    """The id of a community's appraisal book."""
    return uuid5(NAMESPACE_URL, f"gongdan:appraisal_book:{community}")


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A closed month: its rule book's version and the SHA-256 of its tally's canonical form."""

    month: str
    rule_book: str
    hash: str


@dataclass(frozen=True)
class BookState(FoldedState):
    """The closed months, as ``2026-03``. ``entries`` counts the changes to tallies."""

    id: UUID
    version: int
    community: str = ""
    closed: tuple[ClosedMonth, ...] = ()
    entries: int = 0

    def is_closed(self, month: str) -> bool:
        """Whether a month's tally is frozen."""
        return any(closed.month == month for closed in self.closed)

    def booked_in(self, month: Month) -> Month | None:
        """The month that charges a finding of ``month``: None for that month itself, else the first open month after it."""
        if not self.is_closed(str(month)):
            return None
        following = month
        while self.is_closed(str(following)):
            following = following.after
        return following


@register
class AppraisalBook(Folded[BookState]):
    """One community's appraisal book."""

    TOPIC = "appraisal_book"
    STATE = BookState

    class Event(Folded.Event[BookState]):
        """Base of the book's events; ``month`` (``2026-03``) is the month whose tally changes."""

        community: str
        month: str

    class FindingEntered(Event):
        """入账: a finding counts from now on."""

        TOPIC = "appraisal_book.finding_entered"
        finding: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class FindingStruck(Event):
        """销账: a finding no longer counts."""

        TOPIC = "appraisal_book.finding_struck"
        finding: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class FigureEntered(Event):
        """入账: a figure whose period ends with ``month`` was reported or corrected."""

        TOPIC = "appraisal_book.figure_entered"
        figure: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class ReprimandEntered(Event):
        """入账: a warning or public criticism counts from now on."""

        TOPIC = "appraisal_book.reprimand_entered"
        reprimand: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class ReprimandStruck(Event):
        """销账: a warning or public criticism no longer counts."""

        TOPIC = "appraisal_book.reprimand_struck"
        reprimand: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class MonthClosed(Event):
        """月结: two people closed the month; later findings of it are charged in an open month.

        ``tally`` is the canonical form, ``hash`` its SHA-256, ``position`` the log position it was computed at.
        """

        TOPIC = "appraisal_book.month_closed"
        rule_book: str
        hash: str
        position: int
        tally: str

        def evolve(self, state: BookState) -> BookState:
            closed = ClosedMonth(self.month, self.rule_book, self.hash)
            return state.with_(community=self.community, closed=(*state.closed, closed))
