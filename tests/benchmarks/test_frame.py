"""The benchmarks' frame: ratios, goals, exit code, file of figures; a measure that breaks hides nothing."""

import json
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks.frame import Bench, Missing, Report, Row, chosen, missing, ratio, run
from tests.benchmarks.rounds import Measured, alternating, percentile

pytestmark = pytest.mark.anyio


def row(value: float = 3.0, first: float | None = 2.0, then: float | None = 4.0, *, at_most: bool = False) -> Row:
    return Row("a row", value, "×", "a baseline", first, then, at_most)


def test_a_ratio_is_median_by_median() -> None:
    made = ratio("a row", Measured([30, 10, 20]), Measured([4, 100, 5]), "a baseline", 3, 5)
    assert (made.value, made.ours, made.theirs) == (4.0, "20/s", "5/s")
    assert (made.met, made.done) == (True, False)


@pytest.mark.parametrize(
    ("made", "met"),
    [
        (row(2.0), True),
        (row(1.99), False),
        (row(1.99, at_most=True), True),
        (row(2.01, at_most=True), False),
        (row(0, first=None), None),
        (missing("a row", "no baseline here", 2), False),
        (missing("a row", "no baseline here", 2, at_most=True), False),
    ],
)
def test_a_row_meets_its_first_step_or_not(made: Row, met: bool | None) -> None:
    assert made.met is met
    assert Report(Bench(), [row(), made]).exit_code == int(met is False)


async def test_every_side_runs_in_every_round_in_turn() -> None:
    order = []

    def works(name: str) -> int:
        order.append(name)
        return 10

    async def waits() -> int:
        return works("waits")

    found = await alternating({"thread": lambda: works("thread"), "waits": waits}, 5)
    assert order == ["thread", "waits"] * 6
    assert [len(one.rounds) for one in found.values()] == [5, 5]


def test_a_percentile_is_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, part) for part in (0.01, 0.5, 0.99, 1)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7


async def test_a_measure_that_breaks_fails_the_run_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    async def breaks(bench: Bench) -> list[Row]:
        raise RuntimeError("no such thing")

    async def good(bench: Bench) -> list[Row]:
        return [row()]

    async def has_not(bench: Bench) -> list[Row]:
        raise Missing("node is not installed")

    report = await run(Bench(), {"breaks": breaks, "has not": has_not, "good": good})
    assert (report.exit_code, report.rows) == (1, [row()])
    assert report.broken == {"breaks": "RuntimeError: no such thing", "has not": "node is not installed"}
    shown = capsys.readouterr().err
    assert "no such thing" in shown
    assert "node is not" not in shown  # a line at the end says it, no trace
    assert (await run(Bench(), {"good": good})).exit_code == 0


@pytest.mark.parametrize(("first", "code"), [(2.0, 0), (9.0, 1)])
def test_the_command_fails_below_a_first_step_and_writes_the_figures(
    first: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(bench: Bench) -> list[Row]:
        return [row(first=first), missing("another", "not here")]

    monkeypatch.setattr(command, "MEASURES", {"one": measure})
    assert command.main(["--only", "one", "--json", str(tmp_path / "f.json"), "--tickets", "50"]) == code
    figures = json.loads((tmp_path / "f.json").read_text())
    assert [(one["name"], one["value"], one["met"]) for one in figures["rows"]] == [
        ("a row", 3.0, code == 0),
        ("another", None, None),
    ]
    assert (figures["tickets"], figures["few"]) == (50, 50)
    shown = capsys.readouterr()
    assert "a row" in shown.out
    assert ("below the first step: a row: 3 ×" in shown.err) is bool(code)


def test_a_measure_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError):
        chosen(command.MEASURES, ["nothing"])
    with pytest.raises(SystemExit):
        command.main(["--only", "nothing"])
