"""Who holds the desk (值班): opening a shift, standing in, taking over."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers import shift_answer
from adapters.api import PREFIX, responses
from adapters.api.administering import administered
from adapters.api.authentication import Caller, TheCaller
from adapters.api.command_bodies import Empty
from adapters.api.commands import command
from adapters.api.context import Api, TheApi
from adapters.api.description import command_extra
from adapters.api.reading import json_answer
from adapters.api.registry import CommunityParam
from adapters.documents import ShiftAnswer
from domain.desk import DeskState
from domain.errors import NotFound
from domain.ticket_commands import Code, Login, Value

router = APIRouter(prefix=PREFIX, tags=["duty"])

Id = Annotated[UUID, Path(alias="id")]


class OpenShift(Value):
    """Where the desk is taken."""

    community: Code


class StandIn(Value):
    """Who stands in for the officer."""

    stand_in: Login


class TakeOver(Value):
    """Why a shift is ended over its officer's head; a code, as it stays readable."""

    reason: Code


async def held(api: Api, caller: Caller, shift: UUID) -> DeskState:
    """The desk of a shift that is held now, in the caller's communities; NotFound for any other."""
    for community in caller.directory.communities_of(caller.login, api.gongdan.clock.now()):
        desk = await api.gongdan.desk.desk(community)
        if desk is not None and desk.shift is not None and desk.shift.id == shift:
            return desk
    raise NotFound("shift")


def _current(desk: DeskState) -> ShiftAnswer:
    assert desk.shift is not None
    return shift_answer(desk.shift.id, desk)


@router.post(
    "/shifts",
    summary="上岗 · Open a shift",
    status_code=201,
    response_model=ShiftAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(OpenShift),
)
async def open_shift(request: Request) -> Response:
    """Only where nobody holds the desk."""
    async with command(request, OpenShift) as (write, body):
        duty = write.api.gongdan.duty
        return await administered(
            write,
            lambda: duty.open(body.community, write.request()),
            _current,
            201,
            lambda desk: f"/shifts/{desk.shift.id if desk.shift else ''}",
        )


@router.get("/shifts/current", summary="当值 · Who holds the desk", response_model=ShiftAnswer, responses=responses.read())
async def current(api: TheApi, caller: TheCaller, community: CommunityParam) -> Response:
    """Not found while nobody does."""
    desk = await api.gongdan.duty.holder(community, caller.login)
    if desk is None or desk.shift is None:
        raise NotFound("shift")
    return json_answer(_current(desk), {"ETag": f'"{desk.version}"'})


@router.get("/shifts/{id}", summary="班次 · A shift that is held now", response_model=ShiftAnswer, responses=responses.read())
async def shift(api: TheApi, caller: TheCaller, id_: Id) -> Response:
    """Its officer, who stands in, since when."""
    desk = await held(api, caller, id_)
    return json_answer(_current(desk), {"ETag": f'"{desk.version}"'})


@router.post(
    "/shifts/{id}/substitute",
    summary="代值 · Have somebody stand in",
    response_model=ShiftAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(StandIn),
)
async def substitute(request: Request, id_: Id) -> Response:
    """The officer leaves for an emergency (D5 六)."""
    async with command(request, StandIn) as (write, body):

        async def change() -> DeskState:
            desk = await held(write.api, write.caller, id_)
            return await write.api.gongdan.duty.substitute(desk.community, body.stand_in, write.request())

        return await administered(write, change, lambda desk: shift_answer(id_, desk))


@router.post(
    "/shifts/{id}/return-to-post",
    summary="回岗 · Return to the post",
    response_model=ShiftAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def return_to_post(request: Request, id_: Id) -> Response:
    """The officer is back."""
    async with command(request, Empty) as (write, _):

        async def change() -> DeskState:
            desk = await held(write.api, write.caller, id_)
            return await write.api.gongdan.duty.return_to_post(desk.community, write.request())

        return await administered(write, change, lambda desk: shift_answer(id_, desk))


@router.post(
    "/shifts/{id}/take-over",
    summary="接管 · Take a shift over",
    response_model=ShiftAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(TakeOver),
)
async def take_over(request: Request, id_: Id) -> Response:
    """A supervisor or director ends the shift; the desk is open to be taken."""
    async with command(request, TakeOver) as (write, body):

        async def change() -> DeskState:
            desk = await held(write.api, write.caller, id_)
            return await write.api.gongdan.duty.take_over(desk.community, body.reason, write.request())

        return await administered(write, change, lambda desk: shift_answer(id_, desk))
