"""Administration: people and their roles, a token shown once, a session ended at once, settings and projections in words."""

import re
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from adapters.accounts.tokens import token_hash
from adapters.composition import shipped
from adapters.pages.sentences.projection_words import NAMES
from adapters.pages.sentences.setting_words import SECTIONS, SETTINGS
from domain.kernel.terms import Role
from domain.people.administration import Administrator
from domain.process.catalogue import PROCESSES
from domain.rules.policy import parse_policy
from projections.read_models import VIEWS
from tests.pages.surfing import Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio

PAGES = ("/admin", "/admin/people/li", "/admin/tokens", "/admin/sessions", "/admin/settings", "/admin/projections")


async def test_for_administrators_alone(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    root, wang = surfers(), surfers()
    await root.sign_in("root")
    await wang.sign_in("wang")
    assert 'href="/admin"' in (await root.get("/admin")).text
    for page in PAGES:
        assert (await root.get(page)).status_code == 200, page
        refused = await wang.get(page)
        assert refused.status_code == 403, page
        assert "管理处主任不能管理系统" in text_of(refused)
    assert 'href="/admin"' not in (await wang.get("/")).text


async def test_a_person_is_added_given_a_role_and_closed(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("root")
    await surfer.get("/admin")
    assert "登录名：写法不对" in text_of(await surfer.submit("/admin", login="Bad Login", name="白某"))
    assert (await surfer.submit("/admin", login="bai", name="<b>白</b>")).url.path == "/admin/people/bai"
    assert surfer.page is not None
    assert "<b>白" not in surfer.page.text
    page = "/admin/people/bai"
    wrong = await surfer.submit(f"{page}/grants", role="butler", place="JX/A1", **{"from": "2026-03-05", "to": "2026-03-04"})
    assert wrong.status_code == 422
    assert "早于起始日" in text_of(wrong)
    said = text_of(await surfer.submit(f"{page}/grants", role="butler", place="JX/A1", **{"from": "", "to": ""}))
    assert "私人管家 锦绣花园 · 锦绣花园A1 2026-03-02 未定" in said
    [grant] = (await estate.gongdan.directory.current()).person("bai").grants
    assert (grant.role, grant.community, grant.area) == (Role.BUTLER, "JX", "A1")
    assert "2026-03-10" in text_of(await surfer.submit(f"{page}/grants/{grant.id}/end", to="2026-03-10"))
    assert "已停用" in text_of(await surfer.submit(f"{page}/disable"))
    assert "已停用" not in text_of(await surfer.submit(f"{page}/enable"))


async def test_ones_own_page_offers_neither_a_role_nor_the_end_of_the_login(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("root")
    await surfer.get("/admin/people/li")
    grant, disable = (surfer.form(f"/admin/people/li/{what}") for what in ("grants", "disable"))
    mine = "/admin/people/root"
    page = await surfer.get(mine)
    assert "不能给自己授予岗位，也不能停用自己的账号；请由另一位管理员或本机操作员办理" in text_of(page)
    assert "/grants" not in page.text.split("ticket-side")[1]
    assert "/disable" not in page.text
    head = {"Sec-Fetch-Site": "same-origin"}
    own = {**grant.fields, "role": "director", "place": "JX", "from": "", "to": ""}
    for path, fields in (("grants", own), ("disable", disable.fields)):
        refused = await surfer.http.post(f"{mine}/{path}", data=fields, headers=head)
        assert refused.status_code == 403, path
        assert "不能给自己授予岗位，也不能停用自己的账号" in text_of(refused), path
    person = (await estate.gongdan.directory.current()).person("root")
    assert (person.enabled, len(person.grants)) == (True, 1)


async def test_a_token_is_shown_once_and_revoked(estate: Estate, surfer: Surfer) -> None:
    tokens = estate.gongdan.store.tokens
    await surfer.sign_in("root")
    await surfer.get("/admin/tokens")
    form = surfer.form("/admin/tokens", "post").fields
    answer = await surfer.submit("/admin/tokens", login="wu", days="7")
    secret = re.search(r"gd_[\w-]{43}", answer.text)
    assert secret is not None
    row, _ = await tokens.token_by_hash(token_hash(secret[0]))
    assert row is not None
    assert row.login == "wu"
    again = await surfer.http.post(
        "/admin/tokens", data=form | {"login": "wu", "days": "7"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert secret[0] in again.text
    assert secret[0] not in (await surfer.get("/admin/tokens")).text
    await surfer.submit(f"/admin/tokens/{row.id}/revoke")
    gone, _ = await tokens.token_by_hash(token_hash(secret[0]))
    assert gone is not None
    assert gone.revoked_at is not None


async def test_a_session_ended_is_refused_at_its_next_request(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    root, li = surfers(), surfers()
    await li.sign_in("li")
    await root.sign_in("root")
    [session] = await estate.gongdan.sign_ins.of("li")
    assert "li某" in text_of(await root.get("/admin/sessions"))
    assert (await li.get("/intake")).url.path == "/intake"
    await root.submit(f"/admin/sessions/{session.id}/end")
    assert "li某" not in text_of(await root.get("/admin/sessions"))
    assert (await li.get("/intake")).url.path == "/sign-in"


async def test_nobody_ends_what_they_do_not_see(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    root, li = surfers(), surfers()
    await root.sign_in("root")
    await li.sign_in("li")
    [session] = await estate.gongdan.sign_ins.of("root")
    await li.get("/intake")
    carried = {name: value for name, value in li.form("/sign-out").fields.items() if name == "csrf"}
    for path in (f"/admin/sessions/{session.id}/end", f"/admin/tokens/{session.id}/revoke"):
        answer = await li.http.post(path, data=carried, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 404
    assert (await root.get("/admin")).url.path == "/admin"


async def test_settings_and_projections_are_told_in_words(estate: Estate, surfer: Surfer) -> None:
    g = estate.gongdan
    by = Administrator("operator", g.ids.new(), operator=True)
    await g.administration.change_settings("JX", {"clocks.reply_minutes": 1440, "follow_up.reopen_days": 15}, by)
    await surfer.sign_in("root")
    said = text_of(await surfer.get("/admin/settings?community=JX"))
    teams = "plumbers（zhang某、wu某）"
    for words in ("答复时限 1 天 本小区另定", "15 天 本小区另定", "维修时限 3 天", "夜间由谁值班 水电维修员", "安达电梯", teams):
        assert words in said, words
    assert "minutes" not in said
    said = text_of(await surfer.get("/admin/projections"))
    assert re.search(r"工单名录 正常 \d+ \d+ \d+ \d+\.\d 秒 0", said), said
    assert "提出考评事项 流程 正常" in said


def test_every_setting_and_projection_has_a_name() -> None:
    policy = parse_policy(shipped("policy.toml")).values
    parts = {name: part for name, part in policy if isinstance(part, BaseModel)}
    assert set(SECTIONS) == set(parts)
    assert set(SETTINGS) == {f"{name}.{field}" for name, part in parts.items() for field in type(part).model_fields}
    assert set(NAMES) == {view.name for view in VIEWS} | {process.name for process in PROCESSES}
