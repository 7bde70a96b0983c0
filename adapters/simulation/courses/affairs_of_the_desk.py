"""Courses of complaints (投诉), assistance (求助), enquiries (咨询), visits (走访) and others (其他)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.simulation.company.deck import Deck
from adapters.simulation.company.site import Site
from adapters.simulation.company.texts import TEXTS, Matter
from adapters.simulation.courses import calls
from adapters.simulation.courses.steps import Act, Course, LogLine, Receive, Step
from domain.kernel.terms import Channel, ComplaintFault, ComplaintSeverity, EscalationLevel, FollowUpMethod, Kind, Role, Urgency
from domain.ticket import commands as c

OFFICE_S = ("cleaning", "parking", "fees", "greening", "staff", "lift")
"""Categories of complaints that are the office's fault, if reasonable."""
REASONABLE, SERIOUS, TO_COMPANY, UPWARD = 0.8, 0.06, 0.04, 0.07


def complaint(site: Site, at: datetime) -> Course:
    """A complaint (投诉): answered, handled by a guard, the butler or the desk, judged by the supervisor, followed up."""
    night = site.by_night(at)
    matter = _at_this_hour(site.complaints, night)
    resident = site.residents.anybody()
    company = not night and site.chance(TO_COMPANY) and site.in_company_hours(at)
    about = (_complained_of(site, at),) if matter.category == "staff" else ()
    channel = Channel.COMPANY if company else Channel.PHONE if night else None
    command = calls.asked(site, resident, matter.told, channel=channel, complained_of=about)
    if company:
        done = yield Step(at, site.company[0], Receive(command))
        ticket, at = done.state.id, at + site.minutes(10, 30)
    else:
        ticket = yield from calls.received(site, at, command, by_day=not night)
    at += site.minutes(1, 3)
    yield Step(at, _sober(site), Act(ticket, c.Classify(kind=Kind.COMPLAINT, category=matter.category)))
    at += site.minutes(1, 4)
    yield Step(at, _sober(site), Act(ticket, c.Reply(message=matter.reply)))
    worker, at = yield from _seen_to(site, ticket, matter, at, resident.area)
    if night:
        yield Step(at + site.minutes(2, 5), site.desk_officer, LogLine(f"{matter.reply[:-1]}，已回复住户。", ticket))
    judged = at + site.minutes(60, 300)
    manager = site.manager(site.rota.next_at_work(site.post(Role.SUPERVISOR).login, judged))
    if manager in about:
        manager = site.post(Role.DIRECTOR).login
    judged = site.office_hour(manager, judged)
    judge = _judgement(site, matter, about)
    yield Step(judged, manager, Act(ticket, judge))
    blame = TEXTS.say.displeased
    again = yield from calls.called_back(site, ticket, judged + site.minutes(30, 90), worker, blame=blame)
    if again:
        manager = site.manager(site.changed_at(ticket))
        at = site.office_hour(manager, site.changed_at(ticket) + site.minutes(30, 90))
        yield Step(at, manager, Act(ticket, c.Escalate(reason=site.say(TEXTS.say.escalations), level=EscalationLevel.DIRECTOR)))
        at = site.office_hour(manager, at + site.minutes(60, 200))
        yield Step(at, manager, Act(ticket, c.Settle(resolution=site.say(TEXTS.say.mediated))))
        yield from _content(site, ticket, at, worker, manager)


def _content(site: Site, ticket: UUID, done_at: datetime, *workers: str) -> Course:
    """A second, satisfied follow-up, which ends the ticket."""
    at = site.assistant_hour(done_at + timedelta(hours=20) + site.minutes(0, 60))
    follow_up = c.FollowUp(satisfied=True, rating=site.random.choice((3, 4)), method=FollowUpMethod.PHONE)
    yield Step(at, site.clerk_but(at, *workers), Act(ticket, follow_up))


def _at_this_hour(deck: Deck[Matter], night: bool) -> Matter:
    """Draw a matter that fits the hour."""
    while True:
        matter = deck.draw()
        if matter.hours in ("any", "night" if night else "day"):
            return matter


def _complained_of(site: Site, at: datetime) -> str:
    people = [m for m in site.estate.of(Role.TECHNICIAN) if not m.nights and site.rota.works_by_day(m.login, site.rota.day(at))]
    return site.random.choice(people or site.estate.of(Role.TECHNICIAN)[-1:]).login


def _sober(site: Site) -> Any:
    """The person who may classify and answer: the officer, or the control room while it has the phone; never a stand-in."""
    return lambda: site.phone_with or site.desk_officer()


def _seen_to(site: Site, ticket: UUID, matter: Matter, at: datetime, area: str) -> Any:
    """A guard or the desk handles the matter; returns who did, and when."""
    guard = site.guard(at)
    if matter.guard and guard is not None:
        at += site.minutes(0.5, 2)
        yield Step(at, _sober(site), Act(ticket, c.Dispatch(assignee=guard)))
        at += site.minutes(1, 3)
        yield Step(at, guard, Act(ticket, c.Accept()))
        at += site.minutes(3, 9)
        yield Step(at, guard, Act(ticket, c.Start()))
        at += site.minutes(9, 30)
        yield Step(at, guard, Act(ticket, c.Complete(resolution=matter.done)))
        return guard, at
    if site.chance(UPWARD) and not site.rota.is_night(at):
        yield from calls.escalated(site, ticket, at + site.minutes(2, 6), TEXTS.say.escalations)
        at += site.minutes(8, 12)
    at = site.assistant_hour(at + site.minutes(25, 180))
    who = site.of_area(area, at) or site.clerk(at)
    yield Step(at, who, Act(ticket, c.Settle(resolution=matter.done)))
    return who, at


def _judgement(site: Site, matter: Matter, about: tuple[str, ...]) -> c.JudgeComplaint:
    if not site.chance(REASONABLE):
        return c.JudgeComplaint(reasonable=False)
    severity = ComplaintSeverity.SERIOUS if site.chance(SERIOUS) else ComplaintSeverity.MINOR
    office = matter.category in OFFICE_S
    fault = ComplaintFault.OFFICE if office else site.random.choice((ComplaintFault.RESIDENT, ComplaintFault.THIRD_PARTY))
    return c.JudgeComplaint(reasonable=True, severity=severity, fault=fault, complained_of=about)


def assistance(site: Site, at: datetime) -> Course:
    """Assistance (求助): a guard goes at once, also by night."""
    night = site.by_night(at)
    matter, resident = _at_this_hour(site.assistance, night), site.residents.anybody()
    urgency = Urgency.EMERGENCY if matter.category in ("medical", "lost_child", "locked_out") else Urgency.NORMAL
    command = calls.asked(site, resident, matter.told, channel=Channel.PHONE if night else None, urgency=urgency)
    ticket = yield from calls.received(site, at, command, by_day=not night and urgency is Urgency.NORMAL)
    at += site.minutes(0.5, 2)
    yield Step(at, _sober(site), Act(ticket, c.Classify(kind=Kind.ASSISTANCE, category=matter.category)))
    guard = site.guard(at)
    if guard is not None:
        at += site.minutes(0.4, 1.5)
        yield Step(at, _sober(site), Act(ticket, c.Dispatch(assignee=guard)))
        at += site.minutes(0.5, 2)
        yield Step(at, guard, Act(ticket, c.Accept()))
        at += site.minutes(2, 6)
        yield Step(at, guard, Act(ticket, c.Start()))
        at += site.minutes(7, 28)
        yield Step(at, guard, Act(ticket, c.Complete(resolution=matter.done)))
        worker = guard
    else:
        at = site.assistant_hour(at + site.minutes(12, 35))
        worker = site.clerk(at)
        yield Step(at, worker, Act(ticket, c.Settle(resolution=matter.done)))
    yield from calls.called_back(site, ticket, at + timedelta(hours=1), worker)


def enquiry(site: Site, at: datetime) -> Course:
    """An enquiry (咨询): answered at the desk, with the follow-up on the spot."""
    yield from _settled(site, at, Kind.ENQUIRY, site.enquiries.draw())


def other(site: Site, at: datetime) -> Course:
    """Another request (其他), handled like an enquiry."""
    yield from _settled(site, at, Kind.OTHER, site.others.draw())


def _settled(site: Site, at: datetime, kind: Kind, matter: Matter) -> Course:
    resident = site.residents.anybody()
    channel = site.random.choice((Channel.WALK_IN, Channel.WALK_IN, Channel.PHONE))
    who = site.clerk(at) if site.chance(0.4) else site.rota.day_officer(site.rota.day(at))
    done = yield Step(at, who, Receive(calls.asked(site, resident, matter.told, channel=channel)))
    ticket = done.state.id
    at += site.minutes(0.5, 2)
    yield Step(at, who, Act(ticket, c.Classify(kind=kind, category=matter.category)))
    at += site.minutes(3, 11)
    yield Step(at, who, Act(ticket, c.Settle(resolution=matter.done)))
    follow_up = c.FollowUp(satisfied=True, rating=site.random.choice((5, 5, 5, 4)), method=FollowUpMethod.ON_THE_SPOT)
    yield Step(at + site.minutes(0.4, 1.5), who, Act(ticket, follow_up))


def visit(site: Site, at: datetime) -> Course:
    """A visit (走访征询) by the butler of an area (D1 3.2); none on the butler's day off."""
    area = site.random.choice(site.estate.homes)
    butler = site.of_area(area, at)
    if butler is None:
        return
    matter, resident = site.visits.draw(), site.residents.new(area)
    command = calls.asked(site, resident, matter.told, channel=Channel.BUTLER)
    done = yield Step(at, butler, Receive(command))
    ticket = done.state.id
    at += site.minutes(0.5, 1.5)
    yield Step(at, butler, Act(ticket, c.Classify(kind=Kind.VISIT, category=matter.category)))
    at += site.minutes(9, 25)
    yield Step(at, butler, Act(ticket, c.Settle(resolution=matter.done)))
    if site.chance(0.6):
        follow_up = c.FollowUp(satisfied=True, rating=site.random.choice((5, 5, 4)), method=FollowUpMethod.ON_THE_SPOT)
        yield Step(at + site.minutes(0.5, 1.5), butler, Act(ticket, follow_up))
    else:
        yield from calls.called_back(site, ticket, at + timedelta(hours=2), butler)
