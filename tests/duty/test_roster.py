"""The roster: published, swapped, covered during leave; and its effect on lateness (D5 二, 六, 八)."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duty.roster import Roster, Slot, roster_stream
from domain.duty.rostering import RosterDone, Wanted
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refusal, RuleRefused, StaleVersion
from domain.kernel.privacy import MASKED, Sealed
from domain.kernel.terms import DutyPeriod, Role, RosterChange
from projections.duty.duty_coverage import ShiftRow, kept
from tests.support.estates.desk_estate import DH, JX, MINUTE, Estate, copied
from tests.support.estates.station import Station, at

MORNING, NOON, AFTERNOON, NIGHT = DutyPeriod
TUESDAY = date(2026, 3, 3)


def due(login: str, period: DutyPeriod = MORNING, day: date = TUESDAY) -> Wanted:
    return Wanted(day, period, login)


async def publish(station: Station, *wanted: Wanted, by: str = "supervisor", **request: Any) -> RosterDone:
    return await station.estate.g.rostering.publish(JX, wanted, station.estate.request(by, **request))


async def refusal(doing: Awaitable[Any], kind: type[Refusal]) -> Refusal:
    with pytest.raises(kind) as refused:
        await doing
    return refused.value


# --- publishing ---------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_what_is_published_says_who_is_due_from_when_to_when(station: Station) -> None:
    done = await publish(station, due("technician", NIGHT), due("assistant"))
    assert [(d.login, d.period, d.starts_at, d.until) for d in done.state.duties] == [
        ("assistant", MORNING, at("2026-03-03 08:30"), at("2026-03-03 12:00")),
        ("technician", NIGHT, at("2026-03-03 17:30"), at("2026-03-04 08:30")),
    ]
    [event] = await station.estate.events_of(roster_stream(JX, "2026-03"))
    assert isinstance(event, Roster.RosterPublished)
    assert event.meta.actor == "supervisor"
    later = await publish(station, due("assistant2", NOON), by="director")
    assert (later.state.version, len(later.state.duties)) == (2, 3)


@pytest.mark.anyio
async def test_a_duty_is_published_once_and_before_it_begins(station: Station) -> None:
    await publish(station, due("assistant"))
    before = await station.estate.footprint()
    conflict = await refusal(publish(station, due("assistant2", NOON), due("assistant2")), Conflict)
    assert isinstance(conflict, Conflict)
    assert conflict.data == {"login": "assistant", "date": "2026-03-03", "period": "morning"}
    begun = await refusal(publish(station, due("assistant", MORNING, date(2026, 3, 2))), RuleRefused)
    assert isinstance(begun, RuleRefused)
    assert begun.rule == "duty_begun"
    await refusal(publish(station, due("assistant", NOON), due("assistant2", NOON)), InvalidInput)
    await refusal(publish(station, due("assistant", NOON), due("assistant", NOON, date(2026, 4, 1))), InvalidInput)
    await refusal(publish(station), InvalidInput)
    assert await station.estate.footprint() == before


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("login", "period"),
    [
        ("technician", MORNING),
        ("assistant", NIGHT),
        ("control_room", NIGHT),
        ("butler", NOON),
        ("stranger", NOON),
        ("nobody", NOON),
    ],
)
async def test_who_is_due_holds_the_post_of_the_period(station: Station, login: str, period: DutyPeriod) -> None:
    """D5 二: an assistant by day, the electrician at night unless configured otherwise."""
    await refusal(publish(station, due(login, period)), InvalidInput)


@pytest.mark.anyio
async def test_the_night_may_be_the_control_room_s(station: Station) -> None:
    administration = station.estate.g.administration
    await administration.change_settings(JX, {"duty.night_post": "control_room"}, station.estate.operator)
    await publish(station, due("control_room", NIGHT))
    await refusal(publish(station, due("technician", NIGHT, date(2026, 3, 4))), InvalidInput)


@pytest.mark.anyio
async def test_who_leaves_before_that_day_can_not_be_due(station: Station) -> None:
    estate = station.estate
    directory = await estate.g.directory.current()
    grant = directory.person("assistant2").grants[0]
    await estate.g.administration.end_grant("assistant2", grant.id, date(2026, 3, 2), estate.operator)
    await refusal(publish(station, due("assistant2")), InvalidInput)


@pytest.mark.anyio
@pytest.mark.parametrize("login", [role.value for role in Role if role not in (Role.SUPERVISOR, Role.DIRECTOR)])
async def test_only_supervisors_and_directors_roster(station: Station, login: str) -> None:
    rostering, request = station.estate.g.rostering, station.estate.request
    await publish(station, due("assistant"), due("assistant2", NOON))
    await refusal(publish(station, due("assistant", AFTERNOON), by=login), NotAllowed)
    first, second = due("assistant").slot, due("assistant2", NOON).slot
    await refusal(rostering.swap(JX, first, second, "家中有事", request(login)), NotAllowed)
    await refusal(rostering.leave(JX, "assistant", TUESDAY, TUESDAY, "assistant2", "病假", request(login)), NotAllowed)


@pytest.mark.anyio
async def test_outside_there_is_no_roster(station: Station) -> None:
    await publish(station, due("assistant"))
    await refusal(publish(station, due("assistant", NOON), by="stranger"), NotFound)
    await refusal(station.estate.g.rostering.roster("stranger", JX, "2026-03"), NotFound)
    await refusal(station.estate.g.rostering.roster("supervisor", "XX", "2026-03"), NotFound)
    assert (await station.estate.g.rostering.roster("stranger", DH, "2026-03")).state.duties == ()


@pytest.mark.anyio
async def test_a_repeat_gets_the_first_answer_and_a_stale_version_none(station: Station) -> None:
    first = await publish(station, due("assistant"), key="march")
    await publish(station, due("assistant2", NOON))
    again = await publish(station, due("assistant"), key="march")
    assert (again.state, again.position) == (first.state, first.position)
    await refusal(publish(station, due("assistant", AFTERNOON), if_match=1), StaleVersion)


# --- changing hands -----------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_swap_over_the_month_s_end_is_one_commit(station: Station) -> None:
    rostering, request = station.estate.g.rostering, station.estate.request
    last, first = due("assistant", MORNING, date(2026, 3, 31)), due("assistant2", MORNING, date(2026, 4, 1))
    await publish(station, last)
    await publish(station, first)
    done = await rostering.swap(JX, last.slot, first.slot, "家中有事", request("supervisor"))
    assert done.state.due(last.slot) == "assistant2"
    assert await rostering.due(JX, first.slot) == "assistant"
    for month in ("2026-03", "2026-04"):
        *_, event = await station.estate.events_of(roster_stream(JX, month))
        assert isinstance(event, Roster.RosterChanged)
        assert (event.kind, len(event.duties), type(event.reason)) == (RosterChange.SWAP, 1, Sealed)


@pytest.mark.anyio
async def test_a_leave_is_covered_from_now_on_and_its_reason_is_kept_apart(station: Station) -> None:
    rostering, request = station.estate.g.rostering, station.estate.request
    station.set("2026-03-02 08:00")
    monday = date(2026, 3, 2)
    await publish(station, *(due("assistant", p, d) for p in (MORNING, NOON) for d in (monday, TUESDAY)))
    station.set("2026-03-02 09:00")
    done = await rostering.leave(JX, "assistant", monday, TUESDAY, "assistant2", "发烧，病假", request("director"))
    assert {(d.date.day, d.period): d.login for d in done.state.duties} == {
        (2, MORNING): "assistant",
        (2, NOON): "assistant2",
        (3, MORNING): "assistant2",
        (3, NOON): "assistant2",
    }
    head, looks = await station.estate.g.store.head(), await station.estate.g.store.access_log.read(0, 100)
    for login in ("assistant", "butler", "appraiser"):
        reading = await rostering.roster(login, JX, "2026-03")
        assert (list(reading.reasons.values()), reading.masked) == ([MASKED], True)
    assert await station.estate.g.store.access_log.read(0, 100) == looks
    reading = await rostering.roster("supervisor", JX, "2026-03")
    assert (list(reading.reasons.values()), reading.masked) == (["发烧，病假"], False)
    (_, look), *more = await station.estate.g.store.access_log.read(len(looks), 100)
    assert (look.who, look.what, more) == ("supervisor", "roster", [])
    assert (await station.estate.g.store.head()).position == head.position


@pytest.mark.anyio
async def test_nobody_leaves_without_a_cover_who_can_hold_the_post(station: Station) -> None:
    rostering, request = station.estate.g.rostering, station.estate.request
    await publish(station, due("technician", NIGHT), due("assistant"))
    for login, cover in (("technician", "assistant"), ("technician", "technician"), ("technician2", "technician")):
        doing = rostering.leave(JX, login, TUESDAY, TUESDAY, cover, "年休", request("supervisor"))
        await refusal(doing, InvalidInput)
    await refusal(rostering.swap(JX, due("", NIGHT).slot, due("").slot, "换班", request("supervisor")), InvalidInput)
    station.set("2026-03-03 17:30")
    doing = rostering.leave(JX, "technician", TUESDAY, TUESDAY, "technician2", "年休", request("supervisor"))
    await refusal(doing, InvalidInput)


PEOPLE = ("assistant", "assistant2")
slots = st.builds(Slot, st.integers(1, 3).map(lambda d: date(2027, 1, d)), st.sampled_from((MORNING, NOON, AFTERNOON)))
steps = st.one_of(
    st.tuples(st.just("publish"), slots, st.sampled_from(PEOPLE)),
    st.tuples(st.just("swap"), slots, slots),
    st.tuples(st.just("leave"), slots, st.sampled_from(PEOPLE)),
)


def test_any_sequence_of_changes_against_a_plain_table(estate_template: Path, tmp_path: Path) -> None:
    """A period has one person at most, and a refused change changes nothing. Each example has months of its own."""
    months = count()

    async def keeps(estate: Estate, asked: list[tuple[str, Any, Any]]) -> None:
        shift = next(months)
        year, month = 2027 + shift // 12, 1 + shift % 12
        rostering, table = estate.g.rostering, dict[Slot, str]()

        def moved(slot: Slot) -> Slot:
            return Slot(slot.date.replace(year=year, month=month), slot.period)

        for what, first, second in asked:
            slot, request = moved(first), estate.request("supervisor")
            expected = dict(table)
            match what:
                case "publish":
                    doing = rostering.publish(JX, [Wanted(slot.date, slot.period, second)], request)
                    expected.setdefault(slot, second)
                case "swap":
                    other = moved(second)
                    doing = rostering.swap(JX, slot, other, "换班", request)
                    if {slot, other} <= set(table):
                        expected[slot], expected[other] = table[other], table[slot]
                case _:
                    [cover] = set(PEOPLE) - {second}
                    doing = rostering.leave(JX, second, slot.date, slot.date, cover, "请假", request)
                    expected |= {s: cover for s, login in table.items() if s.date == slot.date and login == second}
            try:
                await doing
            except Refusal:
                assert expected == table
            else:
                assert expected != table
            table = expected
            state = (await rostering.roster("assistant", JX, f"{year}-{month:02}")).state
            assert {d.slot: d.login for d in state.duties} == table

    async def main() -> None:
        async with copied(estate_template, tmp_path) as estate:
            loop = asyncio.get_running_loop()

            @given(st.lists(steps, max_size=12))
            def holds(asked: list[tuple[str, Any, Any]]) -> None:
                asyncio.run_coroutine_threadsafe(keeps(estate, asked), loop).result()

            await asyncio.to_thread(holds)

    asyncio.run(main())


# --- who comes late -----------------------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("rostered", "comes", "late"),
    [("assistant", "assistant", 25), ("assistant2", "assistant", 0), (None, "assistant", 25)],
    ids=["due", "comes for another", "nobody rostered"],
)
async def test_who_is_due_is_late_who_comes_for_another_is_not(
    station: Station, rostered: str | None, comes: str, late: int
) -> None:
    """D5 八: due 15 minutes before 08:30, an arrival at 08:40 is 25 minutes late."""
    if rostered:
        await publish(station, due(rostered))
    station.set("2026-03-03 08:40")
    assert (await station.open(comes)).late_minutes == late


@pytest.mark.anyio
async def test_who_is_due_is_late_though_another_held_on_for_them(station: Station) -> None:
    """Without a roster nobody is late for a period already held in part; the roster shows who should have come."""
    await publish(station, due("assistant2", NOON), due("assistant"))
    station.set("2026-03-03 08:14")
    morning = await station.open("assistant")
    assert morning.late_minutes == 0
    station.set("2026-03-03 12:00")
    await station.do("extend", "assistant")
    station.set("2026-03-03 12:20")
    await station.hand_over("assistant", "assistant2")
    assert (await station.fresh()).late_minutes == 35
    station.set("2026-03-03 12:40")
    await station.hand_over("assistant2", "assistant")
    assert (await station.fresh()).late_minutes == 0
    station.set("2026-03-03 12:50")
    await station.hand_over("assistant", "assistant2")
    assert (await station.fresh()).late_minutes == 0


# --- what coverage makes of it ------------------------------------------------------------------------------------------


def shift(officer: str, from_: str, to: str | None, arrived: str | None = None) -> ShiftRow:
    moment = at(f"2026-03-03 {from_}").astimezone(UTC)
    row: Any = ShiftRow
    values = dict.fromkeys(ShiftRow._fields)
    came = at(f"2026-03-03 {arrived}").astimezone(UTC) if arrived else moment
    ended = at(f"2026-03-03 {to}").astimezone(UTC) if to else None
    made: ShiftRow = row(**{**values, "officer": officer, "opened_at": moment, "arrived_at": came, "ended_at": ended})
    return made


@pytest.mark.parametrize(
    ("now", "shifts", "expected"),
    [
        ("08:10", [], ([], 0, False)),
        ("08:30", [], ([], 15, False)),
        ("08:40", [], ([], 25, False)),
        ("12:00", [], ([], 225, True)),
        ("13:00", [shift("other", "08:00", "12:30")], (["other"], 225, True)),
        ("13:00", [shift("other", "08:00", "09:00"), shift("li", "09:00", "12:30")], (["other", "li"], 45, False)),
        ("13:00", [shift("li", "08:20", "12:30", "08:12")], (["li"], 0, False)),
        ("13:00", [shift("li", "07:00", None)], (["li"], 0, False)),
        ("13:00", [shift("li", "07:00", "08:30"), shift("other", "08:30", None)], (["other"], 225, True)),
        ("13:00", [shift("li", "12:00", None)], ([], 225, True)),
    ],
)
def test_how_a_duty_was_kept(now: str, shifts: list[ShiftRow], expected: tuple[list[str], int, bool]) -> None:
    """The morning of 3 March, 08:30 to 12:00, for which ``li`` is due 15 minutes early."""
    duty: Any = type("Due", (), {"login": "li", "starts_at": at("2026-03-03 08:30"), "until": at("2026-03-03 12:00")})
    [found] = kept([duty], shifts, at(f"2026-03-03 {now}"), 15 * MINUTE)
    assert (found.held_by, found.late_minutes, found.absent) == expected
