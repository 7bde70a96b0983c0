"""Parts of a course that all requests share: receiving, correcting, following up, escalating."""

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
"""A course that returns the ticket it made."""
UNREACHED, DISSATISFIED, REOPENED, MISSPELT, LATE = 0.10, 0.06, 0.025, 0.02, 0.03
"""Probabilities: a resident isn't reached, isn't satisfied, has the ticket reopened; a telephone number is recorded wrong; a
request is recorded late."""
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
    """The command to receive a resident's request about their dwelling; mostly by telephone."""
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
    """Receive a request at the desk (接单); by day sometimes recorded late."""
    late = None
    if by_day and command.channel is Channel.BUTLER and not site.rota.is_night(at):
        opened = site.rota.at(site.rota.day(at), site.duty.morning)
        if at - opened > timedelta(hours=2) and site.chance(LATE / 0.1):
            late = at - site.minutes(20, 75)
    done = yield Step(at, site.assistant(at) if late else site.at_desk, Receive(command, late))
    ticket: UUID = done.state.id
    return ticket


def with_tail(site: Site, told: str) -> str:
    """A report's text, sometimes with a wish when to come."""
    return told + site.say(TEXTS.say.tails) if site.chance(0.3) else told


def misspelt(site: Site, ticket: UUID, at: datetime) -> Course:
    """Correct (更正) a telephone number that was recorded wrong (登记错误)."""
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
    """Follow up (回访) about a day later, by somebody other than ``workers``; returns whether rework (返修) is needed.

    ``blame``: comments of dissatisfied residents; without any all are satisfied.
    """
    at = site.assistant_hour(done_at + timedelta(hours=site.random.choice((3, 5, 16, 18, 20, 22, 24))) + site.minutes(0, 60))
    method = FollowUpMethod.PHONE
    for attempt in range(3):
        who = site.clerk_but(at, *workers)
        reached = not site.chance(UNREACHED if attempt == 0 else 0.5)
        if reached:
            break
        tried = yield Step(at, who, Act(ticket, c.AttemptFollowUp()))
        at = tried.state.follow_up_attempts[-1]  # later than planned where another step came first
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
    """Escalate (上报) to the supervisor (D1 4.1.2)."""
    escalate = c.Escalate(reason=site.say(reasons), level=EscalationLevel.SUPERVISOR)
    yield Step(at, site.assistant(at), Act(ticket, escalate))
