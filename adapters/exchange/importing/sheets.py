"""Read tables as rows of text: CSV, or the first sheet of an Excel workbook (xlsx), in bounded memory.

The format is detected from the bytes, not the name. Decompression bombs and endless lines or sheets are refused before they are
parsed. A row with a formula is refused: its value is unknown here, and copying it could carry an injection on.
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from io import BufferedReader
from typing import Any, BinaryIO

from defusedxml import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from adapters.exchange.importing.foreign_log import BadRow, csv_rows
from adapters.exchange.importing.source import MIB, FileRefused, Limits, Unpacked

SHEET_LIMITS = Limits(line=64 * 1024, total=64 * MIB, ratio=200, ratio_from=4 * MIB)
"""Limits for registers: one of a hundred thousand lines has about 10 MB."""
MOST_ROWS = 100_000
MOST_COLUMNS = 30
"""Further columns are not read."""
MOST_PARTS = 500
"""Most parts (sheets, styles, pictures) of a workbook's archive."""
PIECE = 64 * 1024
DECLARES = "declares a document type or entities, which no workbook needs"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row: its number in the file, and its non-empty cells by column."""

    row: int
    cells: Mapping[str, str]


Rows = Iterator[SheetRow | BadRow]


def read_sheet(file: BinaryIO, *, encoding: str, limits: Limits = SHEET_LIMITS) -> tuple[Sequence[str], Rows]:
    """The names of the columns, and the rows below; raises FileRefused."""
    head = file.read(4)
    file.seek(0)
    if head == b"PK\x03\x04":
        return _workbook(file, limits)
    if head == b"\xd0\xcf\x11\xe0":
        raise FileRefused("is an old Excel workbook (xls), or one with a password; save it as xlsx or CSV")
    stream: BufferedReader = BufferedReader(Unpacked(file, limits), PIECE)
    header, rows = csv_rows(stream, encoding=encoding, delimiter=",", limits=limits, advice=ADVICE)

    def found() -> Rows:
        for row in rows:
            yield row if isinstance(row, BadRow) else _row(row[0], row[1].items())

    return [name.strip() for name in header], found()


ADVICE = "its encoding, such as --encoding {other}, or save it as CSV UTF-8"


def _row(number: int, cells: Iterable[tuple[str, str]]) -> SheetRow | BadRow:
    filled = {column: text for column, cell in cells if column and (text := cell.strip())}
    formulas = [column for column, text in filled.items() if text.startswith("=")]
    if formulas:
        return BadRow(number, _formula(formulas))
    return SheetRow(number, filled)


def _formula(columns: Sequence[str]) -> str:
    return f"{', '.join(columns)}: a formula; replace it by its value"


def _workbook(file: BinaryIO, limits: Limits) -> tuple[Sequence[str], Rows]:
    _weigh(file, limits)
    with _readable():
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        if not book.worksheets:
            raise FileRefused("has no sheet")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        cells = _cells(sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS))
        header = next(cells, None)
    if header is None:
        raise FileRefused("is empty: the first line must name the columns")
    names = [text for text, _ in header[1]]
    while not names[-1]:
        names.pop()

    def found() -> Rows:
        with _readable():
            for number, row in cells:
                named = list(zip(names, row, strict=False))
                formulas = [column for column, (_, formula) in named if column and formula]
                if formulas:
                    yield BadRow(number, _formula(formulas))
                else:
                    yield _row(number, ((column, text) for column, (text, _) in named))

    return names, found()


@contextmanager
def _readable() -> Iterator[None]:
    """Turn any error of the workbook reader into FileRefused: a malformed workbook can make it fail anywhere."""
    try:
        yield
    except DefusedXmlException as error:
        raise FileRefused(DECLARES) from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, InvalidFileException, OSError) as error:
        raise FileRefused(f"is a workbook that can't be read ({type(error).__name__}); save it again, or as CSV") from error


def _weigh(file: BinaryIO, limits: Limits) -> None:
    """Unpack every part once, discarding it, and raise FileRefused for a bomb, a damaged part or a DOCTYPE.

    The sizes that the archive states can't be trusted, so the bytes are counted.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS:
                raise FileRefused(f"has more than {MOST_PARTS} parts, which no workbook needs")
            size = file.seek(0, 2)
            unpacked = 0
            for part in parts:
                with packed.open(part) as stream:
                    before = b""
                    while piece := stream.read(PIECE):
                        unpacked += len(piece)
                        if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in before + piece:
                            raise FileRefused(f"{part.filename[:60]} {DECLARES}")
                        before = piece[-9:]
                        if unpacked > limits.total:
                            raise FileRefused(f"is larger than {limits.total // MIB} MiB unpacked")
                        if unpacked > limits.ratio_from and unpacked > limits.ratio * size:
                            raise FileRefused(f"unpacks to more than {limits.ratio} times its size, which no workbook needs")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileRefused(f"is a damaged or locked workbook, or another archive: {error}") from error
    file.seek(0)


def _cells(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, list[tuple[str, bool]]]]:
    """Yield the non-empty rows by number, each cell with whether it is a formula."""
    for number, row in enumerate(rows, start=1):
        if all(cell.value is None for cell in row):
            continue
        cells = [(_text(cell.value), cell.data_type == "f") for cell in row]
        if any(text for text, _ in cells):
            if number > MOST_ROWS:
                raise FileRefused(f"has more than {MOST_ROWS} rows")
            yield number, cells


def _text(value: object) -> str:
    """A cell's text: days as ISO 8601, whole numbers without a decimal point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == value.min.time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
