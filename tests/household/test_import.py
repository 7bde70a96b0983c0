"""Importing registers from CSV and xlsx: every row is accounted for, twice adds nothing, hostile files are refused early."""

import csv
import json
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook

from adapters.exchange.importing.foreign_log import BadRow
from adapters.exchange.importing.household_register import RegisterReport, import_register, write_register_report
from adapters.exchange.importing.sheets import SheetRow, read_sheet
from adapters.exchange.importing.source import FileRefused, Limits
from domain.household.register import register_stream
from domain.household.resident import ResidentState
from domain.kernel.errors import NotAllowed, NotFound
from tests.household.register import opened
from tests.support.estates.desk_estate import JX, Estate

pytestmark = pytest.mark.anyio

HEADER = ("责任区", "楼栋", "单元", "房号", "姓名", "联系电话", "身份", "入住日期", "迁出日期", "锁匙", "备注")
ROWS: Sequence[tuple[str, ...]] = (
    ("A1", "3", "2", "1201", "王小明", "13812345678", "业主", "2020-05-01", "", "3", "老业主"),
    ("A1", "3", "2", "1201", "李娜", "138 1234 5678", "住户", "2020/5/1", "", "", ""),
    ("A2", "5", "", "0302", "赵六", "0755-88886666", "租户", "2024年3月1日", "2025.2.28", "1", ""),
    ("A1", "3", "2", "1202", "", "", "", "", "", "", "空置"),
    ("A9", "3", "2", "1203", "", "", "", "", "", "", ""),
    ("A1", "3", "2", "1201", "王小明", "13812345678", "房东", "", "", "", ""),
    ("A1", "3", "2", "", "孙七", "", "住户", "", "", "", ""),
    ("A1", "3", "2", "1201", '=HYPERLINK("http://x")', "", "住户", "", "", "", ""),
    ("A2", "3", "2", "1202", "周八", "", "住户", "", "", "", ""),
)
VERDICTS = {5: "unknown_area", 6: "malformed", 7: "malformed", 8: "formula", 9: "area_differs"}
"""Which rows are refused and why, counted from 1 below the header."""


def as_csv(rows: Sequence[Sequence[Any]] = ROWS, header: Sequence[str] = HEADER, encoding: str = "utf-8") -> BytesIO:
    lines = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in row) for row in (header, *rows)]
    return BytesIO("\r\n".join([*lines, ""]).encode(encoding))


def as_xlsx(rows: Sequence[Sequence[Any]] = ROWS, header: Sequence[str] = HEADER) -> BytesIO:
    book = Workbook()
    for row in (header, *rows):
        book.active.append([cell if cell != "" else None for cell in row])
    file = BytesIO()
    book.save(file)
    file.seek(0)
    return file


async def bring(estate: Estate, file: BytesIO, **more: Any) -> RegisterReport:
    file.seek(0)
    by = more.pop("by", estate.operator)
    return await import_register(estate.g.register_entry, file, "register", more.pop("community", JX), by, **more)


@pytest.mark.parametrize("made", [as_csv, as_xlsx, lambda: as_csv(encoding="utf-8-sig")], ids=["csv", "xlsx", "csv with a mark"])
async def test_every_row_is_accounted_for_and_twice_is_once(made: Any, estate: Estate) -> None:
    found = await bring(estate, made(), batch=2)
    assert (found.read, found.accepted, found.already_there) == (9, 4, 0)
    assert {row - 1: reason for row, reason, _ in found.refused} == VERDICTS
    assert found.ignored_columns == ["备注"]
    assert {what.value: count for what, count in found.entered.items()} == {
        "dwelling": 3, "resident": 3, "moved_in": 3, "moved_out": 1, "keys": 2,
    }  # fmt: skip
    head = (await estate.g.store.head()).position
    again = await bring(estate, made(), batch=3)
    assert (again.read, again.accepted, again.already_there) == (9, 0, 4)
    assert again.refused == found.refused
    assert (await estate.g.store.head()).position == head
    people = (await estate.g.register.members(JX)).residents.values()
    [zhao] = [person for person in people if await opened(estate, person.id, person.name) == "赵六"]
    assert isinstance(zhao, ResidentState)
    [home] = zhao.occupancies
    assert (home.since, home.until, home.keys) == (date(2024, 3, 1), date(2025, 2, 28), 1)
    events = await estate.events_of(register_stream(JX))
    assert {event.source for event in events} == {found.sha256}


async def test_what_an_interrupted_run_left_is_done_by_the_next(shared: Estate) -> None:
    rows = [("A1", "3", "2", f"{n:04}", f"住户{n}", f"1380000{n:04}", "业主", "", "", "", "") for n in range(50)]

    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        if done >= 20:
            raise Killed

    with pytest.raises(Killed):
        await bring(shared, as_csv(rows), batch=10, progress=kill)
    async with shared.again() as next_start:
        found = await bring(next_start, as_csv(rows), batch=10)
    assert (found.read, found.accepted, found.already_there) == (50, 30, 20)


async def test_a_dry_run_writes_nothing(estate: Estate) -> None:
    before = await estate.footprint()
    tried = await bring(estate, as_csv(), dry_run=True)
    assert await estate.footprint() == before
    done = await bring(estate, as_csv())
    assert {**tried.document(), "seconds": 0, "dry_run": False, "rows_per_second": 0} == {
        **done.document(), "seconds": 0, "rows_per_second": 0,
    }  # fmt: skip


async def test_gbk_is_read_when_stated_and_named_when_not(estate: Estate) -> None:
    file = as_csv(encoding="gb18030")
    before = await estate.footprint()
    with pytest.raises(FileRefused, match="line 1, byte 2 is not utf-8; state its encoding, such as --encoding gbk"):
        await bring(estate, file)
    with pytest.raises(FileRefused, match="unknown encoding latin-1; one of utf-8, gbk"):
        await bring(estate, file, encoding="latin-1")
    assert await estate.footprint() == before
    assert (await bring(estate, file, encoding="gbk")).accepted == 4


async def test_for_whom_it_is(estate: Estate) -> None:
    for login in ("admin", "assistant", "supervisor", "director"):
        assert (await bring(estate, as_csv(), by=estate.admin(login), dry_run=True)).accepted == 4
    for login in ("butler", "technician", "finance", "auditor", "appraiser"):
        with pytest.raises(NotAllowed):
            await bring(estate, as_csv(), by=estate.admin(login))
    with pytest.raises(NotFound):
        await bring(estate, as_csv(), by=estate.admin("stranger"))
    with pytest.raises(NotFound):
        await bring(estate, as_csv(), community="XX")


async def test_the_report_names_no_person(estate: Estate, tmp_path: Path) -> None:
    found = await bring(estate, as_csv())
    write_register_report(found, tmp_path / "report.json")
    write_register_report(found, tmp_path / "report.csv")
    text = (tmp_path / "report.json").read_text() + (tmp_path / "report.csv").read_text(encoding="utf-8-sig")
    for said in ("王小明", "13812345678", "孙七", "周八", "房东", "1201", "HYPERLINK"):
        assert said not in text
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["refused"] == len(document["refusals"]) == len(VERDICTS)
    with (tmp_path / "report.csv").open(encoding="utf-8-sig") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == list(VERDICTS.values())


# --- workbooks as people keep them ----------------------------------------------------------------------------------


def test_cells_of_a_workbook_are_text(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("名册")
        book.add_worksheet("别的").write_string(0, 0, "不读")
        sheet.write_row(1, 1, ("楼栋", "房号", "电话", "入住日期", "锁匙", "姓名"))
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(3, 1, (3, 1201.0, 13812345678))
        sheet.write_datetime(3, 4, datetime(2020, 5, 1), day)
        sheet.write_number(3, 5, 3)
        sheet.write_string(3, 6, " 王小明 ")
        sheet.write_row(4, 1, ("3", "1202"))
        sheet.write_formula(4, 5, "=1+1", None, 2)
    with path.open("rb") as file:
        header, rows = read_sheet(file, encoding="utf-8")
        found = list(rows)
    assert [name for name in header if name] == ["楼栋", "房号", "电话", "入住日期", "锁匙", "姓名"]
    cells = {"楼栋": "3", "房号": "1201", "电话": "13812345678", "入住日期": "2020-05-01", "锁匙": "3", "姓名": "王小明"}
    assert found == [SheetRow(4, cells), BadRow(5, "锁匙: a formula; replace it by its value")]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (("楼栋", "姓名"), "has no column dwelling; columns: building, name"),
        (("楼栋", "房号", "电话", "手机"), "has the column phone twice"),
    ],
)
@pytest.mark.parametrize("made", [as_csv, as_xlsx], ids=["csv", "xlsx"])
async def test_a_header_that_does_not_fit(header: Sequence[str], told: str, made: Any, estate: Estate) -> None:
    with pytest.raises(FileRefused, match=told):
        await bring(estate, made([("1",) * len(header)], header))


# --- hostile files --------------------------------------------------------------------------------------------------

SMALL = Limits(line=64 * 1024, total=4 * 2**20, ratio=50, ratio_from=64 * 1024)
MEMORY = 12 * 2**20
"""What reading may take at most, in bytes: the files below unpack to, or pretend to hold, far more."""


def refusal(file: BytesIO, limits: Limits = SMALL) -> str:
    """The refusal of a file, after checking that little memory was used."""
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused) as refused:
            for _ in read_sheet(file, encoding="utf-8", limits=limits)[1]:
                pass
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    return str(refused.value)


def packed(parts: dict[str, bytes], like: BytesIO | None = None) -> BytesIO:
    """A workbook with parts replaced or added."""
    file = BytesIO()
    with zipfile.ZipFile(like or as_xlsx()) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    file.seek(0)
    return file


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "xl/media/image1.png"])
def test_a_zip_bomb_as_workbook_is_refused(part: str) -> None:
    assert "unpacks to more than 50 times its size" in refusal(packed({part: b" " * 64 * 2**20}))


def test_a_workbook_that_is_too_large_or_has_too_many_parts_is_refused() -> None:
    assert "larger than 4 MiB unpacked" in refusal(packed({"xl/media/noise": os.urandom(5 * 2**20)}))
    assert "more than 500 parts" in refusal(packed({f"xl/media/{n}": b"" for n in range(600)}))


def test_a_bomb_that_says_it_is_small_is_refused() -> None:
    honest = packed({SHEET: b" " * 3 * 2**20}).getvalue()
    lying = honest.replace(struct.pack("<L", 3 * 2**20), struct.pack("<L", 3 * 2**10))
    assert lying != honest
    assert "damaged" in refusal(BytesIO(lying))


SHEET_XML = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
ROW = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>x</t></is></c></row>'
DTD = '<?xml version="1.0"?><!DOCTYPE x [{}]>'


@pytest.mark.parametrize(
    "trick", ['<!ENTITY a "ha"><!ENTITY b "&a;&a;">', '<!ENTITY a SYSTEM "file:///etc/passwd">', "<!ELEMENT x ANY>"]
)
@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_entities_in_a_workbook_are_refused(trick: str, part: str) -> None:
    told = refusal(packed({part: (DTD.format(trick) + SHEET_XML.format("")).encode()}))
    assert "declares a document type or entities" in told


def test_rows_far_below_cost_nothing() -> None:
    assert "is empty" in refusal(packed({SHEET: SHEET_XML.format(ROW.format(10**15)).encode()}))
    header, rows = read_sheet(
        packed({SHEET: SHEET_XML.format(ROW.format(1) + ROW.format(10**15)).encode()}), encoding="utf-8", limits=SMALL
    )
    assert (list(header), list(rows)) == (["x"], [])


def test_a_sheet_with_more_rows_than_are_read_is_refused() -> None:
    rows = ROW.format(1) + ROW.format(100_001)
    assert "more than 100000 rows" in refusal(packed({SHEET: SHEET_XML.format(rows).encode()}))


def test_files_that_are_something_else() -> None:
    whole = as_xlsx().getvalue()
    zipped = BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("notes.txt", "x")
    for content, told in (
        (whole[: len(whole) // 2], "damaged"),
        (zipped.getvalue(), "is a workbook that can't be read"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old Excel workbook"),
        (b"", "is empty"),
        ("楼栋".encode("utf-16"), "UTF-16"),
        (("楼栋,房号\n" + "x" * 70_000).encode(), "line 2 is longer than 65536 bytes"),
    ):
        assert told in refusal(BytesIO(content))


def test_a_line_of_two_gigabytes_is_refused_early(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_bytes(as_csv().getvalue())
    with path.open("r+b") as file:
        file.seek(2 * 2**30)  # a sparse file: zeros without a line feed
        file.write(b"\n")
        file.seek(0)
        assert "line 11 is longer than 65536 bytes" in refusal(file)  # type: ignore[arg-type]  # any binary file
