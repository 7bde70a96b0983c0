"""Queries of duty: handover list, night log, coverage, morning review and reminders, as documents.

Each query checks rights first, then waits for ``min_position``; it raises NotFound outside the community, NotAllowed for
those who may not read it, and Overloaded where the read model does not reach the position in time.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from adapters.answers.caller import Caller
from adapters.answers.duty.documents import (
    ChangedTicket,
    CoverageAnswer,
    DueAnswer,
    Gap,
    HandoverItem,
    HandoverListAnswer,
    LogAnswer,
    LogLineAnswer,
    MorningReviewAnswer,
    ReadingProof,
    ReminderAnswer,
    RemindersAnswer,
)
from adapters.answers.duty.roster import covered, due_answer
from adapters.answers.freshness import reached
from adapters.answers.ticket.lists import scope_of
from adapters.answers.ticket.ticket import clock_answers
from adapters.composition import Gongdan
from domain.duty.handover_sheet import not_converted
from domain.duty.shift import ShiftState
from domain.kernel import terms as t
from domain.kernel.errors import invalid
from domain.kernel.ports import Access, PlainField
from domain.kernel.privacy import ERASED, MASKED
from domain.kernel.recorded_access import noted
from domain.people.authority import Mode, Need, Relation, Right, denied, weigh
from domain.people.post import DeskState
from domain.rules.duty_calendar import period_at, utc
from projections.duty.duty_coverage import DUTY_COVERAGE, Coverage, GapRow, coverage, kept
from projections.duty.handover_list import HANDOVER_LIST, HandoverRow, handover_list
from projections.duty.morning_review import MORNING_REVIEW, reviewed
from projections.duty.night_log import NIGHT_LOG, LineRow, lines
from projections.duty.reminders import REMINDERS, ReminderRow, place, reminders
from projections.engine.cursors import open_cursor, seal_cursor
from projections.engine.tables import micros

DAYS = timedelta(days=366)


async def _whole(gongdan: Gongdan, caller: Caller, community: str, what: str, *, on_duty: bool | None = None) -> None:
    """Refuse a caller who may not read all tickets of the community."""
    scope = await scope_of(gongdan, caller, community, on_duty=on_duty)
    if not scope.everything:
        raise denied(Right.READ, what, caller.directory.roles(caller.login, community, gongdan.clock.now()))


def _window(now: datetime, from_: datetime | None, to: datetime | None) -> tuple[datetime, datetime]:
    end = to or now + timedelta(microseconds=1)
    start = from_ or end - timedelta(days=1)
    if not timedelta(0) <= end - start <= DAYS:
        raise invalid("/query/from", "lies before `to`, by at most a year")
    return start, end


def _after(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return (-1, -1)
    at, position = open_cursor(cursor, int, int)
    return int(at), int(position)


def _item(caller: Caller, row: HandoverRow, now: datetime) -> HandoverItem:
    zone, policy = caller.directory.zone(row.community), caller.directory.policy_of(row.community)
    return HandoverItem(
        id=row.ticket,
        number=row.number,
        book_number=row.book_number,
        state=row.state,
        version=row.version,
        kind=row.kind,
        facility=row.facility,
        urgency=row.urgency,
        area=row.area,
        received_at=row.received_at,
        deferred_until=row.deferred_until,
        not_converted=not_converted(row.state, row.kind, row.deferred_until, now, zone, policy.duty),
        clocks=clock_answers(row.clocks(now)),
    )


async def _post(gongdan: Gongdan, desk: DeskState | None) -> t.Role:
    shift = await gongdan.journal.load(desk.shift.id, ShiftState) if desk and desk.shift else None
    return shift.post if shift is not None else t.Role.ASSISTANT


async def _lines(
    gongdan: Gongdan, caller: Caller, community: str, rows: Sequence[LineRow], on_duty: bool
) -> tuple[list[LogLineAnswer], bool]:
    """Make the documents of log lines, and say whether texts are masked.

    Texts are opened only after the access log has the entry; a caller gets masked texts where it can't be written.
    """
    now = gongdan.clock.now()
    holds = frozenset({Need.ON_DUTY}) if on_duty else frozenset[Need]()
    roles = caller.directory.roles(caller.login, community, now)
    opened = weigh(Right.OPEN_PERSONAL, roles, Relation(holds)) is Mode.FULL
    if opened and rows:
        subjects = list(dict.fromkeys(row.text.value.subject for row in rows))
        opened = await noted(gongdan.store.access_log, Access(now, caller.login, community, "duty_log", subjects))
    clear: Sequence[str | None] = [MASKED] * len(rows)
    if opened:
        fields = [(PlainField(row.shift, row.text.version, row.text.name), row.text.value) for row in rows]
        clear = await gongdan.sealer.open(fields)
    answers = [
        LogLineAnswer(
            shift=row.shift,
            at=row.at,
            by=row.by_login,
            log=row.log,
            text=ERASED if text is None else text,
            ticket=row.ticket,
            back_entered=row.back_entered,
            offline_entered=row.offline_entered,
        )
        for row, text in zip(rows, clear, strict=True)
    ]
    return answers, not opened


def _due(caller: Caller, found: Coverage, now: datetime) -> list[DueAnswer]:
    """Compare the roster with the shifts held. All rows are of one community, whose policy says how early to arrive."""
    if not found.due:
        return []
    terms = caller.directory.policy_of(found.due[0].community).handover
    ahead = timedelta(minutes=terms.arrive_before_minutes)
    return [due_answer(one) for one in kept(found.due, found.shifts, now, ahead)]


def _gap(row: GapRow, now: datetime) -> Gap:
    return Gap(
        after_shift=row.after_shift,
        began_at=row.began_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        minutes=max(0, ((row.ended_at or now) - row.began_at) // timedelta(minutes=1)),
    )


async def handover_list_answer(
    gongdan: Gongdan, caller: Caller, community: str, min_position: int | None = None
) -> HandoverListAnswer:
    """List the unfinished tickets that the next handover sheet would have (移交清单); for readers of all tickets only."""
    desk = await gongdan.office.desk(community)
    await _whole(gongdan, caller, community, "handover_list", on_duty=desk is not None and desk.on_duty(caller.login))
    await reached(gongdan, HANDOVER_LIST.name, min_position)
    now = gongdan.clock.now()
    found = await handover_list(gongdan.projections.reader(HANDOVER_LIST.name), community)
    terms = caller.directory.policy_of(community).handover
    items = [_item(caller, row, now) for row in found.items]
    return HandoverListAnswer(
        community=community,
        position=found.position,
        items=items,
        deferred=[item.id for item in items if item.deferred_until is not None],
        equipment=list(terms.equipment(await _post(gongdan, desk))),
        records=list(terms.records),
    )


async def log_answer(
    gongdan: Gongdan,
    caller: Caller,
    community: str,
    log: t.DutyLog,
    begin: datetime | None,
    end: datetime | None,
    limit: int,
    cursor: str | None = None,
    min_position: int | None = None,
) -> LogAnswer:
    """List lines of the night log or the work journal between two moments (at most a year, by default the last day).

    Opening texts is recorded in the access log; where that fails they are masked.
    """
    on_duty = await gongdan.office.holds_desk(caller.login, community)
    await _whole(gongdan, caller, community, "night_log", on_duty=on_duty)
    await reached(gongdan, NIGHT_LOG.name, min_position)
    begin, end = _window(gongdan.clock.now(), begin, end)
    reader = gongdan.projections.reader(NIGHT_LOG.name)
    found = await lines(reader, community, log, begin, end, after=_after(cursor), limit=limit + 1)
    rows = found.items[:limit]
    more = seal_cursor(micros(rows[-1].at), rows[-1].position) if len(found.items) > limit else None
    items, masked = await _lines(gongdan, caller, community, rows, on_duty)
    return LogAnswer(community=community, position=found.position, log=log, masked=masked, items=items, next_cursor=more)


async def coverage_answer(
    gongdan: Gongdan,
    caller: Caller,
    community: str,
    begin: datetime | None,
    end: datetime | None,
    limit: int,
    cursor: str | None = None,
    min_position: int | None = None,
) -> CoverageAnswer:
    """List the shifts between two moments (at most a year, by default the last day), gaps and duties on the first page."""
    await _whole(gongdan, caller, community, "duty_coverage")
    await reached(gongdan, DUTY_COVERAGE.name, min_position)
    now = gongdan.clock.now()
    begin, end = _window(now, begin, end)
    found = await coverage(gongdan.projections.reader(DUTY_COVERAGE.name), community, begin, end)
    after = _after(cursor)
    rest = [row for row in found.shifts if (micros(row.opened_at), row.first_position) > after]
    rows = rest[:limit]
    shifts = [covered(caller.directory, row, now) for row in rows]
    more = seal_cursor(micros(rows[-1].opened_at), rows[-1].first_position) if len(rest) > limit else None
    first = cursor is None
    return CoverageAnswer(
        community=community,
        position=found.position,
        shifts=shifts,
        gaps=[_gap(row, now) for row in found.gaps if first],
        due=_due(caller, found, now) if first else [],
        late_arrivals=[one.id for one in shifts if one.late_minutes],
        overdue_handovers=[one.id for one in shifts if one.overdue_minutes],
        next_cursor=more,
    )


async def reminders_answer(
    gongdan: Gongdan,
    caller: Caller,
    community: str,
    standing: bool,
    limit: int,
    cursor: str | None = None,
    min_position: int | None = None,
) -> RemindersAnswer:
    """List reminders (提醒): all of the community for readers of all its tickets, for others those about the caller."""
    scope = await scope_of(gongdan, caller, community)
    await reached(gongdan, REMINDERS.name, min_position)
    login = None if scope.everything else caller.login
    reader = gongdan.projections.reader(REMINDERS.name)
    found = await reminders(reader, community, standing=standing, login=login, after=_after(cursor), limit=limit + 1)
    rows = found.items[:limit]
    more = seal_cursor(*place(rows[-1])) if len(found.items) > limit else None
    items = await _reminders(gongdan, rows)
    return RemindersAnswer(community=community, position=found.position, items=items, next_cursor=more)


async def morning_review_answer(
    gongdan: Gongdan, caller: Caller, community: str, day: date | None = None, min_position: int | None = None
) -> MorningReviewAnswer:
    """Gather the supervisor's morning review of a day, with the night that ended on that day.

    It is read from five read models; ``position`` is the lowest of theirs, so nothing older than it is missing.
    """
    directory = caller.directory
    now = gongdan.clock.now()
    on_duty = await gongdan.office.holds_desk(caller.login, community)
    await scope_of(gongdan, caller, community, on_duty=on_duty)
    roles = directory.roles(caller.login, community, now)
    if weigh(Right.TAKE_OVER, roles, Relation()) is None:
        raise denied(Right.TAKE_OVER, "morning_review", roles)
    for view in (HANDOVER_LIST, NIGHT_LOG, DUTY_COVERAGE, MORNING_REVIEW, REMINDERS):
        await reached(gongdan, view.name, min_position)
    zone, policy = directory.zone(community), directory.policy_of(community)
    day = day or directory.day(community, now)
    midnight = utc(datetime.combine(day, time(), zone))
    night = period_at(midnight, zone, policy.duty)
    start, end = utc(night.start), utc(night.end)
    read = gongdan.projections.reader
    listed = await handover_list(read(HANDOVER_LIST.name), community)
    logged = await lines(read(NIGHT_LOG.name), community, t.DutyLog.NIGHT_LOG, start, end, limit=1000)
    held = await coverage(read(DUTY_COVERAGE.name), community, start, end)
    tomorrow = utc(datetime.combine(day + timedelta(days=1), time(), zone))
    standing = await reminders(read(REMINDERS.name), community, limit=1000)
    proof = await reviewed(read(MORNING_REVIEW.name), community, midnight, tomorrow)
    items = {row.ticket: _item(caller, row, now) for row in listed.items}
    texts, masked = await _lines(gongdan, caller, community, logged.items, on_duty)
    shifts = [covered(directory, row, now) for row in held.shifts]
    return MorningReviewAnswer(
        community=community,
        date=day,
        position=min(listed.position, logged.position, held.position, proof.position, standing.position),
        night_from=start,
        night_to=end,
        shifts=shifts,
        gaps=[_gap(row, now) for row in held.gaps],
        due=_due(caller, held, now),
        masked=masked,
        night_log=texts,
        deferred=[item for item in items.values() if item.deferred_until is not None],
        unfinished=sorted(items.values(), key=_urgency),
        by_clock=_by_clock(items.values()),
        reminders=await _reminders(gongdan, standing.items),
        since=proof.since,
        changes=[
            *(
                _change(row.ticket, row.number, row.state, row.version, "new" if row.first_position > proof.since else "changed")
                for row in listed.items
                if row.position > proof.since
            ),
            *(_change(row.ticket, row.number, row.state, row.version, "finished") for row in proof.finished),
        ],
        read=[
            ReadingProof(
                shift=row.shift, officer=row.officer, by=row.by_login, at=row.at, read_upto=row.read_upto, urged=row.urged
            )
            for row in proof.reviews
        ],
        unread=[one.id for one in shifts if one.state is t.ShiftStatus.HANDED_OVER],
    )


async def _reminders(gongdan: Gongdan, rows: Sequence[ReminderRow]) -> list[ReminderAnswer]:
    """Make the documents of reminders; reminders of tickets have the ticket's number."""
    numbers = await gongdan.store.numbers_of([row.about for row in rows if row.clock is not None])
    return [
        ReminderAnswer(
            id=row.reminder,
            kind=row.kind,
            about=row.about,
            number=next((one.number for one in numbers.get(row.about, ())), None),
            level=row.reminder_level,
            login=row.login,
            clock=row.clock,
            due_at=row.due_at,
            raised_at=row.raised_at,
            settled_at=row.settled_at,
        )
        for row in rows
    ]


def _change(
    ticket: UUID, number: str | None, state: t.State, version: int, change: Literal["new", "changed", "finished"]
) -> ChangedTicket:
    return ChangedTicket(id=ticket, number=number, state=state, version=version, change=change)


FAR = datetime.max.replace(tzinfo=UTC)


def _urgency(item: HandoverItem) -> tuple[datetime, str]:
    """Sort key: the earliest due moment of a running clock; tickets without a running clock come last."""
    due = [clock.due_at for clock in item.clocks if clock.stopped_at is None]
    return min(due, default=FAR), item.number or ""


def _by_clock(items: Iterable[HandoverItem]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for item in items:
        for clock in item.clocks:
            of = counts.setdefault(clock.clock.value, {})
            of[clock.status.value] = of.get(clock.status.value, 0) + 1
    return counts
