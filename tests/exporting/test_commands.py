"""``gongdan register`` and ``gongdan report`` over the demonstration's estate."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest

from adapters.exchange.exporting.books import BOOK_NAMES
from tests.cli.conftest import estate_once, no_settings
from tests.support.command_line import Home

__all__ = ["estate_once", "no_settings"]

STAFF = ("--community", "JX", "--as", "chen.ping")


@pytest.fixture
def home(estate_once: Home) -> Home:
    """The demonstration's store; nothing here writes to it but Excel files elsewhere."""
    return estate_once


def month() -> str:
    """Yesterday's month at the estate: the demonstration has tickets of that day, whatever the date of the run."""
    return f"{datetime.now(ZoneInfo('Asia/Shanghai')) - timedelta(days=1):%Y-%m}"


@pytest.mark.parametrize("book", BOOK_NAMES)
def test_every_book_gapless_on_screen_as_json_and_as_excel(book: str, home: Home, tmp_path: Path) -> None:
    document = json.loads(home.done("register", book, *STAFF, "--json"))
    sequences: dict[str, int] = {}
    for entry in document["items"]:
        day, _, sequence = entry["number"].rpartition("-")
        sequences[day] = sequences.get(day, 0) + 1
        assert int(sequence) == sequences[day]
    shown = home.done("register", book, *STAFF)
    assert all(entry["number"] in shown for entry in document["items"])
    path = tmp_path / "book.xlsx"
    assert f"{len(document['items'])} entries" in home.done("register", book, *STAFF, "--xlsx", str(path))
    with ZipFile(path) as packed:
        texts = packed.read("xl/sharedStrings.xml").decode()
    assert all(entry["number"] in texts for entry in document["items"])


def test_the_month_on_screen_and_as_excel(home: Home, tmp_path: Path) -> None:
    document = json.loads(home.done("report", "JX", month(), "--as", "chen.ping", "--json"))
    assert document["month"] == month()
    shown = home.done("report", "JX", month(), "--as", "chen.ping")
    assert "服务月报" in shown
    assert "一次修复率" in shown
    assert all(one["person"] in shown for one in document["people"])
    path = tmp_path / "report.xlsx"
    home.done("report", "JX", month(), "--as", "chen.ping", "--xlsx", str(path))
    assert path.read_bytes().startswith(b"PK")


def test_a_month_of_a_book_to_be_printed(home: Home, tmp_path: Path) -> None:
    document = json.loads(home.done("register", "repair", *STAFF, "--month", month(), "--json"))
    path = tmp_path / "book.html"
    home.done("register", "repair", *STAFF, "--month", month(), "--print", str(path))
    page = path.read_text(encoding="utf-8")
    assert all(f"<td>{entry['number']}</td>" in page for entry in document["items"])
    assert page.count("<td>BX-") == len(document["items"]) > 0
    assert month() in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("register", "secrets", *STAFF), "one of repair, complaint"),
        (("register", "repair", *STAFF, "--from", "yesterday"), "YYYY-MM-DD"),
        (("register", "repair", "--community", "JX"), "name the person to act as"),
        (("register", "repair", *STAFF, "--month", "2026-03", "--to", "2026-03-31"), "give either a month or days"),
        (("report", "JX", "March", "--as", "chen.ping"), "YYYY-MM"),
        (("report", "XX", "2026-03", "--as", "chen.ping"), "no such community"),
    ],
)
def test_refusals_are_one_line(arguments: tuple[str, ...], told: str, home: Home) -> None:
    result = home.run(*arguments)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output
