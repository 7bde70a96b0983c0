"""Two times (发生时间、记录时间): every limit of lateness on its exact edge, and by whom it may be passed."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from adapters.system.holidays_of_china import HolidaysOfChina
from domain.kernel.errors import InvalidInput, NotAllowed
from domain.kernel.request import Request
from domain.kernel.terms import Role
from domain.people.authority import Held, Need, Relation
from domain.people.community import CommunityState
from domain.people.directory import Directory
from domain.people.two_times import Entry, judge_entry
from tests.support.ticket_factory import COMMAND, COMMUNITY, MORNING, POLICY, PRICES, uid
from tests.tally.estate import BOOK

MINUTE, DAY, TICK = timedelta(minutes=1), timedelta(days=1), timedelta(microseconds=1)
SKEW, LATE, LONG_LATE, OFFLINE = 2 * MINUTE, 15 * MINUTE, DAY, 2 * DAY
SETTINGS = {"entry.offline_minutes": 2 * 1440}
"""Drafts written offline may be older than a late entry, so that the two limits differ."""
NOW = MORNING
DESK, APPRAISER, TECHNICIAN, BUTLER = Role.ASSISTANT, Role.APPRAISER, Role.TECHNICIAN, Role.BUTLER


def judged(
    age: timedelta | None,
    role: Role = DESK,
    needs: Iterable[Need] = (),
    *,
    offline: bool = False,
    always: bool = False,
    settings: dict[str, Any] = SETTINGS,
) -> Entry:
    """How an entry of this age is judged; None names no moment."""
    directory = Directory(POLICY, PRICES, BOOK, HolidaysOfChina())
    directory.communities[COMMUNITY] = CommunityState(uid(1), 1, COMMUNITY, settings=settings)
    request = Request("li.na", COMMAND, None if age is None else NOW - age, offline)
    relation = Relation(frozenset(needs), "east")
    held = [Held(role, frozenset({"east"}))]
    if always:
        return judge_entry(directory, COMMUNITY, request, held, relation, NOW, always=True)
    return judge_entry(directory, COMMUNITY, request, held, relation, NOW)


def test_a_request_that_names_no_moment_happens_now() -> None:
    assert judged(None, APPRAISER) == Entry(NOW)


@pytest.mark.parametrize("ahead", [TICK, MINUTE, SKEW])
def test_a_moment_a_little_ahead_is_taken_as_now(ahead: timedelta) -> None:
    assert judged(-ahead, APPRAISER) == Entry(NOW)
    assert judged(-ahead, always=True) == Entry(NOW, back_entered=True)


def test_a_moment_further_ahead_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        judged(-SKEW - TICK)
    [error] = refusal.value.errors
    assert (error.pointer, error.message) == ("/occurred_at", f"must not be in the future; now is {NOW.isoformat()}")


@pytest.mark.parametrize("role", [DESK, APPRAISER, TECHNICIAN])
def test_a_quarter_of_an_hour_is_not_late(role: Role) -> None:
    for age in (timedelta(0), MINUTE, LATE):
        assert judged(age, role) == Entry(NOW - age)


def test_late_entry_needs_its_right() -> None:
    for age in (LATE + TICK, LONG_LATE):
        assert judged(age) == Entry(NOW - age, back_entered=True)
        assert judged(age, BUTLER) == Entry(NOW - age, back_entered=True)
        for role in (TECHNICIAN, APPRAISER):
            with pytest.raises(NotAllowed) as refusal:
                judged(age, role)
            assert (refusal.value.command, refusal.value.roles) == ("late_entry", [role.value])
            assert "assistant (✓)" in refusal.value.allowed_to


def test_entry_after_a_day_needs_its_right_and_a_second_person() -> None:
    for age in (LONG_LATE + TICK, 90 * DAY):
        assert judged(age) == Entry(NOW - age, back_entered=True, long_late=True)
        for role in (BUTLER, TECHNICIAN, APPRAISER):
            with pytest.raises(NotAllowed) as refusal:
                judged(age, role)
            assert (refusal.value.command, refusal.value.roles) == ("long_late_entry", [role.value])
            assert "assistant (2)" in refusal.value.allowed_to


@pytest.mark.parametrize("need", [Need.OWN, Need.ON_DUTY])
def test_a_draft_written_offline_is_late_only_after_its_own_limit(need: Need) -> None:
    for age in (LATE + TICK, LONG_LATE + TICK, OFFLINE):
        assert judged(age, TECHNICIAN, {need}, offline=True) == Entry(NOW - age, offline_entered=True)
    with pytest.raises(NotAllowed):
        judged(OFFLINE + TICK, TECHNICIAN, {need}, offline=True)
    assert judged(LATE, TECHNICIAN, {need}, offline=True) == Entry(NOW - LATE)
    with pytest.raises(NotAllowed):
        judged(LATE + TICK, TECHNICIAN, {need})
    with pytest.raises(NotAllowed):
        judged(LATE + TICK, TECHNICIAN, {Need.NIGHT}, offline=True)
    with pytest.raises(NotAllowed):
        judged(LATE + TICK, TECHNICIAN, offline=True)


def test_a_back_entry_needs_the_right_however_late_it_is() -> None:
    for age in (timedelta(0), LATE, LATE + TICK):
        assert judged(age, always=True) == Entry(NOW - age, back_entered=True)
        with pytest.raises(NotAllowed):
            judged(age, TECHNICIAN, {Need.OWN, Need.ON_DUTY}, always=True)
    assert judged(LONG_LATE + TICK, always=True) == Entry(NOW - LONG_LATE - TICK, back_entered=True, long_late=True)


def test_a_back_entry_is_never_a_draft_written_offline() -> None:
    assert judged(LATE + TICK, DESK, {Need.OWN}, offline=True, always=True) == Entry(NOW - LATE - TICK, back_entered=True)


def test_the_limits_are_those_of_the_community() -> None:
    terms = {
        "entry.skew_minutes": 3,
        "entry.late_minutes": 30,
        "entry.long_late_minutes": 60,
        "entry.offline_minutes": 45,
    }
    assert judged(-3 * MINUTE, settings=terms) == Entry(NOW)
    assert judged(30 * MINUTE, settings=terms) == Entry(NOW - 30 * MINUTE)
    assert judged(31 * MINUTE, settings=terms) == Entry(NOW - 31 * MINUTE, back_entered=True)
    assert judged(61 * MINUTE, settings=terms) == Entry(NOW - 61 * MINUTE, back_entered=True, long_late=True)
    assert judged(45 * MINUTE, TECHNICIAN, {Need.OWN}, offline=True, settings=terms).offline_entered
