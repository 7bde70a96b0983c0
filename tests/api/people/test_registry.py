"""Administration over HTTP: rights, visible people, tokens."""

import pytest

from tests.support.client import V1, Client, problem

pytestmark = pytest.mark.anyio


async def test_a_community_from_nothing_to_its_first_ticket(api: Client) -> None:
    made = await api.post("root", "/communities", {"code": "BH", "name": "碧湖花园", "timezone": "Asia/Urumqi"})
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, "/api/v1/communities/BH", '"1"')
    steps: list[tuple[str, dict[str, str]]] = [
        ("/areas", {"community": "BH", "code": "N", "name": "北区"}),
        ("/people", {"login": "bai", "name": "白助理"}),
        ("/grants", {"login": "bai", "role": "assistant", "community": "BH", "from": "2026-03-01", "to": "2026-12-31"}),
    ]
    for path, body in steps:
        assert (await api.post("root", path, body)).status_code == 201
    token = (await api.post("root", "/tokens", {"login": "bai", "days": 1})).json()
    api.estate.tokens["bai"] = token["token"]
    first = {"community": "BH", "channel": "phone", "description": "电梯停运", "location": {"area": "N"}}
    assert (await api.post("bai", "/tickets", first)).json()["number"] == "GD-BH-20260302-0001"
    assert [one["code"] for one in (await api.get("bai", "/communities")).json()["items"]] == ["BH"]
    api.estate.clock.move(days=1)
    assert problem(await api.get("bai", "/communities")) == "unauthenticated"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/communities", {"code": "BH", "name": "碧湖"}),
        ("/communities/JX/settings", {"settings": {"clocks.reply_minutes": 1}}),
        ("/areas", {"community": "JX", "code": "A3"}),
        ("/teams", {"community": "JX", "code": "t", "members": ["li"]}),
        ("/contractors", {"community": "JX", "code": "c", "name": "某"}),
        ("/people", {"login": "xin", "name": "新"}),
        ("/people/wu/disable", {}),
        ("/people/wu/enable", {}),
        ("/grants", {"login": "wang", "role": "admin", "community": "*"}),
        ("/tokens", {"login": "root"}),
    ],
)
async def test_nobody_but_an_administrator(api: Client, path: str, body: dict[str, object]) -> None:
    before = await api.written()
    for login in ("wang", "si"):
        answer = await api.post(login, path, body)
        assert problem(answer) == "not-allowed", answer.text
    assert await api.written() == before


async def test_what_administration_refuses(api: Client) -> None:
    before = await api.written()
    refusals = [
        ("/communities", {"code": "X", "name": "x", "timezone": "Mars/Base"}, "invalid-input", "/timezone"),
        (
            "/communities/JX/settings",
            {"settings": {"entry.late_minutes": 0}},
            "invalid-input",
            "/settings/entry.late_minutes",
        ),
        ("/communities/JX/settings", {"settings": {"clocks.repair_minutes": 10**20}}, "invalid-input", None),
        ("/communities/JX/settings", {"settings": {"clocks.nothing": 5}}, "invalid-input", "/settings/clocks.nothing"),
        ("/communities/NO/settings", {"settings": {"clocks.reply_minutes": 5}}, "not-found", None),
        ("/areas", {"community": "JX", "code": "A1"}, "conflict", None),
        ("/areas", {"community": "NO", "code": "A1"}, "not-found", None),
        ("/teams", {"community": "JX", "code": "t", "members": ["yun"]}, "invalid-input", "/members/0"),
        ("/people", {"login": "li", "name": "又一个"}, "conflict", None),
        ("/people", {"login": "Li", "name": "大写"}, "invalid-input", "/login"),
        ("/people/nobody/disable", {}, "not-found", None),
        ("/people/li/enable", {}, "conflict", None),
        ("/grants", {"login": "li", "role": "king", "community": "JX"}, "invalid-input", "/role"),
        ("/grants", {"login": "li", "role": "butler", "community": "JX", "area": "Z"}, "invalid-input", "/area"),
        ("/grants", {"login": "li", "role": "butler", "community": "JX", "to": "2020-01-01"}, "invalid-input", "/to"),
        ("/grants", {"login": "li", "role": "butler", "community": "*"}, "invalid-input", "/community"),
        ("/grants/01890000-0000-7000-8000-000000000000/end", {"to": "2026-03-02"}, "not-found", None),
        ("/tokens", {"login": "nobody"}, "not-found", None),
        ("/tokens", {"login": "li", "days": 0}, "invalid-input", "/days"),
        ("/tokens/01890000-0000-7000-8000-000000000000/revoke", {}, "not-found", None),
    ]
    for path, body, kind, pointer in refusals:
        answer = await api.post("root", path, body)
        assert problem(answer) == kind, (path, body, answer.text)
        if pointer is not None:
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await api.written() == before


async def test_who_sees_whom(api: Client) -> None:
    def logins(answer: object) -> set[str]:
        return {one["login"] for one in answer.json()["items"]}  # type: ignore[attr-defined]

    own = logins(await api.get("li", "/people"))
    assert {"li", "zhang", "kao", "root"} <= own
    assert not {"yun", "fang"} & own
    assert {"yun", "fang", "li"} <= logins(await api.get("root", "/people"))
    assert problem(await api.get("li", "/people/yun")) == "not-found"
    assert logins(await api.get("yun", "/grants")) == {"yun", "fang", "kao", "shen", "si", "root"}
    pages: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get("root", "/people", limit="5", **cursor)).json()
        pages += [one["login"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == sorted(api.estate.tokens)


async def test_a_role_that_ends(api: Client) -> None:
    [held] = (await api.get("root", "/people/wu")).json()["grants"]
    ended = await api.post("root", f"/grants/{held['id']}/end", {"to": "2026-03-01"})
    assert (ended.status_code, ended.json()["to"]) == (200, "2026-03-01")
    assert problem(await api.get("wu", "/areas?community=JX")) == "not-found"


async def test_disabling_ends_every_token_for_good(api: Client) -> None:
    assert (await api.post("root", "/people/wu/disable")).json()["enabled"] is False
    assert problem(await api.get("wu", "/communities")) == "unauthenticated"
    assert (await api.post("root", "/people/wu/enable")).status_code == 200
    assert problem(await api.get("wu", "/communities")) == "unauthenticated"


async def test_tokens_are_made_shown_once_and_revoked(api: Client) -> None:
    made = await api.post("root", "/tokens", {"login": "wu", "days": None})
    assert made.json()["expires_at"] is None
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    assert (await api.http.get(V1 + "/communities", headers=headers)).status_code == 200
    listed = (await api.get("wu", "/tokens")).json()["items"]
    assert [one["login"] for one in listed] == ["wu", "wu"]
    assert "token" not in listed[0]
    assert problem(await api.post("li", f"/tokens/{made.json()['id']}/revoke")) == "not-found"
    for _ in range(2):
        gone = await api.post("wu", f"/tokens/{made.json()['id']}/revoke")
        assert gone.json()["revoked_at"] is not None
    assert problem(await api.http.get(V1 + "/communities", headers=headers)) == "unauthenticated"
    assert len((await api.get("root", "/tokens")).json()["items"]) == len(api.estate.tokens) + 1


async def test_sessions_are_listed_and_ended(api: Client) -> None:
    sign_ins = api.estate.gongdan.sign_ins
    mine, theirs = await sign_ins.begin("wu"), await sign_ins.begin("li")
    [row] = (await api.get("wu", "/sessions")).json()["items"]
    assert {"login": "wu", "seen_at": row["created_at"]}.items() <= row.items()
    assert [one["login"] for one in (await api.get("root", "/sessions")).json()["items"]] == ["wu", "li"]
    [other] = (await api.get("li", "/sessions")).json()["items"]
    assert problem(await api.post("wu", f"/sessions/{other['id']}/end")) == "not-found"
    assert (await api.post("wu", f"/sessions/{row['id']}/end")).json() == row
    assert problem(await api.post("wu", f"/sessions/{row['id']}/end")) == "not-found"
    assert (await api.post("root", f"/sessions/{other['id']}/end")).status_code == 200
    assert [(await sign_ins.current(secret))[0] for secret in (mine, theirs)] == [None, None]


async def test_a_price_list_is_published_by_two(api: Client) -> None:
    text = 'version = "JX-1"\n[services]\nfix = { name = "修理", unit = "次", price_yuan = "12.50" }\n'
    bad = await api.post("wang", "/price-list", {"community": "JX", "text": 'version = "x"\n[services.a]\nname = "b"\n'})
    assert problem(bad) == "invalid-input"
    asked = await api.post("wang", "/price-list", {"community": "JX", "text": text})
    assert asked.status_code == 202
    assert (await api.post("kao", f"/approvals/{asked.json()['id']}/approve")).json()["status"] == "approved"
    found = (await api.get("li", "/price-list?community=JX")).json()
    assert (found["version"], found["own"]) == ("JX-1", True)
    assert found["services"] == [{"code": "fix", "name": "修理", "unit": "次", "unit_price_fen": 1250}]
    assert (await api.get("yun", "/price-list?community=YH")).json()["own"] is False


async def test_settings_change_a_clock(api: Client) -> None:
    answer = await api.post("root", "/communities/JX/settings", {"settings": {"clocks.reply_minutes": 60}})
    assert answer.json()["settings"] == {"clocks.reply_minutes": 60}
    ticket = await api.ticket()
    [reply] = ticket["clocks"]
    assert (reply["started_at"], reply["due_at"]) == ("2026-03-02T01:00:00Z", "2026-03-02T02:00:00Z")
