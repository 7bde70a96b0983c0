"""The calendar: published days against a second source, overrides by two people, seasons, year end, other time zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest

from adapters.system.holidays_of_china import HolidaysOfChina
from domain.kernel.errors import NotAllowed
from domain.kernel.terms import DaySource, DutyPeriod, Role
from domain.publication.commands import OverrideCalendar
from domain.rules.workdays import day_of
from tests.support.estates.desk_estate import JX
from tests.support.estates.station import Station, at

PUBLISHED = HolidaysOfChina()


@pytest.mark.parametrize("year", range(2018, 2027))
def test_every_day_is_as_another_library_has_it(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [day for day in days if PUBLISHED.day(day).works != chinese_calendar.is_workday(day)] == []
    assert {PUBLISHED.day(day).source for day in days} == {DaySource.PUBLISHED}


def test_a_year_whose_make_up_days_are_not_known_says_so() -> None:
    day = PUBLISHED.day(date(2027, 2, 8))
    assert (day.works, day.source, day.name) == (False, DaySource.PROVISIONAL, "春节")
    with pytest.raises(NotImplementedError):
        chinese_calendar.is_workday(day.date)


def test_a_make_up_day_is_worked_and_a_moved_one_is_off() -> None:
    assert PUBLISHED.day(date(2026, 2, 14)).works  # a Saturday, for Friday the 20th
    assert not PUBLISHED.day(date(2026, 2, 20)).works


@pytest.mark.anyio
async def test_a_day_is_decided_otherwise_by_two_people(station: Station) -> None:
    approvals, request = station.estate.g.approvals, station.estate.request
    thursday = date(2026, 10, 8)

    async def today() -> tuple[bool, DaySource]:
        directory = await station.estate.g.directory.current()
        day = day_of(thursday, directory.community(JX).calendar, station.estate.g.holidays)
        return day.works, day.source

    for works, expected in ((False, (False, DaySource.OVERRIDE)), (None, (True, DaySource.PUBLISHED))):
        before = await today()
        ask = OverrideCalendar(community=JX, date=thursday, works=works, reason="台风停工")
        waiting = await station.estate.g.publication.ask(ask, request("director"))
        assert await today() == before
        for login in ("director", "supervisor"):
            with pytest.raises(NotAllowed):
                await approvals.approve(waiting.case.id, request(login))
        approved = await approvals.approve(waiting.case.id, request("appraiser"))
        assert await today() == expected
        *_, event = await station.estate.events_of(approved.case.result)
        assert (event.meta.actor, event.meta.second_person) == ("director", "appraiser")


@pytest.mark.anyio
async def test_only_directors_and_appraisers_ask(station: Station) -> None:
    ask = OverrideCalendar(community=JX, date=date(2026, 10, 8), works=False, reason="台风停工")
    with pytest.raises(NotAllowed):
        await station.estate.g.publication.ask(ask, station.estate.request("supervisor"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("moment", "period", "starts", "until"),
    [
        ("2026-04-30 17:40", DutyPeriod.NIGHT, "2026-04-30 17:30", "2026-05-01 08:30"),
        ("2026-05-01 17:25", DutyPeriod.AFTERNOON, "2026-05-01 14:00", "2026-05-01 18:00"),
        ("2026-05-01 13:20", DutyPeriod.NOON, "2026-05-01 12:00", "2026-05-01 14:00"),
        ("2026-09-30 17:45", DutyPeriod.NIGHT, "2026-09-30 18:00", "2026-10-01 08:30"),
        ("2026-10-01 17:45", DutyPeriod.NIGHT, "2026-10-01 17:30", "2026-10-02 08:30"),
        ("2026-12-31 23:50", DutyPeriod.NIGHT, "2026-12-31 17:30", "2027-01-01 08:30"),
        ("2028-02-29 00:10", DutyPeriod.NIGHT, "2028-02-28 17:30", "2028-02-29 08:30"),
    ],
)
async def test_periods_at_the_turn_of_seasons_and_years(
    station: Station, moment: str, period: DutyPeriod, starts: str, until: str
) -> None:
    station.set(moment)
    held = await station.open("technician")
    assert (held.periods, held.starts_at, held.until) == ((period,), at(starts), at(until))


@pytest.mark.anyio
async def test_a_night_over_midnight_and_year_end_is_one_shift(station: Station) -> None:
    station.set("2026-12-31 17:10")
    night = await station.open("technician")
    assert night.late_minutes == 0
    station.set("2026-12-31 23:59")
    await station.do("log", "technician", "年末巡楼。")
    station.set("2027-01-01 00:01")
    await station.do("log", "technician", "元旦巡楼。")
    station.set("2027-01-01 08:12")
    handed = await station.hand_over("technician", "assistant")
    assert [line.log for line in handed.lines] == ["night_log", "night_log"]
    assert (await station.fresh()).starts_at == at("2027-01-01 08:30")


@pytest.mark.anyio
@pytest.mark.parametrize(("day", "hours"), [("2026-03-07", 14), ("2026-10-31", 16), ("2026-11-01", 15)])
async def test_a_community_in_another_time_zone(station: Station, day: str, hours: int) -> None:
    """New York's clocks go forward in the night to 8 March 2026 and back in that to 1 November; minutes count as they pass."""
    estate, zone = station.estate, ZoneInfo("America/New_York")
    await estate.g.administration.add_community("NY", "纽约花园", zone.key, estate.operator)
    await estate.g.administration.grant("technician", Role.TECHNICIAN, "NY", None, None, None, estate.operator)
    await estate.g.administration.grant("assistant", Role.ASSISTANT, "NY", None, None, None, estate.operator)
    estate.clock.moment = datetime.fromisoformat(f"{day} 17:20").replace(tzinfo=zone).astimezone(UTC)
    station.shift = (await station.duty.open("NY", estate.request("technician"))).state
    held = station.shift
    assert held.starts_at is not None
    assert held.until is not None
    assert held.until - held.starts_at == timedelta(hours=hours)
    assert held.late_minutes == 5
    estate.clock.moment = held.until - timedelta(minutes=20)
    await station.hand_over("technician", "assistant")
    assert ((await station.fresh()).periods, (await station.fresh()).late_minutes) == ((DutyPeriod.MORNING,), 0)


def test_days_are_as_they_are_kept() -> None:
    assert day_of(date(2026, 2, 14), {"2026-02-14": False}, PUBLISHED).source is DaySource.OVERRIDE
    assert day_of(date(2026, 2, 15), {"2026-02-14": False}, PUBLISHED).source is DaySource.PUBLISHED


@pytest.mark.anyio
async def test_a_clock_that_jumps_never_takes_the_order_away(station: Station) -> None:
    """The clock goes back two hours in the middle of a handover and then a day ahead; no event is earlier than the one before."""
    station.set("2026-03-02 11:40")
    opened = await station.open("assistant")
    await station.do("prepare_handover", "assistant")
    station.set("2026-03-02 09:40")
    signed = await station.do("sign_out", "assistant")
    handed = await station.do("sign_in", "technician")
    assert handed.next_shift is not None
    station.shift = await station.fresh(handed.next_shift)
    assert signed.sheets[-1].signed_out is not None
    assert handed.sheets[-1].signed_in is not None
    moments = [opened.opened_at, signed.sheets[-1].signed_out.at, handed.sheets[-1].signed_in.at, station.shift.opened_at]
    assert moments == [at("2026-03-02 11:40")] * 4
    assert (station.shift.periods, station.shift.late_minutes) == ((DutyPeriod.NOON,), 0)
    station.set("2026-03-03 11:50")
    await station.do("log", "technician", "时钟已校正。")
    again = await station.hand_over("technician", "assistant2")
    assert again.ended_at == at("2026-03-03 11:50")
    desk = await station.duty.holder(JX, "supervisor")
    assert desk is not None
    assert desk.shift is not None
    assert (desk.shift.officer, desk.changed_at) == ("assistant2", at("2026-03-03 11:50"))
