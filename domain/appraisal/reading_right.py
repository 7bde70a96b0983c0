"""Who may read the input of an appraisal (考评) and its tallies, by the authority row for tallies."""

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
    """Something reported: its authority row, its month, the person it is about (None: the community), and its author."""

    right: Right
    month: Month
    about: str | None = None
    by: str | None = None


def reads_tallies(roles: Iterable[Held], *, own: bool, staff: bool, closed: bool) -> bool:
    """Whether the row for tallies lets a person read something that is their own, about staff, or of a closed month."""
    holds = {Need.ABOUT_SELF: own, Need.ABOUT_STAFF: staff, Need.CLOSED: closed}
    relation = Relation(frozenset(need for need, held in holds.items() if held))
    return weigh(Right.READ_TALLIES, roles, relation) is Mode.FULL


def reads_reported(
    directory: Directory, community: str, login: str, roles: Iterable[Held], book: BookState, what: Reported
) -> bool:
    """Whether a person may report such a thing, or may read the tallies to which it belongs.

    A person's own reports count as their own, and so do the community's figures, which are on everyone's tally.
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
