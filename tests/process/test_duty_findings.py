"""Findings about the desk name who was due by the roster and did not come, not who stayed (integrity 4; D2 item 41; D5 八)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.duty.rostering import Wanted
from domain.finding import commands as f
from domain.finding.events import FindingState
from domain.kernel.aggregate import fold
from domain.kernel.errors import InvalidInput
from domain.kernel.terms import DutyPeriod, FindingCause, FindingStatus
from domain.people.post import desk_stream
from domain.process.process import Moment, Subject
from domain.process.proposals import Proposal, propose
from tests.process.proposed import proposed
from tests.support.estates.desk_estate import JX, Estate
from tests.support.estates.station import Station, at

pytestmark = pytest.mark.anyio

MORNING, NOON, AFTERNOON, NIGHT = DutyPeriod
MONDAY = date(2026, 3, 2)


@pytest.fixture
def station(estate: Estate) -> Station:
    """The desk on a winter Monday."""
    station = Station(estate)
    station.set("2026-03-01 20:00")
    return station


async def publish(station: Station, *duties: tuple[str, DutyPeriod]) -> None:
    wanted = [Wanted(MONDAY, period, login) for login, period in duties]
    await station.estate.g.rostering.publish(JX, wanted, station.estate.request("supervisor"))


async def named(station: Station, moment: str) -> list[tuple[FindingCause | None, tuple[str, ...]]]:
    """Cause and parties of what is proposed at a moment."""
    station.set(moment)
    return [(finding.cause, finding.parties) for finding in await proposed(station.estate)]


async def test_who_stayed_is_not_named_but_who_was_due_and_did_not_come(station: Station) -> None:
    await publish(station, ("assistant", MORNING), ("assistant2", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    assert await named(station, "2026-03-02 12:31") == [(FindingCause.HANDOVER_UNSIGNED, ("assistant2",))]


async def test_an_officer_who_is_due_on_and_does_not_extend_is_named(station: Station) -> None:
    await publish(station, ("assistant", MORNING), ("assistant", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    assert await named(station, "2026-03-02 12:31") == [(FindingCause.HANDOVER_UNSIGNED, ("assistant",))]


async def test_who_came_is_not_named_for_an_officer_who_did_not_sign(station: Station) -> None:
    """Both are at the desk: it is whose signature is missing that counts."""
    await publish(station, ("assistant", MORNING), ("assistant2", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 11:44")
    await station.do("arrive", "assistant2")
    station.set("2026-03-02 12:10")
    await station.do("prepare_handover", "assistant")
    assert await named(station, "2026-03-02 12:31") == [(FindingCause.HANDOVER_UNSIGNED, ("assistant",))]


async def test_who_came_and_did_not_sign_the_sheet_is_named(station: Station) -> None:
    await publish(station, ("assistant", MORNING), ("assistant2", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 11:44")
    await station.do("arrive", "assistant2")
    await station.do("prepare_handover", "assistant")
    await station.do("sign_out", "assistant")
    assert await named(station, "2026-03-02 12:31") == [(FindingCause.HANDOVER_UNSIGNED, ("assistant2",))]


async def test_without_a_roster_nobody_is_named_and_confirming_takes_a_party(station: Station) -> None:
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 12:31")
    [finding] = await proposed(station.estate)
    assert (finding.cause, finding.item, finding.parties) == (FindingCause.HANDOVER_UNSIGNED, "41", ())
    findings, request = station.estate.g.findings, station.estate.request
    with pytest.raises(InvalidInput) as refused:
        await findings.act(finding.id, f.ConfirmFinding(), request("director"))
    assert [error.pointer for error in refused.value.errors] == ["/parties"]
    await findings.act(finding.id, f.ConfirmFinding(parties=("technician",)), request("director"))
    state = await station.estate.g.journal.existing(finding.id, FindingState)
    assert (state.status, state.parties) == (FindingStatus.CONFIRMED, ("technician",))


@pytest.mark.parametrize("due", ["assistant", "assistant2", None])
async def test_an_empty_desk_names_who_is_due_then(station: Station, due: str | None) -> None:
    if due:
        await publish(station, (due, MORNING))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 10:00")
    await station.do("take_over", "supervisor", "离岗")
    found = await named(station, "2026-03-02 10:06")
    assert (FindingCause.DESK_EMPTY, (due,) if due else ()) in found


async def test_events_from_before_name_the_officer_as_they_did(station: Station) -> None:
    """integrity 8: older versions keep the older reading; one with the phone in the control room was the officer."""
    await publish(station, ("assistant", MORNING), ("assistant2", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    await station.do("switch_phone", "assistant", "control_room")
    shift = station.held
    station.set("2026-03-02 13:00")
    await station.do("take_over", "supervisor", "换人")
    directory = await station.estate.g.directory.current()

    async def charged(stream: Any) -> set[tuple[FindingCause, tuple[str, ...]]]:
        events = [before(event) for event in await station.estate.events_of(stream)]
        outlook = propose(Subject(events, fold(events)), Moment(at("2026-03-02 15:00"), directory))
        charges = [effect.charge for effect in outlook.effects if isinstance(effect, Proposal)]
        return {(charge.kind, charge.parties) for charge in charges if charge is not None}

    assert await charged(shift) == {(FindingCause.HANDOVER_UNSIGNED, ("control_room",))}
    assert await charged(desk_stream(JX)) == {(FindingCause.DESK_EMPTY, ("control_room",))}


def before(event: Any) -> Any:
    """An event as it was read before findings named who was due."""
    return replace(event, names_due=False) if hasattr(event, "names_due") else event
