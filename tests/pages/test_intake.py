"""Intake over the pages: one form, two steps that each count once, a caller known by the telephone number."""

import pytest

from domain.terms import State
from projections.ticket_directory import TICKET_DIRECTORY
from tests.estate import Estate
from tests.pages.surfing import SAME_ORIGIN, Surfer, text_of

pytestmark = pytest.mark.anyio
CALL = {
    "phone": "13812345678",
    "name": "王小明",
    "area": "A1",
    "building": "3",
    "entrance": "2",
    "dwelling": "1201",
    "description": "厨房水管漏水",
    "kind": "repair",
    "facility": "private",
}


async def caught_up(estate: Estate) -> None:
    g = estate.gongdan
    assert await g.projections.wait_for(TICKET_DIRECTORY.name, (await g.store.head()).position, 60)


async def test_a_call_becomes_a_classified_ticket_with_a_big_number(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/intake")
    page = await surfer.submit("/intake", **CALL)
    assert page.status_code == 200
    assert page.url.query == b"number=GD-JX-20260302-0001"
    assert "工单编号 GD-JX-20260302-0001" in text_of(page)
    state = await estate.gongdan.desk.load(await estate.gongdan.desk.find("GD-JX-20260302-0001"))
    assert (state.state, state.kind) == (State.CLASSIFIED, "repair")


async def test_the_form_sent_twice_is_one_ticket(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/intake")
    form = surfer.form("/intake").fields | CALL
    before = (await estate.gongdan.store.head()).position
    answers = [await surfer.http.post("/intake", data=form, headers=SAME_ORIGIN) for _ in range(2)]
    assert {answer.headers["location"] for answer in answers} == {"/intake?number=GD-JX-20260302-0001"}
    assert (await estate.gongdan.store.head()).position == before + 2


async def test_a_call_is_not_lost_where_its_kind_is_refused(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/intake")
    page = await surfer.submit("/intake", **CALL | {"facility": None})
    assert page.status_code == 422
    assert "报修须选维修部位" in text_of(page)
    assert "GD-JX-20260302-0001" in page.text
    state = await estate.gongdan.desk.load(await estate.gongdan.desk.find("GD-JX-20260302-0001"))
    assert state.state is State.RECEIVED


async def test_what_is_missing_is_said_and_what_was_filled_in_stays(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/intake")
    before = (await estate.gongdan.store.head()).position
    page = await surfer.submit("/intake", phone="not a number", description="漏水", name="王小明")
    assert page.status_code == 422
    assert "电话：写法不对" in text_of(page)
    assert 'name="name" value="王小明"' in page.text
    assert (await estate.gongdan.store.head()).position == before


async def test_a_caller_is_known_by_the_number(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    await surfer.get("/intake")
    await surfer.submit("/intake", **CALL)
    await caught_up(estate)
    page = await surfer.get("/intake?phone=13812345678")
    assert "这个号码有 1 张未完工单" in text_of(page)
    filled = surfer.form("/intake").fields
    assert {name: filled[name] for name in ("name", "area", "building", "entrance", "dwelling")} == {
        name: CALL[name] for name in ("name", "area", "building", "entrance", "dwelling")
    }
    assert "第一次来电" in text_of(await surfer.get("/intake?phone=13900000000"))
    assert "第一次来电" in text_of(await surfer.get("/intake/caller?phone=13900000000"))
    looks = [access.what for _, access in await estate.gongdan.store.access_log.read(0, 100)]
    assert looks.count("phone_lookup") == 3


async def test_who_may_not_receive_is_told_who_may(surfer: Surfer) -> None:
    await surfer.sign_in("shen")
    page = await surfer.get("/intake")
    assert page.status_code in (403, 404)
    assert "接单" not in text_of(page).partition("审计")[0].partition("主菜单")[2]
