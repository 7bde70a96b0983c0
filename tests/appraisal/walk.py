"""A community's appraisal as random events in a log, and the tallies by a plain reading of those events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid5

from domain.appraisal.figure import Figure, figure_stream
from domain.appraisal.reprimand import Reprimand
from domain.finding.events import Finding, as_fact
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.periods import Month, Period
from domain.kernel.privacy import Personal
from domain.kernel.terms import ReprimandKind, Role, WaiveReason
from domain.people.community import Community, community_stream
from domain.people.staff import Grant, Person, person_stream
from domain.rules.rule_books import RuleBooks
from domain.rules.scorecard import rule_book
from domain.tally.dated_posts import appraised
from domain.tally.document import as_document
from domain.tally.facts import EarlierMonth, Facts, Metric, Warned
from domain.tally.frozen import canonical, digest
from domain.tally.months_closed import AppraisalBook, book_stream
from domain.tally.record import tallies
from domain.tally.tally import tally
from projections.appraisal.appraisal_tally import record
from projections.engine.view import Answer, Reader
from tests.support.estates.view_estate import Estate
from tests.tally.estate import BOOK, BOOK_TEXT, Document

HERE = "garden"
MARCH = Month(2026, 3)
STRICTER = BOOK_TEXT.replace('version = "default"', 'version = "strict"').replace("threshold = 3", "threshold = 2")
ITEMS = ("4", "7", "9", "14", "30", "36", "27")
BEGINNING: Sequence[tuple[str, Role, str | None]] = (
    ("li", Role.DIRECTOR, None),
    ("wang", Role.BUTLER, "A1"),
    ("zhao", Role.ASSISTANT, "A2"),
    ("sun", Role.SECURITY, None),
)
LOGINS = [login for login, *_ in BEGINNING]


@dataclass
class Rows:
    """The tables of one set, read at their position."""

    estate: Estate
    follower: Any

    async def read(self, statements: Sequence[tuple[str, dict[str, Any]]]) -> Answer:
        names = self.follower.tables.names
        wanted = [(sql.format_map(names), params) for sql, params in statements]
        results = await self.estate.database.snapshot(lambda tx: tx.queries(wanted))
        return Answer(0, results)

    async def consult(self, question: Any) -> Any:
        async def ask(statements: Any) -> Any:
            return (await self.read(statements)).results

        return 0, await question(ask)


@dataclass
class Walk:
    """Writes random events of one community's appraisal; ``numbered`` are its findings, ``versions`` its streams' versions."""

    estate: Estate
    random: Random
    day: date = date(2026, 2, 1)
    status: dict[UUID, tuple[str, date, str]] = field(default_factory=dict)
    given: list[UUID] = field(default_factory=list)
    grants: dict[str, list[Grant]] = field(default_factory=dict)
    closed: list[Month] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)
    made: int = 0

    def event(self, kind: Any, stream: UUID, /, **data: Any) -> Any:
        """The next event of a stream."""
        self.versions[stream] = self.versions.get(stream, 0) + 1
        at = datetime.combine(self.day, datetime.min.time(), UTC) + timedelta(hours=4)
        if stream == community_stream(HERE):
            self.versions[stream] = max(self.versions[stream], 2)
        meta = Meta("li.na", self.id(), second_person="kao" if kind is AppraisalBook.MonthClosed else None)
        return occurred(kind, stream, self.versions[stream], at, meta, **data)

    def id(self) -> UUID:
        """A fresh id."""
        self.made += 1
        return uuid5(book_stream(HERE), str(self.made))

    async def write(self, *events: Any) -> None:
        await self.estate.write(events, HERE)

    def entered(self, kind: Any, month: str, **data: Any) -> Any:
        """An entry of the appraisal book."""
        return self.event(kind, book_stream(HERE), community=HERE, month=month, **data)

    async def begin(self) -> None:
        """Add a director, two administrators and a member of staff."""
        for login, role, area in BEGINNING:
            await self.write(self.event(Person.PersonAdded, person_stream(login), login=login, name=login))
            await self.grant(login, role, area, date(2026, 1, 1))

    async def grant(self, login: str, role: Role, area: str | None, start: date) -> None:
        grant = Grant(self.id(), role, HERE, area, start)
        self.grants.setdefault(login, []).append(grant)
        await self.write(self.event(Person.RoleGranted, person_stream(login), grant=grant))

    async def step(self) -> None:
        """Do one random thing, possibly days later."""
        self.day += timedelta(days=self.random.choice([0, 0, 1, 4]))
        steps = [self.record, self.record, self.confirm, self.confirm, self.decide, self.report, self.reprimand, self.move]
        await self.random.choice([*steps, self.close, self.publish])()

    async def record(self) -> None:
        finding = self.id()
        day = self.day - timedelta(days=self.random.choice([0, 1, 9, 20]))
        said = {
            "item": self.random.choice(ITEMS),
            "quantity": self.random.choice([1, 1, 2]),
            "area": self.random.choice(["A1", "A2", None]),
            "doubled": self.random.random() < 0.2,
            "parties": tuple(self.random.sample(LOGINS, 1)),
            "tickets": (self.id(),),
        }
        self.status[finding] = ("recorded", day, "")
        await self.write(self.event(Finding.FindingRecorded, finding, community=HERE, day=day, rule_book="default", **said))

    def booked(self, month: Month) -> Month:
        while month in self.closed:
            month = month.after
        return month

    async def confirm(self) -> None:
        waiting = [one for one, (status, *_) in self.status.items() if status == "recorded"]
        if not waiting:
            return
        finding = self.random.choice(waiting)
        _, day, _ = self.status[finding]
        if self.random.random() < 0.2:
            self.status[finding] = ("waived", day, "")
            await self.write(self.event(Finding.FindingWaived, finding, community=HERE, reason=WaiveReason.SELF_HANDLED))
            return
        month = self.booked(Month.of(day))
        late = None if month == Month.of(day) else str(month)
        self.status[finding] = ("confirmed", day, str(month))
        confirmed = self.event(Finding.FindingConfirmed, finding, community=HERE, rule_book="default", booked_month=late)
        await self.write(confirmed, self.entered(AppraisalBook.FindingEntered, str(month), finding=finding))

    async def decide(self) -> None:
        """Contest confirmed findings; uphold some contested ones, and revoke those that no closed month charges."""
        contested = [one for one, (status, *_) in self.status.items() if status == "contested"]
        confirmed = [one for one, (status, *_) in self.status.items() if status == "confirmed"]
        text = Personal(self.id(), "不服")
        if contested:
            finding = contested[0]
            _, day, month = self.status[finding]
            revocable = Period.parse(month).last not in self.closed
            status = "revoked" if revocable and self.random.random() < 0.7 else "upheld"
            self.status[finding] = (status, day, month)
            kind = Finding.FindingRevoked if status == "revoked" else Finding.FindingUpheld
            events = [self.event(kind, finding, community=HERE, reason=text)]
            if status == "revoked":
                events.append(self.entered(AppraisalBook.FindingStruck, month, finding=finding))
            await self.write(*events)
        elif confirmed:
            finding = self.random.choice(confirmed)
            _, day, month = self.status[finding]
            self.status[finding] = ("contested", day, month)
            await self.write(self.event(Finding.FindingContested, finding, community=HERE, grounds=text))

    async def report(self) -> None:
        metric, period, value = self.random.choice(
            [
                ("fee_collection_rate", "2026-Q1", self.random.choice(["0.94", "0.95", "0.5"])),
                ("resident_card_rate", "2026-03", self.random.choice(["0.89", "0.9"])),
                ("register_check_errors", "2026-02", self.random.choice(["0", "3"])),
            ]
        )
        area = self.random.choice([None, "A1"])
        last = Period.parse(period).last
        if last in self.closed:
            return
        stream = figure_stream(HERE, metric, period, area)
        said = {"metric": metric, "period": period, "area": area, "value": Decimal(value), "rule_book": "default"}
        reported = self.event(Figure.FigureReported, stream, community=HERE, **said)
        await self.write(reported, self.entered(AppraisalBook.FigureEntered, str(last), figure=stream))

    async def reprimand(self) -> None:
        month = str(Month.of(self.day))
        if Month.of(self.day) in self.closed:
            return
        text = Personal(self.id(), "迟到")
        if self.given and self.random.random() < 0.3:
            stream = self.given.pop()
            withdrawn = self.event(Reprimand.ReprimandWithdrawn, stream, community=HERE, reason=text)
            await self.write(withdrawn, self.entered(AppraisalBook.ReprimandStruck, month, reprimand=stream))
            return
        stream = self.id()
        self.given.append(stream)
        said = {"login": self.random.choice(LOGINS[:2]), "kind": ReprimandKind.WARNING, "day": self.day, "reason": text}
        given = self.event(Reprimand.ReprimandGiven, stream, community=HERE, **said)
        await self.write(given, self.entered(AppraisalBook.ReprimandEntered, month, reprimand=stream))

    async def move(self) -> None:
        """Move an area from one administrator to another in the middle of a month."""
        login = self.random.choice(LOGINS[1:3])
        last = self.grants[login][-1]
        ended = self.event(Person.GrantEnded, person_stream(login), grant=last.id, valid_to=self.day)
        await self.write(ended)
        await self.grant(login, Role.BUTLER, self.random.choice(["A1", "A2"]), self.day + timedelta(days=1))

    async def publish(self) -> None:
        month = str(Month.of(self.day).after)
        said = {"text": STRICTER, "rule_book": "strict", "from_month": month}
        await self.write(self.event(Community.RuleBookPublished, community_stream(HERE), **said))

    async def close(self) -> None:
        """Close the next month that is over."""
        month = self.closed[-1].after if self.closed else Month(2026, 1)
        if month >= Month.of(self.day):
            return
        document = plain_months(await self.facts(10**9), month)[month]
        self.closed.append(month)
        form = canonical(HERE, document)
        said = {"rule_book": document.rule_book, "hash": digest(form), "position": 1, "tally": form.decode()}
        await self.write(self.entered(AppraisalBook.MonthClosed, str(month), **said))

    async def facts(self, position: int) -> "Plain":
        """The facts of the events up to a position, read one by one."""
        plain = Plain()
        for stored in await self.estate.log():
            if stored.position <= position:
                plain.take(self.estate.codec.decode(stored))
        return plain


@dataclass
class Plain:
    """Everything known, event by event, using none of our states except the finding's."""

    grants: dict[str, dict[UUID, Grant]] = field(default_factory=dict)
    logins: dict[UUID, str] = field(default_factory=dict)
    findings: dict[UUID, Any] = field(default_factory=dict)
    counting: dict[UUID, bool] = field(default_factory=dict)
    figures: dict[tuple[str, str, str | None], Decimal] = field(default_factory=dict)
    warned: dict[UUID, Warned] = field(default_factory=dict)
    books: dict[Month, str] = field(default_factory=dict)
    closed: dict[Month, str] = field(default_factory=dict)

    def take(self, event: Any) -> None:
        stream = event.originator_id
        match event:
            case Person.PersonAdded():
                self.logins[stream] = event.login
            case Person.RoleGranted():
                self.grants.setdefault(self.logins[stream], {})[event.grant.id] = event.grant
            case Person.GrantEnded():
                held = self.grants[self.logins[stream]]
                held[event.grant] = replace(held[event.grant], valid_to=event.valid_to)
            case Finding.FindingRecorded():
                self.findings[stream] = event.evolve(Finding.STATE(id=stream, version=0))
            case Finding.FindingConfirmed():
                self.findings[stream] = event.evolve(self.findings[stream])
                self.counting[stream] = True
            case Finding.FindingRevoked():
                self.counting[stream] = False
            case Figure.FigureReported():
                self.figures[event.metric, event.period, event.area] = event.value
            case Reprimand.ReprimandGiven():
                self.warned[stream] = Warned(event.login, event.day)
            case Reprimand.ReprimandWithdrawn():
                del self.warned[stream]
            case Community.RuleBookPublished():
                self.books[Period.parse(event.from_month).last] = event.text
            case AppraisalBook.MonthClosed():
                self.closed[Period.parse(event.month).last] = event.tally


def plain_months(plain: Plain, until: Month) -> dict[Month, Any]:
    """The tallies of a year up to a month, each by the pure function; closed months are checked against their frozen form."""
    law = RuleBooks(BOOK, {start: rule_book(text) for start, text in plain.books.items()})
    found: dict[Month, Any] = {}
    earlier: list[EarlierMonth] = []
    month = Month(until.year, 1)
    while month <= until:
        facts = Facts(
            month=month,
            people=tuple(p for login in sorted(plain.grants) if (p := appraised(login, plain.grants[login].values()))),
            findings=tuple(as_fact(f) for f in plain.findings.values() if plain.counting.get(f.id)),
            metrics=tuple(Metric(name, Period.parse(p), v, a) for (name, p, a), v in plain.figures.items()),
            warnings=tuple(plain.warned.values()),
            earlier_months=tuple(earlier),
        )
        made = tally(law, facts)
        found[month] = replace(made, people=tuple(one for one in made.people if one.post or one.lines))
        earlier += [EarlierMonth(month, one.login, one.deductions, one.total) for one in found[month].people]
        month = month.after
    return found


async def projected(reader: Reader, months: Iterable[Month]) -> dict[Month, Document]:
    """The record made from the projection's rows."""
    known = await record(reader, HERE, 2026, BOOK)
    return {month: as_document(tallies(known.record, month, month)[month], explained=True) for month in months}
