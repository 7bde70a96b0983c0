"""Replay page (回放): a ticket's history event by event, for auditors.

Each step has the state in the diagram, the changes in words, who, both times, cause, rule versions, clocks, and the stored event.
The steps around the one shown are on the page, so stepping needs no request; of a long history others are another page. A link
names a step by version (``v``), by when events happened (``at``), or by when they were recorded (``known_at``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from adapters.pages.frame.moments import NOT_A_MOMENT, moment_in
from adapters.pages.frame.visitor import TheVisitor, Visitor
from adapters.pages.sentences.event_words import Quote, doers, quotes
from adapters.pages.sentences.state_words import changes, said_of
from adapters.pages.sentences.ticket_sentences import sentence
from adapters.pages.ticket.state_diagram import BOX, HEIGHT, WIDTH, diagram, taken, trigger_of
from domain.kernel.errors import NotFound, invalid
from domain.kernel.journal import Step
from domain.kernel.terms import State, Trigger
from domain.kernel.values import Moment
from domain.rules.clocks import Reading
from domain.service_desk.ticket_reading import HistoryStep, as_of, clocks_at
from domain.ticket.state import TicketState

router = APIRouter(include_in_schema=False)

AROUND, LISTED = 30, 100
"""Steps before and after the one asked for that the page holds in full, and that it lists. Others are loaded on request."""

_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True, slots=True)
class Stop:
    """A step in the list of steps, with what the diagram needs."""

    version: int
    at: datetime
    trigger: Trigger
    state: State
    way: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A step in full."""

    stop: Stop
    sentence: str
    quotes: Sequence[Quote]
    changes: Sequence[str]
    doers: str
    recorded_at: datetime
    position: int
    number: str | None
    back_entered: bool
    offline_entered: bool
    approval: str | None
    request: str
    rules: Sequence[tuple[str, str]]
    clocks: Sequence[Reading]
    after: Mapping[str, str]
    stored: str
    topic: str


@router.get("/tickets/{ref}/replay")
async def replay(
    visitor: TheVisitor,
    ref: str,
    v: Annotated[int | None, Query(ge=1, le=10**15)] = None,
    at: str = "",
    known_at: str = "",
) -> Response:
    """Show the last step, or the one asked for. With ``known_at`` events recorded later are left out."""
    inquiries = visitor.gongdan.inquiries
    record = await inquiries.record(visitor.login, ref, directory=visitor.directory)
    if record.events[0].community in visitor.communities:
        visitor.community = record.events[0].community
    occurred, known = _asked("at", at, visitor), _asked("known_at", known_at, visitor)
    stored = [one for one in record.events if known is None or one.recorded_at <= known]
    if not stored:
        raise NotFound("ticket at that moment")
    last, then = len(stored), occurred or known
    # A version says how far to parse; a moment is looked for among all events.
    steps = inquiries.steps(stored[: v + LISTED] if v is not None and then is None else stored)
    clocks: Sequence[Reading] | None = None
    if then is not None:
        state, _ = as_of(steps, None, occurred, None)
        v, clocks = v or state.version, clocks_at(state, then)
    current = last if v is None else v
    if current > last:
        raise NotFound("version of the ticket")
    shown = await inquiries.told(steps[max(0, current - 1 - AROUND) : current + AROUND], record.opened)
    before = steps[: max(0, current - 1 - LISTED)]
    stops = [_stop(step) for step in steps[len(before) : current + LISTED]]
    return visitor.page(
        "ticket/replay.html",
        ref=ref,
        number=steps[0].stored.number,
        last=last,
        began=steps[0].event.timestamp,
        ended=inquiries.happened_at(stored[-1]),
        stops=stops,
        stop=stops[current - 1 - len(before)],
        states_before=sorted({step.after.state for step in before}),
        ways_before=sorted({way for step in before if (way := _way(step)) is not None}),
        shown=[_shown(visitor, step) for step in shown],
        current=current,
        picture=diagram(visitor),
        size=(WIDTH, HEIGHT, *BOX),
        clocks_then=clocks,
        occurred=occurred,
        known=known,
        link=lambda version: "?" + urlencode({"v": version} | ({"known_at": known_at} if known_at else {})),
    )


def _asked(name: str, text: str, visitor: Visitor) -> datetime | None:
    """Parse a moment of the address; None for an empty one; raises InvalidInput."""
    said = moment_in(text, visitor, f"/query/{name}")
    try:
        return None if said is None else _MOMENT.validate_python(said)
    except ValidationError:
        raise invalid(f"/query/{name}", NOT_A_MOMENT) from None


def _stop(step: Step[TicketState]) -> Stop:
    event: Any = step.event
    return Stop(step.stored.version, event.timestamp, trigger_of(event), step.after.state, _way(step))


def _way(step: Step[TicketState]) -> str | None:
    event: Any = step.event
    return taken(event, step.before, step.after)


def _shown(visitor: Visitor, step: HistoryStep) -> Shown:
    event: Any = step.event
    stored, meta = step.stored, event.meta
    return Shown(
        _stop(step),
        sentence(event, visitor),
        quotes(visitor, event, step.texts),
        changes(visitor, step.before, step.after),
        doers(visitor, meta),
        stored.recorded_at,
        stored.position,
        stored.number,
        meta.back_entered,
        meta.offline_entered,
        str(meta.causation_id) if meta.causation_id else None,
        str(meta.command_id),
        _rules(visitor, event),
        step.clocks,
        said_of(visitor, step.after),
        stored.state.decode(),
        stored.topic,
    )


def _rules(visitor: Visitor, event: Any) -> list[tuple[str, str]]:
    """List the versions in force at the event: policy, clock limits, price list."""
    clock_policy = getattr(event, "clock_policy", None)
    versions = (
        (visitor.say("规则解释"), event.meta.policy),
        (visitor.say("时限规则"), clock_policy.version if clock_policy else None),
        (visitor.say("价目表"), getattr(event, "price_list", None)),
    )
    return [(name, version) for name, version in versions if version]
