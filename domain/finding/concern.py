"""Whom a finding concerns (D2): the people it charges, and those who must not decide on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.finding.events import FindingState, as_fact
from domain.kernel.terms import FindingTrigger
from domain.people.directory import Directory
from domain.people.person_rules import PersonRule
from domain.people.staff import EVERYWHERE
from domain.rules.scorecard import Post
from domain.tally.charging import stake
from domain.tally.dated_posts import appraised
from domain.tally.facts import Appraisee


def people_of(directory: Directory, community: str) -> Iterator[Appraisee]:
    """Everyone appraised in a community, former staff included, with their dated posts and areas."""
    for login, person in directory.people.items():
        grants = [grant for grant in person.grants if grant.community in (community, EVERYWHERE)]
        found = appraised(login, grants)
        if found is not None:
            yield found


def person_of(directory: Directory, community: str, login: str) -> Appraisee | None:
    """A person appraised in a community; None if the login held no post there."""
    return next((person for person in people_of(directory, community) if person.login == login), None)


def subjects(directory: Directory, finding: FindingState) -> frozenset[str]:
    """The people a finding is about: its parties or, if it names none, the administrators it charges.

    None of them may decide on it. The director may, although every finding without a party charges the director: otherwise no
    director could decide on any of these.
    """
    if finding.parties or finding.day is None:
        return frozenset(finding.parties)
    day = finding.day
    here = people_of(directory, finding.community)
    administrators = (person for person in here if person.post_on(day) is Post.ADMINISTRATOR)
    return frozenset(person.login for person in administrators if person.answers_for(finding.area, day))


@dataclass(frozen=True, slots=True)
class Concerned:
    """The case of these rules: a finding, and the directory that knows the people it is about."""

    directory: Directory
    finding: FindingState


FindingRule = PersonRule[Concerned, FindingTrigger]
DECIDING = frozenset({FindingTrigger.CONFIRM, FindingTrigger.WAIVE, FindingTrigger.UPHOLD, FindingTrigger.REVOKE})
RULES: tuple[FindingRule, ...] = (
    PersonRule(
        "decided_by_another",
        "D2 五",
        "the person who recorded a finding may not decide on it",
        DECIDING,
        lambda case, _, login: login == case.finding.recorded_by,
    ),
    PersonRule(
        "not_about_oneself",
        "D2 五",
        "nobody may decide on a finding about themselves",
        DECIDING,
        lambda case, _, login: login in subjects(case.directory, case.finding),
    ),
)
"""People who must not take a trigger on a finding, whatever their right."""


def charges(directory: Directory, finding: FindingState, login: str) -> bool:
    """Whether a finding, once it counts, charges, credits or flags a person; they may read and contest it."""
    fact = as_fact(finding)
    book = directory.law_of(finding.community).of(fact.month)
    person = person_of(directory, finding.community, login)
    return person is not None and fact.item in book.items and stake(book, fact, person) is not None
