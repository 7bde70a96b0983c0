"""Who may read what an appraisal (考评) is made from and what comes of it, by the row of tallies of the one table."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.finding.concern import person_of
from domain.kernel.periods import Month
from domain.people.authority import Held, Mode, Need, Relation, Right, weigh
from domain.people.directory import Directory
from domain.rules.scorecard import Post
from domain.tally.months_closed import BookState


@dataclass(frozen=True, slots=True)
class Reported:
    """Something reported: by the right of which row, of which month, about whom (None: the community), and by whom."""

    right: Right
    month: Month
    about: str | None = None
    by: str | None = None


def reads_tallies(roles: Iterable[Held], *, own: bool, staff: bool, closed: bool) -> bool:
    """By the row of tallies: of something of one's own, about whoever is no director, of a month that is closed."""
    holds = {Need.ABOUT_SELF: own, Need.ABOUT_STAFF: staff, Need.CLOSED: closed}
    relation = Relation(frozenset(need for need, held in holds.items() if held))
    return weigh(Right.READ_TALLIES, roles, relation) is Mode.FULL


def reads_reported(
    directory: Directory, community: str, login: str, roles: Iterable[Held], book: BookState, what: Reported
) -> bool:
    """Whoever may report such a thing, and whoever reads the tallies it stands on or beside.

    What one said oneself is one's own, and so is a figure of the community, as on everybody's tally.
    """
    roles = tuple(roles)
    if weigh(what.right, roles, Relation()) is Mode.FULL:
        return True
    person = None if what.about is None else person_of(directory, community, what.about)
    return reads_tallies(
        roles,
        own=what.about in (None, login) or what.by == login,
        staff=what.about is not None and (person is None or person.post_in(what.month) is not Post.DIRECTOR),
        closed=book.is_closed(str(what.month)),
    )
