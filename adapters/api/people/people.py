"""Operations of people and their dated roles."""

from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.paging import Page, page_of
from adapters.answers.people.access import end_everything
from adapters.answers.people.documents import GrantAnswer, PersonAnswer
from adapters.answers.people.lists import visible
from adapters.answers.people.people import grant_answers, person_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.administering import administered
from adapters.web.authentication import TheCaller
from adapters.web.bodies.fields import Empty
from adapters.web.bodies.people import GrantEnd, NewGrant, NewPerson
from adapters.web.commands import command
from adapters.web.context import TheApi
from adapters.web.parameters import Cursor, Id, Limit, OptionalCommunity
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel.errors import NotFound

router = resources("registry")

LoginParam = Annotated[str, Path(alias="login", max_length=40)]


@router.get("/people", summary="人员 · People", response_model=Page[PersonAnswer], responses=responses.read())
async def people(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """List people with their roles in the caller's communities; administrators list everybody."""
    items, more = page_of(((one.login, person_answer(one)) for one in visible(api.gongdan, caller, community)), limit, cursor)
    return json_answer(Page[PersonAnswer](items=items, next_cursor=more))


@router.get("/people/{login}", summary="一名人员 · One person", response_model=PersonAnswer, responses=responses.read())
async def person(api: TheApi, caller: TheCaller, login: LoginParam) -> Response:
    """Read a person as in the list; 404 for those whom the caller may not see."""
    found = next((one for one in visible(api.gongdan, caller, None) if one.login == login), None)
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
    """Add a person without any role; for administrators."""
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
    """Disable a login at once, revoke its tokens and end its sessions."""
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
    """Enable a login again. Its revoked tokens stay revoked."""
    async with command(request, Empty) as (write, _):
        administration = write.api.gongdan.administration
        return await administered(write, lambda: administration.enable(login, write.administrator()), person_answer)


@router.get("/grants", summary="角色 · Dated roles", response_model=Page[GrantAnswer], responses=responses.read())
async def grants(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """List the dated roles of everybody whom the caller may see."""
    found = (grant for one in visible(api.gongdan, caller, community) for grant in grant_answers(one))
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
    """Grant a dated role in a community, in one of its areas, or, for some roles, everywhere."""
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
async def end_grant(request: Request, id_: Id) -> Response:
    """End a role after a day. A past day ends it at once."""
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
