"""Signing in and out (登录、退出), and the visitor's preferences: language, theme, community."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.pages.frame.forms import receive_form
from adapters.pages.frame.refusals import Explanation, explained
from adapters.pages.frame.visitor import (
    COMMUNITY,
    LANGUAGE,
    THEME,
    THEMES,
    Guest,
    TheVisitor,
    Visitor,
    give_choice,
    give_session,
    go,
    known,
    local,
)
from adapters.rendering.environment import LANGUAGES
from adapters.web.problems import TooManyRequests
from domain.kernel.errors import Overloaded

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def show(request: Request, next: str = "/") -> Response:
    """Show the form; a visitor who is signed in already goes on to ``next``."""
    guest = await known(request)
    if isinstance(guest, Visitor):
        return go(local(next))
    return guest.page("frame/sign_in.html", next=local(next), login="", refused=None)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session with a new secret, so that one planted in the browser before is useless (session fixation).

    Wrong passwords are counted by login and by address. Beyond the rate no password is checked, not even the right one, so that
    guessing gains nothing.
    """
    guest = Guest(request)
    form = await receive_form(guest)
    login, wanted = form.get("login").lower(), local(form.get("next"))
    address = request.client.host if request.client else ""
    try:
        await guest.site.per_login.check(login)
        await guest.site.per_address.check(address)
        right = await guest.gongdan.sign_ins.knows(login, form.get("password"))
    except (TooManyRequests, Overloaded) as refusal:
        refused = explained(refusal, guest)
        answer = guest.page("frame/sign_in.html", refused.status, next=wanted, login=login, refused=refused)
        answer.headers["Retry-After"] = str(refusal.retry_after_seconds)
        return answer
    directory = await guest.gongdan.directory.current()
    person = directory.people.get(login)
    if not right or person is None or not person.enabled:
        await guest.site.per_login.hit(login)
        await guest.site.per_address.hit(address)
        refused = Explanation(403, guest.say("登录名或口令不对"), [guest.say("忘记口令请找系统管理员重设。")])
        return guest.page("frame/sign_in.html", 403, next=wanted, login=login, refused=refused)
    answer = go(wanted)
    give_session(answer, request, await guest.gongdan.sign_ins.begin(login))
    return answer


@router.post("/sign-out")
async def sign_out(visitor: TheVisitor) -> Response:
    """End this session, or all of the person, in every process."""
    form = await receive_form(visitor)
    if form.has("everywhere"):
        await visitor.gongdan.sign_ins.end_all(visitor.login)
    else:
        await visitor.gongdan.sign_ins.end(visitor.session)
    return go("/sign-in")


@router.post("/preferences")
async def prefer(request: Request) -> Response:
    """Store preferences in cookies, and go back."""
    guest = await known(request)
    form = await receive_form(guest)
    answer = go(local(form.get("back")))
    if form.get("language") in LANGUAGES:
        give_choice(answer, request, LANGUAGE, form.get("language"))
    if form.get("theme") in THEMES:
        give_choice(answer, request, THEME, form.get("theme"))
    if isinstance(guest, Visitor) and form.get("community") in guest.communities:
        give_choice(answer, request, COMMUNITY, form.get("community"))
    return answer
