"""Any history of a ticket leads to one set of proposals, whether looked at throughout or only at its end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from adapters.composition import shipped
from adapters.system.holidays_of_china import HolidaysOfChina
from domain.finding.events import FindingState
from domain.finding.lifecycle import step
from domain.kernel.aggregate import apply, fold
from domain.kernel.terms import ClockName, ClockStatus, Facility, FindingCause, FindingStatus, FindingTrigger, Kind
from domain.people.community import CommunityState, community_stream
from domain.people.directory import Directory
from domain.process.process import Moment, Subject
from domain.process.proposals import propose
from domain.rules.clocks import readings
from domain.rules.scorecard import parse_rule_book
from tests.support.ticket_factory import COMMUNITY, POLICY, PRICES
from tests.ticket.walk import Walk, begun, sensible_step

BOOK = parse_rule_book(shipped("scorecards/default.toml"))
HERE = CommunityState(community_stream(COMMUNITY), 1, COMMUNITY, COMMUNITY)
DIRECTORY = Directory(POLICY, PRICES, BOOK, HolidaysOfChina(), {COMMUNITY: HERE})
TRIGGERS = {"finding.proposed": FindingTrigger.PROPOSE, "finding.withdrawn": FindingTrigger.WITHDRAW}
BEGINNINGS = [
    (Kind.REPAIR, Facility.PRIVATE),
    (Kind.REPAIR, Facility.PUBLIC_SEVERE),
    (Kind.COMPLAINT, None),
    (Kind.INSPECTION, None),
    (Kind.RENOVATION, None),
]


class Findings:
    """A runner's findings: checks that every event is legal and that moments never go back."""

    def __init__(self) -> None:
        self.states: dict[UUID, FindingState] = {}
        self.again_at: datetime | None = None

    def looked(self, events: list[Any], now: datetime) -> None:
        subject = Subject(events, fold(events))
        outlook = propose(subject, Moment(max(now, events[-1].timestamp), DIRECTORY))
        for effect in outlook.effects:
            state = self.states.get(effect.target)
            for event in effect.events(state):
                step(state.status if state else None, TRIGGERS[event.TOPIC])
                assert event.originator_version == (state.version if state else 0) + 1
                assert state is None or state.occurred_at is None or event.timestamp >= state.occurred_at
                assert event.timestamp <= max(now, events[-1].timestamp)
                state = self.states[effect.target] = apply(state, event)
            assert not effect.events(state), "a second look asks for nothing"
        self.again_at = outlook.again_at

    def passed(self, events: list[Any], until: datetime) -> None:
        """Let time pass to a moment, looking at every due moment before it."""
        while self.again_at is not None and self.again_at <= until:
            due = self.again_at
            self.looked(events, due)
            assert self.again_at is None or self.again_at > due

    def standing(self) -> dict[UUID, tuple[Any, ...]]:
        """The findings still proposed, whatever was withdrawn before."""
        said = ("cause", "item", "day", "area", "parties", "doubled", "overdue_days", "reading")
        return {
            stream: tuple(getattr(state, name) for name in said)
            for stream, state in self.states.items()
            if state.status is FindingStatus.PROPOSED
        }


@given(data=st.data())
def test_looking_always_or_once_comes_to_the_same(data: st.DataObject) -> None:
    walk = begun(Walk(), *data.draw(st.sampled_from(BEGINNINGS)))
    always, once = Findings(), Findings()
    always.looked(list(walk.events), walk.at)
    for _ in range(data.draw(st.integers(1, 12))):
        before, seen = list(walk.events), len(walk.events)
        command, who, at = sensible_step(data.draw, walk)
        always.passed(before, at - timedelta(microseconds=1))
        walk.ask(command, who, at)
        if len(walk.events) > seen:
            always.looked(list(walk.events), at)
    end = walk.at + timedelta(days=data.draw(st.sampled_from([0, 1, 3, 12, 45])))
    always.passed(list(walk.events), end)
    once.looked(list(walk.events), end)
    assert always.standing() == once.standing()
    assert always.again_at == once.again_at
    assert walk.state is not None
    late = {r.clock for r in readings(walk.state.timeline, walk.state.kind, walk.state.facility, end) if is_late(r)}
    causes = {cause for cause, *_ in once.standing().values()}
    assert (ClockName.REPAIR in late) == (FindingCause.REPAIR_LATE in causes)
    assert (ClockName.PUBLIC_MINOR in late) == (FindingCause.PUBLIC_MINOR_LATE in causes)
    assert (ClockName.PUBLIC_SEVERE in late) == (FindingCause.PUBLIC_SEVERE_LATE in causes)


def is_late(reading: Any) -> bool:
    return bool(reading.status is ClockStatus.BREACHED)
