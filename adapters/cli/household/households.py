"""``gongdan dwellings`` and ``gongdan residents``: a community's household register (住户名册), and what a dwelling has been
through."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.answers.household.documents import DwellingAnswer, HouseholdHistoryAnswer, HouseholdTicket, PhoneAnswer
from adapters.answers.household.reading import Reader, dwellings_answer, history_answer, phone_answer
from adapters.cli.terminal.console import Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan, operator
from adapters.cli.terminal.reading import As, caught_up, reader
from adapters.cli.ticket.importing import COLUMNS, SHOWN, Moves
from adapters.exchange.importing.household_register import ENCODINGS, RegisterReport, import_register, write_register_report
from adapters.labels.labels import label
from projections.household.household_history import HOUSEHOLD_HISTORY

residents = typer.Typer(no_args_is_help=True, help="Owners, residents and tenants (业主、住户、租户), as staff may read them.")
dwellings = typer.Typer(no_args_is_help=True, help="Dwellings, and who owns, lives in or rents them (住户名册).")

Community = Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")]


@dwellings.command("import")
def import_(
    community: Community,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The register: CSV or xlsx, detected by content.", dir_okay=False)],
    encoding: Annotated[str, typer.Option(help=f"The encoding of a CSV file: {' or '.join(ENCODINGS)}.")] = "utf-8",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and write nothing.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report: all of it (.json), or the refused rows (.csv).", dir_okay=False),
    ] = None,
    json: Json = False,
) -> None:
    """Import a register of dwellings and people, as the machine's operator.

    A row that can't be entered is refused with the reason; the others are entered. Importing a file again changes nothing, so an
    interrupted run can be repeated.
    """

    async def bring() -> RegisterReport:
        async with open_gongdan() as gongdan:
            with Progress(*COLUMNS, console=Console(stderr=True), transient=True) as shown, file.open("rb") as opened:
                moves = Moves(shown, shown.add_task("importing", total=None))
                by = operator(gongdan)
                return await import_register(
                    gongdan.register_entry, opened, file.name, community, by, encoding=encoding, dry_run=dry_run, progress=moves
                )

    found = run(bring())
    if report is not None:
        write_register_report(found, report)
    if json:
        emit(found.document())
    else:
        _print_report(found)


@dwellings.command("list")
def list_dwellings(
    community: Community,
    login: As = None,
    building: Annotated[str | None, typer.Option(help="Only in this building.")] = None,
    entrance: Annotated[str | None, typer.Option(help="Only in this entrance.")] = None,
    json: Json = False,
) -> None:
    """List dwellings. Their numbers are shown to readers who may open residents' data, which the access log records."""

    async def read() -> list[DwellingAnswer]:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, HOUSEHOLD_HISTORY.name)
            asked = await Reader.of(gongdan, await gongdan.directory.current(), who, community, "dwellings")
            found, more = await dwellings_answer(asked, building, entrance, opened=True, limit=200)
            while more is not None:
                page, more = await dwellings_answer(asked, building, entrance, opened=True, after=more, limit=200)
                found += page
            return found

    found = run(read())
    if json:
        emit({"items": [answered(one) for one in found], "next_cursor": None})
        return
    rows = [(one.id, one.area, one.building, one.entrance, one.dwelling) for one in found]
    table(("id", "area", "building", "entrance", "dwelling"), rows)


@dwellings.command("history")
def history(
    id: Annotated[UUID, typer.Argument(metavar="ID", help="The dwelling's id.")], login: As = None, json: Json = False
) -> None:
    """Show the history of a dwelling (住户档案): its people with dates and keys, its last 200 tickets.

    Opening personal data is recorded in the access log.
    """

    async def read() -> HouseholdHistoryAnswer:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, HOUSEHOLD_HISTORY.name)
            directory = await gongdan.directory.current()
            found, _ = await history_answer(gongdan, directory, who, id, personal=True, before=None, limit=200)
            return found

    found = run(read())
    if json:
        emit(answered(found))
        return
    at = found.dwelling
    say(" ".join(part for part in (at.area, at.building, at.entrance, at.dwelling) if part))
    people = [
        (one.name, one.phone, label(one.occupancy.tenure), one.occupancy.since, one.occupancy.until, one.occupancy.keys or None)
        for one in found.people
    ]
    table(("name", "phone", "tenure", "since", "until", "keys"), people)
    _tickets(found.tickets)


@residents.command("find")
def find(
    phone: Annotated[str, typer.Argument(metavar="PHONE", help="A telephone number, in any spelling.")],
    community: Annotated[str, typer.Option(metavar="CODE", help="The community's code.")],
    login: As = None,
    json: Json = False,
) -> None:
    """Find people by telephone number (来电识别), with their dwellings and last three tickets.

    The access log records each search, also one without a result.
    """

    async def read() -> PhoneAnswer:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            await caught_up(gongdan, HOUSEHOLD_HISTORY.name)
            return await phone_answer(gongdan, await gongdan.directory.current(), who, community, phone)

    found = run(read())
    if json:
        emit(answered(found))
        return
    for person in found.people:
        say(f"{person.id}  {person.name}")
        rows = [
            (label(one.tenure), one.location.building, one.location.entrance, one.location.dwelling, one.since, one.until)
            for one in person.occupancies
        ]
        table(("tenure", "building", "entrance", "dwelling", "since", "until"), rows)
        _tickets(person.tickets)
    if found.callers:
        say("callers who are not on the household register")
        _tickets(found.callers)
    if not (found.people or found.callers):
        say("nobody")


def _tickets(found: Sequence[HouseholdTicket]) -> None:
    if found:
        rows = [(one.number, label(one.state), one.received_at, one.description) for one in found]
        table(("ticket", "state", "received", "description"), rows)


def _print_report(found: RegisterReport) -> None:
    say(f"{found.file}{', nothing written' if found.dry_run else ''}")
    rows: list[tuple[str, object]] = [
        ("read", found.read),
        ("would be accepted" if found.dry_run else "accepted", found.accepted),
        *((f"  {what.value}", count) for what, count in found.entered.most_common()),
        ("there already", found.already_there),
        ("refused", len(found.refused)),
        *((f"  {reason}", count) for reason, count in found.refused_by_reason.items()),
    ]
    table(("", "rows"), rows)
    if found.ignored_columns:
        say(f"columns not read: {', '.join(found.ignored_columns)}")
    if found.refused:
        table(("row", "reason", "detail"), sorted(found.refused)[:SHOWN])
        if len(found.refused) > SHOWN:
            say(f"… and {len(found.refused) - SHOWN} more; --report FILE has them all")
