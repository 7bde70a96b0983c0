"""``make mutants``: the page of the run that mutmut just made; status 1 where a survivor is not explained."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.mutation.report import page

PAGE = Path(__file__).parents[2] / "docs/reference/mutation.md"


def _mutmut(*asked: str) -> str:
    finished = subprocess.run([sys.executable, "-m", "mutmut", *asked], capture_output=True, text=True, check=True)
    return finished.stdout


def results() -> Iterator[tuple[str, str]]:
    """Each mutant with its status, as mutmut lists them."""
    for line in _mutmut("results", "--all", "true").splitlines():
        mutant, _, status = line.strip().partition(": ")
        if status:
            yield mutant, status


def main() -> None:
    """Write the page; tell what is wrong."""
    found = dict(results())
    unchecked = [mutant for mutant, status in found.items() if status == "not checked"]
    if not found or unchecked:
        sys.exit(f"{len(unchecked)} of {len(found)} mutants are not checked: the run was not whole")
    text, wrong = page(found, lambda mutant: _mutmut("show", mutant))
    PAGE.write_text(text, encoding="utf-8")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
