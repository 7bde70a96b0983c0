"""Import a household register (住户名册): CSV or xlsx, with columns in Chinese or English; report the outcome.

The whole file is read before anything is written. A row is refused on its own, with a reason that holds no personal data. A file
imported a second time changes nothing, and after an interruption another run continues.
"""

import csv
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from adapters.exchange.importing.foreign_log import BadRow, check_header
from adapters.exchange.importing.sheets import SHEET_LIMITS, SheetRow, read_sheet
from adapters.exchange.importing.source import FileRefused, Limits
from adapters.labels.labels import LABELS
from domain.household.commands import RegisterLine
from domain.household.register_entry import LineOutcome, LineVerdict, RegisterEntry
from domain.household.register_lines import Entered
from domain.kernel.terms import Tenure
from domain.people.administration import Administrator

BATCH = 500
"""Rows decided and written in one commit."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "area": ("责任区", "片区"),
    "building": ("楼栋", "楼号", "栋", "栋号"),
    "entrance": ("单元", "单元号"),
    "dwelling": ("房号", "户号", "房间号", "室号"),
    "name": ("姓名", "住户姓名", "业主姓名"),
    "phone": ("电话", "联系电话", "手机", "手机号"),
    "tenure": ("身份", "住户类别", "类别"),
    "since": ("入住日期", "入伙日期", "起始日期"),
    "until": ("迁出日期", "搬离日期", "终止日期"),
    "keys": ("锁匙", "锁匙套数", "钥匙", "钥匙套数"),
}
"""Field of a line → other names of its column."""
NEEDED = ("building", "dwelling")
ENCODINGS = {"utf-8": "utf-8", "gbk": "gb18030"}
"""Encoding stated → codec used; GB18030 includes GBK."""

_FIELDS = {name: field for field, names in COLUMNS.items() for name in (field, *names)}
_TENURES = {text: code for code, (chinese, english) in LABELS[Tenure].items() for text in (code, chinese, english.lower())}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")

Progress = Callable[[int, int], None]
"""(rows done, rows of the file)."""


@dataclass
class RegisterReport:
    """Outcome of an import; ``refused``: (row, reason, detail) of every refused row."""

    file: str
    sha256: str
    community: str
    dry_run: bool
    ignored_columns: Sequence[str] = ()
    read: int = 0
    accepted: int = 0
    already_there: int = 0
    entered: Counter[Entered] = field(default_factory=Counter)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def refused_by_reason(self) -> dict[str, int]:
        """Number of refused rows by reason, most frequent first."""
        return dict(Counter(reason for _, reason, _ in self.refused).most_common())

    def add(self, row: int, outcome: LineOutcome) -> None:
        """Add the outcome of a row."""
        if outcome.verdict is LineVerdict.REFUSED:
            self.refused.append((row, outcome.reason, outcome.detail))
            return
        self.accepted += outcome.verdict is LineVerdict.ACCEPTED
        self.already_there += outcome.verdict is LineVerdict.ALREADY_THERE
        self.entered.update(outcome.entered)

    def document(self) -> dict[str, Any]:
        """The report as a JSON document."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "community": self.community,
            "dry_run": self.dry_run,
            "ignored_columns": list(self.ignored_columns),
            "read": self.read,
            "accepted": self.accepted,
            "already_there": self.already_there,
            "entered": {what.value: self.entered[what] for what in Entered},
            "refused": len(self.refused),
            "refused_by_reason": self.refused_by_reason,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.read / self.seconds, 1) if self.seconds else 0.0,
            "refusals": [{"row": row, "reason": reason, "detail": detail} for row, reason, detail in sorted(self.refused)],
        }


async def import_register(
    entry: RegisterEntry,
    file: BinaryIO,
    name: str,
    community: str,
    by: Administrator,
    *,
    encoding: str = "utf-8",
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
    limits: Limits = SHEET_LIMITS,
    batch: int = BATCH,
) -> RegisterReport:
    """Import a register, ``batch`` rows in each commit; raises FileRefused or a Refusal before anything is written.

    The file itself is not stored: it holds personal data in the clear.
    """
    started = time.perf_counter()
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file
    file.seek(0)
    began = await entry.begin(community, by, sha256)
    report = RegisterReport(name, sha256, community, dry_run)
    if encoding not in ENCODINGS:
        raise FileRefused(f"unknown encoding {encoding}; one of {', '.join(ENCODINGS)}")
    header, rows = read_sheet(file, encoding=ENCODINGS[encoding], limits=limits)
    fields = [_FIELDS.get(column.strip().lower(), column.strip()) for column in header]
    check_header(fields, NEEDED)
    report.ignored_columns = [column for column, known in zip(header, fields, strict=True) if column and known not in COLUMNS]
    lines: list[tuple[int, RegisterLine]] = []
    for found in rows:
        report.read += 1
        line = found if isinstance(found, BadRow) else _line(found)
        if isinstance(line, BadRow):
            report.refused.append((line.row, "formula" if ": a formula;" in line.detail else "malformed", line.detail))
        else:
            lines.append((found.row, line))
    progress(0, len(lines))
    for at in range(0, len(lines), batch):
        some = lines[at : at + batch]
        outcomes = await began.take([line for _, line in some], dry=dry_run)
        for (row, _), outcome in zip(some, outcomes, strict=True):
            report.add(row, outcome)
        progress(at + len(some), len(lines))
    report.seconds = time.perf_counter() - started
    return report


def _line(found: SheetRow) -> RegisterLine | BadRow:
    """A row as a line of the register, or why it can't be one; the reason names columns and never their content."""
    cells = {_FIELDS[name]: text for column, text in found.cells.items() if (name := column.strip().lower()) in _FIELDS}
    if "tenure" in cells:
        cells["tenure"] = _TENURES.get(cells["tenure"].lower(), cells["tenure"])
    for day in ("since", "until"):
        if (written := _DAY.fullmatch(cells.get(day, ""))) is not None:
            cells[day] = "{}-{:0>2}-{:0>2}".format(*written.groups())
    try:
        return RegisterLine.model_validate(cells)
    except ValidationError as error:
        said = (f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg']}" for e in error.errors(include_input=False))
        return BadRow(found.row, "; ".join(said))


def write_register_report(report: RegisterReport, path: Path) -> None:
    """Write the whole report as JSON, or for a ``.csv`` path the refused rows as CSV."""
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("row", "reason", "detail"))
            writer.writerows(sorted(report.refused))
    else:
        path.write_text(json.dumps(report.document(), ensure_ascii=False, indent=2), encoding="utf-8")
