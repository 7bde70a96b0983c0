"""People and dated roles."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.caller import Caller
from adapters.answers.paging import Cursor, Limit, Page, page_of
from adapters.answers.people.access import end_everything
from adapters.answers.people.documents import GrantAnswer, PersonAnswer
from adapters.answers.people.people import grant_answers, person_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.api.people.administering import administered
from adapters.api.people.communities import OptionalCommunity, own_communities
from adapters.web.authentication import TheCaller
from adapters.web.command_bodies import Empty
from adapters.web.commands import command
from adapters.web.context import Api, TheApi
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel.errors import NotFound
from domain.kernel.terms import Role
from domain.kernel.values import Login, Name, Value
from domain.people.directory import Directory
from domain.people.staff import EVERYWHERE, PersonState

router = resources("registry")

LoginParam = Annotated[str, Path(alias="login", max_length=40)]
GrantCommunity = Annotated[str, Field(pattern=r"^(\*|[\w.\-]{1,40})$", description="the community's code, or * for everywhere")]


class NewPerson(Value):
    """A member of staff."""

    login: Login
    name: Name


class NewGrant(Value):
    """A dated role; both days are included, in the community's time zone. Without ``from`` it begins today."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    login: Login
    role: Role
    community: GrantCommunity
    area: Annotated[str, Field(pattern=r"^[\w.\-]{1,40}$")] | None = None
    valid_from: date | None = Field(None, alias="from")
    valid_to: date | None = Field(None, alias="to")


class GrantEnd(Value):
    """The last day of a role."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    valid_to: date = Field(alias="to")


def administers(directory: Directory, login: str, api: Api) -> bool:
    """Whether a person administers something; then they see everybody."""
    now = api.gongdan.clock.now()
    return any(directory.is_admin(login, now, place) for place in (EVERYWHERE, *directory.communities))


def visible(api: Api, caller: Caller, community: str | None) -> Iterable[PersonState]:
    """People as the caller may see them: colleagues with the roles in their own communities; administrators see all."""
    everything = administers(caller.directory, caller.login, api) and community is None
    own = {state.code for state in own_communities(api, caller, community)} | {EVERYWHERE}
    for person in caller.directory.people.values():
        if everything:
            yield person
        else:
            here = tuple(grant for grant in person.grants if grant.community in own)
            if here:
                yield person.with_(grants=here)


@router.get("/people", summary="人员 · People", response_model=Page[PersonAnswer], responses=responses.read())
async def people(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Names and roles in the caller's own communities; administrators see everybody."""
    items, more = page_of(((one.login, person_answer(one)) for one in visible(api, caller, community)), limit, cursor)
    return json_answer(Page[PersonAnswer](items=items, next_cursor=more))


@router.get("/people/{login}", summary="一名人员 · One person", response_model=PersonAnswer, responses=responses.read())
async def person(api: TheApi, caller: TheCaller, login: LoginParam) -> Response:
    """As the list has them."""
    found = next((one for one in visible(api, caller, None) if one.login == login), None)
    if found is None:
        raise NotFound("person")
    return json_answer(person_answer(found), {"ETag": f'"{found.version}"'})


@router.post(
    "/people",
    summary="增加人员 · Add a person",
    status_code=201,
    response_model=PersonAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(NewPerson),
)
async def add_person(request: Request) -> Response:
    """For administrators; roles are granted apart."""
    async with command(request, NewPerson) as (write, body):
        return await administered(
            write,
            lambda: write.api.gongdan.administration.add_person(body.login, body.name, write.administrator()),
            person_answer,
            201,
            lambda state: f"/people/{body.login}",
        )


@router.post(
    "/people/{login}/disable",
    summary="停用 · Disable a person",
    response_model=PersonAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def disable(request: Request, login: LoginParam) -> Response:
    """The login is closed at once, its tokens are revoked and its sessions end."""
    async with command(request, Empty) as (write, _):
        g = write.api.gongdan
        answer = await administered(write, lambda: g.administration.disable(login, write.administrator()), person_answer)
        await end_everything(g, login)
        return answer


@router.post(
    "/people/{login}/enable",
    summary="启用 · Enable a person",
    response_model=PersonAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def enable(request: Request, login: LoginParam) -> Response:
    """The login is open again; tokens are made anew."""
    async with command(request, Empty) as (write, _):
        administration = write.api.gongdan.administration
        return await administered(write, lambda: administration.enable(login, write.administrator()), person_answer)


@router.get("/grants", summary="角色 · Dated roles", response_model=Page[GrantAnswer], responses=responses.read())
async def grants(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Of everybody the caller sees."""
    found = (grant for one in visible(api, caller, community) for grant in grant_answers(one))
    items, more = page_of(((f"{grant.login}/{grant.id}", grant) for grant in found), limit, cursor)
    return json_answer(Page[GrantAnswer](items=items, next_cursor=more))


@router.post(
    "/grants",
    summary="授予角色 · Grant a dated role",
    status_code=201,
    response_model=GrantAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(NewGrant),
)
async def grant(request: Request) -> Response:
    """In a community, perhaps for one area; some roles may be granted everywhere."""
    async with command(request, NewGrant) as (write, body):
        return await administered(
            write,
            lambda: write.api.gongdan.administration.grant(
                body.login, body.role, body.community, body.area, body.valid_from, body.valid_to, write.administrator()
            ),
            lambda state: grant_answers(state)[-1],
            201,
            lambda state: f"/people/{body.login}",
        )


@router.post(
    "/grants/{id}/end",
    summary="终止角色 · End a role after a day",
    response_model=GrantAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(GrantEnd),
)
async def end_grant(request: Request, id_: Annotated[UUID, Path(alias="id")]) -> Response:
    """A day that is past ends it at once."""
    async with command(request, GrantEnd) as (write, body):
        people = write.caller.directory.people.values()
        login = next((one.login for one in people for held in one.grants if held.id == id_), None)
        if login is None:
            raise NotFound("grant")
        administration = write.api.gongdan.administration
        return await administered(
            write,
            lambda: administration.end_grant(login, id_, body.valid_to, write.administrator()),
            lambda state: next(answer for answer in grant_answers(state) if answer.id == id_),
        )
