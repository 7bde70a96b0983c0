"""Run loads and servers as processes, and read what they cost."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import httpx2

from tests.benchmarks.http.client import Figures, Load
from tests.faults.service import Service

ROOT = Path(__file__).resolve().parents[3]
TICK = os.sysconf("SC_CLK_TCK")


async def driven(load: Load) -> Figures:
    """Run a load in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.http.client"]
    pipe = asyncio.subprocess.PIPE
    made = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe)
    out, error = await made.communicate(json.dumps(asdict(load)).encode())
    if made.returncode:
        raise RuntimeError(f"the client process failed:\n{error.decode()[-2000:]}")
    figures = Figures(**json.loads(out))
    if not figures.latencies:
        raise RuntimeError("no request was answered in time")
    return figures


class Serving(Service):
    """A server process: ``gongdan serve``, or a baseline's application."""

    def __init__(self, environment: Mapping[str, str], folder: Path, application: str | None = None) -> None:
        quiet = {"GONGDAN_LOG_LEVEL": "error", "GONGDAN_RATE": "100000000/minute", "PYTHONPATH": str(ROOT)}
        super().__init__(quiet | dict(environment), folder)
        self.application = application

    def command(self) -> Sequence[str]:
        """The command line of the process."""
        if self.application is None:
            return super().command()
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error", "--factory"]
        return [sys.executable, "-m", "uvicorn", self.application, "--port", str(self.port), *options]

    def cpu(self) -> float:
        """Seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident(self) -> float:
        """Its resident memory, in MiB."""
        return _status(self.pid, "VmRSS")

    def peak(self) -> float:
        """The highest its resident memory ever was, in MiB."""
        return _status(self.pid, "VmHWM")


async def ready(server: Serving) -> None:
    """Wait until the server's read models are live and at the end of the log."""
    async with httpx2.AsyncClient(base_url=server.url, timeout=120) as http:
        while True:
            found = (await http.get("/readyz")).json().get("projections", [])
            if found and all(one["status"] == "live" and one["lag"] == 0 for one in found):
                return
            await asyncio.sleep(0.1)


def _status(pid: int, name: str) -> float:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) / 1024
