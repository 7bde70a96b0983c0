"""Ticket pages: search, words, and forms that work without scripts and are carried out once."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest

from adapters.pages.frame.fields import MOST_ROWS
from adapters.pages.sentences.ticket_sentences import SENTENCES
from adapters.pages.ticket.steps import FIELDS
from domain.kernel.aggregate import Folded
from domain.kernel.request import Request
from domain.kernel.terms import Channel, Trigger
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from projections.ticket import postings
from projections.ticket.ticket_directory import TICKET_DIRECTORY
from tests.pages.surfing import SAME_ORIGIN, Surfer, text_of
from tests.support.estates.api_estate import Estate

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


async def received(estate: Estate, description: str = "厨房水管漏水", **more: object) -> Done:
    """A ticket that li received, which the lists know of."""
    g = estate.gongdan
    fields = {"community": "JX", "channel": Channel.PHONE, "location": c.Place(area="A1", building="3", dwelling="1201")}
    fields |= {"reporter": c.Reporter(name="王小明", phone="13812345678")} | more
    command = c.Receive.model_validate({"description": description, **fields})
    done = await g.desk.receive(command, Request("li", g.ids.new()))
    assert isinstance(done, Done)
    assert await g.projections.wait_for(TICKET_DIRECTORY.name, done.position, 60)
    return done


async def number(estate: Estate, done: Done) -> str:
    return (await estate.gongdan.inquiries.numbers(done.state)).number


def topics() -> Iterator[type[Folded.Event]]:
    for found in vars(Ticket).values():
        if isinstance(found, type) and issubclass(found, Folded.Event) and "TOPIC" in vars(found):
            yield found


def test_every_event_of_a_ticket_has_a_sentence() -> None:
    assert set(SENTENCES) == set(topics())


def test_every_step_has_a_form() -> None:
    assert set(FIELDS) == set(Trigger) - {Trigger.RECEIVE, Trigger.ATTACH}
    for trigger, fields in FIELDS.items():
        known = set(c.COMMANDS[trigger].model_fields)
        assert {field.name for field in fields} <= known, trigger
        needed = {name for name, field in c.COMMANDS[trigger].model_fields.items() if field.is_required()}
        assert needed - {field.name for field in fields} == set(), trigger
    assert c.Quote.model_fields["lines"].metadata[-1].max_length == MOST_ROWS


@pytest.mark.anyio
class TestPages:
    """The pages themselves."""

    async def test_a_ticket_goes_its_way_by_forms_alone(self, estate: Estate, surfers: Callable[[], Surfer]) -> None:
        ref = await number(estate, await received(estate))
        li, zhang = surfers(), surfers()
        await li.sign_in("li")
        await zhang.sign_in("zhang")
        await li.get(f"/tickets/{ref}")
        page = await li.submit(f"/tickets/{ref}/classify", kind="repair", facility="private")
        assert (page.status_code, page.url.path, page.url.query) == (200, f"/tickets/{ref}", b"done=classify")
        await li.submit(f"/tickets/{ref}/dispatch", assignee="zhang", appointment_at="2026-03-02T15:30")
        for step in ("accept", "start"):
            await zhang.get(f"/tickets/{ref}")
            assert (await zhang.submit(f"/tickets/{ref}/{step}")).status_code == 200
        page = await zhang.submit(f"/tickets/{ref}/complete", resolution="换了软管", outcome="done", parts="软管\n生料带")
        assert page.status_code == 200
        await li.get(f"/tickets/{ref}")
        page = await li.submit(f"/tickets/{ref}/follow-up", satisfied="yes", rating="5", method="phone")
        said = text_of(page)
        for part in (
            "已回访",
            "电话回访，住户满意，评 5 分",
            "完工，已修复，用料 软管、生料带",
            "派单给zhang某，预约 15:30",
            "到场开工",
        ):
            assert part in said, part
        assert set(re.findall(r'class="way taken" data-way="([^"]+)"', page.text)) == {
            "new-received-receive",
            "received-classified-classify",
            "classified-dispatched-dispatch",
            "dispatched-repaired-complete",
            "repaired-followed_up-follow_up",
        }
        assert re.findall(r'class="node been here" data-state="([^"]+)"', page.text) == ["followed_up"]

    async def test_a_form_sent_twice_counts_once(self, estate: Estate, surfer: Surfer) -> None:
        done = await received(estate)
        ref = await number(estate, done)
        await surfer.sign_in("li")
        await surfer.get(f"/tickets/{ref}")
        form = surfer.form(f"/tickets/{ref}/note").fields | {"text": "再打一次电话"}
        for _ in range(2):
            surfer.page = None
            answer = await surfer.http.post(f"/tickets/{ref}/note", data=form, headers=SAME_ORIGIN)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/tickets/{ref}?done=note")
        assert (await estate.gongdan.desk.load(done.state.id)).version == done.state.version + 1
        changed = await surfer.http.post(f"/tickets/{ref}/note", data=form | {"text": "别的"}, headers=SAME_ORIGIN)
        assert changed.status_code == 422

    async def test_a_refusal_is_told_above_the_form_as_it_was_filled_in(self, estate: Estate, surfer: Surfer) -> None:
        done = await received(estate)
        ref = await number(estate, done)
        await surfer.sign_in("li")
        await surfer.get(f"/tickets/{ref}")
        page = await surfer.submit(f"/tickets/{ref}/classify", kind="repair", category="water")
        assert page.status_code == 422
        assert "维修部位：报修须选维修部位" in text_of(page)
        assert 'name="category" value="water"' in page.text
        key = surfer.form(f"/tickets/{ref}/note").fields["key"]
        csrf = surfer.form(f"/tickets/{ref}/note").fields["csrf"]
        page = await surfer.http.post(
            f"/tickets/{ref}/dispatch",
            data={"csrf": csrf, "key": key, "assignee": "zhang"},
            headers=SAME_ORIGIN,
        )
        assert page.status_code == 409
        assert "已接单的工单不能派单。" in text_of(page)
        assert "现在可以：分类" in text_of(page)
        assert (await estate.gongdan.desk.load(done.state.id)).version == done.state.version

    async def test_why_a_step_is_not_possible_is_said(self, estate: Estate, surfer: Surfer) -> None:
        ref = await number(estate, await received(estate))
        await surfer.sign_in("li")
        said = text_of(await surfer.get(f"/tickets/{ref}"))
        assert "督促 客户助理不能督促。 可以的有：客服主管、管理处主任。" in said
        assert "已接单的工单不能：改类" in said

    async def test_what_people_write_is_shown_inert(self, estate: Estate, surfer: Surfer) -> None:
        reporter = c.Reporter(name=EVIL[:60], phone="13812345678")
        done = await received(estate, EVIL, reporter=reporter, location=c.Place(area="A1", public_place=EVIL))
        ref = await number(estate, done)
        await surfer.sign_in("chen")
        await surfer.get(f"/tickets/{ref}")
        await surfer.submit(f"/tickets/{ref}/note", text=EVIL)
        for address in (f"/tickets/{ref}", "/tickets", "/", "/tickets?q=" + "%3Cscript%3E", f"/tickets/{ref}/work-order"):
            page = await surfer.get(address)
            assert page.status_code == 200, address
            assert "<script>alert" not in page.text, address
            assert "<img src=x" not in page.text, address
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in (await surfer.get(f"/tickets/{ref}")).text

    async def test_nobody_outside_the_community_learns_of_a_ticket(
        self, estate: Estate, password_hash: str, surfer: Surfer
    ) -> None:
        ref = await number(estate, await received(estate))
        await estate.gongdan.sign_ins.put_hash("yun", password_hash)
        await surfer.sign_in("yun")
        there, nowhere = await surfer.get(f"/tickets/{ref}"), await surfer.get("/tickets/GD-JX-20260302-9999")
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert text_of(there) == text_of(nowhere)

    async def test_filters_stand_in_the_address(self, estate: Estate, surfer: Surfer) -> None:
        first, second = await received(estate), await received(estate, "电梯异响", urgency="emergency")
        await surfer.sign_in("li")
        await surfer.get(f"/tickets/{await number(estate, first)}")
        await surfer.submit(f"/tickets/{await number(estate, first)}/classify", kind="repair", facility="private")
        await estate.gongdan.projections.wait_for(TICKET_DIRECTORY.name, (await estate.gongdan.store.head()).position, 60)
        one, other = await number(estate, first), await number(estate, second)
        for address, found in (
            ("/tickets?state=classified", {one}),
            ("/tickets?state=received", {other}),
            ("/tickets?kind=repair", {one}),
            (f"/tickets?q={other}", {other}),
            ("/tickets?q=电梯", {other}),
            ("/tickets?phone=13812345678", {one, other}),
            ("/tickets?since=2026-03-02&until=2026-03-02", {one, other}),
            ("/tickets?until=2026-03-01", set()),
            ("/tickets?book=BX", {one}),
        ):
            page = await surfer.get(address)
            assert {n for n in (one, other) if n in page.text.partition("</form>")[2].rpartition("</main>")[0]} == found, address
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(postings, "READ", 1)
            page = await surfer.get("/tickets?q=电梯&state=classified")
        assert "只查到" in page.text
        assert "没有找到工单" not in page.text
        further = re.search(r'href="(/tickets\?[^"]*cursor=[^"]*)">继续往前查', page.text)
        assert further is not None
        assert "没有找到工单" in (await surfer.get(unescape(further[1]))).text
        assert (await surfer.get("/tickets?until=yesterday")).status_code == 422
        assert (await surfer.get("/tickets?state=nowhere")).status_code == 422

    async def test_a_file_goes_up_and_comes_down(self, estate: Estate, surfer: Surfer) -> None:
        done = await received(estate)
        ref = await number(estate, done)
        await surfer.sign_in("li")
        await surfer.get(f"/tickets/{ref}")
        fields = surfer.form(f"/tickets/{ref}/attach").fields
        for _ in range(2):
            answer = await surfer.http.post(
                f"/tickets/{ref}/attach",
                data={name: fields[name] for name in ("csrf", "key")},
                files={"file": ("说明.txt", "水管老化".encode(), "text/plain")},
                headers=SAME_ORIGIN,
            )
            assert answer.status_code == 303, answer.text
        state = await estate.gongdan.desk.load(done.state.id)
        [file] = state.attachments
        down = await surfer.get(f"/tickets/{ref}/attachments/{file.name}")
        assert down.content.decode() == "水管老化"
        assert "说明.txt" in text_of(await surfer.get(f"/tickets/{ref}"))
        masked = text_of(await surfer.get(f"/tickets/{ref}?masked=true"))
        assert "附件 1" in masked
        assert "说明.txt" not in masked
        foreign = await surfer.http.post(
            f"/tickets/{ref}/attach", data={"csrf": "0" * 64, "key": "k1"}, files={"file": ("a.txt", b"x", "text/plain")}
        )
        assert foreign.status_code == 403

    async def test_the_workbench_now_and_as_of_a_moment(self, estate: Estate, surfer: Surfer) -> None:
        await received(estate)
        estate.clock.move(days=4)
        await received(estate, "电梯异响")
        await surfer.sign_in("chen")
        now = text_of(await surfer.get("/"))
        assert "2 在办" in now
        assert "1 已超时" in now
        assert "1 24 小时接单" in now
        then = text_of(await surfer.get("/?at=2026-03-02T12:00"))
        assert "1 在办" in then
        assert "0 已超时" in then
        assert (await surfer.get("/?at=nonsense")).status_code == 422

    async def test_who_reads_no_tickets_is_told_so(self, estate: Estate, surfer: Surfer) -> None:
        await surfer.sign_in("root")
        assert "您的岗位不看工单。" in text_of(await surfer.get("/"))
        assert (await surfer.get("/tickets")).status_code in (403, 404)
