"""``gongdan follow``: move read models and processes in a process of its own."""

import asyncio
import signal

from adapters.cli.operate.launching.stopping import bounded
from adapters.cli.terminal.console import Failed, say
from adapters.composition import opened
from adapters.store.log.opening import shown
from adapters.system.settings import Settings


def follow() -> None:
    """Move read models and processes in a process of its own, beside servers with GONGDAN_FOLLOW=false; on PostgreSQL only.

    Several may run: one works, another takes over when it ends. Ctrl-C or SIGTERM stops it within ten seconds.
    """
    settings = Settings()
    if settings.one_process:
        raise Failed(
            f"gongdan follow needs a store on PostgreSQL: on SQLite ({shown(settings.store)}) the server moves the read models"
            " itself; run gongdan serve"
        )
    import uvloop

    uvloop.run(_follow(settings))


async def _follow(settings: Settings) -> None:
    from adapters.web.logs import configure

    configure(settings.log_level)
    stop = asyncio.Event()
    with bounded(settings.stop_seconds) as bound:

        def end() -> None:
            bound.begin()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end)
        async with opened(settings) as gongdan:
            await gongdan.projections.start(gongdan.processes)
            say(f"following {shown(settings.store)}")
            await stop.wait()
