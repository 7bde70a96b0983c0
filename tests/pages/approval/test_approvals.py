"""Approvals: arguments in words, decided only by people with the right, rejected with a reason."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from adapters.labels.field_words import FIELD_WORDS
from adapters.pages.sentences.approval_words import BESIDE, FAILURES, MODELS, OF_A_FILE
from adapters.rendering.environment import Words
from domain.approval.waiting import Waiting
from domain.kernel import errors
from domain.kernel.request import Request
from domain.kernel.terms import Channel, Kind
from domain.ticket import commands as c
from projections.approval.approvals import APPROVALS
from tests.pages.surfing import Forms, Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio


async def major_works(estate: Estate, days: int = 30) -> tuple[str, str]:
    """The supervisor asks for major works on a repair; the ticket's number and the approval's page."""
    g = estate.gongdan
    asked = c.Receive(community="JX", channel=Channel.PHONE, description="外墙渗水", location=c.Place(area="A1"))
    ticket = str((await g.desk.receive(asked, Request("li", g.ids.new()))).state.id)
    await g.desk.act(ticket, c.Classify(kind=Kind.REPAIR, facility="private"), Request("li", g.ids.new()))
    await g.desk.act(ticket, c.Dispatch(assignee="zhang"), Request("li", g.ids.new()))
    agreed = c.ApproveMajorWorks(agreed_due_at=g.clock.now() + timedelta(days=days), reason="<i>须搭架</i>")
    waiting = await g.desk.act(ticket, agreed, Request("chen", g.ids.new()))
    assert isinstance(waiting, Waiting)
    await g.projections.start()
    assert await g.projections.wait_for(APPROVALS.name, waiting.position, 60)
    return (await g.inquiries.ticket("li", ticket)).numbers.number, f"/approvals/{waiting.case.id}"


def decisions(surfer: Surfer) -> list[str]:
    """The decisions that the page of an approval offers."""
    assert surfer.page is not None
    found = [form.action for form in Forms(surfer.page.text).found if form.action.startswith("/approvals/")]
    return [action.rpartition("/")[2] for action in found]


async def test_a_second_person_approves(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    number, page = await major_works(estate)
    chen, wang, zhang, fang = [surfers() for _ in range(4)]
    for login, surfer in {"chen": chen, "wang": wang, "zhang": zhang, "fang": fang}.items():
        await surfer.sign_in(login)
    assert [(await surfer.get(page)).status_code for surfer in (zhang, fang)] == [403, 404]
    said = text_of(await chen.get(page))
    assert "须由另一人审批" in said
    assert decisions(chen) == []
    assert page in (await chen.get("/approvals")).text
    assert page not in (await zhang.get("/approvals")).text
    seen = [page in (await surfer.get(f"/tickets/{number}")).text for surfer in (chen, wang, zhang)]
    assert seen == [True, True, False], "the ticket's page shows that it waits, to those who may see the approval"

    assert page in (await wang.get("/approvals")).text
    answer = await wang.get(page)
    said = text_of(answer)
    for words in ("批准大工程", number, "chen某", "约定完成时间 04-01 09:00", "有效至 03-03 09:00", "&lt;i&gt;须搭架"):
        assert words in said, words
    assert "<i>" not in answer.text
    assert decisions(wang) == ["approve", "reject"]
    assert (await wang.submit(f"{page}/reject")).status_code == 422
    said = text_of(await wang.submit(f"{page}/approve"))
    assert "已批准" in said
    assert "这一请求已批准" in said
    assert decisions(wang) == []
    assert "wang某批准" in text_of(await wang.get(f"/tickets/{number}/replay?v=4"))
    assert await estate.gongdan.projections.wait_for(APPROVALS.name, (await estate.gongdan.store.head()).position, 60)
    assert page not in (await wang.get(f"/tickets/{number}")).text


async def test_one_is_refused_with_a_reason_one_lapses_and_one_has_failed(estate: Estate, surfer: Surfer) -> None:
    _, refused = await major_works(estate)
    number, failing = await major_works(estate, days=1)
    _, lapsing = await major_works(estate)
    await surfer.sign_in("wang")
    await surfer.get(refused)
    assert "已驳回" in text_of(await surfer.submit(f"{refused}/reject", reason="先修门锁"))
    await estate.gongdan.desk.act(number, c.Cancel(reason="withdrawn"), Request("li", estate.gongdan.ids.new()))
    await surfer.get(failing)
    said = text_of(await surfer.submit(f"{failing}/approve"))
    assert "未能执行" in said
    assert "这一步不再合流程" in said
    await surfer.get(lapsing)
    form = surfer.form(f"{lapsing}/approve").fields
    for hours in (11, 11, 3):
        estate.clock.move(hours=hours)
        await surfer.get("/approvals")
    late = await surfer.http.post(f"{lapsing}/approve", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert late.status_code == 409
    assert "请求已失效" in text_of(late)
    assert lapsing in (await surfer.get("/approvals?status=expired")).text
    assert lapsing not in (await surfer.get("/approvals")).text
    assert (await surfer.get("/approvals?status=x")).status_code == 422


def leaves(model: type[BaseModel]) -> Iterator[str]:
    """Every field of a command, those of its parts too."""
    for name, field in model.model_fields.items():
        yield name
        for part in (field.annotation, *get_args(field.annotation)):
            parts: tuple[Any, ...] = (part, *get_args(part))
            yield from (leaf for one in parts if isinstance(one, type) and issubclass(one, BaseModel) for leaf in leaves(one))


@pytest.mark.parametrize("command", MODELS)
def test_everything_a_command_says_has_a_name(command: str) -> None:
    apart = {*BESIDE, *OF_A_FILE, "resident", "resident_id", "id", "type"}
    assert set(leaves(MODELS[command])) - apart <= set(FIELD_WORDS)


def test_every_refusal_that_fails_an_approval_is_told() -> None:
    assert all(hasattr(errors, name) or name == "ValidationError" for name in FAILURES)
    assert all(re.search("[a-z]", Words("en").say(text)) for text in FAILURES.values())
