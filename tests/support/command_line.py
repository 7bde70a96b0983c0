"""Running the command in a directory of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner, Result

from adapters.cli.program import app

COMMAND = (sys.executable, "-c", "from adapters.cli import main; main()")
"""The console's entry, without the installed script."""


@dataclass(frozen=True)
class Home:
    """A working directory with its own store in the default place."""

    path: Path

    def run(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Result:
        """Run a command here, in this process."""
        before = Path.cwd()
        os.chdir(self.path)
        try:
            return CliRunner().invoke(app, list(arguments), env=dict(env or {}))
        finally:
            os.chdir(before)

    def done(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> str:
        """Run a command that must succeed; returns its output."""
        result = self.run(*arguments, env=env)
        assert result.exit_code == 0, result.output
        return result.stdout

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command here in a process of its own, to its end."""
        return subprocess.run((*COMMAND, *arguments), cwd=self.path, env=clean(), capture_output=True, text=True, check=False)

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.path / "gongdan-data" / "gongdan.db"

    @property
    def keys(self) -> Path:
        """The key store's file."""
        return self.store.with_name("gongdan-keys.db")

    @property
    def master_key(self) -> Path:
        """The master key's file."""
        return self.store.with_name("master.key")


def clean() -> dict[str, str]:
    """The environment without settings of this program, and with this checkout importable."""
    root = str(Path(__file__).parents[2])
    return {**{k: v for k, v in os.environ.items() if not k.startswith("GONGDAN_")}, "PYTHONPATH": root}
