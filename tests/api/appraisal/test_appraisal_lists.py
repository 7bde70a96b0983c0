"""Lists of the appraisal's inputs: their readers by the written table, filters by month and person, pages."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.test_strangers import bare
from tests.support.authority_table import Standing, answer
from tests.support.client import Client, problem
from tests.support.estates.api_estate import PEOPLE
from tests.tally.estate import metric

pytestmark = pytest.mark.anyio
HERE = {"community": "JX"}
LISTS = ("/metrics", "/warnings", "/probations", "/evaluations")
WRITERS = {"/metrics": "metrics, register check", "/warnings": "warnings, probation results"}
WRITERS["/probations"] = WRITERS["/warnings"]
COLLEAGUES = [login for login, (_, community, _) in PEOPLE.items() if community != "YH"]
DIRECTOR = "wang"


@pytest.fixture
async def said(live: Client) -> dict[str, list[dict[str, Any]]]:
    """Report inputs of each kind and wait for the read models; the answers by list, in order."""
    api = live
    api.estate.clock.move(days=30)  # 1 April
    rates = [metric("fee_collection_rate", "2026-Q1", "0.9"), metric("resident_card_rate", "2026-04", "0.91", "A1")]
    rates.append(metric("resident_card_rate", "2026-03", "0.95"))
    warned = [("ren", "zhang", "2026-04-01"), ("kao", "wang", "2026-04-01"), ("wang", "zhang", "2026-03-10")]
    opinions = [("hua", "hua", "self"), ("li", "hua", "peer"), ("chen", "hua", "superior"), ("wang", "wang", "self")]
    probation = {"from": "2026-03-31", "to": "2026-04-30"}
    bodies = {
        "/metrics": [("cai", HERE | rate) for rate in rates],
        "/warnings": [
            (by, HERE | {"login": login, "kind": "warning", "date": day, "reason": "迟到"}) for by, login, day in warned
        ],
        "/probations": [("ren", HERE | {"login": login} | probation) for login in ("wu", "wang")],
        "/evaluations": [
            (by, HERE | {"login": login, "kind": kind, "period": "2026-Q1", "score": 88, "remarks": "认真"})
            for by, login, kind in opinions
        ],
    }
    found: dict[str, list[dict[str, Any]]] = {}
    position = 0
    for path, written in bodies.items():
        found[path] = []
        for by, body in written:
            done = await api.post(by, path, body)
            assert done.status_code in (200, 201), done.text
            position = max(position, int(done.headers["gongdan-position"]))
            found[path].append(done.json())
    assert await api.estate.gongdan.projections.wait_for("appraisal_tally", position, 60)
    return found


async def listed(api: Client, reader: str, path: str, **asked: Any) -> list[dict[str, Any]]:
    found = await api.get(reader, f"{path}?{urlencode(HERE | asked)}")
    assert found.status_code == 200, (reader, path, found.text)
    items: list[dict[str, Any]] = found.json()["items"]
    return items


def readable(login: str, path: str, item: dict[str, Any]) -> bool:
    """Whether the written table lets a role read: by the right to report such inputs, or by the right to read the tally."""
    role = PEOPLE[login][0].value
    if path in WRITERS and answer(WRITERS[path], [role], Standing()) == "yes":
        return True
    about, by = item.get("login"), item.get("by") if path == "/evaluations" else None
    standing = Standing(about_oneself=about in (None, login) or by == login, about_staff=about not in (None, DIRECTOR))
    return answer("read tallies", [role], standing) == "yes"


async def test_each_list_holds_what_its_reader_may_read(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    """Role × list × relation: about oneself, said by oneself, about a colleague, about the director."""
    for login in COLLEAGUES:
        for path, items in said.items():
            if login == "root":
                assert problem(await live.get(login, path, **HERE)) == "not-allowed"
                continue
            expected = [item for item in reversed(items) if readable(login, path, item)]
            if path == "/evaluations":
                hidden = {"id": None, "by": None}
                expected = [one | (hidden if one["kind"] == "peer" and one["login"] == login else {}) for one in expected]
            assert await listed(live, login, path) == expected, (login, path)


async def test_one_is_read_by_whom_its_list_is_with_its_texts_on_record(
    live: Client, said: dict[str, list[dict[str, Any]]]
) -> None:
    """Role × kind × relation. Auditors and human resources read texts only of inputs that they may report themselves."""
    log = live.estate.gongdan.store.access_log
    for login in COLLEAGUES:
        for path, text, clear in (("/warnings", "reason", "迟到"), ("/evaluations", "remarks", "认真")):
            for item in said[path]:
                before = len(await log.read(0, 1000))
                found = await live.get(login, f"{path}/{item['id']}")
                looks = len(await log.read(0, 1000)) - before
                if path == "/evaluations" and (item["kind"], item["login"]) == ("peer", login):
                    assert (problem(found), looks) == ("not-found", 0)
                elif not readable(login, path, item):
                    assert (problem(found), looks) == ("not-allowed", 0), (login, item)
                else:
                    writes = path in WRITERS and answer(WRITERS[path], [PEOPLE[login][0].value], Standing()) == "yes"
                    opens = writes or login in (item["login"], item["by"]) or login not in ("shen", "ren", "si")
                    assert found.json() == item | ({text: clear} if opens else {}), (login, item)
                    assert looks == opens
    withdrawn = await live.post("kao", f"/warnings/{said['/warnings'][0]['id']}/withdraw", {"reason": "误发"})
    whole = (await live.get("zhang", f"/warnings/{withdrawn.json()['id']}")).json()
    assert (whole["reason"], whole["withdrawn_by"], whole["why_withdrawn"]) == ("迟到", "kao", "误发")


async def test_by_month_person_and_metric(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    figures, warnings, probations, evaluations = (said[path] for path in LISTS)
    assert await listed(live, "kao", "/metrics", month="2026-03") == [figures[2], figures[0]]
    assert await listed(live, "kao", "/metrics", name="resident_card_rate") == [figures[2], figures[1]]
    assert await listed(live, "kao", "/warnings", month="2026-03") == [warnings[2]]
    assert await listed(live, "kao", "/warnings", login="zhang", month="2026-04") == [warnings[0]]
    for month, touched in (("2026-02", False), ("2026-03", True), ("2026-04", True), ("2026-05", False)):
        assert await listed(live, "kao", "/probations", month=month, login="wu") == ([probations[0]] if touched else [])
    assert await listed(live, "kao", "/evaluations", login="wang", month="2026-03") == [evaluations[3]]
    assert await listed(live, "kao", "/evaluations", month="2026-04") == []
    assert problem(await live.get("kao", "/warnings", **HERE, month="2026-13")) == "invalid-input"


async def test_what_was_reported_again_and_what_was_withdrawn(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    again = await live.post("cai", "/metrics", HERE | metric("resident_card_rate", "2026-03", "0.96"))
    withdrawn = await live.post("kao", f"/warnings/{said['/warnings'][0]['id']}/withdraw", {"reason": "误发"})
    at = withdrawn.headers["gongdan-position"]
    latest, *_ = await listed(live, "kao", "/metrics", min_position=at)
    assert latest == again.json()
    assert [one["value"] for one in latest["reports"]] == ["0.95", "0.96"]
    assert await listed(live, "kao", "/warnings") == [said["/warnings"][2], said["/warnings"][1]]


async def test_of_a_closed_month_human_resources_read_everything(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    assert await listed(live, "ren", "/metrics") == []
    assert await listed(live, "ren", "/evaluations") == []
    asked = await live.post("wang", "/appraisals/JX/2026-03/close", {})
    approved = await live.post("kao", f"/approvals/{asked.json()['id']}/approve")
    assert approved.json()["status"] == "approved", approved.text
    figures = said["/metrics"]
    assert await listed(live, "ren", "/metrics") == [figures[2], figures[0]]
    assert await listed(live, "ren", "/evaluations") == said["/evaluations"][::-1]


async def test_in_pages_the_whole_list_once(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    """Rows that the reader may not see take no place on a page."""
    for login, path in (("kao", "/warnings"), ("hua", "/evaluations"), ("chen", "/warnings")):
        whole = await listed(live, login, path)
        pages, cursor = [], None
        while True:
            page = (await live.get(login, path, **HERE, limit=1, **({"cursor": cursor} if cursor else {}))).json()
            assert len(page["items"]) == 1
            pages += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert pages == whole
    assert problem(await live.get("kao", "/warnings", **HERE, cursor="x")) == "invalid-input"


async def test_to_people_outside_there_is_no_such_community(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    for path in LISTS:
        there, none = await live.get("fang", path, community="JX"), await live.get("fang", path, community="NO")
        assert bare(there) == bare(none)
        assert problem(there) == "not-found"
        assert (await live.get("fang", path, community="YH")).json() == {"items": [], "next_cursor": None}


async def test_a_colleague_s_opinion_stays_its_own_to_read(live: Client, said: dict[str, list[dict[str, Any]]]) -> None:
    done = await live.post("an", "/evaluations", HERE | {"login": "li", "kind": "peer", "period": "2026-04", "score": 70})
    at = done.headers["gongdan-position"]
    assert [one["by"] for one in await listed(live, "an", "/evaluations", min_position=at)] == ["an"]
    assert [one["by"] for one in await listed(live, "li", "/evaluations", login="li")] == [None]
