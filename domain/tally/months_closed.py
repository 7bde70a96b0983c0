"""The appraisal book (考评台账): one stream a community, written by whatever changes a month's tally or closes the month (D2 五).

A finding that begins or ceases to count is entered here in the commit that decides it, and a month is closed here. So each of the
two expects the other's last version: a month is never closed over a tally that just changed, and nothing is entered in a month
that just closed.
"""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.periods import Month


def book_stream(community: str) -> UUID:
    """The stream of a community's appraisal book."""
    return uuid5(NAMESPACE_URL, f"gongdan:appraisal_book:{community}")


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A month's tally, frozen: the version of the rule book it used and the SHA-256 of its canonical form."""

    month: str
    rule_book: str
    hash: str


@dataclass(frozen=True)
class BookState(FoldedState):
    """The months closed so far, by ``2026-03``; ``entries`` counts what changed a tally."""

    id: UUID
    version: int
    community: str = ""
    closed: tuple[ClosedMonth, ...] = ()
    entries: int = 0

    def is_closed(self, month: str) -> bool:
        """Whether a month's tally is frozen."""
        return any(closed.month == month for closed in self.closed)

    def booked_in(self, month: Month) -> Month | None:
        """Where a finding of a month is charged: None in its own, else in the earliest month after it that is open."""
        if not self.is_closed(str(month)):
            return None
        following = month
        while self.is_closed(str(following)):
            following = following.after
        return following


@register
class AppraisalBook(Folded):
    """The book of one community."""

    TOPIC = "appraisal_book"
    STATE = BookState
    state: BookState

    class Event(Folded.Event):
        """Base of the book's events; ``month`` is the one whose tally is concerned (``2026-03``)."""

        community: str
        month: str

    class FindingEntered(Event):
        """入账: a finding counts from now, in ``month``."""

        TOPIC = "appraisal_book.finding_entered"
        finding: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class FindingStruck(Event):
        """销账: a finding of ``month`` counts no more."""

        TOPIC = "appraisal_book.finding_struck"
        finding: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class FigureEntered(Event):
        """入账: a figure of a period that ends with ``month`` has a value, or another one."""

        TOPIC = "appraisal_book.figure_entered"
        figure: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class ReprimandEntered(Event):
        """入账: a warning or public criticism of ``month``."""

        TOPIC = "appraisal_book.reprimand_entered"
        reprimand: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class ReprimandStruck(Event):
        """销账: a warning or public criticism of ``month`` counts no more."""

        TOPIC = "appraisal_book.reprimand_struck"
        reprimand: UUID

        def evolve(self, state: BookState) -> BookState:
            return state.with_(community=self.community, entries=state.entries + 1)

    class MonthClosed(Event):
        """月结: the month's tally is frozen, by two people; what is confirmed later is charged in an open month.

        ``tally`` is its canonical form, of which ``hash`` is the SHA-256; ``position`` is where the log stood when it was made.
        """

        TOPIC = "appraisal_book.month_closed"
        rule_book: str
        hash: str
        position: int
        tally: str

        def evolve(self, state: BookState) -> BookState:
            closed = ClosedMonth(self.month, self.rule_book, self.hash)
            return state.with_(community=self.community, closed=(*state.closed, closed))
