"""The reference pages: the scorecard's is made from the rule book, the calculation's example runs."""

import json
import re

from tests.appraisal import reference_page
from tests.support.command_line import Home
from tests.tally.estate import BOOK, answered

CALCULATE = reference_page.PAGE.with_name("appraisal-calculate.md")


def test_the_scorecard_s_page_is_current() -> None:
    written = reference_page.PAGE.read_text(encoding="utf-8")
    assert written == reference_page.page(), "run: python -m tests.appraisal.reference_page"


def test_every_item_and_reading_stands_on_the_page() -> None:
    written = reference_page.PAGE.read_text(encoding="utf-8")
    for item in BOOK.items.values():
        assert f"\n| {item.code} | {item.text} |" in written
        assert not item.reading or item.reading in written
        assert not item.source or item.source in written
    assert all(one.reading in written for one in BOOK.readings)


def test_the_example_of_the_calculation_runs() -> None:
    facts, answer = re.findall(r"```json\n(.*?)```", CALCULATE.read_text(encoding="utf-8"), re.DOTALL)
    assert answered(json.loads(facts)) == json.loads(answer)


def test_the_example_runs_on_the_command_line(empty: Home) -> None:
    facts, answer = re.findall(r"```json\n(.*?)```", CALCULATE.read_text(encoding="utf-8"), re.DOTALL)
    (empty.path / "FILE.json").write_text(facts, encoding="utf-8")
    assert json.loads(empty.done("appraisal", "calculate", "FILE.json", "--json")) == json.loads(answer)
