"""Documents of findings (考评事项) for the API and the command line. Points are decimal strings."""

from datetime import date
from uuid import UUID

from adapters.answers.documents import Answer, Moment, document
from adapters.answers.ticket.documents import ClockAnswer
from domain.finding.reading import FindingReading
from domain.kernel import terms as t
from domain.rules.scorecard import Severity
from domain.tally.document import amount


class PointsAnswer(Answer):
    """Points decided by hand, in the scorecard's two columns: director (主责任人) and administrator (付责任人)."""

    director: str
    administrator: str


class FindingAnswer(Answer):
    """A finding. ``month`` is the month whose tally charges it. Masked texts read ``***``."""

    id: UUID
    version: int
    community: str
    status: t.FindingStatus
    item: str
    date: date
    month: str
    area: str | None
    quantity: int
    severity: Severity
    parties: list[str]
    doubled: bool
    overdue_days: int | None
    amount_fen: int | None
    points: PointsAnswer | None
    tickets: list[UUID]
    shifts: list[UUID]
    attachments: list[str]
    cause: t.FindingCause | None
    clock: ClockAnswer | None
    rule_book: str
    recorded_by: str | None
    note: str | None
    decided_by: list[str]
    decided_at: Moment | None
    waive_reason: t.WaiveReason | None
    booked_month: str | None
    contested_by: str | None
    grounds: str | None
    review: str | None
    occurred_at: Moment
    masked: bool
    legal: list[t.FindingTrigger]


def finding_answer(reading: FindingReading) -> FindingAnswer:
    """Make the document of a finding; texts that the reader may not open are masked."""
    s = reading.state
    assert s.day is not None
    points = PointsAnswer(director=amount(s.points.director), administrator=amount(s.points.administrator)) if s.points else None
    lists = ("parties", "tickets", "shifts", "attachments", "decided_by")
    return document(
        FindingAnswer,
        s,
        **{name: list(getattr(s, name)) for name in lists},
        **{name: reading.texts.get(name) for name in ("note", "grounds", "review")},
        date=s.day,
        month=s.charged_month,
        points=points,
        clock=ClockAnswer.model_validate(s.reading) if s.reading else None,
        masked=reading.masked,
        legal=list(reading.legal),
    )
