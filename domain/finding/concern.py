"""Whom a finding concerns (D2): who must not decide on it, and whom it charges."""

from collections.abc import Iterator

from domain.finding.events import FindingState, as_fact
from domain.people.directory import Directory
from domain.people.staff import EVERYWHERE
from domain.rules.scorecard import Post
from domain.tally.charging import stake
from domain.tally.dated_posts import appraised
from domain.tally.facts import Person


def people_of(directory: Directory, community: str) -> Iterator[Person]:
    """Everybody appraised in a community, with their dated posts and areas; those who left too."""
    for login, person in directory.people.items():
        grants = [grant for grant in person.grants if grant.community in (community, EVERYWHERE)]
        found = appraised(login, grants)
        if found is not None:
            yield found


def person_of(directory: Directory, community: str, login: str) -> Person | None:
    """One of them."""
    return next((person for person in people_of(directory, community) if person.login == login), None)


def subjects(directory: Directory, finding: FindingState) -> frozenset[str]:
    """Whom a finding is about: its parties, or, where it names none, the administrators charged.

    None of them decides on it. A director, who is charged for everything without a party, may.
    """
    if finding.parties or finding.day is None:
        return frozenset(finding.parties)
    day = finding.day
    here = people_of(directory, finding.community)
    administrators = (person for person in here if person.post_on(day) is Post.ADMINISTRATOR)
    return frozenset(person.login for person in administrators if person.answers_for(finding.area, day))


def charges(directory: Directory, finding: FindingState, login: str) -> bool:
    """Whether a finding charges, credits or flags somebody, once it counts: they may contest it, and read it."""
    fact = as_fact(finding)
    book = directory.law_of(finding.community).of(fact.month)
    person = person_of(directory, finding.community, login)
    return person is not None and fact.item in book.items and stake(book, fact, person) is not None
