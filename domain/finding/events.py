"""The finding (考评事项): one deduction or bonus entry against the scorecard, with its evidence (D2).

The system proposes a finding from a cause, or a person records it. Somebody who neither recorded it nor is concerned confirms or
waives it. The people it charges may contest it. Items, points and severities are checked against the rule book when a command is
decided, never on replay; every event that was checked names the rule book's version.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.periods import Month, Period
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import FindingCause, FindingStatus, WaiveReason
from domain.rules.clocks import Reading
from domain.rules.scorecard import Points, Severity
from domain.tally.facts import ConfirmedFinding

COUNTING = frozenset((FindingStatus.CONFIRMED, FindingStatus.CONTESTED, FindingStatus.UPHELD))
"""States in which a finding is charged on the tally; a contested finding counts until it is revoked."""


def proposal_stream(cause: FindingCause, stream: UUID, which: int) -> UUID:
    """The id of the finding for a cause, derived so that one cause has one finding.

    ``stream`` is the ticket, shift or desk; ``which`` numbers its causes of one kind.
    """
    return uuid5(NAMESPACE_URL, f"gongdan:finding:{cause.value}:{stream}:{which}")


@dataclass(frozen=True, slots=True)
class DecidedPoints:
    """Points decided by hand, for one unit, in the two columns (items 46 and B1–B7); multiples of a half."""

    director: Decimal
    administrator: Decimal


@dataclass(frozen=True)
class FindingState(FoldedState):
    """A finding. ``recorded_by`` is None if the system proposed it.

    ``booked_month`` (``2026-04``) is the month that charges an adjustment, if the month of ``day`` was closed.
    """

    id: UUID
    version: int
    community: str = ""
    status: FindingStatus = FindingStatus.PROPOSED
    item: str = ""
    day: date | None = None
    area: str | None = None
    quantity: int = 1
    severity: Severity = Severity.NORMAL
    parties: tuple[str, ...] = ()
    doubled: bool = False
    overdue_days: int | None = None
    amount_fen: int | None = None
    points: DecidedPoints | None = None
    tickets: tuple[UUID, ...] = ()
    shifts: tuple[UUID, ...] = ()
    attachments: tuple[str, ...] = ()
    cause: FindingCause | None = None
    reading: Reading | None = None
    rule_book: str = ""
    note: Text | None = None
    recorded_by: str | None = None
    recorded_at: datetime | None = None
    decided_by: tuple[str, ...] = ()
    decided_at: datetime | None = None
    waive_reason: WaiveReason | None = None
    booked_month: str | None = None
    contested_by: str | None = None
    grounds: Text | None = None
    review: Text | None = None
    occurred_at: datetime | None = None

    @property
    def month(self) -> str:
        """The month of its date, ``2026-03``."""
        return str(Month.of(self.day)) if self.day else ""

    @property
    def charged_month(self) -> str:
        """The month whose tally has the finding once it counts."""
        return self.booked_month or self.month

    @property
    def counts(self) -> bool:
        """Whether the finding is on a tally."""
        return self.status in COUNTING


def as_fact(finding: FindingState) -> ConfirmedFinding:
    """The finding as input of a tally, whatever its status. Raises ValueError for a stream without its first event."""
    if finding.day is None:
        raise ValueError(f"{finding.id} is no finding")
    points = finding.points
    return ConfirmedFinding(
        id=str(finding.id),
        item=finding.item,
        day=finding.day,
        area=finding.area,
        quantity=finding.quantity,
        severity=finding.severity,
        parties=finding.parties,
        doubled=finding.doubled,
        points=Points(director=points.director, administrator=points.administrator) if points else None,
        overdue_days=finding.overdue_days,
        amount_fen=finding.amount_fen,
        booked=Period.parse(finding.booked_month).last if finding.booked_month else None,
        tickets=tuple(str(ticket) for ticket in finding.tickets),
    )


@register
class Finding(Folded[FindingState]):
    """One finding."""

    TOPIC = "finding"
    STATE = FindingState

    class Event(Folded.Event[FindingState]):
        """Base of the finding's events."""

        TARGET: ClassVar[FindingStatus]
        """The status it leads to."""
        community: str

        @property
        def target(self) -> FindingStatus:
            """The status it leads to."""
            return self.TARGET

        def changes(self, s: FindingState) -> dict[str, Any]:
            """The state's fields that this event replaces, besides status and occurred_at."""
            return {}

        def evolve(self, state: FindingState) -> FindingState:
            """The finding after this event."""
            latest = self.timestamp if state.occurred_at is None else max(state.occurred_at, self.timestamp)
            return state.with_(status=self.TARGET, occurred_at=latest, **self.changes(state))

        def sealed_text(self, value: Private | None, name: str) -> Text | None:
            """A personal text of this event, with the references needed to open it."""
            return None if value is None else Text(value, self.originator_version, name)

    class FindingProposed(Event):
        """系统提出: the system found a cause. ``reading`` is the clock as evidence; ``timestamp`` is the moment of the cause."""

        TOPIC = "finding.proposed"
        TARGET = FindingStatus.PROPOSED
        cause: FindingCause
        item: str
        day: date
        rule_book: str
        area: str | None = None
        quantity: int = 1
        severity: Severity = Severity.NORMAL
        parties: tuple[str, ...] = ()
        doubled: bool = False
        overdue_days: int | None = None
        tickets: tuple[UUID, ...] = ()
        shifts: tuple[UUID, ...] = ()
        reading: Reading | None = None

        def changes(self, s: FindingState) -> dict[str, Any]:
            return _said(self, (*_DESCRIBED, "cause", "reading"))

    class FindingRecorded(Event):
        """记录: a person recorded it. ``points`` of a bonus are a proposal until they are approved."""

        TOPIC = "finding.recorded"
        TARGET = FindingStatus.RECORDED
        item: str
        day: date
        rule_book: str
        area: str | None = None
        quantity: int = 1
        severity: Severity = Severity.NORMAL
        parties: tuple[str, ...] = ()
        doubled: bool = False
        overdue_days: int | None = None
        amount_fen: int | None = None
        points: DecidedPoints | None = None
        tickets: tuple[UUID, ...] = ()
        shifts: tuple[UUID, ...] = ()
        attachments: tuple[str, ...] = ()
        note: Private | None = None

        def changes(self, s: FindingState) -> dict[str, Any]:
            return {
                **_said(self, (*_DESCRIBED, "amount_fen", "points", "attachments")),
                "note": self.sealed_text(self.note, "note"),
                "recorded_by": self.meta.actor,
                "recorded_at": self.timestamp,
            }

    class FindingConfirmed(Event):
        """确认: it counts. None left a field as recorded or proposed."""

        TOPIC = "finding.confirmed"
        TARGET = FindingStatus.CONFIRMED
        rule_book: str
        booked_month: str | None = None
        parties: tuple[str, ...] | None = None
        severity: Severity | None = None
        quantity: int | None = None
        amount_fen: int | None = None
        points: DecidedPoints | None = None

        def changes(self, s: FindingState) -> dict[str, Any]:
            completed = {name: value for name in COMPLETED if (value := getattr(self, name)) is not None}
            booked = {"rule_book": self.rule_book, "booked_month": self.booked_month}
            return {**_decided(self), **booked, **completed}

    class FindingWaived(Event):
        """不予扣分: it does not count, for the reason given."""

        TOPIC = "finding.waived"
        TARGET = FindingStatus.WAIVED
        reason: WaiveReason
        note: Private | None = None

        def changes(self, s: FindingState) -> dict[str, Any]:
            review = self.sealed_text(self.note, "note")
            return {**_decided(self), "waive_reason": self.reason, "review": review}

    class FindingContested(Event):
        """申诉: a person it charges objects; it counts until it is revoked."""

        TOPIC = "finding.contested"
        TARGET = FindingStatus.CONTESTED
        grounds: Private

        def changes(self, s: FindingState) -> dict[str, Any]:
            return {"contested_by": self.meta.actor, "grounds": self.sealed_text(self.grounds, "grounds")}

    class FindingUpheld(Event):
        """维持: two people rejected the objection."""

        TOPIC = "finding.upheld"
        TARGET = FindingStatus.UPHELD
        reason: Private

        def changes(self, s: FindingState) -> dict[str, Any]:
            return {**_decided(self), "review": self.sealed_text(self.reason, "reason")}

    class FindingRevoked(Event):
        """撤销: two people granted the objection; it no longer counts."""

        TOPIC = "finding.revoked"
        TARGET = FindingStatus.REVOKED
        reason: Private

        def changes(self, s: FindingState) -> dict[str, Any]:
            return {**_decided(self), "review": self.sealed_text(self.reason, "reason")}

    class FindingWithdrawn(Event):
        """系统撤回: a later event removed the cause. ``reading`` is the clock's present reading, if a clock was the cause."""

        TOPIC = "finding.withdrawn"
        TARGET = FindingStatus.WITHDRAWN
        reading: Reading | None = None


COMPLETED = ("parties", "severity", "quantity", "amount_fen", "points")
"""Fields that a confirmation may complete."""
_DESCRIBED = (
    "community",
    "item",
    "day",
    "rule_book",
    "area",
    "quantity",
    "severity",
    "parties",
    "doubled",
    "overdue_days",
    "tickets",
    "shifts",
)


def _said(event: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}


def _decided(event: Any) -> dict[str, Any]:
    people = [event.meta.actor, event.meta.second_person]
    return {"decided_by": tuple(login for login in people if login), "decided_at": event.timestamp}
