"""Write books and reports as Excel workbooks (xlsx), laid out for A4. Texts are never taken for formulas."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from adapters.answers.duty.roster import AttendanceAnswer
from adapters.answers.ticket.documents import AssigneeAnswer
from adapters.exchange.exporting.books import RegisterEntry, ServiceReportAnswer
from adapters.labels.labels import label
from domain.kernel import terms as t

SAFE = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm",
}
"""Options that keep a text cell a text: a resident's text that begins with ``=`` must not run as a formula (CSV injection)."""

BOOK_TITLES = {
    "repair": "报修记录",
    "complaint": "投诉记录",
    "daily": "日常事务登记表",
    "renovation": "装修记录",
    "move_in": "入伙记录",
    "inspection": "巡检整改记录",
    "visit": "走访记录",
}

REGISTER_COLUMNS: Sequence[tuple[str, int]] = (
    ("编号", 22),
    ("登记时间", 16),
    ("工单号", 22),
    ("受理时间", 16),
    ("类别", 12),
    ("来源", 10),
    ("位置", 20),
    ("联系人", 10),
    ("电话", 14),
    ("内容", 12),
    ("承办", 14),
    ("完成时间", 16),
    ("回访评分", 9),
    ("状态", 10),
    ("备注", 26),
)


class Sheet:
    """A sheet filled from top to bottom, with a frozen header."""

    def __init__(self, book: Any, name: str, zone: ZoneInfo, columns: Sequence[tuple[str, int]], title: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._zone = zone
        self._row = 0
        self._bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self._wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top", "align": "left"})
        heading = book.add_format({"bold": True, "font_size": 14})
        self._sheet.write_string(0, 0, title, heading)
        self._row = 1
        for place, (column, width) in enumerate(columns):
            self._sheet.set_column(place, place, width)
            self._sheet.write_string(1, place, column, self._bold)
        self._row = 2
        self._sheet.freeze_panes(2, 0)
        self._sheet.repeat_rows(0, 1)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_footer("&C&P / &N")

    def add(self, cells: Iterable[object]) -> None:
        """Add a row: moments in the community's time zone, numbers as numbers, everything else as text."""
        for place, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if isinstance(cell, datetime):
                self._sheet.write_datetime(self._row, place, cell.astimezone(self._zone).replace(tzinfo=None), self._moment)
            elif isinstance(cell, int | Decimal) and not isinstance(cell, bool):
                self._sheet.write_number(self._row, place, cell, self._wrapped)
            else:
                self._sheet.write_string(self._row, place, str(cell), self._wrapped)
        self._row += 1


def write_register(path: Path, book: str, community: str, span: str, zone: ZoneInfo, entries: Iterable[RegisterEntry]) -> None:
    """Write a book as a workbook."""
    with xlsxwriter.Workbook(str(path), SAFE) as workbook:
        title = BOOK_TITLES[book]
        sheet = Sheet(workbook, title, zone, REGISTER_COLUMNS, f"{community} {title} {span}".strip())
        for entry in entries:
            sheet.add(register_cells(entry))


def register_cells(entry: RegisterEntry) -> list[object]:
    """The cells of an entry, in the order of :data:`REGISTER_COLUMNS`."""
    place = entry.location
    where = (place.area, place.building, place.entrance, place.dwelling, place.public_place)
    remarks = [
        f"作废，改登 {entry.replaced_by}" if entry.void else "",
        "补单" if entry.back_entered else "",
        f"返修 {entry.rework} 次" if entry.rework else "",
        "未回访关闭" if entry.unreached else "",
    ]
    return [
        entry.number,
        entry.recorded_at,
        entry.ticket_number,
        entry.received_at,
        _label(entry.kind) + (f" {entry.category}" if entry.category else ""),
        _label(entry.channel),
        " ".join(part for part in where if part),
        entry.reporter.name,
        entry.reporter.phone,
        entry.description,
        entry.assignee.id if isinstance(entry.assignee, AssigneeAnswer) else entry.assignee,
        entry.completed_at,
        entry.rating,
        _label(entry.state),
        "；".join(remark for remark in remarks if remark),
    ]


def _label(code: StrEnum | None) -> str:
    return label(code) if code is not None else ""


def report_lines(report: ServiceReportAnswer) -> list[tuple[str, str, object]]:
    """The report's lines as (section, line, figure), for a sheet or a terminal; people are in :func:`people_lines`."""
    lines: list[tuple[str, str, object]] = [("受理", "合计", report.received), ("受理", "其中补录", report.back_entered)]
    lines += [("按类别", _code(t.Kind, kind), count) for kind, count in report.by_kind.items()]
    lines += [("按来源", _code(t.Channel, channel), count) for channel, count in report.by_channel.items()]
    lines += [("常见事项", f"{_label(one.kind)} {one.category}".strip(), one.received) for one in report.top_categories]
    lines += [("完成", "完工或办结", report.completed), ("完成", "取消", report.cancelled)]
    for clock, kept in report.clocks.items():
        name = _code(t.ClockName, clock)
        lines += [
            ("时限", f"{name} 按时", kept.met),
            ("时限", f"{name} 超时", kept.breached),
            ("时限", f"{name} 按时率", percent(kept.rate)),
        ]
    fix, verdicts = report.first_time_fix, report.satisfaction
    lines += [
        ("质量", "一次修复率", percent(fix.rate)),
        ("质量", "返修", report.rework),
        ("质量", "重开", report.reopened),
        ("回访", "满意", verdicts.satisfied),
        ("回访", "不满意", verdicts.dissatisfied),
        ("回访", "满意率", percent(verdicts.rate)),
        ("回访", "平均评分", verdicts.average or "–"),
        ("回访", "未回访关闭", report.unreached),
    ]
    return lines


PEOPLE_COLUMNS = ("人员", "完成", "满意", "不满意", "平均评分")


def people_lines(report: ServiceReportAnswer) -> list[tuple[object, ...]]:
    """The report's line of each person."""
    return [(one.person, one.completed, one.satisfied, one.dissatisfied, one.average or "–") for one in report.people]


def percent(rate: str | None) -> str:
    """``"0.9500"`` → ``95.0 %``."""
    return "–" if rate is None else f"{float(rate) * 100:.1f} %"


def _code(enum: type[StrEnum], code: str) -> str:
    return "未分类" if code == "none" else label(enum(code))


def write_service_report(path: Path, report: ServiceReportAnswer, zone: ZoneInfo) -> None:
    """Write a month's report as a workbook: figures, kinds by channels, people."""
    with xlsxwriter.Workbook(str(path), SAFE) as workbook:
        title = f"{report.community} 服务月报 {report.month}"
        figures = Sheet(workbook, "汇总", zone, (("类目", 14), ("项目", 34), ("数值", 12)), title)
        for line in report_lines(report):
            figures.add(line)
        channels = list(report.by_channel)
        columns = [("类别", 16), *((_code(t.Channel, channel), 10) for channel in channels)]
        crossed = Sheet(workbook, "类别与来源", zone, columns, title)
        for kind, counts in report.by_kind_and_channel.items():
            crossed.add([_code(t.Kind, kind), *(counts.get(channel, 0) for channel in channels)])
        people = Sheet(workbook, "人员", zone, [(column, 16) for column in PEOPLE_COLUMNS], title)
        for cells in people_lines(report):
            people.add(cells)


ATTENDED_COLUMNS = ("人员", "姓名", "应值", "缺勤", "顶班", "班次", "当值时长（分）", "迟到次数", "迟到分钟", "超时交班")
_HELD_COLUMNS = (
    ("人员", 14),
    ("岗位", 12),
    ("时段", 8),
    ("应到", 16),
    ("到岗", 16),
    ("上岗", 16),
    ("交班", 16),
    ("迟到分钟", 9),
    ("超时交班（分）", 12),
)
_DUE_COLUMNS = (("日期", 12), ("时段", 8), ("应值", 14), ("实际当值", 24), ("迟到分钟", 9), ("缺勤", 8))


def attended_lines(found: AttendanceAnswer) -> list[tuple[object, ...]]:
    """The attendance line of each person, for a sheet or a terminal."""
    return [
        (
            one.login,
            one.name,
            one.due,
            one.absent,
            one.covered,
            one.shifts,
            one.minutes,
            one.late,
            one.late_minutes,
            one.overdue_handovers,
        )
        for one in found.people
    ]


def write_attendance(path: Path, found: AttendanceAnswer, zone: ZoneInfo) -> None:
    """Write a month's attendance as a workbook: sheets of people, of shifts and of duties."""
    with xlsxwriter.Workbook(str(path), SAFE) as workbook:
        title = f"{found.community} 考勤表 {found.month}" + ("" if found.complete else "（未满月）")
        people = Sheet(workbook, "考勤", zone, [(column, 12) for column in ATTENDED_COLUMNS], title)
        for cells in attended_lines(found):
            people.add(cells)
        shifts = Sheet(workbook, "班次", zone, _HELD_COLUMNS, title)
        for one in found.shifts:
            moments = (one.starts_at, one.arrived_at, one.opened_at, one.ended_at)
            shifts.add((one.officer, label(one.post), label(one.period), *moments, one.late_minutes, one.overdue_minutes))
        due = Sheet(workbook, "值班表", zone, _DUE_COLUMNS, title)
        for duty in found.due:
            absent = "缺勤" if duty.absent else ""
            due.add((str(duty.date), label(duty.period), duty.login, "、".join(duty.held_by), duty.late_minutes, absent))
