"""The API in a server process of its own."""

import signal
from pathlib import Path

import anyio
import httpx2

from tests.faults.service import Service


class Server(Service):
    """A server process over a folder's store, once its projections are live."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            {"GONGDAN_STORE": f"sqlite:///{folder}/gongdan.db", "GONGDAN_LOG_LEVEL": "error", "GONGDAN_RATE": "1000000/minute"},
            folder,
        )

    async def ready(self) -> None:
        """Start, and wait until every projection is live."""
        await anyio.to_thread.run_sync(self.start)
        async with httpx2.AsyncClient(base_url=self.url, timeout=120) as http:
            with anyio.fail_after(240):
                while True:
                    found = (await http.get("/readyz")).json()["projections"]
                    if all(one["status"] == "live" and one["lag"] == 0 for one in found):
                        return
                    await anyio.sleep(0.05)

    def interrupted(self) -> int:
        """Its exit status after Ctrl-C; fails where it doesn't end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(60)
