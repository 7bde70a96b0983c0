"""Read the cells of an Excel workbook: texts, numbers, and formulas as written."""

import re
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Cell = str | float | None


def rows(content: bytes) -> dict[str, list[list[Cell]]]:
    """The rows of each sheet by its name, as wide as the sheet's widest; fails where any cell is a formula."""
    with ZipFile(BytesIO(content)) as file:
        shared = ["".join(item.itertext()) for item in ElementTree.fromstring(file.read("xl/sharedStrings.xml"))]
        names = [one.attrib["name"] for one in ElementTree.fromstring(file.read("xl/workbook.xml")).iter(f"{MAIN}sheet")]
        sheets = [file.read(f"xl/worksheets/sheet{number + 1}.xml") for number in range(len(names))]
    return {name: _sheet(sheet, shared) for name, sheet in zip(names, sheets, strict=True)}


def _sheet(content: bytes, shared: list[str]) -> list[list[Cell]]:
    found: dict[tuple[int, int], Cell] = {}
    for cell in ElementTree.fromstring(content).iter(f"{MAIN}c"):
        assert cell.find(f"{MAIN}f") is None, cell.attrib["r"]
        value = cell.find(f"{MAIN}v")
        if value is None or value.text is None:
            continue
        column, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.attrib["r"]).groups()  # type: ignore[union-attr]
        place = (int(row) - 1, sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(column))) - 1)
        found[place] = shared[int(value.text)] if cell.attrib.get("t") == "s" else float(value.text)
    height, width = (max(place[axis] for place in found) + 1 for axis in (0, 1))
    return [[found.get((row, column)) for column in range(width)] for row in range(height)]
