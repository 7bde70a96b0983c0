"""Replay page: every event in words at any version or moment, masked by right, from the history that the API answers."""

import re
from datetime import datetime, timedelta

import pytest

from adapters.labels.diagram import ways
from adapters.labels.labels import label
from adapters.pages.ticket.replay import LISTED
from adapters.pages.ticket.state_diagram import PLACES, WAYS, key
from domain.kernel.request import Request
from domain.kernel.terms import Channel, Kind, State, Urgency
from domain.ticket import commands as c
from tests.pages.surfing import Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio

HOSTILE = "水管漏水 <script>alert(1)</script><img src=x onerror=alert(2)> \"' {{ 7 * 7 }}"
DATA = {"某", "水管", "阀门", "王", "锦绣花园"}
"""Chinese of the estate itself, which no language translates."""
CHINESE = re.compile("[\u3400-\u9fff]+")
CODE = re.compile(r"\b[a-z]+_[a-z_]+\b")


async def told(estate: Estate) -> str:
    """A repair from the call to its completion, an hour a step, entered late once; its number."""
    desk, ids = estate.gongdan.desk, estate.gongdan.ids
    received = await desk.receive(
        c.Receive(
            community="JX",
            channel=Channel.PHONE,
            description=HOSTILE,
            urgency=Urgency.EMERGENCY,
            location=c.Place(area="A1", building="3", entrance="2", dwelling="3-2-501"),
            reporter=c.Reporter(name="王小明", phone="13812345678"),
        ),
        Request("li", ids.new()),
    )
    ticket = str(received.state.id)
    for who, command in (
        ("li", c.Classify(kind=Kind.REPAIR, facility="private", category="水管")),
        ("li", c.Dispatch(assignee="zhang")),
        ("zhang", c.Accept()),
        ("zhang", c.Start()),
        ("zhang", c.Suspend(reason="awaiting_parts")),
        ("zhang", c.Resume()),
        ("zhang", c.Complete(resolution="换了阀门", outcome="done", parts=("阀门",))),
    ):
        estate.clock.move(hours=1)
        await desk.act(ticket, command, Request(who, ids.new()))
    estate.clock.move(hours=1)
    await desk.act(ticket, c.Note(text="补记"), Request("li", ids.new(), occurred_at=estate.clock.now() - timedelta(minutes=40)))
    reading = await estate.gongdan.inquiries.ticket("li", ticket)
    return reading.numbers.number


def at_step(answer: str) -> int:
    found = re.search(r'<article class="card replay-step" data-v="(\d+)">', answer)
    assert found is not None
    return int(found[1])


async def test_an_auditor_sees_every_step_in_words_and_no_personal_text(estate: Estate, surfer: Surfer) -> None:
    number = await told(estate)
    await surfer.sign_in("shen")
    answer = await surfer.get(f"/tickets/{number}/replay")
    assert f'href="/tickets/{number}/replay"' in (await surfer.get(f"/tickets/{number}")).text
    said = text_of(answer)
    became = f"状态由“{label(State.DISPATCHED)}”变为“{label(State.REPAIRED)}”。"
    for words in ("zhang某", "待材料", became, "（已隐去）", "补录", "维修时限", number):
        assert words in said, words
    for personal in ("漏水", "王小明", "13812345678", "3-2-501", "换了阀门", "补记"):
        assert personal not in answer.text, personal
    for language in ("zh", "en"):
        surfer.http.cookies.set("gongdan_language", language)
        answer = await surfer.get(f"/tickets/{number}/replay")
        bare = re.sub(r'<pre .*?</pre>|<span class="id">.*?</span>', "", answer.text.split("<main")[1], flags=re.DOTALL)
        shown = re.sub(r"<[^>]*>", " ", bare)
        assert CODE.findall(shown) == []
    assert set(CHINESE.findall(shown)) <= DATA


async def test_who_may_open_personal_data_reads_them_inert_recorded_once_and_others_nothing(
    estate: Estate, surfer: Surfer
) -> None:
    number = await told(estate)
    await surfer.sign_in("chen")
    answer = await surfer.get(f"/tickets/{number}/replay")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "{{ 7 * 7 }}" in answer.text
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text.split("<main")[1]
    looks = await estate.gongdan.store.access_log.read(0, 50)
    assert [access.what for _, access in looks if access.who == "chen"] == ["ticket_history"]
    for login, status in (("li", 403), ("zhang", 403), ("root", 403), ("fang", 404)):
        surfer.http.cookies.clear()
        await surfer.sign_in(login)
        answer = await surfer.get(f"/tickets/{number}/replay")
        assert (login, answer.status_code) == (login, status)
        assert number not in text_of(answer)
    absent = await surfer.get("/tickets/GD-JX-20200101-0001/replay")
    assert re.sub("GD-JX-[0-9-]+", "", answer.text) == re.sub("GD-JX-[0-9-]+", "", absent.text)


async def test_a_version_a_moment_and_what_was_known_lead_where_the_api_leads(estate: Estate, surfer: Surfer) -> None:
    number = await told(estate)
    steps = list(await estate.gongdan.inquiries.history("shen", number))
    await surfer.sign_in("shen")
    for step in steps:
        answer = await surfer.get(f"/tickets/{number}/replay?v={step.stored.version}")
        assert at_step(answer.text) == step.stored.version

    async def led(**moments: datetime) -> int:
        reading = await estate.gongdan.inquiries.ticket("shen", number, **moments)  # type: ignore[arg-type]
        query = {name: moment.isoformat() for name, moment in moments.items()}
        answer = await surfer.http.get(f"/tickets/{number}/replay", params=query)
        assert at_step(answer.text) == reading.state.version, moments
        return reading.state.version

    late = steps[-1]
    assert late.event.meta.back_entered
    between = late.event.timestamp + timedelta(minutes=1)
    assert await led(at=between) == len(steps)
    assert await led(known_at=between) == len(steps) - 1
    await led(at=steps[3].event.timestamp)
    await led(known_at=steps[4].stored.recorded_at)
    await led(at=steps[2].event.timestamp, known_at=steps[5].stored.recorded_at)
    for query, status in (
        ("v=99", 404),
        ("v=0", 422),
        ("at=gestern", 422),
        ("at=0001-01-01T00:00", 422),
        ("known_at=2000-01-01T00:00", 404),
    ):
        assert (await surfer.get(f"/tickets/{number}/replay?{query}")).status_code == status, query


async def test_of_a_long_history_the_steps_around_are_listed_and_the_picture_knows_the_others(
    estate: Estate, surfer: Surfer
) -> None:
    number = await told(estate)
    for n in range(3 * LISTED):
        await estate.gongdan.desk.act(number, c.Note(text=f"第 {n} 次"), Request("li", estate.gongdan.ids.new()))
    last = 9 + 3 * LISTED
    middle = last // 2
    await surfer.sign_in("shen")

    async def listed(current: int) -> tuple[list[int], list[str], str]:
        answer = await surfer.get(f"/tickets/{number}/replay?v={current}")
        assert at_step(answer.text) == current
        assert f"{current}/{last}" in answer.text
        listing = answer.text.partition("data-stops")[2].partition("</ol>")[0]
        versions = [int(version) for version in re.findall(r'<li data-v="(\d+)"', listing)]
        others = re.findall(r'<li><a href="\?v=(\d+)">… (.*?)</a>', listing)
        assert [int(version) for version, _ in others] == [
            version for version in (versions[0] - 1, versions[-1] + 1) if 1 <= version <= last
        ]
        return versions, [said for _, said in others], answer.text

    for current, earlier, later in (
        (1, 0, last - 1 - LISTED),
        (middle, middle - 1 - LISTED, last - middle - LISTED),
        (last, last - 1 - LISTED, 0),
    ):
        versions, others, page = await listed(current)
        assert versions == list(range(earlier + 1, last - later + 1))
        said = (f"前面还有 {earlier} 步", earlier), (f"后面还有 {later} 步", later)
        assert others == [words for words, count in said if count]
    been = set(re.findall(r'<g class="node been[^"]*" data-state="(\w+)"', page))
    assert been == {"received", "classified", "dispatched", "repaired"}
    assert 'class="way taken" data-way="dispatched-repaired-complete"' in page


def test_every_state_and_every_way_has_its_place() -> None:
    assert set(PLACES) == set(State)
    assert set(WAYS) == set(ways())
    assert len({key(edge) for edge in ways()}) == len(WAYS)
