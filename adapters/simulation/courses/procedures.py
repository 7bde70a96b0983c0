"""Courses of renovations (装修申请), move-ins (入伙) and inspections (巡检整改), over days and weeks."""

from datetime import datetime, timedelta
from uuid import UUID

from adapters.simulation.company.site import Site
from adapters.simulation.company.texts import TEXTS, Case, Repair, Trouble
from adapters.simulation.courses import calls, repairs
from adapters.simulation.courses.steps import Act, Begin, Course, Receive, Step
from domain.kernel.terms import AssigneeType, Channel, Kind, Role, SuspendReason
from domain.ticket import commands as c

ORDERED, ORDER_LATE, DEPOSIT_LATER = 0.4, 0.3, 0.2
BEFORE = ("application", "drawings", "deposit", "commitment_letter", "permit_issued")
AFTER = ("accepted", "deposit_settled")
MOVE_IN_ITEMS = ("identity_checked", "documents_signed", "keys_handed_over", "meters_read")


def _checked(site: Site, ticket: UUID, who: str, item: str, at: datetime) -> Step:
    return Step(at, who, Act(ticket, c.CheckItem(item=item, evidence=site.say(TEXTS.say.evidence[item]))))


def renovation(site: Site, at: datetime) -> Course:
    """A renovation (装修): papers, deposit, permit; the butler supervises; perhaps a rectification order; acceptance."""
    planned = site.renovations.draw()
    resident = site.residents.new()
    clerk = site.rota.day_officer(site.rota.day(at))
    done = yield Step(at, clerk, Receive(calls.asked(site, resident, planned.told, channel=Channel.WALK_IN)))
    ticket = done.state.id
    at += site.minutes(1, 4)
    yield Step(at, clerk, Act(ticket, c.Classify(kind=Kind.RENOVATION, category=planned.category)))
    for number, item in enumerate(BEFORE):
        if number == 2 and site.chance(DEPOSIT_LATER + 0.3):
            at = site.assistant_hour(at + timedelta(days=site.random.randint(1, 3), hours=site.random.randint(0, 5)))
        elif number == 4:
            at = site.assistant_hour(at + timedelta(hours=site.random.choice((1, 20, 26))))
        else:
            at = site.assistant_hour(at + site.minutes(4, 14))
        clerk = site.clerk(at)
        yield _checked(site, ticket, clerk, item, at)
    butler = _butler(site, resident.area)
    at += site.minutes(3, 9)
    yield Step(at, clerk, Act(ticket, c.Dispatch(assignee=butler)))
    at = site.office_hour(butler, at + site.minutes(8, 40))
    yield Step(at, butler, Act(ticket, c.Accept()))
    at = site.office_hour(butler, at + timedelta(hours=site.random.randint(18, 44)))
    yield Step(at, butler, Act(ticket, c.Start()))
    ends = at + timedelta(days=planned.days, hours=site.random.randint(0, 6))
    if site.chance(ORDERED):
        yield from _ordered(site, ticket, at + timedelta(days=1, hours=site.random.randint(1, 30)), butler)
        ends = max(ends, site.changed_at(ticket) + timedelta(hours=20))
    for item in AFTER:
        ends = site.office_hour(butler, ends)
        yield _checked(site, ticket, butler, item, ends)
        ends += site.minutes(20, 90)
    ends = site.office_hour(butler, ends)
    yield Step(ends, butler, Act(ticket, c.Complete(resolution=site.say(TEXTS.say.accepted))))
    yield from calls.called_back(site, ticket, ends + timedelta(hours=2), butler)


def _butler(site: Site, area: str) -> str:
    return next(member.login for member in site.estate.of(Role.BUTLER) if member.area == area)


def _ordered(site: Site, ticket: UUID, at: datetime, butler: str) -> Course:
    """A rectification order (限期整改), mostly fulfilled in time (D2 items 13, 14)."""
    manager = site.manager(at)
    at = site.office_hour(manager, at)
    due = site.rota.at(site.rota.day(at) + site.random.randint(2, 4), site.duty.night_summer)
    order = c.OrderRectification(what=site.say(TEXTS.say.rectifications), due_at=due)
    yield Step(at, manager, Act(ticket, order))
    late = site.chance(ORDER_LATE)
    after = due + timedelta(hours=site.random.randint(16, 60)) if late else at + (due - at) * site.random.uniform(0.3, 0.8)
    if late:
        warned = site.office_hour(butler, due - timedelta(hours=site.random.randint(2, 8)))
        yield Step(warned, butler, Act(ticket, c.Note(text=site.say(TEXTS.say.warned))))
        after = max(after, warned + timedelta(hours=2))
    confirmed = site.office_hour(manager, after)
    yield Step(confirmed, manager, Act(ticket, c.ConfirmRectification()))


def move_in(site: Site, at: datetime) -> Course:
    """A move-in (入伙): papers, keys, meters, inspection; each defect becomes a repair ticket."""
    area = site.random.choice(site.estate.homes)
    host = site.of_area(area, at) or site.clerk(at)
    resident = site.residents.new(area)
    done = yield Step(at, host, Receive(calls.asked(site, resident, site.say(TEXTS.say.move_ins), channel=Channel.WALK_IN)))
    ticket = done.state.id
    at += site.minutes(1, 3)
    yield Step(at, host, Act(ticket, c.Classify(kind=Kind.MOVE_IN)))
    yield Step(at + site.minutes(0.3, 0.9), host, Act(ticket, c.Dispatch(assignee=host)))
    at += site.minutes(1, 2)
    yield Step(at, host, Act(ticket, c.Accept()))
    at += site.minutes(1, 4)
    yield Step(at, host, Act(ticket, c.Start()))
    for item in MOVE_IN_ITEMS:
        at += site.minutes(5, 16)
        yield _checked(site, ticket, host, item, at)
    if site.chance(0.15):
        yield Step(at + site.minutes(2, 5), host, Act(ticket, c.Suspend(reason=SuspendReason.AWAITING_RESIDENT)))
        tomorrow = site.rota.at(site.rota.day(at) + 1, site.duty.morning) + site.minutes(40, 300)
        at = site.office_hour(host, tomorrow)
        yield Step(at, host, Act(ticket, c.Resume()))
    at += site.minutes(25, 50)
    defects = tuple(site.say(TEXTS.say.defects) for _ in range(site.random.choice((0, 0, 1, 1, 2, 3))))
    inspected = c.CheckItem(item="flat_inspected", evidence=site.say(TEXTS.say.evidence["flat_inspected"]), defects=defects)
    done = yield Step(at, host, Act(ticket, inspected))
    opened = list(done.opened)
    for number, child in enumerate(opened):
        later = site.assistant_hour(at + site.minutes(30 + 5 * number, 200))
        yield Step(at, "", Begin(repairs.finished(site, child, _defect(site, defects[number]), later)))
    yield Step(at + site.minutes(4, 12), host, Act(ticket, c.Complete(resolution=site.say(TEXTS.say.moved_in))))
    yield from calls.called_back(site, ticket, at + timedelta(hours=2), host)


def _defect(site: Site, told: str) -> Trouble:
    skill = next((skill for sign, skill in SIGNS if sign in told), "carpentry")
    case = Case(told=told, done=site.say(TEXTS.say.mended))
    return Trouble(Repair(category="defect", skill=skill, minutes=(20, 50), cases=(case,)), case)


SIGNS = (("插座", "electrical"), ("对讲", "electrical"), ("地漏", "plumbing"), ("淋浴", "plumbing"))


def inspection(site: Site, at: datetime) -> Course:
    """An inspection (巡检整改): found by the company's inspector, rectified in time or a little late (D2 item 45)."""
    if not site.company:
        return
    finding = site.findings.draw()
    inspector = site.company[0]
    command = c.Receive(
        community=site.estate.code,
        channel=Channel.INSPECTION,
        description=f"公司巡检：{finding.found}",
        location=c.Place(area=site.random.choice(tuple(site.estate.areas)), public_place=site.random.choice(finding.places)),
    )
    done = yield Step(at, inspector, Receive(command))
    ticket = done.state.id
    manager = site.manager(at)
    at = site.office_hour(manager, at + site.minutes(8, 25))
    yield Step(at, manager, Act(ticket, c.Classify(kind=Kind.INSPECTION, category=finding.category)))
    at += site.minutes(2, 8)
    due = site.rota.at(site.rota.day(at) + site.random.randint(3, 6), site.duty.night_summer)
    yield Step(at, manager, Act(ticket, c.OrderRectification(what=finding.order, due_at=due, scorecard_item=finding.item)))
    at += site.minutes(6, 20)
    butlers = [m.login for m in site.rota.there(Role.BUTLER, at)]
    worker = manager if finding.category in CONTRACTED or not butlers else site.random.choice(butlers)
    contracted = c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="greening")
    assignee = contracted if finding.category in CONTRACTED else worker
    yield Step(at, manager, Act(ticket, c.Dispatch(assignee=assignee)))
    at = site.office_hour(worker, at + site.minutes(10, 40))
    yield Step(at, worker, Act(ticket, c.Accept()))
    at = site.office_hour(worker, at + timedelta(hours=site.random.choice((3, 20, 28))))
    yield Step(at, worker, Act(ticket, c.Start()))
    at = site.office_hour(worker, at + timedelta(hours=site.random.choice((2, 4, 24, 70))))
    yield Step(at, worker, Act(ticket, c.Complete(resolution=site.say(TEXTS.say.put_right))))
    confirmed = site.rota.next_at_work(manager, at + timedelta(hours=site.random.choice((4, 20))))
    confirmed = max(confirmed, at + site.minutes(30, 60))
    yield Step(confirmed, inspector if site.in_company_hours(confirmed) else manager, Act(ticket, c.ConfirmRectification()))
    yield from calls.called_back(site, ticket, confirmed + timedelta(hours=2), worker)


CONTRACTED = ("greening", "cleaning")
