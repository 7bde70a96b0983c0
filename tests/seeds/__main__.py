"""Run seeds: ``python -m tests.seeds --seeds 1..1000`` prints those that fail; ``--seed 7 --trace`` replays one, line by line."""

import argparse
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.seeds.run import Broken, run, tried


def main() -> int:
    """Run the seeds asked for; 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.seeds", description=__doc__)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--seeds", help="the first and the last seed: 1..1000")
    asked.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--trace", action="store_true", help="print what happened, line by line")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many at once")
    options = parser.parse_args()
    if options.seed is not None:
        return _one(options.seed, options.trace)
    first, _, last = options.seeds.partition("..")
    return _many(range(int(first), int(last or first) + 1), options.workers)


def _one(seed: int, trace: bool) -> int:
    try:
        ran = run(seed, keep=trace)
    except Broken as broken:
        print("\n".join(broken.lines))
        traceback.print_exception(broken.__cause__)
        print(broken)
        return 1
    print("\n".join([*ran.lines, f"seed {ran.seed} holds; trace {ran.digest}; {ran.counts}"]))
    return 0


def _many(seeds: range, workers: int) -> int:
    began, failed = time.perf_counter(), []
    with ProcessPoolExecutor(workers, max_tasks_per_child=50) as pool:
        for done in as_completed({pool.submit(tried, seed) for seed in seeds}):
            seed, trouble = done.result()
            if trouble is not None:
                failed.append(seed)
                print(trouble, flush=True)
    print(f"{len(seeds)} seeds in {time.perf_counter() - began:.0f} s: {len(failed)} failed {sorted(failed) or ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
