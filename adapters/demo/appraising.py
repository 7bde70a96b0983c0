"""考评事项 of the last months: somebody in every pay band, and one person for each flag of dismissal (D2 五.1, 五.3).

They are recorded two days before today by the supervisor and confirmed by the company's appraiser; bonuses take two people.
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
"""The day of the demonstration on which all of it is written down."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding about one person, on a day of a month; ``points`` of a bonus."""

    login: str
    item: str
    day: int
    note: str
    quantity: int = 1
    points: str | None = None


WHOLE_MONTH: tuple[Found, ...] = (
    # 120 %
    Found("he.xue", "B7", 9, "凌晨暴雨车库进水，主动返岗协助挡水、移车，挽回损失，住户联名感谢。", points="3"),
    Found("he.xue", "B4", 21, "提出来电分类登记卡，经公司采纳推广。", points="2"),
    # 110 %
    Found("gao.peng", "B1", 14, "住户书面表扬：陪同走失老人等候家属两小时。", points="2.5"),
    # 95 %, and three findings of one item in a row
    Found("tian.yong", "30", 6, "夜间巡更漏打东侧三个点。"),
    Found("tian.yong", "30", 13, "巡更记录与打卡时间不符。"),
    Found("tian.yong", "30", 20, "地下车库应巡两遍，实巡一遍。"),
    # 90 %
    Found("jiang.tao", "41", 8, "四张工单未按流程接单，事后补点到场。", quantity=4),
    Found("jiang.tao", "42", 22, "两周工作日记未按时缴交。", quantity=2),
    # 80 %, of two months in a row
    Found("qian.liang", "41", 7, "五张工单未当面报价先行施工，住户未签字。", quantity=5),
    Found("qian.liang", "38", 18, "上门着装不整，被街道检查组点名批评。"),
    Found("qian.liang", "42", 25, "日记漏记一周。"),
    # 50 %, and more than half a year's and a year's deductions
    Found("fang.yi", "41", 5, "八张工单到场超时且未告知值班台。", quantity=8),
    Found("fang.yi", "37", 12, "班组会上散布不实消息，经查属实。", quantity=3),
    Found("fang.yi", "42", 19, "整月工作日记缺交。", quantity=4),
    # flagged by the finding itself
    Found("feng.jun", "18", 16, "因停车口角故意不予放行，查监控属实。"),
)
MONTH_BESIDE: tuple[Found, ...] = (Found("qian.liang", "41", 11, "六张工单完工未清场，住户投诉后返工。", quantity=6),)
"""Of the month before or after, so that two in a row are as bad."""


def months(today: date) -> tuple[Month, Month]:
    """The last whole month two days ago, and the one beside it of the same year."""
    whole = Month.of(today + timedelta(days=DAY)).before
    beside = whole.before if whole.before.year == whole.year else Month.of(today + timedelta(days=DAY))
    return whole, beside


def findings(site: Site) -> Course:
    """All of it, one after another."""
    whole, beside = months(site.rota.anchor)
    at = site.rota.at(DAY, time(9, 40))
    listed: Sequence[tuple[Month, Found]] = [
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


def _points(found: Found) -> GivenPoints | None:
    if found.points is None:
        return None
    given = Decimal(found.points)
    return GivenPoints(director=given, administrator=given)


def _record(found: Found, day: date) -> Asked:
    command = RecordFinding(
        community=COMMUNITY,
        item=found.item,
        date=day,
        quantity=found.quantity,
        parties=(found.login,),
        points=_points(found),
        note=found.note,
    )
    return lambda parts, request: parts.findings.record(command, request)


def _confirm(finding: UUID, found: Found) -> Asked:
    command = ConfirmFinding(points=_points(found))
    return lambda parts, request: parts.findings.act(finding, command, request)
