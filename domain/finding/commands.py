"""Commands on findings (考评事项), one for each trigger. They are checked here for form only; the rule book judges them later.

Field names are those of the HTTP interface. What the system proposes or withdraws has no command.
"""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from domain.kernel.terms import FindingTrigger, WaiveReason
from domain.kernel.values import Code, FreeText, Login, TicketRef, Value
from domain.rules.pay_bands import HalfPoints
from domain.rules.scorecard import Severity


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("the list has an entry twice")
    return values


def _in_reach(day: date) -> date:
    if not 1970 <= day.year < 2200:
        raise ValueError("lies outside the years 1970 to 2199")
    return day


Parties = Annotated[tuple[Login, ...], Field(max_length=20), AfterValidator(_distinct)]
Quantity = Annotated[int, Field(ge=1, le=10_000)]
Fen = Annotated[int, Field(ge=0, le=10**13)]
FileName = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Day = Annotated[date, AfterValidator(_in_reach)]


class GivenPoints(Value):
    """Points decided by hand, for one unit (items 46 and B1–B7): multiples of a half, as texts."""

    director: HalfPoints
    administrator: HalfPoints


class FindingCommand(Value):
    """Base of the commands; ``trigger`` is the row of the lifecycle table."""

    trigger: ClassVar[FindingTrigger]


class RecordFinding(FindingCommand):
    """Record a finding: the scorecard's item, when and where, who was directly involved, and the evidence.

    Points that are decided by hand may be left to the person who confirms; those of a bonus are a proposal.
    """

    trigger = FindingTrigger.RECORD
    community: Code
    item: Annotated[str, StringConstraints(pattern=r"^B?[1-9][0-9]{0,2}$")]
    date: Day
    area: Code | None = None
    quantity: Quantity = 1
    severity: Severity = Severity.NORMAL
    parties: Parties = ()
    doubled: bool = False
    overdue_days: Annotated[int, Field(ge=0, le=10_000)] | None = None
    amount_fen: Fen | None = None
    points: GivenPoints | None = None
    tickets: Annotated[tuple[TicketRef, ...], Field(max_length=50)] = ()
    shifts: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()
    attachments: Annotated[tuple[FileName, ...], Field(max_length=50)] = ()
    note: FreeText | None = None


class ConfirmFinding(FindingCommand):
    """Confirm that a finding counts, and complete it. Fields left out stay as recorded."""

    trigger = FindingTrigger.CONFIRM
    parties: Parties | None = None
    severity: Severity | None = None
    quantity: Quantity | None = None
    amount_fen: Fen | None = None
    points: GivenPoints | None = None


class WaiveFinding(FindingCommand):
    """Decide that a finding does not count. Reason ``other`` needs a note."""

    trigger = FindingTrigger.WAIVE
    reason: WaiveReason
    note: FreeText | None = None


class ContestFinding(FindingCommand):
    """Object to a confirmed finding that charges oneself."""

    trigger = FindingTrigger.CONTEST
    reason: FreeText


class UpholdFinding(FindingCommand):
    """Reject an objection; the finding keeps counting. Always takes two people."""

    trigger = FindingTrigger.UPHOLD
    reason: FreeText


class RevokeFinding(FindingCommand):
    """Grant an objection; the finding no longer counts. Always takes two people."""

    trigger = FindingTrigger.REVOKE
    reason: FreeText


COMMANDS: dict[FindingTrigger, type[FindingCommand]] = {c.trigger: c for c in FindingCommand.__subclasses__()}
"""Every command by its trigger."""
