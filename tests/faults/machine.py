"""What the failover tests need of the machine: Patroni and etcd; ``python -m tests.faults.machine`` gets them.

They are Debian's packages, so only root on a machine with apt can; elsewhere it says what is missing. PostgreSQL itself is found
as :mod:`tests.support.postgres_server` finds it, but Patroni needs the distribution's: with ``pg_basebackup`` and ``pg_rewind``.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.machine import install
from tests.support.postgres_server import NoPostgres, found_binaries

PROGRAMS = {"patroni": "patroni", "etcd": "etcd-server", "pg_rewind": "postgresql"}
"""Program → Debian's package that has it."""


def program(name: str) -> Path | None:
    """Where a program is: beside PostgreSQL's own, on PATH, or None."""
    try:
        beside = found_binaries() / name
    except NoPostgres:
        beside = None
    if beside is not None and os.access(beside, os.X_OK):
        return beside
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None


def compares_in_etcd3() -> bool:
    """Whether Patroni renews the leader's key in etcd's version 3 only where it still holds it (3.0.3 and later)."""
    patroni = program("patroni")
    assert patroni is not None
    found = subprocess.run((patroni, "--version"), capture_output=True, text=True, check=True).stdout.split()[-1]
    return tuple(int(part) for part in found.split(".")[:3]) >= (3, 0, 3)


def missing() -> list[str]:
    """The packages that are not there."""
    return [package for name, package in PROGRAMS.items() if program(name) is None]


if __name__ == "__main__":
    sys.exit(install(missing, "Failover is NOT tested"))
