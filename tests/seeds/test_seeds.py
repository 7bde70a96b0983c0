"""Seeds: a few in every test run, a thousand in the long tier, and a seed that is replayed exactly."""

import os
import subprocess
import sys

import pytest

from tests.seeds.run import Size, run

FEW = range(1, 21)
MANY = range(21, 1021)


@pytest.mark.parametrize("seed", FEW)
def test_invariants_hold(seed: int) -> None:
    run(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY)
def test_invariants_hold_for_many(seed: int) -> None:
    run(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 11))
def test_every_read_model_equals_its_rebuild_after_a_longer_run(seed: int) -> None:
    run(seed, Size(steps=150, others=5, acts=60, rebuilds=15))


def test_a_seed_is_replayed_exactly() -> None:
    """Operations, answers and the bytes of the log, whatever the order of sets and dictionaries in a process."""
    digests = [_digest(seed, hashes) for seed, hashes in ((7, "1"), (7, "2"), (8, "1"))]
    assert digests[0] == digests[1] != digests[2]


def _digest(seed: int, hashes: str) -> str:
    asked = f"from tests.seeds.run import run; print(run({seed}).digest)"
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, "PYTHONHASHSEED": hashes}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
