"""``gongdan roster``: publish the duty roster (值班表), record swaps and leave, issue one's calendar feed."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.accounts.tokens import SECRET_BYTES, clear_secret, secret_digest
from adapters.answers.duty.roster import FeedAnswer, MadeFeed, RosterAnswer, roster_answer
from adapters.cli.terminal.console import Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.persons import asked
from adapters.cli.terminal.reading import As, reader
from adapters.composition import Gongdan
from adapters.exchange.importing.source import FileRefused
from adapters.system.system import entropy
from adapters.web.routing import PREFIX
from domain.duty.roster import Slot
from domain.duty.rostering import RosterDone, Wanted
from domain.kernel.terms import DutyPeriod

roster = typer.Typer(no_args_is_help=True, help="The duty roster (值班表): duties at the desk.")

Community = Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")]
Day = datetime
DAY = ["%Y-%m-%d"]
Why = Annotated[str, typer.Option("--reason", help="Why; only people who may roster can read it.")]
COLUMNS = ["date", "period", "login"]


def _print(found: RosterAnswer, json: bool) -> None:
    if json:
        emit(answered(found))
        return
    rows = [(one.date, one.period.value, one.login, one.starts_at, one.until) for one in found.duties]
    table(("date", "period", "due", "from", "to"), rows)
    for change in found.changes:
        passed = ", ".join(f"{one.date} {one.period.value} {one.was} → {one.now}" for one in change.duties)
        say(f"{change.kind.value} by {change.by} at {change.at.isoformat()}: {passed}; {change.reason}")


async def _answer(gongdan: Gongdan, login: str, done: RosterDone) -> RosterAnswer:
    return roster_answer(await gongdan.rostering.after_command(login, done.state))


@roster.command("show")
def show(
    community: Community,
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="The month.")],
    login: As = None,
    json: Json = False,
) -> None:
    """Show a month's roster and its changes since publication."""

    async def work() -> RosterAnswer:
        async with open_gongdan() as gongdan:
            return roster_answer(await gongdan.rostering.roster(await reader(gongdan, login), community, month))

    _print(run(work()), json)


@roster.command("publish")
def publish(
    community: Community,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with the columns date, period, login.", dir_okay=False)],
    login: As = None,
    json: Json = False,
) -> None:
    """Publish duties (公布值班表) of one month, for periods that have no duty yet."""
    wanted = list(_wanted(file))

    async def work() -> RosterAnswer:
        async with open_gongdan() as gongdan:
            request = await asked(gongdan, login)
            return await _answer(gongdan, request.login, await gongdan.rostering.publish(community, wanted, request))

    _print(run(work()), json)


def _wanted(file: Path) -> Iterator[Wanted]:
    """The duties in a file; raises FileRefused with the line."""
    try:
        rows = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), strict=True)
        if rows.fieldnames is None or sorted(rows.fieldnames) != sorted(COLUMNS):
            raise FileRefused(f"must have the columns {', '.join(COLUMNS)}, in any order")
        for row in rows:
            try:
                yield Wanted(datetime.strptime(row["date"], DAY[0]).date(), DutyPeriod(row["period"]), row["login"].strip())
            except (ValueError, TypeError, AttributeError):
                form = f"a day as YYYY-MM-DD, one of {', '.join(DutyPeriod)}, and a login"
                raise FileRefused(f"line {rows.line_num}: must have {form}") from None
    except UnicodeDecodeError:
        raise FileRefused("is not UTF-8") from None
    except csv.Error as error:
        raise FileRefused(f"line {rows.line_num}: {error}") from None


@roster.command("swap")
def swap(
    community: Community,
    first_day: Annotated[Day, typer.Argument(metavar="DATE", formats=DAY, help="The day of one duty.")],
    first_period: Annotated[DutyPeriod, typer.Argument(metavar="PERIOD", help="Its period.")],
    second_day: Annotated[Day, typer.Argument(metavar="DATE", formats=DAY, help="The day of the other.")],
    second_period: Annotated[DutyPeriod, typer.Argument(metavar="PERIOD", help="Its period.")],
    reason: Why,
    login: As = None,
    json: Json = False,
) -> None:
    """Swap the people of two duties (换班)."""
    first, second = Slot(first_day.date(), first_period), Slot(second_day.date(), second_period)

    async def work() -> RosterAnswer:
        async with open_gongdan() as gongdan:
            request = await asked(gongdan, login)
            return await _answer(gongdan, request.login, await gongdan.rostering.swap(community, first, second, reason, request))

    _print(run(work()), json)


@roster.command("leave")
def leave(
    community: Community,
    away: Annotated[str, typer.Argument(metavar="LOGIN", help="The person on leave.")],
    from_day: Annotated[Day, typer.Option("--from", formats=DAY, help="The first day.")],
    to_day: Annotated[Day, typer.Option("--to", formats=DAY, help="The last day, included.")],
    cover: Annotated[str, typer.Option(metavar="LOGIN", help="The person who covers.")],
    reason: Why,
    login: As = None,
    json: Json = False,
) -> None:
    """Record leave (请假顶班): all duties of these days that have not begun pass to the person who covers."""
    first, last = from_day.date(), to_day.date()

    async def work() -> RosterAnswer:
        async with open_gongdan() as gongdan:
            request = await asked(gongdan, login)
            done = await gongdan.rostering.leave(community, away, first, last, cover, reason, request)
            return await _answer(gongdan, request.login, done)

    _print(run(work()), json)


@roster.command("feed")
def feed(login: As = None, json: Json = False) -> None:
    """Issue a calendar feed of one's own duties (日历订阅) and print its address, which is not shown again.

    An earlier feed ends.
    """

    async def work() -> MadeFeed:
        async with open_gongdan() as gongdan:
            name = clear_secret(entropy(SECRET_BYTES))
            done = await gongdan.rostering.issue_feed(secret_digest(name), await asked(gongdan, login))
            return MadeFeed(login=done.state.login, active=True, address=f"{PREFIX}/rosters/feeds/{name}.ics")

    found = run(work())
    if json:
        emit(answered(found))
    else:
        say(found.address)


@roster.command("revoke-feed")
def revoke_feed(login: As = None, json: Json = False) -> None:
    """End one's calendar feed; its address stops working."""

    async def work() -> FeedAnswer:
        async with open_gongdan() as gongdan:
            done = await gongdan.rostering.revoke_feed(await asked(gongdan, login))
            return FeedAnswer(login=done.state.login, active=False)

    found = run(work())
    if json:
        emit(answered(found))
    else:
        say(f"{found.login} has no feed now")
