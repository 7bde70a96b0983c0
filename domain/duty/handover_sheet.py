"""The handover sheet (工作移交表): equipment, unfinished work and records, signed by both officers (D1 4.1.3).

A sheet is read at one log position. Its canonical form is RFC 8785 JSON of ids, numbers, states, versions, clock readings, codes
and digests; both signatures cover its SHA-256. Decrypted text is left out because it would be lost if a resident is erased: so
the form follows from the freezing event alone and can be proven for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import rfc8785

from domain.kernel.errors import RuleRefused
from domain.kernel.privacy import Sealed, Text
from domain.kernel.terms import Condition, Kind, State, Urgency
from domain.rules.clocks import Reading, latest, readings
from domain.rules.policy import DutyTimes
from domain.ticket.state import TicketState

FORM = 1
"""Version of the canonical form; it is part of the hashed bytes."""


@dataclass(frozen=True, slots=True)
class SheetTicket:
    """An unfinished ticket on the sheet; its clocks were read when the sheet was prepared."""

    id: UUID
    number: str
    state: State
    version: int
    urgency: Urgency
    clocks: tuple[Reading, ...]
    kind: Kind | None = None
    book_number: str | None = None
    deferred_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Equipment:
    """An item of a post's equipment list, and its condition."""

    item: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature over a sheet's SHA-256 (hex)."""

    by: str
    at: datetime
    hash: str


@dataclass(frozen=True, slots=True)
class Dispute:
    """An objection to the sheet, with its reason."""

    by: str
    at: datetime
    reason: Text


@dataclass(frozen=True)
class Sheet:
    """The ``number``-th sheet of a shift: its content, and its signatures or the objection to it."""

    number: int
    community: str
    shift: UUID
    officer: str
    position: int
    prepared_by: str
    prepared_at: datetime
    tickets: tuple[SheetTicket, ...]
    equipment: tuple[Equipment, ...]
    records: tuple[str, ...]
    remarks: Text | None = None
    signed_out: Signature | None = None
    signed_in: Signature | None = None
    dispute: Dispute | None = None

    @property
    def deferred(self) -> tuple[SheetTicket, ...]:
        """次日安排: the tickets deferred to the morning (D5 五)."""
        return tuple(ticket for ticket in self.tickets if ticket.deferred_until is not None)

    def document(self) -> dict[str, Any]:
        """The signed content as JSON values: strings, integers, null."""
        return {
            "form": FORM,
            "community": self.community,
            "shift": str(self.shift),
            "sheet": self.number,
            "officer": self.officer,
            "position": self.position,
            "prepared_by": self.prepared_by,
            "prepared_at": _instant(self.prepared_at),
            "tickets": [_ticket(ticket) for ticket in self.tickets],
            "deferred": [str(ticket.id) for ticket in self.deferred],
            "equipment": [{"item": one.item, "condition": one.condition.value} for one in self.equipment],
            "records": list(self.records),
            "remarks": _digest(self.remarks) if self.remarks is not None else None,
        }

    @property
    def canonical(self) -> bytes:
        """The canonical form (RFC 8785)."""
        return rfc8785.dumps(self.document())

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, in hex."""
        return sha256(self.canonical).hexdigest()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else _instant(moment)


def _digest(text: Text) -> str:
    """SHA-256 of a text's ciphertext, which stays when its key is destroyed."""
    if not isinstance(text.value, Sealed):
        raise TypeError("a sheet is made of sealed texts")
    return sha256(text.value.nonce + text.value.ciphertext).hexdigest()


def _ticket(ticket: SheetTicket) -> dict[str, Any]:
    return {
        "id": str(ticket.id),
        "number": ticket.number,
        "book_number": ticket.book_number,
        "kind": ticket.kind.value if ticket.kind else None,
        "state": ticket.state.value,
        "version": ticket.version,
        "urgency": ticket.urgency.value,
        "deferred_until": _moment(ticket.deferred_until),
        "clocks": [
            {
                "clock": reading.clock.value,
                "status": reading.status.value,
                "started_at": _instant(reading.started_at),
                "due_at": _instant(reading.due_at),
                "stopped_at": _moment(reading.stopped_at),
                "breached_at": _moment(reading.breached_at),
            }
            for reading in ticket.clocks
        ],
    }


def sheet_ticket(state: TicketState, number: str, book_number: str | None, at: datetime) -> SheetTicket:
    """The sheet's entry for a ticket, with its clocks read at a moment."""
    moment = max(at, state.occurred_at or at)
    return SheetTicket(
        state.id,
        number,
        state.state,
        state.version,
        state.urgency,
        tuple(latest(readings(state.timeline, state.kind, state.facility, moment))),
        state.kind,
        book_number,
        state.deferred_until,
    )


def not_converted(
    state: State, kind: Kind | None, deferred_until: datetime | None, at: datetime, zone: ZoneInfo, duty: DutyTimes
) -> bool:
    """Whether a deferred ticket is 未转单: at noon it is still unclassified, or a repair without a work order (D5 五)."""
    if deferred_until is None:
        return False
    noon = datetime.combine(deferred_until.astimezone(zone).date(), duty.noon, zone)
    waits = state is State.RECEIVED or (state is State.CLASSIFIED and kind is Kind.REPAIR)
    return waits and at.astimezone(UTC) >= noon.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class ChangedTicket:
    """A ticket that changed after the sheet was prepared."""

    id: UUID
    number: str
    state: State
    version: int
    state_then: State
    version_then: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The differences between the sheet's list and the present one."""

    added: Sequence[SheetTicket]
    gone: Sequence[SheetTicket]
    changed: Sequence[ChangedTicket]

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed)


def difference(then: Iterable[SheetTicket], now: Iterable[SheetTicket]) -> Difference:
    """Compare two lists by ids and versions."""
    before: Mapping[UUID, SheetTicket] = {ticket.id: ticket for ticket in then}
    after: Mapping[UUID, SheetTicket] = {ticket.id: ticket for ticket in now}
    changed = [
        ChangedTicket(id_, new.number, new.state, new.version, old.state, old.version)
        for id_, new in after.items()
        if (old := before.get(id_)) is not None and old.version != new.version
    ]
    added = [ticket for id_, ticket in after.items() if id_ not in before]
    return Difference(added, [ticket for id_, ticket in before.items() if id_ not in after], changed)


class StaleSheet(RuleRefused):
    """Refuses a signature because the list of unfinished tickets changed; a new sheet must be prepared."""

    def __init__(self, sheet: Sheet, since: Difference, trigger: str, legal: Sequence[str]) -> None:
        counts = [
            f"{len(tickets)} {what}"
            for what, tickets in (("added", since.added), ("gone", since.gone), ("changed", since.changed))
            if tickets
        ]
        detail = f"tickets changed after the sheet was prepared ({', '.join(counts) or 'and back'}); prepare it again"
        super().__init__("sheet_current", "D1 4.1.3", detail, "handing_over", trigger, legal)
        self.sheet = sheet
        self.since = since
