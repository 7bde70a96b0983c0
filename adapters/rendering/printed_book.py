"""Printed page of a month of a book (记录册): A4 landscape, table head on every sheet, entries unbroken, void numbers shown.

The page loads nothing. The content security policy allows its one style by hash, so injected styles and scripts are dead.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo

from markupsafe import Markup

from adapters.exchange.exporting.books import RegisterEntry
from adapters.exchange.exporting.workbooks import BOOK_TITLES, REGISTER_COLUMNS, register_cells
from adapters.rendering.environment import CHINESE, Templates

STYLE = """
@page { size: A4 landscape; margin: 14mm 10mm 16mm;
  @bottom-center { content: counter(page) " / " counter(pages); font-size: 9pt } }
body { font: 9pt/1.35 "Noto Serif CJK SC", "Source Han Serif SC", "SimSun", "Songti SC", serif; color: #000; margin: 0 }
h1 { font-size: 15pt; text-align: center; margin: 0 0 2mm }
.about { text-align: right; margin: 0 0 2mm }
table { border-collapse: collapse; width: 100% }
thead { display: table-header-group }
tr { break-inside: avoid }
th, td { border: 0.2mm solid #000; padding: 0.8mm 1mm; text-align: left; vertical-align: top; overflow-wrap: anywhere }
thead th { background: #eee; white-space: nowrap }
.day { break-after: avoid }
.day th { background: #f6f6f6; font-weight: normal }
.void td { text-decoration: line-through }
.void td:last-child { text-decoration: none }
.signed { break-inside: avoid; margin: 8mm 0 0; display: flex; gap: 60mm }
"""
POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; frame-ancestors 'none'"
"""Content security policy of the page."""
SIGNERS = ("制表：", "审核：", "日期：")


@dataclass(frozen=True, slots=True)
class PrintedEntry:
    """An entry of the book as printed cells."""

    void: bool
    cells: Sequence[str]


def printed_book(
    templates: Templates, book: str, community: str, span: str, zone: ZoneInfo, entries: Sequence[RegisterEntry], now: datetime
) -> str:
    """Render the page. ``span`` names the month or days in the title; moments are printed in the community's ``zone``.

    Personal data is masked as it is in ``entries``.
    """
    days = [
        (f"{day:%Y-%m-%d}", [PrintedEntry(entry.void, [_cell(cell, zone) for cell in register_cells(entry)]) for entry in some])
        for day, some in groupby(entries, lambda entry: entry.recorded_at.astimezone(zone).date())
    ]
    void = sum(entry.void for entry in entries)
    context = {
        "title": f"{community} {BOOK_TITLES[book]} {span}".strip(),
        "about": f"共 {len(entries)} 号，作废 {void} 号；打印时间 {now.astimezone(zone):%Y-%m-%d %H:%M}",
        "columns": [column for column, _ in REGISTER_COLUMNS],
        "days": days,
        "signers": SIGNERS,
        "style": Markup(STYLE),
    }
    return templates.render(CHINESE, "ticket/printed_book.html", context)


def _cell(cell: object, zone: ZoneInfo) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(zone):%m-%d %H:%M}"
    return "" if cell is None else str(cell)
