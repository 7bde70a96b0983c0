"""Findings about the desk name who was due by the roster and did not come, not who stayed (integrity 4; D2 item 41; D5 八)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.duty.roster import roster_stream
from domain.duty.rostering import Wanted
from domain.finding import commands as f
from domain.finding.events import FindingState
from domain.kernel.aggregate import fold, occurred
from domain.kernel.errors import InvalidInput
from domain.kernel.journal import Belonging
from domain.kernel.terms import DutyPeriod, FindingCause, FindingStatus
from domain.people.post import desk_stream
from domain.process.process import Moment, Subject, system_meta
from domain.process.proposals import Proposal, propose
from domain.process.service import SERVICE, Service, ServiceState
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
    assert await named(station, "2026-03-02 12:31") == [(FindingCause.DUTY_LATE, ("assistant2",))]


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
    absent = [(FindingCause.DUTY_LATE, ("assistant2",))]
    assert found == (absent if due == "assistant2" else [(FindingCause.DESK_EMPTY, (due,) if due else ())])


@pytest.mark.parametrize(
    ("arrives", "late"), [("11:44", False), ("11:46", False), ("12:00", False), ("12:01", True), ("12:29", True), (None, True)]
)
async def test_within_the_quarter_before_the_start_is_attendance_and_after_it_is_proposed(
    station: Station, arrives: str | None, late: bool
) -> None:
    """integrity 4; D5 八. Minutes of attendance stay on the shift."""
    await publish(station, ("assistant", MORNING), ("assistant2", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    if arrives:
        station.set(f"2026-03-02 {arrives}")
        await station.do("arrive", "assistant2")
        await station.hand_over("assistant", "assistant2")
        assert ((await station.fresh()).late_minutes > 0) is (arrives > "11:45")
    expected = [(FindingCause.DUTY_LATE, ("assistant2",))] if late else []
    assert await named(station, "2026-03-02 12:30") == []
    assert await named(station, "2026-03-02 12:31") == expected
    [finding] = await proposed(station.estate) or [None]
    if finding is not None:
        assert (finding.item, finding.day, finding.occurred_at) == ("41", MONDAY, at("2026-03-02 12:00"))


async def test_on_the_outgoing_officer_s_word_nobody_is_late(station: Station) -> None:
    await publish(station, ("assistant", MORNING), ("assistant2", NOON))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 12:20")
    await station.do("arrive", "assistant", officer="assistant2", arrived_at=at("2026-03-02 11:50"))
    await station.hand_over("assistant", "assistant2")
    assert await named(station, "2026-03-02 12:31") == []


async def test_a_published_roster_is_enough_ground_where_nobody_opens(station: Station) -> None:
    """integrity 3: every person due is named, once for periods in a row."""
    await publish(station, ("assistant", MORNING), ("assistant", NOON), ("assistant2", AFTERNOON), ("technician", NIGHT))
    assert await named(station, "2026-03-02 09:00") == []
    assert await named(station, "2026-03-02 09:01") == [(FindingCause.DUTY_LATE, ("assistant",))]
    assert await named(station, "2026-03-02 13:45") == [(FindingCause.DUTY_LATE, ("assistant",))]
    station.set("2026-03-02 17:20")
    await station.open("technician")
    due = [(FindingCause.DUTY_LATE, (login,)) for login in ("assistant", "assistant2")]
    assert await named(station, "2026-03-02 18:30") == due


async def test_who_covers_a_leave_is_due_and_who_held_on_from_before_has_come(station: Station) -> None:
    await publish(station, ("assistant", MORNING), ("assistant2", NOON), ("technician", NIGHT))
    rostering, request = station.estate.g.rostering, station.estate.request
    await rostering.leave(JX, "assistant2", MONDAY, MONDAY, "assistant", "病假", request("supervisor"))
    await rostering.leave(JX, "technician", MONDAY, MONDAY, "technician2", "病假", request("supervisor"))
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 12:10")
    await station.do("extend", "assistant")
    station.set("2026-03-02 13:40")
    await station.do("extend", "assistant")
    assert await named(station, "2026-03-02 18:01") == [(FindingCause.DUTY_LATE, ("technician2",))]


async def test_what_was_published_before_is_no_ground(station: Station) -> None:
    """integrity 8: duties written before there were such findings are read as before."""
    await publish(station, ("assistant", MORNING))
    [event] = await station.estate.events_of(roster_stream(JX, "2026-03"))
    before = replace(event, duties=tuple(replace(duty, is_ground=False) for duty in event.duties))
    directory = await station.estate.g.directory.current()
    for said, found in ((event, 1), (before, 0)):
        assert len(propose(Subject([said], fold([said])), Moment(at("2026-03-02 15:00"), directory)).effects) == found


@pytest.mark.parametrize(
    ("began", "ended", "arrives", "late"),
    [
        ("07:00", "08:14", "08:31", True),  # long enough before the start
        ("08:20", "08:40", "08:55", False),
        ("08:20", "08:40", "08:56", True),
        ("08:29", "08:31", "08:46", False),
        ("08:31", "08:59", "08:45", True),  # down only after the start
        ("07:00", "12:00", None, True),  # up again, and still nobody came
    ],
)
async def test_time_without_a_server_is_not_held_against_anybody(
    station: Station, began: str, ended: str, arrives: str | None, late: bool
) -> None:
    """integrity 3: what nobody could record while the server was down does not make anybody late."""
    await publish(station, ("assistant", MORNING))
    await down(station, f"2026-03-02 {began}", f"2026-03-02 {ended}")
    if arrives:
        station.set(f"2026-03-02 {arrives}")
        await station.open("assistant")
    looked = "2026-03-02 12:29" if arrives else "2026-03-02 13:00"
    assert await named(station, looked) == ([(FindingCause.DUTY_LATE, ("assistant",))] if late else [])


async def test_a_handover_and_an_empty_desk_are_not_timed_while_the_server_is_down(station: Station) -> None:
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    await down(station, "2026-03-02 12:10", "2026-03-02 13:00")
    assert await named(station, "2026-03-02 13:30") == []
    station.set("2026-03-02 13:30")
    await station.do("take_over", "supervisor", "换人")
    await down(station, "2026-03-02 13:31", "2026-03-02 14:00")
    station.set("2026-03-02 14:04")
    await station.open("assistant2")
    assert await named(station, "2026-03-02 15:00") == []


async def down(station: Station, began: str, ended: str) -> None:
    """No server ran between two moments; one writes it down as it starts."""
    g = station.estate.g
    station.set(ended)
    known = await g.journal.load(SERVICE, ServiceState)
    version = known.version + 1 if known else 1
    event = occurred(
        Service.ServiceInterrupted,
        SERVICE,
        version,
        at(ended),
        system_meta("test", SERVICE, version, SERVICE),
        began_at=at(began),
    )
    await g.journal.write([event], Belonging(""))


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
