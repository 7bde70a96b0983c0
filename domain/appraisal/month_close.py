"""The month's close (月结): two people freeze a month's tally and its hash; later findings are charged in an open month.

Both people agree to one tally: the request keeps the hash of the tally that the first person saw, and the approval fails if the
tally has another hash by then. The closing event expects the version of the appraisal book at which the tally was read
(``domain.tally.months_closed``), so no month closes over a tally that just changed.
"""

from datetime import date, datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.command import TwoPersonCommand
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import NotAllowed, NotFound, Refusal, RuleRefused
from domain.kernel.periods import Month, Period
from domain.kernel.request import Request
from domain.kernel.values import Code, MonthCode, Value
from domain.people.authority import Relation, Right, allow
from domain.people.directory import Directory
from domain.people.office import Office
from domain.rules.scorecard import RuleBook
from domain.tally.frozen import canonical, digest
from domain.tally.months_closed import AppraisalBook, BookState, book_stream
from domain.tally.record import Record, tallies

CLOSE_MONTH: Literal["close_month"] = "close_month"
CLAUSE = "D2 五"
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CloseMonth(Value):
    """Close a month (月结); ``hash`` names the tally that the caller saw."""

    community: Code
    month: MonthCode
    hash: Hash | None = None


class Records(Protocol):
    """Reads a community's appraisal record."""

    async def whole(self, community: str, year: int, first: RuleBook) -> tuple[int, Record]:
        """The record, and the log position it was read at, which includes all events written before the call.

        Raises Overloaded.
        """
        ...


class MonthClose(TwoPersonCommand):
    """Requests and carries out a month's close (``domain.approval.command.TwoPersonCommand``)."""

    def __init__(self, office: Office, records: Records) -> None:
        self._office = office
        self._journal = office.journal
        self._asking = Asking(office)
        self._records = records

    async def ask(self, command: CloseMonth, request: Request) -> Waiting:
        """Request a month's close. Raises RuleRefused unless the month is over, open, and next in order."""
        return await self._journal.once(request.key, lambda: self._asked(command, request), self._asking.answered)

    async def refused(self, directory: Directory, community: str, month: str, login: str) -> Refusal | None:
        """The refusal a person would meet when requesting a month's close; None if they may."""
        now = self._office.clock.now()
        roles = directory.roles(login, community, now)
        try:
            allow(Right.REVIEW_FINDING, CLOSE_MONTH, roles, Relation())
            _closable(await self._book(community), month, directory.day(community, now))
        except (NotAllowed, RuleRefused) as refusal:
            return refusal
        return None

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """The month's close. Raises RuleRefused if the tally is not the requested one."""
        command = CloseMonth.model_validate_json(text)
        book = await self._book(command.community)
        month = _closable(book, command.month, directory.day(command.community, now))
        position, rule_book, form = await self._made(directory, command.community, month)
        _same(command, form)
        frozen = {"month": str(month), "rule_book": rule_book, "hash": digest(form), "position": position, "tally": form.decode()}
        closed = occurred(AppraisalBook.MonthClosed, book.id, book.version + 1, now, meta, community=command.community, **frozen)
        return [closed]

    async def _asked(self, command: CloseMonth, request: Request) -> Waiting:
        community = command.community
        directory = await self._office.directory.current(request.registry_version)
        now = self._office.clock.now()
        roles = directory.roles(request.login, community, now)
        if not roles:
            raise NotFound("community")
        allow(Right.REVIEW_FINDING, CLOSE_MONTH, roles, Relation())
        book = await self._book(community)
        month = _closable(book, command.month, directory.day(community, now))
        _, _, form = await self._made(directory, community, month)
        _same(command, form)
        seen = command.model_copy(update={"hash": digest(form)})
        return await self._asking.ask(directory, Right.REVIEW_FINDING, CLOSE_MONTH, seen, community, request)

    async def _book(self, community: str) -> BookState:
        """The appraisal book. Read it before the tally, so that the tally contains at least the book's entries."""
        stream = book_stream(community)
        return await self._journal.load(stream, BookState) or BookState(stream, 0, community)

    async def _made(self, directory: Directory, community: str, month: Month) -> tuple[int, str, bytes]:
        """The position at which the tally was read, its rule book's version, and its canonical form."""
        position, record = await self._records.whole(community, month.year, directory.book)
        tally = tallies(record, month, month)[month]
        return position, tally.rule_book, canonical(community, tally)


def _closable(book: BookState, text: str, today: date) -> Month:
    """Check that a month may be closed: it is over, open, and follows the last closed one."""
    month = Period.parse(text).last
    following = max((Period.parse(one.month).last.after for one in book.closed), default=month)
    if book.is_closed(text):
        raise RuleRefused("closed_once", CLAUSE, f"{month} is already closed; the next to close is {following}")
    if month >= Month.of(today):
        raise RuleRefused("month_over", CLAUSE, f"{month} is not over yet; today is {today}")
    if book.closed and not book.is_closed(str(month.before)):
        raise RuleRefused("months_in_order", CLAUSE, f"months are closed in order; the next to close is {following}")
    return month


def _same(command: CloseMonth, form: bytes) -> None:
    if command.hash not in (None, digest(form)):
        raise RuleRefused("tally_unchanged", CLAUSE, f"the tally of {command.month} has changed; read it again before closing")
