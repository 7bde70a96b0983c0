"""Query a month's attendance list (考勤表): duties due, shifts held, lateness and absence."""

from datetime import datetime, time, timedelta

from adapters.answers.duty.roster import AttendanceAnswer, attended, covered, due_answer
from adapters.composition import Gongdan
from adapters.exchange.exporting.books import month_of
from domain.kernel.errors import NotFound
from domain.people.authority import Mode, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.rules.duty_calendar import utc
from projections.duty.duty_coverage import DUTY_COVERAGE, coverage, kept

AFTERWARDS = timedelta(days=1)
"""A month's last night duty ends on the day after the month; until then the list is incomplete."""


async def attendance(gongdan: Gongdan, directory: Directory, login: str, community: str, month: str) -> AttendanceAnswer:
    """A community's attendance of a month (YYYY-MM), as of now.

    A duty counts in the month in which its period begins, a shift in the month in which it was opened. Raises NotFound for a
    reader without a role there, NotAllowed without the right ``attendance``, InvalidInput for the month.
    """
    now = gongdan.clock.now()
    roles = directory.roles(login, community, now)
    if not roles:
        raise NotFound("community")
    if weigh(Right.ATTENDANCE, roles, Relation()) is not Mode.FULL:
        raise denied(Right.ATTENDANCE, "attendance", roles)
    first = month_of(month)
    following = (first + timedelta(days=31)).replace(day=1)
    zone = directory.zone(community)
    start, end = (utc(datetime.combine(day, time(), zone)) for day in (first, following))
    ahead = timedelta(minutes=directory.policy_of(community).handover.arrive_before_minutes)
    found = await coverage(gongdan.projections.reader(DUTY_COVERAGE.name), community, start, end + AFTERWARDS)
    duties = [row for row in found.due if row.day.startswith(month)]
    due = [due_answer(one) for one in kept(duties, found.shifts, now, ahead)]
    shifts = [covered(directory, row, now) for row in found.shifts if start <= row.opened_at < end]
    return AttendanceAnswer(
        community=community,
        month=month,
        position=found.position,
        complete=now >= end + AFTERWARDS,
        people=attended(directory, shifts, due, now),
        shifts=shifts,
        due=due,
    )
