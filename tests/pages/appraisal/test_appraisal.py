"""Appraisal page: visible tallies, every point explained by finding, ticket and clause, and the Excel file."""

from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from domain.finding.commands import ConfirmFinding, RecordFinding
from domain.kernel.request import Request
from domain.kernel.terms import Channel
from domain.ticket import commands as c
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY
from tests.pages.surfing import SAME_ORIGIN, Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio


async def charged(estate: Estate) -> str:
    """A repair request that was not answered in time, charged by item 7; the ticket's number."""
    g = estate.gongdan
    asked = c.Receive(community="JX", channel=Channel.PHONE, description="漏水", location=c.Place(area="A1"))
    received = await g.desk.receive(asked, Request("li", g.ids.new()))
    number = (await g.inquiries.ticket("li", str(received.state.id))).numbers.number
    found = RecordFinding(community="JX", item="7", date=date(2026, 3, 2), area="A1", tickets=(number,), note="<i>x</i>")
    done = await g.findings.record(found, Request("chen", g.ids.new()))
    await g.findings.act(done.state.id, ConfirmFinding(), Request("kao", g.ids.new()))
    head = (await g.store.head()).position
    await g.projections.start()
    assert await g.projections.wait_for(APPRAISAL_TALLY.name, head, 60)
    return number


async def test_each_point_is_told_down_to_its_ticket_and_clause_as_far_as_one_may_see(estate: Estate, surfer: Surfer) -> None:
    number = await charged(estate)
    await surfer.sign_in("wang")
    for address in ("/appraisal", "/appraisal?period=2026-Q1", "/appraisal?period=2026"):
        answer = await surfer.get(address)
        said = text_of(answer)
        assert "wang某 · -2" in said
        assert "hua某 · -1" in said
        assert answer.text.count(f'href="/tickets/{number}"') == 2
        assert "2026-03-02" in said
        assert ("逐月 姓名 2026-03 wang某 -2 100% hua某 -1 100%" in said) is (address != "/appraisal"), said
        assert "D2" in said
    book = load_workbook(BytesIO((await surfer.get("/appraisal/workbook?period=2026-03")).content))
    assert any(-2 in row for row in book.worksheets[0].values)
    surfer.http.cookies.set("gongdan_language", "en")
    assert "Performance pay" in text_of(await surfer.get("/appraisal"))
    surfer.http.cookies.clear()
    await surfer.sign_in("zhang")
    mine = text_of(await surfer.get("/appraisal?period=2026-03"))
    assert "wang某 ·" not in mine
    assert number not in mine
    assert (await surfer.get("/appraisal?period=2026-13")).status_code == 422
    surfer.http.cookies.clear()
    await surfer.sign_in("root")
    assert (await surfer.get("/appraisal")).status_code == 403


async def test_a_month_is_closed_by_two(estate: Estate, surfer: Surfer, password_hash: str) -> None:
    await estate.gongdan.sign_ins.put_hash("kao", password_hash)
    await charged(estate)
    await surfer.sign_in("wang")
    running = await surfer.get("/appraisal?period=2026-03")
    assert "该月尚未结束，不能月结" in text_of(running)
    await surfer.get("/appraisal?period=2026-02")
    form = surfer.form("/appraisal/close").fields
    page = (await surfer.submit("/appraisal/close")).url.path
    assert "月结" in text_of(await surfer.get(page))
    early = await surfer.http.post("/appraisal/close", data=form | {"month": "2026-03", "key": "k"}, headers=SAME_ORIGIN)
    assert early.status_code == 409
    surfer.http.cookies.clear()
    await surfer.sign_in("kao")
    said = text_of(await surfer.get(page))
    assert "月份 2026-02" in said
    assert "已批准" in text_of(await surfer.submit(f"{page}/approve"))
    surfer.http.cookies.clear()
    await surfer.sign_in("zhang")
    assert "申请月结" not in text_of(await surfer.get("/appraisal?period=2026-01"))
    refused = await surfer.http.post(
        "/appraisal/close", data=surfer.form("/sign-out").fields | {"month": "2026-01", "key": "z"}, headers=SAME_ORIGIN
    )
    assert refused.status_code == 403
