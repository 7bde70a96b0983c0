"""The page of a mutation run: how many mutants of each module there were, and every survivor with its explanation.

A survivor is identified by its function and by the line before and after; ``explained.toml`` says why no test can tell it
from the original. A survivor that nobody explained, and an explanation of none, are mistakes.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EXPLAINED = Path(__file__).with_name("explained.toml")
KILLED = ("killed", "timeout")
"""A mutant that never ends differs from the original too."""

HEAD = """# Mutation testing

Made by `make mutants`, by [mutmut](https://github.com/boxed/mutmut). The modules below hold the rules of the appraisal, on which
pay depends, and those of clocks, workdays, duty periods, guards, late entry, rights and the handover sheet. Each function is
changed in one place at a time (comparisons, boundaries by one, `and` and `or`, plus and minus, arguments left out or `None`,
constants, texts), and a test that needs no store must fail. A mutant survives where none does; each survivor is explained below.

mutmut changes the bodies of functions. Constants and patterns of a module and the bodies of properties are declarations to it;
other tests hold them: `tests/rules/test_declared.py` those of the appraisal, value by value;
`tests/ticket/test_rules_by_clause.py` each rule about tickets, by its clause; `tests/people/test_authority_table.py` the
authority table, cell by cell; `tests/duty/test_handover_sheet.py` the signed form of a handover sheet, byte by byte.

| module | mutants | killed | survivors, explained |
|---|---|---|---|
"""


@dataclass(frozen=True, order=True)
class Survivor:
    """A mutant that passed every test: its function, and the changed line before and after."""

    function: str
    was: str
    now: str


def explanations(text: str | None = None) -> dict[Survivor, str]:
    """Why each known survivor is none that a test could kill."""
    listed = tomllib.loads(text if text is not None else EXPLAINED.read_text(encoding="utf-8"))["survivor"]
    return {Survivor(one["function"], one["was"], one["now"]): one["why"] for one in listed}


def function_of(mutant: str) -> str:
    """``domain.rules.pay_bands.misplaced`` of ``domain.rules.pay_bands.x_misplaced__mutmut_12``; a method with its class."""
    module, _, mangled = mutant.rpartition(".")
    name = mangled.partition("__mutmut_")[0]
    return f"{module}.{name.removeprefix('xǁ').replace('ǁ', '.') if name.startswith('xǁ') else name.removeprefix('x_')}"


def survivor(mutant: str, diff: str) -> Survivor:
    """What a mutant changed, by the lines of its diff."""

    def lines(sign: str) -> str:
        found = [line[1:].strip() for line in diff.splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]
        return " ".join(found)

    return Survivor(function_of(mutant), lines("-"), lines("+"))


def unexplained(found: Sequence[Survivor], known: Mapping[Survivor, str]) -> Iterator[str]:
    """What is wrong: survivors nobody explained, explanations of what did not survive."""
    for one in sorted(set(found) - known.keys()):
        yield f"{one.function} survives unexplained:\n  - {one.was}\n  + {one.now}"
    for one in sorted(known.keys() - set(found)):
        yield f"{one.function} is explained and does not survive:\n  - {one.was}\n  + {one.now}"


def page(results: Mapping[str, str], diff: Callable[[str], str]) -> tuple[str, list[str]]:
    """The page, and what is wrong with it, from each mutant's status."""
    found = {mutant: survivor(mutant, diff(mutant)) for mutant, status in results.items() if status not in KILLED}
    known = explanations()
    modules = Counter(mutant.rpartition(".")[0] for mutant in results)
    surviving = Counter(mutant.rpartition(".")[0] for mutant in found)
    rows = [f"| `{name}` | {count} | {count - surviving[name]} | {surviving[name]} |" for name, count in sorted(modules.items())]
    total, left = sum(modules.values()), len(found)
    rows.append(f"| together | {total} | {total - left} | {left} |")
    text = HEAD + "\n".join(rows) + "\n\n## Survivors\n"
    for one in sorted(set(found.values())):
        text += f"\n`{one.function}`: {known.get(one, '**unexplained**')}\n\n```diff\n- {one.was}\n+ {one.now}\n```\n"
    return text, list(unexplained(list(found.values()), known))
