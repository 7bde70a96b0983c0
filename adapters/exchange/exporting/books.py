"""Query books and the service report as documents, for the API, the command line and Excel; personal data is masked."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from adapters.answers.documents import Answer, Moment, document
from adapters.answers.ticket.documents import AssigneeAnswer, LocationAnswer
from adapters.answers.ticket.ticket import assignee_answer
from adapters.composition import Gongdan
from domain.kernel import terms as t
from domain.kernel.errors import invalid
from domain.kernel.ports import PlainField, Sealer
from domain.kernel.privacy import ERASED, MASKED, Text, mask_name, mask_phone
from domain.people.authority import Right, denied
from domain.people.directory import Directory
from domain.people.reading_scope import Scope
from projections.ticket.register_books import BOOKS, REGISTER_BOOKS, RegisterRow, register
from projections.ticket.service_report import SERVICE_REPORT, Fact, Report, report

BOOK_NAMES: dict[str, t.Book] = {book.name.lower(): book for book in BOOKS}
"""The seven books, by their names in URLs and commands."""


class RegisterReporter(Answer):
    """The reporter, masked."""

    name: str | None
    phone: str | None


class RegisterEntry(Answer):
    """One number of a book (记录册); ``void`` where the ticket moved to another book, with the number ``replaced_by``."""

    number: str
    ticket: UUID
    ticket_number: str | None
    recorded_at: Moment
    void: bool
    replaced_by: str | None
    state: t.State
    kind: t.Kind | None
    category: str | None
    facility: t.Facility | None
    channel: t.Channel
    urgency: t.Urgency
    location: LocationAnswer
    reporter: RegisterReporter
    description: str | None
    assignee: str | AssigneeAnswer | None
    received_at: Moment
    completed_at: Moment | None
    outcome: t.CompletionOutcome | None
    resolution: str | None
    closed_at: Moment | None
    rating: int | None
    unreached: bool
    rework: int
    back_entered: bool


class RegisterAnswer(Answer):
    """Entries of a book in the order of their numbers, as of ``position``."""

    community: str
    book: str
    position: int
    items: list[RegisterEntry]
    next_cursor: str | None


class CategoryCount(Answer):
    """Number of tickets received in a category."""

    kind: t.Kind | None
    category: str
    received: int


class ClockCompliance(Answer):
    """Compliance with a clock; ``rate`` = met ÷ (met + breached)."""

    met: int
    breached: int
    rate: str | None


class FirstTimeFix(Answer):
    """First-time fix rate: satisfied verdicts on work never reworked or reopened ÷ all satisfied verdicts (``of``)."""

    fixed: int
    of: int
    rate: str | None


class Satisfaction(Answer):
    """The residents' verdicts; ``average``: of the ratings 1 to 5."""

    satisfied: int
    dissatisfied: int
    rate: str | None
    ratings: dict[str, int]
    average: str | None


class PersonReport(Answer):
    """A person's completed work and the verdicts on it."""

    person: str
    completed: int
    satisfied: int
    dissatisfied: int
    average: str | None


class ServiceReportAnswer(Answer):
    """A community's monthly service report (服务月报). Rates have four decimals, averages two; null for a division by zero."""

    community: str
    month: str
    position: int
    received: int
    back_entered: int
    by_kind: dict[str, int]
    by_channel: dict[str, int]
    by_kind_and_channel: dict[str, dict[str, int]]
    top_categories: list[CategoryCount]
    completed: int
    cancelled: int
    clocks: dict[str, ClockCompliance]
    first_time_fix: FirstTimeFix
    rework: int
    reopened: int
    unreached: int
    satisfaction: Satisfaction
    people: list[PersonReport]


async def _scope(gongdan: Gongdan, directory: Directory, login: str, community: str, what: str, *, whole: bool) -> Scope:
    """A person's reading scope; raises NotAllowed where it is empty or, with ``whole``, less than the whole community."""
    scope = await gongdan.scopes.scope(directory, login, community)
    if scope.nothing or (whole and not scope.everything):
        raise denied(Right.READ, what, directory.roles(login, community, gongdan.clock.now()))
    return scope


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


async def register_answer(
    gongdan: Gongdan,
    directory: Directory,
    login: str,
    community: str,
    book: str,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
    after: int = 0,
    limit: int = 200,
) -> tuple[RegisterAnswer, int | None]:
    """A page of a book's numbers, by days of recording (both included), and the position to continue after (None: the end).

    Raises InvalidInput, NotAllowed.
    """
    if book not in BOOK_NAMES:
        raise invalid("/book", f"one of {', '.join(BOOK_NAMES)}")
    scope = await _scope(gongdan, directory, login, community, "register", whole=False)
    zone = directory.zone(community)
    found = await register(
        gongdan.projections.reader(REGISTER_BOOKS.name),
        community,
        BOOK_NAMES[book],
        recorded_from=_midnight(from_day, zone) if from_day else None,
        recorded_to=_midnight(to_day + timedelta(days=1), zone) if to_day else None,
        areas=None if scope.everything else sorted(scope.areas),
        own=None if scope.everything else scope.own,
        after=after,
        limit=limit,
    )
    items = await _entries(found.items, gongdan.sealer)
    answer = RegisterAnswer(community=community, book=book, position=found.position, items=items, next_cursor=None)
    return answer, found.items[-1].position if found.more else None


async def register_month(
    gongdan: Gongdan, directory: Directory, login: str, community: str, book: str, month: str, *, page: int = 200
) -> RegisterAnswer:
    """All numbers that a book took in a month (YYYY-MM, in the community's time zone), read ``page`` at a time."""
    first = month_of(month)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    items: list[RegisterEntry] = []
    after: int | None = 0
    while after is not None:
        found, after = await register_answer(
            gongdan, directory, login, community, book, from_day=first, to_day=last, after=after, limit=page
        )
        items += found.items
    return found.model_copy(update={"items": items})


async def _entries(rows: Sequence[RegisterRow], sealer: Sealer) -> list[RegisterEntry]:
    """Rows as entries. Names and telephone numbers are partly masked, other personal texts wholly."""
    masks: dict[str, Callable[[str], str]] = {"reporter_name": mask_name, "reporter_phone": mask_phone}
    named: list[tuple[int, str, RegisterRow, Text]] = [
        (i, name, row, text) for i, row in enumerate(rows) for name in masks if (text := getattr(row, name)) is not None
    ]
    opened = await sealer.open([(PlainField(row.ticket, text.version, text.name), text.value) for _, _, row, text in named])
    hints = {
        (i, name): ERASED if clear is None else masks[name](clear) for (i, name, _, _), clear in zip(named, opened, strict=True)
    }
    return [_entry(row, hints.get((i, "reporter_name")), hints.get((i, "reporter_phone"))) for i, row in enumerate(rows)]


def _entry(row: RegisterRow, name: str | None, phone: str | None) -> RegisterEntry:
    return document(
        RegisterEntry,
        row,
        location=LocationAnswer(
            area=row.area,
            building=row.building,
            entrance=row.entrance,
            dwelling=None if row.dwelling is None else MASKED,
            public_place=row.public_place,
        ),
        reporter=RegisterReporter(name=name, phone=phone),
        description=None if row.description is None else MASKED,
        resolution=None if row.resolution is None else MASKED,
        assignee=assignee_answer(row.assignee) if row.assignee else None,
    )


def month_of(text: str) -> date:
    """Parse a month written YYYY-MM; returns its first day. Raises InvalidInput."""
    try:
        if len(text) != 7:
            raise ValueError
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise invalid("/month", "a month is written YYYY-MM, such as 2026-03") from None
    if not 1970 <= first.year < 2200:
        raise invalid("/month", "lies outside the years 1970 to 2199")
    return first


async def service_report_answer(
    gongdan: Gongdan, directory: Directory, login: str, community: str, month: str
) -> ServiceReportAnswer:
    """A month's service report, for readers of the whole community; raises NotAllowed, InvalidInput."""
    await _scope(gongdan, directory, login, community, "service_report", whole=True)
    first = month_of(month)
    following = (first + timedelta(days=31)).replace(day=1)
    zone = directory.zone(community)
    found = await report(
        gongdan.projections.reader(SERVICE_REPORT.name),
        community,
        _midnight(first, zone),
        _midnight(following, zone),
        now=gongdan.clock.now(),
    )
    return as_document(found, month)


def as_document(found: Report, month: str) -> ServiceReportAnswer:
    """A report's document: its figures with rates and averages."""
    facts = {fact: found.facts.get(fact, 0) for fact in Fact}
    satisfied, dissatisfied = facts[Fact.SATISFIED], facts[Fact.DISSATISFIED]
    kinds = sorted(found.by_kind, key=_kind_order)
    return ServiceReportAnswer(
        community=found.community,
        month=month,
        position=found.position,
        received=found.received,
        back_entered=found.back_entered,
        by_kind={_kind(kind): found.by_kind[kind] for kind in kinds},
        by_channel={channel.value: found.by_channel[channel] for channel in t.Channel if channel in found.by_channel},
        by_kind_and_channel={
            _kind(kind): {
                channel.value: found.by_kind_and_channel[kind, channel]
                for channel in t.Channel
                if (kind, channel) in found.by_kind_and_channel
            }
            for kind in kinds
        },
        top_categories=[
            CategoryCount(kind=kind, category=category, received=count) for kind, category, count in found.categories
        ],
        completed=facts[Fact.COMPLETED],
        cancelled=facts[Fact.CANCELLED],
        clocks={
            clock.value: ClockCompliance(met=d.met, breached=d.breached, rate=_ratio(d.met, d.met + d.breached))
            for clock, d in found.clocks.items()
        },
        first_time_fix=FirstTimeFix(fixed=found.first_time, of=satisfied, rate=_ratio(found.first_time, satisfied)),
        rework=dissatisfied,
        reopened=facts[Fact.REOPENED],
        unreached=facts[Fact.UNREACHED],
        satisfaction=Satisfaction(
            satisfied=satisfied,
            dissatisfied=dissatisfied,
            rate=_ratio(satisfied, satisfied + dissatisfied),
            ratings={str(rating): found.ratings.get(rating, 0) for rating in range(1, 6)},
            average=_ratio(sum(r * n for r, n in found.ratings.items()), sum(found.ratings.values()), "0.01"),
        ),
        people=[
            PersonReport(
                person=person,
                completed=figures.completed,
                satisfied=figures.satisfied,
                dissatisfied=figures.dissatisfied,
                average=_ratio(figures.rating_sum, figures.rated, "0.01"),
            )
            for person, figures in sorted(found.people.items(), key=lambda one: (-one[1].completed, one[0]))
        ],
    )


def _kind(kind: t.Kind | None) -> str:
    return kind.value if kind else "none"


def _kind_order(kind: t.Kind | None) -> int:
    return list(t.Kind).index(kind) if kind else len(t.Kind)


def _ratio(part: int, whole: int, places: str = "0.0001") -> str | None:
    """A quotient as a decimal string, halves rounded up; None for a division by zero."""
    return str((Decimal(part) / whole).quantize(Decimal(places), ROUND_HALF_UP)) if whole else None
