"""Operations of communities (小区), areas, teams, contractors, settings, price lists."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.approval.approval import ApprovalAnswer
from adapters.answers.caller import Caller
from adapters.answers.paging import Page, page_of
from adapters.answers.people.documents import AreaAnswer, CommunityAnswer, ContractorAnswer, PriceListAnswer, TeamAnswer
from adapters.answers.people.lists import own_communities
from adapters.answers.people.people import community_answer, price_list_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.administering import administered
from adapters.web.authentication import TheCaller
from adapters.web.bodies.people import NewArea, NewCommunity, NewContractor, NewSettings, NewTeam
from adapters.web.commands import command, waiting_response
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam, Cursor, Limit, OptionalCommunity
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.publication.commands import PublishPriceList

router = resources("registry")

P = TypeVar("P", AreaAnswer, TeamAnswer, ContractorAnswer)


def _page(
    api: TheApi,
    caller: Caller,
    community: str | None,
    kind: Callable[[CommunityAnswer], list[P]],
    limit: int,
    cursor: str | None,
) -> tuple[list[P], str | None]:
    answers = [community_answer(state, caller.directory) for state in own_communities(api.gongdan, caller, community)]
    return page_of(((f"{part.community}/{part.code}", part) for one in answers for part in kind(one)), limit, cursor)


@router.get("/communities", summary="小区 · Communities", response_model=Page[CommunityAnswer], responses=responses.read())
async def communities(api: TheApi, caller: TheCaller, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """List the communities in which the caller has a role; administrators of everything list all."""
    pairs = ((state.code, community_answer(state, caller.directory)) for state in own_communities(api.gongdan, caller, None))
    items, more = page_of(pairs, limit, cursor)
    return json_answer(Page[CommunityAnswer](items=items, next_cursor=more))


@router.get("/communities/{code}", summary="一个小区 · One community", response_model=CommunityAnswer, responses=responses.read())
async def community(api: TheApi, caller: TheCaller, code: Annotated[str, Path(max_length=40)]) -> Response:
    """Read a community with its areas, teams, contractors and settings."""
    [state] = own_communities(api.gongdan, caller, code)
    return json_answer(community_answer(state, caller.directory), {"ETag": f'"{state.version}"'})


@router.post(
    "/communities",
    summary="登记小区 · Register a community",
    status_code=201,
    response_model=CommunityAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(NewCommunity),
)
async def add_community(request: Request) -> Response:
    """Register a community; for administrators of everything."""
    async with command(request, NewCommunity) as (write, body):
        administration = write.api.gongdan.administration
        return await administered(
            write,
            lambda: administration.add_community(body.code, body.name, body.timezone, write.administrator()),
            lambda state: community_answer(state, write.caller.directory),
            201,
            lambda state: f"/communities/{body.code}",
        )


@router.post(
    "/communities/{code}/settings",
    summary="小区设置 · Change a community's settings",
    response_model=CommunityAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(NewSettings),
)
async def change_settings(request: Request, code: Annotated[str, Path(max_length=40)]) -> Response:
    """Set settings of a community, or return them to the company's. Unknown names and wrong values are refused by name."""
    async with command(request, NewSettings) as (write, body):
        return await administered(
            write,
            lambda: write.api.gongdan.administration.change_settings(code, body.settings, write.administrator()),
            lambda state: community_answer(state, write.caller.directory),
        )


@router.get("/areas", summary="责任区 · Areas", response_model=Page[AreaAnswer], responses=responses.read())
async def areas(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """List areas of the caller's communities."""
    items, more = _page(api, caller, community, lambda one: one.areas, limit, cursor)
    return json_answer(Page[AreaAnswer](items=items, next_cursor=more))


@router.post(
    "/areas",
    summary="增加责任区 · Add an area",
    status_code=201,
    response_model=AreaAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(NewArea),
)
async def add_area(request: Request) -> Response:
    """Add an area; for administrators of the community."""
    async with command(request, NewArea) as (write, body):
        name = body.name or body.code
        return await administered(
            write,
            lambda: write.api.gongdan.administration.add_area(body.community, body.code, name, write.administrator()),
            lambda state: AreaAnswer(community=body.community, code=body.code, name=name),
            201,
            lambda state: f"/areas?community={body.community}",
        )


@router.get("/teams", summary="班组 · Teams", response_model=Page[TeamAnswer], responses=responses.read())
async def teams(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """List teams of the caller's communities."""
    items, more = _page(api, caller, community, lambda one: one.teams, limit, cursor)
    return json_answer(Page[TeamAnswer](items=items, next_cursor=more))


@router.post(
    "/teams",
    summary="组成班组 · Form a team",
    status_code=201,
    response_model=TeamAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(NewTeam),
)
async def form_team(request: Request) -> Response:
    """Form a team. For an existing code the members are replaced."""
    async with command(request, NewTeam) as (write, body):
        return await administered(
            write,
            lambda: write.api.gongdan.administration.form_team(body.community, body.code, body.members, write.administrator()),
            lambda state: TeamAnswer(community=body.community, code=body.code, members=list(body.members)),
            201,
            lambda state: f"/teams?community={body.community}",
        )


@router.get("/contractors", summary="外包单位 · Contractors", response_model=Page[ContractorAnswer], responses=responses.read())
async def contractors(
    api: TheApi, caller: TheCaller, community: OptionalCommunity = None, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """List contractors of the caller's communities."""
    items, more = _page(api, caller, community, lambda one: one.contractors, limit, cursor)
    return json_answer(Page[ContractorAnswer](items=items, next_cursor=more))


@router.post(
    "/contractors",
    summary="登记外包单位 · Register a contractor",
    status_code=201,
    response_model=ContractorAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(NewContractor),
)
async def register_contractor(request: Request) -> Response:
    """Register a contractor, an assignee without a login. The dispatcher enters the contractor's steps."""
    async with command(request, NewContractor) as (write, body):
        administration = write.api.gongdan.administration
        return await administered(
            write,
            lambda: administration.register_contractor(body.community, body.code, body.name, write.administrator()),
            lambda state: ContractorAnswer(community=body.community, code=body.code, name=body.name),
            201,
            lambda state: f"/contractors?community={body.community}",
        )


@router.get("/price-list", summary="收费标准 · The price list", response_model=PriceListAnswer, responses=responses.read())
async def price_list(api: TheApi, caller: TheCaller, community: CommunityParam) -> Response:
    """Read the price list in force in a community: its own, or the company's."""
    [state] = own_communities(api.gongdan, caller, community)
    return json_answer(price_list_answer(state, caller.directory.prices_of(state.code)))


@router.post(
    "/price-list",
    summary="公布收费标准 · Publish a community's own price list (two people)",
    status_code=202,
    response_model=ApprovalAnswer,
    responses=responses.write(202),
    openapi_extra=command_extra(PublishPriceList),
)
async def publish_price_list(request: Request) -> Response:
    """Request publication of a price list: TOML with a version and services by code. In force once a second person approves."""
    async with command(request, PublishPriceList) as (write, body):
        return waiting_response(await write.api.gongdan.publication.ask(body, write.request()))
