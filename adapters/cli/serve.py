"""``gongdan serve``: the API over the store named by the settings."""

from typing import Annotated

import typer

from adapters.cli.console import run, say
from adapters.cli.store import refuse_unusable

GRACE = 10
"""Seconds that open requests and streams have to end when the server is told to stop."""

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one is for PostgreSQL.")] = 1,
) -> None:
    """Serve the API; refuses a store of an unknown or newer schema. Ctrl-C ends it, letting open requests finish."""
    run(refuse_unusable())
    say(f"http://{host}:{port}")
    listen(host, port, workers)


def listen(host: str, port: int, workers: int = 1) -> None:
    """Serve until told to stop; the settings are read again from the environment in each process."""
    import uvicorn

    uvicorn.run(
        "adapters.api.app:from_settings",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=GRACE,
        access_log=False,
        server_header=False,
    )
