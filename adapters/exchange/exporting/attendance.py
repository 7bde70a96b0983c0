"""The month's attendance list (考勤表): who was due at the desk, who came, late or not at all, and what was held instead."""

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
"""A month's last night ends on the day after it: until then somebody due may still come."""


async def attendance(gongdan: Gongdan, directory: Directory, login: str, community: str, month: str) -> AttendanceAnswer:
    """A month of a community, as of now. Duties count in the month their period begins, shifts where they were opened.

    Raises NotFound for people without a role there, NotAllowed by the row ``attendance``, InvalidInput.
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
