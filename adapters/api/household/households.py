"""Operations of the household register (住户名册): dwellings, residents, look-up by phone, a dwelling's history."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.freshness import reached
from adapters.answers.household.documents import (
    DwellingAnswer,
    HouseholdHistoryAnswer,
    PhoneAnswer,
    ResidentAnswer,
    ResidentDetail,
)
from adapters.answers.household.reading import (
    Reader,
    dwelling_state_answer,
    dwellings_answer,
    history_answer,
    phone_answer,
    resident_answer,
    resident_state_answer,
    residents_answer,
)
from adapters.answers.paging import Page
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.administering import administered
from adapters.web.authentication import TheCaller
from adapters.web.bodies.household import LookUp
from adapters.web.commands import Writing, command
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam, Cursor, Id, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.household.commands import AddDwelling, CorrectContact, LinkCaller, MoveIn, MoveOut, ReceiveKeys, RegisterResident
from domain.household.keeping import Households
from domain.household.resident import ResidentState
from domain.kernel.values import Value
from domain.people.administration import Administrator
from projections.engine.cursors import position_in, seal_cursor
from projections.household.household_history import HOUSEHOLD_HISTORY

router = resources("residents")

Building = Annotated[str | None, Query(max_length=40, description="楼栋 · only in this building")]
Entrance = Annotated[str | None, Query(max_length=40, description="单元 · only in this entrance")]
Masked = Annotated[bool, Query(description="leave personal data masked, without an entry in the access log")]


@router.get("/dwellings", summary="户 · Dwellings", response_model=Page[DwellingAnswer], responses=responses.read())
async def dwellings(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    building: Building = None,
    entrance: Entrance = None,
    masked: Masked = False,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """List dwellings by the order of registration.

    Numbers are opened for those who may open personal data, which is recorded in the access log.
    """
    reader = await Reader.of(api.gongdan, caller.directory, caller.login, community, "dwellings")
    await reached(api.gongdan, HOUSEHOLD_HISTORY.name, min_position)
    after = position_in(cursor) or 0
    items, more = await dwellings_answer(reader, building, entrance, opened=not masked, after=after, limit=limit)
    return json_answer(Page[DwellingAnswer](items=items, next_cursor=None if more is None else seal_cursor(more)))


@router.post(
    "/dwellings",
    summary="登记户 · Enter a dwelling in the household register",
    status_code=201,
    response_model=DwellingAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(AddDwelling),
)
async def add_dwelling(request: Request) -> Response:
    """Enter a dwelling; for administrators of the community and keepers of its register. An address can be entered once."""
    async with command(request, AddDwelling) as (write, body):
        return await administered(
            write,
            lambda: write.api.gongdan.households.add_dwelling(body, write.administrator()),
            dwelling_state_answer,
            201,
            lambda state: f"/dwellings/{state.id}/history",
        )


@router.get(
    "/dwellings/{id}/history",
    summary="住户档案 · History of a dwelling",
    response_model=HouseholdHistoryAnswer,
    responses=responses.read(),
)
async def history(
    api: TheApi,
    caller: TheCaller,
    id_: Id,
    masked: Masked = False,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """Read a dwelling's owners, residents and tenants with dates and keys, and its tickets.

    Opening personal data is recorded in the access log.
    """
    await reached(api.gongdan, HOUSEHOLD_HISTORY.name, min_position)
    before = position_in(cursor)
    answer, more = await history_answer(
        api.gongdan, caller.directory, caller.login, id_, personal=not masked, before=before, limit=limit
    )
    return json_answer(answer.model_copy(update={"next_cursor": None if more is None else seal_cursor(more)}))


@router.get("/residents", summary="业主、住户、租户 · Residents", response_model=Page[ResidentAnswer], responses=responses.read())
async def residents(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    building: Building = None,
    entrance: Entrance = None,
    current: Annotated[bool, Query(description="only people who belong there today")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """List people by the order of registration, masked for every caller."""
    reader = await Reader.of(api.gongdan, caller.directory, caller.login, community, "residents")
    await reached(api.gongdan, HOUSEHOLD_HISTORY.name, min_position)
    after = position_in(cursor) or 0
    items, more = await residents_answer(reader, building, entrance, current=current, after=after, limit=limit)
    return json_answer(Page[ResidentAnswer](items=items, next_cursor=None if more is None else seal_cursor(more)))


@router.get("/residents/{id}", summary="一位住户 · One person", response_model=ResidentDetail, responses=responses.read())
async def resident(api: TheApi, caller: TheCaller, id_: Id, masked: Masked = False, min_position: MinPosition = None) -> Response:
    """Read a person with their last three tickets.

    Opening personal data is recorded in the access log; where that fails it is masked.
    """
    await reached(api.gongdan, HOUSEHOLD_HISTORY.name, min_position)
    answer = await resident_answer(api.gongdan, caller.directory, caller.login, id_, personal=not masked)
    return json_answer(answer, {"ETag": f'"{answer.version}"'})


@router.post(
    "/residents/by-phone",
    summary="来电识别 · Who has a phone",
    response_model=PhoneAnswer,
    responses=responses.problems(*responses.WRITE),
    openapi_extra=command_extra(LookUp),
)
async def by_phone(request: Request) -> Response:
    """Find everybody with a telephone number, with their dwellings and last three tickets.

    The look-up is recorded in the access log even where nobody is found.
    """
    async with command(request, LookUp) as (write, body):
        caller = write.caller
        return json_answer(await phone_answer(write.api.gongdan, caller.directory, caller.login, body.community, body.phone))


@router.post(
    "/residents",
    summary="登记住户 · Register a person",
    status_code=201,
    response_model=ResidentAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(RegisterResident),
)
async def register(request: Request) -> Response:
    """Register a person with a dwelling of the register. For a person already registered, add the dwelling."""
    async with command(request, RegisterResident) as (write, body):
        households = write.api.gongdan.households
        return await _answered(write, lambda: households.register(body, write.administrator()), 201)


async def _answered(write: Writing, change: Callable[[], Awaitable[ResidentState]], status: int = 200) -> Response:
    """Answer with the person after the command, masked."""
    directory, clock = write.caller.directory, write.api.gongdan.clock
    return await administered(
        write,
        change,
        lambda state: resident_state_answer(state, directory.day(state.community, clock.now())),
        status,
        lambda state: f"/residents/{state.id}",
    )


Step = Callable[[Households, UUID, Any, Administrator], Awaitable[ResidentState]]
STEPS: tuple[tuple[str, str, type[Value], Step], ...] = (
    ("move-in", "入住 · Move in", MoveIn, Households.move_in),
    ("move-out", "迁出 · Move out", MoveOut, Households.move_out),
    ("keys", "锁匙交收 · Receive keys", ReceiveKeys, Households.receive_keys),
    ("correct", "更正姓名电话 · Correct name or phone", CorrectContact, Households.correct),
    ("link-caller", "来电人即此住户 · Link the caller of a ticket", LinkCaller, Households.link_caller),
    ("unlink-caller", "取消关联来电人 · Unlink the caller of a ticket", LinkCaller, Households.unlink_caller),
)
"""Commands on a registered person: path ending, summary, body, use case."""


def _operation(model: type[Value], step: Step) -> Callable[[Request, UUID], Awaitable[Response]]:
    async def operate(request: Request, id_: Id) -> Response:
        async with command(request, model) as (write, body):
            households = write.api.gongdan.households
            return await _answered(write, lambda: step(households, id_, body, write.administrator()))

    return operate


for _ending, _summary, _model, _step in STEPS:
    router.add_api_route(
        f"/residents/{{id}}/{_ending}",
        _operation(_model, _step),
        methods=["POST"],
        name=f"resident_{_ending}",
        operation_id=f"resident_{_ending.replace('-', '_')}",
        summary=_summary,
        description=_step.__doc__,
        response_model=ResidentAnswer,
        responses=responses.write(200),
        openapi_extra=command_extra(_model),
    )
