"""补单: one command for a ticket whose work was dispatched first, as the control room does at night (D1 4.1.3)."""

from datetime import datetime

from domain.kernel.terms import AssigneeType, Urgency
from domain.kernel.terms import Channel as ChannelCode
from domain.kernel.values import Code, FreeText, Login, Moment, Value
from domain.ticket import commands as c


class ClassifiedThen(c.Classify):
    """The classification, with its moment."""

    occurred_at: Moment


class DispatchedThen(c.Dispatch):
    """The dispatch, with its moment."""

    occurred_at: Moment


class CompletedThen(c.Complete):
    """The completion, with its moment."""

    occurred_at: Moment


class BackEntry(Value):
    """The fields of receive, and the steps taken since, in order, each with its true moment."""

    community: Code
    channel: ChannelCode
    description: FreeText
    location: c.Place | None = None
    reporter: c.Reporter | None = None
    urgency: Urgency = Urgency.NORMAL
    complained_of: tuple[Login, ...] = ()
    classified: ClassifiedThen
    dispatched: DispatchedThen
    completed: CompletedThen | None = None


def steps_of(entry: BackEntry, received_at: datetime) -> list[tuple[datetime, c.Command, str | None]]:
    """The steps as (occurred_at, command, on behalf of whom).

    The work is the assignee's, although somebody else writes it down.
    """
    receive = c.Receive(**{name: getattr(entry, name) for name in c.Receive.model_fields})
    steps: list[tuple[datetime, c.Command, str | None]] = [
        (received_at, receive, None),
        (entry.classified.occurred_at, _plain(c.Classify, entry.classified), None),
        (entry.dispatched.occurred_at, _plain(c.Dispatch, entry.dispatched), None),
    ]
    if entry.completed is not None:
        given = entry.dispatched.assignee
        worker = given if isinstance(given, str) else given.id
        if not isinstance(given, str) and given.type is not AssigneeType.PERSON:
            worker = f"{given.type.value}:{given.id}"
        steps.append((entry.completed.occurred_at, _plain(c.Complete, entry.completed), worker))
    return steps


def _plain(command: type[c.Command], then: c.Command) -> c.Command:
    return command(**{name: getattr(then, name) for name in command.model_fields})
