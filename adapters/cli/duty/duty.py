"""``gongdan duty``: read the handover list, logs, coverage, the morning review, reminders and attendance."""

from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from adapters.answers.duty.reading import (
    coverage_answer,
    handover_list_answer,
    log_answer,
    morning_review_answer,
    reminders_answer,
)
from adapters.answers.duty.roster import AttendanceAnswer
from adapters.cli.terminal.console import Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.persons import read
from adapters.cli.terminal.reading import As, caught_up, moment, reader
from adapters.cli.ticket.reports import day_of
from adapters.exchange.exporting.attendance import attendance
from adapters.exchange.exporting.workbooks import ATTENDED_COLUMNS, attended_lines, write_attendance
from adapters.labels.labels import label
from domain.kernel.terms import ClockName, DutyLog, EscalationLevel, ReminderKind
from projections.duty.duty_coverage import DUTY_COVERAGE
from projections.duty.handover_list import HANDOVER_LIST
from projections.duty.morning_review import MORNING_REVIEW
from projections.duty.night_log import NIGHT_LOG
from projections.duty.reminders import REMINDERS

duty = typer.Typer(
    no_args_is_help=True, help="Duty (值班): handover list, logs, coverage, the morning review, reminders, attendance."
)

Community = Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")]
From = Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="From this moment; default: a day ago.")]
To = Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Up to this moment; default: now.")]


@duty.command("handover-list")
def handover_list(community: Community, login: As = None, json: Json = False) -> None:
    """Show the content of the next handover sheet (移交清单)."""
    found = read(login, (HANDOVER_LIST.name,), lambda g, c, _: handover_list_answer(g, c, community))
    if json:
        emit(found)
        return
    _items(found["items"])
    say(f"equipment: {', '.join(found['equipment'])}")
    say(f"records: {', '.join(found['records'])}")


def _items(items: list[dict[str, Any]]) -> None:
    rows = []
    for one in items:
        running = [f"{clock['clock']} {clock['status']} {clock['due_at']}" for clock in one["clocks"] if not clock["stopped_at"]]
        deferred = "not converted" if one["not_converted"] else one["deferred_until"]
        rows.append((one["number"], one["kind"], one["state"], one["received_at"], deferred, "\n".join(running)))
    table(("ticket", "kind", "state", "received", "deferred until", "clocks"), rows)


def _lines(lines: list[dict[str, Any]]) -> None:
    table(("at", "by", "text", "ticket"), [(one["at"], one["by"], one["text"], one["ticket"]) for one in lines])


@duty.command("night-log")
def night_log(
    community: Community,
    log: Annotated[DutyLog, typer.Option(help="Which of the two logs.")] = DutyLog.NIGHT_LOG,
    from_: From = None,
    to: To = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Show the night log (夜间值班记录表) or the work journal (工作日志). Opening the texts is recorded in the access log."""
    start, end = moment(from_, "--from"), moment(to, "--to")
    views = (NIGHT_LOG.name,)
    found = read(login, views, lambda g, c, at: log_answer(g, c, community, log, start, end, 200, at), "items")
    if json:
        emit(found)
    else:
        _lines(found["items"])


@duty.command("coverage")
def coverage(community: Community, from_: From = None, to: To = None, login: As = None, json: Json = False) -> None:
    """Show who was due and who held the desk (值班覆盖), late arrivals, handovers signed late, and gaps."""
    start, end = moment(from_, "--from"), moment(to, "--to")
    views = (DUTY_COVERAGE.name,)
    found = read(login, views, lambda g, c, at: coverage_answer(g, c, community, start, end, 200, at), "shifts")
    if json:
        emit(found)
    else:
        _coverage(found)


def _coverage(found: dict[str, Any]) -> None:
    heads = ("shift", "officer", "period", "opened", "ended", "late", "overdue")
    rows = [
        (s["id"], s["officer"], s["period"], s["opened_at"], s["ended_at"], s["late_minutes"] or "", s["overdue_minutes"] or "")
        for s in found["shifts"]
    ]
    table(heads, rows)
    for gap in found["gaps"]:
        say(f"nobody from {gap['began_at']} to {gap['ended_at'] or 'now'}: {gap['minutes']} minutes")
    for one in found["due"]:
        if one["absent"] or one["late_minutes"]:
            how = "never came" if one["absent"] else f"{one['late_minutes']} minutes late"
            say(f"due {one['date']} {one['period']}: {one['login']} {how}; held by {', '.join(one['held_by']) or 'nobody'}")


@duty.command("morning-review")
def morning_review(
    community: Community,
    day: Annotated[str | None, typer.Option("--date", metavar="DATE", help="The day; default: today.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Show the morning review (晨间查阅): last night, unfinished tickets by clock, changes since."""
    views = (HANDOVER_LIST.name, NIGHT_LOG.name, DUTY_COVERAGE.name, MORNING_REVIEW.name, REMINDERS.name)
    found = read(login, views, lambda g, c, _: morning_review_answer(g, c, community, day_of(day, "--date")))
    if json:
        emit(found)
        return
    say(f"{community} {found['date']}, night from {found['night_from']} to {found['night_to']}")
    _coverage(found)
    _lines(found["night_log"])
    _items(found["unfinished"])
    _reminders(found["reminders"])
    for proof in found["read"]:
        say(f"{proof['by']} read {proof['officer']}'s shift {proof['shift']} at {proof['at']}, up to {proof['read_upto']}")
    if found["unread"]:
        say(f"not read yet: {', '.join(found['unread'])}")


@duty.command("reminders")
def reminders(
    community: Community,
    everything: Annotated[bool, typer.Option("--all", help="Also those whose cause is gone.")] = False,
    login: As = None,
    json: Json = False,
) -> None:
    """Show reminders (提醒) of what is late or soon will be: clocks, handovers, an empty desk.

    All of the community's, or those about oneself, by the reader's rights.
    """
    views = (REMINDERS.name,)
    found = read(login, views, lambda g, c, at: reminders_answer(g, c, community, not everything, 200, at), "items")
    if json:
        emit(found)
    else:
        _reminders(found["items"])


def _reminders(items: list[dict[str, Any]]) -> None:
    heads = ("since", "what", "about", "concerns", "level", "settled")
    rows = [
        (
            one["raised_at"],
            label(ReminderKind(one["kind"])) + (f" {label(ClockName(one['clock']))}" if one["clock"] else ""),
            one["number"] or one["about"],
            one["login"],
            label(EscalationLevel(one["level"])) if one["level"] else "",
            one["settled_at"],
        )
        for one in items
    ]
    table(heads, rows)


@duty.command("attendance")
def attendance_list(
    community: Community,
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month, in the community's time.")],
    xlsx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write an Excel workbook instead.", dir_okay=False)] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Show a month's attendance at the desk (考勤表), for human resources and the staff's superiors."""

    async def work() -> tuple[AttendanceAnswer, ZoneInfo]:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, DUTY_COVERAGE.name)
            directory = await gongdan.directory.current()
            return await attendance(gongdan, directory, who, community, month), directory.zone(community)

    found, zone = run(work())
    if xlsx is not None:
        write_attendance(xlsx, found, zone)
    if json:
        emit(answered(found))
    elif xlsx is not None:
        say(f"{found.month} in {xlsx}")
    else:
        table(ATTENDED_COLUMNS, attended_lines(found))
