"""Sessions: a new secret at sign-in, an end that holds in every process, slow guessing, no cross-site forms."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI

from adapters.accounts.passwords import Passwords
from adapters.accounts.sign_ins import IDLE, LIFETIME
from domain.people.administration import Administrator
from tests.pages.surfing import PASSWORD, SAME_ORIGIN, Surfer, text_of
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio
COOKIE = "gongdan"


async def test_who_is_not_signed_in_is_asked_to_and_brought_back(surfer: Surfer) -> None:
    asked = await surfer.get("/?community=JX")
    assert asked.url.path == "/sign-in"
    answer = await surfer.submit("/sign-in", login="li", password=PASSWORD)
    assert (answer.status_code, answer.url.path, answer.url.query) == (200, "/", b"community=JX")


async def test_nobody_is_sent_elsewhere_after_signing_in(surfer: Surfer) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        await surfer.http.post("/sign-out")
        surfer.http.cookies.clear()
        await surfer.get("/sign-in")
        answer = await surfer.submit("/sign-in", follow=False, login="li", password=PASSWORD, next=elsewhere)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_wrong_login_and_wrong_password_read_alike(surfer: Surfer) -> None:
    wrong = await surfer.sign_in("li", "wrong password")
    unknown = await surfer.sign_in("nobody", "wrong password")
    no_password = await surfer.sign_in("cai")
    assert [answer.status_code for answer in (wrong, unknown, no_password)] == [403, 403, 403]
    assert len({text_of(answer) for answer in (wrong, unknown, no_password)}) == 1
    assert (await surfer.get("/")).url.path == "/sign-in"


async def test_the_session_is_new_at_sign_in(surfer: Surfer) -> None:
    """Session fixation: a secret planted in the browser before sign-in does not open the session."""
    planted = {"Cookie": f"{COOKIE}=planted"}
    await surfer.get("/sign-in", **planted)
    fields = surfer.form("/sign-in").fields | {"login": "li", "password": PASSWORD}
    answer = await surfer.http.post("/sign-in", data=fields, headers=SAME_ORIGIN | planted)
    assert answer.status_code == 303
    assert surfer.http.cookies.get(COOKIE) not in (None, "planted")
    surfer.http.cookies.clear()
    assert (await surfer.http.get("/", headers=planted)).headers["location"] == "/sign-in"


async def test_signing_out_counts_from_the_next_request(surfer: Surfer) -> None:
    await surfer.sign_in("li")
    secret = surfer.http.cookies.get(COOKIE)
    await surfer.submit("/sign-out")
    surfer.http.cookies.set(COOKIE, secret or "", domain="test")
    assert (await surfer.get("/")).url.path == "/sign-in"


async def test_signing_out_everywhere_ends_the_other_devices(surfers: Callable[[], Surfer]) -> None:
    phone, desk, colleague = surfers(), surfers(), surfers()
    await phone.sign_in("li")
    await desk.sign_in("li")
    await colleague.sign_in("zhang")
    await desk.submit("/sign-out", everywhere="1")
    assert (await phone.get("/")).url.path == "/sign-in"
    assert (await colleague.get("/")).url.path == "/"


async def test_a_closed_login_and_a_new_password_end_sessions_at_once(estate: Estate, surfers: Callable[[], Surfer]) -> None:
    g = estate.gongdan
    li, zhang = surfers(), surfers()
    await li.sign_in("li")
    await zhang.sign_in("zhang")
    await g.administration.disable("li", Administrator("operator", g.ids.new(), operator=True))
    assert (await li.get("/")).url.path == "/sign-in"
    assert (await li.sign_in("li")).status_code == 403
    await g.sign_ins.set_password("zhang", "another password")
    assert (await zhang.get("/")).url.path == "/sign-in"
    assert (await zhang.sign_in("zhang")).status_code == 403
    assert (await zhang.sign_in("zhang", "another password")).status_code == 200


async def test_closing_a_login_over_the_api_ends_its_sessions(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    for step in ("disable", "enable"):
        answer = await surfer.http.post(f"/api/v1/people/li/{step}", json={}, headers=estate.bearer("root"))
        assert answer.status_code == 200
    assert (await surfer.get("/")).url.path == "/sign-in"


async def test_a_session_ends_unused_and_after_its_lifetime(estate: Estate, surfer: Surfer) -> None:
    await surfer.sign_in("li")
    estate.clock.move(seconds=(IDLE - timedelta(minutes=1)).total_seconds())
    assert (await surfer.get("/")).url.path == "/"
    estate.clock.move(seconds=(IDLE - timedelta(minutes=1)).total_seconds())
    assert (await surfer.get("/")).url.path == "/"
    estate.clock.move(seconds=(IDLE + timedelta(minutes=1)).total_seconds())
    assert (await surfer.get("/")).url.path == "/sign-in"
    await surfer.sign_in("li")
    for _ in range(LIFETIME // IDLE + 1):
        estate.clock.move(seconds=IDLE.total_seconds() - 60)
        await surfer.get("/")
    assert surfer.page is not None
    assert surfer.page.url.path == "/sign-in"


async def test_guessing_is_slowed_down_by_login(surfers: Callable[[], Surfer]) -> None:
    """After ten wrong passwords not even the right one is checked; other people still sign in."""
    surfer = surfers()
    answers = [(await surfer.sign_in("li", f"wrong {n}")).status_code for n in range(11)]
    assert answers == [403] * 10 + [429]
    refused = await surfer.sign_in("li")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await surfers().sign_in("zhang")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.test"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_form_of_another_site_is_refused(surfer: Surfer, headers: dict[str, str]) -> None:
    await surfer.sign_in("li")
    refused = await surfer.submit("/sign-out", headers=headers)
    assert refused.status_code == 403
    assert (await surfer.get("/")).url.path == "/"


async def test_a_form_without_the_session_s_token_is_refused(surfers: Callable[[], Surfer]) -> None:
    surfer, other = surfers(), surfers()
    await surfer.sign_in("li")
    await other.sign_in("zhang")
    for token in (None, "", "0" * 64, other.form("/sign-out").fields["csrf"]):
        await surfer.get("/")
        assert (await surfer.submit("/sign-out", csrf=token)).status_code == 403
    await surfer.get("/")
    assert (await surfer.submit("/sign-out", headers={})).url.path == "/sign-in"  # a browser that says nothing of the origin


async def test_a_form_loaded_before_signing_in_is_refused_after(surfer: Surfer) -> None:
    await surfer.get("/sign-in")
    old = surfer.form("/preferences").fields["csrf"]
    await surfer.sign_in("li")
    assert (await surfer.submit("/preferences", csrf=old, language="en")).status_code == 403


async def test_what_is_kept_of_a_password_is_argon2id_at_the_recommended_cost() -> None:
    kept = await Passwords().hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await Passwords().verify(PASSWORD, kept)


async def test_the_cookie_is_out_of_reach(surfer: Surfer, app: FastAPI) -> None:
    await surfer.get("/sign-in")
    answer = await surfer.submit("/sign-in", follow=False, login="li", password=PASSWORD)
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=")
    assert {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]} == {
        "httponly",
        "path=/",
        "samesite=lax",
    }


async def test_over_https_the_cookie_is_of_this_host_alone(surfer: Surfer) -> None:
    page = await surfer.http.get("https://test/sign-in")
    surfer.page = page
    fields = surfer.form("/sign-in").fields | {"login": "li", "password": PASSWORD}
    headers = SAME_ORIGIN | {"Origin": "https://test"}
    answer = await surfer.http.post("https://test/sign-in", data=fields, headers=headers)
    assert answer.status_code == 303
    assert answer.headers["set-cookie"].startswith("__Host-gongdan=")
    said = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert said == {"httponly", "path=/", "samesite=lax", "secure"}
    assert "strict-transport-security" in page.headers


async def test_every_page_is_sent_with_the_strict_policy(surfer: Surfer) -> None:
    pages = [await surfer.get("/sign-in"), await surfer.sign_in("li"), await surfer.get("/no-such-page")]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"


async def test_a_session_opens_no_door_of_the_api(surfer: Surfer) -> None:
    """The API takes tokens only: a browser lured to it is not authenticated by its session."""
    await surfer.sign_in("li")
    assert (await surfer.http.get("/api/v1/tickets")).status_code == 401


async def test_language_and_light_are_kept(surfer: Surfer) -> None:
    await surfer.sign_in("li")
    english = await surfer.submit("/preferences", language="en")
    assert '<html lang="en"' in english.text
    dark = await surfer.submit("/preferences", theme="dark")
    assert '<html lang="en" data-bs-theme="dark">' in dark.text


async def test_refusals_are_pages_for_people_and_problems_for_programs(surfer: Surfer) -> None:
    await surfer.sign_in("li")
    page, problem = await surfer.get("/no-such-page"), await surfer.get("/api/v1/no-such-thing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
    assert (await surfer.http.post("/")).status_code == 405
