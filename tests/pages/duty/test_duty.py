"""Duty pages without scripts: opening a shift, offered commands and reasons, texts shown inert, nothing of other communities."""

from collections.abc import Callable
from datetime import datetime

import pytest

from domain.duty.shift import ShiftState
from domain.kernel.request import Request
from domain.ticket.commands import Receive
from tests.pages.surfing import Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def shift_form(surfer: Surfer, command: str) -> str:
    """Where a command of the shift on the page goes."""
    assert surfer.page is not None
    return next(part for part in surfer.page.text.split('action="')[1:] if f"/{command}" in part.partition('"')[0]).partition(
        '"'
    )[0]


async def test_an_assistant_takes_the_desk_and_writes_the_log(surfers: Callable[[], Surfer]) -> None:
    li, chen = surfers(), surfers()
    await li.sign_in("li")
    await li.get("/shift")
    taken = await li.submit("/shift/open")
    assert (taken.status_code, "当值" in text_of(taken)) == (200, True)
    logged = await li.submit(shift_form(li, "log"), text=HOSTILE)
    assert HOSTILE not in logged.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in logged.text
    await chen.sign_in("chen")
    seen = await chen.get("/shift")
    assert "&lt;img src=x onerror=alert(1)&gt;" in seen.text
    assert "记日志" in text_of(seen).split("现在不能做的")[1]


async def test_only_one_takes_the_desk_and_the_other_is_told_who_holds_it(surfers: Callable[[], Surfer]) -> None:
    li, zhang = surfers(), surfers()
    for surfer, login in ((li, "li"), (zhang, "zhang")):
        await surfer.sign_in(login)
        await surfer.get("/shift")
    await li.submit("/shift/open")
    refused = await zhang.submit("/shift/open")
    assert refused.status_code == 409
    assert "li某正在当值" in text_of(refused)


async def test_what_is_not_offered_says_why_and_is_refused_alike(surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/shift")
    await surfer.submit("/shift/open")
    assert surfer.page is not None
    not_now = text_of(surfer.page).split("现在不能做的")[1]
    assert "没有人代值" in not_now
    assert "客服主管" in not_now
    away = shift_form(surfer, "substitute")
    refused = await surfer.submit(away, stand_in="li")
    assert refused.status_code == 422
    left = await surfer.submit(away, stand_in="", named="门岗保安老张")
    assert "代值人 门岗保安老张 · 离岗" in text_of(left)
    assert "代值未确认" in text_of(left)


async def test_a_moment_is_read_by_the_clock_of_the_community(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/shift")
    await surfer.submit("/shift/open")
    estate.clock.move(hours=1)
    await surfer.get("/shift")
    logged = await surfer.submit(shift_form(surfer, "log"), text="补记", occurred_at="2026-03-02T09:20")
    assert "09:20" in text_of(logged)
    wrong = await surfer.submit(shift_form(surfer, "log"), text="补记", occurred_at="soon")
    assert wrong.status_code == 422
    held = await estate.gongdan.duty.holder("JX", "li")
    assert held is not None
    assert held.shift is not None
    [line] = (await estate.gongdan.journal.existing(held.shift.id, ShiftState)).lines
    assert line.at == datetime.fromisoformat("2026-03-02T09:20:00+08:00")
    assert line.back_entered


async def test_pages_of_duty_say_nothing_of_next_door(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    li, wang = surfers(), surfers()
    await li.sign_in("li")
    await li.get("/shift")
    await li.submit("/shift/open")
    for address in ("/review", "/handover/00000000-0000-7000-8000-000000000000"):
        assert (await li.get(address)).status_code in (403, 404)
    await wang.sign_in("wang")
    for address in ("/shift", "/review", "/books", "/reports", "/night"):
        assert (await wang.get(address)).status_code == 200
        assert "银湖" not in text_of(await wang.get(address))
    assert (await wang.get("/review?day=soon")).status_code == 422
    assert (await wang.get("/reports?month=2026-13")).status_code == 422
    assert (await wang.get("/books?book=nothing")).status_code == 422


async def test_the_morning_review_reads_the_night_and_urges_in_one_command(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    zhang, li, chen = surfers(), surfers(), surfers()
    estate.clock.move(hours=10)  # 19:00, in the night's period
    await zhang.sign_in("zhang")
    await zhang.get("/shift")
    await zhang.submit("/shift/open")
    await zhang.submit(shift_form(zhang, "log"), text="巡查水泵房，无异常。")
    desk, g = await estate.gongdan.duty.holder("JX", "zhang"), estate.gongdan
    assert desk is not None
    assert desk.shift is not None
    asked = Request("li", g.ids.new())
    done = await g.desk.receive(
        Receive(community="JX", channel="phone", description="走廊灯不亮", reporter={"phone": "13800138000"}), asked
    )
    estate.clock.move(hours=13, minutes=20)  # 08:20
    shift = f"/shift/{desk.shift.id}"
    await zhang.sign_in("zhang")
    await zhang.get(f"/handover/{desk.shift.id}")
    await zhang.submit(f"{shift}/prepare-handover")
    signed = await zhang.submit(f"{shift}/sign-out")
    assert "待接班人签名" in text_of(signed)
    await li.sign_in("li")
    await li.get(f"/handover/{desk.shift.id}")
    assert "双方已签名" in text_of(await li.submit(f"{shift}/sign-in"))
    estate.clock.move(minutes=40)
    await chen.sign_in("chen")
    for view in ("handover_list", "night_log", "duty_coverage", "morning_review"):
        assert await g.projections.wait_for(view, (await g.store.head()).position, 60)
    page = await chen.get("/review")
    assert "巡查水泵房，无异常。" in text_of(page)
    number = (await g.store.numbers_of([done.state.id]))[done.state.id][0].number  # type: ignore[union-attr]
    await chen.submit(f"/review/{desk.shift.id}", urge=number, message="请尽快安排。")
    assert await g.projections.wait_for("morning_review", (await g.store.head()).position, 60)
    assert "督促 1 单" in text_of(await chen.get("/review"))
    assert (await g.desk.load(done.state.id)).urged == 1  # type: ignore[union-attr]


async def test_a_draft_is_answered_in_json_and_carried_out_once(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/shift")
    await surfer.submit("/shift/open")
    estate.clock.move(minutes=40)
    await surfer.get("/night")
    said = {
        "description": "走廊灯不亮",
        "decision": "later",
        "occurred_at": "2026-03-02T01:10:00.000Z",
        "offline": "1",
        "key": "a" * 32,
    }
    draft = {"Sec-Fetch-Site": "same-origin", "Origin": "http://test", "X-Draft": "1"}
    first = await surfer.submit("/night/calls", headers=draft, phone="13800138000", **said)
    await surfer.get("/night")
    again = await surfer.submit("/night/calls", headers=draft, phone="13800138000", **said)
    assert first.json() == again.json()
    await surfer.get("/night")
    refused = await surfer.submit("/night/calls", headers=draft, **{**said, "key": "b" * 32, "description": ""})
    assert refused.status_code == 422
    assert refused.json()["said"] == ["内容：必填"]
    await surfer.get("/night")
    line = {"text": "巡查水泵房", "occurred_at": "2026-03-02T01:20:00.000Z", "offline": "1", "key": "c" * 32}
    logged = [await surfer.submit(shift_form(surfer, "log"), headers=draft, **line)]
    await surfer.get("/night")
    logged.append(await surfer.submit(shift_form(surfer, "log"), headers=draft, **line))
    assert logged[0].json() == logged[1].json()
    held = await estate.gongdan.duty.holder("JX", "li")
    assert held is not None
    assert held.shift is not None
    [kept] = (await estate.gongdan.journal.existing(held.shift.id, ShiftState)).lines
    assert (kept.at, kept.back_entered) == (datetime.fromisoformat("2026-03-02T01:20:00+00:00"), False)


async def test_an_emergency_at_night_is_given_to_a_contractor(estate: Estate, surfer: Surfer) -> None:
    """integrity 4: to any technician, team or contractor; what is no emergency, to oneself or security."""
    estate.clock.move(hours=10)  # 19:00, in the night's period
    await surfer.sign_in("zhang")
    await surfer.get("/shift")
    await surfer.submit("/shift/open")
    g, tickets = estate.gongdan, []
    for urgency in ("normal", "emergency"):
        received = Receive(
            community="JX", channel="phone", description="水管爆裂", urgency=urgency, reporter={"phone": "13800138000"}
        )
        tickets.append((await g.desk.receive(received, Request("zhang", g.ids.new()))).state.id)  # type: ignore[union-attr]
    assert await g.projections.wait_for("handover_list", (await g.store.head()).position, 60)
    page = await surfer.get("/night")
    normal, urgent = (page.text.split(f'id="how-{ticket}"')[1].partition("</select>")[0] for ticket in tickets)
    assert ("安达电梯" in normal, "安达电梯" in urgent) == (False, True)
    said = {"kind": "repair", "facility": "public_severe", "how": "contractor:anda"}
    done = await surfer.submit(f"/night/tickets/{tickets[1]}/handle", **said)
    assert done.status_code == 200
    assignment = (await g.desk.load(tickets[1])).assignment
    assert assignment is not None
    assert (assignment.assignee.type, assignment.assignee.id) == ("contractor", "anda")


async def test_the_next_officer_signs_in_on_arrival_from_their_own_phone(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    """integrity 4: also before they may read the shift; it is on the sheet before the outgoing officer signs."""
    li, zhang = surfers(), surfers()
    await li.sign_in("li")
    await li.get("/shift")
    await li.submit("/shift/open")
    estate.clock.move(minutes=5)
    await zhang.sign_in("zhang")
    page = await zhang.get("/shift")
    assert "由当值人、接班人和主管查看" in text_of(page)
    assert "到岗签到: 03-02 09:05" in text_of(await zhang.submit(shift_form(zhang, "arrive")))
    desk = await estate.gongdan.duty.holder("JX", "li")
    assert desk is not None
    assert desk.shift is not None
    await li.get(f"/handover/{desk.shift.id}")
    sheet = await li.submit(shift_form(li, "prepare-handover"))
    assert "zhang某 · 2026-03-02 09:05:00" in text_of(sheet)
    earlier = await li.submit(shift_form(li, "arrive"), officer="zhang", arrived_at="2026-03-02T09:01")
    assert "zhang某 · 2026-03-02 09:01:00 (由 li某 填写)" in text_of(earlier)


async def test_on_the_form_of_the_sheet_nothing_is_preset_and_one_tap_covers_the_rest(estate: Estate, surfer: Surfer) -> None:
    """integrity 4: what the officer does not touch is not checked, and no record is handed over."""
    await surfer.sign_in("li")
    await surfer.get("/shift")
    await surfer.submit("/shift/open")
    desk = await estate.gongdan.duty.holder("JX", "li")
    assert desk is not None
    assert desk.shift is not None
    found = []
    for said in ({}, {"equipment.radio": "faulty", "rest_good": "1", "records": "key_register"}):
        await surfer.get(f"/handover/{desk.shift.id}")
        await surfer.submit(shift_form(surfer, "prepare-handover"), **said)
        sheet = (await estate.gongdan.journal.existing(desk.shift.id, ShiftState)).sheets[-1]
        found.append(({one.item: one.condition.value for one in sheet.equipment}, sheet.records))
    untouched, tapped = found
    assert (set(untouched[0].values()), untouched[1]) == ({"not_checked"}, ())
    assert tapped[0].pop("radio") == "faulty"
    assert (set(tapped[0].values()), tapped[1]) == ({"good"}, ("key_register",))
