"""Every event ever written can be read: one file of bytes for each event class and version."""

from pathlib import Path

import pytest

from adapters.store.log.codec import class_version, decode, encode
from domain.kernel.aggregate import TOPICS, Folded
from tests.golden.samples import current, name_of, older
from tests.golden.write import FOLDER, write

SAMPLES = {**older(), **current()}
WRITTEN = {(topic, version) for topic, event in TOPICS.items() for version in range(1, class_version(event) + 1)}


def by_name(samples: dict[tuple[str, int], Folded.Event]) -> list[object]:
    return [pytest.param(*key, event, id=name_of(*key)) for key, event in sorted(samples.items())]


@pytest.mark.parametrize(("topic", "version", "expected"), by_name(SAMPLES))
def test_reads_as_expected(topic: str, version: int, expected: Folded.Event) -> None:
    stored = (FOLDER / name_of(topic, version)).read_bytes()
    assert decode(topic, expected.originator_id, expected.originator_version, stored) == expected


@pytest.mark.parametrize(("topic", "version", "event"), by_name(current()))
def test_writes_the_same_bytes(topic: str, version: int, event: Folded.Event) -> None:
    assert encode(event) == (FOLDER / name_of(topic, version)).read_bytes()


def test_every_class_and_version_has_its_sample() -> None:
    assert WRITTEN - set(SAMPLES) == set(), "add them to tests/golden/samples.py, then run python -m tests.golden.write"
    assert set(SAMPLES) - WRITTEN == set(), "samples of events that no longer exist: history can't be unmade"


def test_every_sample_has_its_file() -> None:
    files = {path.name for path in FOLDER.iterdir()}
    assert files == {name_of(*key) for key in SAMPLES}


def test_writing_never_overwrites(tmp_path: Path) -> None:
    kept = tmp_path / name_of("ticket.noted", 1)
    kept.write_bytes(b"kept")
    written = write(tmp_path)
    assert kept.read_bytes() == b"kept"
    assert kept.name not in written
    assert len(written) == len(current()) - 1
    assert write(tmp_path) == []
