"""Intake page: one form, two commands each carried out once, a caller found by telephone number."""

import re
from uuid import UUID

import pytest

from domain.household.commands import RegisterLine
from domain.kernel.terms import State
from domain.people.administration import Administrator
from projections.household.household_history import HOUSEHOLD_HISTORY
from tests.pages.surfing import SAME_ORIGIN, Surfer, text_of
from tests.support.estates.api_estate import Estate

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
    assert await g.projections.wait_for(HOUSEHOLD_HISTORY.name, (await g.store.head()).position, 60)


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


async def registered(estate: Estate, *people: dict[str, str]) -> None:
    """Register people who all have the calling number."""
    g = estate.gongdan
    entry = await g.register_entry.begin("JX", Administrator("operator", g.ids.new(), operator=True))
    home = {"area": "A1", "building": "3", "entrance": "2", "dwelling": "1201", "phone": CALL["phone"], "tenure": "owner"}
    await entry.take([RegisterLine.model_validate({**home, **person}) for person in people])
    await caught_up(estate)


def choices(page: str) -> list[tuple[str, str]]:
    """Who may be chosen: value and words."""
    found = re.findall(r'name="resident" value="([^"]*)"[^>]*>(.*?)</label>', page, re.DOTALL)
    return [(value, " ".join(re.sub(r"<[^>]*>", "", words).split())) for value, words in found]


async def test_the_clerk_picks_one_of_the_register_and_the_ticket_names_them(estate: Estate, surfer: Surfer) -> None:
    await registered(estate, {"name": "王小明"}, {"name": "李娜", "tenure": "resident"})
    await surfer.sign_in("li")
    page = await surfer.get("/intake?phone=13812345678")
    [wang, li, nobody] = choices(page.text)
    assert (wang[1], li[1]) == ("王小明 · 业主 · 锦绣花园A1 3 栋 2 单元 1201", "李娜 · 住户 · 锦绣花园A1 3 栋 2 单元 1201")
    assert nobody == ("", "都不是")
    assert "名册上有此号码，还没有报过事" in text_of(page)
    await surfer.submit("/intake", description="厨房水管漏水", kind="repair", facility="private", resident=li[0])
    reading = await estate.gongdan.inquiries.ticket("li", "GD-JX-20260302-0001")
    assert reading.texts["reporter_name"] == "李娜"
    assert reading.texts["dwelling"] == "1201"
    assert reading.state.location is not None
    assert reading.state.location.area == "A1"
    person = await estate.gongdan.households.resident(UUID(li[0]))
    assert reading.state.subject == person.subject
    await caught_up(estate)
    told = text_of(await surfer.get("/intake?phone=13812345678"))
    assert "GD-JX-20260302-0001 报修 · 已分类" in told
    assert "厨房水管漏水" in told
    looks = [access for _, access in await estate.gongdan.store.access_log.read(0, 100) if access.what == "phone_lookup"]
    assert [look.who for look in looks] == ["li", "li"]
    assert person.subject in looks[0].subjects


async def test_of_two_dwellings_the_one_that_was_picked_is_the_place(estate: Estate, surfer: Surfer) -> None:
    await registered(estate, {"name": "王小明"}, {"name": "王小明", "building": "5", "area": "A2", "dwelling": "302"})
    await surfer.sign_in("li")
    page = await surfer.get("/intake?phone=13812345678")
    second = next(value for value, words in choices(page.text) if "302" in words)
    await surfer.submit("/intake", description="阳台渗水", resident=second)
    reading = await estate.gongdan.inquiries.ticket("li", "GD-JX-20260302-0001")
    assert reading.state.location is not None
    assert (reading.state.location.area, reading.state.location.building, reading.texts["dwelling"]) == ("A2", "5", "302")


async def test_a_refused_call_keeps_who_was_picked(estate: Estate, surfer: Surfer) -> None:
    await registered(estate, {"name": "王小明"})
    await surfer.sign_in("li")
    page = await surfer.get("/intake?phone=13812345678")
    wang = choices(page.text)[0][0]
    page = await surfer.submit("/intake", phone="13812345678", description="漏水", channel="pigeon", resident=wang)
    assert page.status_code == 422
    assert f'value="{wang}" checked' in page.text
    page = await surfer.submit("/intake", description="漏水", resident="00000000-0000-7000-8000-000000000000")
    assert (page.status_code, "名册上没有此人" in text_of(page)) == (422, True)
    assert (await surfer.submit("/intake", description="漏水", resident="nobody.there")).status_code == 422


async def test_the_register_is_closed_to_who_may_not_open_it(estate: Estate, surfer: Surfer, password_hash: str) -> None:
    """The control room may open personal data only while it holds the desk."""
    await registered(estate, {"name": "王小明"})
    await estate.gongdan.sign_ins.put_hash("zhong", password_hash)
    await surfer.sign_in("zhong")
    page = await surfer.get("/intake?phone=13812345678")
    assert page.status_code == 403
    assert "王小明" not in page.text
    assert "王小明" not in (await surfer.get("/intake/caller?phone=13812345678")).text


async def test_who_may_not_receive_is_told_who_may(surfer: Surfer) -> None:
    await surfer.sign_in("shen")
    page = await surfer.get("/intake")
    assert page.status_code in (403, 404)
    assert "接单" not in text_of(page).partition("审计")[0].partition("主菜单")[2]
