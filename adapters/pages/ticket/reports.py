"""Page of the service report (服务月报): figures and charts of a month, each chart with its table; also as Excel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from json import dumps
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from adapters.exchange.exporting.books import ServiceReportAnswer, month_of, service_report_answer
from adapters.exchange.exporting.workbooks import percent, write_service_report
from adapters.pages.frame.visitor import TheVisitor, Visitor
from adapters.pages.ticket.books import as_file
from domain.kernel.errors import NotFound
from domain.kernel.terms import AssigneeType, Channel, ClockName, Kind
from domain.people.assignee import Assignee

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart: the labels of its bars, and a row of figures for each series."""

    key: str
    title: str
    heading: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[int]]
    colours: Sequence[str] = ("accent",)

    @property
    def data(self) -> str:
        """JSON for the script that draws the chart."""
        series = [{"name": name, "values": list(values)} for name, values in self.series.items()]
        return dumps({"labels": list(self.labels), "series": series, "colours": list(self.colours)}, ensure_ascii=False)


@router.get("/reports")
async def reports(visitor: TheVisitor, month: str | None = None) -> Response:
    """Show the report of a month, by default the current one."""
    found = await _report(visitor, month)
    first = month_of(found.month)
    return visitor.page(
        "ticket/reports.html",
        found=found,
        charts=_charts(visitor, found),
        percent=percent,
        before=_month(first - timedelta(days=1)),
        after=_month(first + timedelta(days=31)),
        this_month=_month(visitor.directory.day(found.community, visitor.now)),
        people=[(_worker(visitor, one.person), one) for one in found.people],
    )


@router.get("/reports.xlsx")
async def workbook(visitor: TheVisitor, month: str | None = None) -> Response:
    """Download the report as an Excel workbook."""
    found = await _report(visitor, month)
    zone = visitor.directory.zone(found.community)

    def written(path: Path) -> None:
        write_service_report(path, found, zone)

    return await as_file(written, f"服务月报{found.month}.xlsx")


async def _report(visitor: Visitor, month: str | None) -> ServiceReportAnswer:
    if visitor.community is None:
        raise NotFound("community")
    asked = month or _month(visitor.directory.day(visitor.community, visitor.now))
    return await service_report_answer(visitor.gongdan, visitor.directory, visitor.login, visitor.community, asked)


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _charts(visitor: Visitor, found: ServiceReportAnswer) -> list[Chart]:
    say = visitor.say
    received = say("受理件数")
    ratings = found.satisfaction.ratings
    clocks = found.clocks
    return [
        Chart(
            "kinds", say("受理，按类型"), say("类型"), _words(visitor, Kind, found.by_kind), {received: [*found.by_kind.values()]}
        ),
        Chart(
            "channels",
            say("受理，按来源"),
            say("来源"),
            _words(visitor, Channel, found.by_channel),
            {received: [*found.by_channel.values()]},
        ),
        Chart(
            "clocks",
            say("时限，按时与超时"),
            say("时限"),
            _words(visitor, ClockName, clocks),
            {say("按时"): [one.met for one in clocks.values()], say("超时"): [one.breached for one in clocks.values()]},
            ("good", "bad"),
        ),
        Chart(
            "ratings",
            say("回访评分"),
            say("评分"),
            [say("{n} 分", n=rating) for rating in ratings],
            {say("住户数"): [*ratings.values()]},
        ),
    ]


def _worker(visitor: Visitor, who: str) -> str:
    """Name a person (by login), or a team or contractor (by ``type:code``)."""
    kind, _, code = who.partition(":")
    return visitor.carrier(Assignee(AssigneeType(kind), code)) if code else visitor.person(who)


def _words(visitor: Visitor, codes: type[StrEnum], counts: Mapping[str, object]) -> list[str]:
    return [visitor.say("未分类") if code == "none" else visitor.label(codes(code)) for code in counts]
