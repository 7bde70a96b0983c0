"""``gongdan serve``: serve the API and the pages over the store of the settings."""

import fcntl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.operate.store import refuse_unusable
from adapters.cli.terminal.console import Failed, run, say
from adapters.store.log.opening import shown
from adapters.system.settings import Settings

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Number of server processes; more than one on PostgreSQL only.")] = 1,
) -> None:
    """Serve the API and the pages; refuses a store with another schema version, and a SQLite store that is served already.

    Prints the address once the server answers. Ctrl-C or SIGTERM stops it within ten seconds: it refuses new work, ends live
    streams and finishes what had begun. A worker that dies is replaced.
    """
    settings = Settings()
    refuse_setup(settings, workers)
    run(refuse_unusable())
    listen(host, port, say, workers)


def refuse_setup(settings: Settings, workers: int = 1) -> None:
    """Raise Failed for processes that a store on SQLite can't have."""
    if settings.one_process and workers > 1:
        raise Failed(
            f"--workers {workers} needs a store on PostgreSQL: a SQLite file has one writer, so processes would wait for each"
            " other; leave --workers out, or move the store to PostgreSQL by gongdan copy"
        )
    if settings.one_process and not settings.follow:
        raise Failed(
            "GONGDAN_FOLLOW=false needs a store on PostgreSQL: on SQLite the server itself moves the read models; leave it out"
        )


def listen(host: str, port: int, ready: Callable[[str], None], workers: int = 1, log_level: str = "info") -> None:
    """Serve until stopped. Calls ``ready`` with the address once the server, or every worker, answers.

    Each server process reads the settings from its environment. Raises Failed where another process serves the SQLite store.
    """
    from adapters.cli.operate.launching.server import run_server
    from adapters.cli.operate.launching.workers import supervise

    def announce(chosen: int) -> None:
        ready(_address(host, chosen))
        sys.stdout.flush()

    settings = Settings()
    with alone(settings):
        if workers > 1:
            served = supervise(host, port, workers, announce, settings, log_level)
        else:
            served = run_server(host, port, announce, stop_seconds=settings.stop_seconds, log_level=log_level)
    if not served:
        raise typer.Exit(1)


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the right to serve a store on SQLite; raises Failed where another process has it. Its end gives it back.

    A second server would have rate limits and live updates of its own and wait for the first one's writes. Commands of the
    command line work beside a server.
    """
    if not settings.one_process:
        yield
        return
    path = Path(settings.store.removeprefix("sqlite:///"))
    with path.with_name(f"{path.name}-serving").open("w") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(
                f"another process serves {shown(settings.store)}: a store on SQLite is served by one process; stop that one,"
                " or move the store to PostgreSQL by gongdan copy, where any number may serve it"
            ) from None
        yield


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
