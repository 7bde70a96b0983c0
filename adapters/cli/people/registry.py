"""``gongdan community``, ``area``, ``team``, ``contractor``, ``user`` and ``token``: administration by the machine's operator."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from adapters.accounts import tokens
from adapters.accounts.passwords import well_formed
from adapters.answers.documents import Answer
from adapters.answers.people.access import end_everything
from adapters.answers.people.documents import CommunityAnswer, PersonAnswer, TokenAnswer
from adapters.answers.people.people import community_answer, person_answer, token_answer
from adapters.cli.terminal.console import Failed, Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan, operator
from adapters.composition import Gongdan
from adapters.system.system import entropy
from domain.kernel import values
from domain.kernel.errors import NotFound, invalid
from domain.kernel.terms import Role
from domain.people.administration import Administrator

community = typer.Typer(no_args_is_help=True, help="Communities (小区).")
area = typer.Typer(no_args_is_help=True, help="Areas of a community (责任区).")
team = typer.Typer(no_args_is_help=True, help="Teams that take work orders (班组).")
contractor = typer.Typer(no_args_is_help=True, help="Outside contractors, assignees without a login (外包单位).")
user = typer.Typer(no_args_is_help=True, help="People with a login, and their dated roles.")
token = typer.Typer(no_args_is_help=True, help="API tokens.")

Code = Annotated[str, typer.Argument(help="A code: letters, digits, dot, dash, underscore.")]
Community = Annotated[str, typer.Argument(help="The community's code.")]
Login = Annotated[str, typer.Argument(help="A login: small letters, digits, dot, dash, underscore.")]
Name = Annotated[str, typer.Option("--name", help="The name shown.")]
Day = datetime
DAY = ["%Y-%m-%d"]


def _formed(form: Any, name: str, value: str) -> str:
    """Validate a code, login or name by the API's rules; raises InvalidInput."""
    try:
        formed: str = TypeAdapter(form).validate_python(value)
    except ValidationError as error:
        raise invalid(name, error.errors()[0]["msg"]) from None
    return formed


def _administer(change: Callable[[Gongdan, Administrator], Awaitable[Any]]) -> None:
    async def work() -> None:
        async with open_gongdan() as gongdan:
            await change(gongdan, operator(gongdan))

    run(work())


def _items(items: Sequence[Answer]) -> None:
    """Print a list in the API's form, all on one page."""
    emit({"items": [answered(item) for item in items], "next_cursor": None})


@community.command("add")
def add_community(
    code: Code,
    name: Name,
    timezone: Annotated[str, typer.Option(help="Its time zone in the IANA database; can't be changed later.")] = "Asia/Shanghai",
) -> None:
    """Register a community."""
    formed, known = _formed(values.Code, "CODE", code), _formed(values.Name, "--name", name)
    _administer(lambda gongdan, by: gongdan.administration.add_community(formed, known, timezone, by))
    say(f"{code} registered")


@community.command("list")
def list_communities(json: Json = False) -> None:
    """List communities with their areas, teams and contractors."""

    async def read() -> list[CommunityAnswer]:
        async with open_gongdan() as gongdan:
            directory = await gongdan.directory.current()
            return [community_answer(one, directory) for one in directory.communities.values()]

    found = run(read())
    if json:
        _items(found)
        return
    rows = [(one.code, one.name, one.timezone, _codes(one.areas), _codes(one.teams), _codes(one.contractors)) for one in found]
    table(("code", "name", "timezone", "areas", "teams", "contractors"), rows)


def _codes(gongdan: Sequence[Any]) -> str:
    return ", ".join(part.code for part in gongdan)


@area.command("add")
def add_area(
    community: Community, code: Code, name: Annotated[str, typer.Option("--name", help="Its name; default: the code.")] = ""
) -> None:
    """Add an area to a community."""
    formed, known = _formed(values.Code, "CODE", code), _formed(values.Name, "--name", name or code)
    _administer(lambda gongdan, by: gongdan.administration.add_area(community, formed, known, by))
    say(f"{code} added to {community}")


@team.command("add")
def form_team(
    community: Community, code: Code, members: Annotated[list[str], typer.Argument(help="The logins of its members.")]
) -> None:
    """Form a team, or replace its members."""
    formed = _formed(values.Code, "CODE", code)
    _administer(lambda gongdan, by: gongdan.administration.form_team(community, formed, tuple(members), by))
    say(f"{code} formed in {community}")


@contractor.command("add")
def register_contractor(community: Community, code: Code, name: Name) -> None:
    """Register an outside contractor."""
    formed, known = _formed(values.Code, "CODE", code), _formed(values.Name, "--name", name)
    _administer(lambda gongdan, by: gongdan.administration.register_contractor(community, formed, known, by))
    say(f"{code} registered in {community}")


Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password for the pages from standard input.")]


def _password() -> str:
    """The password on the first line of standard input; raises InvalidInput."""
    return well_formed(sys.stdin.readline().rstrip("\r\n"))


@user.command("add")
def add_user(login: Login, name: Name, password_stdin: Stdin = False) -> None:
    """Add a person; grant roles and create tokens separately. Without a password they can't sign in to the pages."""
    formed, known = _formed(values.Login, "LOGIN", login), _formed(values.Name, "--name", name)
    password = _password() if password_stdin else None

    async def add(gongdan: Gongdan, by: Administrator) -> None:
        await gongdan.administration.add_person(formed, known, by)
        if password is not None:
            await gongdan.sign_ins.set_password(formed, password)

    _administer(add)
    say(f"{login} added")


@user.command("password")
def set_password(login: Login) -> None:
    """Set a person's password for the pages, read from standard input; their sessions end."""
    password = _password()

    async def change(gongdan: Gongdan, _: Administrator) -> None:
        (await gongdan.directory.current()).person(login)
        await gongdan.sign_ins.set_password(login, password)

    _administer(change)
    say(f"password of {login} set")


@user.command("grant")
def grant(
    login: Login,
    role: Annotated[Role, typer.Argument(help="The role.")],
    community: Annotated[str, typer.Argument(help="The community's code; '*' for the whole company.")],
    area: Annotated[str | None, typer.Option(help="Only for this area.")] = None,
    valid_from: Annotated[Day | None, typer.Option("--from", formats=DAY, help="First day; default: today.")] = None,
    valid_to: Annotated[Day | None, typer.Option("--to", formats=DAY, help="Last day; default: none.")] = None,
) -> None:
    """Grant a dated role in a community; days are the community's, both included."""
    first, last = valid_from.date() if valid_from else None, valid_to.date() if valid_to else None
    _administer(lambda gongdan, by: gongdan.administration.grant(login, role, community, area, first, last, by))
    say(f"{login} is {role.value} in {community}")


@user.command("list")
def list_users(json: Json = False) -> None:
    """List people with every role granted."""

    async def read() -> list[PersonAnswer]:
        async with open_gongdan() as gongdan:
            return [person_answer(one) for one in (await gongdan.directory.current()).people.values()]

    found = run(read())
    if json:
        _items(found)
        return
    rows = [(p.login, p.name, "yes" if p.enabled else "no", "\n".join(map(_grant, p.grants))) for p in found]
    table(("login", "name", "enabled", "roles"), rows)


def _grant(grant: Any) -> str:
    where = grant.community + (f"/{grant.area}" if grant.area else "")
    return f"{grant.role.value} in {where} from {grant.valid_from}" + (f" to {grant.valid_to}" if grant.valid_to else "")


@user.command("disable")
def disable(login: Login) -> None:
    """Close a login at once; its tokens are revoked and its sessions end."""

    async def close(gongdan: Gongdan, by: Administrator) -> None:
        await gongdan.administration.disable(login, by)
        await end_everything(gongdan, login)

    _administer(close)
    say(f"{login} disabled")


@user.command("enable")
def enable(login: Login) -> None:
    """Open a login again; it needs new tokens."""
    _administer(lambda gongdan, by: gongdan.administration.enable(login, by))
    say(f"{login} enabled")


@token.command("create")
def create_token(login: Login, days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it expires.")] = 365) -> None:
    """Create a token and print it alone; it is not shown again, since only its hash is stored."""

    async def make() -> str:
        async with open_gongdan() as gongdan:
            (await gongdan.directory.current()).person(login)
            _, clear = await tokens.issue(gongdan.store, gongdan.clock, gongdan.ids, entropy, login, days)
            return clear

    say(run(make()))


@token.command("list")
def list_tokens(json: Json = False) -> None:
    """List tokens, without their secrets."""

    async def read() -> list[TokenAnswer]:
        async with open_gongdan() as gongdan:
            return [token_answer(row) for row in await gongdan.store.tokens.list_tokens()]

    found = run(read())
    if json:
        _items(found)
        return
    table(
        ("id", "login", "created", "expires", "revoked"),
        [(t.id, t.login, t.created_at, t.expires_at, t.revoked_at) for t in found],
    )


@token.command("revoke")
def revoke_token(id: Annotated[UUID, typer.Argument(help="The token's id.")]) -> None:
    """Revoke a token at once, for every process."""

    async def revoke() -> bool:
        async with open_gongdan() as gongdan:
            return await gongdan.store.tokens.revoke_token(id)

    if not run(revoke()):
        raise Failed(str(NotFound("token that is in force")))
    say(f"{id} revoked")
