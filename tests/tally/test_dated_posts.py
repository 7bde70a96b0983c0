"""Posts of the scorecard from dated roles and areas, compared day by day with a plain reading of the roles."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.periods import Month
from domain.kernel.terms import Role
from domain.people.staff import Grant
from domain.rules.scorecard import Post
from domain.tally.dated_posts import appraised, post_of
from domain.tally.facts import overlapping
from tests.support.ticket_factory import uid

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(40)]
days = st.integers(0, 30).map(lambda n: DAYS[n])
grants = st.lists(
    st.builds(
        lambda role, area, start, end: Grant(uid(1), role, "JX", area, start, end),
        st.sampled_from(Role),
        st.sampled_from([None, "A1", "A2"]),
        days,
        st.none() | days,
    ),
    max_size=5,
)
STAFF = {Role.TECHNICIAN, Role.CONTROL_ROOM, Role.SECURITY, Role.SUPERVISOR, Role.FINANCE, Role.HR}


def plain(held: list[Grant], day: date) -> str | None:
    """The post on a day, read straight from the roles."""
    roles = [(g.role, g.area) for g in held if g.valid_from <= day and (g.valid_to is None or day <= g.valid_to)]
    if any(role is Role.DIRECTOR for role, _ in roles):
        return "director"
    if any(role in (Role.ASSISTANT, Role.BUTLER) and area for role, area in roles):
        return "administrator"
    return "staff" if any(role in STAFF | {Role.ASSISTANT, Role.BUTLER} for role, _ in roles) else None


@given(grants)
def test_day_by_day(held: list[Grant]) -> None:
    person = appraised("li", held)
    for day in DAYS:
        assert (person.post_on(day) if person else None) == plain(held, day)
        for area in ("A1", "A2", None):
            administers = any(
                g.area == area and g.area and g.role in (Role.ASSISTANT, Role.BUTLER) and g.valid_from <= day
                and (g.valid_to is None or day <= g.valid_to)
                for g in held
            )  # fmt: skip
            answers = plain(held, day) == "director" or (plain(held, day) == "administrator" and administers)
            assert (person.answers_for(area, day) if person else False) == answers
    assert person is None or not overlapping(person.posts)


@given(grants)
def test_a_post_that_goes_on_is_one_span(held: list[Grant]) -> None:
    person = appraised("li", held)
    if person is None:
        return
    for one, other in zip(person.posts, person.posts[1:], strict=False):
        assert one.end is not None
        assert other.post is not one.post or other.start > one.end + timedelta(days=1)


def test_an_area_changes_hands_in_the_middle_of_a_month() -> None:
    to_the_tenth = Grant(uid(1), Role.BUTLER, "JX", "A1", FIRST, date(2026, 1, 10))
    from_the_eleventh = Grant(uid(2), Role.ASSISTANT, "JX", "A1", date(2026, 1, 11))
    before, after = appraised("wang", [to_the_tenth]), appraised("zhao", [from_the_eleventh])
    assert before is not None
    assert after is not None
    for day in (10, 11):
        assert before.answers_for("A1", date(2026, 1, day)) is (day == 10)
        assert after.answers_for("A1", date(2026, 1, day)) is (day == 11)
    assert before.post_in(Month(2026, 1)) is Post.ADMINISTRATOR
    assert before.post_in(Month(2026, 2)) is None


@pytest.mark.parametrize("role", [Role.APPRAISER, Role.AUDITOR, Role.PRIVACY_OFFICER, Role.ADMIN])
def test_who_acts_for_the_company_is_not_appraised(role: Role) -> None:
    grant = Grant(uid(1), role, "JX", None, FIRST)
    assert post_of(grant) is None
    assert appraised("li", [grant]) is None
    assert appraised("li", []) is None


def test_a_role_that_ended_before_it_began_gives_nothing() -> None:
    assert appraised("li", [Grant(uid(1), Role.DIRECTOR, "JX", None, date(2026, 1, 10), date(2026, 1, 9))]) is None
