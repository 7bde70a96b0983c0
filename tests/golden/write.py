"""``python -m tests.golden.write``: write the missing golden files.

A golden file is never overwritten: it represents events already in somebody's log. When the form of an event changes, raise its
``class_version``, write the upcaster, move the old sample to ``samples.older`` and run this.
"""

from pathlib import Path

from adapters.store.log.codec import encode
from tests.golden.samples import current, name_of

FOLDER = Path(__file__).parent / "events"


def write(folder: Path = FOLDER) -> list[str]:
    """Write the missing files; returns their names."""
    folder.mkdir(exist_ok=True)
    written = []
    for (topic, version), event in current().items():
        path = folder / name_of(topic, version)
        if not path.exists():
            path.write_bytes(encode(event))
            written.append(path.name)
    return written


if __name__ == "__main__":
    print("\n".join(write()) or "every event has its golden file")
