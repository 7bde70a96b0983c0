"""Import a foreign log: read it through once, then import it in batches, and report the outcome.

The first pass finds an unreadable file before anything is written.
"""

import csv
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from adapters.exchange.importing.foreign_log import BadRow, RawCase, read_csv, read_xes
from adapters.exchange.importing.mapping import LogMapping, parse_mapping
from adapters.exchange.importing.source import DEFAULT_LIMITS, Limits, Unpacked, digest, opened
from domain.service_desk.importing import ForeignFile, Import, Imports, Outcome, Verdict

BATCH = 200
"""Cases decided and written in one commit."""

Progress = Callable[[int, int], None]
"""(cases done, cases of the file)."""


@dataclass
class ImportReport:
    """Outcome of an import. ``refused``: every refused row; ``unmatched``: number of entries by activity that became notes."""

    file: str
    sha256: str
    mapping: str
    community: str
    requested_by: str
    approved_by: str
    dry_run: bool
    approval: str = ""
    verdicts: str = ""
    read: int = 0
    accepted: int = 0
    already_there: int = 0
    events: int = 0
    seconds: float = 0.0
    refused: list[Outcome] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    unmatched: Counter[str] = field(default_factory=Counter)

    @property
    def refused_by_reason(self) -> dict[str, int]:
        """Number of refused rows by reason, most frequent first."""
        return dict(Counter(outcome.reason for outcome in self.refused).most_common())

    @property
    def rows_per_second(self) -> float:
        """Cases a second, the first pass included."""
        return self.read / self.seconds if self.seconds else 0.0

    def add(self, outcomes: list[Outcome]) -> None:
        """Add the outcomes of a batch."""
        for outcome in outcomes:
            self.read += 1
            if outcome.verdict is Verdict.REFUSED:
                self.refused.append(outcome)
            elif outcome.verdict is Verdict.ALREADY_THERE:
                self.already_there += 1
            else:
                self.accepted += 1
                self.events += outcome.events
                self.states[outcome.state.value if outcome.state else "none"] += 1
                self.unmatched.update(outcome.noted)

    def document(self) -> dict[str, Any]:
        """The report as a JSON document."""
        plain = ("file", "sha256", "mapping", "community", "requested_by", "approved_by", "approval", "dry_run", "verdicts")
        return {
            **{name: getattr(self, name) for name in plain},
            "read": self.read,
            "accepted": self.accepted,
            "already_there": self.already_there,
            "events": self.events,
            "refused": len(self.refused),
            "refused_by_reason": self.refused_by_reason,
            "accepted_by_state": dict(self.states.most_common()),
            "entries_that_became_notes": dict(self.unmatched.most_common()),
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows_per_second, 1),
            "refusals": [{"row": o.row, "case": o.name, "reason": o.reason, "detail": o.detail} for o in self.refused],
        }


def shipped_mappings() -> list[str]:
    """Names of the mappings shipped with the program."""
    folder = files("adapters.exchange.importing") / "mappings"
    return sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml"))


def mapping_text(name: str) -> str:
    """The text of a mapping file, or of a shipped mapping by its name."""
    path = Path(name)
    if not path.exists() and name in shipped_mappings():
        return (files("adapters.exchange.importing") / "mappings" / f"{name}.toml").read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8")


class ForeignLog:
    """A foreign log file with its mapping."""

    def __init__(self, path: Path, mapping: LogMapping, limits: Limits = DEFAULT_LIMITS) -> None:
        self._path, self._mapping, self._limits = path, mapping, limits

    def rows(self) -> Iterator[tuple[RawCase | BadRow, Unpacked]]:
        """Yield every row with the byte source, which tells the progress; raises FileRefused."""
        mapping = self._mapping
        with opened(self._path, self._limits) as (stream, raw):
            cases: Iterator[RawCase | BadRow]
            if mapping.format == "xes":
                cases = read_xes(stream, limits=self._limits)
            else:
                cases = read_csv(
                    stream,
                    encoding=mapping.encoding,
                    delimiter=mapping.delimiter,
                    case=mapping.case,
                    moments=mapping.moments,
                    needed=mapping.needed,
                    limits=self._limits,
                )
            for case in cases:
                yield case, raw

    def count(self, progress: Progress) -> int:
        """Read the whole file and return its number of rows; raises FileRefused. ``progress`` counts bytes here."""
        size, rows = self._path.stat().st_size, 0
        for rows, (_, raw) in enumerate(self.rows(), 1):
            if rows % BATCH == 0:
                progress(raw.packed, size)
        return rows


async def import_log(
    imports: Imports,
    path: Path,
    mapping_toml: str,
    community: str,
    login: str,
    second: str,
    *,
    dry_run: bool = False,
    looking: Progress = lambda done, total: None,
    progress: Progress = lambda done, total: None,
    limits: Limits = DEFAULT_LIMITS,
    batch: int = BATCH,
) -> ImportReport:
    """Import a file, ``batch`` cases in each commit; raises FileRefused or a Refusal before anything is written.

    After an interruption the committed batches remain, and another run skips their cases.
    """
    started = time.perf_counter()
    mapping = parse_mapping(mapping_toml)
    log = ForeignLog(path, mapping, limits)
    sha256 = digest(path)
    mapping_digest = hashlib.sha256(mapping_toml.encode()).hexdigest()
    asked = ForeignFile(community, path.name, sha256, mapping.name, mapping_digest, mapping.assignees)
    began: Import = await imports.begin(asked, login, second)
    report = ImportReport(path.name, sha256, mapping.name, community, login, second, dry_run, str(began.approval))
    report.verdicts = "stated by the mapping" if mapping.states_verdict else "none: cases closed in the log end at repaired"
    total = log.count(looking)
    rows = log.rows()
    progress(0, total)
    while cases := [mapping.cases(raw, community) for raw, _ in islice(rows, batch)]:
        report.add(await began.take(cases, dry=dry_run))
        progress(report.read, total)
    report.seconds = time.perf_counter() - started
    return report


def write_report(report: ImportReport, path: Path) -> None:
    """Write the whole report as JSON, or for a ``.csv`` path the refused rows as CSV."""
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("row", "case", "reason", "detail"))
            writer.writerows((o.row, _text(o.name), o.reason, _text(o.detail)) for o in report.refused)
    else:
        path.write_text(json.dumps(report.document(), ensure_ascii=False, indent=2), encoding="utf-8")


def _text(cell: str) -> str:
    """A CSV cell, with a leading quote where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
