"""Courses of repairs (报修), from the call to the follow-up (D1 4.1, 4.2.1; D5 三–五)."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.simulation.company.site import Site
from adapters.simulation.company.texts import TEXTS, Trouble
from adapters.simulation.courses import calls
from adapters.simulation.courses.steps import Act, Approve, Course, LogLine, Receive, ReturnToPost, Step, Substitute, Wait
from domain.kernel.terms import AssigneeType, CancelReason, Channel, ChargeOutcome, Facility, Kind, Role, SuspendReason, Urgency
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry, ClassifiedThen, CompletedThen, DispatchedThen

URGENT, NIGHT_FIX, WITHDRAWN, DECLINED, QUOTED, QUOTE_DECLINED = 0.05, 0.25, 0.03, 0.05, 0.75, 0.06
PARTS, AWAY, STAFF, REPLIED, WAIVED, OFFLINE, FORGOTTEN = 0.07, 0.03, 0.02, 0.12, 0.05, 0.05, 0.03
MAJOR = 0.15
"""Probability that a severe public repair becomes major works (大工程)."""
Work = Generator[Step, Any, "Worked | None"]
"""A course that returns who did the work and when, or None where the ticket was cancelled."""
Worked = tuple[str, datetime]
PAID_BY = ("wechat", "wechat", "wechat", "alipay", "cash")


def at_home(site: Site, at: datetime) -> Course:
    """A repair at home: by day, by night in an emergency, or deferred to the morning."""
    left = site.rota.period(at).end - at
    night = site.by_night(at)
    urgent = site.chance(URGENT) and not (night and (left < timedelta(minutes=95) or site.is_quiet(at)))
    job = site.in_season(site.at_home_urgent if urgent else site.at_home, at)
    resident = site.residents.anybody()
    if night and site.phone_with and urgent:
        yield from _by_control_room(site, job, at)
        return
    urgency = Urgency.EMERGENCY if urgent else Urgency.NORMAL
    told = job.case.told if urgent else calls.with_tail(site, job.case.told)
    command = calls.asked(site, resident, told, urgency=urgency, channel=Channel.PHONE if night or urgent else None)
    ticket = yield from calls.received(site, at, command, by_day=not night)
    if not night:
        yield from _by_day(site, ticket, job, site.assistant_hour(at + site.minutes(1, 4)))
        return
    small = (
        not urgent and left > timedelta(hours=11) and job.of.minutes[0] <= 20 and site.chance(NIGHT_FIX) and not site.is_quiet(at)
    )
    if (urgent or small) and not site.phone_with:
        yield from _at_night(site, ticket, job, at + site.minutes(0.7, 2))
        return
    deferred_at = at + site.minutes(2, 6)
    yield Step(deferred_at, _night_answer(site), Act(ticket, c.Defer(told_resident=True)))
    if site.chance(0.6):
        yield Step(deferred_at + site.minutes(2, 8), site.desk_officer, LogLine(site.say(TEXTS.say.logged), ticket))
    morning = site.rota.period(at).end
    again = morning + (site.minutes(225, 330) if site.chance(FORGOTTEN) else site.minutes(6, 70))
    yield from _by_day(site, ticket, job, again)


def _night_answer(site: Site) -> Any:
    """The person who may defer: the officer, or the control room while it has the phone; never a stand-in."""
    return lambda: site.phone_with or site.desk_officer()


def _by_day(site: Site, ticket: UUID, job: Trouble, at: datetime) -> Course:
    """A repair by day, from classification to its end; sometimes withdrawn."""
    repair = c.Classify(kind=Kind.REPAIR, category=job.of.category, facility=job.of.facility)
    yield Step(at, site.assistant(at), Act(ticket, repair))
    if site.chance(WITHDRAWN):
        at += site.minutes(8, 25)
        yield Step(at, site.assistant(at), Act(ticket, c.Cancel(reason=CancelReason.WITHDRAWN)))
        yield Step(at + site.minutes(0.5, 2), site.assistant(at), Act(ticket, c.Note(text=site.say(TEXTS.say.withdrawn))))
        return
    yield from finished(site, ticket, job, at + site.minutes(1, 4))


def finished(site: Site, ticket: UUID, job: Trouble, at: datetime) -> Course:
    """A classified repair, from dispatch to its end; sometimes reworked or reopened."""
    worked = yield from work(site, ticket, job, at)
    if worked is None:
        return
    if site.chance(calls.MISSPELT) and job.of.places == ():
        yield from calls.misspelt(site, ticket, site.assistant_hour(worked[1] + site.minutes(20, 60)))
    again = yield from _called_back(site, ticket, worked[1] + site.minutes(90, 120), worked[0])
    if again:
        yield from _again(site, ticket, job, worked[0])
    elif site.chance(calls.REOPENED):
        later = site.assistant_hour(worked[1] + timedelta(days=site.random.randint(3, 12)) + site.minutes(0, 300))
        yield Step(later, "", Wait())
        if ticket in site.open:  # nobody could be reached until now
            return
        yield Step(later, site.assistant(later), Act(ticket, c.Reopen(reason=site.say(TEXTS.say.reopenings))))
        yield from _again(site, ticket, job, worked[0], later)


def _called_back(site: Site, ticket: UUID, done_at: datetime, *workers: str) -> Generator[Step, Any, bool]:
    """Follow up (回访) a repair; returns whether rework is needed."""
    say = TEXTS.say
    return (yield from calls.called_back(site, ticket, done_at, *workers, praise=say.praise, blame=say.dissatisfied))


def _again(site: Site, ticket: UUID, job: Trouble, before: str, at: datetime | None = None) -> Course:
    """Rework (返修), until the resident is satisfied."""
    if at is None:
        at = site.changed_at(ticket)
    worked = yield from work(site, ticket, job, at + site.minutes(4, 15), resolution=site.say(TEXTS.say.reworked), plain=True)
    if worked is not None:
        again = yield from _called_back(site, ticket, worked[1] + site.minutes(90, 120), worked[0], before)
        if again:
            yield from _again(site, ticket, job, worked[0])


def work(site: Site, ticket: UUID, job: Trouble, at: datetime, *, resolution: str | None = None, plain: bool = False) -> Work:
    """The work order (派工 to 完工), by a technician or a contractor. ``plain``: without suspension, quotation and the like."""
    if job.of.contractor is not None:
        return (yield from _by_contractor(site, ticket, job, at, resolution))
    minutes = site.random.randint(*job.of.minutes)
    worker, start, appointment = site.technician(job.of.skill, at, minutes)
    yield Step(at, site.assistant(at), Act(ticket, c.Dispatch(assignee=worker, appointment_at=appointment)))
    if appointment is None and site.chance(REPLIED) and not plain:
        yield Step(at + site.minutes(0.5, 2), site.assistant(at), Act(ticket, c.Reply(message=site.say(TEXTS.say.replies))))
    elsewhere = [m.login for m in site.estate.of(Role.TECHNICIAN) if job.of.skill in m.skills and m.login != worker]
    if site.chance(DECLINED) and elsewhere and site.rota.at_work(worker, at) and not plain:
        at += site.minutes(4, 12)
        yield Step(at, worker, Act(ticket, c.Decline(reason=site.say(TEXTS.say.declines))))
        at += site.minutes(2, 8)
        worker, start, appointment = site.technician(job.of.skill, at, minutes, [worker])
        yield Step(at, site.assistant(at), Act(ticket, c.Dispatch(assignee=worker, appointment_at=appointment)))
    accepted = at + site.minutes(1.5, 5.5)
    if not site.rota.at_work(worker, accepted) or site.rota.is_night(accepted):
        accepted = site.rota.next_at_work(worker, accepted) + site.minutes(1, 4)
    start = max(start, accepted + site.minutes(1, 3))
    yield Step(accepted, worker, Act(ticket, c.Accept()))
    yield Step(start, worker, Act(ticket, c.Start()))
    at = start
    if job.case.service is not None and not plain and site.chance(QUOTED):
        at += site.minutes(3, 7)
        yield Step(at, worker, Act(ticket, c.Quote(lines=(c.QuoteLine(code=job.case.service),))))
        at += site.minutes(1, 4)
        if site.chance(QUOTE_DECLINED):
            yield Step(at, worker, Act(ticket, c.DeclineQuote()))
            at = site.assistant_hour(at + site.minutes(4, 20))
            yield Step(at, site.assistant(at), Act(ticket, c.Cancel(reason=CancelReason.QUOTE_DECLINED)))
            return None
        yield Step(at, worker, Act(ticket, c.AcceptQuote()))
    if not plain and site.chance(PARTS + AWAY + STAFF):
        worker, at = yield from _suspended(site, ticket, job, worker, at + site.minutes(4, 12), minutes)
        at += timedelta(minutes=minutes) * 0.6
    at = max(at + site.minutes(3, 8), start + timedelta(minutes=minutes))
    done = c.Complete(resolution=resolution or job.case.done, parts=job.case.parts)
    opened = site.rota.at(site.rota.day(start), site.duty.morning)
    if site.chance(OFFLINE) and start - opened > timedelta(hours=1) and not plain:
        noted = at  # but not before the ticket's last event, which somebody else may have written since

        def sent() -> Act:
            return Act(ticket, done, max(noted, site.changed_at(ticket)), offline=True)

        yield Step(at + site.minutes(18, 45), worker, sent)
        at += timedelta(minutes=45)
    else:
        yield Step(at, worker, Act(ticket, done))
    state = site.open[ticket]
    if state.charge is not None and state.charge.status == "accepted":
        yield from _charged(site, ticket, at)
    return worker, at


def _suspended(site: Site, ticket: UUID, job: Trouble, worker: str, at: datetime, minutes: int) -> Generator[Step, Any, Worked]:
    """Suspend the work (挂起) for parts, for the resident or for another technician; returns who resumes, and when."""
    kind = site.random.choices(
        (SuspendReason.AWAITING_PARTS, SuspendReason.AWAITING_RESIDENT, SuspendReason.AWAITING_STAFF), (PARTS, AWAY, STAFF)
    )[0]
    yield Step(at, worker, Act(ticket, c.Suspend(reason=kind)))
    if kind is SuspendReason.AWAITING_STAFF:
        other, start, _ = site.technician(job.of.skill, at + site.minutes(8, 20), minutes, [worker])
        yield Step(at + site.minutes(4, 8), site.assistant(at), Act(ticket, c.Reassign(assignee=other)))
        yield Step(start - site.minutes(1, 3), other, Act(ticket, c.Accept()))
        yield Step(start, other, Act(ticket, c.Start()))
        return other, start
    if site.chance(0.5):
        said = TEXTS.say.parts_awaited if kind is SuspendReason.AWAITING_PARTS else TEXTS.say.nobody_home
        yield Step(at + site.minutes(1, 3), worker, Act(ticket, c.Note(text=site.say(said))))
    if kind is SuspendReason.AWAITING_PARTS and site.chance(0.3):
        yield from calls.escalated(site, ticket, site.assistant_hour(at + site.minutes(40, 200)), TEXTS.say.shortages)
    days = site.random.choice((1, 1, 2, 2, 3, 4)) if kind is SuspendReason.AWAITING_PARTS else 1
    back = site.back(worker, site.rota.at(site.rota.day(at) + days, site.duty.morning) + site.minutes(20, 400), minutes)
    yield Step(back, worker, Act(ticket, c.Resume()))
    return worker, back


def _charged(site: Site, ticket: UUID, at: datetime) -> Course:
    """Settle the charge (收费) within a day, by the cashier; sometimes the director waives it."""
    if site.chance(WAIVED):
        director = site.post(Role.DIRECTOR).login
        when = site.office_hour(director, at + site.minutes(60, 300))
        yield Step(when, director, Act(ticket, c.SettleCharge(outcome=ChargeOutcome.WAIVED)))
        return
    cashier = site.post(Role.FINANCE).login
    when = site.office_hour(cashier, at + site.minutes(8, 40))
    paid = c.SettleCharge(outcome=ChargeOutcome.PAID, method=site.random.choice(PAID_BY), receipt=site.receipt())
    yield Step(when, cashier, Act(ticket, paid))


def _by_contractor(site: Site, ticket: UUID, job: Trouble, at: datetime, resolution: str | None) -> Work:
    """A work order of a contractor; the manager who dispatched it enters the contractor's steps."""
    assert job.of.contractor is not None
    manager = site.manager(at)
    at = site.office_hour(manager, at + site.minutes(2, 6))
    contractor = c.AssigneeRef(type=AssigneeType.CONTRACTOR, id=job.of.contractor)
    yield Step(at, manager, Act(ticket, c.Dispatch(assignee=contractor)))
    at = site.office_hour(manager, at + site.minutes(6, 20))
    yield Step(at, manager, Act(ticket, c.Accept()))
    minutes = site.random.randint(*job.of.minutes)
    at = _in_one_go(site, manager, site.office_hour(manager, at + site.minutes(40, 150)), minutes)
    yield Step(at, manager, Act(ticket, c.Start()))
    if job.of.facility is Facility.PUBLIC_SEVERE or site.chance(2 * PARTS):
        yield Step(at + site.minutes(20, 60), manager, Act(ticket, c.Suspend(reason=SuspendReason.AWAITING_PARTS)))
        later = at + timedelta(days=site.random.choice((1, 2, 3, 5)), hours=site.random.randint(0, 4))
        at = _in_one_go(site, manager, site.office_hour(manager, later), minutes)
        yield Step(at, manager, Act(ticket, c.Resume()))
        minutes = max(20, minutes // 2)
    at += timedelta(minutes=minutes)
    yield Step(at, manager, Act(ticket, c.Complete(resolution=resolution or job.case.done, parts=job.case.parts)))
    return manager, at


def _in_one_go(site: Site, who: str, at: datetime, minutes: int) -> datetime:
    """A moment from which a person has these minutes left of the day: ``at``, or the next morning."""
    day = site.rota.day(at)
    if at + timedelta(minutes=minutes) < site.rota.evening(day):
        return at
    return site.office_hour(who, site.rota.at(day + 1, site.duty.morning) + site.minutes(10, 90))


def _at_night(site: Site, ticket: UUID, job: Trouble, at: datetime) -> Course:
    """An emergency repair (急修) by the night officer, with a guard as stand-in at the desk (D5 六); one after the other."""
    yield Step(at, "", Wait())
    while site.rota.is_night(at) and site.away:
        at += timedelta(minutes=5)
        yield Step(at, "", Wait())
    guard = site.guard(at)
    if guard is None or site.rota.period(at).end - at < timedelta(minutes=70):
        yield from _by_day(site, ticket, job, site.assistant_hour(at))
        return
    officer = site.desk_officer()
    site.leaving = True
    repair = c.Classify(kind=Kind.REPAIR, category=job.of.category, facility=job.of.facility)
    yield Step(at, officer, Act(ticket, repair))
    at += site.minutes(0.4, 1)
    yield Step(at, officer, Act(ticket, c.Dispatch(assignee=officer)))
    yield Step(at + timedelta(seconds=20), officer, Substitute(guard))
    at += site.minutes(0.5, 1)
    yield Step(at, officer, Act(ticket, c.Accept()))
    at += site.minutes(4, 9)
    yield Step(at, officer, Act(ticket, c.Start()))
    at += timedelta(minutes=site.random.randint(15, 45))
    yield Step(at, officer, Act(ticket, c.Complete(resolution=job.case.done, parts=job.case.parts)))
    back = at + site.minutes(3, 8)
    yield Step(back, officer, ReturnToPost())
    again = yield from _called_back(site, ticket, at + timedelta(hours=2), officer)
    if again:
        yield from _again(site, ticket, job, officer)


def _by_control_room(site: Site, job: Trouble, at: datetime) -> Course:
    """An emergency while the control room has the phone: it sends the technician, the desk back-enters (补单, D1 4.1.3)."""
    resident = site.residents.anybody()
    called, worker = at, site.desk_officer()
    done = called + site.minutes(24, 58)
    morning = site.rota.period(at).end
    entry = BackEntry(
        community=site.estate.code,
        channel=Channel.CONTROL_ROOM,
        description=job.case.told,
        location=resident.place,
        reporter=resident.reporter,
        urgency=Urgency.EMERGENCY,
        classified=ClassifiedThen(
            kind=Kind.REPAIR,
            category=job.of.category,
            facility=job.of.facility,
            occurred_at=called + site.minutes(0.5, 1.5),
        ),
        dispatched=DispatchedThen(assignee=worker, occurred_at=called + site.minutes(2, 3.5)),
        completed=CompletedThen(resolution=job.case.done, parts=job.case.parts, occurred_at=done),
    )
    entered = yield Step(morning + site.minutes(12, 45), site.assistant(morning), Receive(entry, called))
    ticket = entered.state.id
    again = yield from _called_back(site, ticket, morning + site.minutes(60, 90), worker)
    if again:
        yield from _again(site, ticket, job, worker)


def in_public(site: Site, at: datetime) -> Course:
    """A repair in a common part, by day: found on a patrol, seen in the control room, or reported by a resident."""
    urgent = site.chance(2 * URGENT)
    job = site.in_season(site.in_public_urgent if urgent else site.in_public, at)
    place = site.random.choice(job.of.places)
    building = site.random.choice(site.estate.buildings) if job.of.in_building else None
    last = tuple(site.estate.areas)[-1]
    area = building.area if building else (last if "车库" in place else site.random.choice(site.estate.homes))
    butler, resident = site.of_area(area, at), None
    channel = site.random.choice((Channel.BUTLER, Channel.BUTLER, Channel.CONTROL_ROOM, Channel.WALK_IN, Channel.PHONE))
    who: Any = site.at_desk
    if channel is Channel.CONTROL_ROOM:
        who = site.control_room(at)
    elif channel is Channel.BUTLER and butler is not None:
        who = butler
    elif channel in (Channel.WALK_IN, Channel.PHONE, Channel.BUTLER):
        channel = Channel.PHONE if channel is Channel.BUTLER else channel
        resident = site.residents.anybody().reporter
    command = c.Receive(
        community=site.estate.code,
        channel=channel,
        description=job.case.told,
        location=c.Place(area=area, building=building.number if building else None, public_place=place),
        reporter=resident,
        urgency=Urgency.EMERGENCY if urgent else Urgency.NORMAL,
    )
    done = yield Step(at, who, Receive(command))
    ticket = done.state.id
    at += site.minutes(1.5, 6)
    repair = c.Classify(kind=Kind.REPAIR, category=job.of.category, facility=job.of.facility)
    yield Step(at, site.assistant(at), Act(ticket, repair))
    if job.of.facility is Facility.PUBLIC_SEVERE and site.chance(MAJOR):
        yield from _major(site, ticket, at + site.minutes(30, 80))
        at = site.assistant_hour(at + timedelta(hours=5))
    yield from finished(site, ticket, job, at + site.minutes(1, 5))


def _major(site: Site, ticket: UUID, at: datetime) -> Course:
    """Major works (大工程): requested by the desk, approved by the director or supervisor (two people)."""
    at = site.assistant_hour(at)
    agreed = site.rota.at(site.rota.day(at) + site.random.randint(8, 15), site.duty.night_summer)
    asked = yield Step(
        at, site.assistant(at), Act(ticket, c.ApproveMajorWorks(agreed_due_at=agreed, reason=site.say(TEXTS.say.major_works)))
    )
    approver = site.manager(at)
    yield Step(at + site.minutes(20, 120), approver, Approve(asked.case.id))
