"""One server process: uvicorn, which drains before it closes its sockets.

What happens on SIGTERM, within ten seconds (a setting): readiness goes off and new work is refused with 503, while the server
still listens, so that a proxy sees both; live streams end with a last message; what had begun is finished; then the sockets, the
follower and the store are closed, which hands the leases on. What is not finished after six tenths of that time is cancelled.
"""

import asyncio
import importlib
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import uvicorn
from sse_starlette.sse import AppStatus

from adapters.cli.operate.launching.stopping import CANCEL, DRAIN, Bound, bounded
from adapters.web.admission.lanes import Admission

APPLICATION = ("adapters.server.app", "from_settings")
"""Module and function that make the application. By name: programs and the server do not import each other."""

KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than proxies keep theirs, so that none sends a request into a closing one."""

GLANCE = 0.02
"""Seconds between two looks at what is still running."""

Ready = Callable[[int], None]
"""Called with the port once the server answers."""


class Server(uvicorn.Server):
    """uvicorn's server with a drain."""

    def __init__(self, app: Any, config: uvicorn.Config, ready: Ready, bound: Bound) -> None:
        super().__init__(config)
        AppStatus.enable_automatic_graceful_drain = False  # it would cut the streams before their last message
        self._app = app
        self._ready = ready
        self._bound = bound

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and say so."""
        await super().startup(sockets)
        if self.started:
            [port] = {sock.getsockname()[1] for server in self.servers for sock in server.sockets}
            self._ready(port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close."""
        self._bound.begin()
        admission: Admission = self._app.state.api.admission
        admission.stop()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._bound.seconds * DRAIN
        while not admission.idle and loop.time() < until and not self.force_exit:  # noqa: ASYNC110 (it ends for several reasons)
            await asyncio.sleep(GLANCE)
        await super().shutdown(sockets)


def run_server(
    host: str,
    port: int,
    ready: Ready,
    *,
    stop_seconds: float,
    log_level: str = "info",
    sockets: list[socket.socket] | None = None,
) -> bool:
    """Serve in this process until SIGTERM or Ctrl-C; False where the server could not start.

    It reads its settings from the environment. ``sockets``: bound ones to listen on instead of host and port.
    """
    module, function = APPLICATION
    app = getattr(importlib.import_module(module), function)()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(stop_seconds * (CANCEL - DRAIN))),
        access_log=False,
        server_header=False,
        log_level=log_level,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn hands the signal on when it has stopped
    with bounded(stop_seconds) as bound:
        server = Server(app, config, ready, bound)
        try:
            server.run(sockets)
        except KeyboardInterrupt:
            return True
        return server.started
