"""Small foreign logs and their mappings, made for the tests."""

import gzip
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

HEADER = "Case,Created,Closed,Type,Where,Who,Status,Due\n"
MAPPING = """
name = "sample"
format = "csv"
case = "Case"
[time]
zone = "Asia/Shanghai"
format = "%Y-%m-%d %H:%M"
[receive.fields]
channel = "phone"
description = "{Type}：{Where}"
location = { area = "A1", building = "3" }
reporter = { name = "{Who}" }
[classify]
by = "Type"
[classify.values]
"水管" = { kind = "repair", facility = "private", category = "plumbing" }
"咨询" = { kind = "enquiry" }
"投诉" = { kind = "complaint" }
[dispatch]
by = "Type"
default = { assignee = { type = "contractor", id = "anda" } }
[people]
by = "Who"
names = { "王师傅" = "wang" }
[note]
attributes = ["Status"]
[[activity]]
name = "Created"
[[activity.steps]]
from = ["none"]
do = [
    { trigger = "receive" }, { trigger = "classify" }, { trigger = "dispatch", kinds = ["repair"] },
    { trigger = "note", attributes = ["Due"] },
]
[[activity]]
name = "Closed"
[[activity.steps]]
from = ["dispatched"]
do = [{ trigger = "complete", resolution = "{Status}" }]
[[activity.steps]]
from = ["classified"]
do = [{ trigger = "settle", resolution = "{Status}" }]
"""

LEGAL = "c1,2026-02-01 09:00,2026-02-01 15:30,水管,厨房,王师傅,done,\n"
ROWS = {
    "legal": LEGAL,
    "open": "c2,2026-02-01 10:00,,咨询,大堂,,open,2026-02-05\n",
    "closed_first": "c3,2026-02-01 10:00,2026-01-31 10:00,水管,厨房,,done,\n",
    "future": "c4,2026-02-01 10:00,2031-01-01 00:00,水管,厨房,,done,\n",
    "not_answered": "c5,2026-02-01 10:00,2026-02-02 10:00,投诉,,x,done,\n",
    "other_type": "c6,2026-02-01 10:00,,电梯,,x,open,\n",
    "no_moment": "c7,gestern,,咨询,,x,open,\n",
    "never": "c8,,,咨询,,x,open,\n",
    "nameless": ",2026-02-01 10:00,,咨询,,x,open,\n",
    "short": "c9,2026-02-01 10:00\n",
    "long_name": f"c10,2026-02-01 10:00,,咨询,,{'长' * 61},open,\n",
    "control": "c11,2026-02-01 10:00,,咨询,\x07,x,open,\n",
    "again": "c1,2026-02-01 11:00,,咨询,,x,open,\n",
    "quotes": 'c12,2026-02-01 11:00,,咨询,"a"b,x,open,\n',
    "formula": "=1+1,2026-02-01 11:00,,咨询,=cmd|'/C calc'!A0,@SUM(A1),+open,-1\n",
}
REFUSED = {
    "closed_first": "out_of_order",
    "future": "future",
    "not_answered": "rule:complaint_needs_reply",
    "other_type": "not_in_mapping",
    "no_moment": "bad_moment",
    "never": "no_entry",
    "nameless": "no_case_name",
    "short": "malformed_row",
    "long_name": "invalid_input",
    "control": "invalid_input",
    "again": "repeated_case",
    "quotes": "malformed_row",
}


def csv_file(folder: Path, rows: str | Sequence[str], name: str = "log.csv", encoding: str = "utf-8") -> Path:
    """A CSV of the sample's columns."""
    path = folder / name
    path.write_bytes((HEADER + (rows if isinstance(rows, str) else "".join(rows))).encode(encoding))
    return path


def many(count: int) -> str:
    """Rows of as many cases."""
    return "".join(f"n{i},2026-02-01 {i % 24:02}:00,2026-02-02 23:30,水管,厨房{i},王师傅,done,\n" for i in range(count))


XES_MAPPING = """
name = "helper"
format = "xes"
case = "concept:name"
[receive]
at_first_activity = true
[receive.fields]
channel = "portal"
description = "{activity} {product}"
reporter = { name = "{customer}" }
[classify]
by = "product"
default = { kind = "assistance" }
[dispatch]
by = "product"
default = { assignee = { type = "contractor", id = "anda" } }
[people]
by = "org:resource"
[[activity]]
name = "Assign"
[[activity.steps]]
from = ["received"]
do = [{ trigger = "classify" }]
[[activity]]
name = "Take"
[[activity.steps]]
from = ["classified"]
do = [{ trigger = "dispatch" }, { trigger = "accept" }]
[[activity]]
name = "Resolve"
[[activity.steps]]
from = ["dispatched"]
last = true
do = [{ trigger = "complete", resolution = "{activity}" }]
"""


def xes(traces: Sequence[tuple[str, Sequence[tuple[str, str]]]], head: str = "") -> str:
    """An XES log of (case, [(activity, moment)])."""
    parts = ['<?xml version="1.0" encoding="utf-8"?>\n', head, '<log xmlns="http://www.xes-standard.org/">\n']
    parts.append('<global scope="trace"><string key="concept:name" value="name"/></global>\n')
    for name, events in traces:
        parts.append(f'<trace><string key="concept:name" value="{name}"/>\n')
        for activity, moment in events:
            parts.append(
                f'<event><string key="concept:name" value="{activity}"/><date key="time:timestamp" value="{moment}"/>'
                '<string key="org:resource" value="Value 2"><string key="nested" value="x"/></string>'
                '<string key="product" value="P 1"/><string key="customer" value="王小明"/></event>\n'
            )
        parts.append("</trace>\n")
    return "".join([*parts, "</log>\n"])


def xes_file(folder: Path, text: str, *, packed: bool = False) -> Path:
    """The text as a file."""
    path = folder / ("log.xes.gz" if packed else "log.xes")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


def real_log(name: str) -> Path:
    """A real log, from the folder in GONGDAN_TEST_DATA or beside the checkout; skips the test where it is absent."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("GONGDAN_TEST_DATA") or beside) / name
    if not path.exists():
        pytest.skip(f"{name} is not at hand; GONGDAN_TEST_DATA names its folder")
    return path
