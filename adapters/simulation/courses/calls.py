"""What any request has in common: how it comes in, how the resident is called back, how often they are content."""

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.simulation.company.residents import Resident
from adapters.simulation.company.site import Site
from adapters.simulation.company.texts import TEXTS
from adapters.simulation.courses.steps import Act, Course, Receive, Step
from domain.kernel.terms import Channel, CorrectionReason, EscalationLevel, FollowUpMethod, Urgency
from domain.ticket import commands as c

Ticket = Generator[Step, Any, UUID]
"""A course that ends with the ticket it made."""
UNREACHED, DISSATISFIED, REOPENED, MISSPELT, LATE = 0.10, 0.06, 0.025, 0.02, 0.03
"""How often a resident isn't reached, isn't content, calls again later; a telephone number is taken down wrong; a request is
written down late."""
RATINGS = (5, 5, 5, 5, 5, 5, 4, 4, 4, 3)


def asked(
    site: Site,
    resident: Resident,
    description: str,
    *,
    channel: Channel | None = None,
    urgency: Urgency = Urgency.NORMAL,
    complained_of: tuple[str, ...] = (),
) -> c.Receive:
    """A resident asks, at home; by telephone mostly."""
    by = channel or site.random.choice((Channel.PHONE,) * 7 + (Channel.WALK_IN,) * 2 + (Channel.BUTLER,))
    return c.Receive(
        community=site.estate.code,
        channel=by,
        description=description,
        location=resident.place,
        reporter=resident.reporter,
        urgency=urgency,
        complained_of=complained_of,
    )


def received(site: Site, at: datetime, command: c.Receive, *, by_day: bool = True) -> Ticket:
    """接单 at the desk; now and then by day it is written down a while after it was said."""
    late = None
    if by_day and command.channel is Channel.BUTLER and not site.rota.is_night(at):
        opened = site.rota.at(site.rota.day(at), site.duty.morning)
        if at - opened > timedelta(hours=2) and site.chance(LATE / 0.1):
            late = at - site.minutes(20, 75)
    done = yield Step(at, site.assistant(at) if late else site.at_desk, Receive(command, late))
    ticket: UUID = done.state.id
    return ticket


def with_tail(site: Site, told: str) -> str:
    """What was told, perhaps with when to come."""
    return told + site.say(TEXTS.say.tails) if site.chance(0.3) else told


def misspelt(site: Site, ticket: UUID, at: datetime) -> Course:
    """更正: the telephone number was taken down wrong (登记错误)."""
    digits = f"1380013{site.random.randrange(10_000):04}"
    correct = c.Correct(field="reporter.phone", value=digits, reason=CorrectionReason.REGISTER_ERROR)
    yield Step(at, site.assistant(at), Act(ticket, correct))


def called_back(
    site: Site,
    ticket: UUID,
    done_at: datetime,
    *workers: str,
    praise: Sequence[str] = TEXTS.say.thanks,
    blame: Sequence[str] = (),
) -> Generator[Step, Any, bool]:
    """回访 the day after or so, by somebody who didn't do the work; returns whether it is to be done again (返修).

    ``blame`` is what residents say who aren't content; without any all are.
    """
    at = site.assistant_hour(done_at + timedelta(hours=site.random.choice((3, 5, 16, 18, 20, 22, 24))) + site.minutes(0, 60))
    method = FollowUpMethod.PHONE
    for attempt in range(3):
        who = site.clerk_but(at, *workers)
        reached = not site.chance(UNREACHED if attempt == 0 else 0.5)
        if reached:
            break
        tried = yield Step(at, who, Act(ticket, c.AttemptFollowUp()))
        at = tried.state.follow_up_attempts[-1]  # later than planned where something else came first
        if attempt == 2:
            yield Step(at + site.minutes(1, 3), who, Act(ticket, c.CloseUnreached()))
            return False
        at = site.assistant_hour(site.rota.at(site.rota.day(at) + 1, site.duty.morning) + site.minutes(20, 420))
    if blame and site.chance(DISSATISFIED):
        comment = site.say(blame)
        yield Step(at, who, Act(ticket, c.FollowUp(satisfied=False, method=method, comment=comment)))
        return True
    rating = site.random.choice(RATINGS)
    said = site.say(praise) if rating >= 4 and site.chance(0.35) else None
    yield Step(at, who, Act(ticket, c.FollowUp(satisfied=True, rating=rating, method=method, comment=said)))
    return False


def escalated(site: Site, ticket: UUID, at: datetime, reasons: Sequence[str]) -> Course:
    """上报 to the supervisor (D1 4.1.2)."""
    escalate = c.Escalate(reason=site.say(reasons), level=EscalationLevel.SUPERVISOR)
    yield Step(at, site.assistant(at), Act(ticket, escalate))
