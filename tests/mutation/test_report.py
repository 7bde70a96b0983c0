"""The page of a mutation run: what it says of survivors, and that each of them is explained where it is kept."""

from pathlib import Path

from tests.mutation.report import Survivor, explanations, function_of, page, survivor, unexplained

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/mutation.md"
DIFF = """# domain.tally.charging.x_charge__mutmut_1: survived
--- domain/tally/charging.py
+++ domain/tally/charging.py
@@ -1,3 +1,3 @@
 def charge():
-    return 1
+    return 2
"""
ONE = Survivor("domain.tally.charging.charge", "return 1", "return 2")


def test_a_mutant_is_named_by_its_function() -> None:
    assert function_of("domain.rules.pay_bands.x__halves__mutmut_3") == "domain.rules.pay_bands._halves"
    assert function_of("domain.rules.scorecard.xǁMetricTestǁmet__mutmut_3") == "domain.rules.scorecard.MetricTest.met"
    assert survivor("domain.tally.charging.x_charge__mutmut_1", DIFF) == ONE


def test_a_survivor_nobody_explained_is_a_mistake_and_so_is_an_explanation_of_none() -> None:
    assert list(unexplained([ONE], {ONE: "equivalent"})) == []
    [missing] = unexplained([ONE], {})
    [stale] = unexplained([], {ONE: "equivalent"})
    assert "survives unexplained" in missing
    assert "does not survive" in stale


def test_the_page_counts_by_module_and_shows_what_survived() -> None:
    statuses = {"domain.tally.charging.x_charge__mutmut_1": "survived", "domain.tally.charging.x_charge__mutmut_2": "killed"}
    statuses["domain.rules.pay_bands.x_pay_share__mutmut_1"] = "timeout"
    text, wrong = page(statuses, lambda _: DIFF)
    assert "| `domain.rules.pay_bands` | 1 | 1 | 0 |\n| `domain.tally.charging` | 2 | 1 | 1 |\n| together | 3 | 2 | 1 |" in text
    assert "`domain.tally.charging.charge`: **unexplained**" in text
    assert any(line.startswith("domain.tally.charging.charge survives unexplained") for line in wrong)


def test_the_page_kept_explains_every_survivor() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "**unexplained**" not in text
    for one, why in explanations().items():
        assert f"`{one.function}`: {why}\n\n```diff\n- {one.was}\n+ {one.now}\n```" in text
    assert text.count("```diff") == len(explanations())


def source_of(function: str) -> Path:
    """The file of a function or method, named by its dotted path."""
    parts = function.split(".")
    return next(path for n in range(len(parts) - 1, 0, -1) if (path := ROOT.joinpath(*parts[:n]).with_suffix(".py")).is_file())


def test_what_is_explained_is_in_the_source() -> None:
    """The explanation of a line that was rewritten since belongs to no survivor any more."""
    for one in explanations():
        assert " ".join(one.was.split()) in " ".join(source_of(one.function).read_text(encoding="utf-8").split()), one.function
