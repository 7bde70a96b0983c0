"""Forms of findings: recording by item, deciding by others, contesting, upholding by two people; what-if writes nothing."""

import re
from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest

from domain.finding.commands import RecordFinding
from domain.finding.events import FindingState
from domain.kernel.request import Request
from domain.kernel.terms import Channel, FindingStatus
from domain.ticket import commands as c
from projections.appraisal.findings import FINDINGS
from projections.approval.approvals import APPROVALS
from tests.pages.surfing import SAME_ORIGIN, Forms, Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio

NEW = "/appraisal/findings/new"


async def ticket(estate: Estate) -> str:
    """A ticket's number."""
    g = estate.gongdan
    asked = c.Receive(community="JX", channel=Channel.PHONE, description="漏水", location=c.Place(area="A1"))
    return (
        await g.inquiries.ticket("li", str((await g.desk.receive(asked, Request("li", g.ids.new()))).state.id))
    ).numbers.number


async def recorded(estate: Estate, **more: object) -> str:
    """The page of a finding that the supervisor recorded about a technician."""
    g = estate.gongdan
    said = {"community": "JX", "item": "17", "date": date(2026, 3, 2), "area": "A1", "parties": ("zhang",), "note": "看小说"}
    done = await g.findings.record(RecordFinding.model_validate({**said, **more}), Request("chen", g.ids.new()))
    return f"/appraisal/findings/{done.state.id}"


def steps(surfer: Surfer, page: str) -> list[str]:
    """The decisions that a finding's page offers."""
    assert surfer.page is not None
    return [form.action.removeprefix(f"{page}/") for form in Forms(surfer.page.text).found if form.action.startswith(f"{page}/")]


async def test_recorded_by_item_contested_and_upheld_by_two(
    estate: Estate, surfers: Callable[[], Surfer], password_hash: str
) -> None:
    number = await ticket(estate)
    chen, wang, zhang, li, fang, root = [surfers() for _ in range(6)]
    everybody = {"chen": chen, "wang": wang, "zhang": zhang, "li": li, "fang": fang, "root": root}
    for login, surfer in everybody.items():
        await surfer.sign_in(login)
    await chen.get(f"{NEW}?item=17&ticket={number}")
    refused = await chen.submit(NEW, parties="fang", note="<b>看小说</b>")
    assert refused.status_code == 422
    assert "当日此人在本小区没有岗位" in text_of(refused)
    assert "<b>看小说" not in refused.text
    answer = await chen.submit(NEW, parties="zhang", note="<b>看小说</b>")
    page = answer.url.path
    said = text_of(answer)
    for words in ("上班穿拖鞋", "D2 扣罚项目 17", "zhang某", number, "客服主管不能确认"):
        assert words in said, words
    assert "&lt;b&gt;看小说" in answer.text
    assert "<b>看小说" not in answer.text
    assert steps(chen, page) == []
    assert (await chen.get(NEW)).status_code == 200
    assert [(await surfer.get(NEW)).status_code for surfer in (zhang, root)] == [403, 403]

    await wang.get(page)
    assert steps(wang, page) == ["confirm", "waive"]
    confirming = wang.form(f"{page}/confirm").fields
    assert "已确认" in text_of(await wang.submit(f"{page}/confirm"))
    again = await wang.http.post(f"{page}/confirm", data=confirming, headers=SAME_ORIGIN)
    assert again.headers["location"] == f"{page}?done=confirm"
    late = await wang.http.post(f"{page}/confirm", data=confirming | {"key": "another"}, headers=SAME_ORIGIN)
    assert late.status_code == 409
    assert "已确认的考评事项不能确认" in text_of(late)
    foreign = await wang.http.post(f"{page}/waive", data={"reason": "duplicate"}, headers=SAME_ORIGIN)
    assert foreign.status_code == 403
    assert [(await surfer.get(page)).status_code for surfer in (li, fang, root)] == [403, 404, 403]

    await zhang.get(page)
    assert steps(zhang, page) == ["contest"]
    assert "申诉中" in text_of(await zhang.submit(f"{page}/contest", reason="当日休息"))
    assert steps(zhang, page) == []
    said = text_of(await wang.get(page))
    assert "当日休息" in said
    assert "须第二人同意" in said
    assert steps(wang, page) == ["uphold", "revoke"]
    assert "等待第二人审批" in text_of(await wang.submit(f"{page}/uphold", reason="监控属实"))
    g = estate.gongdan
    state = await g.journal.existing(UUID(page.rpartition("/")[2]), FindingState)
    assert state.status is FindingStatus.CONTESTED
    await g.sign_ins.put_hash("kao", password_hash)
    kao = surfers()
    await kao.sign_in("kao")
    assert await g.projections.wait_for(APPROVALS.name, (await g.store.head()).position, 60)
    waiting = re.search(r'href="(/approvals/[0-9a-f-]{36})"', (await kao.get("/approvals")).text)
    assert waiting is not None
    assert [waiting[1] in (await surfer.get(page)).text for surfer in (wang, kao, zhang)] == [True, True, False]
    said = text_of(await kao.get(waiting[1]))
    for words in ("维持考评事项", "考评事项第 17 项", "原因 监控属实", "wang某"):
        assert words in said, words
    await kao.submit(f"{waiting[1]}/approve")
    assert "wang某，第二人kao某批准 维持：监控属实" in text_of(await zhang.get(page))
    assert "申诉" not in steps(zhang, page)


async def test_a_bonus_and_one_of_ones_own_record(estate: Estate, surfer: Surfer, password_hash: str) -> None:
    await estate.gongdan.sign_ins.put_hash("kao", password_hash)
    await surfer.sign_in("wang")
    await surfer.get(f"{NEW}?item=B7")
    fields = surfer.form(NEW, "post").names
    assert {"director", "administrator", "date", "parties"} <= set(fields)
    assert not {"doubled", "overdue_days", "severity"} & set(fields)
    assert "分数须是 0.5 的倍数" in text_of(await surfer.submit(NEW, parties="zhang", director="0.7", administrator="1"))
    page = (await surfer.submit(NEW, parties="zhang", director="1", administrator="1.5")).url.path
    assert steps(surfer, page) == []
    assert "记录人不能自己决定" in text_of(await surfer.get(page))
    surfer.http.cookies.clear()
    await surfer.sign_in("kao")
    await surfer.get(page)
    assert "等待第二人审批" in text_of(await surfer.submit(f"{page}/confirm", director="2", administrator="1.5"))
    assert (await surfer.get(f"{NEW}?item=39")).status_code == 200
    assert "第 39 项按指标扣分" in text_of(await surfer.submit(NEW))


async def test_the_list_is_filtered_by_the_address_and_holds_what_one_may_read(
    estate: Estate, surfer: Surfer, password_hash: str
) -> None:
    await estate.gongdan.sign_ins.put_hash("kao", password_hash)
    about_zhang = await recorded(estate)
    in_a1 = await recorded(estate, item="4", parties=(), quantity=3)
    about_director = await recorded(estate, parties=("wang",))
    await estate.gongdan.projections.start()
    assert await estate.gongdan.projections.wait_for(FINDINGS.name, (await estate.gongdan.store.head()).position, 60)

    async def listed(query: str = "") -> list[str]:
        return re.findall(r'href="(/appraisal/findings/[0-9a-f-]{36})"', (await surfer.get(f"/appraisal/findings{query}")).text)

    await surfer.sign_in("wang")
    assert await listed() == [about_director, in_a1, about_zhang]
    assert await listed("?item=4") == await listed("?item=4&status=recorded&month=2026-03") == [in_a1]
    assert await listed("?party=zhang") == [about_zhang]
    assert await listed("?status=confirmed") == await listed("?month=2026-04") == []
    assert [(await surfer.get(f"/appraisal/findings{wrong}")).status_code for wrong in ("?status=x", "?month=2026-13")] == [
        422,
        422,
    ]
    for login, seen in {"zhang": [about_zhang], "li": [], "kao": [about_director, in_a1, about_zhang]}.items():
        surfer.http.cookies.clear()
        await surfer.sign_in(login)
        assert await listed() == seen, login
    surfer.http.cookies.clear()
    await surfer.sign_in("root")
    assert (await surfer.get("/appraisal/findings")).status_code == 403


async def test_what_if_is_calculated_and_nothing_is_written(estate: Estate, surfer: Surfer) -> None:
    page = await recorded(estate, item="37", quantity=2)
    await surfer.sign_in("wang")
    head = await estate.gongdan.store.head()
    offered = re.search(r'href="(/appraisal/what-if[^"]*)"[^>]*>\s*如果确认会怎样', (await surfer.get(page)).text)
    assert offered is not None
    said = text_of(await surfer.get(offered[1].replace("&amp;", "&")))
    assert "2026-03 的考评会变成" in said
    assert re.search(r"zhang某 -6 0 → -6 100% → 90%", said), said
    said = text_of(await surfer.get("/appraisal/what-if?item=8&date=2026-03-02&area=A1&show=1"))
    assert re.search(r"wang某 -2 0 → -2", said)
    assert re.search(r"hua某 -1 0 → -1", said)
    wrong = await surfer.get("/appraisal/what-if?item=13&date=2026-03-02&show=1")
    assert wrong.status_code == 422
    assert "第 13 项须写明逾期天数" in text_of(wrong)
    assert await estate.gongdan.store.head() == head
    surfer.http.cookies.clear()
    await surfer.sign_in("root")
    assert (await surfer.get("/appraisal/what-if")).status_code == 403
