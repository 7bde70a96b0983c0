"""The appraisal over HTTP: reporting figures, warnings, probations and evaluations, the rights to do so, and the tally."""

import pytest

from domain.finding.commands import ConfirmFinding, RecordFinding
from domain.kernel.request import Request
from tests.support.client import Client, problem
from tests.tally.estate import BOOK_TEXT

pytestmark = pytest.mark.anyio
RATE = {"community": "JX", "name": "resident_card_rate", "period": "2026-03", "value": "0.91"}


async def test_a_figure_is_reported_and_reported_again(api: Client) -> None:
    first = await api.post("cai", "/metrics", RATE, Idempotency_Key="k")
    assert (first.status_code, first.headers["etag"], first.json()["value"]) == (200, '"1"', "0.91")
    assert (await api.post("cai", "/metrics", RATE, Idempotency_Key="k")).content == first.content
    again = await api.post("wang", "/metrics", RATE | {"value": 1}, If_Match='"1"')
    assert [one["value"] for one in again.json()["reports"]] == ["0.91", "1"]
    assert problem(await api.post("wang", "/metrics", RATE, If_Match='"1"')) == "stale-version"
    assert problem(await api.post("wang", "/metrics", RATE | {"value": 0.5})) == "invalid-input"
    assert problem(await api.post("wang", "/metrics", RATE | {"value": "-1"})) == "invalid-input"
    assert problem(await api.post("li", "/metrics", RATE)) == "not-allowed"
    assert problem(await api.post("fang", "/metrics", RATE)) == "not-found"


async def test_a_warning_is_given_and_withdrawn(api: Client) -> None:
    body = {"community": "JX", "login": "zhang", "kind": "public_criticism", "reason": "擅自离岗"}
    given = await api.post("ren", "/warnings", body)
    assert (given.status_code, given.json()["date"], given.json()["reason"]) == (201, "2026-03-02", "***")
    assert given.headers["location"] == f"/api/v1/warnings/{given.json()['id']}"
    withdrawn = await api.post("kao", f"/warnings/{given.json()['id']}/withdraw", {"reason": "误发"})
    assert withdrawn.json()["withdrawn_by"] == "kao"
    assert problem(await api.post("ren", f"/warnings/{given.json()['id']}/withdraw", {"reason": "误发"})) == "rule-refused"
    assert problem(await api.post("ren", "/warnings", body | {"login": "ren"})) == "not-allowed"


async def test_a_probation_reads_from_and_to(api: Client) -> None:
    body = {"community": "JX", "login": "wu", "from": "2026-03-01", "to": "2026-05-31"}
    answer = (await api.post("ren", "/probations", body)).json()
    assert (answer["from"], answer["to"], answer["examinations"]) == ("2026-03-01", "2026-05-31", [])
    taken = {"date": "2026-03-02", "passed": True}
    answer = (await api.post("kao", "/probations", {"community": "JX", "login": "wu", "examination": taken})).json()
    assert answer["examinations"] == [{"date": "2026-03-02", "passed": True, "score": None, "by": "kao"}]
    assert problem(await api.post("ren", "/probations", {"community": "JX", "login": "wu"})) == "invalid-input"


async def test_evaluations_of_four_kinds(api: Client) -> None:
    def body(login: str, kind: str) -> dict[str, object]:
        return {"community": "JX", "login": login, "kind": kind, "period": "2026-Q1", "score": 88, "remarks": "认真"}

    for by, login, kind in (
        ("hua", "hua", "self"),
        ("li", "hua", "peer"),
        ("chen", "hua", "superior"),
        ("kao", "hua", "residents"),
    ):
        answer = await api.post(by, "/evaluations", body(login, kind))
        assert (answer.status_code, answer.json()["by"], answer.json()["remarks"]) == (200, by, "***"), answer.text
    assert problem(await api.post("li", "/evaluations", body("hua", "superior"))) == "not-allowed"
    assert problem(await api.post("chen", "/evaluations", body("wang", "superior"))) == "not-allowed"


async def test_a_rule_book_is_published_by_two(api: Client) -> None:
    first = (await api.get("li", "/rule-book", community="JX")).json()
    assert (first["version"], first["first"], first["published"]) == ("default", "default", [])

    text = BOOK_TEXT.replace('version = "default"', 'version = "JX-2"')
    body = {"community": "JX", "text": text, "from_month": "2026-04"}
    asked = await api.post("wang", "/rule-book", body)
    assert asked.status_code == 202
    assert (await api.post("kao", f"/approvals/{asked.json()['id']}/approve")).json()["status"] == "approved"
    found = (await api.get("li", "/rule-book", community="JX")).json()
    assert (found["version"], [(one["from_month"], one["version"]) for one in found["published"]]) == (
        "default",
        [("2026-04", "JX-2")],
    )
    assert problem(await api.post("wang", "/rule-book", body | {"from_month": "2026-03"})) == "rule-refused"
    assert problem(await api.post("wang", "/rule-book", body | {"text": "version = 1"})) == "invalid-input"
    assert problem(await api.get("fang", "/rule-book", community="JX")) == "not-found"


async def test_a_month_s_tally_is_read_and_closed(live: Client) -> None:
    api = live
    api.estate.clock.move(days=31)
    g = api.estate.gongdan
    body = {"community": "JX", "item": "7", "date": "2026-03-04", "area": "A1"}
    recorded = await g.findings.record(RecordFinding.model_validate(body), Request("chen", g.ids.new()))
    finding = str(recorded.state.id)
    done = await g.findings.act(recorded.state.id, ConfirmFinding(), Request("wang", g.ids.new()))
    read = await api.get("wang", "/appraisals/JX/2026-03", min_position=done.position)
    found = read.json()
    assert (read.status_code, found["status"], found["hash"], found["rule_book"]) == (200, "open", None, "default")
    people = {one["login"]: one for one in found["people"]}
    assert {"login", "post", "lines", "deductions", "bonuses", "total", "pay_share", "flags"} <= set(people["hua"])
    assert (people["wang"]["total"], people["hua"]["total"], people["hua"]["pay_share"]) == ("-2", "-1", "1")
    [line] = people["hua"]["lines"]
    assert (line["item"], line["count"], line["points"], line["findings"]) == ("7", 1, "-1", [finding])
    [own] = (await api.get("hua", "/appraisals/JX/2026-03")).json()["people"]
    assert own["login"] == "hua"
    why = (await api.get("wang", "/appraisals/JX/2026-03", explain=True)).json()["people"]
    charge = next(one for one in why if one["login"] == "hua")["lines"][0]["charges"][0]
    assert (charge["finding"], charge["column"], charge["points"]) == (finding, "administrator", "-1")
    assert problem(await api.get("ren", "/appraisals/JX/2026-03")) == "not-allowed"
    assert problem(await api.get("fang", "/appraisals/JX/2026-03")) == "not-found"
    assert problem(await api.get("wang", "/appraisals/JX/2026-13")) == "invalid-input"
    what_if = {"findings": [{"id": "x", "item": "14", "date": "2026-03-10", "area": "A1"}]}
    supposed = (await api.post("wang", "/appraisals/JX/2026-03/what-if", what_if)).json()
    assert {one["login"]: one["total"] for one in supposed["people"] if one["total"] != "0"} == {"wang": "-12", "hua": "-9"}
    asked = await api.post("wang", "/appraisals/JX/2026-03/close", {}, Idempotency_Key="k")
    assert asked.status_code == 202
    assert problem(await api.post("wang", "/appraisals/JX/2026-Q1/close", {})) == "invalid-input"
    approved = await api.post("kao", f"/approvals/{asked.json()['id']}/approve")
    assert approved.json()["status"] == "approved"
    read = await api.get("ren", "/appraisals/JX/2026-03", min_position=int(approved.headers["gongdan-position"]))
    closed = read.json()
    assert (closed["status"], len(closed["hash"]), closed["closed"][0]["closed_by"]) == ("closed", 64, ["wang", "kao"])
    assert {one["login"]: one["total"] for one in closed["people"]} == {login: one["total"] for login, one in people.items()}
    sheet = await api.get("ren", "/appraisals/JX/2026-03/workbook")
    assert (sheet.status_code, sheet.content[:2]) == (200, b"PK")
    assert problem(await api.get("ren", "/appraisals/JX/2026-04/workbook")) == "not-allowed"
    assert problem(await api.post("wang", "/appraisals/JX/2026-03/close", {})) == "rule-refused"
