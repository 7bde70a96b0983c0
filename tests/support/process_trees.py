"""Processes and their descendants, by /proc."""

from contextlib import suppress
from pathlib import Path


def with_children(roots: list[int]) -> list[int]:
    """Process ids of ``roots`` and of their descendants that run."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = stat.read_text().rpartition(")")[2].split()
            children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found, coming = [], list(roots)
    while coming:
        pid = coming.pop(0)
        if pid not in found:
            found.append(pid)
            coming += children.get(pid, [])
    return found
