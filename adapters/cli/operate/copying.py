"""``gongdan copy``: move a store and its keys to another database. Prints no personal data and no password of a URL."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.cli.terminal.console import Failed, run, say, table
from adapters.store.log.opening import shown
from adapters.store.moving import move as moving
from adapters.store.moving.sides import Place
from adapters.system.settings import Settings, SettingsError


def copy(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="The new store: an empty database, or an interrupted copy.")],
    source: Annotated[
        str, typer.Option("--from", metavar="URL", help="The store to move; default: the one of the settings.")
    ] = "",
    from_keys: Annotated[
        str, typer.Option(metavar="URL", help="The key store to move; default: that of the settings, or a file beside --from.")
    ] = "",
    to_keys: Annotated[
        str,
        typer.Option(metavar="URL", help="The new key store; default: a file beside --to. That of --from: the keys do not move."),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Copy nothing: list what would be copied.")] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Stay at --from: permit writes there again, unless --to was written to since.")
    ] = False,
) -> None:
    """Move a store and its keys between SQLite and PostgreSQL, in any direction, and compare both sides.

    The old store serves while most is copied. At the end it refuses writes for a moment, and for good once the copy is whole.
    Repeat an interrupted copy: it goes on where it stopped. The master key's file stays where it is.
    """
    settings = Settings()
    start = source or settings.store
    old = Place(start, _keys(settings, start, from_keys, "--from-keys"))
    new = Place(to, _keys(settings, to, to_keys, "--to-keys"))
    master = _master_key(settings, start)
    if cancel:
        run(moving.cancel(old, new, master))
        say(f"{shown(old.store)} takes writes again; nothing opens the copy at {shown(new.store)}")
    elif dry_run:
        _show_plan(run(moving.plan(old, new, master)), old, new)
    else:
        _show(_moved(old, new, master), old, new, master)


def _keys(settings: Settings, store: str, named: str, option: str) -> str:
    """The key store of a side: the one named, that of the settings, or a file beside a SQLite store."""
    if named:
        return named
    try:
        return settings.keys_url if store == settings.store else Settings(store=store, keys="").keys_url
    except SettingsError:
        raise Failed(f"{option} must name the key store's own database where the store is PostgreSQL") from None


def _master_key(settings: Settings, store: str) -> Path:
    """The master key's file: that of the settings, or the one beside a SQLite store."""
    return settings.master_key_file or Settings(store=store, master_key_file=None).master_key_path


def _moved(old: Place, new: Place, master: Path) -> moving.CopyReport:
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("", total=None)
        shown_last = 0.0

        def said(what: str, done: int, of: int) -> None:
            nonlocal shown_last
            if (now := time.monotonic()) - shown_last > 0.1:
                shown_last = now
                progress.update(bar, description=f"{what} {done}", completed=done, total=of or None)

        return run(moving.move(old, new, master, said, time.monotonic))


def _show_plan(plan: moving.Plan, old: Place, new: Place) -> None:
    say(f"from {shown(old.store)}, keys {shown(old.keys)}: {plan.log.position} events of {plan.log.origin}")
    state = {
        "empty": "empty",
        "interrupted": "an interrupted copy of this store, which would be continued",
        "finished": "a finished copy of this store",
    }
    keys = "stay where they are" if old.keys == new.keys else shown(new.keys)
    say(f"to {shown(new.store)}, keys {keys}: {state[plan.state]}")
    table(("table", "rows", "there already"), plan.tables)
    say("nothing was copied (--dry-run)")


def _show(report: moving.CopyReport, old: Place, new: Place, master: Path) -> None:
    if report.already:
        say(f"{shown(old.store)} has moved to {shown(new.store)} already; nothing to do")
        return
    rate = report.copied / report.seconds if report.seconds else 0.0
    say(f"{report.log.origin}: {report.copied} events {'more ' if report.resumed else ''}copied and compared in"
        f" {report.seconds:.1f} s, {rate:.0f} events/s; writes were refused for {report.stopped:.1f} s")  # fmt: skip
    table(("table", "rows", "SHA-256 on both sides"), [(name, rows, digest[:16]) for name, rows, digest in report.tables])
    say(f"{shown(old.store)} refuses writes from now on and names the new place. Start the server with:")
    say(f"  GONGDAN_STORE            {shown(new.store)}")
    say(f"  GONGDAN_KEYS             {shown(new.keys)}")
    say(f"  GONGDAN_MASTER_KEY_FILE  {master.absolute()}")
    say("The master key was not copied. Read models are built from the log at the first start; check them afterwards:")
    say("  gongdan projections check")
