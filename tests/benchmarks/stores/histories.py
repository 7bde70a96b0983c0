"""Histories to copy: the finished tickets of a simulated estate, with their texts in the clear and their moments as spans.

They are played by the use cases, so each is legal and its words are as frequent as the demonstration's. Tickets that name another
ticket, and those with an attachment, are left out: a copy would name a stream that there is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from adapters.store.log.codec import decode_stored, topic_of
from domain.kernel.aggregate import Folded, Meta, apply, payload_fields
from domain.kernel.ports import PlainField, StoredEvent
from domain.kernel.privacy import Private
from domain.kernel.sealing import seal_fields
from domain.ticket.state import TicketState

ATTACHED = "ticket.attached"


@dataclass(frozen=True)
class Step:
    """One event of a history. ``occurred`` and ``recorded`` count from the moment the first event was recorded.

    ``texts``: the personal texts by field; ``moving``: the fields that hold a moment or an id somewhere inside.
    """

    kind: type[Folded.Event]
    topic: str
    version: int
    book: str | None
    occurred: timedelta
    recorded: timedelta
    meta: Meta
    data: dict[str, Any]
    texts: tuple[tuple[str, str], ...]
    moving: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """One ticket. ``began``: when its first event was recorded; ``open_until``: the versions after which it is unfinished."""

    began: datetime
    stream: UUID
    at_home: bool
    steps: Sequence[Step]
    open_until: int

    @property
    def lasts(self) -> timedelta:
        """From the first event to the last, as recorded."""
        return self.steps[-1].recorded


async def histories(gongdan: Gongdan) -> list[History]:
    """Every finished ticket of a store that can be copied, in the order of their first events."""
    streams: dict[UUID, list[StoredEvent]] = {}
    head = (await gongdan.store.head()).position
    for stored in await gongdan.store.read_log(0, head):
        if stored.topic.startswith("ticket."):
            streams.setdefault(stored.stream_id, []).append(stored)
    found = []
    for stream, log in streams.items():
        events = [decode_stored(stored) for stored in log]
        others = {one for event in events for one in _ids(_data(event))} & (streams.keys() - {stream})
        if others or any(stored.topic == ATTACHED for stored in log):
            continue
        states: list[TicketState] = []
        for event in events:
            states.append(apply(states[-1] if states else None, event))
        if not states[-1].is_open:
            found.append(await _history(gongdan, log, events, states))
    return found


async def _history(
    gongdan: Gongdan, log: Sequence[StoredEvent], events: Sequence[Folded.Event], states: Sequence[TicketState]
) -> History:
    began, steps = log[0].recorded_at, []
    for stored, event in zip(log, events, strict=True):
        sealed = seal_fields(event)
        opened = await gongdan.sealer.open([(PlainField(event.originator_id, event.originator_version, n), t) for n, t in sealed])
        texts = tuple((name, text or "") for (name, _), text in zip(sealed, opened, strict=True))
        data = _data(event)
        moving = tuple(name for name, value in data.items() if any(True for _ in _ids(value)) or _has_moment(value))
        times = (event.timestamp - began, stored.recorded_at - began)
        kind = type(event)
        steps.append(Step(kind, topic_of(kind), stored.version, stored.book, *times, event.meta, data, texts, moving))
    last_open = max(i for i, state in enumerate(states) if state.is_open) + 1
    return History(began, log[0].stream_id, states[0].dwelling is not None, steps, last_open)


def _data(event: Folded.Event) -> dict[str, Any]:
    """The fields that are no personal text; an absent text is one of them."""
    known = ((name, getattr(event, name)) for name in payload_fields(type(event)))
    return {name: value for name, value in known if not isinstance(value, Private)}


def moved(value: Any, salt: int, by: timedelta) -> Any:
    """A value with each id in it changed by the salt, and each moment moved."""
    if isinstance(value, UUID):
        return UUID(int=value.int ^ salt)
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, tuple):
        return tuple(moved(one, salt, by) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: moved(getattr(value, f.name), salt, by) for f in fields(value)})
    return value


def _ids(value: Any) -> Iterator[UUID]:
    if isinstance(value, UUID):
        yield value
    for part in _parts(value):
        yield from _ids(part)


def _has_moment(value: Any) -> bool:
    return isinstance(value, datetime) or any(_has_moment(part) for part in _parts(value))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, tuple | list):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, f.name) for f in fields(value)]
    return []
