"""``gongdan serve``: serve the API and the pages over the store of the settings."""

import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from adapters.cli.operate.store import refuse_unusable
from adapters.cli.terminal.console import run, say

GRACE = 10
"""Seconds that open requests and streams have to end when the server stops."""
APPLICATION = "adapters.server.app:from_settings"

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Number of server processes.")] = 1,
) -> None:
    """Serve the API and the pages; refuses a store with another schema version.

    Prints the address once the server answers. Ctrl-C or SIGTERM stops it after open requests have finished.
    """
    run(refuse_unusable())
    listen(host, port, say, workers)


def listen(host: str, port: int, ready: Callable[[str], None], workers: int = 1, log_level: str = "info") -> None:
    """Serve until stopped. Calls ``ready`` with the address once the server answers (with several workers: before).

    Each server process reads the settings from its environment.
    """
    import uvicorn

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if self.started:
                [chosen] = {sock.getsockname()[1] for server in self.servers for sock in server.sockets}
                ready(_address(host, chosen))
                sys.stdout.flush()

    options: dict[str, Any] = {
        "factory": True,
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": "httptools",
        "timeout_graceful_shutdown": GRACE,
        "access_log": False,
        "server_header": False,
        "log_level": log_level,
    }
    if workers > 1:
        ready(_address(host, port))
        uvicorn.run(APPLICATION, workers=workers, **options)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn hands the signal on when it has stopped
    server = Announcing(uvicorn.Config(APPLICATION, **options))
    try:
        server.run()
    except KeyboardInterrupt:
        return
    if not server.started:
        raise typer.Exit(1)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
