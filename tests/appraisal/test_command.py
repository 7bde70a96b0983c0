"""`gongdan appraisal calculate`: its document, its table and its refusals."""

import json
import subprocess
from pathlib import Path

import pytest

from adapters.cli.appraisal import appraisal
from tests.support.command_line import COMMAND, Home, clean
from tests.tally.estate import BOOK_TEXT, answered, decided, finding, metric, request

FACTS = request(
    [
        finding("f1", "7", tickets=["t1"]),
        finding("f2", "18", parties=["wang"]),
        finding("f3", "7", "2026-01-04", booked_month="2026-03", doubled=True),
        finding("f4", "B5", amount_fen=12_345),
        finding("f5", "B1", points=decided("1", "0.5")),
    ],
    metrics=[metric("temporary_card_rate", "2026-03", "0.5", "A1"), metric("fee_collection_rate", "2026-Q1", "0.9")],
    warnings=[{"login": "zhao", "date": "2026-03-01"}, {"login": "zhao", "date": "2026-03-02"}],
)


@pytest.fixture
def facts(empty: Home) -> Path:
    file = empty.path / "facts.json"
    file.write_text(json.dumps(FACTS), encoding="utf-8")
    return file


def test_json_is_exactly_one_document(empty: Home, facts: Path) -> None:
    result = empty.run("appraisal", "calculate", "facts.json", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == answered(FACTS)
    explained = empty.done("appraisal", "calculate", str(facts), "--json", "--explain")
    assert json.loads(explained) == answered(FACTS, explained=True)
    assert list(empty.path.iterdir()) == [facts]


def test_a_table_for_people(empty: Home, facts: Path) -> None:
    shown = empty.done("appraisal", "calculate", "facts.json")
    rows = [line.split() for line in shown.splitlines()]
    assert rows[1] == ["人员", "岗位", "扣分", "加分", "合计", "效益工资", "辞退提示", "其他提示"]
    assert ["li", "主责任人（管理处主任）", "8", "1", "-7", "90%", "暂住证率低于60%（不扣分）；承接装修提成"] in rows
    assert [
        "wang",
        "付责任人（管理员）",
        "4",
        "0.5",
        "-3.5",
        "95%",
        "事项本身注明辞退",
        "暂住证率低于60%（不扣分）；承接装修提成",
    ] in rows
    assert ["sun", "其他员工", "0", "0", "0", "100%"] in rows
    assert ["wang", "7", "住户要求维修或合理投诉超过二天未答复（次）", "2", "-3", "f3", "f1", "t1"] in rows
    assert any(row[:2] == ["zhao", "warnings"] and row[-1] == "-3" for row in rows)
    assert "免扣" not in shown


def test_an_explained_table(empty: Home, facts: Path) -> None:
    rows = [line.split() for line in empty.done("appraisal", "calculate", "facts.json", "--explain").splitlines()]
    assert ["wang", "D2", "扣罚项目", "7", "2026-01（补扣）", "f3", "加倍", "1", "0", "-2", "0", "0", "-2"] in rows
    assert ["wang", "D2", "扣罚项目", "39", "2026-03", "fee_collection_rate", "0.9", "1", "0", "-1", "0", "0", "-1"] in rows
    assert ["wang", "D2", "加分项目", "5", "2026-03", "f4", "提成", "2.47", "元", "1", "0", "0", "0", "0", "0"] in rows
    assert ["zhao", "D2", "五.5", "2026-03", "2026-03-01", "2026-03-02", "1", "0", "-3", "0", "0", "-3"] in rows


def test_a_month_without_anything(empty: Home, facts: Path) -> None:
    facts.write_text(json.dumps(request([], people=[{"login": "li", "posts": []}])))
    rows = empty.done("appraisal", "calculate", "facts.json", "--explain").split()
    assert rows[-5:] == ["li", "0", "0", "0", "100%"]


def test_stdin(empty: Home) -> None:
    found = subprocess.run(
        (*COMMAND, "appraisal", "calculate", "-", "--json"),
        input=json.dumps(FACTS).encode(),
        cwd=empty.path,
        env=clean(),
        capture_output=True,
    )
    assert (found.returncode, found.stderr) == (0, b"")
    assert json.loads(found.stdout) == answered(FACTS)


def test_a_byte_order_mark_is_no_matter(empty: Home, facts: Path) -> None:
    facts.write_bytes(b"\xef\xbb\xbf" + json.dumps(FACTS).encode())
    assert empty.run("appraisal", "calculate", "facts.json").exit_code == 0


def test_refusals_are_told_line_by_line(empty: Home, facts: Path) -> None:
    facts.write_text(json.dumps(request([finding("f1", "47"), finding("f2", "46")])))
    for options in ([], ["--json"]):
        result = empty.run("appraisal", "calculate", "facts.json", *options)
        assert (result.exit_code, result.stdout) == (1, "")
        first, second, third = result.stderr.splitlines()
        assert first == "gongdan: facts.json is refused:"
        assert second.startswith("  /findings/0/item: no such item")
        assert third.startswith("  /findings/1/points: item 46:")


@pytest.mark.parametrize(
    ("content", "words"), [(b"{", "the whole file: not JSON"), (b"\xff", "is not UTF-8 text"), (b"", "not JSON")]
)
def test_what_is_no_file_of_facts_is_refused(empty: Home, facts: Path, content: bytes, words: str) -> None:
    facts.write_bytes(content)
    result = empty.run("appraisal", "calculate", "facts.json", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


def test_no_file(empty: Home) -> None:
    result = empty.run("appraisal", "calculate", "nowhere.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere.json" in result.stderr


def test_a_file_that_is_too_large(empty: Home, facts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = facts.stat().st_size
    monkeypatch.setattr(appraisal, "FILE_LIMIT", size)
    assert empty.run("appraisal", "calculate", "facts.json").exit_code == 0
    monkeypatch.setattr(appraisal, "FILE_LIMIT", size - 1)
    result = empty.run("appraisal", "calculate", "facts.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "larger than" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["facts.json", "more.json"], ["facts.json", "--what"]])
def test_wrong_usage(empty: Home, facts: Path, arguments: list[str]) -> None:
    result = empty.run("appraisal", "calculate", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_company_s_own_rule_book(empty: Home, facts: Path) -> None:
    own = empty.path / "own.toml"
    own.write_text(BOOK_TEXT.replace('version = "default"', 'version = "own"'), encoding="utf-8")
    result = empty.run("appraisal", "calculate", "facts.json", "--rule-book", "own.toml")
    assert "/rule_book: no such rule book; known: own" in result.stderr
    facts.write_text(json.dumps(FACTS | {"rule_book": "own"}))
    answer = json.loads(empty.done("appraisal", "calculate", "facts.json", "--rule-book", "own.toml", "--json"))
    assert answer == answered(FACTS) | {"rule_book": "own"}
    own.write_text(BOOK_TEXT.replace('counting = "overdue"', 'counting = "late"'), encoding="utf-8")
    result = empty.run("appraisal", "calculate", "facts.json", "--rule-book", "own.toml")
    assert result.exit_code == 1
    assert "own.toml is refused:\n  /rule_book/deductions/13/counting: item 13:" in result.stderr
