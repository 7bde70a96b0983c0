"""``gongdan demo``: fill a new store with a small estate, print a guide, and serve it on loopback."""

import os
import shutil
import socket
import sys
import tempfile
from contextlib import ExitStack, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.cli.operate.serve import Port, listen
from adapters.cli.terminal.console import Failed, run, say
from adapters.demo.filling import DAYS, LEAST_DAYS, Demo, fill
from adapters.demo.guide import show
from adapters.demo.live import Live
from adapters.system.settings import Settings

HOST = "127.0.0.1"


def demo(
    port: Port = 8000,
    dir: Annotated[Path | None, typer.Option("--dir", help="Where to keep the store; default: a temporary directory.")] = None,
    days: Annotated[int, typer.Option(min=LEAST_DAYS, max=366, help="Number of days of the estate, ending now.")] = DAYS,
    seed: Annotated[int, typer.Option(min=0, help="Each seed gives other residents and tickets.")] = 1,
    live: Annotated[bool, typer.Option("--live", help="Continue to make events in real time while serving.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve it on loopback, or only fill the store and print the guide.")
    ] = True,
) -> None:
    """Fill a new store with an estate's last weeks, print a guide, and serve it on loopback. Needs no other store."""
    if live and not serve:
        raise typer.BadParameter("--live goes with serving", param_hint="--live")
    if serve:
        _refuse_taken(port)
    with ExitStack() as stack:
        folder = dir or Path(tempfile.mkdtemp(prefix="gongdan-demo-"))
        if dir is None and serve:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        settings = Settings(
            store=f"sqlite:///{folder.absolute()}/gongdan.db",
            keys="",
            master_key_file=None,
            policy_file=None,
            price_list_file=None,
            rule_book_file=None,
        )
        filled = _filled(settings, seed, days)
        if serve:
            _serve(filled, port, live)
        else:
            show(filled, f"http://{HOST}:{port}")
            say(f"\n存放处 kept in {folder}\nGONGDAN_STORE={settings.store} gongdan serve --port {port}")


def _filled(settings: Settings, seed: int, days: int) -> Demo:
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("锦绣花园 …", total=1.0)
        return run(fill(settings, datetime.now(UTC), seed, days, lambda part: progress.update(bar, completed=part)))


def _refuse_taken(port: int) -> None:
    """Raise Failed for a port in use, before the store is filled."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Failed(f"port {port} of {HOST} is taken; choose another with --port") from error


def _serve(filled: Demo, port: int, live: bool) -> None:
    """Serve until Ctrl-C; print the guide once the server answers."""

    def guide(address: str) -> None:
        show(filled, address)
        say("\n按 Ctrl-C 结束 Ctrl-C ends it")

    settings = filled.settings
    for name in ("GONGDAN_POLICY_FILE", "GONGDAN_PRICE_LIST_FILE"):
        os.environ.pop(name, None)
    os.environ.setdefault("GONGDAN_LOG_LEVEL", "warning")  # keep the terminal free for the guide's commands
    os.environ |= {
        "GONGDAN_STORE": settings.store,
        "GONGDAN_KEYS": settings.keys_url,
        "GONGDAN_MASTER_KEY_FILE": str(settings.master_key_path),
    }
    with Live(filled) if live else nullcontext():
        listen(HOST, port, guide, log_level="warning")
