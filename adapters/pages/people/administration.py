"""Administration pages (管理): people, dated roles, tokens, sessions; and, to read, settings, projections and processes.

They are for administrators. The use cases, which the API calls too, check the right to each change.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from adapters.answers.operate.documents import ProcessAnswer, ProjectionAnswer, process_answer, projection_answer
from adapters.answers.people import access
from adapters.answers.people.lists import visible
from adapters.pages.frame.fields import Options
from adapters.pages.frame.forms import Form, filled, receive_form
from adapters.pages.frame.refusals import WRITING, Explanation, explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.pages.sentences.projection_words import projection_words
from adapters.pages.sentences.setting_words import settings_words
from adapters.web.administering import carried_out
from adapters.web.bodies.people import GrantEnd, NewGrant, NewPerson, NewToken
from adapters.web.parameters import Id
from domain.kernel import errors as e
from domain.kernel.aggregate import S
from domain.kernel.periods import Month
from domain.kernel.terms import Role
from domain.people.administration import Administrator
from domain.people.staff import EVERYWHERE, Grant, PersonState

router = APIRouter(include_in_schema=False)
Login = Annotated[str, Path(alias="login", max_length=40)]


@router.get("/admin")
async def people(visitor: TheVisitor) -> Response:
    """Show everybody with the roles in force today, and the form of a new person."""
    return _people(visitor)


@router.post("/admin")
async def add_person(visitor: TheVisitor) -> Response:
    """Add a person; roles are granted on the person's page."""
    form = await receive_form(visitor)
    try:
        body = filled(NewPerson, _given(form, "login", "name"))
        await _changed(visitor, form, lambda g, by: g.administration.add_person(body.login, body.name, by))
    except WRITING as refusal:
        return _people(visitor, explained(refusal, visitor), form)
    return go(f"/admin/people/{body.login}")


@router.get("/admin/people/{login}")
async def person(visitor: TheVisitor, login: Login) -> Response:
    """Show a person with all roles ever granted, tokens, sessions and forms."""
    return await _person(visitor, login)


@router.post("/admin/people/{login}/grants")
async def grant(visitor: TheVisitor, login: Login) -> Response:
    """Grant a dated role in a community, in one of its areas, or everywhere."""
    form = await receive_form(visitor)
    try:
        community, _, area = form.get("place").partition("/")
        said = {"login": login, "community": community, "area": area or None, **_given(form, "role", "from", "to")}
        body = filled(NewGrant, said)
        await _changed(
            visitor,
            form,
            lambda g, by: g.administration.grant(login, body.role, body.community, body.area, body.valid_from, body.valid_to, by),
        )
    except WRITING as refusal:
        return await _person(visitor, login, explained(refusal, visitor), form)
    return go(f"/admin/people/{login}")


@router.post("/admin/people/{login}/grants/{id}/end")
async def end_grant(visitor: TheVisitor, login: Login, id_: Id) -> Response:
    """End a role after a day."""
    form = await receive_form(visitor)
    try:
        last = filled(GrantEnd, _given(form, "to")).valid_to
        await _changed(visitor, form, lambda g, by: g.administration.end_grant(login, id_, last, by))
    except WRITING as refusal:
        return await _person(visitor, login, explained(refusal, visitor))
    return go(f"/admin/people/{login}")


@router.post("/admin/people/{login}/disable")
async def disable(visitor: TheVisitor, login: Login) -> Response:
    """Disable a login at once, revoke its tokens and end its sessions."""
    form = await receive_form(visitor)
    try:
        await _changed(visitor, form, lambda g, by: g.administration.disable(login, by))
    except WRITING as refusal:
        return await _person(visitor, login, explained(refusal, visitor))
    await access.end_everything(visitor.gongdan, login)
    return go(f"/admin/people/{login}")


@router.post("/admin/people/{login}/enable")
async def enable(visitor: TheVisitor, login: Login) -> Response:
    """Enable a login again."""
    form = await receive_form(visitor)
    try:
        await _changed(visitor, form, lambda g, by: g.administration.enable(login, by))
    except WRITING as refusal:
        return await _person(visitor, login, explained(refusal, visitor))
    return go(f"/admin/people/{login}")


@router.get("/admin/tokens")
async def tokens(visitor: TheVisitor) -> Response:
    """Show the tokens that the visitor may see, the newest first, and the form of a new one."""
    return await _tokens(visitor)


@router.post("/admin/tokens")
async def add_token(visitor: TheVisitor) -> Response:
    """Make a token. Only this answer shows its secret; the form sent again shows it again."""
    form = await receive_form(visitor)
    try:
        days = form.get("days")
        body = filled(NewToken, {"login": form.get("login"), "days": int(days) if days.isdecimal() else days or None})
        row, clear = await access.make_token(visitor.gongdan, await form.administrator(visitor), body.login, body.days)
    except WRITING as refusal:
        return await _tokens(visitor, explained(refusal, visitor), form)
    return visitor.page("people/token.html", row=row, clear=clear)


@router.post("/admin/tokens/{id}/revoke")
async def revoke_token(visitor: TheVisitor, id_: Id) -> Response:
    """Revoke a token at once."""
    await receive_form(visitor)
    await access.revoke_token(visitor.gongdan, visitor.directory, visitor.login, id_)
    return go("/admin/tokens")


@router.get("/admin/sessions")
async def sessions(visitor: TheVisitor) -> Response:
    """Show the live sessions that the visitor may see, the newest first."""
    _administers(visitor)
    rows = await access.sessions_of(visitor.gongdan, visitor.directory, visitor.login)
    return visitor.page("people/sessions.html", rows=rows)


@router.post("/admin/sessions/{id}/end")
async def end_session(visitor: TheVisitor, id_: Id) -> Response:
    """End a session: its next request is refused."""
    await receive_form(visitor)
    await access.end_session(visitor.gongdan, visitor.directory, visitor.login, id_)
    return go("/admin/sessions")


@router.get("/admin/settings")
async def settings(visitor: TheVisitor) -> Response:
    """Show the settings in force in the community, those of its own marked."""
    _administers(visitor)
    if visitor.community is None:
        raise e.NotFound("community")
    here = visitor.directory.community(visitor.community)
    book = visitor.directory.law_of(here.code).of(Month.of(visitor.directory.day(here.code, visitor.now)))
    return visitor.page(
        "people/settings.html",
        here=here,
        sections=settings_words(visitor, visitor.directory.policy_of(here.code), here.settings),
        prices=visitor.directory.prices_of(here.code),
        book=book,
    )


@router.get("/admin/projections")
async def projections(visitor: TheVisitor) -> Response:
    """Show the status of projections and processes, and parked streams with the command by which an operator retries."""
    _administers(visitor)
    g = visitor.gongdan
    rows = [_status_row("projections", projection_answer(one), visitor) for one in await g.projections.status()]
    rows += [_status_row("processes", process_answer(one), visitor) for one in await g.processes.status()]
    numbers = await visitor.numbers({held.stream for one in rows for held in one.status.parked})
    return visitor.page("people/projections.html", parts=rows, numbers=numbers)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """Status of a projection or process, and its name in words; ``tool`` is the group of its operator's commands."""

    name: str
    said: str
    tool: str
    status: ProjectionAnswer | ProcessAnswer

    def retry(self, stream: UUID) -> str:
        """Command by which an operator retries a parked stream."""
        return f"gongdan {self.tool} retry {self.name} {stream}"


def _status_row(tool: str, status: ProjectionAnswer | ProcessAnswer, visitor: Visitor) -> StatusRow:
    return StatusRow(status.name, projection_words(status.name, visitor), tool, status)


def _administers(visitor: Visitor) -> None:
    if not visitor.administers:
        raise e.NotAllowed("administration", sorted(held.role.value for held in visitor.roles), [Role.ADMIN.value])


async def _changed(visitor: Visitor, form: Form, change: Callable[[Any, Administrator], Awaitable[S]]) -> S:
    """Carry out a form's change, once for each idempotency key."""
    by = await form.administrator(visitor)
    state, _ = await carried_out(visitor.gongdan, by.key, lambda: change(visitor.gongdan, by))
    return state


def _given(form: Form, *names: str) -> dict[str, str]:
    return {name: form.get(name) for name in names if form.has(name)}


def _people(visitor: Visitor, refused: Explanation | None = None, form: Form | None = None) -> Response:
    _administers(visitor)
    everybody = sorted(visible(visitor.gongdan, visitor.caller, None), key=lambda one: (not one.enabled, one.login))
    return visitor.page(
        "people/people.html",
        refused.status if refused else 200,
        people=[(one, _posts(visitor, one)) for one in everybody],
        refused=refused,
        filled=form.values if form else {},
    )


def _posts(visitor: Visitor, person: PersonState) -> str:
    """Name the roles in force today, each with its place."""
    today = {code: visitor.directory.day(code, visitor.now) for code in visitor.directory.communities}
    found = []
    for held in person.grants:
        day = today.get(held.community, visitor.now.date())
        if person.enabled and held.covers(day):
            found.append(visitor.say("{role}（{place}）", role=visitor.label(held.role), place=place(visitor, held)))
    return visitor.words.many(found)


def place(visitor: Visitor, held: Grant) -> str:
    """Name where a role is valid: a community, one of its areas, or everywhere."""
    if held.community == EVERYWHERE:
        return visitor.say("全公司")
    community = visitor.directory.community(held.community)
    return f"{community.name} · {community.areas.get(held.area, held.area)}" if held.area else community.name


async def _person(visitor: Visitor, login: str, refused: Explanation | None = None, form: Form | None = None) -> Response:
    _administers(visitor)
    g, directory = visitor.gongdan, visitor.directory
    found = directory.person(login) if refused is None else (await g.directory.current()).person(login)
    return visitor.page(
        "people/person.html",
        refused.status if refused else 200,
        person=found,
        grants=[(held, place(visitor, held), _ended(visitor, held)) for held in reversed(found.grants)],
        roles=Role,
        places=_places(visitor),
        today=visitor.now.astimezone(visitor.zone).date(),
        tokens=[row for row in await access.tokens_of(g, directory, visitor.login) if row.login == login],
        sessions=[row for row in await access.sessions_of(g, directory, visitor.login) if row.login == login],
        refused=refused,
        filled=form.values if form else {},
    )


def _ended(visitor: Visitor, held: Grant) -> bool:
    day = visitor.now.date() if held.community == EVERYWHERE else visitor.directory.day(held.community, visitor.now)
    return held.valid_to is not None and held.valid_to < day


def _places(visitor: Visitor) -> Options:
    """List where a role may be granted: everywhere, each community, and its areas."""
    found = [(EVERYWHERE, visitor.say("全公司"))]
    for code, community in visitor.directory.communities.items():
        found.append((code, community.name))
        found += [(f"{code}/{area}", f"{community.name} · {name}") for area, name in community.areas.items()]
    return found


async def _tokens(visitor: Visitor, refused: Explanation | None = None, form: Form | None = None) -> Response:
    _administers(visitor)
    rows = await access.tokens_of(visitor.gongdan, visitor.directory, visitor.login)
    people: Sequence[PersonState] = [one for one in visitor.directory.people.values() if one.enabled]
    return visitor.page(
        "people/tokens.html",
        refused.status if refused else 200,
        rows=rows[::-1],
        people=people,
        stands=lambda row: "revoked" if row.revoked_at else "expired" if row.expired(visitor.now) else "valid",
        refused=refused,
        filled=form.values if form else {},
    )
