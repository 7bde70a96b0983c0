"""A ticket as read once: its state, events, numbers, clocks and personal texts, all from one read of its stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.kernel.aggregate import fold
from domain.kernel.errors import NotFound
from domain.kernel.journal import Step
from domain.kernel.ports import PlainField, StoredEvent
from domain.kernel.privacy import Private, Text
from domain.kernel.sealing import seal_fields
from domain.kernel.terms import Book, Trigger
from domain.rules.clocks import Reading, latest, readings
from domain.ticket.state import TicketState

NamedText = tuple[str, PlainField, Private]
"""A personal text: its name, its place in the log, and the sealed text."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A ticket's number and, once it is classified, its number in its present book."""

    number: str
    book_number: str | None


@dataclass(frozen=True, slots=True)
class TicketReading:
    """A ticket as one person may see it: ``texts`` by field name, opened, masked, or "erased".

    ``on_duty``: the reader holds the desk. ``steps`` are the events up to ``state``, if requested, with texts sealed; ``quoted``
    has these texts by version and field, for people who may audit and requested them.
    """

    state: TicketState
    numbers: Numbers
    texts: Mapping[str, str]
    masked: bool
    clocks: Sequence[Reading]
    legal: Sequence[Trigger]
    recorded_at: datetime
    on_duty: bool
    steps: Sequence[Step[TicketState]] = ()
    quoted: Mapping[int, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryStep(Step[TicketState]):
    """An event of a history, with the clocks of that moment and its texts, opened or masked."""

    clocks: Sequence[Reading]
    texts: Mapping[str, str]


def as_of(
    steps: Sequence[Step[TicketState]], version: int | None, at: datetime | None, known_at: datetime | None
) -> tuple[TicketState, list[Step[TicketState]]]:
    """A ticket at a version, as it was at a moment, or as it was known at a moment, with the steps up to then.

    For an event entered late, ``at`` uses the moment it happened, ``known_at`` the moment of recording. Raises NotFound.
    """
    known = [
        step
        for step in steps
        if (version is None or step.stored.version <= version) and (known_at is None or step.stored.recorded_at <= known_at)
    ]
    if version is not None and (not known or known[-1].stored.version < version):
        raise NotFound("version of the ticket")
    kept = [step for step in known if at is None or step.event.timestamp <= at]
    if not kept:
        raise NotFound("ticket at that moment")
    state: TicketState = fold(step.event for step in kept)
    return state, kept


def clocks_at(state: TicketState, at: datetime) -> Sequence[Reading]:
    """The latest reading of each of a ticket's clocks at a moment."""
    return latest(readings(state.timeline, state.kind, state.facility, at))


def numbers_in(stored: Sequence[StoredEvent], book: Book | None, position: int) -> Numbers:
    """A ticket's number, and its number in a book as of a position, from its stream."""
    taken = [(one.book, one.number) for one in stored if one.number is not None and one.position <= position]
    number = next(number for of, number in taken if of == Book.INTAKE)
    in_book = [number for of, number in taken if of == book]
    return Numbers(number, in_book[-1] if in_book else None)


def named(fields: Sequence[NamedText], clear: Sequence[str]) -> dict[str, str]:
    """Texts by name; ``clear`` may be longer."""
    return {name: text for (name, _, _), text in zip(fields, clear, strict=False)}


def by_version(fields: Sequence[NamedText], clear: Sequence[str]) -> dict[int, dict[str, str]]:
    """Texts of events, by version and name."""
    found: dict[int, dict[str, str]] = {}
    for (name, where, _), text in zip(fields, clear, strict=True):
        found.setdefault(where.version, {})[name] = text
    return found


def texts_in(steps: Sequence[Step[TicketState]]) -> list[NamedText]:
    """The personal texts of events, with their places in the log."""
    return [
        (name, PlainField(step.stored.stream_id, step.stored.version, name), text)
        for step in steps
        for name, text in seal_fields(step.event)
    ]


def texts_of(state: TicketState) -> list[NamedText]:
    """The personal texts of a ticket, with their places in the log."""
    named: list[tuple[str, Text]] = [
        (name, text)
        for name in ("description", "reporter_name", "reporter_phone", "dwelling", "resolution")
        if (text := getattr(state, name)) is not None and text.value is not None
    ]
    named += [(f"checklist.{c.item}", c.evidence) for c in state.checklist if c.evidence is not None]
    if state.rectification is not None:
        named.append(("rectification", state.rectification.what))
    named += [(f"attachments.{file.name}", file.file_name) for file in state.attachments if file.file_name is not None]
    return [(name, _field(state, text), text.value) for name, text in named]


def _field(state: TicketState, text: Text) -> PlainField:
    return PlainField(state.id, text.version, text.name)
