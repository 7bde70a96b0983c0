"""``gongdan register`` and ``gongdan report``: the books and the monthly service report, on the screen, as JSON or Excel."""

from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from adapters.cli.terminal.console import Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.reading import As, caught_up, reader
from adapters.exchange.exporting.books import (
    BOOK_NAMES,
    RegisterAnswer,
    ServiceReportAnswer,
    register_answer,
    register_month,
    service_report_answer,
)
from adapters.exchange.exporting.workbooks import PEOPLE_COLUMNS, people_lines, report_lines, write_register, write_service_report
from adapters.rendering.assets import Assets
from adapters.rendering.environment import Templates
from adapters.rendering.printed_book import printed_book
from adapters.system.system import SystemClock
from domain.kernel.errors import invalid
from projections.ticket.register_books import REGISTER_BOOKS
from projections.ticket.service_report import SERVICE_REPORT

Xlsx = Annotated[Path | None, typer.Option(metavar="FILE", help="Write an Excel workbook instead.", dir_okay=False)]


def register(
    book: Annotated[str, typer.Argument(metavar="BOOK", help=f"One of {', '.join(BOOK_NAMES)}.")],
    community: Annotated[str, typer.Option(metavar="CODE", help="The community's code.")],
    login: As = None,
    from_day: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day of recording.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day of recording, included.")] = None,
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="A month of recording, instead of days.")] = None,
    xlsx: Xlsx = None,
    html: Annotated[
        Path | None, typer.Option("--print", metavar="FILE", help="Write a page to print on A4.", dir_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Show a book (记录册) by number, void numbers included; personal data is masked."""

    async def read() -> tuple[RegisterAnswer, ZoneInfo]:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, REGISTER_BOOKS.name)
            directory = await gongdan.directory.current()
            if month is not None:
                if from_day or to_day:
                    raise invalid("--month", "give either a month or days")
                whole = await register_month(gongdan, directory, who, community, book, month)
                return whole, directory.zone(community)
            since, until = day_of(from_day, "--from"), day_of(to_day, "--to")
            given = (gongdan, directory, who, community, book)
            whole, more = await register_answer(*given, from_day=since, to_day=until)
            items = list(whole.items)
            while more is not None:
                page, more = await register_answer(*given, from_day=since, to_day=until, after=more)
                items += page.items
            return whole.model_copy(update={"items": items}), directory.zone(community)

    found, zone = run(read())
    span = month or " – ".join(day for day in (from_day, to_day) if day)
    if xlsx is not None:
        write_register(xlsx, book, community, span, zone, found.items)
    if html is not None:
        page = printed_book(Templates(Assets()), book, community, span, zone, found.items, SystemClock().now())
        html.write_text(page, encoding="utf-8")
    if json:
        emit(answered(found))
    elif xlsx is not None or html is not None:
        say(f"{len(found.items)} entries in {', '.join(str(path) for path in (xlsx, html) if path)}")
    else:
        columns = ("number", "recorded", "ticket", "kind", "category", "state", "completed", "rating", "void")
        rows = [
            (
                one.number,
                f"{one.recorded_at.astimezone(zone):%Y-%m-%d %H:%M}",
                one.ticket_number,
                one.kind,
                one.category,
                one.state,
                f"{one.completed_at.astimezone(zone):%Y-%m-%d %H:%M}" if one.completed_at else None,
                one.rating,
                one.replaced_by if one.void else None,
            )
            for one in found.items
        ]
        table(columns, rows)


def report(
    community: Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")],
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month, in the community's time.")],
    login: As = None,
    xlsx: Xlsx = None,
    json: Json = False,
) -> None:
    """Show a month's service report (服务月报): volumes, clocks, first-time fix, rework, verdicts, people."""

    async def read() -> tuple[ServiceReportAnswer, ZoneInfo]:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, SERVICE_REPORT.name)
            directory = await gongdan.directory.current()
            return await service_report_answer(gongdan, directory, who, community, month), directory.zone(community)

    found, zone = run(read())
    if xlsx is not None:
        write_service_report(xlsx, found, zone)
    if json:
        emit(answered(found))
    elif xlsx is not None:
        say(f"{found.month} in {xlsx}")
    else:
        say(f"{found.community} 服务月报 {found.month}")
        before = ""
        rows = []
        for section, line, figure in report_lines(found):
            rows.append(("" if section == before else section, line, figure))
            before = section
        table(("类目", "项目", "数值"), rows)
        if found.people:
            table(PEOPLE_COLUMNS, people_lines(found))


def day_of(text: str | None, option: str) -> date | None:
    """Parse a day written YYYY-MM-DD (None for None); raises InvalidInput."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid(option, "a day is written YYYY-MM-DD") from None
