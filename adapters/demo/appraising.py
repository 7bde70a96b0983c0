"""Findings (考评事项) of the last months: a person in every pay band, and one for each dismissal flag (D2 五.1, 五.3).

The supervisor records them two days before today, the company's appraiser confirms them; bonuses take two people.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from adapters.demo.staff import COMMUNITY
from adapters.simulation.company.site import Site
from adapters.simulation.courses.steps import Approve, Ask, Course, Step
from domain.approval.waiting import Waiting
from domain.finding.commands import ConfirmFinding, GivenPoints, RecordFinding
from domain.kernel.periods import Month
from domain.kernel.request import Request

SUPERVISOR, DIRECTOR, APPRAISER = "chen.ping", "liu.jianhua", "xu.hui"
DAY = -2
"""The day, counted from today, on which all findings are recorded."""


@dataclass(frozen=True, slots=True)
class PlannedFinding:
    """A finding about a person on a day of a month; ``points``: of a bonus."""

    login: str
    item: str
    day: int
    note: str
    quantity: int = 1
    points: str | None = None


WHOLE_MONTH: tuple[PlannedFinding, ...] = (
    # 120 %
    PlannedFinding("he.xue", "B7", 9, "凌晨暴雨车库进水，主动返岗协助挡水、移车，挽回损失，住户联名感谢。", points="3"),
    PlannedFinding("he.xue", "B4", 21, "提出来电分类登记卡，经公司采纳推广。", points="2"),
    # 110 %
    PlannedFinding("gao.peng", "B1", 14, "住户书面表扬：陪同走失老人等候家属两小时。", points="2.5"),
    # 95 %, and three findings of one item in a row
    PlannedFinding("tian.yong", "30", 6, "夜间巡更漏打东侧三个点。"),
    PlannedFinding("tian.yong", "30", 13, "巡更记录与打卡时间不符。"),
    PlannedFinding("tian.yong", "30", 20, "地下车库应巡两遍，实巡一遍。"),
    # 90 %
    PlannedFinding("jiang.tao", "41", 8, "四张工单未按流程接单，事后补点到场。", quantity=4),
    PlannedFinding("jiang.tao", "42", 22, "两周工作日记未按时缴交。", quantity=2),
    # 80 %, of two months in a row
    PlannedFinding("qian.liang", "41", 7, "五张工单未当面报价先行施工，住户未签字。", quantity=5),
    PlannedFinding("qian.liang", "38", 18, "上门着装不整，被街道检查组点名批评。"),
    PlannedFinding("qian.liang", "42", 25, "日记漏记一周。"),
    # 50 %, and more than half a year's and a year's deductions
    PlannedFinding("fang.yi", "41", 5, "八张工单到场超时且未告知值班台。", quantity=8),
    PlannedFinding("fang.yi", "37", 12, "班组会上散布不实消息，经查属实。", quantity=3),
    PlannedFinding("fang.yi", "42", 19, "整月工作日记缺交。", quantity=4),
    # flagged by the finding itself
    PlannedFinding("feng.jun", "18", 16, "因停车口角故意不予放行，查监控属实。"),
)
MONTH_BESIDE: tuple[PlannedFinding, ...] = (
    PlannedFinding("qian.liang", "41", 11, "六张工单完工未清场，住户投诉后返工。", quantity=6),
)
"""Findings of the month before or after, so that two months in a row are in one pay band."""


def months(today: date) -> tuple[Month, Month]:
    """The last whole month as of two days ago, and a neighbouring month of that year."""
    whole = Month.of(today + timedelta(days=DAY)).before
    beside = whole.before if whole.before.year == whole.year else Month.of(today + timedelta(days=DAY))
    return whole, beside


def findings(site: Site) -> Course:
    """The course that records and confirms all findings, one after another."""
    whole, beside = months(site.rota.anchor)
    at = site.rota.at(DAY, time(9, 40))
    listed: Sequence[tuple[Month, PlannedFinding]] = [
        *((whole, found) for found in WHOLE_MONTH),
        *((beside, found) for found in MONTH_BESIDE),
    ]
    for month, found in listed:
        day = min(date(month.year, month.number, found.day), site.rota.anchor + timedelta(days=DAY))
        at += site.minutes(3, 7)
        recorded = yield Step(at, SUPERVISOR, Ask(_record(found, day)))
        at += site.minutes(1, 3)
        confirmed = yield Step(at, APPRAISER, Ask(_confirm(recorded.state.id, found)))
        if isinstance(confirmed, Waiting):
            at += site.minutes(2, 5)
            yield Step(at, DIRECTOR, Approve(confirmed.case.id))


Asked = Callable[[Gongdan, Request], Awaitable[Any]]


def _points(found: PlannedFinding) -> GivenPoints | None:
    if found.points is None:
        return None
    given = Decimal(found.points)
    return GivenPoints(director=given, administrator=given)


def _record(found: PlannedFinding, day: date) -> Asked:
    command = RecordFinding(
        community=COMMUNITY,
        item=found.item,
        date=day,
        quantity=found.quantity,
        parties=(found.login,),
        points=_points(found),
        note=found.note,
    )
    return lambda gongdan, request: gongdan.findings.record(command, request)


def _confirm(finding: UUID, found: PlannedFinding) -> Asked:
    command = ConfirmFinding(points=_points(found))
    return lambda gongdan, request: gongdan.findings.act(finding, command, request)
