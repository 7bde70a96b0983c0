"""Books and reports over HTTP: rights, scope, masking; and as workbooks without formulas."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest

from adapters.exchange.exporting.books import RegisterAnswer, ServiceReportAnswer
from adapters.exchange.exporting.workbooks import write_register, write_service_report
from projections.ticket.register_books import REGISTER_BOOKS
from projections.ticket.service_report import SERVICE_REPORT
from tests.support.client import Client, problem

pytestmark = pytest.mark.anyio
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def caught_up(live: Client) -> None:
    head = (await live.estate.gongdan.store.head()).position
    for name in (REGISTER_BOOKS.name, SERVICE_REPORT.name):
        assert await live.estate.gongdan.projections.wait_for(name, head, 60)


async def told(live: Client, login: str, path: str) -> Any:
    await caught_up(live)
    answer = await live.get(login, path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def followed_up(live: Client, satisfied: bool = True, rating: int | None = None, **more: Any) -> dict[str, Any]:
    """A repair with its verdict."""
    ticket = await live.dispatched(**more)
    given = rating or (5 if satisfied else 2)
    for trigger, login, body in (
        ("accept", "zhang", {}),
        ("start", "zhang", {}),
        ("complete", "zhang", {"resolution": "换了阀芯"}),
        ("follow-up", "li", {"satisfied": satisfied, "rating": given, "method": "phone"}),
    ):
        live.estate.clock.move(minutes=10)
        ticket = await live.act(login, ticket, trigger, **body)
    return ticket


async def test_a_book_entry_masked(live: Client) -> None:
    ticket = await followed_up(live)
    [entry] = (await told(live, "li", "/registers/repair?community=JX"))["items"]
    assert (entry["number"], entry["ticket"], entry["ticket_number"]) == (ticket["book_number"], ticket["id"], ticket["number"])
    assert (entry["state"], entry["void"], entry["rating"], entry["assignee"]) == ("followed_up", False, 5, "zhang")
    assert entry["reporter"] == {"name": "王**", "phone": "138****5678"}
    assert (entry["description"], entry["resolution"], entry["location"]["dwelling"]) == ("***", "***", "***")


async def test_a_moved_ticket_leaves_a_void_number(live: Client) -> None:
    ticket = await live.ticket()
    await live.act("li", ticket, "classify", kind="repair", facility="private")
    moved = await live.act("li", ticket, "reclassify", kind="complaint")
    [void] = (await told(live, "li", "/registers/repair?community=JX"))["items"]
    assert (void["void"], void["replaced_by"], void["kind"]) == (True, moved["book_number"], "complaint")
    [entry] = (await told(live, "li", "/registers/complaint?community=JX"))["items"]
    assert (entry["number"], entry["void"]) == (moved["book_number"], False)


async def test_days_are_the_community_s_and_both_included(live: Client) -> None:
    await live.dispatched()  # 2026-03-02 09:00
    live.estate.clock.move(hours=14, minutes=59)
    await live.dispatched()  # 23:59
    live.estate.clock.move(minutes=2)
    await live.dispatched()  # 2026-03-03 00:01
    for query, count in (("", 3), ("&from=2026-03-03", 1), ("&to=2026-03-02", 2), ("&from=2026-03-02&to=2026-03-03", 3)):
        assert len((await told(live, "li", f"/registers/repair?community=JX{query}"))["items"]) == count


async def test_pages(live: Client) -> None:
    for _ in range(5):
        await live.dispatched()
    found: list[str] = []
    cursor = ""
    for count in (2, 2, 1):
        page = await told(live, "li", f"/registers/repair?community=JX&limit=2{cursor}")
        assert len(page["items"]) == count
        found += [entry["number"] for entry in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [f"BX-JX-20260302-{i:04}" for i in range(1, 6)]
    assert page["next_cursor"] is None


async def test_how_far_a_right_reaches(live: Client) -> None:
    mine = await live.dispatched()
    other = await live.dispatched(location={"area": "A2", "public_place": "东门"})
    everything = {mine["book_number"], other["book_number"]}
    reach = {"li": everything, "chen": everything, "shen": everything, "cai": everything, "hua": {mine["book_number"]}}
    reach |= {"zhang": everything}
    for login, numbers in reach.items():
        found = await told(live, login, "/registers/repair?community=JX")
        assert {entry["number"] for entry in found["items"]} == numbers, login
    for login, refusal in (("ren", "not-allowed"), ("root", "not-allowed"), ("an", "not-allowed"), ("yun", "not-found")):
        assert problem(await live.get(login, "/registers/repair?community=JX")) == refusal, login
        assert problem(await live.get(login, "/reports/service?community=JX&month=2026-03")) == refusal, login
    for login in ("hua", "zhang"):
        assert problem(await live.get(login, "/reports/service?community=JX&month=2026-03")) == "not-allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/registers/secrets?community=JX",
        "/registers/repair",
        "/registers/repair?community=JX&from=yesterday",
        "/registers/repair?community=JX&limit=201",
        "/registers/repair?community=JX&cursor=x",
        "/reports/service?community=JX&month=2026-13",
        "/reports/service?community=JX&month=March",
        "/reports/service?community=JX&month=0001-01",
        "/reports/service?community=JX",
    ],
)
async def test_wrong_questions(path: str, api: Client) -> None:
    assert problem(await api.get("li", path)) == "invalid-input"


async def test_a_month_in_figures(live: Client) -> None:
    await followed_up(live)
    again = await followed_up(live, satisfied=False)
    await live.act("li", again, "dispatch", assignee="zhang")
    late = await live.ticket(channel="walk_in")
    await live.act("li", late, "classify", kind="complaint")
    live.estate.clock.move(days=40)
    await live.ticket()
    march = await told(live, "chen", "/reports/service?community=JX&month=2026-03")
    assert (march["received"], march["by_kind"], march["by_channel"]) == (
        3,
        {"repair": 2, "complaint": 1},
        {"phone": 2, "walk_in": 1},
    )
    assert march["by_kind_and_channel"] == {"repair": {"phone": 2}, "complaint": {"walk_in": 1}}
    assert march["first_time_fix"] == {"fixed": 1, "of": 1, "rate": "1.0000"}
    assert (march["rework"], march["reopened"], march["unreached"], march["completed"]) == (1, 0, 0, 2)
    assert march["satisfaction"]["rate"] == "0.5000"
    assert march["satisfaction"]["ratings"] == {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}
    assert march["satisfaction"]["average"] == "3.50"
    assert march["clocks"]["reply"] == {"met": 2, "breached": 1, "rate": "0.6667"}
    assert march["clocks"]["repair"] == {"met": 2, "breached": 1, "rate": "0.6667"}
    assert march["people"] == [{"person": "zhang", "completed": 2, "satisfied": 1, "dissatisfied": 1, "average": "3.50"}]
    april = await told(live, "chen", "/reports/service?community=JX&month=2026-04")
    assert (april["received"], april["satisfaction"]["average"], april["first_time_fix"]["rate"]) == (1, None, None)


async def test_a_rating_counts_whatever_the_verdict_in_every_table(live: Client, tmp_path: Path) -> None:
    """Ratings 5, 5, 5 and, with a dissatisfied verdict, 1: the average is 4.00 for the community and for the person."""
    for rating in (5, 5, 5):
        await followed_up(live, rating=rating)
    await followed_up(live, satisfied=False, rating=1)
    march = await told(live, "chen", "/reports/service?community=JX&month=2026-03")
    assert march["satisfaction"]["ratings"] == {"1": 1, "2": 0, "3": 0, "4": 0, "5": 3}
    assert march["satisfaction"]["average"] == "4.00"
    assert [one["average"] for one in march["people"]] == ["4.00"]
    write_service_report(tmp_path / "report.xlsx", ServiceReportAnswer.model_validate(march), SHANGHAI)
    found = cells(tmp_path / "report.xlsx")
    assert ">4.00<" in found
    assert ">5.00<" not in found


async def test_a_clock_called_off_in_time_is_in_no_rate_and_a_breached_one_stays_breached(live: Client) -> None:
    for days in (1, 4):
        ticket = await live.ticket()
        ticket = await live.act("li", ticket, "classify", kind="repair", facility="private")
        live.estate.clock.move(days=days)
        await live.act("chen", ticket, "cancel", reason="withdrawn")
    march = await told(live, "chen", "/reports/service?community=JX&month=2026-03")
    assert march["cancelled"] == 2
    assert march["clocks"] == {
        "reply": {"met": 0, "breached": 1, "rate": "0.0000"},
        "repair": {"met": 0, "breached": 1, "rate": "0.0000"},
    }


FORMULA = '=HYPERLINK("http://x","y")'


def cells(path: Path) -> str:
    """All of a workbook's XML but its relations."""
    with ZipFile(path) as packed:
        return "".join(packed.read(name).decode() for name in packed.namelist() if "sheet" in name or "Strings" in name)


async def test_workbooks_hold_no_formula(live: Client, tmp_path: Path) -> None:
    for text in (FORMULA, "+1+1", "@SUM(A1)", "-2", "00123", "http://example.org/"):
        await followed_up(live, location={"area": "A1", "public_place": text})
    book = RegisterAnswer.model_validate(await told(live, "li", "/registers/repair?community=JX"))
    write_register(tmp_path / "book.xlsx", "repair", "=JX", "2026-03", SHANGHAI, book.items)
    month = await told(live, "chen", "/reports/service?community=JX&month=2026-03")
    people = [month["people"][0] | {"person": FORMULA}]
    write_service_report(tmp_path / "report.xlsx", ServiceReportAnswer.model_validate(month | {"people": people}), SHANGHAI)
    for name in ("book.xlsx", "report.xlsx"):
        found = cells(tmp_path / name)
        assert escape(FORMULA) in found
        assert not re.search(r"<f[ >]|<hyperlink", found)
    found = cells(tmp_path / "book.xlsx")
    assert all(f">{text}<" in found or f">A1 {text}<" in found for text in ("A1 +1+1", "A1 00123"))
    assert "13812345678" not in found


async def test_moments_in_a_workbook_are_local(live: Client, tmp_path: Path) -> None:
    await followed_up(live)
    book = RegisterAnswer.model_validate(await told(live, "li", "/registers/repair?community=JX"))
    write_register(tmp_path / "book.xlsx", "repair", "JX", "", SHANGHAI, book.items)
    local = book.items[0].recorded_at.astimezone(SHANGHAI).replace(tzinfo=None)
    assert local.hour == 9
    days = (local - local.replace(hour=0, minute=0)) / timedelta(days=1)
    serial = (local.date().toordinal() - 693594) + days
    assert f"<v>{serial:.16g}</v>"[:12] in cells(tmp_path / "book.xlsx")
