"""The use cases of what is reported for the appraisal (考评): figures, warnings, probations, evaluations.

Whatever changes a month's tally is also entered in the community's appraisal book, in one commit
(``domain.tally.months_closed``), so that no report slips into a month while it is being closed. A later report replaces an
earlier one; nothing is edited.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from domain.appraisal import commands as c
from domain.appraisal.evaluation import Evaluation, EvaluationState, evaluation_stream
from domain.appraisal.figure import Figure, FigureState, figure_stream
from domain.appraisal.probation import Probation, ProbationState, probation_stream
from domain.appraisal.reprimand import Reprimand, ReprimandState
from domain.finding.concern import person_of
from domain.kernel.aggregate import Folded, FoldedState, Meta, occurred
from domain.kernel.errors import InvalidInput, NotFound, RuleRefused, invalid
from domain.kernel.journal import decide_again
from domain.kernel.periods import Month, Period
from domain.kernel.ports import CommandRecord
from domain.kernel.privacy import Personal
from domain.kernel.request import Request
from domain.kernel.terms import EvaluationKind, Role
from domain.people.authority import Held, Need, Relation, Right, allow
from domain.people.directory import Directory
from domain.people.office import Office
from domain.people.person_rules import PersonRule
from domain.tally.facts import Metric
from domain.tally.figure_rules import wrong_figure
from domain.tally.months_closed import AppraisalBook, BookState, book_stream
from domain.tally.record import months

S = TypeVar("S", FigureState, ReprimandState, ProbationState, EvaluationState)

SUPERIORS = {Role.SUPERVISOR: 1, Role.DIRECTOR: 2, Role.APPRAISER: 3}
"""The rank of each superior (上级): higher numbers are above lower ones, and roles that are not listed are below all."""
CLAUSE = "D2 五"
BY_ANOTHER: PersonRule[str, str] = PersonRule(
    "reported_by_another", CLAUSE, "nobody may decide on a matter about themselves", None, lambda about, _, login: login == about
)
"""The rule's case is the login that a reprimand or probation is about."""


@dataclass(frozen=True, slots=True)
class Noted(Generic[S]):
    """What was reported, after the command, with the position and recording time of its last event."""

    state: S
    position: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """The facts on which a command is decided."""

    directory: Directory
    community: str
    roles: Sequence[Held]
    now: datetime
    today: date
    meta: Meta
    book: BookState

    def event(self, kind: Any, stream: UUID, version: int, /, **data: Any) -> Folded.Event:
        """Make an event of a stream."""
        event: Folded.Event = occurred(kind, stream, version, self.now, self.meta, community=self.community, **data)
        return event

    def entered(self, kind: Any, month: Month, **what: UUID) -> Folded.Event:
        """Make the appraisal book's entry for a month. Raises RuleRefused if the month is closed."""
        if self.book.is_closed(str(month)):
            raise RuleRefused("month_closed", CLAUSE, f"{month} is closed; reports for it can no longer be changed")
        return self.event(kind, self.book.id, self.book.version + 1, month=str(month), **what)


Decide = Callable[[Scene], Awaitable[Sequence[Folded.Event]]]


class AppraisalDesk:
    """Takes reports from people who may make them."""

    def __init__(self, office: Office) -> None:
        self._journal, self._directory, self._clock, self._ids = office.journal, office.directory, office.clock, office.ids

    async def report(self, command: c.ReportFigure, request: Request) -> Noted[FigureState]:
        """上报指标: report a figure of a period that has begun and whose last month is open."""
        stream = figure_stream(command.community, command.name, command.period, command.area)

        async def decide(x: Scene) -> Sequence[Folded.Event]:
            allow(Right.METRICS, "metrics", x.roles, Relation())
            span = command.span
            _begun(span, x.today)
            book = x.directory.law_of(x.community).of(span.last)
            wrong = list(wrong_figure(book, Metric(command.name, span, command.value, command.area)))
            if wrong:
                raise InvalidInput(wrong)
            areas = x.directory.community(x.community).areas
            if command.area is not None and command.area not in areas:
                raise invalid("/area", f"no such area in {x.community}; areas: {', '.join(areas) or 'none'}")
            version = await self._expected(stream, request)
            said = {"metric": command.name, "period": command.period, "value": command.value, "area": command.area}
            reported = x.event(Figure.FigureReported, stream, version + 1, rule_book=book.version, **said)
            return [reported, x.entered(AppraisalBook.FigureEntered, span.last, figure=stream)]

        return await self._do(command.community, stream, request, FigureState, decide)

    async def reprimand(self, command: c.GiveReprimand, request: Request) -> Noted[ReprimandState]:
        """警告、通报批评: warn a person as of a day in an open month. Every second warning of a year costs points (D2 五.5)."""
        stream = self._ids.new()

        async def decide(x: Scene) -> Sequence[Folded.Event]:
            allow(Right.WARNINGS, "warnings", x.roles, Relation())
            day = command.date or x.today
            _not_ahead(day, x.today, "/date")
            _about_another(x, command.login, request.login, "warnings")
            _appraised(x, command.login, Month.of(day), Month.of(day))
            reason = Personal(self._ids.new(), command.reason)
            said = {"login": command.login, "kind": command.kind, "day": day, "reason": reason}
            given = x.event(Reprimand.ReprimandGiven, stream, 1, **said)
            return [given, x.entered(AppraisalBook.ReprimandEntered, Month.of(day), reprimand=stream)]

        return await self._do(command.community, stream, request, ReprimandState, decide)

    async def withdraw(self, reprimand: UUID, command: c.WithdrawReprimand, request: Request) -> Noted[ReprimandState]:
        """撤销: withdraw a reprimand of an open month, once."""
        state = await self._journal.load(reprimand, ReprimandState)
        if state is None or state.day is None:
            raise NotFound("warning")
        community, month = state.community, Month.of(state.day)

        async def decide(x: Scene) -> Sequence[Folded.Event]:
            allow(Right.WARNINGS, "warnings", x.roles, Relation())
            _about_another(x, state.login, request.login, "warnings")
            version = await self._expected(reprimand, request)
            now = await self._journal.existing(reprimand, ReprimandState)
            if not now.counts:
                raise RuleRefused("withdrawn_once", f"{CLAUSE}.5", f"already withdrawn by {now.withdrawn_by}")
            reason = Personal(self._ids.new(), command.reason)
            withdrawn = x.event(Reprimand.ReprimandWithdrawn, reprimand, version + 1, reason=reason)
            return [withdrawn, x.entered(AppraisalBook.ReprimandStruck, month, reprimand=reprimand)]

        return await self._do(community, reprimand, request, ReprimandState, decide, what="warning")

    async def probation(self, command: c.SetProbation, request: Request) -> Noted[ProbationState]:
        """试用期: set another person's probation, or record its examination."""
        stream = probation_stream(command.community, command.login)

        async def decide(x: Scene) -> Sequence[Folded.Event]:
            allow(Right.WARNINGS, "probations", x.roles, Relation())
            _about_another(x, command.login, request.login, "probations")
            if person_of(x.directory, x.community, command.login) is None:
                raise invalid("/login", "no one with that login is appraised in this community")
            version = await self._expected(stream, request)
            state = await self._journal.load(stream, ProbationState) or ProbationState(stream, 0)
            start = command.start or state.start
            events = []
            if command.start is not None and command.end is not None:
                version += 1
                set_ = {"login": command.login, "start": command.start, "end": command.end}
                events.append(x.event(Probation.ProbationSet, stream, version, **set_))
            if command.examination is not None:
                taken = command.examination
                if start is None:
                    raise invalid("/from", "there is no probation yet; give its days as well")
                _not_ahead(taken.date, x.today, "/examination/date")
                if taken.date < start:
                    raise invalid("/examination/date", f"must not be before the probation, which began on {start}")
                version += 1
                said = {"day": taken.date, "passed": taken.passed, "score": taken.score}
                events.append(x.event(Probation.ProbationExamined, stream, version, **said))
            return events

        return await self._do(command.community, stream, request, ProbationState, decide)

    async def evaluate(self, command: c.Evaluate, request: Request) -> Noted[EvaluationState]:
        """自评、互评、住户评议、上级鉴定: evaluate a person for a period that has begun. Changes no points."""
        stream = evaluation_stream(command.community, command.login, command.kind, command.period, request.login)

        async def decide(x: Scene) -> Sequence[Folded.Event]:
            allow(Right.EVALUATIONS, f"evaluations {command.kind.value}", x.roles, _evaluating(x, command, request.login))
            _begun(command.span, x.today)
            _appraised(x, command.login, command.span.first, command.span.last)
            version = await self._expected(stream, request)
            remarks = None if command.remarks is None else Personal(self._ids.new(), command.remarks)
            said = {"login": command.login, "kind": command.kind, "period": command.period, "score": command.score}
            return [x.event(Evaluation.EvaluationRecorded, stream, version + 1, remarks=remarks, **said)]

        return await self._do(command.community, stream, request, EvaluationState, decide)

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _expected(self, stream: UUID, request: Request) -> int:
        """The stream's version. Raises StaleVersion if the caller saw another."""
        state = await self._journal.load(stream, FoldedState)
        version = state.version if state else 0
        if request.if_match is not None and request.if_match != version:
            raise await self._journal.stale(stream, request.if_match, version)
        return version

    async def _do(
        self, community: str, stream: UUID, request: Request, kind: type[S], decide: Decide, what: str = "community"
    ) -> Noted[S]:
        async def carry_out() -> Noted[S]:
            return await self._decided(community, stream, request, kind, decide, what)

        async def again(record: CommandRecord) -> Noted[S]:
            state = await self._journal.load_at(record.stream_id, record.version, kind)
            return Noted(state, record.position, record.recorded_at)

        return await self._journal.once(request.key, carry_out, again)

    async def _decided(
        self, community: str, stream: UUID, request: Request, kind: type[S], decide: Decide, what: str
    ) -> Noted[S]:
        """Decide and write one command; decide again on the newest book after a lost race."""
        directory = await self._directory.current(request.registry_version)

        async def attempt() -> Noted[S]:
            now = self._clock.now()
            roles = directory.roles(request.login, community, now)
            if not roles:
                raise NotFound(what)
            stream_of_book = book_stream(community)
            book = await self._journal.load(stream_of_book, BookState) or BookState(stream_of_book, 0, community)
            meta = Meta(request.login, request.command_id, policy=directory.policy_of(community).version)
            events = await decide(Scene(directory, community, roles, now, directory.day(community, now), meta, book))
            belonging = directory.belonging(community)
            written = await self._journal.write(events, belonging, command=request.key, answers_with=stream)
            last = written.appended.events[-1]
            version = max(event.originator_version for event in events if event.originator_id == stream)
            return Noted(await self._journal.load_at(stream, version, kind), last.position, last.recorded_at)

        return await decide_again(attempt)


def _begun(span: Period, today: date) -> None:
    if span.first > Month.of(today):
        raise invalid("/period", f"{span} has not begun")


def _not_ahead(day: date, today: date, pointer: str) -> None:
    if day > today:
        raise invalid(pointer, f"must not be in the future; today is {today}")


def _appraised(x: Scene, login: str, first: Month, last: Month) -> None:
    """Refuse a login that held no post in any of these months."""
    person = person_of(x.directory, x.community, login)
    if person is None or not any(person.post_in(month) for month in months(first, last)):
        raise invalid("/login", "no one with that login is appraised in this community at that time")


def _evaluating(x: Scene, command: c.Evaluate, by: str) -> Relation:
    """The evaluator's relation to the person: themselves, a colleague, a superior, or a spokesperson of the residents."""
    own = command.login == by
    below = _rank(x.directory.roles(command.login, x.community, x.now)) < _rank(x.roles)
    holds = {
        Need.EVALUATES_SELF: command.kind is EvaluationKind.SELF and own,
        Need.EVALUATES_PEER: command.kind is EvaluationKind.PEER and not own,
        Need.EVALUATES_BELOW: command.kind is EvaluationKind.SUPERIOR and not own and below,
        Need.FOR_RESIDENTS: command.kind is EvaluationKind.RESIDENTS and not own,
    }
    return Relation(frozenset(need for need, held in holds.items() if held))


def _rank(roles: Sequence[Held]) -> int:
    return max((SUPERIORS.get(held.role, 0) for held in roles), default=0)


def _about_another(x: Scene, login: str, by: str, command: str) -> None:
    """Refuse to let people warn themselves or set their own probation."""
    if BY_ANOTHER.forbids(login, command, by):
        raise BY_ANOTHER.refusal(command, (held.role.value for held in x.roles), ["another person"])
