"""Hostile or mislabelled files: refused early, in bounded memory, with the line."""

import gzip
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.exchange.importing.foreign_log import BadRow, RawCase
from adapters.exchange.importing.importing import ForeignLog
from adapters.exchange.importing.mapping import parse_mapping
from adapters.exchange.importing.source import FileRefused, Limits
from tests.importing.samples import HEADER, LEGAL, MAPPING, XES_MAPPING, csv_file, many, xes, xes_file

SMALL = Limits(line=64 * 1024, case=256 * 1024, total=4 * 2**20, ratio=50, ratio_from=64 * 1024)
MEMORY = 8 * 2**20
"""What reading may take at most, in bytes: the files below unpack to, or pretend to hold, far more."""


def rows(path: Path, mapping: str = MAPPING, limits: Limits = SMALL) -> list[RawCase | BadRow]:
    return [row for row, _ in ForeignLog(path, parse_mapping(mapping), limits).rows()]


def refusal(path: Path, mapping: str = MAPPING, limits: Limits = SMALL) -> str:
    """The reason for refusing a file; asserts that little memory was used."""
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused) as refused:
            for _ in ForeignLog(path, parse_mapping(mapping), limits).rows():
                pass
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    return str(refused.value)


def test_a_line_of_two_gigabytes_is_refused_early(tmp_path: Path) -> None:
    path = csv_file(tmp_path, LEGAL)
    with path.open("r+b") as file:
        file.seek(2 * 2**30)  # a sparse file: zeros without a line feed
        file.write(b"\n")
    assert refusal(path) == "line 3 is longer than 65536 bytes"
    assert path.stat().st_size > 2 * 2**30


def packed_zeros(path: Path, size: int, head: bytes = b"") -> Path:
    """A decompression bomb of zeros."""
    with gzip.open(path, "wb") as file:
        file.write(head)
        for _ in range(size // 2**16):
            file.write(b"\n" * 2**16)
    return path


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    told = refusal(packed_zeros(tmp_path / "bomb.csv.gz", 64 * 2**20, HEADER.encode()))
    assert "unpacks to more than 50 times its size" in told


def test_too_much_of_it_is_refused_packed_or_not(tmp_path: Path) -> None:
    assert "larger than 4 MiB" in refusal(csv_file(tmp_path, (" " * 1023 + "\n") * 5 * 2**10))


def test_a_zip_bomb_or_workbook_is_not_opened_at_all(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 100)
    assert "Excel workbook; save it as CSV" in refusal(path)


def test_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress((HEADER + many(2000)).encode())
    path = tmp_path / "log.csv.gz"
    for damaged in (whole[: len(whole) // 2], whole[:100] + b"\0" * 50 + whole[150:]):
        path.write_bytes(damaged)
        assert "damaged" in refusal(path)


DTD = "<!DOCTYPE log [{}]>\n"
TRICKS = {
    "billion laughs": DTD.format('<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">'),
    "quadratic": DTD.format(f'<!ENTITY a "{"x" * 1000}">'),
    "a file of the machine": DTD.format('<!ENTITY a SYSTEM "file:///etc/passwd">'),
    "parameter entity": DTD.format('<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;'),
    "document type elsewhere": '<!DOCTYPE log SYSTEM "file:///etc/passwd">\n',
}


@pytest.mark.parametrize("trick", TRICKS)
def test_entities_are_refused(trick: str, tmp_path: Path) -> None:
    text = xes([("&a;" if "a" in TRICKS[trick] else "c", [("Assign", "2026-01-01T00:00:00Z")])], TRICKS[trick])
    assert "document type or entities" in refusal(xes_file(tmp_path, text), XES_MAPPING)


def endless(piece: str, head: str, count: int) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        with path.open("w") as file:
            file.write(head)
            for _ in range(count):
                file.write(piece)
        return path

    return write


EVENT = '<event><string key="concept:name" value="x"/></event>'
GROWING: dict[str, tuple[Any, str]] = {
    "one attribute": (endless("x" * 1000, '<log><trace><string key="a" value="', 3000), "an element is longer than 65536 bytes"),
    "one name": (endless("x" * 1000, "<", 3000), "an element is longer"),
    "one comment": (endless("x" * 1000, "<log><!--", 3000), "an element is longer"),
    "one case": (endless(EVENT, "<log><trace>", 8_000), "a case is longer than 262144 bytes"),
    "nesting": (endless("<list>", "<log>", 100), "nests deeper than 64 elements"),
}


@pytest.mark.parametrize("what", GROWING)
def test_what_never_ends_is_refused(what: str, tmp_path: Path) -> None:
    write, told = GROWING[what]
    assert told in refusal(write(tmp_path / "log.xes"), XES_MAPPING)


def test_a_large_log_takes_no_more_memory_than_a_case(tmp_path: Path) -> None:
    path = endless(f"<trace>{EVENT * 10}</trace>", "<log>", 1500)(tmp_path / "log.xes")
    with path.open("a") as file:
        file.write("</log>")
    tracemalloc.start()
    count = sum(1 for _ in ForeignLog(path, parse_mapping(XES_MAPPING), SMALL).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 1500
    assert peak < MEMORY


@pytest.mark.parametrize("text", ["<log><trace>", "<log></trace>", "not XML", "", "<logs></logs>", "<log>\xff</log>"])
def test_what_is_no_xes_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_bytes(text.encode("latin-1"))
    assert refusal(path, XES_MAPPING)


def test_gbk_is_read_when_stated_and_named_when_not(tmp_path: Path) -> None:
    path = csv_file(tmp_path, ["c0,2026-02-01 09:00,,ascii,x,x,done,\n", LEGAL], encoding="gbk")
    told = refusal(path)
    assert told.startswith("line 3, byte ")
    assert 'encoding = "gbk"' in told
    stated = MAPPING.replace('format = "csv"', 'format = "csv"\nencoding = "gbk"')
    found = rows(path, stated)[1]
    assert isinstance(found, RawCase)
    assert found.attributes["Type"] == "水管"
    path.write_bytes(path.read_bytes() + b"c2,\xff\xff\n")
    assert (
        refusal(path, stated)
        == 'line 4, byte 4 is not gbk; state the file\'s encoding in the mapping, such as encoding = "utf-8"'
    )


def test_utf16_and_a_byte_order_mark(tmp_path: Path) -> None:
    assert "UTF-16" in refusal(csv_file(tmp_path, LEGAL, encoding="utf-16"))
    [found] = rows(csv_file(tmp_path, LEGAL, encoding="utf-8-sig"))
    assert isinstance(found, RawCase)
    assert found.name == "c1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("Case,Created,Who,Type,Status,Due\nc1,x\n", "has no column Closed, Where; columns: Case, Created, Who"),
        (HEADER.replace("Due", "Due,Who"), "has the column Who twice"),
        ('"Case\n', "line 1"),
    ],
)
def test_a_header_that_does_not_fit(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    assert told in refusal(path)


def test_a_quote_that_never_ends_costs_its_rows_and_no_others(tmp_path: Path) -> None:
    path = csv_file(tmp_path, ['x,"' + "y" * 60_000 + "\n" for _ in range(3)] + [LEGAL])
    found = list(rows(path))
    assert all(isinstance(row, BadRow) for row in found[:1])


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    yield
    assert not tracemalloc.is_tracing()
