"""Technician's page without scripts: order of the list, steps as forms, reasons of refusals, answers to drafts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.kernel.request import Request
from domain.kernel.terms import Channel, State
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from tests.pages.surfing import SAME_ORIGIN, Surfer, text_of
from tests.support.clock import MORNING
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio


async def act(estate: Estate, login: str, ref: str, command: c.Command) -> Done:
    g = estate.gongdan
    done = await g.desk.act(ref, command, Request(login, g.ids.new()))
    assert isinstance(done, Done)
    return done


async def dispatched(estate: Estate, description: str = "厨房水管漏水", *, to: str = "zhang", **more: Any) -> str:
    """A work order that the worklist knows of; its ticket's id."""
    g = estate.gongdan
    said = {"community": "JX", "channel": Channel.PHONE, "description": description, **more}
    said.setdefault("location", {"area": "A1", "building": "3", "entrance": "2", "dwelling": "1201"})
    said.setdefault("reporter", {"name": "王小明", "phone": "13812345678"})
    done = await g.desk.receive(c.Receive.model_validate(said), Request("li", g.ids.new()))
    assert isinstance(done, Done)
    ref = str(done.state.id)
    await act(estate, "li", ref, c.Classify(kind="repair", facility="private"))
    await listed(estate, await act(estate, "li", ref, c.Dispatch(assignee=to)))
    return ref


async def listed(estate: Estate, done: Done) -> None:
    assert await estate.gongdan.projections.wait_for(TECHNICIAN_WORKLIST.name, done.position, 60)


async def test_an_order_goes_its_way_by_the_forms_of_the_page(estate: Estate, surfer: Surfer) -> None:
    ref = await dispatched(estate)
    await surfer.sign_in("zhang")
    said = text_of(await surfer.get("/work"))
    for part in ("今天 1 张", "待接单", "锦绣花园A1 3 栋 2 单元 1201", "厨房水管漏水", "王小明 13812345678", "维修时限"):
        assert part in said, part
    for step, then in (("accept", "已接单"), ("start", "已到场")):
        page = await surfer.submit(f"/work-orders/{ref}/{step}")
        assert (page.status_code, page.url.path) == (200, "/work")
        assert then in text_of(page)
    page = await surfer.submit(f"/work-orders/{ref}/suspend", reason="awaiting_parts")
    assert "挂起：待材料" in text_of(page)
    assert "请先恢复，再完工" in text_of(page).split("现在不能做的")[1]
    # It may follow a resumption that waits in the outbox, and is not shown before.
    assert f'id="complete-{ref}" data-step="complete" data-last data-after="resume" hidden>' in page.text
    await surfer.submit(f"/work-orders/{ref}/resume")
    page = await surfer.submit(f"/work-orders/{ref}/complete", resolution="换了软管", outcome="done", parts="软管")
    assert "已办：完工" in text_of(page)
    assert "现在没有派给您的工单。" in text_of(page)
    assert (await estate.gongdan.desk.load(await estate.gongdan.desk.find(ref))).state is State.REPAIRED


async def test_the_work_order_on_paper_has_what_is_known_and_room_for_the_rest(estate: Estate, surfer: Surfer) -> None:
    ref = await dispatched(estate)
    await surfer.sign_in("li")
    sheet = f"/tickets/{ref}/work-order"
    said = text_of(await surfer.get(sheet))
    assert "到场时间 处理结果 用料与收费 维修人签名 住户签名 完工时间 住户意见 □ 满意 □ 不满意" in said
    for minutes, command in (
        (0, c.Accept()),
        (30, c.Start()),
        (45, c.Complete(resolution="换了软管", parts=("软管", "生料带"))),
    ):
        estate.clock.move(minutes=minutes)
        await act(estate, "zhang", ref, command)
    said = text_of(await surfer.get(sheet))
    for part in ("到场时间 2026-03-02 09:30", "换了软管", "软管、生料带", "完工时间 2026-03-02 10:15", "□ 满意"):
        assert part in said, part
    await act(estate, "li", ref, c.FollowUp(satisfied=False, method="phone"))
    await act(estate, "li", ref, c.Dispatch(assignee="wu"))
    said = text_of(await surfer.get(sheet))
    assert "到场时间 处理结果" in said, "what the one before did is not the next one's"
    assert "□ 不满意" in said


async def test_what_is_pressing_stands_first_and_what_comes_later_last(estate: Estate, surfer: Surfer) -> None:
    """An emergency, then by the clock that runs out first; appointments after today come last; teams' orders are among them."""
    old = await dispatched(estate, "甲")
    later = await dispatched(estate, "乙")
    estate.clock.move(hours=1)
    team = await dispatched(estate, "丙", to="zhang")
    await act(estate, "li", team, c.Reassign(assignee=c.AssigneeRef(type="team", id="plumbers")))
    urgent = await dispatched(estate, "丁", urgency="emergency")
    await dispatched(estate, "戊", to="wu")
    await listed(estate, await act(estate, "li", later, c.Schedule(appointment_at=MORNING + timedelta(days=1))))
    await surfer.sign_in("zhang")
    page = await surfer.get("/work")
    assert "今天 3 张 · 以后 1 张" in text_of(page)
    places = {ref: page.text.index(f'id="order-{ref}"') for ref in (urgent, old, team, later)}
    assert sorted(places, key=lambda ref: places[ref]) == [urgent, old, team, later]
    assert "戊" not in text_of(page)


async def test_opening_the_list_is_one_look_and_the_copy_kept_is_none(estate: Estate, surfer: Surfer) -> None:
    refs = [await dispatched(estate, "甲"), await dispatched(estate, "乙")]
    await surfer.sign_in("zhang")
    masked = await surfer.get("/work?masked=1")
    for secret in ("13812345678", "王小明", "1201", "甲"):
        assert secret not in masked.text.partition("<main")[2], secret
    assert [access.what for _, access in await estate.gongdan.store.access_log.read(0, 10)] == []
    await surfer.get("/work")
    [(_, look)] = await estate.gongdan.store.access_log.read(0, 10)
    desk = estate.gongdan.desk
    assert (look.who, look.what, look.community) == ("zhang", "worklist", "JX")
    assert set(look.subjects) == {(await desk.load(await desk.find(ref))).subject for ref in refs}


async def test_a_quotation_takes_several_lines_and_more_rows(estate: Estate, surfer: Surfer) -> None:
    ref = await dispatched(estate)
    await surfer.sign_in("zhang")
    await surfer.get("/work")
    services = list((await estate.gongdan.directory.current()).prices_of("JX").services)
    page = await surfer.submit(f"/work-orders/{ref}/quote", **{"code-1": services[0], "quantity-1": "2", "more_rows": "1"})
    form = surfer.form(f"/work-orders/{ref}/quote")
    assert (page.status_code, form.fields["rows"], form.fields["code-1"]) == (200, "6", services[0])
    number = (await estate.gongdan.inquiries.ticket("li", ref, personal=False)).numbers.number
    await surfer.get(f"/tickets/{number}")
    page = await surfer.submit(f"/tickets/{number}/quote", **{"code-3": services[1], "more_rows": "1"})
    form = surfer.form(f"/tickets/{number}/quote")
    assert (page.status_code, form.fields["rows"], form.fields["code-3"]) == (200, "6", services[1])
    await surfer.get("/work")
    more = {"rows": "6", "code-1": services[0], "quantity-1": "2", "code-6": services[1]}
    page = await surfer.submit(f"/work-orders/{ref}/quote", **more)
    assert "已办：报价" in text_of(page)
    charge = (await estate.gongdan.desk.load(await estate.gongdan.desk.find(ref))).charge
    assert charge is not None
    assert [(line.code, line.quantity) for line in charge.lines] == [(services[0], 2), (services[1], 1)]


async def test_a_picture_goes_up_by_itself_without_scripts(estate: Estate, surfer: Surfer) -> None:
    ref = await dispatched(estate)
    await surfer.sign_in("zhang")
    await surfer.get("/work")
    fields, files = surfer.form(f"/work-orders/{ref}/attach").fields, {"file": ("签名.txt", b"signed", "text/plain")}
    fields.pop("file")
    answer = await surfer.http.post(f"/work-orders/{ref}/attach", data=fields, files=files, headers=SAME_ORIGIN)
    assert (answer.status_code, answer.headers["location"].partition("&")[0]) == (303, "/work?done=attach")
    files = {"file": ("网页.html", b"<html><script>alert(1)</script></html>", "text/html")}
    answer = await surfer.http.post(f"/work-orders/{ref}/attach", data=fields | {"key": "k2"}, files=files, headers=SAME_ORIGIN)
    assert answer.status_code == 422
    assert "不收这种文件" in text_of(answer)
    assert 'action="/work-orders' in answer.text
    assert len((await estate.gongdan.desk.load(await estate.gongdan.desk.find(ref))).attachments) == 1


async def test_what_is_refused_is_told_and_stays_filled_in(estate: Estate, surfer: Surfer) -> None:
    ref = await dispatched(estate)
    await surfer.sign_in("zhang")
    await surfer.get("/work")
    page = await surfer.submit(f"/work-orders/{ref}/quote", **{"code-1": "", "quantity-2": "3"})
    assert page.status_code == 422
    assert "必填" in text_of(page)
    assert surfer.form(f"/work-orders/{ref}/quote").fields["quantity-2"] == "3"
    await surfer.get("/work")
    stale = surfer.form(f"/work-orders/{ref}/decline").fields | {"reason": "不在我的班上"}
    await act(estate, "li", ref, c.Note(text="住户下午才在家"))
    answer = await surfer.http.post(f"/work-orders/{ref}/decline", data=stale, headers=SAME_ORIGIN)
    assert answer.status_code == 412
    assert "已有新的进展" in text_of(answer)
    assert "不在我的班上" in answer.text


async def test_a_draft_is_answered_in_json_and_counts_once_at_its_time(estate: Estate, surfer: Surfer) -> None:
    """As the outbox sends it: first the picture, then the step on the version that the picture left; all at the true time."""
    ref = await dispatched(estate)
    await surfer.sign_in("zhang")
    await surfer.get("/work")
    fields = surfer.form(f"/work-orders/{ref}/complete").fields
    carried = {"csrf": fields["csrf"], "occurred_at": MORNING.isoformat(), "offline": "1"}
    estate.clock.move(hours=2)
    draft = SAME_ORIGIN | {"X-Draft": "1"}
    picture = carried | {"key": "a1", "if_match": fields["if_match"]}
    for _ in range(2):
        answer = await surfer.http.post(
            f"/work-orders/{ref}/attach", data=picture, files={"file": ("签名.txt", b"signed", "text/plain")}, headers=draft
        )
        assert answer.status_code == 200, answer.text
    version = answer.json()["version"]
    assert version == int(fields["if_match"]) + 1
    step = carried | {"key": "a2", "if_match": str(version), "resolution": "换了软管", "outcome": "done"}
    answers = [await surfer.http.post(f"/work-orders/{ref}/complete", data=step, headers=draft) for _ in range(2)]
    assert [answer.json()["version"] for answer in answers] == [version + 1] * 2
    g = estate.gongdan
    state = await g.desk.load(await g.desk.find(ref))
    assert (state.state, len(state.attachments), state.version) == (State.REPAIRED, 1, version + 1)
    attached, completed = (await g.inquiries.ticket("li", ref, personal=False, steps=True)).steps[-2:]
    for entered in (attached, completed):
        assert entered.event.timestamp == MORNING
        assert entered.event.meta.offline_entered
        assert entered.stored.recorded_at > MORNING
    refused = await surfer.http.post(f"/work-orders/{ref}/start", data=step | {"key": "a3"}, headers=draft)
    assert refused.status_code == 412
    assert refused.json()["said"] == ["您打开之后，此单已有新的进展。请看过再做决定。"]


async def test_who_carries_no_work_orders_is_told_who_does(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    ref = await dispatched(estate)
    shen, fang = surfers(), surfers()
    await shen.sign_in("shen")
    page = await shen.get("/work")
    assert page.status_code == 403
    assert "/work" not in page.text.partition("<nav")[2].partition("</nav>")[0]
    await fang.sign_in("fang")
    await fang.get("/work")
    csrf = fang.page.text.partition('name="csrf" value="')[2].partition('"')[0] if fang.page else ""
    there = await fang.http.post(f"/work-orders/{ref}/accept", data={"csrf": csrf, "key": "k1"}, headers=SAME_ORIGIN)
    nowhere = await fang.http.post("/work-orders/GD-JX-1/accept", data={"csrf": csrf, "key": "k2"}, headers=SAME_ORIGIN)
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert text_of(there) == text_of(nowhere)
